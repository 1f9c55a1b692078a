//! What dnsmasq tells through hotplug scripts: who got an address, who fetched a boot file.
//!
//! It shows people how far a machine came before it asks for the first time. Not its job: any decision; the lifecycle never
//! hears of it.

use std::net::Ipv4Addr;

use super::arguments::Arguments;
use super::engine::Engine;
use super::object::{Reply, reply};
use crate::core::mac::Mac;
use crate::core::machine::clean_to;
use crate::core::replies::DoneReply;
use crate::host::neighbours;

/// Kinds of event, which are also the kinds of report.
const DHCP: &str = "dhcp";
const TFTP: &str = "tftp";
/// DHCP's vendor classes of firmware that boots: PXE 2.1, and UEFI 2.5's HTTP boot. What follows is the architecture.
const BOOTING: [&str; 2] = ["PXEClient", "HTTPClient"];

impl Engine {
    /// `report`: one lease, or one file that was fetched to its end.
    pub(super) fn observe(&mut self, given: Arguments<'_>) -> Reply {
        match given.needed("kind")?.as_str() {
            DHCP => self.leased(given),
            TFTP => self.fetched(given),
            other => {
                Err(format!("kind must be dhcp or tftp, not '{}'", clean_to(other, 40)).into())
            }
        }
    }

    fn leased(&mut self, given: Arguments<'_>) -> Reply {
        let mac = given.needed("mac")?.parse::<Mac>();
        let mac = mac.map_err(|error| format!("mac must be {error}"))?;
        let address = given_address(given)?;
        let class = given.text("vendor_class")?.unwrap_or_default();
        let boots = BOOTING.iter().any(|firmware| class.starts_with(firmware));
        let owner = self.settings.macs.get(&mac).cloned();
        if owner.is_none() && !boots {
            // The telephones and laptops of the house.
            return done("not noted: it is no host's card, and does not boot from the network");
        }
        let mut text = format!("got the address {address} from DHCP");
        if boots {
            text += " to boot from the network";
        } else if let Some(name) = given.text("hostname")? {
            text += &format!(" as '{name}'");
        }
        let subject = owner.unwrap_or_else(|| mac.to_string());
        // Leases are renewed for as long as a system runs; that is not what happened last.
        let renews = !boots && given.text("action")?.as_deref() == Some("update");
        if renews && self.events.repeats(&subject, DHCP, &text) {
            return done("counted");
        }
        self.note(&subject, DHCP, text)
    }

    fn fetched(&mut self, given: Arguments<'_>) -> Reply {
        let address = given_address(given)?;
        let file = given.needed("file")?;
        let root = self.settings.main.tftp_root.trim_end_matches('/');
        let inside = file.strip_prefix(root);
        let file = inside
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(&file);
        let mut text = format!("fetched {file} by TFTP");
        if let Some(size) = given.number("size")? {
            text += &format!(", {size} bytes");
        }
        let card = neighbours::card_of(&self.paths, address);
        let mac = card.ok_or_else(|| format!("the router knows no machine at {address}"))?;
        let owner = self.settings.macs.get(&mac).cloned();
        self.note(&owner.unwrap_or_else(|| mac.to_string()), TFTP, text)
    }

    fn note(&mut self, subject: &str, kind: &str, text: String) -> Reply {
        let now = self.now();
        self.events.add(&now, subject, kind, text);
        done("noted")
    }
}

fn given_address(given: Arguments<'_>) -> Result<Ipv4Addr, String> {
    let address = given.needed("address")?;
    let wrong = |_| format!("'{}' is no IPv4 address", clean_to(&address, 40));
    address.parse().map_err(wrong)
}

fn done(what: &str) -> Reply {
    reply(&DoneReply {
        done: what.to_owned(),
    })
}
