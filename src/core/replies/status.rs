//! All hosts at a glance.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::actions::{Action, Next};
use crate::core::doctor::Diagnosis;
use crate::core::machine::Machine;
use crate::core::progress::PercentFrom;

/// `status`: one page of hosts, and what else there is to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReply {
    /// Version of the service.
    pub version: String,
    /// Where machines reach it; empty while the interface has no address.
    pub url: String,
    /// Hosts that match what was asked for, on all pages.
    pub total: usize,
    /// Matching hosts that were skipped.
    pub offset: usize,
    /// Hosts by phase, whatever was asked for.
    pub counts: Counts,
    /// One page of hosts. It ends early when its entries are long: the next one begins after the last host here.
    pub hosts: Vec<HostStatus>,
    /// Machines that asked and are no host, the last one first. Bounded.
    pub unknown: Vec<UnknownMachine>,
    /// What is wrong in `/etc/config/kickstand`, in words. Bounded.
    pub faults: Vec<String>,
    /// The same in parts.
    pub fault_list: Vec<FaultEntry>,
    /// How many faults there are in all.
    pub fault_count: usize,
    /// What else the user should know: a state that was lost, a file that cannot be written.
    pub warnings: Vec<String>,
    /// Webhooks in the order of the file, as [`super::WebhookStatus`].
    #[serde(default)]
    pub webhooks: Vec<Value>,
}

/// How many hosts are in each phase, and how many machines are no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[allow(missing_docs)] // The phases.
pub struct Counts {
    pub idle: usize,
    pub armed: usize,
    pub booting: usize,
    pub installing: usize,
    pub installed: usize,
    pub failed: usize,
    pub expired: usize,
    pub disabled: usize,
    pub unknown: usize,
}

/// `overview`: what a page that shows much else has room for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverviewReply {
    /// Hosts in all.
    pub hosts: usize,
    /// Hosts that are armed and were not started yet.
    pub armed: usize,
    /// Hosts whose installer was started and has not claimed.
    pub booting: usize,
    /// Hosts that are installing.
    pub installing: usize,
    /// Hosts whose installation failed.
    pub failed: usize,
    /// Machines that asked and are no host.
    pub unknown: usize,
    /// Faults in `/etc/config/kickstand`.
    pub faults: usize,
    /// Section names of the first hosts that are installing.
    pub installing_names: Vec<String>,
    /// Webhooks that fail repeatedly.
    #[serde(default)]
    pub failing_webhooks: usize,
}

/// Where a host is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStatus {
    /// Section name.
    pub name: String,
    /// Name of the installed system.
    pub hostname: String,
    /// Its cards. Bounded.
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
    /// Per cent of the installation, while it is installing: below 100, and never less than before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// Where they come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent_from: Option<PercentFrom>,
    /// Seconds until it is installed, as earlier installations of the same profile went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// What its installer does, as its log told last, while it is booting or installing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Seconds since 1970 at which its installation began, while it is installing and when the clock was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<u64>,
    /// Seconds since then, while it is installing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed: Option<u64>,
    /// Whether its answer file is open to anybody on the LAN right now (option publish).
    #[serde(default)]
    pub open: bool,
    /// SSH host key of the installed system, `ssh-ed25519 AAAA…`, where it was delivered by its answer file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_host_key: Option<String>,
    /// What would be wiped.
    pub disk: String,
    /// x86_64, aarch64 or i386, once it has asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// IPv4 address and prefix length of the installed system, where one is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The last thing that happened, in words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last: String,
    /// Seconds since 1970 at which it happened, when the clock was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<u64>,
    /// Seconds since it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ago: Option<u64>,
    /// What is wrong with it, most likely, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Diagnosis>,
    /// The action to offer first.
    pub next: Next,
    /// Every action that makes sense now.
    pub can: Vec<Action>,
    /// What is wrong with its section. Bounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// A machine that asked and is no host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct UnknownMachine {
    /// What it said about itself. Untrusted.
    #[serde(flatten)]
    pub machine: Machine,
    /// How often and when it asked.
    #[serde(flatten)]
    pub asking: Asking,
}

/// How often and when a machine asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    /// How often it asked.
    pub asked: u32,
    /// Seconds since it last asked.
    pub seconds_ago: u64,
}

/// As for one host.
impl TryFrom<Value> for UnknownMachine {
    type Error = serde_json::Error;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        Ok(UnknownMachine {
            machine: serde_json::from_value(value.clone())?,
            asking: serde_json::from_value(value)?,
        })
    }
}

/// One thing that is wrong in `/etc/config/kickstand`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultEntry {
    /// Type of the section, such as `host`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Name of the section.
    pub section: String,
    /// The option, when one is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
    /// The value that was found, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Line of the file, from 1, when one is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What is allowed, or what to do.
    pub text: String,
}

/// `profiles`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfilesReply {
    /// By name.
    pub profiles: Vec<ProfileEntry>,
}

/// An operating system that can be installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileEntry {
    /// Section name.
    pub name: String,
    /// For people.
    pub title: String,
    /// kickstart, preseed, autoinstall or script; empty when its section has faults.
    pub kind: String,
    /// Whether hosts can use it.
    pub ready: bool,
    /// What is wrong with its section first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}
