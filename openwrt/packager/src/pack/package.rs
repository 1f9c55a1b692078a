//! A package, whatever its format: what it says of itself, its files, its scripts.
//!
//! Scripts and added files are those that OpenWrt's SDK makes (`include/package-pack.mk` of 24.10 and 25.12).
//! Not its job: archives (`ipk`, `apk`).

use super::recipe::Recipe;
use super::tree::{Node, Tree};

/// A package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// As `0.1.0-r1`.
    pub version: String,
    /// OpenWrt's word for the processor; `all` when there is nothing to run.
    pub architecture: String,
    /// Names of packages that it needs.
    pub depends: Vec<String>,
    /// As `net`.
    pub section: String,
    /// SPDX.
    pub license: String,
    /// Name and address.
    pub maintainer: String,
    /// Home page; may be empty.
    pub url: String,
    /// Users that it needs, as `kickstand=UID:kickstand=GID`; may be empty.
    pub users: String,
    /// Lines for people.
    pub description: String,
    /// Files that an upgrade leaves as they are, and folders that a new firmware must keep.
    pub conffiles: Vec<String>,
    /// Body of the script that runs after it was installed; may be empty, as the others.
    pub postinst: String,
    /// Before it is removed.
    pub prerm: String,
    /// After it was removed.
    pub postrm: String,
    /// Its files.
    pub tree: Tree,
}

impl Package {
    /// Package `name` of that Makefile, for an architecture. `luci.mk` names some fields in its own way.
    ///
    /// # Errors
    ///
    /// One sentence that says what the Makefile lacks.
    pub fn new(
        recipe: &Recipe,
        name: &str,
        architecture: &str,
        tree: Tree,
    ) -> Result<Self, String> {
        let field = |own: &str, luci: &str| -> Result<String, String> {
            let found = match recipe.field(name, own)? {
                Some(value) => Some(value),
                None => recipe.optional(luci)?,
            };
            Ok(found.unwrap_or_default())
        };
        let block = |kind: &str| Ok::<_, String>(recipe.block(name, kind)?.unwrap_or_default());
        let title = field("TITLE", "LUCI_TITLE")?;
        if title.is_empty() {
            return Err(format!("Package/{name} has no TITLE"));
        }
        let luci = recipe.optional("LUCI_TITLE")?.is_some();
        let description = match block("description")? {
            text if text.trim().is_empty() => recipe.optional("LUCI_DESCRIPTION")?.unwrap_or(title),
            text => text,
        };
        let postinst = match block("postinst")? {
            // What luci.mk gives every application.
            text if text.is_empty() && luci => LUCI_POSTINST.to_owned(),
            text => text,
        };
        let mut package = Package {
            name: name.to_owned(),
            version: format!(
                "{}-r{}",
                recipe.variable("PKG_VERSION")?,
                recipe.variable("PKG_RELEASE")?
            ),
            architecture: architecture.to_owned(),
            depends: dependencies(&field("DEPENDS", "LUCI_DEPENDS")?),
            section: if luci {
                "luci".to_owned()
            } else {
                field("SECTION", "SECTION")?
            },
            license: recipe.variable("PKG_LICENSE")?,
            maintainer: recipe.variable("PKG_MAINTAINER")?,
            url: field("URL", "LUCI_URL")?,
            users: field("USERID", "USERID")?,
            description,
            conffiles: block("conffiles")?
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            postinst,
            prerm: block("prerm")?,
            postrm: block("postrm")?,
            tree,
        };
        package.keep();
        Ok(package)
    }

    /// What must outlive a new firmware and is not in the package is told to sysupgrade.
    fn keep(&mut self) {
        let absent = |path: &&String| !matches!(self.tree.get(path), Some(Node::File { .. }));
        let kept: String = self
            .conffiles
            .iter()
            .filter(absent)
            .map(|path| format!("{path}\n"))
            .collect();
        if !kept.is_empty() {
            let list = format!("lib/upgrade/keep.d/{}", self.name);
            self.tree.file(&list, false, kept.into_bytes());
        }
    }
}

/// luci.mk's own postinst.
const LUCI_POSTINST: &str = "[ -n \"${IPKG_INSTROOT}\" ] || {\n\trm -f /tmp/luci-indexcache.*\n\trm -rf /tmp/luci-modulecache/\n\t/etc/init.d/rpcd reload 2>/dev/null\n\texit 0\n}";

/// Names without the marks of menuconfig: `+x` selects, `@X` is a condition of the build, `+COND:x` needs x under one.
fn dependencies(words: &str) -> Vec<String> {
    words
        .split_whitespace()
        .filter(|word| !word.starts_with('@'))
        .map(|word| word.trim_start_matches('+'))
        .filter(|word| !word.contains(':'))
        .map(str::to_owned)
        .collect()
}

/// A script's text without its first line, which another script brings.
pub fn body(script: &str) -> String {
    let lines = script
        .lines()
        .filter(|line| !line.trim_start().starts_with("#!"));
    lines.map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(makefile: &str, name: &str) -> Package {
        let recipe = Recipe::parse(makefile).expect("it is a Makefile");
        let mut tree = Tree::default();
        tree.file("etc/config/kickstand", false, Vec::new());
        Package::new(&recipe, name, "mipsel_24kc", tree).expect("it is a package")
    }

    const HEAD: &str =
        "PKG_VERSION:=0.1.0\nPKG_RELEASE:=2\nPKG_LICENSE:=Apache-2.0\nPKG_MAINTAINER:=A <a@b>\n";

    #[test]
    fn dependencies_lose_the_marks_of_menuconfig_and_folders_are_kept() {
        let makefile = format!(
            "{HEAD}define Package/k\n  TITLE:=T\n  DEPENDS:=@mips +a +B:c b\nendef\n\
             define Package/k/conffiles\n/etc/config/kickstand\n/etc/kickstand/\nendef\n"
        );
        let package = package(&makefile, "k");
        assert_eq!(package.depends, ["a", "b"]);
        assert_eq!(package.version, "0.1.0-r2");
        assert_eq!(package.description, "T");
        let kept = package.tree.get("/lib/upgrade/keep.d/k");
        let bytes = b"/etc/kickstand/\n".to_vec();
        assert_eq!(kept, Some(&Node::File { mode: 0o644, bytes }));
    }

    #[test]
    fn a_luci_application_has_what_luci_mk_gives_it() {
        let makefile = format!("{HEAD}LUCI_TITLE:=Page\nLUCI_DEPENDS:=+luci-base +kickstand\n");
        let package = package(&makefile, "luci-app-k");
        assert_eq!(
            (package.section.as_str(), package.description.as_str()),
            ("luci", "Page")
        );
        assert_eq!(package.depends, ["luci-base", "kickstand"]);
        assert!(package.postinst.contains("rpcd reload"));
    }
}
