//! A machine's disk: a sparse file, and what can be said about it from outside.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::process::{Context, Failure, Result, run, words};

/// A disk of a machine. The file belongs to whoever owns its folder.
#[derive(Debug, Clone)]
pub struct Disk {
    path: PathBuf,
}

impl Disk {
    /// An empty disk of `mebibytes` in a new file. It takes no room until the machine writes to it.
    pub fn empty(path: &Path, mebibytes: u64) -> Result<Self> {
        let file = File::create(path).context(format!("write {}", path.display()))?;
        file.set_len(mebibytes * 1024 * 1024)
            .context(format!("size {}", path.display()))?;
        Ok(Disk {
            path: path.to_owned(),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether every byte of it is zero: nobody has written anything.
    pub fn is_blank(&self) -> Result<bool> {
        let what = format!("read {}", self.path.display());
        let data = fs::metadata(&self.path).context(&what)?;
        // A file without blocks has never been written to; otherwise somebody may still have written zeros.
        if data.blocks() == 0 {
            return Ok(true);
        }
        let mut file = File::open(&self.path).context(&what)?;
        let mut bytes = vec![0; 1024 * 1024];
        loop {
            match file.read(&mut bytes).context(&what)? {
                0 => return Ok(true),
                count if bytes[..count].iter().any(|byte| *byte != 0) => return Ok(false),
                _ => (),
            }
        }
    }

    /// The text of a file on one of its partitions, an ext4 file system. `path` begins with that file system's root. Only
    /// while the machine is off.
    pub fn file_on_partition(&self, number: usize, path: &str) -> Result<String> {
        let place = format!("{}?offset={}", self.path.display(), self.start_of(number)?);
        run(words("debugfs -R").arg(format!("cat {path}")).arg(place))
    }

    /// Where a partition begins, in bytes.
    fn start_of(&self, number: usize) -> Result<u64> {
        // sfdisk's dump: `/path/disk3 : start=  6293504, size=…`, in sectors of 512 bytes.
        let table = run(words("sfdisk --dump").arg(&self.path))?;
        let name = format!("{}{number} ", self.path.display());
        let line = table.lines().find_map(|line| line.strip_prefix(&name));
        let start = line
            .and_then(|line| line.split("start=").nth(1))
            .and_then(|rest| rest.split(',').next())
            .and_then(|number| number.trim().parse::<u64>().ok());
        match start {
            Some(sectors) => Ok(sectors * 512),
            None => Err(Failure::new(format!("the disk has no partition {number}"))),
        }
    }

    /// A checksum of all of it, to see later whether anything was written.
    pub fn checksum(&self) -> Result<String> {
        let said = run(words("sha256sum").arg(&self.path))?;
        Ok(said
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::io::{Seek, SeekFrom, Write};

    #[test]
    fn one_byte_far_inside_is_seen() {
        let folder = Scratch::new("disk");
        let disk = Disk::empty(&folder.path().join("disk"), 16).expect("a disk");
        assert!(disk.is_blank().expect("reads"));
        let before = disk.checksum().expect("reads");
        let mut file = File::options()
            .write(true)
            .open(disk.path())
            .expect("opens");
        file.seek(SeekFrom::Start(9_000_001)).expect("seeks");
        file.write_all(&[0]).expect("writes");
        assert!(disk.is_blank().expect("reads"), "a written zero is zero");
        assert_eq!(disk.checksum().expect("reads"), before);
        file.write_all(&[1]).expect("writes");
        assert!(!disk.is_blank().expect("reads"));
        assert_ne!(disk.checksum().expect("reads"), before);
    }
}
