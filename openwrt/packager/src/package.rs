//! One package before it takes a format: what it says of itself, for which architecture, what it contains; and what OpenWrt
//! adds to either in every format.
//!
//! Scripts and lists are those of OpenWrt's include/package-pack.mk (main of August 2026; releases 24.10 and 25.12).
//!
//! Not its job: bytes of a format ([`crate::ipk`], [`crate::apk`]).

use crate::recipe::Recipe;
use crate::tree::{BadPath, FILE_MODE, Kind, Tree};

/// What the router's own architecture is called when a package runs on any.
pub const EVERY_ARCHITECTURE: &str = "all";

/// A package to be written.
#[derive(Debug, Clone)]
pub struct Package {
    /// What it says of itself.
    pub recipe: Recipe,
    /// OpenWrt's word for the processor, or [`EVERY_ARCHITECTURE`].
    pub architecture: String,
    /// What it puts on the router.
    pub tree: Tree,
    /// Time of everything in it, in seconds since 1970: the sources alone decide it, so that two builds are the same bytes.
    pub date: u64,
}

impl Package {
    /// Puts a recipe and the files together, with the list of what a firmware upgrade keeps.
    ///
    /// # Errors
    ///
    /// When that list has no place in the tree.
    pub fn new(
        recipe: Recipe,
        architecture: &str,
        mut tree: Tree,
        date: u64,
    ) -> Result<Self, BadPath> {
        keep(&recipe, &mut tree)?;
        let architecture = if recipe.for_every_architecture {
            EVERY_ARCHITECTURE
        } else {
            architecture
        };
        Ok(Package {
            architecture: architecture.to_owned(),
            recipe,
            tree,
            date,
        })
    }

    /// The configuration files that the package brings, as paths with a leading slash: a conffile may name a directory.
    pub fn configuration_files(&self) -> Vec<String> {
        let listed = |path: &str| {
            self.recipe.conffiles.iter().any(|wanted| {
                let wanted = wanted.trim_matches('/');
                let below = path.strip_prefix(wanted);
                below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        let files = self
            .tree
            .iter()
            .filter(|(path, entry)| matches!(entry.kind, Kind::File(_)) && listed(path));
        files.map(|(path, _)| format!("/{path}")).collect()
    }
}

/// `lib/upgrade/keep.d/NAME`: conffiles that are no files of the package, which sysupgrade would not find by itself.
fn keep(recipe: &Recipe, tree: &mut Tree) -> Result<(), BadPath> {
    let path = format!("lib/upgrade/keep.d/{}", recipe.name);
    let there = tree.file(&path).unwrap_or_default();
    let mut text = String::from_utf8_lossy(there).into_owned();
    for conffile in &recipe.conffiles {
        let shipped = tree.file(conffile.trim_start_matches('/')).is_some();
        if !shipped && !text.lines().any(|line| line == conffile) {
            text.push_str(conffile);
            text.push('\n');
        }
    }
    if text.is_empty() {
        return Ok(());
    }
    tree.insert_file(&path, FILE_MODE, text)
}

/// First lines of what runs after a package came. An image builder may ask for no scripts; a root without OpenWrt's functions runs none.
const AFTER: &str = "\
#!/bin/sh
[ \"${IPKG_NO_SCRIPT}\" = \"1\" ] && exit 0
[ -s ${IPKG_INSTROOT}/lib/functions.sh ] || exit 0
. ${IPKG_INSTROOT}/lib/functions.sh
";
/// First lines of what runs before a package goes.
const BEFORE: &str = "\
#!/bin/sh
[ -s ${IPKG_INSTROOT}/lib/functions.sh ] || exit 0
. ${IPKG_INSTROOT}/lib/functions.sh
";

/// The scripts of an ipk: name and text. Its own postinst and prerm are called by OpenWrt's functions, by the names `-pkg`.
pub fn ipk_scripts(recipe: &Recipe) -> Vec<(&'static str, String)> {
    let own = &recipe.scripts;
    let mut scripts = vec![
        ("postinst", format!("{AFTER}default_postinst $0 $@\n")),
        ("prerm", format!("{BEFORE}default_prerm $0 $@\n")),
    ];
    let names = ["preinst", "postinst-pkg", "prerm-pkg", "postrm"];
    let texts = [&own.preinst, &own.postinst, &own.prerm, &own.postrm];
    for (name, text) in names.into_iter().zip(texts) {
        if let Some(text) = text {
            scripts.push((name, format!("{text}\n")));
        }
    }
    scripts
}

/// The scripts of an apk: name and text. Its own are put behind OpenWrt's functions; an upgrade says so to them.
pub fn apk_scripts(recipe: &Recipe) -> Vec<(&'static str, String)> {
    let own = &recipe.scripts;
    let name = &recipe.name;
    let who = format!("export root=\"${{IPKG_INSTROOT}}\"\nexport pkgname=\"{name}\"\n");
    let come = format!(
        "{AFTER}{who}add_group_and_user\ndefault_postinst\n{}",
        behind(own.postinst.as_deref())
    );
    let go = format!(
        "{BEFORE}{who}default_prerm\n{}",
        behind(own.prerm.as_deref())
    );
    let upgrade =
        |script: &str| format!("#!/bin/sh\nexport PKG_UPGRADE=1\n{}", behind(Some(script)));
    let mut scripts = Vec::new();
    if let Some(script) = &own.preinst {
        scripts.push(("pre-install", format!("{script}\n")));
        scripts.push(("pre-upgrade", upgrade(script)));
    }
    scripts.push(("post-upgrade", upgrade(&come)));
    scripts.push(("post-install", come));
    scripts.push(("pre-deinstall", go));
    if let Some(script) = &own.postrm {
        scripts.push(("post-deinstall", format!("{script}\n")));
    }
    scripts
}

/// A script to stand behind other lines: without the line that names its interpreter.
fn behind(script: Option<&str>) -> String {
    let lines = script.unwrap_or_default().lines();
    lines
        .filter(|line| !line.trim_start().starts_with("#!"))
        .fold(String::new(), |text, line| text + line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Scripts;

    fn recipe() -> Recipe {
        Recipe {
            name: "kickstand".into(),
            conffiles: vec!["/etc/config/kickstand".into(), "/etc/kickstand/".into()],
            scripts: Scripts {
                postinst: Some("#!/bin/sh\necho came $1".into()),
                ..Scripts::default()
            },
            ..Recipe::default()
        }
    }

    fn tree() -> Tree {
        let mut tree = Tree::new();
        tree.insert_file("etc/config/kickstand", 0o600, "config")
            .expect("a good path");
        tree
    }

    #[test]
    fn what_a_firmware_upgrade_would_forget_is_listed_for_it() {
        let package = Package::new(recipe(), "mips_24kc", tree(), 0).expect("good paths");
        let list = package.tree.file("lib/upgrade/keep.d/kickstand");
        assert_eq!(list, Some(&b"/etc/kickstand/\n"[..]));
        assert_eq!(package.configuration_files(), ["/etc/config/kickstand"]);
    }

    #[test]
    fn a_list_that_is_there_is_kept_and_says_nothing_twice() {
        let mut tree = tree();
        let text = "/www/kickstand/\n/etc/kickstand/\n";
        tree.insert_file("lib/upgrade/keep.d/kickstand", 0o644, text)
            .expect("a good path");
        let package = Package::new(recipe(), "mips_24kc", tree, 0).expect("good paths");
        let list = package.tree.file("lib/upgrade/keep.d/kickstand");
        assert_eq!(list, Some(text.as_bytes()));
    }

    #[test]
    fn a_conffile_may_be_a_directory_but_not_half_a_name() {
        let mut tree = tree();
        for path in ["etc/kickstand/a", "etc/kickstand/b/c", "etc/kickstander"] {
            tree.insert_file(path, 0o644, "").expect("a good path");
        }
        let package = Package::new(recipe(), "mips_24kc", tree, 0).expect("good paths");
        assert_eq!(
            package.configuration_files(),
            [
                "/etc/config/kickstand",
                "/etc/kickstand/a",
                "/etc/kickstand/b/c"
            ]
        );
    }

    #[test]
    fn an_ipk_calls_its_own_scripts_through_openwrt_s() {
        let scripts = ipk_scripts(&recipe());
        let names: Vec<_> = scripts.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["postinst", "prerm", "postinst-pkg"]);
        assert!(scripts[0].1.ends_with("\ndefault_postinst $0 $@\n"));
        assert_eq!(scripts[2].1, "#!/bin/sh\necho came $1\n");
    }

    #[test]
    fn an_apk_has_its_own_lines_behind_openwrt_s_and_an_upgrade_says_so() {
        let scripts = apk_scripts(&recipe());
        let script = |wanted: &str| {
            let found = scripts.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, text)| text.as_str())
        };
        let come = script("post-install").expect("always there");
        assert!(come.ends_with("add_group_and_user\ndefault_postinst\necho came $1\n"));
        assert!(come.contains("export pkgname=\"kickstand\"\n"));
        let upgrade = script("post-upgrade").expect("always there");
        assert!(upgrade.starts_with("#!/bin/sh\nexport PKG_UPGRADE=1\n[ "));
        assert_eq!(upgrade.matches("#!").count(), 1);
        assert_eq!(script("pre-upgrade"), None, "it has no preinst");
        assert!(script("pre-deinstall").is_some());
    }
}
