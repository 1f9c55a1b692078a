//! The folder of the boot files: looking into it, room on its file system, putting a file there.
//!
//! Not its job: what a file is ([`crate::core::boot_file`]), what apply writes there ([`super::tree`]).

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::dnsmasq::replace_with_mode;
use super::tree::{FileChange, PUBLIC_FOLDER};
use crate::core::boot_file::{HEAD_LIMIT, READ_LIMIT};

/// dnsmasq runs as a user of its own and serves what the world may read.
const PUBLIC_FILE: u32 = 0o644;
/// Levels below `tftp_root` that are looked at: the release archive has two.
const DEPTH: usize = 5;
/// Most files that are listed: the release archive has 43, and more than this is somebody's media.
const MOST_FILES: usize = 500;
/// What must stay free, in bytes: UCI and the state file are written on the same flash.
const RESERVE: u64 = 256 * 1024;

/// A file's first bytes, all of them when it may be a boot file, and its length.
#[derive(Debug)]
pub struct Head {
    /// At most [`READ_LIMIT`].
    pub bytes: Vec<u8>,
    /// Bytes of the whole file.
    pub length: u64,
}

/// Reads what tells a file apart.
///
/// # Errors
///
/// Whatever the file system says, or that it is no file.
pub fn read(path: &Path) -> io::Result<Head> {
    // Opening a pipe or a device could wait for ever, so look first.
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let length = metadata.len();
    let limit = match length > READ_LIMIT {
        true => HEAD_LIMIT,
        false => READ_LIMIT,
    };
    let bytes = read_at_most(File::open(path)?, limit)?;
    Ok(Head { bytes, length })
}

/// Reads to the end, or to the limit.
///
/// # Errors
///
/// Whatever the reader says.
pub fn read_at_most(reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Every file below a folder, by its path relative to it, sorted; and whether there were more than are listed.
pub fn list(root: &Path) -> (Vec<String>, bool) {
    let mut found = Vec::new();
    collect(root, root, DEPTH, &mut found);
    let more = found.len() > MOST_FILES;
    found.truncate(MOST_FILES);
    found.sort();
    (found, more)
}

fn collect(root: &Path, folder: &Path, depth: usize, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if found.len() > MOST_FILES {
            return;
        }
        let path = entry.path();
        // A linked folder would be listed twice, and a link may lead to itself.
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        if path.is_file() {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            found.push(relative.to_string_lossy().into_owned());
        } else if !is_link && depth > 0 && path.is_dir() {
            collect(root, &path, depth - 1, found);
        }
    }
}

/// Bytes that are free for files in a folder, as df(1) says; for one that does not exist yet, of the nearest above it.
///
/// # Errors
///
/// One sentence, when `df` does not run or says something else.
pub fn free(folder: &Path) -> Result<u64, String> {
    let existing = folder.ancestors().find(|above| above.is_dir());
    let existing = existing.unwrap_or(Path::new("/"));
    // The standard library cannot ask, and a call of statvfs(3) would be `unsafe` or another 20 KB; busybox has df.
    let output = Command::new("df")
        .args(["-P", "-k"])
        .arg(existing)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("df does not run: {error}."))?;
    let text = String::from_utf8_lossy(&output.stdout);
    // POSIX: file system, blocks of 1024 bytes, used, available, … in one line after the head.
    let line = text.lines().nth(1).unwrap_or_default();
    line.split_whitespace()
        .rev()
        .nth(2)
        .and_then(|available| available.parse::<u64>().ok())
        .map(|kilobytes| kilobytes * 1024)
        .ok_or_else(|| format!("df did not say how much is free in {}.", existing.display()))
}

/// Whether so many bytes have room there.
///
/// # Errors
///
/// One sentence with what is missing and what to do.
pub fn has_room(folder: &Path, bytes: u64) -> Result<(), String> {
    let free = free(folder)?;
    let needed = bytes + RESERVE;
    if free >= needed {
        return Ok(());
    }
    let kilobytes = |bytes: u64| bytes.div_ceil(1024);
    Err(format!(
        "{} has {} KB free, and {} KB are needed ({} KB stay free for the router's own settings): {} KB are missing, \
         so nothing was put in place. Take fewer architectures ('kickstand boot-files fetch x86_64'), or keep boot files \
         on a USB stick: uci set kickstand.main.tftp_root=/mnt/sda1/tftp",
        folder.display(),
        kilobytes(free),
        kilobytes(needed),
        kilobytes(RESERVE),
        kilobytes(needed - free),
    ))
}

/// Puts a file in place in one step, readable for everybody, below `root`, which is made when it is missing.
///
/// # Errors
///
/// One sentence that names the path.
pub fn put(root: &Path, relative: &str, bytes: &[u8]) -> Result<(), String> {
    let path = root.join(relative);
    let folder = path.parent().unwrap_or(root);
    if !root.is_dir() {
        FileChange::Folder(root.to_owned(), PUBLIC_FOLDER).perform()?;
    }
    if !folder.is_dir() {
        FileChange::Folder(folder.to_owned(), PUBLIC_FOLDER).perform()?;
    }
    let real = |path: &Path| -> Result<PathBuf, String> {
        fs::canonicalize(path).map_err(|error| format!("{}: {error}.", path.display()))
    };
    if !real(folder)?.starts_with(real(root)?) {
        return Err(format!(
            "{} is a link that leads out of {}, where dnsmasq cannot follow: remove it.",
            folder.display(),
            root.display()
        ));
    }
    replace_with_mode(&path, bytes, PUBLIC_FILE).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "{} cannot be written: {error}; run this as root.",
            path.display()
        ),
        _ => format!(
            "{} cannot be written: {error}; what was there is as it was.",
            path.display()
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_file_is_read_to_the_limit_only() {
        let bytes = read_at_most(io::repeat(0x4d), 10).expect("nothing fails");
        assert_eq!(bytes.len(), 10);
    }
}
