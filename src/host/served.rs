//! The answer files that were handed out last, one for each host, beside the state file. Without their secrets.
//!
//! Not its job: taking the secrets out (`core::secrets`), when one is kept.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::SystemTime;

use super::paths::Paths;
use super::replacement::Sync;
use super::state_file::replace;

/// Longest text that is kept, in bytes: a router has few megabytes to write to, and an answer file 4 KB.
pub const LONGEST: usize = 16 * 1024;
/// Files that are kept; the one that was written first gives way.
const MOST: usize = 32;

/// Keeps a host's text, of [`LONGEST`] at most.
pub fn keep(paths: &Paths, host: &str, text: &str) -> Result<(), String> {
    let Some(path) = path(paths, host) else {
        return Ok(());
    };
    // The same run may claim twice, and an installation is often like the last: flash wears.
    if fs::read_to_string(&path).is_ok_and(|kept| kept == text) {
        return Ok(());
    }
    let mut others = others(paths);
    others.retain(|(_, other)| *other != path);
    others.sort();
    let too_many = (others.len() + 1).saturating_sub(MOST);
    for (_, other) in others.iter().take(too_many) {
        let _ = fs::remove_file(other);
    }
    replace(&path, text.as_bytes(), 0o600, Sync::Flash)
}

/// A host's text; none when none was kept.
pub fn last(paths: &Paths, host: &str) -> Result<Option<String>, String> {
    let Some(path) = path(paths, host) else {
        return Ok(None);
    };
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}

/// Forgets a host's text.
pub fn forget(paths: &Paths, host: &str) {
    if let Some(path) = path(paths, host) {
        let _ = fs::remove_file(path);
    }
}

/// Forgets the texts of hosts that are none any more.
pub fn keep_hosts(paths: &Paths, is_host: impl Fn(&str) -> bool) {
    for (_, path) in others(paths) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !is_host(&name) {
            let _ = fs::remove_file(&path);
        }
    }
}

fn others(paths: &Paths) -> Vec<(SystemTime, PathBuf)> {
    let entries = fs::read_dir(paths.served()).into_iter().flatten().flatten();
    let files = entries.map(|entry| {
        let written = entry.metadata().and_then(|metadata| metadata.modified());
        (written.unwrap_or(SystemTime::UNIX_EPOCH), entry.path())
    });
    files.collect()
}

/// Names of hosts have no slash; should one come that does, nothing is kept of it.
fn path(paths: &Paths, host: &str) -> Option<PathBuf> {
    let plain = !host.contains('/') && !host.starts_with('.');
    plain.then(|| paths.served().join(host))
}
