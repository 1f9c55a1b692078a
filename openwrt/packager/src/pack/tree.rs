//! What is in a package: files and folders with their modes. All belong to root, as opkg and apk install them.
//!
//! Not its job: archives.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use kickstand_lab::process::{Context, Failure, Result};

/// Mode of every folder. A package must not change one that is there already, and those of OpenWrt have this one.
pub const FOLDER_MODE: u32 = 0o755;
/// Mode of files below [`SETTINGS`], as `INSTALL_CONF` of OpenWrt gives them: settings may hold secrets.
const SETTINGS_MODE: u32 = 0o600;
/// UCI's folder.
const SETTINGS: &str = "etc/config/";

/// A file or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A folder.
    Folder,
    /// A file.
    File {
        /// Permission bits.
        mode: u32,
        /// Content.
        bytes: Vec<u8>,
    },
    /// A symbolic link.
    Link(String),
}

/// Paths without a leading slash, and what is there. A folder comes before what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree(BTreeMap<String, Node>);

impl Tree {
    /// Adds everything below `folder` at `at` (empty: the root). Modes become the usual ones: what the owner may run is 0755, settings are
    /// 0600, the rest 0644; the builder's umask says nothing.
    ///
    /// # Errors
    ///
    /// When something cannot be read, or is neither file, folder nor link.
    pub fn add(&mut self, folder: &Path, at: &str) -> Result<()> {
        let shown = folder.display();
        let entries = fs::read_dir(folder).context(format!("read {shown}"))?;
        for entry in entries {
            let entry = entry.context(format!("read {shown}"))?;
            let path = entry.path();
            let name = entry.file_name().into_string().map_err(|name| {
                Failure::new(format!("{}: the name is not UTF-8", name.display()))
            })?;
            let place = if at.is_empty() {
                name
            } else {
                format!("{at}/{name}")
            };
            let what = format!("read {}", path.display());
            let found = fs::symlink_metadata(&path).context(&what)?;
            if found.is_dir() {
                self.folder(&place);
                self.add(&path, &place)?;
            } else if found.is_symlink() {
                let target = fs::read_link(&path).context(&what)?;
                self.insert(&place, Node::Link(target.to_string_lossy().into_owned()));
            } else if found.is_file() {
                let run = found.permissions().mode() & 0o100 != 0;
                self.file(&place, run, fs::read(&path).context(&what)?);
            } else {
                return Err(Failure::new(format!(
                    "{}: no file, folder or link",
                    path.display()
                )));
            }
        }
        Ok(())
    }

    /// Adds a file, and the folders above it.
    pub fn file(&mut self, path: &str, run: bool, bytes: Vec<u8>) {
        let mode = match run {
            true => 0o755,
            false if path.starts_with(SETTINGS) => SETTINGS_MODE,
            false => 0o644,
        };
        self.insert(path, Node::File { mode, bytes });
    }

    fn folder(&mut self, path: &str) {
        self.insert(path, Node::Folder);
    }

    fn insert(&mut self, path: &str, node: Node) {
        for (index, _) in path.match_indices('/') {
            self.0
                .entry(path[..index].to_owned())
                .or_insert(Node::Folder);
        }
        self.0.insert(path.to_owned(), node);
    }

    /// Everything, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// What is at a path; a leading slash means nothing.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.0.get(path.trim_start_matches('/'))
    }

    /// Bytes of all files together.
    pub fn size(&self) -> u64 {
        let size = |node: &Node| match node {
            Node::File { bytes, .. } => bytes.len() as u64,
            Node::Folder | Node::Link(_) => 0,
        };
        self.0.values().map(size).sum()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kickstand_lab::scratch::Scratch;

    #[test]
    fn folders_come_before_what_is_in_them_and_modes_are_the_usual_ones() {
        let scratch = Scratch::new("tree");
        scratch.write("etc/config/kickstand", "config");
        let run = scratch.write("etc/init.d/kickstand", "#!/bin/sh");
        fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).expect("it was just made");
        let odd = scratch.write("usr/share/x", "x");
        fs::set_permissions(&odd, fs::Permissions::from_mode(0o666)).expect("it was just made");
        let mut tree = Tree::default();
        tree.add(scratch.path(), "").expect("it can be read");
        let found: Vec<(&str, Option<u32>)> = tree
            .iter()
            .map(|(path, node)| match node {
                Node::File { mode, .. } => (path, Some(*mode)),
                Node::Folder | Node::Link(_) => (path, None),
            })
            .collect();
        assert_eq!(
            found,
            [
                ("etc", None),
                ("etc/config", None),
                ("etc/config/kickstand", Some(0o600)),
                ("etc/init.d", None),
                ("etc/init.d/kickstand", Some(0o755)),
                ("usr", None),
                ("usr/share", None),
                ("usr/share/x", Some(0o644)),
            ]
        );
        assert_eq!(tree.size(), 16);
    }
}
