//! dnsmasq's leases: which card was given an address.
//!
//! Not its job: whether the machine is there (`neighbours`).

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;

use super::paths::Paths;
use crate::core::mac::Mac;

/// The card that dnsmasq gave an address to.
pub fn card_of(paths: &Paths, address: Ipv4Addr) -> Option<Mac> {
    find(&fs::read_to_string(paths.leases()).ok()?, address)
}

/// The addresses that dnsmasq gave, by card; of a card with several, the last.
pub fn all(paths: &Paths) -> BTreeMap<Mac, Ipv4Addr> {
    let leases = fs::read_to_string(paths.leases()).unwrap_or_default();
    let read = |line: &str| {
        let (card, address) = parts(line)?;
        Some((card.parse().ok()?, address))
    };
    leases.lines().filter_map(read).collect()
}

/// One line of dnsmasq's lease file (`lease_update_file` in its lease.c): end of the lease, card, address, name, client id.
/// A card that is no Ethernet's has its type before it, as in `06-aa:…`, and is no MAC.
fn find(leases: &str, address: Ipv4Addr) -> Option<Mac> {
    leases.lines().find_map(|line| {
        let (card, found) = parts(line)?;
        (found == address).then(|| card.parse().ok())?
    })
}

fn parts(line: &str) -> Option<(&str, Ipv4Addr)> {
    let mut words = line.split_whitespace().skip(1);
    let card = words.next()?;
    Some((card, words.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_of_an_address_is_found() {
        let leases = "1800003600 52:54:00:00:00:01 10.33.1.117 r220a 01:52:54:00:00:00:01\n\
                      1800003600 06-52:54:00:00:00:02 10.33.1.118 * *\n\
                      duid 00:01:00:01:2c\n\
                      1800003600 1234567 fd00::7 other 00:02\n";
        let card = |last| find(leases, [10, 33, 1, last].into());
        assert_eq!(card(117), "52:54:00:00:00:01".parse().ok());
        assert_eq!(card(118), None);
        assert_eq!(card(119), None);
    }
}
