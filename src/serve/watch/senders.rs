//! Which host an address is: remembered for a moment, since every line of a log asks.
//!
//! Bounded in size and in time, and so is how often the router's tables are looked into: the address of a datagram can be
//! invented. Not its job: the tables themselves (`host::neighbours`, `host::leases`).

use std::net::Ipv4Addr;

/// How long an address is a host's without another look, in milliseconds.
const KNOWN: u64 = 30_000;
/// How long an address is nobody's without another look, in milliseconds: an installer is soon known.
const UNKNOWN: u64 = 5_000;
/// Addresses that are remembered: more than machines install at once.
const MOST: usize = 512;
/// Between two words about strangers in the router's log, in milliseconds: it has room for some hundred lines.
const QUIET: u64 = 600_000;
/// Looks into the tables in a second: a rack that gets power at once is known within one. Each reads and searches two files
/// of some KB.
const LOOKS: u32 = 320;

/// Addresses and their hosts.
#[derive(Debug, Default)]
pub struct Senders {
    /// In the order of their addresses.
    known: Vec<Known>,
    /// Looks into the tables since that uptime, in milliseconds.
    looks: (u64, u32),
    /// Lines and streams of addresses that are no host's, since they were last told.
    strangers: u64,
    /// Uptime in milliseconds at which they were last told.
    told: Option<u64>,
}

#[derive(Debug)]
struct Known {
    address: Ipv4Addr,
    host: Option<String>,
    /// Uptime in milliseconds.
    until: u64,
}

impl Senders {
    /// The host at an address, by what is remembered or else by `look`.
    pub fn host(
        &mut self,
        address: Ipv4Addr,
        uptime: u64,
        look: impl FnOnce() -> Option<String>,
    ) -> Option<String> {
        if let Ok(index) = self.place(address)
            && let Some(known) = self.known.get(index)
            && uptime < known.until
        {
            return known.host.clone();
        }
        if !self.may_look(uptime) {
            return None;
        }
        let host = look();
        if self.known.len() >= MOST {
            self.known.retain(|known| uptime < known.until);
        }
        if self.known.len() >= MOST {
            // Addresses of nobody are cheap to invent: they make way for hosts.
            self.known.retain(|known| known.host.is_some());
        }
        let kept = if host.is_some() { KNOWN } else { UNKNOWN };
        let known = Known {
            address,
            host: host.clone(),
            until: uptime.saturating_add(kept),
        };
        match self.place(address) {
            Ok(index) => self.known[index] = known,
            Err(index) if self.known.len() < MOST => self.known.insert(index, known),
            Err(_) => {}
        }
        host
    }

    /// Where an address is, or would be.
    fn place(&self, address: Ipv4Addr) -> Result<usize, usize> {
        self.known
            .binary_search_by_key(&address, |known| known.address)
    }

    /// Counts a line or a stream of nobody's, and says so now and then.
    pub fn count_stranger(&mut self, address: Ipv4Addr, uptime: u64) {
        self.strangers += 1;
        let quiet = self
            .told
            .is_some_and(|told| uptime.saturating_sub(told) < QUIET);
        if !quiet {
            let count = std::mem::take(&mut self.strangers);
            log::info!("dropped {count} lines of syslog of no host, the last from {address}");
            self.told = Some(uptime);
        }
    }

    /// Another machine may be there now.
    pub fn forget(&mut self, address: Ipv4Addr) {
        self.known.retain(|known| known.address != address);
    }

    /// Other cards may be hosts' now.
    pub fn forget_all(&mut self) {
        self.known.clear();
    }

    fn may_look(&mut self, uptime: u64) -> bool {
        let (since, looks) = &mut self.looks;
        if uptime.saturating_sub(*since) >= 1000 {
            (*since, *looks) = (uptime, 0);
        }
        *looks += 1;
        *looks <= LOOKS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> Ipv4Addr {
        Ipv4Addr::from(0x0a00_0000 + number)
    }

    #[test]
    fn an_address_is_looked_up_once_in_a_while() {
        let mut senders = Senders::default();
        let mut looks = 0;
        for uptime in (0..60_000).step_by(100) {
            let found = senders.host(address(1), uptime, || {
                looks += 1;
                Some("web".to_owned())
            });
            assert_eq!(found.as_deref(), Some("web"));
        }
        assert_eq!(looks, 2);
        assert_eq!(senders.host(address(2), 0, || None), None);
        let now = senders.host(address(2), UNKNOWN, || Some("db".to_owned()));
        assert_eq!(now.as_deref(), Some("db"));
        senders.forget(address(2));
        assert_eq!(senders.host(address(2), UNKNOWN, || None), None);
    }

    #[test]
    fn invented_addresses_cost_neither_memory_nor_looks_and_push_out_no_host() {
        let mut senders = Senders::default();
        let web = || Some("web".to_owned());
        senders.host(address(0), 0, web);
        let mut looks = 0;
        for number in 1..100_000 {
            let uptime = u64::from(number) / 100;
            senders.host(address(number), uptime, || {
                looks += 1;
                None
            });
        }
        assert!(senders.known.len() <= MOST);
        assert_eq!(looks, LOOKS - 1);
        let found = senders.host(address(0), 1000, || None);
        assert_eq!(found.as_deref(), Some("web"));
    }
}
