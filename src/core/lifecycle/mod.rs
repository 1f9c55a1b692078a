//! The lifecycle of a host: phases, arms, claims, and the one function that changes them.
//!
//! `step(record, event, now)` is total: an event that is not allowed is answered, never panicked on. What it returns
//! must be on flash before anybody acts on the outcome; that is the caller's part (`serve::engine`).
//!
//! Not its job: who a machine is (the caller checks MAC and neighbour first), scripts, files.

mod step;

use serde::{Deserialize, Serialize};

use super::host_key::HostKey;
use super::mac::Mac;
use super::token::Token;

pub use step::step;

/// Where a host is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Nothing asked, nothing done.
    #[default]
    Idle,
    /// The user allowed one installation; no installer was started yet.
    Armed,
    /// An installer was started and has not claimed.
    Booting,
    /// An installer claimed and is at work on the disk.
    Installing,
    /// The installer reported that it is done.
    Installed,
    /// It went wrong; the note says how.
    Failed,
    /// The arm ended before an installer claimed it.
    Expired,
}

impl Phase {
    /// The word used in status, UI and log.
    pub const fn word(self) -> &'static str {
        match self {
            Phase::Idle => "idle",
            Phase::Armed => "armed",
            Phase::Booting => "booting",
            Phase::Installing => "installing",
            Phase::Installed => "installed",
            Phase::Failed => "failed",
            Phase::Expired => "expired",
        }
    }
}

/// Time as a router knows it. Windows run on `uptime` within one `router_start`: the clock on the wall can be set, jumps,
/// and begins in 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now {
    /// Differs after each start of the router (`/proc/sys/kernel/random/boot_id`).
    pub router_start: String,
    /// Milliseconds since that start.
    pub uptime: u64,
    /// Seconds since 1970, for people only; absent while the clock was never set.
    pub wall: Option<u64>,
}

/// The user's permission to wipe a host once, within a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// The secret of this arm.
    pub token: Token,
    /// The cards that the host had when it was armed. A machine with another card was not meant.
    pub macs: Vec<Mac>,
    /// The start of the router within which it lives.
    pub router_start: String,
    /// Uptime in milliseconds at which it ends.
    pub deadline: u64,
    /// Installers started under it.
    pub starts: u32,
    /// Installers that may be started under it.
    pub attempts: u32,
    /// Whose permission it is.
    pub by: ArmedBy,
    /// What it permits.
    #[serde(default, skip_serializing_if = "Purpose::installs")]
    pub purpose: Purpose,
    /// Serial number of the only disk that it covers; without one, whichever disk the answer file names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_serial: Option<String>,
    /// The SSH host key that the installed system is to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_key: Option<HostKey>,
}

impl Arm {
    /// Whether an installer may be started or may claim under it now.
    pub fn live(&self, now: &Now) -> bool {
        self.router_start == now.router_start && now.uptime < self.deadline
    }

    /// The phase to go back to when it ends without having led anywhere; none for one that was to install.
    pub fn back(&self) -> Option<Phase> {
        match self.purpose {
            Purpose::Install => None,
            Purpose::Discover(back) => Some(back),
        }
    }

    /// Milliseconds left.
    pub fn left(&self, now: &Now) -> u64 {
        if self.live(now) {
            self.deadline - now.uptime
        } else {
            0
        }
    }
}

/// What an arm permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// One installation, which wipes the disk.
    #[default]
    Install,
    /// A look at the hardware: the installer starts, reports and powers off. No claim is granted under it. Holds the phase to
    /// go back to.
    Discover(Phase),
}

impl Purpose {
    /// Whether it is for an installation.
    pub fn installs(&self) -> bool {
        *self == Purpose::Install
    }
}

/// Whose permission an arm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArmedBy {
    /// Somebody typed `arm` or pressed the button.
    User,
    /// `option install 'once'`. Covers a blank disk only: nobody looked at what is on it.
    Once,
}

/// What an installer was granted. Remembered after the installation, so that its completion is accepted late or twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The token of the arm that it used up.
    pub token: Token,
    /// Random word of that one run of the installer: the same run may ask again when our answer got lost.
    pub nonce: String,
    /// The SSH host key of that installation; its private part until the installation is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_key: Option<HostKey>,
}

impl Claim {
    fn forget_key(&mut self) {
        if let Some(key) = &mut self.host_key {
            key.forget();
        }
    }
}

/// Whether `option install 'once'` may still arm a host by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Once {
    /// It was armed before, by whomever, or nobody can know any more. Only the user arms it.
    #[default]
    Spent,
    /// The host was configured while the state was sound, and was never armed.
    Waiting,
}

/// Everything about a host that must outlive a restart of the service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Record {
    /// Where it is.
    pub phase: Phase,
    /// Why it is there, in one sentence; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Seconds since 1970 at which it got there, when the clock was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// The arm, until it is used up, ends or is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<Arm>,
    /// The last claim that was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// Whether it may arm itself.
    #[serde(default)]
    pub once: Once,
}

impl Record {
    /// Whether it is armed for a look at its hardware.
    pub fn is_to_be_looked_at(&self) -> bool {
        self.arm.as_ref().is_some_and(|arm| arm.back().is_some())
    }

    /// The SSH host key of the system that is installed, as far as it is known.
    pub fn host_key(&self) -> Option<&HostKey> {
        let claim = self
            .claim
            .as_ref()
            .filter(|_| self.phase == Phase::Installed);
        claim.and_then(|claim| claim.host_key.as_ref())
    }

    /// The SSH host key for the answer file that is asked for with this token.
    pub fn key_to_deliver(&self, token: &str) -> Option<&HostKey> {
        let arm = self.arm.as_ref().filter(|arm| arm.token.matches(token));
        let claim = self
            .claim
            .as_ref()
            .filter(|claim| claim.token.matches(token));
        arm.and_then(|arm| arm.host_key.as_ref())
            .or_else(|| claim.and_then(|claim| claim.host_key.as_ref()))
    }

    /// Whether it holds the private part of a key.
    pub fn holds_private_key(&self) -> bool {
        let of_arm = self.arm.as_ref().and_then(|arm| arm.host_key.as_ref());
        let of_claim = self
            .claim
            .as_ref()
            .and_then(|claim| claim.host_key.as_ref());
        let mut keys = of_arm.into_iter().chain(of_claim);
        keys.any(HostKey::is_private)
    }

    /// The arm under which something may be started now.
    pub fn live_arm(&self, now: &Now) -> Option<&Arm> {
        self.arm.as_ref().filter(|arm| arm.live(now))
    }

    /// Whether the arm that is live is for a look at the hardware only.
    pub fn discovers(&self, now: &Now) -> bool {
        self.live_arm(now)
            .is_some_and(|arm| !arm.purpose.installs())
    }

    /// Whether a token belongs to what is going on: a live arm, or the installation that claimed.
    pub fn knows_token(&self, presented: &str, now: &Now) -> bool {
        let of_arm = self
            .live_arm(now)
            .is_some_and(|arm| arm.token.matches(presented));
        let of_claim = self.phase == Phase::Installing && self.claimed_with(presented);
        of_arm || of_claim
    }

    /// The text without the tokens of this record.
    pub fn hide_tokens(&self, text: &str) -> String {
        let of_arm = self.arm.as_ref().map(|arm| &arm.token);
        let of_claim = self.claim.as_ref().map(|claim| &claim.token);
        let tokens = of_arm.into_iter().chain(of_claim);
        tokens.fold(text.to_owned(), |text, token| token.hide_in(&text))
    }

    fn claimed_with(&self, presented: &str) -> bool {
        self.claim
            .as_ref()
            .is_some_and(|claim| claim.token.matches(presented))
    }
}

/// What happens to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// Permission to wipe it once.
    Arm(Arm),
    /// Permission taken back.
    Disarm,
    /// Its iPXE asks what to boot.
    Asked {
        /// The card it boots from.
        mac: Mac,
        /// False when the same iPXE asks again because an answer or a download got lost: that is no new start.
        first_try: bool,
    },
    /// Its installer fetches the answer file.
    Fetched {
        /// The card that it is asked for.
        mac: Mac,
        /// The token that it showed.
        token: &'a str,
        /// Whether that answer file will claim; if not, handing it out is the claim.
        claims: bool,
    },
    /// Its installer asks to begin.
    Claim {
        /// The card that it booted from.
        mac: Mac,
        /// The token that it showed.
        token: &'a str,
        /// See [`Claim::nonce`].
        nonce: &'a str,
        /// Whether it found the target disk blank.
        blank: bool,
        /// Serial number of the target disk, already cut and cleaned; none when the installer cannot tell.
        serial: Option<&'a str>,
    },
    /// The installer's environment reported the hardware, as [`Purpose::Discover`] has it do.
    Discovered {
        /// The card that it booted from.
        mac: Mac,
        /// The token that it showed.
        token: &'a str,
        /// What was found, in a few words.
        what: &'a str,
    },
    /// Its installer is done.
    Completed {
        /// The token that it showed.
        token: &'a str,
    },
    /// Its installer gave up.
    Failed {
        /// The token that it showed.
        token: &'a str,
        /// What it said, already cut and cleaned.
        reason: &'a str,
    },
    /// Time passed.
    Tick,
}

/// What an event led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was accepted, and changed the record unless it was a repetition.
    Accepted,
    /// Start the installer with this token.
    Install(Token),
    /// Boot from the disk.
    Local,
    /// It was refused, for the reason given. The record may have changed all the same (an arm found dead expires).
    Refused(Refusal),
}

/// Why an event was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no arm, or the token is of another one.
    NotArmed,
    /// The arm ended.
    Expired,
    /// The host was armed before it had this card.
    OtherCard,
    /// Another run of the installer claimed already.
    Claimed,
    /// An arm of `install 'once'` does not cover a disk that holds something.
    DiskNotBlank,
    /// An arm of `install 'once'`, or one for a certain disk, needs an answer file that claims.
    NoClaimInAnswer,
    /// The target disk is not the one that was armed for, or the installer cannot tell. The record's note names both.
    OtherDisk,
    /// The arm is for a look at the hardware only.
    DiscoversOnly,
    /// The host is armed for an installation, which a look at its hardware would take the place of.
    ArmedToInstall,
    /// An installation is going on.
    Installing,
    /// It cannot arm itself (any more).
    OnceSpent,
    /// There is nothing to take back.
    NothingToDisarm,
}

impl Refusal {
    /// One sentence for the one who asked.
    pub fn sentence(self) -> &'static str {
        match self {
            Refusal::NotArmed => "this host is not armed, or the token is of an earlier arm",
            Refusal::Expired => "the arm ended before the installer claimed it: arm the host again",
            Refusal::OtherCard => {
                "this host was armed without this card, so another machine may be meant: arm the host again"
            }
            Refusal::Claimed => {
                "another run of the installer has used up this arm: arm the host again"
            }
            Refusal::DiskNotBlank => {
                "the disk holds something and nobody armed this host (install 'once' covers blank disks only): arm it to wipe that disk"
            }
            Refusal::NoClaimInAnswer => {
                "this answer file does not claim, and this arm (install 'once', or option disk_serial) needs one that does: include claim.ks"
            }
            Refusal::OtherDisk => "the disk is not the one that this host was armed for",
            Refusal::DiscoversOnly => {
                "this arm is for a look at the hardware only: arm the host to install it"
            }
            Refusal::ArmedToInstall => "it is armed for an installation: disarm it first",
            Refusal::Installing => {
                "an installation is going on: disarm the host first if that one is dead"
            }
            Refusal::OnceSpent => "install 'once' is spent for this host: arm it yourself",
            Refusal::NothingToDisarm => "this host is not armed",
        }
    }
}
