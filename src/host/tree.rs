//! Files and folders that `kickstand apply` keeps: what is to change, and changing it.
//!
//! Looking and changing are apart, so that a dry run shows what a run would do. What is as it should be yields no change,
//! so a second run writes nothing to flash.
//!
//! Not its job: `/etc/config` ([`super::dnsmasq`]), the contents of answer files (the service).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};

use crate::core::ipxe::AUTOEXEC_MARK;
use crate::core::mac::Mac;

use super::paths::Paths;

/// Boot files: dnsmasq runs as a user of its own and must be able to look.
pub const PUBLIC_FOLDER: u32 = 0o755;
/// uhttpd serves what the world may read and is to answer 403 for these.
pub(super) const PRIVATE_FOLDER: u32 = 0o750;
/// As for [`PRIVATE_FOLDER`].
pub(super) const PRIVATE_FILE: u32 = 0o640;
/// Levels below `www` that are looked at. Install media unpacked there have fewer than ten.
const DEPTH: usize = 16;
/// Bytes of a script that are read to find our mark, which is in its second line.
const SCRIPT_BYTES: usize = 4096;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileChange {
    /// A folder with its parents.
    Folder(PathBuf, u32),
    /// A file of ours with its text.
    File(PathBuf, String),
    /// A file or link of ours goes.
    Remove(PathBuf),
    /// A symbolic link and its target.
    Link(PathBuf, PathBuf),
    /// Permissions before and after.
    Mode(PathBuf, u32, u32),
    /// Group, by number.
    Group(PathBuf, u32),
    /// User and group, by number. Of a link itself, where it is one.
    Owner(PathBuf, u32, u32),
}

impl fmt::Display for FileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileChange::Folder(path, _) => write!(f, "+ {}/", path.display()),
            FileChange::File(path, _) => write!(f, "+ {}", path.display()),
            FileChange::Remove(path) => write!(f, "- {}", path.display()),
            FileChange::Link(path, target) => {
                write!(f, "+ {} -> {}", path.display(), target.display())
            }
            FileChange::Mode(path, before, after) => {
                write!(f, "~ {} mode {before:04o} -> {after:04o}", path.display())
            }
            FileChange::Group(path, group) => write!(f, "~ {} group {group}", path.display()),
            FileChange::Owner(path, user, group) => {
                write!(f, "~ {} owner {user}:{group}", path.display())
            }
        }
    }
}

impl FileChange {
    /// Does it.
    ///
    /// # Errors
    ///
    /// One sentence that names the path.
    pub fn perform(&self) -> Result<(), String> {
        let (path, result) = match self {
            FileChange::Folder(path, mode) => (path, make_folder(path, *mode)),
            FileChange::File(path, text) => (path, super::dnsmasq::replace(path, text.as_bytes())),
            FileChange::Remove(path) => (path, fs::remove_file(path)),
            FileChange::Link(path, target) => (path, link(path, target)),
            FileChange::Mode(path, _, mode) => (
                path,
                fs::set_permissions(path, fs::Permissions::from_mode(*mode)),
            ),
            FileChange::Group(path, group) => (path, chown(path, None, Some(*group))),
            FileChange::Owner(path, user, group) => (path, lchown(path, Some(*user), Some(*group))),
        };
        result.map_err(|error| format!("{} cannot be changed: {error}.", path.display()))
    }
}

fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(PUBLIC_FOLDER)
        .create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// In one step, so that the old target or the new one is served and never none.
fn link(path: &Path, target: &Path) -> io::Result<()> {
    let partial = path.with_extension("cfg.kickstand");
    let _ = fs::remove_file(&partial);
    symlink(target, &partial)?;
    fs::rename(&partial, path)
}

/// What is to change, and what the user should know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilePlan {
    /// In the order in which it must happen.
    pub changes: Vec<FileChange>,
    /// One sentence each.
    pub notes: Vec<String>,
}

impl FilePlan {
    /// The root of TFTP, which is made when it is missing and never replaced: dnsmasq's jail would keep the old folder.
    pub fn tftp_root(&mut self, root: &Path) {
        match fs::metadata(root) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => self.notes.push(format!(
                "{} is no folder: dnsmasq can serve no boot file.",
                root.display()
            )),
            Err(_) => self
                .changes
                .push(FileChange::Folder(root.to_owned(), PUBLIC_FOLDER)),
        }
    }

    /// Those of the wanted boot files that dnsmasq can serve; says which ones it cannot, and why.
    pub fn existing_boot_files(
        &mut self,
        root: &Path,
        wanted: BTreeSet<String>,
    ) -> BTreeSet<String> {
        let jail = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let mut existing = BTreeSet::new();
        for file in wanted {
            let path = root.join(&file);
            let Ok(metadata) = fs::metadata(&path) else {
                continue;
            };
            if !metadata.is_file() {
                continue;
            }
            if !fs::canonicalize(&path).is_ok_and(|real| real.starts_with(&jail)) {
                self.notes.push(format!(
                    "{} is a link that leads out of {}, where dnsmasq cannot follow: copy the file.",
                    path.display(),
                    root.display()
                ));
                continue;
            }
            if metadata.mode() & 0o004 == 0 {
                self.notes.push(format!(
                    "{} is not readable for dnsmasq: run 'chmod a+r' on it.",
                    path.display()
                ));
                continue;
            }
            existing.insert(file);
        }
        existing
    }

    /// Scripts beside the boot files: `text` as each of `wanted`, unless the user has one there. `first` is the URL of the
    /// script that a user's own has to lead to.
    pub fn autoexec(&mut self, root: &Path, wanted: &[String], text: &str, first: &str) {
        for name in wanted {
            let path = root.join(name);
            match script(&path) {
                Script::None => self.changes.push(FileChange::File(path, text.to_owned())),
                Script::Ours(is) if is != text => {
                    self.changes.push(FileChange::File(path, text.to_owned()));
                }
                Script::Ours(_) => {}
                Script::Users => self.notes.push(format!(
                    "{} is your own and stays as it is: iPXE 2.0 runs it, so have it end with 'chain {first}'.",
                    path.display()
                )),
            }
        }
    }

    /// Removes scripts of ours that are no longer wanted.
    pub fn former_autoexec(&mut self, root: &Path, former: &[String], wanted: &[String]) {
        for name in former.iter().filter(|name| !wanted.contains(name)) {
            // The list comes from a file that the user may have edited.
            if crate::core::dnsmasq::boot_files::name_fault(name).is_some() {
                continue;
            }
            let path = root.join(name);
            if matches!(script(&path), Script::Ours(_)) {
                self.changes.push(FileChange::Remove(path));
            }
        }
    }

    /// Links in uhttpd's folder to what the service publishes while a host is armed.
    pub fn publish(&mut self, paths: &Paths, macs: &[Mac]) {
        let folder = paths.document_root();
        let published = paths.published();
        let wanted: BTreeMap<PathBuf, PathBuf> = macs
            .iter()
            .map(|mac| format!("kickstart-{mac}.cfg"))
            .map(|name| (folder.join(&name), published.join(&name)))
            .collect();
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let target = fs::read_link(&path).unwrap_or_default();
            if target.starts_with(&published) && !wanted.contains_key(&path) {
                self.changes.push(FileChange::Remove(path));
            }
        }
        if !wanted.is_empty() && !folder.is_dir() {
            self.notes.push(format!(
                "{} does not exist, so nothing can be published there: install uhttpd, or set 'publish' to 0.",
                folder.display()
            ));
            return;
        }
        for (path, target) in wanted {
            match fs::symlink_metadata(&path) {
                Err(_) => self.changes.push(FileChange::Link(path, target)),
                Ok(_) => match fs::read_link(&path) {
                    Ok(is) if is == target => {}
                    Ok(is) if is.starts_with(&published) => {
                        self.changes.push(FileChange::Link(path, target));
                    }
                    _ => self.notes.push(format!(
                        "{} is your own and stays as it is: the host's answer file is not published there.",
                        path.display()
                    )),
                },
            }
        }
    }

    /// The folders of `www`, closed to everybody but root and the service.
    pub fn www(&mut self, www: &Path, group: Option<u32>) {
        let group = group.filter(|_| is_root());
        for folder in [www.to_owned(), www.join("answers"), www.join("files")] {
            if fs::symlink_metadata(&folder).is_err() {
                self.changes
                    .push(FileChange::Folder(folder.clone(), PRIVATE_FOLDER));
                let group = group.map(|group| FileChange::Group(folder, group));
                self.changes.extend(group);
            }
        }
        self.narrow(www, group, DEPTH);
    }

    fn narrow(&mut self, path: &Path, group: Option<u32>, depth: usize) {
        let Ok(metadata) = fs::symlink_metadata(path) else {
            return;
        };
        // A link's own mode means nothing, and what it leads to is not ours.
        if metadata.is_symlink() {
            return;
        }
        self.narrow_one(path, &metadata, group);
        if !metadata.is_dir() || depth == 0 {
            return;
        }
        let mut inside: Vec<PathBuf> = fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        inside.sort();
        for path in inside {
            self.narrow(&path, group, depth - 1);
        }
    }

    fn narrow_one(&mut self, path: &Path, metadata: &Metadata, group: Option<u32>) {
        let widest = if metadata.is_dir() {
            PRIVATE_FOLDER
        } else {
            PRIVATE_FILE
        };
        let mode = metadata.mode() & 0o7777;
        if let Some(group) = group.filter(|group| *group != metadata.gid()) {
            self.changes.push(FileChange::Group(path.to_owned(), group));
        }
        if mode & !widest != 0 {
            self.changes
                .push(FileChange::Mode(path.to_owned(), mode, mode & widest));
        }
    }
}

enum Script {
    None,
    Ours(String),
    Users,
}

fn script(path: &Path) -> Script {
    if fs::symlink_metadata(path).is_err() {
        return Script::None;
    }
    match fs::read(path) {
        Ok(bytes) if bytes.len() <= SCRIPT_BYTES => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if text.lines().any(|line| line == AUTOEXEC_MARK) {
                Script::Ours(text)
            } else {
                Script::Users
            }
        }
        Ok(_) | Err(_) => Script::Users,
    }
}

/// Only root may give a file to another group. `/proc/self` belongs to whom this process runs as.
pub(super) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

/// Why a folder cannot be the one whose files are closed to the world, if it cannot.
pub fn www_fault(www: &str) -> Option<&'static str> {
    let parts: Vec<&str> = www.split('/').filter(|part| !part.is_empty()).collect();
    if !www.starts_with('/') || parts.iter().any(|part| matches!(*part, "." | "..")) {
        return Some("must be an absolute path without '.' and '..'");
    }
    match parts.as_slice() {
        []
        | [_]
        | ["www", "luci-static" | "cgi-bin", ..]
        | [
            "bin" | "boot" | "dev" | "etc" | "lib" | "proc" | "rom" | "sbin" | "sys" | "usr",
            ..,
        ] => Some(
            "holds the router's own files, which must not be closed; use a folder such as /www/kickstand",
        ),
        _ => None,
    }
}
