//! Switching machines on: magic packets on the served network.
//!
//! Not its job: whose cards they are, nor whether a machine wakes: nobody answers.

use std::net::{Ipv4Addr, UdpSocket};

use crate::core::mac::Mac;

/// UDP port of magic packets: `discard`, as every tool sends them. Cards look at the bytes only.
pub const PORT: u16 = 9;

/// Sends each card its magic packet, from the router's address on the network that they are on. An error is one sentence.
///
/// The kernel sends a limited broadcast on the interface that has the sender's address (`ip_route_output_key`), so no prefix
/// need be known; a user without privileges may do that with SO_BROADCAST.
pub fn wake(router: Ipv4Addr, port: u16, cards: &[Mac]) -> Result<(), String> {
    let sent = || {
        let socket = UdpSocket::bind((router, 0))?;
        socket.set_broadcast(true)?;
        for card in cards {
            socket.send_to(&card.magic_packet(), (Ipv4Addr::BROADCAST, port))?;
        }
        Ok(())
    };
    sent().map_err(|error: std::io::Error| {
        format!("no magic packet can be sent from {router}: {error}")
    })
}
