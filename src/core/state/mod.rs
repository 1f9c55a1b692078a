//! The state file: records of all hosts, as text, and how far a text that was found can be trusted.
//!
//! Its first line holds all records; each line after it one that has changed since ([`changes`]). Not its job: reading and
//! writing files (`host::state_file`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub mod changes;

use super::lifecycle::{Now, Once, Phase, Record};
use super::progress::Durations;

/// Version of the file's form. A file of a newer version is not trusted: this release cannot know what it says.
const VERSION: u32 = 1;

/// All records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    version: u32,
    /// Counts writes, so that an older copy can be told from the last one.
    pub generation: u64,
    /// Start of the router in which it was written, so that a copy of an earlier one is told apart whatever its number.
    pub router_start: String,
    /// By name of the host's section.
    pub hosts: BTreeMap<String, Record>,
    /// How long installations took, for the per cent of later ones.
    #[serde(default, skip_serializing_if = "Durations::is_empty")]
    pub durations: Durations,
}

impl Default for State {
    fn default() -> Self {
        State {
            version: VERSION,
            generation: 0,
            router_start: String::new(),
            hosts: BTreeMap::new(),
            durations: Durations::default(),
        }
    }
}

/// A state as loaded, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// What can be trusted of it.
    pub state: State,
    /// One sentence for status and log when something was lost.
    pub warning: Option<String>,
    /// Whether hosts that are configured now and have no record were never seen. When the file was lost, nobody knows,
    /// and `install 'once'` must not arm them.
    pub sound: bool,
}

/// Hexadecimal digits in a row that are taken for a secret: a token has 32, a private key 64, and a damaged file may have a
/// part of one. Times and serial numbers of disks that have as many are lost with them.
const SECRET: usize = 12;

/// A file's text without tokens and private keys, for a copy of a file that nobody else understands any more.
pub fn without_secrets(text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    for run in text.chunk_by(|one, next| one.is_ascii_hexdigit() == next.is_ascii_hexdigit()) {
        match run.len() >= SECRET && run[0].is_ascii_hexdigit() {
            true => kept.extend_from_slice("…".as_bytes()),
            false => kept.extend_from_slice(run),
        }
    }
    kept
}

/// Reads the state file's text (`None`: there is no file).
///
/// `written` is the generation that was last written since the router started, kept in RAM. An arm is believed only when
/// the file is at least that one and of this start: a file that was restored from a copy, or one from before the router restarted, holds
/// arms that may have been used up since.
///
/// Where nobody knows what was written last, generations go on from the milliseconds since the router started: nothing is written
/// as often as that, so no copy from this start is newer than what is written from now on, even if the file is lost too.
pub fn load(text: Option<&[u8]>, written: Option<u64>, now: &Now) -> Loaded {
    let mut loaded = weigh(text, written, now);
    if written.is_none() && now.uptime != u64::MAX {
        loaded.state.generation = loaded.state.generation.max(now.uptime);
    }
    loaded
}

/// The file against the note and the time.
fn weigh(text: Option<&[u8]>, written: Option<u64>, now: &Now) -> Loaded {
    let Some(text) = text else {
        let warning = written.map(|_| "the state file is gone; every arm ended with it".to_owned());
        return lost(warning, written);
    };
    let first = text.split_inclusive(|byte| *byte == b'\n').next();
    let first = first.unwrap_or_default();
    let mut state = match read(first) {
        Ok(state) => state,
        Err(warning) => return lost(Some(warning), written),
    };
    if !changes::replay(&mut state, first, &text[first.len()..]) {
        let generation = written.unwrap_or_default().max(state.generation);
        return Loaded {
            state: distrust(state, generation, now, CUT),
            warning: Some(CUT.to_owned()),
            sound: false,
        };
    }
    match written {
        Some(generation)
            if state.generation >= generation && state.router_start == now.router_start =>
        {
            Loaded {
                state,
                warning: None,
                sound: true,
            }
        }
        Some(generation) => Loaded {
            state: distrust(state, generation, now, STALE),
            warning: Some(STALE.to_owned()),
            sound: false,
        },
        None => Loaded {
            state: without_arms(state, RESTARTED, now),
            warning: None,
            sound: true,
        },
    }
}

/// The file: a state with the checksum of its words. A worn flash cell can make another valid number of a deadline.
#[derive(Deserialize)]
struct Found {
    checksum: String,
    state: State,
}

/// FNV-1a of 64 bits, which starts with [`FNV_START`]. Against accidents only: whoever can write the file is root.
fn fnv(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The offset basis of FNV-1a with 64 bits (RFC 9923, section 5).
const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

fn checksum(words: &str) -> String {
    format!("{:016x}", fnv(FNV_START, words.as_bytes()))
}

/// Nothing can be trusted. The generation goes on all the same: else the copies of before would be newer than what is
/// written from now on.
fn lost(warning: Option<String>, written: Option<u64>) -> Loaded {
    Loaded {
        state: State {
            generation: written.unwrap_or_default(),
            ..State::default()
        },
        warning,
        sound: false,
    }
}

/// The state that a text says; else one sentence.
fn read(text: &[u8]) -> Result<State, String> {
    let damaged =
        |what: String| format!("the state file is damaged ({what}); every arm ended with it");
    let found =
        serde_json::from_slice::<Found>(text).map_err(|error| damaged(error.to_string()))?;
    let state = found.state;
    let words = serde_json::to_string(&state).map_err(|error| damaged(error.to_string()))?;
    if checksum(&words) != found.checksum {
        return Err(damaged("its checksum is of another text".to_owned()));
    }
    if state.version != VERSION {
        return Err(format!(
            "the state file has version {}, this release knows version {VERSION}",
            state.version
        ));
    }
    Ok(state)
}

const STALE: &str = "the state file is older than the last one written; every arm ended";
const CUT: &str = "the state file is damaged after its first line, maybe by a power cut: what happened last may be lost, and every arm ended with it";
const RESTARTED: &str = "the router restarted before an installer claimed; arm the host again";

/// An older copy, or one that lost its end: what it says of arms and of `once` may have been used up since.
fn distrust(state: State, generation: u64, now: &Now, why: &str) -> State {
    let mut state = without_arms(state, why, now);
    // Later writes must not look older than the one that was lost.
    state.generation = generation;
    for record in state.hosts.values_mut() {
        record.once = Once::Spent;
    }
    state
}

fn without_arms(mut state: State, note: &str, now: &Now) -> State {
    for record in state.hosts.values_mut() {
        let back = record.arm.take().and_then(|arm| arm.back());
        if matches!(record.phase, Phase::Armed | Phase::Booting) {
            record.phase = back.unwrap_or(Phase::Expired);
            record.note = note.to_owned();
            record.since = now.wall;
        }
    }
    state
}

impl State {
    /// The text of a new file.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let words = serde_json::to_string(self)?;
        let checksum = checksum(&words);
        Ok(format!(
            "{{\"checksum\":\"{checksum}\",\"state\":{words}}}\n"
        ))
    }

    /// Makes a record for each host that is new, and forgets hosts that were taken out of the configuration.
    ///
    /// `configured` names every host section, usable or not, and whether it is set to `install 'once'`. `sound` is that of
    /// [`Loaded`] for the hosts that are there at start, true for hosts that appear later. Returns whether anything changed.
    pub fn follow(&mut self, configured: &BTreeMap<String, bool>, sound: bool) -> bool {
        let before = self.hosts.len();
        self.hosts.retain(|name, _| configured.contains_key(name));
        let mut changed = self.hosts.len() != before;
        for (name, once) in configured {
            if self.hosts.contains_key(name) {
                continue;
            }
            let record = match (sound, once) {
                (true, _) => Record {
                    once: Once::Waiting,
                    ..Record::default()
                },
                (false, false) => Record::default(),
                (false, true) => Record {
                    note: ONCE_UNKNOWN.to_owned(),
                    ..Record::default()
                },
            };
            self.hosts.insert(name.clone(), record);
            changed = true;
        }
        changed
    }
}

const ONCE_UNKNOWN: &str = "install 'once' is off: the state file was lost or new, so nobody knows whether this host was installed before; arm it";
