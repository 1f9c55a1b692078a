//! `/etc/config/kickstand`, read again whenever it changed.
//!
//! `uci commit` tells nobody, so the service looks at the file's stamp before it answers: what was committed counts at once.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::paths::Paths;
use crate::core::settings::{self, Settings};
use crate::core::uci;

/// The file and what was last seen of it.
#[derive(Debug)]
pub struct Config {
    path: PathBuf,
    stamp: Option<Stamp>,
}

/// What changes when `uci commit` puts a new file in place, or when the file is opened to the service: inode, length, time of
/// the last change of its inode in seconds and nanoseconds.
type Stamp = (u64, u64, i64, i64);

/// Longest configuration that is read, in bytes: 10,000 hosts need some 4 MB.
const LONGEST: u64 = 16 * 1024 * 1024;

impl Config {
    /// The configuration of the router below `paths`.
    pub fn new(paths: &Paths) -> Self {
        Config {
            path: paths.config().join("kickstand"),
            stamp: None,
        }
    }

    /// The settings, when the file is another one than at the last call. An error is one sentence.
    pub fn changed(&mut self) -> Option<Result<Settings, String>> {
        let stamp = fs::metadata(&self.path)
            .map(|file| (file.ino(), file.len(), file.ctime(), file.ctime_nsec()))
            .ok();
        if stamp == self.stamp && stamp.is_some() {
            return None;
        }
        self.stamp = stamp;
        Some(self.read())
    }

    /// Whether the file is there and this process may not read it.
    pub fn is_closed(&self) -> bool {
        let opened = fs::File::open(&self.path);
        opened.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    }

    /// Reads the file as it is now.
    pub fn read(&self) -> Result<Settings, String> {
        let shown = self.path.display();
        let missing = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                format!("there is no {shown}: install the package again that it comes with")
            }
            _ => format!("cannot read {shown}: {error}"),
        };
        if fs::metadata(&self.path).map_err(missing)?.len() > LONGEST {
            return Err(format!("{shown} is longer than {LONGEST} bytes"));
        }
        let text = fs::read(&self.path).map_err(missing)?;
        let document = uci::parse(&text)
            .map_err(|error| format!("{shown}, line {}: {}", error.line, error.reason))?;
        Ok(settings::read(&document))
    }
}
