//! From the checkout to what a package is made of: recipes, and trees of files.
//!
//! Not its job: what a recipe says ([`crate::recipe`]) and what formats do with a tree.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use kickstand_lab::process::{Context, Failure, Result};

use crate::places::Places;
use crate::recipe::{Contents, Origin, Recipe};
use crate::tree::{FILE_MODE, Kind, PROGRAM_MODE, Tree};

/// A file that keeps an otherwise empty directory in git: the directory is packed, it is not.
const KEEPS_A_DIRECTORY: &str = ".gitkeep";

/// Parts of a LuCI application beside its Makefile, and where luci.mk puts them.
const OF_LUCI: [(&str, &str); 3] = [
    ("htdocs", "www"),
    ("root", ""),
    ("ucode", "usr/share/ucode/luci"),
];

/// The recipe in `openwrt/NAME/Makefile`.
///
/// # Errors
///
/// When it cannot be read, is not understood, or is of another version than the program.
pub fn recipe(places: &Places, name: &str) -> Result<Recipe> {
    let path = places.recipe(name);
    let text = fs::read_to_string(&path).context(format!("read {}", path.display()))?;
    let recipe = Recipe::parse(&text, name).context(path.display())?;
    same_version(&recipe, env!("CARGO_PKG_VERSION")).context(path.display())?;
    Ok(recipe)
}

/// A package must not claim to be another version than the program in it.
fn same_version(recipe: &Recipe, program: &str) -> Result<()> {
    let version = &recipe.upstream_version;
    if version == program {
        return Ok(());
    }
    Err(Failure::new(format!(
        "PKG_VERSION is {version}, but Cargo.toml says {program}: make them the same"
    )))
}

/// What a package puts on the router; `built` finds what the compiler made by its name.
///
/// # Errors
///
/// When a file cannot be read or packed, or lies in `files/NAME` and the recipe does not install it.
pub fn tree(places: &Places, recipe: &Recipe, built: impl Fn(&str) -> PathBuf) -> Result<Tree> {
    let mut tree = Tree::new();
    match &recipe.contents {
        Contents::Luci => {
            let recipe = places.recipe(&recipe.name);
            for (part, below) in OF_LUCI {
                let part = recipe.with_file_name(part);
                if part.is_dir() {
                    add(&mut tree, &part, below)?;
                }
            }
        }
        Contents::Installed(files) => {
            for (place, origin, mode) in files {
                let path = match origin {
                    Origin::Sources(path) => places.sources().join(path),
                    Origin::Built(name) => built(name),
                    Origin::Directory => {
                        tree.insert(place, *mode, Kind::Directory)
                            .context(places.recipe(&recipe.name).display())?;
                        continue;
                    }
                };
                let bytes = fs::read(&path).context(format!("read {}", path.display()))?;
                tree.insert_file(place, *mode, bytes)
                    .context(path.display())?;
            }
            nothing_forgotten(places, recipe, &tree)?;
        }
    }
    Ok(tree)
}

/// A file among those that land on the router, but not in the package, would be missed only there.
fn nothing_forgotten(places: &Places, recipe: &Recipe, tree: &Tree) -> Result<()> {
    let mut all = Tree::new();
    let folder = places.files(&recipe.name);
    if folder.is_dir() {
        add(&mut all, &folder, "")?;
    }
    let forgotten = all
        .iter()
        .find(|(path, entry)| entry.kind != Kind::Directory && tree.get(path).is_none());
    match forgotten {
        None => Ok(()),
        Some((path, _)) => Err(Failure::new(format!(
            "{} is not installed by {}: say there where it goes",
            folder.join(path).display(),
            places.recipe(&recipe.name).display()
        ))),
    }
}

/// Adds what is in a folder, below a path of the tree. Of modes only "may be run" counts, which is what git keeps: the
/// builder's umask and times change nothing. What editors leave behind is left out, as OpenWrt does.
///
/// # Errors
///
/// When a file cannot be read or packed.
pub fn add(tree: &mut Tree, folder: &Path, below: &str) -> Result<()> {
    let entries = fs::read_dir(folder).context(format!("read {}", folder.display()))?;
    for entry in entries {
        let path = entry.context(format!("read {}", folder.display()))?.path();
        let shown = path.display();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| Failure::new(format!("{shown}: its name is no text")))?;
        if name.ends_with('~') || name.starts_with(".#") {
            continue;
        }
        let place = match below {
            "" => name.to_owned(),
            _ => format!("{below}/{name}"),
        };
        let metadata = fs::symlink_metadata(&path).context(format!("read {shown}"))?;
        if name == KEEPS_A_DIRECTORY {
            tree.insert(below, PROGRAM_MODE, Kind::Directory)
                .context(&shown)?;
        } else if metadata.is_dir() {
            add(tree, &path, &place)?;
        } else if metadata.is_symlink() {
            let target = fs::read_link(&path).context(format!("read {shown}"))?;
            let target = target.to_string_lossy().into_owned();
            tree.insert(&place, PROGRAM_MODE, Kind::Link(target))
                .context(&shown)?;
        } else {
            let runs = metadata.permissions().mode() & 0o100 != 0;
            let mode = if runs { PROGRAM_MODE } else { FILE_MODE };
            let bytes = fs::read(&path).context(format!("read {shown}"))?;
            tree.insert_file(&place, mode, bytes).context(&shown)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_of_another_version_than_the_program_is_refused() {
        let recipe = Recipe {
            upstream_version: "0.1.0".into(),
            ..Recipe::default()
        };
        assert!(same_version(&recipe, "0.1.0").is_ok());
        let error = same_version(&recipe, "0.2.0").expect_err("another version");
        assert!(error.to_string().contains("PKG_VERSION is 0.1.0"));
    }
}
