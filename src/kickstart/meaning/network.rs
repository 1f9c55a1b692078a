//! Network devices and their addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::syntax::{Command, Index, integer};
use super::{Check, at};
use crate::core::mac::Mac;

/// Longest name of a network device (IFNAMSIZ less its end, netdevice(7)).
const LONGEST_DEVICE: usize = 15;

/// Modes of the bonding driver (its documentation in the kernel), by name and number.
const BOND_MODES: [&str; 7] = [
    "balance-rr",
    "active-backup",
    "balance-xor",
    "broadcast",
    "802.3ad",
    "balance-tlb",
    "balance-alb",
];

impl Check<'_, '_, '_> {
    pub(super) fn network(&mut self) {
        for command in self.document.all(&["network"]) {
            self.address(command);
            self.nameservers(command);
            self.device(command);
            self.bond(command);
            self.numbers(command);
            self.hostname(command);
        }
    }

    fn ipv4(&mut self, command: &Command, name: &str) -> Option<Ipv4Addr> {
        let text = command.givens.value(name)?;
        let address = text.parse().ok();
        if address.is_none() {
            let message = format_args!(
                "'{text}' is no IPv4 address: the device gets none and the installation stops"
            );
            let help = match (text.split_once('/'), text.contains(':')) {
                (Some(_), _) => "write the address alone, and the network in --netmask",
                (_, true) => "put IPv6 addresses in --ipv6 and --ipv6gateway",
                _ => "write four numbers from 0 to 255 with dots between",
            };
            self.error("bad-address", &at(command, name), message, help);
        }
        address
    }

    fn address(&mut self, command: &Command) {
        let givens = &command.givens;
        let fixed = givens.value("--bootproto") == Some("static");
        let dynamic = matches!(givens.value("--ip"), Some("dhcp" | "auto"));
        let address = (!dynamic).then(|| self.ipv4(command, "--ip")).flatten();
        let netmask = self.netmask(command);
        let gateway = self.ipv4(command, "--gateway");
        self.ipv6(command);
        let six = givens.has("--ipv6") || givens.has("--noipv4");
        if fixed && !givens.has("--ip") && !six {
            let message = format_args!(
                "the network is static, but there is no --ip: the device gets no address and the installation stops"
            );
            self.error(
                "no-address",
                &at(command, "--bootproto"),
                message,
                "add --ip=ADDRESS --netmask=MASK, or write --bootproto=dhcp",
            );
        }
        if givens.has("--ip") && !dynamic {
            if !fixed {
                let message = format_args!(
                    "without --bootproto=static the device asks DHCP: this address is not used"
                );
                self.warning(
                    "unused-address",
                    &at(command, "--ip"),
                    message,
                    "add --bootproto=static, or remove --ip",
                );
            } else if !givens.has("--netmask") {
                let message = format_args!(
                    "there is an --ip but no --netmask: the device gets no address and the installation stops"
                );
                self.error(
                    "no-netmask",
                    &at(command, "--ip"),
                    message,
                    "add --netmask=255.255.255.0 or what the network has",
                );
            }
        }
        if let (Some(address), Some(mask)) = (address, netmask) {
            self.within(command, address, mask, gateway);
        }
    }

    /// Whether address, mask and gateway go together.
    fn within(
        &mut self,
        command: &Command,
        address: Ipv4Addr,
        mask: u32,
        gateway: Option<Ipv4Addr>,
    ) {
        let bits = u32::from(address);
        // /31 and /32 have neither a network's nor a broadcast address (RFC 3021).
        if !mask > 1 && (bits & !mask == 0 || bits & !mask == !mask) {
            let message = format_args!(
                "{address} is the address of the whole network, or of all in it: no device can have it"
            );
            self.error(
                "bad-address",
                &at(command, "--ip"),
                message,
                "write the address of one device",
            );
        }
        let Some(gateway) = gateway else { return };
        if gateway == address {
            let message = format_args!(
                "the gateway has the address of the device itself, {gateway}: nothing outside can be reached"
            );
            self.error(
                "bad-gateway",
                &at(command, "--gateway"),
                message,
                "write the router's address",
            );
        } else if mask != u32::MAX && (u32::from(gateway) ^ bits) & mask != 0 {
            let message = format_args!(
                "the gateway {gateway} is not in the network of {address}: nothing outside can be reached"
            );
            self.error(
                "bad-gateway",
                &at(command, "--gateway"),
                message,
                "write a gateway of this network, or mend --netmask",
            );
        }
    }

    fn netmask(&mut self, command: &Command) -> Option<u32> {
        let text = command.givens.value("--netmask")?;
        let mask = text.parse::<Ipv4Addr>().map(u32::from).ok();
        let mask = mask.filter(|mask| mask.leading_ones() == mask.count_ones() && *mask != 0);
        if mask.is_none() {
            let message = format_args!(
                "'{text}' is no netmask: the device gets no address and the installation stops"
            );
            let prefix = integer(text).filter(|prefix| (1..=32).contains(prefix));
            let help = match prefix {
                Some(prefix) => format!("write {}", Ipv4Addr::from(u32::MAX << (32 - prefix))),
                None => "write one such as 255.255.255.0".to_owned(),
            };
            self.error("bad-netmask", &at(command, "--netmask"), message, &help);
        }
        mask
    }

    fn ipv6(&mut self, command: &Command) {
        let text = command.givens.value("--ipv6").unwrap_or("auto");
        let (address, prefix) = text.split_once('/').unwrap_or((text, "64"));
        let good = address.parse::<Ipv6Addr>().is_ok()
            && prefix.parse::<u8>().is_ok_and(|prefix| prefix <= 128);
        if !good && !matches!(text, "auto" | "dhcp" | "ignore") {
            let message = format_args!("'{text}' is no IPv6 address: the device gets none");
            self.error(
                "bad-address",
                &at(command, "--ipv6"),
                message,
                "write as in 2001:db8::2/64, or auto, or dhcp",
            );
        }
        let gateway = command.givens.value("--ipv6gateway");
        if let Some(gateway) = gateway.filter(|gateway| gateway.parse::<Ipv6Addr>().is_err()) {
            let message =
                format_args!("'{gateway}' is no IPv6 address: there is no way out of the network");
            self.error(
                "bad-address",
                &at(command, "--ipv6gateway"),
                message,
                "write as in fe80::1, without a prefix",
            );
        }
    }

    fn nameservers(&mut self, command: &Command) {
        for server in command.givens.list("--nameserver") {
            if server.parse::<IpAddr>().is_err() {
                let message =
                    format_args!("'{server}' is no address of a name server: names are not found");
                self.error(
                    "bad-address",
                    &at(command, "--nameserver"),
                    message,
                    "write addresses with commas between, no names",
                );
            }
        }
    }

    fn device(&mut self, command: &Command) {
        let Some(device) = command.givens.value("--device") else {
            return;
        };
        // link, bootif, ibft and addresses are taken for a device's name, too (pykickstart's documentation of network).
        if device.contains(':') {
            if let Err(error) = device.parse::<Mac>() {
                let message = format_args!(
                    "'{device}' is not {error}: no card has it, and the network is not set up"
                );
                self.error(
                    "bad-mac",
                    &at(command, "--device"),
                    message,
                    "write the address as in b8:ca:3a:00:00:01, or the device's name",
                );
            }
        } else {
            self.device_name(command, "--device", device);
        }
        if command.givens.has("--bondslaves") && matches!(device, "link" | "bootif" | "ibft") {
            let message = format_args!(
                "{device} stands for a card that is there: a bond needs a name of its own"
            );
            self.error(
                "bad-device",
                &at(command, "--device"),
                message,
                "write a new name, such as bond0",
            );
        }
        let numbered = device
            .strip_prefix("eth")
            .is_some_and(|number| number.parse::<u8>().is_ok());
        if numbered {
            let message = format_args!(
                "{device} is a name that no card has since RHEL 7, unless the kernel is told net.ifnames=0"
            );
            self.note(
                "old-device-name",
                &at(command, "--device"),
                message,
                "write bootif, the card's address, or its name, such as eno1",
            );
        }
    }

    fn device_name(&mut self, command: &Command, option: &str, name: &str) {
        let good = !name.is_empty()
            && name.len() <= LONGEST_DEVICE
            && !name.contains(['/', ' ', '\t', ':'])
            && name != "."
            && name != "..";
        if !good {
            let message = format_args!(
                "'{name}' cannot be the name of a network device: the network is not set up"
            );
            self.error(
                "bad-device",
                &at(command, option),
                message,
                "write a name of 15 characters at most, such as eno1 or bond0",
            );
        }
    }

    fn bond(&mut self, command: &Command) {
        let givens = &command.givens;
        for (option, what) in [("--bondslaves", "a bond"), ("--bridgeslaves", "a bridge")] {
            if !givens.has(option) {
                continue;
            }
            let ports = givens.list(option);
            let mut set = Index::new();
            for port in ports.clone() {
                set.insert(port, 0);
            }
            if ports.as_slice().is_empty() {
                self.error(
                    "no-ports",
                    &at(command, option),
                    format_args!("{what} without ports cannot carry anything"),
                    "name its cards, with commas between",
                );
            } else if set.len() < ports.len() {
                self.error(
                    "bad-device",
                    &at(command, option),
                    format_args!("a card is named twice among the ports of {what}"),
                    "name each once",
                );
            } else if !givens.has("--device") {
                let message = format_args!("{what} needs a name: its ports are set up as nothing");
                self.error("no-device", &command.place, message, "add --device=bond0");
            }
            if givens
                .value("--device")
                .is_some_and(|device| set.contains_key(device))
            {
                self.error(
                    "bad-device",
                    &at(command, option),
                    format_args!("{what} cannot be its own port"),
                    "give it a name that no card has",
                );
            }
            for port in ports {
                self.device_name(command, option, port);
            }
        }
        if givens.has("--bondopts") && !givens.has("--bondslaves") {
            let message = format_args!(
                "there are options for a bond, but no ports: the device is not made and the installation stops"
            );
            self.error(
                "no-ports",
                &at(command, "--bondopts"),
                message,
                "add --bondslaves=CARD,CARD",
            );
        }
        self.bond_options(command);
    }

    fn bond_options(&mut self, command: &Command) {
        let text = command.givens.value("--bondopts").unwrap_or_default();
        // Values with commas in them make people write ';' between the options.
        let separator = if text.contains(';') { ';' } else { ',' };
        for option in text
            .split(separator)
            .map(str::trim)
            .filter(|option| !option.is_empty())
        {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let number = value
                .parse::<usize>()
                .is_ok_and(|number| number < BOND_MODES.len());
            if value.is_empty() {
                let message =
                    format_args!("'{option}' is no option of a bond: it wants name=value");
                self.error(
                    "bad-bond-option",
                    &at(command, "--bondopts"),
                    message,
                    "write as in mode=802.3ad,miimon=100",
                );
            } else if name == "mode" && !number && !BOND_MODES.contains(&value) {
                let message = format_args!(
                    "a bond has no mode {value}: the device is not made and the installation stops"
                );
                let help = format!("write one of {}", BOND_MODES.join(", "));
                self.error(
                    "bad-bond-option",
                    &at(command, "--bondopts"),
                    message,
                    &help,
                );
            }
        }
    }

    fn numbers(&mut self, command: &Command) {
        let ranges = [
            ("--vlanid", 1, 4094, "the id of a VLAN"),
            ("--mtu", 68, 65535, "the size of a packet"),
        ];
        for (option, least, most, what) in ranges {
            let Some(text) = command.givens.value(option) else {
                continue;
            };
            if !integer(text).is_some_and(|number| (least..=most).contains(&number)) {
                let message = format_args!("'{text}' is not {what}: the device is not set up");
                self.error(
                    "bad-number",
                    &at(command, option),
                    message,
                    &format!("write a number from {least} to {most}"),
                );
            }
        }
        if command.givens.has("--vlanid") && !command.givens.has("--device") {
            let message = format_args!("a VLAN needs the device that it is on");
            self.error(
                "no-device",
                &at(command, "--vlanid"),
                message,
                "add --device=CARD",
            );
        }
    }

    fn hostname(&mut self, command: &Command) {
        let Some(name) = command.givens.value("--hostname") else {
            return;
        };
        let label = |label: &str| {
            let inner = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            !label.is_empty()
                && label.len() <= 63
                && inner
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // systemd takes 64 characters (HOST_NAME_MAX, hostname(7)).
        let good = name.len() <= 64 && name.trim_end_matches('.').split('.').all(label);
        let looks_like_address = name.parse::<Ipv4Addr>().is_ok();
        if !good || looks_like_address {
            let message =
                format_args!("'{name}' cannot be a host name: the installer stops at this line");
            self.error("bad-hostname", &at(command, "--hostname"), message, "use letters, digits and '-' within labels, with dots between; 64 characters at most");
        }
    }
}
