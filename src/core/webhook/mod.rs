//! Webhooks: what is told to HTTP servers of the user's when something happens to a host.
//!
//! [`url`] is where, [`news`] what, [`queue`] in which order and how often, [`http`] and, where the server wants TLS,
//! [`uclient_fetch`] in which words. Not its job: sending (`serve::webhooks`), the section of the configuration (`settings`).

pub mod http;
pub mod news;
pub mod queue;
pub mod uclient_fetch;
pub mod url;

use std::fmt;

use super::lifecycle::{Event, Phase, Record};
pub use url::{Scheme, Url};

/// Most webhooks: each may hold a connection and a queue.
pub const MOST_WEBHOOKS: usize = 8;

/// `config webhook`: a server that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Section name.
    pub name: String,
    /// Where it is told.
    pub url: Url,
    /// What it is told; never empty.
    pub events: Vec<Happening>,
    /// Value of the header `Authorization`.
    pub authorization: Option<Secret>,
}

impl Webhook {
    /// Whether it is told at the same place in the same way: how it went there before says something about this one.
    pub fn is_told_as(&self, other: &Webhook) -> bool {
        self.url == other.url && self.authorization == other.authorization
    }
}

/// A text that is shown nowhere: [`fmt::Debug`] hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret.
    pub fn new(text: &str) -> Self {
        Secret(text.to_owned())
    }

    /// As it is sent, and for nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a webhook can be told: a phase that was entered, or one of three things that are no phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// A host entered that phase.
    Phase(Phase),
    /// A host reported its hardware, as `arm --discover` asked for.
    Discovered,
    /// A machine that is no host asked what to boot.
    Unknown,
    /// The user tries the webhook.
    Test,
}

/// All that can be asked for by `list event`. A test comes unasked.
pub const HAPPENINGS: [Happening; 9] = [
    Happening::Phase(Phase::Idle),
    Happening::Phase(Phase::Armed),
    Happening::Phase(Phase::Booting),
    Happening::Phase(Phase::Installing),
    Happening::Phase(Phase::Installed),
    Happening::Phase(Phase::Failed),
    Happening::Phase(Phase::Expired),
    Happening::Discovered,
    Happening::Unknown,
];

/// What is told when `list event` is absent: what ends an installation, one way or another.
pub const DEFAULT_HAPPENINGS: [Happening; 3] = [
    Happening::Phase(Phase::Installed),
    Happening::Phase(Phase::Failed),
    Happening::Phase(Phase::Expired),
];

impl Happening {
    /// The word in settings and deliveries: that of the phase.
    pub fn word(self) -> &'static str {
        match self {
            Happening::Phase(phase) => phase.word(),
            Happening::Discovered => "discovered",
            Happening::Unknown => "unknown",
            Happening::Test => "test",
        }
    }

    /// What a new phase is told as. A look at the hardware leads back to an earlier phase, and nothing was installed by it:
    /// `look_ends` is what its end is told as.
    pub fn of_change(before: &Record, after: &Record, look_ends: Happening) -> Self {
        if before.is_to_be_looked_at() && after.arm.is_none() {
            return look_ends;
        }
        Happening::Phase(after.phase)
    }

    /// What the end of a look at the hardware is told as, by the event that ended it.
    pub fn end_of_look(event: &Event<'_>) -> Self {
        match event {
            Event::Discovered { .. } => Happening::Discovered,
            Event::Disarm => Happening::Phase(Phase::Idle),
            _ => Happening::Phase(Phase::Expired),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::lifecycle::{Arm, ArmedBy, Now, Purpose, step};
    use crate::core::token::Token;

    fn now() -> Now {
        Now {
            router_start: "a".to_owned(),
            uptime: 1000,
            wall: None,
        }
    }

    fn looked_at() -> Record {
        let mac = "52:54:00:00:00:01".parse().expect("a MAC");
        let arm = Arm {
            token: Token::new([7; 16]),
            macs: vec![mac],
            router_start: "a".to_owned(),
            deadline: 2000,
            starts: 1,
            attempts: 2,
            by: ArmedBy::User,
            purpose: Purpose::Discover(Phase::Installed),
            disk_serial: None,
            host_key: None,
        };
        Record {
            phase: Phase::Booting,
            arm: Some(arm),
            ..Record::default()
        }
    }

    #[test]
    fn the_end_of_a_look_at_the_hardware_is_no_installation() {
        let token = Token::new([7; 16]);
        let mac = "52:54:00:00:00:01".parse().expect("a MAC");
        let report = Event::Discovered {
            mac,
            token: token.reveal(),
            what: "1 disk",
        };
        let failed = Event::Failed {
            token: token.reveal(),
            reason: "no",
        };
        for (event, word) in [
            (report, "discovered"),
            (Event::Disarm, "idle"),
            (failed, "expired"),
        ] {
            let ends = Happening::end_of_look(&event);
            let before = looked_at();
            let (after, _) = step(&before, event, &now());
            assert_eq!(after.phase, Phase::Installed);
            assert_eq!(Happening::of_change(&before, &after, ends).word(), word);
        }
    }

    #[test]
    fn every_other_change_is_told_as_its_phase() {
        let (before, mut after) = (Record::default(), looked_at());
        let ends = Happening::Phase(Phase::Expired);
        assert_eq!(
            Happening::of_change(&before, &after, ends).word(),
            "booting"
        );
        after = Record {
            phase: Phase::Installed,
            ..Record::default()
        };
        assert_eq!(
            Happening::of_change(&before, &after, ends).word(),
            "installed"
        );
    }

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new("Bearer abc");
        assert_eq!(
            format!("{secret:?} {}", secret.reveal()),
            "Secret(…) Bearer abc"
        );
    }
}
