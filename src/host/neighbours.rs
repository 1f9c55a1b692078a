//! The kernel's IPv4 neighbour table: which card an address belongs to, as the router itself sees it.

use std::fs;
use std::net::Ipv4Addr;

use super::paths::Paths;
use crate::core::mac::Mac;

/// The card behind an address, when the router has talked to it.
pub fn card_of(paths: &Paths, address: Ipv4Addr) -> Option<Mac> {
    find(&fs::read_to_string(paths.proc("net/arp")).ok()?, address)
}

/// One line of proc(5)'s `/proc/net/arp`: address, type, flags, card, mask, device. Flags 0x0 is a question without answer.
fn find(table: &str, address: Ipv4Addr) -> Option<Mac> {
    let address = address.to_string();
    let lines = table.lines().skip(1);
    let mut rests = lines.filter_map(|line| line.strip_prefix(&address)?.strip_prefix(' '));
    rests.find_map(|rest| {
        let mut words = rest.split_whitespace();
        let flags = words.nth(1)?;
        let card = words.next()?;
        (flags != "0x0").then(|| card.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answered_entry_counts() {
        let table = "IP address       HW type     Flags       HW address            Mask     Device\n\
                     10.33.1.117      0x1         0x2         52:54:00:00:00:01     *        br-lan\n\
                     10.33.1.118      0x1         0x0         00:00:00:00:00:00     *        br-lan\n";
        assert_eq!(
            find(table, [10, 33, 1, 117].into()),
            "52:54:00:00:00:01".parse().ok()
        );
        assert_eq!(find(table, [10, 33, 1, 118].into()), None);
        assert_eq!(find(table, [10, 33, 1, 1].into()), None);
        assert_eq!(find("", [10, 33, 1, 117].into()), None);
    }
}
