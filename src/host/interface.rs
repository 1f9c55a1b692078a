//! The address that the router has on a network.
//!
//! Not its job: choosing the network.

use std::fs;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::core::uci;
use crate::core::uci::Value as UciValue;

use super::paths::Paths;
use super::ubus;

/// The router's IPv4 address on that network, and its prefix length where it is known.
///
/// netifd is asked first: it knows what the interface has now, however it came by it. Without netifd on the bus, or without
/// the right to ask it, the configuration is believed.
///
/// # Errors
///
/// One sentence that says what is missing.
pub fn address(paths: &Paths, network: &str) -> Result<(Ipv4Addr, Option<u8>), String> {
    let object = format!("network.interface.{network}");
    match ubus::call(&paths.ubus_socket(), &object, "status", &json!({})) {
        Ok(status) => address_in(&status).ok_or_else(|| {
            format!("The interface '{network}' has no IPv4 address now; `ubus call {object} status` tells more.")
        }),
        Err(error) => {
            log::debug!("netifd does not tell the address of '{network}': {error}");
            configured_address(paths, network)
        }
    }
}

/// The first IPv4 address in netifd's status of an interface: `"ipv4-address": [{"address": "192.168.1.1", "mask": 24}]`.
fn address_in(status: &Value) -> Option<(Ipv4Addr, Option<u8>)> {
    let first = status.get("ipv4-address")?.get(0)?;
    let address = first.get("address")?.as_str()?.parse().ok()?;
    let mask = first.get("mask").and_then(Value::as_u64);
    Some((address, mask.and_then(|mask| u8::try_from(mask).ok())))
}

/// What `/etc/config/network` says: `ipaddr` as an option or a list, with a prefix length of its own or `netmask`.
fn configured_address(paths: &Paths, network: &str) -> Result<(Ipv4Addr, Option<u8>), String> {
    let path = paths.config().join("network");
    let shown = path.display();
    let text = fs::read(&path).map_err(|error| format!("{shown} cannot be read: {error}."))?;
    let document = uci::parse(&text)
        .map_err(|error| format!("{shown}, line {}: {}.", error.line, error.reason))?;
    let section = document
        .section(network)
        .filter(|section| section.kind == "interface")
        .ok_or_else(|| {
            let names: Vec<&str> = document
                .of_kind("interface")
                .filter(|section| !section.anonymous)
                .map(|section| section.name.as_str())
                .collect();
            format!(
                "{shown} has no interface '{network}'; set kickstand.main.interface to one of: {}.",
                names.join(", ")
            )
        })?;
    let first = match section.option("ipaddr") {
        Some(UciValue::Text(text)) => text.split_whitespace().next(),
        Some(UciValue::List(items)) => items.first().map(String::as_str),
        None => None,
    };
    let Some(first) = first else {
        return Err(format!(
            "The interface '{network}' in {shown} has no ipaddr: kickstand needs a network on which the router has an \
             address of its own."
        ));
    };
    let netmask = match section.option("netmask") {
        Some(UciValue::Text(text)) => prefix_of(text),
        Some(UciValue::List(_)) | None => None,
    };
    let fault = || format!("The interface '{network}' in {shown} has no usable ipaddr: '{first}'.");
    match first.split_once('/') {
        Some((address, prefix)) => {
            let prefix = prefix_of(prefix).ok_or_else(fault)?;
            Ok((address.parse().map_err(|_| fault())?, Some(prefix)))
        }
        None => Ok((first.parse().map_err(|_| fault())?, netmask)),
    }
}

/// `24` and `255.255.255.0` alike.
fn prefix_of(text: &str) -> Option<u8> {
    if let Ok(prefix) = text.parse::<u8>() {
        return (prefix <= 32).then_some(prefix);
    }
    let mask = u32::from(text.parse::<Ipv4Addr>().ok()?);
    let ones = mask.leading_ones();
    let contiguous = mask.checked_shl(ones).unwrap_or(0) == 0;
    contiguous.then(|| u8::try_from(ones).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_length_is_read_in_both_forms() {
        assert_eq!(prefix_of("24"), Some(24));
        assert_eq!(prefix_of("255.255.255.0"), Some(24));
        assert_eq!(prefix_of("255.255.255.255"), Some(32));
        assert_eq!(prefix_of("0.0.0.0"), Some(0));
        for wrong in ["33", "255.0.255.0", "", "x"] {
            assert_eq!(prefix_of(wrong), None, "{wrong}");
        }
    }
}
