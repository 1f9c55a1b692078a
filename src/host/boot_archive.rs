//! iPXE's release archive: downloading it, its digest, and what is in it. The router's own tools do each: `uclient-fetch`,
//! `sha256sum` and `tar`, as argument lists and never through a shell.
//!
//! Nothing of an archive reaches a file by tar's doing: tar writes one member at a time to a pipe (`-O`), where a link or a
//! folder is nothing, and no name in the archive becomes a path. Not its job: which members are wanted, whether they are
//! what they should be ([`crate::core::boot_file::place`]).

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use super::boot_files::{free, read_at_most};
use super::paths::Paths;
use crate::core::boot_file::READ_LIMIT;

/// Longest archive that is downloaded, in bytes: iPXE 2.0.0's has 12,002,760.
const ARCHIVE_LIMIT: u64 = 24 * 1024 * 1024;
/// What must be free for it, in bytes: today's archive and some growth.
const ARCHIVE_ROOM: u64 = 14 * 1024 * 1024;
/// RAM that must be left when the archive is in RAM, in bytes: the files that are looked at, and tar.
const SPARE_RAM: u64 = 12 * 1024 * 1024;
/// Longest list of names, in bytes: iPXE 2.0.0's has 1,300.
const LIST_LIMIT: u64 = 256 * 1024;
/// Seconds without a byte after which uclient-fetch gives up.
const SILENCE: &str = "30";
/// Longest download: 12 MB at 100 kbit/s take 16 minutes.
const LONGEST_DOWNLOAD: Duration = Duration::from_secs(30 * 60);

/// A folder that is gone with all that is in it when this value is dropped; after a kill, the next run removes it.
#[derive(Debug)]
pub struct Workshop {
    folder: PathBuf,
}

impl Workshop {
    /// A fresh folder of root's alone: in RAM when there is enough, which spares the flash, else beside the boot files.
    ///
    /// # Errors
    ///
    /// One sentence, when there is not enough room or it cannot be made.
    pub fn new(paths: &Paths, tftp_root: &Path) -> Result<Self, String> {
        let ram = paths.apply();
        let free_ram = free(&ram)?.min(free_memory(paths).saturating_sub(SPARE_RAM));
        let folder = if free_ram >= ARCHIVE_ROOM {
            ram.join("boot-files")
        } else if free(tftp_root)? >= ARCHIVE_ROOM {
            tftp_root.join(".kickstand-boot-files")
        } else {
            return Err(format!(
                "iPXE's archive needs {} MB for a moment, and neither RAM nor {} has that much: download it on another \
                 machine, take what you need out of it, and 'kickstand boot-files add' these files.",
                ARCHIVE_ROOM / 1024 / 1024,
                tftp_root.display()
            ));
        };
        let made = match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder),
        };
        made.map_err(|error| {
            format!(
                "{} cannot be made: {error}; run this as root.",
                folder.display()
            )
        })?;
        Ok(Workshop { folder })
    }

    /// Downloads a file. uclient-fetch shows its progress on standard error. What it complains about in the end comes
    /// beside the path: some servers break off after the last byte, and the digest tells better whether all is there.
    ///
    /// # Errors
    ///
    /// One sentence with what to do.
    pub fn download(&self, paths: &Paths, url: &str) -> Result<(PathBuf, Option<String>), String> {
        let path = self.folder.join("ipxeboot.tar.gz");
        let program = paths.fetch_command();
        let mut child = Command::new(&program)
            .args(["-T", SILENCE, "-O", "-", url])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => format!(
                    "There is no {}: install the package uclient-fetch, or download {url} on another machine and \
                     'kickstand boot-files add' it.",
                    program.display()
                ),
                _ => format!("{} does not run: {error}.", program.display()),
            })?;
        let result = receive(&mut child, &path);
        if result.is_err() {
            let _ = child.kill();
        }
        let status = child
            .wait()
            .map_err(|error| format!("uclient-fetch was lost: {error}."))?;
        result?;
        let complaint = match status.code() {
            Some(0) => None,
            code => Some(format!("{url} was not downloaded: {}", why(code))),
        };
        Ok((path, complaint))
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn receive(child: &mut Child, path: &Path) -> Result<(), String> {
    let mut from = child.stdout.take().ok_or("uclient-fetch has no output.")?;
    let mut to = File::create(path)
        .map_err(|error| format!("{} cannot be made: {error}.", path.display()))?;
    let start = Instant::now();
    let mut received = 0;
    let mut bytes = [0; 16 * 1024];
    loop {
        let count = from
            .read(&mut bytes)
            .map_err(|error| format!("uclient-fetch was lost: {error}."))?;
        if count == 0 {
            return Ok(());
        }
        received += count as u64;
        if received > ARCHIVE_LIMIT {
            return Err(format!(
                "The download was stopped after {ARCHIVE_LIMIT} bytes: iPXE's archive has half of that, so the URL is of \
                 something else."
            ));
        }
        if start.elapsed() > LONGEST_DOWNLOAD {
            return Err(format!(
                "The download was stopped after {} minutes: try again over a faster line.",
                LONGEST_DOWNLOAD.as_secs() / 60
            ));
        }
        to.write_all(&bytes[..count])
            .map_err(|error| format!("{} cannot be written: {error}.", path.display()))?;
    }
}

/// What uclient-fetch's exit code means (its source, `error_ret`).
fn why(code: Option<i32>) -> &'static str {
    match code {
        Some(4) => {
            "the server cannot be reached, or the connection broke. Is the router on the Internet?"
        }
        Some(5) => {
            "its certificate was not accepted. Is the router's clock right ('date'), and is the package ca-bundle installed?"
        }
        Some(8) => {
            "the server has no such file, or refused it. Is kickstand.main.boot_files_url right?"
        }
        _ => {
            "uclient-fetch says why, above. For https it needs a libustream package (such as libustream-mbedtls) and \
             ca-bundle."
        }
    }
}

/// Bytes of RAM that programs can have, as proc_meminfo(5) estimates.
fn free_memory(paths: &Paths) -> u64 {
    let text = fs::read_to_string(paths.proc("meminfo")).unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes * 1024)
}

/// SHA-256 of a file, in lower-case hexadecimal digits.
///
/// # Errors
///
/// One sentence, when it cannot be had.
pub fn sha256(path: &Path) -> Result<String, String> {
    let unusable =
        |why: String| format!("sha256sum does not work, so nothing was unpacked: {why}.");
    let file = open(path)?;
    let output = Command::new("sha256sum")
        .stdin(file)
        .output()
        .map_err(|error| unusable(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let word = text.split_whitespace().next().unwrap_or_default();
    crate::core::settings::sha256(word)
        .map_err(|_| unusable(format!("it printed '{}'", text.trim())))
}

/// Names of all members of an archive.
///
/// # Errors
///
/// Why it cannot be read, to go after the archive's name.
pub fn names(archive: &Path) -> Result<Vec<String>, String> {
    let listing = tar(archive, &["-tzf", "-"], LIST_LIMIT)?;
    Ok(String::from_utf8_lossy(&listing)
        .lines()
        .map(str::to_owned)
        .collect())
}

/// The bytes of a member; none at all, when it is a link or a folder.
///
/// # Errors
///
/// Why it cannot be read, to go after the archive's name.
pub fn member(archive: &Path, name: &str) -> Result<Vec<u8>, String> {
    tar(archive, &["-xzOf", "-", name], READ_LIMIT)
}

/// What tar prints. The archive is its standard input: tar would take a name with a colon for another machine's.
fn tar(archive: &Path, arguments: &[&str], limit: u64) -> Result<Vec<u8>, String> {
    let unusable = |error: io::Error| format!("cannot be unpacked: tar does not run: {error}");
    let mut child = Command::new("tar")
        .args(arguments)
        .stdin(open(archive)?)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(unusable)?;
    let output: Option<ChildStdout> = child.stdout.take();
    let bytes = output.map_or(Ok(Vec::new()), |output| read_at_most(output, limit + 1));
    let too_long = bytes.as_ref().is_ok_and(|bytes| bytes.len() as u64 > limit);
    if too_long {
        let _ = child.kill();
    }
    let status = child.wait().map_err(unusable)?;
    let bytes = bytes.map_err(unusable)?;
    if too_long {
        return Err(format!(
            "is no archive of iPXE's: it has more than {limit} bytes where less is due"
        ));
    }
    if !status.success() {
        return Err("is broken, or no tar archive packed with gzip: copy it again".to_owned());
    }
    Ok(bytes)
}

fn open(path: &Path) -> Result<File, String> {
    File::open(path).map_err(|error| format!("{} cannot be read: {error}.", path.display()))
}
