//! Addresses and networks, of both families.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::{Network, host_bits};

/// IPv4 address with prefix length.
pub fn address(value: &str) -> Result<(Ipv4Addr, u8), String> {
    let allowed =
        || "an IPv4 address of one machine with its prefix length, such as 192.0.2.2/24".to_owned();
    let (address, prefix) = value.split_once('/').ok_or_else(allowed)?;
    let address: Ipv4Addr = address.parse().map_err(|_| allowed())?;
    let prefix: u8 = prefix
        .parse()
        .ok()
        .filter(|prefix| (1..=32).contains(prefix))
        .ok_or_else(allowed)?;
    let host_bits = host_bits(prefix);
    let of_host = u32::from(address) & host_bits;
    let whole_network = prefix < 31 && (of_host == 0 || of_host == host_bits);
    if whole_network || address.is_multicast() || address.is_loopback() || address.is_unspecified()
    {
        return Err(allowed());
    }
    Ok((address, prefix))
}

/// IPv4 address.
pub fn address4(value: &str) -> Result<Ipv4Addr, String> {
    value
        .parse()
        .map_err(|_| "an IPv4 address such as 192.0.2.1".to_owned())
}

/// IPv6 address with prefix length.
pub fn address6_with_prefix(value: &str) -> Result<(Ipv6Addr, u8), String> {
    let parsed = value.split_once('/').and_then(|(address, prefix)| {
        let prefix = prefix
            .parse()
            .ok()
            .filter(|prefix| (1..=128).contains(prefix))?;
        Some((address.parse().ok()?, prefix))
    });
    parsed.ok_or_else(|| {
        "an IPv6 address with its prefix length, such as 2001:db8::103/64".to_owned()
    })
}

/// IPv6 address.
pub fn address6(value: &str) -> Result<Ipv6Addr, String> {
    value
        .parse()
        .map_err(|_| "an IPv6 address such as 2001:db8::1".to_owned())
}

/// Address of either family.
pub fn any_address(value: &str) -> Result<IpAddr, String> {
    value
        .parse()
        .map_err(|_| "an IP address such as 8.8.8.8".to_owned())
}

/// A range of IPv4 addresses.
pub fn network(value: &str) -> Result<Network, String> {
    let (address, prefix) = value.split_once('/').unwrap_or((value, "32"));
    match (address.parse(), prefix.parse()) {
        (Ok(address), Ok(prefix)) if prefix <= 32 => Ok(Network { address, prefix }),
        _ => Err("an IPv4 network such as 192.0.2.0/24".to_owned()),
    }
}
