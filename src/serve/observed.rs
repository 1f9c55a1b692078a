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
/// Longest piece of a wrong argument that is shown in a refusal, in characters.
const SHOWN: usize = 40;

/// What a script says, every part of the right type.
struct Observed {
    address: Ipv4Addr,
    action: Option<String>,
    mac: Option<String>,
    hostname: Option<String>,
    vendor_class: Option<String>,
    file: Option<String>,
    size: Option<u64>,
}

impl Engine {
    /// `report`: one lease, or one file that was fetched to its end.
    pub(super) fn observe(&mut self, given: Arguments<'_>) -> Reply {
        let kind = given.needed("kind")?;
        let address = given.needed("address")?;
        let wrong = |_| format!("'{}' is no IPv4 address", clean_to(&address, SHOWN));
        let observed = Observed {
            action: given.text("action")?,
            mac: given.text("mac")?,
            hostname: given.text("hostname")?,
            vendor_class: given.text("vendor_class")?,
            file: given.text("file")?,
            size: given.number("size")?,
            address: address.parse().map_err(wrong)?,
        };
        match kind.as_str() {
            DHCP => self.leased(observed),
            TFTP => self.fetched(observed),
            other => {
                let other = clean_to(other, SHOWN);
                Err(format!("kind must be dhcp or tftp, not '{other}'").into())
            }
        }
    }

    fn leased(&mut self, observed: Observed) -> Reply {
        let mac = observed.mac.ok_or("mac is missing")?.parse::<Mac>();
        let mac = mac.map_err(|error| format!("mac must be {error}"))?;
        let class = observed.vendor_class.unwrap_or_default();
        let boots = BOOTING.iter().any(|firmware| class.starts_with(firmware));
        let owner = self.settings.macs.get(&mac).cloned();
        if owner.is_none() && !boots {
            // The telephones and laptops of the house.
            return done("not noted: it is no host's card, and does not boot from the network");
        }
        let mut text = format!("got the address {} from DHCP", observed.address);
        if boots {
            text += " to boot from the network";
            text += &architecture(&class)
                .map_or_else(String::new, |number| format!(" (architecture {number})"));
        } else if let Some(name) = observed.hostname {
            text += &format!(" as '{name}'");
        }
        self.senders.forget(observed.address);
        if let Some(owner) = owner.as_deref().filter(|_| !boots)
            && self.starts_first(owner, observed.address)
        {
            return done("noted");
        }
        let subject = owner.unwrap_or_else(|| mac.to_string());
        // Leases are renewed for as long as a system runs; that is not what happened last.
        let renews = !boots && observed.action.as_deref() == Some("update");
        if renews && self.events.repeats(&subject, DHCP, &text) {
            return done("counted");
        }
        self.note(&subject, DHCP, text)
    }

    fn fetched(&mut self, observed: Observed) -> Reply {
        let address = observed.address;
        let file = observed.file.ok_or("file is missing")?;
        let root = self.settings.main.tftp_root.trim_end_matches('/');
        let inside = file.strip_prefix(root);
        let inside = inside.and_then(|rest| rest.strip_prefix('/'));
        let mut text = format!("fetched {} by TFTP", inside.unwrap_or(&file));
        if let Some(size) = observed.size {
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

/// The number in `PXEClient:Arch:00011:UNDI:003000` (PXE 2.1, 2.2.3).
fn architecture(class: &str) -> Option<u16> {
    let (_, rest) = class.split_once(":Arch:")?;
    rest.get(..5)?.parse().ok()
}

fn done(what: &str) -> Reply {
    reply(&DoneReply {
        done: what.to_owned(),
    })
}
