//! The state file on flash, and the number of its last write in RAM.
//!
//! A write is atomic and synced: the file is either the old one or the new one after a power cut. Not its job: what the
//! file says (`core::state`).

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::paths::Paths;
use super::replacement::{self, Sync};
use crate::core::lifecycle::Now;
use crate::core::state::{self, Loaded, State};

/// Where the state is kept.
#[derive(Debug, Clone)]
pub struct StateFile {
    file: PathBuf,
    /// Generation of the last write. In RAM, so that it is gone when the router restarts.
    written: PathBuf,
}

impl StateFile {
    /// The state of the router below `paths`.
    pub fn new(paths: &Paths) -> Self {
        StateFile {
            file: paths.state(),
            written: paths.run().join("written"),
        }
    }

    /// Reads what is there and how far it can be trusted. A file that cannot be used is kept beside the new one.
    pub fn load(&self, now: &Now) -> Loaded {
        let written = fs::read_to_string(&self.written)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        let loaded = match fs::read(&self.file) {
            Ok(text) => state::load(Some(&text), written, now),
            Err(error) if error.kind() == ErrorKind::NotFound => state::load(None, written, now),
            Err(error) => {
                let mut loaded = state::load(None, written, now);
                loaded.warning = Some(format!(
                    "cannot read {}: {error}; every arm ended with it",
                    self.file.display()
                ));
                loaded
            }
        };
        if !loaded.sound && self.file.exists() {
            // For people who want to look what it was. One copy, so that flash does not fill.
            let kept = self.file.with_extension("json.damaged");
            if let Err(error) = fs::rename(&self.file, &kept) {
                log::warn!(
                    "cannot keep {} as {}: {error}",
                    self.file.display(),
                    kept.display()
                );
            }
        }
        loaded
    }

    /// Writes the state. When this returns without an error, it is on flash.
    pub fn store(&self, state: &State) -> Result<(), String> {
        let text = state
            .to_text()
            .map_err(|error| format!("the state cannot be put in words: {error}"))?;
        let written = replace(&self.file, text.as_bytes(), 0o600, Sync::Flash);
        // What could not be written may have taken an arm back. The file still has that arm, so it must not be believed
        // when the service is started again before a later write succeeds.
        let generation = state.generation + u64::from(written.is_err());
        let noted = replace(
            &self.written,
            format!("{generation}\n").as_bytes(),
            0o600,
            Sync::Ram,
        );
        if noted.is_err() {
            // Without it, every arm ends at the next start. An older one would vouch for what is not true any more.
            let _ = fs::remove_file(&self.written);
        }
        written.and(noted)
    }
}

/// Makes this process the only one that keeps a state, for as long as the file that is returned lives. The kernel lets go of
/// it when the process ends, however it ends.
pub fn alone(paths: &Paths) -> Result<File, String> {
    let path = paths.run().join("lock");
    let shown = path.display();
    let file = fs::create_dir_all(paths.run()).and_then(|()| File::create(&path));
    let file = file.map_err(|error| format!("cannot write {shown}: {error}"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err("kickstand is running already: `kickstand status` asks it".to_owned())
        }
        Err(TryLockError::Error(error)) => Err(format!("cannot lock {shown}: {error}")),
    }
}

/// Puts a new file in the place of an old one, in one step.
pub fn replace(path: &Path, content: &[u8], mode: u32, sync: Sync) -> Result<(), String> {
    write_beside(path, content, mode, sync)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn write_beside(path: &Path, content: &[u8], mode: u32, sync: Sync) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    replacement::replace(path, Path::new(&beside), content, mode, sync)
}
