//! Files that are replaced in one step, which a power cut cannot halve.
//!
//! Not its job: which file, and where its new content is written meanwhile: readers of a folder must not take that for a file of
//! theirs, and each has rules of its own.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Whether a file must be on its medium when it is said to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// Yes.
    Flash,
    /// It lies in RAM anyhow.
    Ram,
}

/// Writes `partial`, which is in the same folder, and puts it in the place of `path`.
///
/// # Errors
///
/// Whatever the file system says; `path` is as it was then, and `partial` gone.
pub fn replace(
    path: &Path,
    partial: &Path,
    content: &[u8],
    mode: u32,
    sync: Sync,
) -> io::Result<()> {
    // A leftover of a crash may have another mode.
    match fs::remove_file(partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = write(path, partial, content, mode, sync);
    if written.is_err() {
        let _ = fs::remove_file(partial);
    }
    written
}

fn write(path: &Path, partial: &Path, content: &[u8], mode: u32, sync: Sync) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(partial)?;
    // Whatever the umask is.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(content)?;
    if sync == Sync::Flash {
        file.sync_all()?;
    }
    fs::rename(partial, path)?;
    if sync == Sync::Flash {
        File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()?;
    }
    Ok(())
}
