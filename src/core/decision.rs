//! The decision: what a machine that asks is told to boot.
//!
//! One seam between policy and protocol: settings and record go in, a decision comes out, [`super::ipxe`] words it.
//! Not its job: changing the record ([`super::lifecycle`]).

use super::lifecycle::{Now, Outcome, Phase, Record};
use super::mac::Mac;
use super::machine::{Machine, Platform};
use super::settings::{Host, Leave, Settings, Unknown};
use super::token::Token;

/// What a machine is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Start the installer of the host's profile.
    Install {
        /// Section name of the host.
        host: String,
        /// The secret for its answer file and reports.
        token: Token,
    },
    /// Boot from the disk.
    Local {
        /// In which way.
        leave: Leave,
        /// Why, in one sentence.
        why: String,
    },
    /// Ask again in a while.
    Wait {
        /// Why, in one sentence.
        why: String,
    },
    /// Stop.
    Refuse {
        /// Why, in one sentence.
        why: String,
    },
}

impl Decision {
    /// The word in metrics.
    pub const fn word(&self) -> &'static str {
        match self {
            Decision::Install { .. } => "install",
            Decision::Local { .. } => "local",
            Decision::Wait { .. } => "wait",
            Decision::Refuse { .. } => "refuse",
        }
    }
}

/// Who a MAC belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity<'a> {
    /// A host that can be used.
    Host(&'a Host),
    /// A host section names it, and has faults.
    Disabled(&'a str),
    /// Nobody configured it.
    Unknown,
}

/// Finds the host of a MAC. Two hosts never have one MAC: settings disable both then.
pub fn identify<'a>(settings: &'a Settings, mac: Mac) -> Identity<'a> {
    match settings.macs.get(&mac) {
        Some(name) => match settings.hosts.get(name) {
            Some(host) => Identity::Host(host),
            None => Identity::Disabled(name),
        },
        None => Identity::Unknown,
    }
}

/// What is told to a machine that is no usable host.
pub fn for_stranger(
    settings: &Settings,
    identity: Identity<'_>,
    machine: &Machine,
    loader: bool,
) -> Decision {
    if let Identity::Disabled(name) = identity {
        let why =
            format!("host '{name}' has faults in its configuration: `kickstand status` names them");
        return Decision::Local {
            leave: leave_for(None, machine.platform, loader),
            why,
        };
    }
    match settings.main.unknown {
        Unknown::Wait => {
            let why = format!(
                "{} is no host yet: adopt it with `kickstand adopt {} NAME PROFILE`",
                machine.mac, machine.mac
            );
            Decision::Wait { why }
        }
        Unknown::Local => {
            let why = format!("{} is no host, and option unknown is 'local'", machine.mac);
            Decision::Local {
                leave: leave_for(None, machine.platform, loader),
                why,
            }
        }
        Unknown::Refuse => Decision::Refuse {
            why: format!("{} is no host, and option unknown is 'refuse'", machine.mac),
        },
    }
}

/// What is told to a host, given what its record answered to [`super::lifecycle::Event::Asked`].
pub fn for_host(
    host: &Host,
    record: &Record,
    outcome: &Outcome,
    machine: &Machine,
    loader: bool,
) -> Decision {
    match outcome {
        Outcome::Install(token) => Decision::Install {
            host: host.name.clone(),
            token: token.clone(),
        },
        _ => {
            let leave = leave_for(host.leave, machine.platform, loader);
            Decision::Local {
                leave,
                why: why_local(host, record),
            }
        }
    }
}

fn why_local(host: &Host, record: &Record) -> String {
    let name = &host.name;
    let reason = match record.phase {
        Phase::Idle => "is not armed".to_owned(),
        Phase::Installed => "is installed".to_owned(),
        Phase::Failed | Phase::Expired if !record.note.is_empty() => {
            format!("is {}: {}", record.phase.word(), record.note)
        }
        Phase::Armed | Phase::Booting => "was armed for other cards than this one".to_owned(),
        phase => format!("is {}", phase.word()),
    };
    format!("{name} {reason}")
}

/// The way to the disk that suits a host: its own choice, else what worked under every firmware tried.
///
/// - A loader that the router serves finds the installed system whatever the firmware does next.
/// - UEFI without it: `exit 1`. A boot option that fails lets the firmware try the next one; one that succeeds makes it
///   show its menu (UEFI specification, section 3.1.1).
/// - BIOS: `sanboot` starts the first disk itself.
pub fn leave_for(choice: Option<Leave>, platform: Platform, loader: bool) -> Leave {
    match (choice, platform) {
        (Some(leave), _) => leave,
        (None, Platform::Efi) if loader => Leave::Chain,
        (None, Platform::Efi) => Leave::Exit1,
        (None, Platform::PcBios) => Leave::Sanboot,
    }
}

/// Whether `install 'once'` should arm this host now.
pub fn arms_itself(host: &Host, record: &Record, now: &Now) -> bool {
    use super::lifecycle::Once;
    use super::settings::Install;
    host.install == Install::Once
        && record.once == Once::Waiting
        && record.phase == Phase::Idle
        && record.live_arm(now).is_none()
}
