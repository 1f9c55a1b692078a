//! The options of a host about the installed system's network, and what must hold between them.

use super::section::Reader;
use super::{HostNetwork, check};

/// Reads them. Faults are the reader's.
pub fn read_network(reader: &mut Reader<'_>) -> HostNetwork {
    let network = HostNetwork {
        address: reader.option("address", check::address),
        gateway: reader.option("gateway", check::address4),
        address6: reader.option("address6", check::address6_with_prefix),
        gateway6: reader.option("gateway6", check::address6),
        dns: reader.list("dns", check::any_address),
        device: reader.option("device", check::interface),
        bond: reader.option("bond", check::interface),
        bond_ports: reader.list("bond_port", check::interface),
        bond_opts: reader.option("bond_opts", check::bond_options),
    };
    if reader.faulty() {
        return network;
    }
    for (option, set, needs, there) in [
        (
            "gateway",
            network.gateway.is_some(),
            "address",
            network.address.is_some(),
        ),
        (
            "gateway6",
            network.gateway6.is_some(),
            "address6",
            network.address6.is_some(),
        ),
        (
            "bond",
            network.bond.is_some(),
            "bond_port",
            !network.bond_ports.is_empty(),
        ),
        (
            "bond_port",
            !network.bond_ports.is_empty(),
            "bond",
            network.bond.is_some(),
        ),
        (
            "bond_opts",
            network.bond_opts.is_some(),
            "bond",
            network.bond.is_some(),
        ),
    ] {
        if set && !there {
            reader.fault(option, None, format!("needs option {needs} too"));
        }
    }
    if network.device.is_some() && network.bond.is_some() {
        reader.fault(
            "device",
            None,
            "and bond exclude each other: a bond is made of its bond_port",
        );
    }
    network
}
