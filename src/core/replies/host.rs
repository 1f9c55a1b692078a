//! One host from near: what happened to it, what it would be told, what it would get.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::HostStatus;
use crate::core::machine::Machine;

/// `host`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct HostReply {
    /// Where it is.
    #[serde(flatten)]
    pub status: HostStatus,
    /// What is told of one host only.
    #[serde(flatten)]
    pub more: HostDetails,
}

/// What is told of one host only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostDetails {
    /// What happened to it, the oldest first. Kept in RAM, bounded.
    pub events: Vec<EventEntry>,
    /// The end of its installer's log, while it is at work and after it failed; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub log: String,
    /// What it said about itself when it last asked. Untrusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
}

/// serde's own way for flattened members, here and for unknown machines, costs 36 KB of code.
impl TryFrom<Value> for HostReply {
    type Error = serde_json::Error;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        Ok(HostReply {
            status: serde_json::from_value(value.clone())?,
            more: serde_json::from_value(value)?,
        })
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventEntry {
    /// Number of the event, growing since the service started.
    pub number: u64,
    /// Seconds since 1970, when the clock was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// Seconds since the router started, to the millisecond: no clock disturbs the differences.
    pub uptime: f64,
    /// Name of the host, or MAC of an unknown machine.
    pub subject: String,
    /// Kind of event, one word: asked, install, local, wait, answer, claim, progress, completed, failed, armed, …
    pub kind: String,
    /// What happened, in words.
    pub text: String,
    /// How often in a row.
    pub times: u32,
    /// Who says so.
    pub source: Source,
}

/// Who says that something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The machine or its installer.
    Reported,
    /// The router saw it.
    Observed,
    /// The user did it.
    User,
}

impl Source {
    /// Who says so, by the kind of event.
    pub fn of(kind: &str) -> Self {
        match kind {
            "claim" | "progress" | "completed" | "failed" | "hardware" => Source::Reported,
            "armed" | "disarmed" | "woken" => Source::User,
            _ => Source::Observed,
        }
    }
}

/// `explain`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainReply {
    /// The card.
    pub mac: String,
    /// Name of its host; empty when it has none.
    pub host: String,
    /// install, local, wait or refuse.
    pub decision: String,
    /// Why, in one sentence.
    pub why: String,
    /// What was looked at, in order.
    pub checks: Vec<Check>,
}

/// One thing that a decision depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Whether it speaks for an installation.
    pub ok: bool,
    /// What was found.
    pub text: String,
}

/// `render`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderReply {
    /// ipxe, answer or args.
    pub what: String,
    /// The text, with a word in place of the token.
    pub text: String,
    /// What is wrong with it.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

/// Something wrong with a rendered text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Line of the text, from 1.
    pub line: usize,
    /// Column of that line in characters, from 1, where one is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Characters that are to blame.
    #[serde(default)]
    pub width: usize,
    /// How bad it is.
    pub severity: Severity,
    /// Short name that does not change between versions.
    #[serde(default)]
    pub code: String,
    /// What is wrong and what happens if it stays.
    pub text: String,
    /// How to mend it.
    #[serde(default)]
    pub help: String,
}

/// `check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReply {
    /// Section name.
    pub host: String,
    /// Release that its kickstart was checked as; empty for another kind of answer file.
    pub release: String,
    /// How that release was found.
    pub release_from: String,
    /// The answer file, with a word in place of the token.
    pub text: String,
    /// What is wrong with it, in the order of the text.
    pub problems: Vec<Problem>,
}

/// How bad a problem is; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The installation will stop, fail, or leave a machine that does not work.
    Error,
    /// It will probably not do what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        })
    }
}
