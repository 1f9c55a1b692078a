//! What a package puts on the router: paths, modes, contents. Everything belongs to root, because a package is unpacked before its
//! own user exists.
//!
//! Not its job: where the files come from (`sources`), and any package format.

use std::collections::BTreeMap;
use std::fmt;

/// Mode of a directory that nobody asked for: the same as the router has, because opkg gives an existing directory the package's mode.
pub const DIRECTORY_MODE: u32 = 0o755;
/// Mode of a program or script.
pub const PROGRAM_MODE: u32 = 0o755;
/// Mode of any other file.
pub const FILE_MODE: u32 = 0o644;

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A file with these contents.
    File(Vec<u8>),
    /// A symbolic link to this path.
    Link(String),
}

/// One path's mode (the lower twelve bits) and what lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Permissions; of a link, always 0777.
    pub mode: u32,
    /// What it is.
    pub kind: Kind,
}

/// A path that cannot be packed, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPath(pub String);

impl fmt::Display for BadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "'{}' cannot be packed: a path is relative, without blanks, '.' and '..', and what is above it are directories",
            self.0
        )
    }
}

impl std::error::Error for BadPath {}

/// Paths without a leading slash, in the order of their bytes: so every directory comes before what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree(BTreeMap<String, Entry>);

impl Tree {
    /// An empty one.
    pub fn new() -> Self {
        Tree::default()
    }

    /// Puts something at a path, in place of what was there; directories above it that are missing come by themselves.
    ///
    /// # Errors
    ///
    /// When the path is no path for a package.
    pub fn insert(&mut self, path: &str, mode: u32, kind: Kind) -> Result<(), BadPath> {
        let bad = || BadPath(path.to_owned());
        // opkg and apk list paths one a line; conffiles and keep.d are split on blanks.
        let plain = |part: &str| {
            !matches!(part, "" | "." | "..")
                && !part.contains(|letter: char| letter.is_whitespace() || letter.is_control())
        };
        if !path.split('/').all(plain) {
            return Err(bad());
        }
        for (end, _) in path.match_indices('/') {
            let above = &path[..end];
            match self.0.get(above).map(|entry| &entry.kind) {
                Some(Kind::Directory) => {}
                Some(_) => return Err(bad()),
                None => {
                    let entry = Entry {
                        mode: DIRECTORY_MODE,
                        kind: Kind::Directory,
                    };
                    self.0.insert(above.to_owned(), entry);
                }
            }
        }
        let mode = match kind {
            Kind::Link(_) => 0o777,
            _ => mode & 0o7777,
        };
        self.0.insert(path.to_owned(), Entry { mode, kind });
        Ok(())
    }

    /// [`Tree::insert`] for a file.
    ///
    /// # Errors
    ///
    /// When the path is no path for a package.
    pub fn insert_file(
        &mut self,
        path: &str,
        mode: u32,
        contents: impl Into<Vec<u8>>,
    ) -> Result<(), BadPath> {
        self.insert(path, mode, Kind::File(contents.into()))
    }

    /// What lies at that path.
    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.0.get(path)
    }

    /// The contents of the file at that path.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        match &self.get(path)?.kind {
            Kind::File(contents) => Some(contents),
            _ => None,
        }
    }

    /// Everything, each directory before what is in it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_come_by_themselves_and_first() {
        let mut tree = Tree::new();
        tree.insert_file("etc/init.d/kickstand", PROGRAM_MODE, "x")
            .expect("a good path");
        tree.insert_file("etc/a", FILE_MODE, "y")
            .expect("a good path");
        let paths: Vec<_> = tree.iter().map(|(path, _)| path).collect();
        assert_eq!(
            paths,
            ["etc", "etc/a", "etc/init.d", "etc/init.d/kickstand"]
        );
        assert_eq!(tree.get("etc").map(|entry| entry.mode), Some(0o755));
    }

    #[test]
    fn a_path_that_would_leave_the_root_or_break_a_list_is_refused() {
        for path in [
            "", "/etc/x", "etc//x", "etc/../x", "./etc", "etc/", "etc/a b", "etc/a\nb",
        ] {
            let mut tree = Tree::new();
            assert_eq!(
                tree.insert_file(path, FILE_MODE, ""),
                Err(BadPath(path.to_owned()))
            );
            assert!(tree.is_empty(), "{path}");
        }
    }

    #[test]
    fn nothing_lies_below_a_file() {
        let mut tree = Tree::new();
        tree.insert_file("etc", FILE_MODE, "").expect("a good path");
        assert!(tree.insert_file("etc/x", FILE_MODE, "").is_err());
    }
}
