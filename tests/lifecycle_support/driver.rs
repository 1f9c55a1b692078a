//! Performs operations on a system, tells the model what was answered, and lets it judge.

use kickstand::core::lifecycle::{Arm, ArmedBy, Now, Phase, Record};

use super::ghost::{Ghost, Permission, When};
use super::operations::{CARDS, Operation, Tampering, Token};
use super::system::{Run, System};

/// The first is armed by its user only, the second has `install 'once'`.
pub(super) const HOSTS: [&str; 2] = ["manual", "once"];
pub(super) const NONCES: [&str; 3] = ["run one", "run two", "run three"];
/// Serial numbers of disks.
pub(super) const SERIALS: [&str; 2] = ["WD-1", "WD-2"];
const GARBAGE: [&str; 4] = [
    "",
    "TOKEN",
    "00000000000000000000000000000000",
    "0123456789abcdef0123456789abcdef0",
];
/// Uptime at which the service starts, in milliseconds.
const START: u64 = 20_000;

/// A copy of the state file, and which hosts could arm themselves when it was written.
type Copy = (Vec<u8>, [bool; 2]);

pub struct Driver<S> {
    pub(super) system: S,
    pub(super) ghosts: [Ghost; 2],
    /// Cards of the hosts that are configured.
    configured: [Option<Vec<usize>>; 2],
    /// Their option disk_serial.
    guards: [Option<usize>; 2],
    router_start: u32,
    uptime: u64,
    wall: Option<u64>,
    issued: Vec<String>,
    latest: [String; 2],
    copies: Vec<Copy>,
    /// Nobody has touched the state file, so the model may demand and not only forbid.
    pub(super) sound: bool,
}

pub(super) type Judgement = Result<(), String>;

pub fn card(number: usize) -> String {
    format!("52:54:00:00:00:{number:02x}")
}

impl<S: System> Driver<S> {
    pub fn new() -> Self {
        let mut driver = Driver {
            system: S::new(&now(0, START, None)),
            ghosts: [Ghost::default(), Ghost::default()],
            configured: [None, None],
            guards: [None, None],
            router_start: 0,
            uptime: START,
            wall: None,
            issued: Vec::new(),
            latest: [String::new(), String::new()],
            copies: Vec::new(),
            sound: true,
        };
        driver.set_cards(0, Some(vec![0, 1]));
        driver.set_cards(1, Some(vec![2]));
        driver.keep_copy();
        driver
    }

    /// Runs that were granted.
    pub fn grants(&self) -> usize {
        self.ghosts.iter().map(|ghost| ghost.runs.len()).sum()
    }

    pub fn perform(&mut self, operation: &Operation) -> Judgement {
        // No two things happen in one moment.
        self.uptime += 100;
        self.system.set_time(&self.now());
        match operation {
            Operation::Pass { seconds } => self.uptime += seconds * 1000,
            Operation::WallClock { seconds } => self.wall = *seconds,
            Operation::Restart { router } => self.restart(*router),
            Operation::Crash {
                during,
                point,
                power,
            } => self.crash(during, *point, *power)?,
            Operation::Unwritten { during, medium } => {
                // What could not be written is refused, and nobody knows what of it is there after a restart.
                self.sound = false;
                self.system.block(Some(*medium));
                let judged = self.request(during);
                self.system.block(None);
                judged?;
            }
            Operation::Tamper { how, router } => self.tamper(how, *router),
            Operation::Guard { host, serial } => {
                self.guards[*host] = *serial;
                let uci = self.uci();
                self.system.configure(&uci);
            }
            Operation::Remove { host } => self.set_cards(*host, None),
            Operation::Configure { host, cards } => {
                let taken = self.configured[1 - host].clone().unwrap_or_default();
                let cards: Vec<usize> = (0..CARDS)
                    .filter(|card| cards[*card] && !taken.contains(card))
                    .collect();
                self.set_cards(*host, Some(cards).filter(|cards| !cards.is_empty()));
            }
            request => self.request(request)?,
        }
        self.system.set_time(&self.now());
        let when = self.when();
        for (name, ghost) in HOSTS.iter().zip(&self.ghosts) {
            let phase = self.system.record(name).phase;
            let armed = matches!(phase, Phase::Armed | Phase::Booting);
            if armed && !ghost.may_be_called_armed(when) {
                return Err(format!("{name} is called armed and is not"));
            }
        }
        self.keep_copy();
        Ok(())
    }

    fn now(&self) -> Now {
        now(self.router_start, self.uptime, self.wall)
    }

    pub(super) fn when(&self) -> When {
        When {
            router_start: self.router_start,
            uptime: self.uptime,
        }
    }

    fn keep_copy(&mut self) {
        if let Some(text) = self.system.flash()
            && self.copies.last().is_none_or(|(last, _)| *last != text)
        {
            // A host that the copy does not know is new to whoever believes it.
            let may = |host: usize| self.configured[host].is_none() || self.ghosts[host].allowance;
            self.copies.push((text, [may(0), may(1)]));
        }
    }

    pub(super) fn owner(&self, card: usize) -> Option<usize> {
        let owns =
            |cards: &Option<Vec<usize>>| cards.as_ref().is_some_and(|cards| cards.contains(&card));
        self.configured.iter().position(owns)
    }

    pub(super) fn token(&self, host: Option<usize>, choice: Token) -> String {
        match choice {
            Token::Latest => host.map_or_else(String::new, |host| self.latest[host].clone()),
            Token::Issued(index) if !self.issued.is_empty() => {
                self.issued[index % self.issued.len()].clone()
            }
            Token::Issued(index) | Token::Garbage(index) => {
                GARBAGE[index % GARBAGE.len()].to_owned()
            }
        }
    }

    fn set_cards(&mut self, host: usize, cards: Option<Vec<usize>>) {
        let ghost = &mut self.ghosts[host];
        match (&cards, &self.configured[host]) {
            (None, _) => {
                let runs = std::mem::take(&mut ghost.runs);
                *ghost = Ghost {
                    runs,
                    ..Ghost::default()
                };
            }
            // New to a service that runs: it was never installed, as far as anybody can know.
            (Some(_), None) => ghost.allowance = HOSTS[host] == "once",
            (Some(_), Some(_)) => {}
        }
        self.configured[host] = cards;
        let uci = self.uci();
        self.system.configure(&uci);
    }

    fn uci(&self) -> String {
        let mut uci =
            "config profile 'p'\n\toption kernel 'http://m/k'\n\toption answer 'claims.ks'\n"
                .to_owned();
        for (host, cards) in self.configured.iter().enumerate() {
            let Some(cards) = cards else { continue };
            uci += &format!("config host '{}'\n\toption profile 'p'\n", HOSTS[host]);
            for number in cards {
                uci += &format!("\tlist mac '{}'\n", card(*number));
            }
            if let Some(serial) = self.guards[host] {
                uci += &format!("\toption disk_serial '{}'\n", SERIALS[serial]);
            }
            if HOSTS[host] == "once" {
                uci += "\toption install 'once'\n";
            }
        }
        uci
    }

    pub(super) fn restart(&mut self, router: bool) {
        if router {
            self.router_start += 1;
            self.uptime = START;
        }
        let now = self.now();
        self.system.restart(&now);
    }

    fn tamper(&mut self, how: &Tampering, router: bool) {
        self.sound = false;
        let text = self.system.flash().unwrap_or_default();
        let new = match how {
            Tampering::Lose => None,
            Tampering::Truncate(length) => {
                let left = &text[..length % (text.len() + 1)];
                // What ends with a whole line is what was there before the next one was added.
                let copies = self.copies.iter().rev();
                let mut copies = copies.filter(|(copy, _)| left.starts_with(copy));
                if let Some((_, may)) = copies.next().filter(|_| router && left.ends_with(b"\n")) {
                    self.ghosts
                        .iter_mut()
                        .zip(may)
                        .for_each(|(ghost, may)| ghost.allowance |= may);
                }
                Some(left.to_vec())
            }
            Tampering::Change { at, byte } => {
                let mut text = text;
                if let Some(found) = at.checked_rem(text.len()).and_then(|at| text.get_mut(at)) {
                    *found = *byte;
                }
                Some(text)
            }
            Tampering::Garbage(garbage) => Some(garbage.clone()),
            Tampering::Restore(index) => {
                let (text, may) = self.copies[index % self.copies.len()].clone();
                if router {
                    // Nothing on the router can tell it from the last one then.
                    self.ghosts
                        .iter_mut()
                        .zip(may)
                        .for_each(|(ghost, may)| ghost.allowance |= may);
                }
                Some(text)
            }
        };
        self.system.set_flash(new.as_deref());
        self.restart(router);
    }

    /// The arm of a record that is for a look at the hardware only.
    pub(super) fn look(&self, host: usize, window: u32, record: &Record) -> Option<Permission> {
        let arm = record.arm.as_ref().filter(|arm| !arm.purpose.installs())?;
        Some(self.as_permission(host, window, arm))
    }

    /// The permission that a record's arm stands for, as far as only the system can know it: its token.
    pub(super) fn permission(
        &self,
        host: usize,
        window: u32,
        record: &Record,
    ) -> Option<Permission> {
        let arm = record.arm.as_ref().filter(|arm| arm.purpose.installs())?;
        Some(self.as_permission(host, window, arm))
    }

    fn as_permission(&self, host: usize, window: u32, arm: &Arm) -> Permission {
        Permission {
            token: arm.token.reveal().to_owned(),
            cards: self.configured[host].clone().unwrap_or_default(),
            router_start: self.router_start,
            deadline: self.uptime + u64::from(window) * 1000,
            blank_only: arm.by == ArmedBy::Once,
            serial: self.guards[host],
            starts: 0,
        }
    }

    pub(super) fn remember_token(&mut self, host: usize) {
        if let Some(arm) = self.system.record(HOSTS[host]).arm {
            let token = arm.token.reveal().to_owned();
            if !self.issued.contains(&token) {
                self.issued.push(token.clone());
            }
            self.latest[host] = token;
        }
    }

    fn request(&mut self, request: &Operation) -> Judgement {
        let (when, sound) = (self.when(), self.sound);
        match request {
            Operation::Arm { host, window } => {
                let accepted = self.system.arm(HOSTS[*host], *window);
                let record = self.system.record(HOSTS[*host]);
                self.remember_token(*host);
                let permission = self.permission(*host, *window, &record);
                if accepted && permission.is_none() {
                    return Err("armed, and there is no arm".to_owned());
                }
                let sound = sound && self.configured[*host].is_some();
                self.ghosts[*host].armed(permission.filter(|_| accepted), sound)
            }
            Operation::Discover { host, window } => {
                let accepted = self.system.discover(HOSTS[*host], *window);
                let record = self.system.record(HOSTS[*host]);
                self.remember_token(*host);
                let look = self.look(*host, *window, &record);
                if accepted && look.is_none() {
                    return Err("to be looked at, and there is no such arm".to_owned());
                }
                let sound = sound && self.configured[*host].is_some();
                self.ghosts[*host].armed_to_discover(look.filter(|_| accepted), when, sound)
            }
            Operation::Disarm { host } => {
                let accepted = self.system.disarm(HOSTS[*host]);
                self.ghosts[*host].disarmed(accepted, when, sound)
            }
            Operation::Boot {
                card: number,
                first_try,
            } => {
                let told = self.system.boot(&card(*number), *first_try);
                let Some(host) = self.owner(*number) else {
                    return match told {
                        Some(_) => Err("a stranger was told to install".to_owned()),
                        None => Ok(()),
                    };
                };
                let record = self.system.record(HOSTS[host]);
                self.remember_token(host);
                let automatic = self
                    .permission(host, 7200, &record)
                    .filter(|permission| permission.blank_only);
                self.ghosts[host].booted(
                    *number,
                    *first_try,
                    told.as_deref(),
                    automatic,
                    when,
                    sound,
                )
            }
            Operation::Fetch { card, token, .. }
            | Operation::Claim { card, token, .. }
            | Operation::Hardware { card, token }
            | Operation::Progress { card, token }
            | Operation::Completed { card, token }
            | Operation::Failed { card, token } => self.installer(request, *card, *token),
            other => Err(format!("{other:?} is no request")),
        }
    }

    /// What installers ask, with a token.
    fn installer(&mut self, request: &Operation, number: usize, choice: Token) -> Judgement {
        let (when, sound) = (self.when(), self.sound);
        let owner = self.owner(number);
        let token = self.token(owner, choice);
        let before = owner.map(|host| self.system.record(HOSTS[host]));
        let accepted = self.show(request, &card(number), &token);
        let Some(host) = owner else {
            return if accepted {
                Err("a stranger was believed".to_owned())
            } else {
                Ok(())
            };
        };
        let ghost = &mut self.ghosts[host];
        if !ghost.knows(&token) {
            let after = self.system.record(HOSTS[host]);
            return match (accepted, before == Some(after)) {
                (true, _) => Err("a foreign token was believed".to_owned()),
                (false, false) => Err("a foreign token changed the record".to_owned()),
                (false, true) => Ok(()),
            };
        }
        match request {
            Operation::Fetch { claims, .. } => {
                ghost.fetched((number, &token, *claims), accepted, when, sound)
            }
            Operation::Claim { serial, .. } => {
                let run = run_of(request);
                ghost.claimed((number, &token, run, *serial), accepted, when, sound)
            }
            Operation::Hardware { .. } => ghost.discovered((number, &token), accepted, when, sound),
            Operation::Completed { .. } => {
                ghost.completed(&token, accepted, sound)?;
                let installed = self.system.record(HOSTS[host]).phase == Phase::Installed;
                if accepted && sound && ghost.must_be_called_installed(&token) && !installed {
                    return Err("it is done, and not called installed".to_owned());
                }
                Ok(())
            }
            Operation::Failed { .. } => ghost.failed(&token, accepted),
            _ => Ok(()),
        }
    }

    pub(super) fn show(&mut self, request: &Operation, card: &str, token: &str) -> bool {
        match request {
            Operation::Fetch { claims, .. } => self.system.fetch(card, token, *claims),
            Operation::Claim { .. } => self.system.claim(card, token, run_of(request)),
            Operation::Hardware { .. } => self.system.hardware(card, token),
            Operation::Progress { .. } => self.system.progress(card, token),
            Operation::Completed { .. } => self.system.completed(card, token),
            _ => self.system.failed(card, token),
        }
    }
}

/// The run of the installer that a claim is of.
pub(super) fn run_of(claim: &Operation) -> Run {
    let Operation::Claim {
        nonce,
        blank,
        serial,
        ..
    } = claim
    else {
        panic!("{claim:?} is no claim");
    };
    Run {
        nonce: NONCES[usize::from(*nonce)],
        blank: *blank,
        serial: serial.map(|serial| SERIALS[serial]),
    }
}

fn now(router_start: u32, uptime: u64, wall: Option<u64>) -> Now {
    Now {
        router_start: format!("start {router_start}"),
        uptime,
        wall,
    }
}
