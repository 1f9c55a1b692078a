//! Machines that asked and are no host: remembered in RAM, so that they can be adopted. Bounded, the oldest goes first.

use std::collections::HashMap;

use crate::core::lifecycle::Now;
use crate::core::mac::Mac;
use crate::core::machine::Machine;
use crate::core::replies::{Asking, UnknownMachine};

/// Machines that are remembered: more than anybody plugs in at once, and with 500 bytes each, 64 KB.
const KEPT: usize = 128;

/// Between two new machines of which people are told, in milliseconds.
const QUIET: u64 = 1000;

/// The machines.
#[derive(Debug, Default)]
pub struct Strangers {
    seen: HashMap<Mac, Seen>,
    /// Milliseconds of uptime at which people were last told of a new one.
    told: Option<u64>,
}

#[derive(Debug)]
struct Seen {
    machine: Machine,
    asked: u32,
    uptime: u64,
    /// Whether people were told of it.
    told: bool,
}

impl Strangers {
    /// Remembers a machine that asked. Returns whether people are to be told of it now: of each once, and of one a second at
    /// most, whatever somebody invents. Whoever waits for that asks again.
    pub fn remember(&mut self, machine: Machine, now: &Now) -> bool {
        let mac = machine.mac;
        if self.seen.len() >= KEPT && !self.seen.contains_key(&mac) {
            let oldest = self
                .seen
                .iter()
                .min_by_key(|(_, seen)| seen.uptime)
                .map(|(mac, _)| *mac);
            if let Some(oldest) = oldest {
                self.seen.remove(&oldest);
            }
        }
        let (asked, told) =
            (self.seen.get(&mac)).map_or((0, false), |seen| (seen.asked, seen.told));
        let tell = !told && self.may_tell(now);
        self.seen.insert(
            mac,
            Seen {
                machine,
                asked: asked.saturating_add(1),
                uptime: now.uptime,
                told: told || tell,
            },
        );
        tell
    }

    /// Forgets one. Returns whether it was there.
    pub fn forget(&mut self, mac: Mac) -> bool {
        self.seen.remove(&mac).is_some()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.seen.len()
    }

    fn may_tell(&mut self, now: &Now) -> bool {
        let is_quiet = self
            .told
            .is_some_and(|told| now.uptime.saturating_sub(told) < QUIET);
        if !is_quiet {
            self.told = Some(now.uptime);
        }
        !is_quiet
    }

    /// What a machine said about itself.
    pub fn get(&self, mac: Mac) -> Option<&Machine> {
        self.seen.get(&mac).map(|seen| &seen.machine)
    }

    /// All, the last that asked first.
    pub fn list(&self, now: &Now) -> Vec<UnknownMachine> {
        let mut all: Vec<&Seen> = self.seen.values().collect();
        all.sort_by_key(|seen| (std::cmp::Reverse(seen.uptime), seen.machine.mac));
        let entry = |seen: &Seen| UnknownMachine {
            machine: seen.machine.clone(),
            asking: Asking {
                asked: seen.asked,
                seconds_ago: now.uptime.saturating_sub(seen.uptime) / 1000,
            },
        };
        all.into_iter().map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_machines_that_ask_at_once_each_is_told_in_its_turn() {
        let mut strangers = Strangers::default();
        let mut ask = |card: &str, uptime| {
            let now = Now {
                router_start: "a".to_owned(),
                uptime,
                wall: None,
            };
            strangers.remember(Machine::unseen(card.parse().expect("valid")), &now)
        };
        let (first, second) = ("52:54:00:00:00:01", "52:54:00:00:00:02");
        assert!(ask(first, 0));
        assert!(!ask(second, 10), "not within a second");
        assert!(!ask(first, 2000), "told already");
        assert!(ask(second, 2000));
        assert!(!ask(second, 9000));
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut strangers = Strangers::default();
        for index in 0..1000_u64 {
            let mac: Mac = format!("52:54:00:00:{:02x}:{:02x}", index / 256, index % 256)
                .parse()
                .expect("valid");
            let now = Now {
                router_start: "a".to_owned(),
                uptime: index,
                wall: None,
            };
            strangers.remember(Machine::unseen(mac), &now);
        }
        let now = Now {
            router_start: "a".to_owned(),
            uptime: 5999,
            wall: None,
        };
        let list = strangers.list(&now);
        assert_eq!(list.len(), KEPT);
        assert_eq!(
            list.first()
                .map(|machine| (machine.machine.mac.to_string(), machine.asking.seconds_ago)),
            Some(("52:54:00:00:03:e7".to_owned(), 5))
        );
    }
}
