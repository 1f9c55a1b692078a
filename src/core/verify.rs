//! Who is asking: whether the address that a request came from may be taken for a machine's own.
//!
//! A machine says its MAC itself, so that proves nothing. The router's own tables do.
//! Not its job: tokens (`token`); reading the tables (`host::neighbours`, `host::leases`).

use std::net::Ipv4Addr;

use super::mac::Mac;
use super::settings::Network;

/// What must know an address before its requests are taken for a host's: `option verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// The router's neighbour table: the card that answers at this address is the host's.
    Neighbour,
    /// The neighbour table, or dnsmasq's leases: the host's card was given this address. For machines behind another router,
    /// whose own card the neighbour table cannot show.
    Lease,
    /// Nothing: the token is all that is looked at. Whoever asks in the host's name while it is armed gets the token.
    Token,
    /// Nothing, and the answer file goes out without a token while the host is armed. For an iPXE that knows no token.
    None,
}

impl Verify {
    /// The word in UCI.
    pub fn word(self) -> &'static str {
        match self {
            Verify::Neighbour => "neighbour",
            Verify::Lease => "lease",
            Verify::Token => "token",
            Verify::None => "none",
        }
    }

    /// The strictest that the network allows: a machine of the served network is a neighbour; any other came through a
    /// router, and only its lease can be looked up.
    pub fn strictest(peer: Ipv4Addr, served: Option<Network>) -> Verify {
        match served {
            Some(network) if !network.contains(peer) => Verify::Lease,
            _ => Verify::Neighbour,
        }
    }

    /// What explains the rule to the user.
    pub fn rule(self) -> &'static str {
        match self {
            Verify::Neighbour => {
                "it must ask from an address that the router's neighbour table knows as one of its cards"
            }
            Verify::Lease => {
                "it must ask from an address that the router's neighbour table or dnsmasq's leases know as one of its cards"
            }
            Verify::Token => {
                "verify 'token': whoever asks in its name while it is armed is taken for it, and gets the token"
            }
            Verify::None => {
                "verify 'none': whoever asks in its name while it is armed is taken for it, without a token"
            }
        }
    }
}

/// Whether the address is backed. The error says which table does not know it, for a sentence that begins with the address.
pub fn backed(
    verify: Verify,
    cards: &[Mac],
    neighbour: impl Fn() -> Option<Mac>,
    leased: impl Fn() -> Option<Mac>,
) -> Result<(), &'static str> {
    let own = |card: Option<Mac>| card.is_some_and(|card| cards.contains(&card));
    match verify {
        Verify::Token | Verify::None => Ok(()),
        Verify::Neighbour if own(neighbour()) => Ok(()),
        Verify::Neighbour => Err("is no card of this host in the router's neighbour table"),
        Verify::Lease if own(neighbour()) || own(leased()) => Ok(()),
        Verify::Lease => {
            Err("is no card of this host in the router's neighbour table, nor in dnsmasq's leases")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 11);

    fn mac(last: u8) -> Option<Mac> {
        format!("52:54:00:00:00:{last:02x}").parse().ok()
    }

    #[test]
    fn a_table_must_know_the_address_as_one_of_the_cards() {
        let cards = [mac(1), mac(2)].map(|mac| mac.expect("a MAC"));
        let judge =
            |verify, neighbour, leased| backed(verify, &cards, || neighbour, || leased).is_ok();
        for (verify, neighbour, leased, backed) in [
            (Verify::Neighbour, mac(2), None, true),
            (Verify::Neighbour, mac(3), mac(1), false),
            (Verify::Neighbour, None, mac(1), false),
            (Verify::Lease, None, mac(1), true),
            (Verify::Lease, mac(1), mac(3), true),
            (Verify::Lease, mac(3), mac(3), false),
            (Verify::Lease, None, None, false),
            (Verify::Token, None, None, true),
            (Verify::None, None, None, true),
        ] {
            assert_eq!(
                judge(verify, neighbour, leased),
                backed,
                "{verify:?} {neighbour:?} {leased:?}"
            );
        }
    }

    #[test]
    fn who_is_not_on_the_served_network_is_looked_up_by_lease() {
        let served = |address| {
            Some(Network {
                address,
                prefix: 24,
            })
        };
        assert_eq!(
            Verify::strictest(PEER, served([192, 0, 2, 1].into())),
            Verify::Neighbour
        );
        assert_eq!(
            Verify::strictest(PEER, served([10, 0, 0, 1].into())),
            Verify::Lease
        );
        assert_eq!(Verify::strictest(PEER, None), Verify::Neighbour);
    }
}
