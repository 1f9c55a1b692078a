//! Replies of the ubus object, of `/v1/status` and of `--json`: one definition for service, CLI and tests.
//!
//! Field names are part of the interface. Every reply is a JSON object; a refusal is an [`ErrorReply`].

use serde::{Deserialize, Serialize};

/// Something could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReply {
    /// One sentence that says what to do.
    pub error: String,
}

/// `status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReply {
    /// Version of the service.
    pub version: String,
    /// Where machines reach it; empty while the interface has no address.
    pub url: String,
    /// Hosts, by name.
    pub hosts: Vec<HostStatus>,
    /// Machines that asked and are no host, the last one first.
    pub unknown: Vec<UnknownMachine>,
    /// What is wrong in `/etc/config/kickstand`.
    pub faults: Vec<String>,
    /// What else the user should know: a state that was lost, a file that cannot be written.
    pub warnings: Vec<String>,
}

/// `host`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostReply {
    /// Where it is.
    #[serde(flatten)]
    pub status: HostStatus,
    /// What happened to it, the oldest first. Kept in RAM, bounded.
    pub events: Vec<EventEntry>,
    /// The end of the log that its installer sent when it failed; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub log: String,
}

/// Where a host is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStatus {
    /// Section name.
    pub name: String,
    /// Name of the installed system.
    pub hostname: String,
    /// Its cards.
    pub macs: Vec<String>,
    /// Section name of its profile.
    pub profile: String,
    /// Title of that profile.
    pub title: String,
    /// idle, armed, booting, installing, installed, failed, expired; or disabled, when its section has faults.
    pub phase: String,
    /// Why, in one sentence; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Seconds since 1970 at which it got there, when the clock was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Seconds until its arm ends, while it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
    /// Installers started under that arm.
    #[serde(default)]
    pub starts: u32,
    /// Per cent of the installation, as the installer last said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// Whether its answer file is open to anybody on the LAN right now (option publish).
    #[serde(default)]
    pub open: bool,
    /// What would be wiped.
    pub disk: String,
    /// The last thing that happened, in words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last: String,
    /// What is wrong with its section.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// A machine that asked and is no host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownMachine {
    /// What it said about itself. Untrusted.
    #[serde(flatten)]
    pub machine: super::machine::Machine,
    /// How often it asked.
    pub asked: u32,
    /// Seconds since it last asked.
    pub seconds_ago: u64,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventEntry {
    /// Number of the event, growing since the service started.
    pub number: u64,
    /// Milliseconds since the router started.
    pub uptime: u64,
    /// Seconds since 1970, when the clock was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall: Option<u64>,
    /// Name of the host, or MAC of an unknown machine.
    pub subject: String,
    /// Kind of event, one word: asked, install, local, wait, answer, claim, progress, completed, failed, armed, …
    pub kind: String,
    /// What happened, in words.
    pub text: String,
    /// How often in a row.
    pub times: u32,
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
    /// What is wrong with it, when it is the answer file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
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

/// One thing that is wrong with an answer file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Characters that are to blame.
    #[serde(default)]
    pub width: usize,
    /// error, warning or note.
    pub severity: String,
    /// Short name that does not change between versions.
    pub code: String,
    /// What is wrong and what happens if it stays.
    pub text: String,
    /// How to mend it.
    pub help: String,
}

/// `arm`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmReply {
    /// Section name.
    pub host: String,
    /// Seconds until the arm ends.
    pub seconds_left: u64,
    /// What will be wiped.
    pub disk: String,
    /// Title of the profile that will be installed.
    pub title: String,
    /// What the user should know besides.
    pub warnings: Vec<String>,
}

/// `disarm` and `forget`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoneReply {
    /// What was done, in one sentence.
    pub done: String,
}

/// `adopt`: what to commit so that a machine becomes a host. The service never writes UCI itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptReply {
    /// Section name of the new host.
    pub host: String,
    /// Lines for `uci batch`, without the commit.
    pub uci: Vec<String>,
}
