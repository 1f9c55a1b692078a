//! Answer files that uhttpd may read: files in the service's run folder, to which `kickstand apply` links from /www.
//!
//! uhttpd follows the link and serves what everybody may read; a file that is gone is a 404.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;

use super::paths::Paths;
use super::replacement::Sync;
use super::state_file::replace;

/// Makes the folder hold these files and no others. An error is one sentence.
pub fn set(paths: &Paths, open: &BTreeMap<String, String>) -> Result<(), String> {
    let folder = paths.published();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound && open.is_empty() => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(&folder)
                .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
            fs::read_dir(&folder)
                .map_err(|error| format!("cannot read {}: {error}", folder.display()))?
        }
        Err(error) => return Err(format!("cannot read {}: {error}", folder.display())),
    };
    // Closing comes first: it must not depend on whether opening works, nor on whether another one can be closed.
    let mut closed = Ok(());
    for entry in entries.flatten() {
        let kept = entry
            .file_name()
            .to_str()
            .is_some_and(|name| open.contains_key(name));
        if !kept && let Err(error) = fs::remove_file(entry.path()) {
            closed = Err(format!("cannot remove {}: {error}", entry.path().display()));
        }
    }
    closed?;
    write(paths, open)
}

/// Makes the folder hold these of the files that are named, and leaves others alone. An error is one sentence.
pub fn set_some(
    paths: &Paths,
    names: impl Iterator<Item = String>,
    open: &BTreeMap<String, String>,
) -> Result<(), String> {
    let mut closed = Ok(());
    for name in names.filter(|name| !open.contains_key(name)) {
        let file = paths.published().join(name);
        if let Err(error) = fs::remove_file(&file)
            && error.kind() != ErrorKind::NotFound
        {
            closed = Err(format!("cannot remove {}: {error}", file.display()));
        }
    }
    closed?;
    write(paths, open)
}

fn write(paths: &Paths, open: &BTreeMap<String, String>) -> Result<(), String> {
    let mut written = Ok(());
    for (name, text) in open {
        let file = paths.published().join(name);
        // World-readable is what makes uhttpd serve it.
        if fs::read(&file).ok().as_deref() != Some(text.as_bytes())
            && let Err(error) = replace(&file, text.as_bytes(), 0o644, Sync::Ram)
        {
            written = Err(error);
        }
    }
    written
}

/// Whether there is such a file.
pub fn is_open(paths: &Paths, name: &str) -> bool {
    paths.published().join(name).exists()
}
