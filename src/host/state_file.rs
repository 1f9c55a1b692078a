//! The state file on flash, and the number of its last write in RAM.
//!
//! A whole file takes the place of the old one in one step; a change is a line more. Either is synced before it counts. Not
//! its job: what the file says (`core::state`).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::paths::Paths;
use super::replacement::{self, Sync};
use crate::core::lifecycle::Now;
use crate::core::state::changes::{self, Chain};
use crate::core::state::{self, Loaded, State};

/// Bytes of changes that a file may have whatever its size: some forty steps.
const MOST_CHANGES: u64 = 16 * 1024;

/// Where the state is kept.
#[derive(Debug)]
pub struct StateFile {
    file: PathBuf,
    /// Generation of the last write. In RAM, so that it is gone when the router restarts.
    written: PathBuf,
    /// The end of the file that this process wrote last; none when the next write must be a whole one.
    end: Option<End>,
}

/// Where a change can be added.
#[derive(Debug)]
struct End {
    chain: Chain,
    /// Tells our file from another one that somebody put in its place.
    inode: u64,
    /// Bytes of the whole file.
    length: u64,
    /// Bytes that the changes may have before all is written again: as many as the first line has, so that flash takes twice
    /// of what is new at most.
    room: u64,
}

impl StateFile {
    /// The state of the router below `paths`.
    pub fn new(paths: &Paths) -> Self {
        StateFile {
            file: paths.state(),
            written: paths.run().join("written"),
            end: None,
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
            self.keep_damaged();
        }
        loaded
    }

    /// For people who want to look what it was. One copy, so that flash does not fill, and without secrets: nothing would ever
    /// take them out of it.
    fn keep_damaged(&self) {
        let kept = self.file.with_extension("json.damaged");
        let text = fs::read(&self.file).unwrap_or_default();
        let copied = replace(&kept, &state::without_secrets(&text), 0o600, Sync::Flash);
        let moved = copied.and_then(|()| {
            fs::remove_file(&self.file)
                .map_err(|error| format!("cannot remove {}: {error}", self.file.display()))
        });
        if let Err(error) = moved {
            log::warn!("{error}");
        }
    }

    /// Writes the state whole. When this returns without an error, it is on flash.
    pub fn store(&mut self, state: &State) -> Result<(), String> {
        self.end = None;
        let text = state
            .to_text()
            .map_err(|error| format!("the state cannot be put in words: {error}"))?;
        let written = replace(&self.file, text.as_bytes(), 0o600, Sync::Flash);
        if written.is_ok() {
            self.end = fs::metadata(&self.file).ok().map(|file| End {
                chain: Chain::begin(text.as_bytes()),
                inode: file.ino(),
                length: file.len(),
                room: file.len().max(MOST_CHANGES),
            });
        }
        self.note(state, written)
    }

    /// Writes that the record of `host` is another one, and the durations too if something was `learned`; all of the state
    /// where that is due. When this returns without an error, it is on flash.
    pub fn add(&mut self, state: &State, host: &str, learned: bool) -> Result<(), String> {
        let Some(mut end) = self.end.take() else {
            return self.store(state);
        };
        let Ok((line, chain)) = changes::line(end.chain, state, host, learned) else {
            return self.store(state);
        };
        let length = line.len() as u64;
        if end.room < length || append(&self.file, &end, line.as_bytes()).is_err() {
            return self.store(state);
        }
        end.chain = chain;
        end.length += length;
        end.room -= length;
        self.end = Some(end);
        self.note(state, Ok(()))
    }

    /// Notes in RAM how far the file counts.
    fn note(&mut self, state: &State, written: Result<(), String>) -> Result<(), String> {
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
            // Whoever hears of this error takes the change back, and it is in the file. A line about another host would make
            // it count again: the next write is one of all.
            self.end = None;
        }
        written.and(noted)
    }
}

/// Adds a line to the file. After an error, the file is as it was, or cannot be written at all.
fn append(path: &Path, end: &End, line: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    let found = file.metadata()?;
    if (found.ino(), found.len()) != (end.inode, end.length) {
        return Err(io::Error::other("it is another file"));
    }
    let added = file.write_all(line).and_then(|()| file.sync_data());
    if added.is_err() {
        let _ = file.set_len(end.length);
    }
    added
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
