//! Owners and modes of what the service works with: its settings, its state, and its folder in RAM.
//!
//! The service is not root, and its settings hold password hashes. `uci commit` puts a file of root's group in the place of
//! the old one, which the service cannot read: so this is looked at again and again, by `kickstand apply` and by every
//! command that asks the service.
//!
//! Not its job: what uhttpd must not show ([`super::tree`]).

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::paths::Paths;
use super::tree::{FileChange, FilePlan, PRIVATE_FILE, PRIVATE_FOLDER, is_root};

/// User and group of the service.
const NAME: &str = "kickstand";
/// Levels below the service's folders that are looked at: it makes one itself.
const DEPTH: usize = 2;

/// The service's user, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Account {
    user: u32,
    group: u32,
}

/// Number of the service's group, when the system has it.
pub fn service_group(paths: &Paths) -> Option<u32> {
    number(&paths.group())
}

impl Account {
    /// None where the package was not installed by a package manager, and for those who may not give files away.
    fn of_service(paths: &Paths) -> Option<Self> {
        is_root().then_some(())?;
        Some(Account {
            user: number(&paths.users())?,
            group: service_group(paths)?,
        })
    }
}

/// The number in the service's line of passwd(5) or group(5): the third field of either.
fn number(path: &Path) -> Option<u32> {
    let text = fs::read_to_string(path).ok()?;
    let mut lines = text.lines().map(|line| line.split(':'));
    lines
        .find_map(|mut fields| (fields.next() == Some(NAME)).then_some(fields))?
        .nth(1)?
        .parse()
        .ok()
}

impl FilePlan {
    /// The settings: root's to write, the service's to read, nobody else's.
    pub fn settings(&mut self, paths: &Paths) {
        let path = paths.config().join("kickstand");
        let Some(account) = Account::of_service(paths) else {
            return;
        };
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            return;
        };
        if !metadata.is_file() {
            return;
        }
        let mode = metadata.mode() & 0o7777;
        // Closed to the others before it is opened to the group.
        if mode != PRIVATE_FILE {
            self.changes
                .push(FileChange::Mode(path.clone(), mode, PRIVATE_FILE));
        }
        if metadata.gid() != account.group {
            self.changes.push(FileChange::Group(path, account.group));
        }
    }

    /// The service's own folders, with what a service that was started by hand as root may have left there.
    pub fn service_folders(&mut self, paths: &Paths) {
        let Some(account) = Account::of_service(paths) else {
            return;
        };
        let state = paths.state();
        for folder in state.parent().into_iter().chain([paths.run().as_path()]) {
            match fs::symlink_metadata(folder) {
                Ok(metadata) => {
                    let mode = metadata.mode() & 0o7777;
                    if metadata.is_dir() && mode != PRIVATE_FOLDER {
                        let change = FileChange::Mode(folder.to_owned(), mode, PRIVATE_FOLDER);
                        self.changes.push(change);
                    }
                    self.give(folder, account, DEPTH);
                }
                Err(_) => {
                    let folder = folder.to_owned();
                    let owner = FileChange::Owner(folder.clone(), account.user, account.group);
                    self.changes
                        .extend([FileChange::Folder(folder, PRIVATE_FOLDER), owner]);
                }
            }
        }
    }

    fn give(&mut self, path: &Path, account: Account, depth: usize) {
        let Ok(metadata) = fs::symlink_metadata(path) else {
            return;
        };
        if (metadata.uid(), metadata.gid()) != (account.user, account.group) {
            let change = FileChange::Owner(path.to_owned(), account.user, account.group);
            self.changes.push(change);
        }
        if metadata.is_dir() && depth > 0 {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            for entry in entries {
                self.give(&entry.path(), account, depth - 1);
            }
        }
    }
}

/// Opens the settings to the service, where that is needed and possible: what root has just committed counts for what root
/// asks next. A failure shows in the service's answer.
pub fn lend_settings(paths: &Paths) {
    let mut plan = FilePlan::default();
    plan.settings(paths);
    for change in plan.changes {
        let _ = change.perform();
    }
}
