//! The pure lifecycle, with a shell around it that keeps its two files in memory and can be stopped at any point of a
//! write. It does what `serve::engine` and `host::state_file` do, in their order.

use std::collections::BTreeMap;

use kickstand::core::decision::{Identity, arms_itself, identify};
use kickstand::core::lifecycle::{Arm, ArmedBy, Event, Now, Outcome, Phase, Purpose, Record, step};
use kickstand::core::settings::{self, Host, Settings};
use kickstand::core::state::changes::{self, Chain};
use kickstand::core::state::{self, State};
use kickstand::core::token::{TOKEN_BYTES, Token};
use kickstand::core::uci;

use super::operations::Point;
use super::system::{Run, System};

pub struct Shell {
    now: Now,
    settings: Settings,
    state: State,
    flash: Option<Vec<u8>>,
    /// Generation that was last written. None after the router started.
    ram: Option<u64>,
    /// Where a change can be added; none before the state was written whole.
    end: Option<Chain>,
    tokens: u64,
    crash: Option<Point>,
    crashed: bool,
}

impl Shell {
    fn start(&mut self) {
        self.end = None;
        let loaded = state::load(self.flash.as_deref(), self.ram, &self.now);
        self.state = loaded.state;
        self.state.follow(&self.settings.configured, loaded.sound);
        self.keep(None);
    }

    /// Writes what changed of a host; without one, all.
    fn keep(&mut self, host: Option<&str>) {
        self.state.generation += 1;
        self.state.router_start = self.now.router_start.clone();
        let (before, new, end) = match (self.flash.take(), self.end, host) {
            (Some(before), Some(end), Some(host)) => {
                let (line, end) =
                    changes::line(end, &self.state, host, false).expect("a line has words");
                (before, line.into_bytes(), end)
            }
            (before, ..) => {
                let text = self.state.to_text().expect("a state has words");
                let end = Chain::begin(text.as_bytes());
                if self.crash == Some(Point::BeforeWrite) || self.crash == Some(Point::HalfWritten)
                {
                    self.flash = before;
                    self.crashed = true;
                    return;
                }
                (Vec::new(), text.into_bytes(), end)
            }
        };
        let written = match self.crash {
            Some(Point::BeforeWrite) => 0,
            Some(Point::HalfWritten) => new.len() / 2,
            _ => new.len(),
        };
        self.flash = Some([&before[..], &new[..written]].concat());
        if matches!(
            self.crash,
            Some(Point::BeforeWrite | Point::HalfWritten | Point::AfterFile)
        ) {
            self.crashed = true;
            return;
        }
        self.end = Some(end);
        self.ram = Some(self.state.generation);
        self.crashed = self.crash.is_some();
    }

    fn apply(&mut self, host: &str, event: Event<'_>) -> Option<Outcome> {
        if self.crashed {
            return None;
        }
        let before = self.state.hosts.get(host).cloned().unwrap_or_default();
        let (after, outcome) = step(&before, event, &self.now);
        if after != before {
            self.state.hosts.insert(host.to_owned(), after);
            self.keep(Some(host));
        }
        (!self.crashed).then_some(outcome)
    }

    fn accepts(&mut self, host: &str, event: Event<'_>) -> bool {
        self.apply(host, event) == Some(Outcome::Accepted)
    }

    fn fresh_arm(&mut self, host: &Host, by: ArmedBy, window: u32) -> Arm {
        self.tokens += 1;
        let mut random = [0; TOKEN_BYTES];
        random[..8].copy_from_slice(&self.tokens.to_le_bytes());
        Arm {
            token: Token::new(random),
            macs: host.macs.clone(),
            router_start: self.now.router_start.clone(),
            deadline: self.now.uptime + u64::from(window) * 1000,
            starts: 0,
            attempts: self.settings.main.attempts,
            by,
            purpose: Purpose::Install,
            disk_serial: host.disk_serial.clone(),
            host_key: None,
        }
    }

    fn host(&self, card: &str) -> Option<Host> {
        match identify(&self.settings, card.parse().expect("a card")) {
            Identity::Host(host) => Some(host.clone()),
            _ => None,
        }
    }
}

impl System for Shell {
    fn new(now: &Now) -> Self {
        let mut shell = Shell {
            now: now.clone(),
            settings: Settings::default(),
            state: State::default(),
            flash: None,
            ram: None,
            end: None,
            tokens: 0,
            crash: None,
            crashed: false,
        };
        shell.start();
        shell
    }

    fn set_time(&mut self, now: &Now) {
        self.now = now.clone();
    }

    fn configure(&mut self, text: &str) {
        self.settings = settings::read(&uci::parse(text.as_bytes()).expect("valid UCI"));
        let configured: BTreeMap<String, bool> = self.settings.configured.clone();
        if self.state.follow(&configured, true) {
            self.keep(None);
        }
    }

    fn arm(&mut self, name: &str, window: u32) -> bool {
        let Some(host) = self.settings.hosts.get(name).cloned() else {
            return false;
        };
        let arm = self.fresh_arm(&host, ArmedBy::User, window);
        self.accepts(name, Event::Arm(arm))
    }

    fn discover(&mut self, name: &str, window: u32) -> bool {
        let Some(host) = self.settings.hosts.get(name).cloned() else {
            return false;
        };
        let arm = Arm {
            purpose: Purpose::Discover(Phase::Idle),
            ..self.fresh_arm(&host, ArmedBy::User, window)
        };
        self.accepts(name, Event::Arm(arm))
    }

    fn hardware(&mut self, card: &str, token: &str) -> bool {
        let mac = card.parse().expect("a card");
        let what = "discovered";
        self.host(card)
            .is_some_and(|host| self.accepts(&host.name, Event::Discovered { mac, token, what }))
    }

    fn disarm(&mut self, host: &str) -> bool {
        self.settings.hosts.contains_key(host) && self.accepts(host, Event::Disarm)
    }

    fn boot(&mut self, card: &str, first_try: bool) -> Option<String> {
        let host = self.host(card)?;
        let record = self.record(&host.name);
        if arms_itself(&host, &record, &self.now) {
            let arm = self.fresh_arm(&host, ArmedBy::Once, self.settings.main.window);
            self.apply(&host.name, Event::Arm(arm));
        }
        let mac = card.parse().expect("a card");
        match self.apply(&host.name, Event::Asked { mac, first_try }) {
            Some(Outcome::Install(token)) => Some(token.reveal().to_owned()),
            _ => None,
        }
    }

    fn fetch(&mut self, card: &str, token: &str, claims: bool) -> bool {
        let mac = card.parse().expect("a card");
        self.host(card)
            .is_some_and(|host| self.accepts(&host.name, Event::Fetched { mac, token, claims }))
    }

    fn claim(&mut self, card: &str, token: &str, run: Run) -> bool {
        let mac = card.parse().expect("a card");
        self.host(card).is_some_and(|host| {
            self.accepts(
                &host.name,
                Event::Claim {
                    mac,
                    token,
                    nonce: run.nonce,
                    blank: run.blank,
                    serial: run.serial,
                },
            )
        })
    }

    fn progress(&mut self, card: &str, token: &str) -> bool {
        let Some(host) = self.host(card) else {
            return false;
        };
        self.record(&host.name).knows_token(token, &self.now)
    }

    fn completed(&mut self, card: &str, token: &str) -> bool {
        self.host(card)
            .is_some_and(|host| self.accepts(&host.name, Event::Completed { token }))
    }

    fn failed(&mut self, card: &str, token: &str) -> bool {
        let reason = "no disk";
        self.host(card)
            .is_some_and(|host| self.accepts(&host.name, Event::Failed { token, reason }))
    }

    fn record(&mut self, host: &str) -> Record {
        if self.state.hosts.contains_key(host) {
            self.apply(host, Event::Tick);
        }
        self.state.hosts.get(host).cloned().unwrap_or_default()
    }

    fn crash_at(&mut self, point: Point) {
        self.crash = Some(point);
    }

    fn restart(&mut self, now: &Now) {
        if now.router_start != self.now.router_start {
            self.ram = None;
        }
        self.now = now.clone();
        self.crash = None;
        self.crashed = false;
        self.start();
    }

    fn flash(&self) -> Option<Vec<u8>> {
        self.flash.clone()
    }

    fn set_flash(&mut self, text: Option<&[u8]>) {
        self.flash = text.map(<[u8]>::to_vec);
    }
}
