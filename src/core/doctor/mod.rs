//! What is wrong with an installation: what was seen of a host → at most one sentence and one action.
//!
//! An installer's log says most when there is one (`logs`); else where on its way the host stopped says what is likely (`stops`).
//! It guesses, for people; nothing is decided by it. Not its job: collecting what was seen.

pub mod logs;
pub mod stops;

use serde::{Deserialize, Serialize};

use super::lifecycle::Phase;
use super::replies::EventEntry;

/// What is wrong, most likely.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Short name that does not change between versions (docs/troubleshooting.md).
    pub code: String,
    /// What happened.
    pub sentence: String,
    /// What to do about it.
    pub action: String,
}

impl Diagnosis {
    fn new(code: &str, sentence: impl Into<String>, action: impl Into<String>) -> Self {
        Diagnosis {
            code: code.to_owned(),
            sentence: sentence.into(),
            action: action.into(),
        }
    }
}

/// What was seen of a host.
pub struct Facts<'a> {
    /// Name of the host, for the commands of an action.
    pub host: &'a str,
    /// Where it is.
    pub phase: Phase,
    /// Why it is there.
    pub note: &'a str,
    /// What happened to it, the oldest first.
    pub events: &'a [EventEntry],
    /// Seconds since the last sign of life: an event, or a line of its log.
    pub quiet: u64,
    /// Installers started under its arm.
    pub starts: u32,
    /// The end of its installer's log; may be empty.
    pub log: &'a str,
    /// Whether the router has a boot file for a client architecture (RFC 4578).
    pub has_boot_file: &'a dyn Fn(u16) -> bool,
}

/// Longest piece of a log that is quoted in a sentence, in characters.
const QUOTED: usize = 120;

/// What is wrong, if anything seems to be.
pub fn diagnose(facts: &Facts<'_>) -> Option<Diagnosis> {
    if stops::was_looked_at(facts) {
        return None;
    }
    let mut diagnosis = from_log(facts).or_else(|| stops::diagnose(facts))?;
    diagnosis.action = diagnosis.action.replace("HOST", facts.host);
    Some(diagnosis)
}

/// A log tells of troubles that installers get over; so it is asked only when the host has failed, or says nothing any more.
fn from_log(facts: &Facts<'_>) -> Option<Diagnosis> {
    let is_over = matches!(facts.phase, Phase::Failed | Phase::Expired);
    let is_stuck = matches!(facts.phase, Phase::Booting | Phase::Installing)
        && facts.quiet >= stops::LOG_QUIET;
    if !is_over && !is_stuck {
        return None;
    }
    // The reason of a report stands in the note.
    let log = format!("{}\n{}", facts.note, facts.log);
    let (mut diagnosis, line) = logs::diagnose(&log)?;
    let line: String = line.trim().chars().take(QUOTED).collect();
    diagnosis.sentence = format!("{}: {line}", diagnosis.sentence);
    Some(diagnosis)
}
