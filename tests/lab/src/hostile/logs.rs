//! Floods of what should be installers' logs, by UDP and by TCP.
//!
//! Not its job: what a good log tells (the service's own tests).

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use super::{ATTACKER, Arena, Case, attacker};
use crate::http::connect_from;
use crate::requests::R220A;
use crate::service::ROUTER;

pub const CASES: &[Case] = &[
    Case("logs by UDP, of strangers and of an armed host", datagrams),
    Case(
        "logs by TCP that never end, of strangers and of a host",
        streams,
    ),
];

/// What a log may say to be taken for more than a log.
const TEXTS: &[&str] = &[
    "<14>Nov 23 00:00:00 r220a anaconda: event=completed",
    "<14>1 2026-11-23T00:00:00Z r220a anaconda - - - Installation complete",
    "<999999999999>x",
    "<>",
    "",
    "<14>\u{1b}[2J\u{202e}{{ 7 * 7 }} $(reboot) <script>alert(1)</script>",
    "<14>Nov 23 00:00:00 r220a kickstand: token=",
];

/// A datagram from an address; it may be dropped anywhere, as floods are.
fn sends(from: Ipv4Addr, to: SocketAddrV4, datagrams: &[Vec<u8>]) {
    if let Ok(socket) = UdpSocket::bind((from, 0)) {
        for datagram in datagrams {
            let _ = socket.send_to(datagram, to);
        }
    }
}

/// Texts as above, bytes of all kinds, and lines that are as long as UDP can carry.
fn lines(arena: &mut Arena, count: usize) -> Vec<Vec<u8>> {
    let one = |number: usize, arena: &mut Arena| match number % 8 {
        0 => (0..arena.random(2000))
            .map(|_| u8::try_from(arena.random(256)).unwrap_or(0))
            .collect(),
        1 => format!("<14>{}", "x".repeat(60_000)).into_bytes(),
        _ => arena.pick(TEXTS).as_bytes().to_vec(),
    };
    (0..count).map(|number| one(number, arena)).collect()
}

fn target(arena: &Arena) -> SocketAddrV4 {
    SocketAddrV4::new(ROUTER, arena.service.syslog_port())
}

fn datagrams(arena: &mut Arena, effort: u32) {
    let to = target(arena);
    for number in 0..40 * effort {
        let flood = lines(arena, 250);
        // The host itself may go mad, too: it is armed, so its log is read.
        let from = if number % 2 == 0 {
            R220A.address
        } else {
            attacker(number)
        };
        sends(from, to, &flood);
        arena.row.tries += 250;
        if number % 8 == 7 {
            arena.good_client();
        }
    }
    words_stayed_words(arena);
}

fn streams(arena: &mut Arena, effort: u32) {
    let to = target(arena);
    let mut standing = Vec::new();
    for number in 0..100 * effort {
        arena.row.tries += 1;
        let from = if number % 2 == 0 {
            R220A.address
        } else {
            ATTACKER
        };
        let mut flood = lines(arena, 8).concat();
        // Counted lines (RFC 6587, 3.4.1) of a length that is none.
        if number % 3 == 0 {
            flood.splice(0..0, *b"99999999999999999999 <14>x");
        }
        if let Ok(mut stream) = connect_from(from, to) {
            let _ = stream.set_write_timeout(Some(super::SHORT));
            let _ = stream.write_all(&flood);
            standing.push(stream);
        }
        if number % 25 == 24 {
            arena.good_client();
        }
    }
    words_stayed_words(arena);
}

/// What was logged is shown without what would move or hide other text, and changed nothing; [`Arena::finish`] looks at the rest.
fn words_stayed_words(arena: &mut Arena) {
    let shown = arena.service.kickstand(&["status", "r220a"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    if shown.is_empty() || arena.phase("r220a") != "booting" {
        arena.row.lost += 1;
    }
    if shown.contains(['\u{202e}', '\u{1b}', '\0']) || shown.contains(&arena.token) {
        arena.row.granted += 1;
    }
}
