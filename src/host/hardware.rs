//! The hardware of hosts, on flash: one small file per host beside the state file, written once per discovery.
//!
//! Not its job: what is in it (`core::hardware`).

use std::collections::BTreeMap;
use std::fs;

use super::paths::Paths;
use super::replacement::Sync;
use super::state_file::replace;
use crate::core::hardware::{Hardware, STORED_LENGTH};

/// Most hosts whose hardware is kept: 2 MiB of flash at most.
const MOST_HOSTS: usize = 256;

/// The name of a host's file. Section names are of letters, digits and `_`; host names add `-` and `.`.
fn file_name(host: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!host.starts_with('.') && host.chars().all(plain)).then(|| format!("{host}.json"))
}

/// Reads what is kept of all hosts. What cannot be read was never discovered.
pub fn load(paths: &Paths) -> BTreeMap<String, Hardware> {
    let Ok(entries) = fs::read_dir(paths.hardware()) else {
        return BTreeMap::new();
    };
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let host = name.strip_suffix(".json")?.to_owned();
        let length = entry.metadata().ok()?.len();
        let text = (length <= STORED_LENGTH as u64).then(|| fs::read(entry.path()).ok())??;
        Some((host, Hardware::from_stored(&text)?))
    };
    entries
        .flatten()
        .take(MOST_HOSTS)
        .filter_map(read)
        .collect()
}

/// Keeps what a host has. When this returns without an error, it is on flash.
pub fn store(paths: &Paths, host: &str, hardware: &Hardware) -> Result<(), String> {
    let folder = paths.hardware();
    let name = file_name(host).ok_or_else(|| format!("'{host}' cannot be the name of a file"))?;
    let known = fs::read_dir(&folder).map_or(0, Iterator::count);
    if known >= MOST_HOSTS && !folder.join(&name).exists() {
        return Err(format!(
            "the hardware of {MOST_HOSTS} hosts is kept already: remove files from {}",
            folder.display()
        ));
    }
    let text = hardware.to_stored();
    replace(&folder.join(name), text.as_bytes(), 0o600, Sync::Flash)
}

/// Drops what is kept of hosts that are configured no more.
pub fn keep_only(paths: &Paths, known: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(paths.hardware())
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let kept = name
            .to_str()
            .and_then(|name| name.strip_suffix(".json"))
            .is_some_and(&known);
        if !kept && let Err(error) = fs::remove_file(entry.path()) {
            log::warn!("cannot remove {}: {error}", entry.path().display());
        }
    }
}
