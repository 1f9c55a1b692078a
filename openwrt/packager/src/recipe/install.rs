//! The `install` section of a recipe: what lands where, with which mode.
//!
//! Not its job: reading the files.

use super::Unusable;
use crate::makefile::Makefile;
use crate::tree::DIRECTORY_MODE;

/// Stands for the checkout in a path of a recipe.
const SOURCES: &str = "sources:";
/// Stands for what the compiler made in a path of a recipe.
const BUILT: &str = "built:";

/// Words of the SDK in this section, as they are read here.
const WORDS: [(&str, &str); 7] = [
    ("INSTALL_DIR", "install-directory"),
    ("INSTALL_BIN", "install-755"),
    ("INSTALL_DATA", "install-644"),
    ("INSTALL_CONF", "install-600"),
    // Where the build was prepared from the checkout.
    ("PKG_BUILD_DIR", SOURCES),
    // Where cargo installed what it built.
    ("PKG_INSTALL_DIR", BUILT),
    // The root of the package is the argument of `install`.
    ("1", ""),
];

/// Where a file of a package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// This path of the checkout.
    Sources(String),
    /// What the compiler made under this name.
    Built(String),
    /// From nowhere: it is a directory.
    Directory,
}

/// What a package contains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Contents {
    /// What luci.mk looks for beside the Makefile.
    #[default]
    Luci,
    /// Paths without a leading slash, what becomes of each, and the mode.
    Installed(Vec<(String, Origin, u32)>),
}

/// Reads the lines of `install`.
pub(super) fn installed(
    package: &Makefile,
    body: &str,
) -> Result<Vec<(String, Origin, u32)>, Unusable> {
    let mut package = package.clone();
    for (name, value) in WORDS {
        package.provide(name, value);
    }
    let mut files = Vec::new();
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let not_read = || Unusable::Install(line.to_owned());
        let line = package.expand(line).map_err(|_| not_read())?;
        let words: Vec<_> = line.split_whitespace().collect();
        if let ["install-directory", directories @ ..] = &words[..] {
            for path in directories {
                let path = path.strip_prefix('/').unwrap_or(path);
                files.push((path.to_owned(), Origin::Directory, DIRECTORY_MODE));
            }
            continue;
        }
        let [how, from, to] = words[..] else {
            return Err(not_read());
        };
        let mode = how.strip_prefix("install-").ok_or_else(not_read)?;
        let mode = u32::from_str_radix(mode, 8).map_err(|_| not_read())?;
        let (folder, name) = from.rsplit_once('/').ok_or_else(not_read)?;
        let to = to.strip_prefix('/').ok_or_else(not_read)?;
        // Into a directory, or under a name of its own.
        let path = match to.strip_suffix('/') {
            Some(below) => format!("{below}/{name}"),
            None => to.to_owned(),
        };
        let origin = if let Some(folder) = folder.strip_prefix(SOURCES) {
            Origin::Sources(format!("{}/{name}", folder.trim_start_matches('/')))
        } else if folder.starts_with(BUILT) {
            Origin::Built(name.to_owned())
        } else {
            return Err(not_read());
        };
        if from.contains(['*', '?', '[']) {
            return Err(not_read());
        }
        files.push((path, origin, mode));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<(String, Origin, u32)>, Unusable> {
        let makefile = Makefile::parse("WHERE:=/etc").expect("a Makefile");
        installed(&makefile, body)
    }

    #[test]
    fn files_go_into_a_directory_or_under_a_name_of_their_own() {
        let body = "\
\t$(INSTALL_DIR) $(1)/usr/sbin $(1)/srv

\t$(INSTALL_BIN) $(PKG_INSTALL_DIR)/bin/kickstand $(1)/usr/sbin/
\t$(INSTALL_CONF) $(PKG_BUILD_DIR)/files/kickstand/etc/x $(1)$(WHERE)/
\t$(INSTALL_DATA) $(PKG_BUILD_DIR)/files/boot/x.cfg $(1)/usr/share/y.cfg";
        let file = |path: &str, origin, mode| (path.to_owned(), origin, mode);
        let sources = |path: &str| Origin::Sources(path.to_owned());
        assert_eq!(
            read(body),
            Ok(vec![
                file("usr/sbin", Origin::Directory, 0o755),
                file("srv", Origin::Directory, 0o755),
                file(
                    "usr/sbin/kickstand",
                    Origin::Built("kickstand".into()),
                    0o755
                ),
                file("etc/x", sources("files/kickstand/etc/x"), 0o600),
                file("usr/share/y.cfg", sources("files/boot/x.cfg"), 0o644),
            ])
        );
    }

    #[test]
    fn what_needs_a_shell_or_is_not_of_the_checkout_is_refused() {
        for line in [
            "$(CP) ./files/* $(1)/",
            "$(INSTALL_DATA) $(PKG_BUILD_DIR)/files/* $(1)/etc/",
            "$(INSTALL_DATA) /etc/passwd $(1)/etc/",
            "$(INSTALL_DATA) $(PKG_BUILD_DIR)/a etc/",
            "$(INSTALL_DATA) $(PKG_BUILD_DIR)/a $(PKG_BUILD_DIR)/b $(1)/etc/",
            "echo x > $(1)/etc/x",
        ] {
            let refused = Err(Unusable::Install(line.to_owned()));
            assert_eq!(read(&format!("\t{line}")), refused);
        }
    }
}
