//! Attacks on connections: many, slow, silent, endless, cut.

use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};

use rustix::net::sockopt;

use super::{ATTACKER, Arena, Case, attacker};

pub const CASES: &[Case] = &[
    Case(
        "500 connections of one address that say nothing",
        silent_one,
    ),
    Case(
        "500 connections of 500 addresses that say nothing",
        silent_many,
    ),
    Case("500 heads of one address that never end", slow_heads),
    Case("500 downloads that nobody reads", stalled_downloads),
    Case("heads without end", endless_heads),
    Case("connections that are reset half way", resets),
    Case("pipelined requests", pipelined),
    Case("bodies that are huge, chunked or short", bodies),
    Case("bytes that are no HTTP", garbage),
];

/// As many as the issue of a flood needs: twice what is served at once.
const FLOOD: u32 = 500;

/// Opens connections one after another, with a good client now and then, and more of them while all stand.
fn stand(arena: &mut Arena, from: impl Fn(u32) -> Ipv4Addr, say: &[u8], effort: u32) {
    let mut standing: Vec<TcpStream> = Vec::new();
    for number in 0..FLOOD {
        arena.row.tries += 1;
        if let Some(mut stream) = arena.connect(from(number)) {
            let _ = stream.write_all(say);
            standing.push(stream);
        }
        if number % 50 == 49 {
            arena.good_client();
        }
    }
    for _ in 0..10 * effort {
        arena.good_client();
        for stream in &mut standing {
            let _ = stream.write_all(&say[..say.len().min(1)]);
        }
    }
    arena.note_peak();
}

fn silent_one(arena: &mut Arena, effort: u32) {
    stand(arena, |_| ATTACKER, b"", effort);
}

fn silent_many(arena: &mut Arena, effort: u32) {
    stand(arena, attacker, b"", effort);
}

fn slow_heads(arena: &mut Arena, effort: u32) {
    stand(arena, |_| ATTACKER, b"G", effort);
}

fn stalled_downloads(arena: &mut Arena, effort: u32) {
    arena
        .service
        .tree()
        .write("www/kickstand/files/large", vec![b'x'; 16 * 1024 * 1024]);
    let say = b"GET /files/large HTTP/1.1\r\nHost: x\r\n\r\n";
    stand(arena, |number| attacker(number % 5), say, effort);
}

fn endless_heads(arena: &mut Arena, effort: u32) {
    let line = format!("X-{}: {}\r\n", "a".repeat(50), "b".repeat(400));
    let many = "A: b\r\n".repeat(5000);
    for _ in 0..20 * effort {
        arena.throws(
            ATTACKER,
            format!("GET / HTTP/1.1\r\n{}", line.repeat(400)).as_bytes(),
        );
        arena.throws(ATTACKER, format!("GET / HTTP/1.1\r\n{many}").as_bytes());
        arena.throws(
            ATTACKER,
            format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(200_000)).as_bytes(),
        );
        arena.good_client();
    }
}

fn resets(arena: &mut Arena, effort: u32) {
    for number in 0..400 * effort {
        arena.row.tries += 1;
        if let Some(mut stream) = arena.connect(attacker(number % 200)) {
            let _ = stream.write_all(b"GET /boot.ipxe HTTP/1.1\r\nHost: x\r\n\r\n");
            // Closing sends a reset instead of an end (SO_LINGER of zero, socket(7)).
            let _ = sockopt::set_socket_linger(&stream, Some(std::time::Duration::ZERO));
        }
        if number % 100 == 99 {
            arena.good_client();
        }
    }
}

fn pipelined(arena: &mut Arena, effort: u32) {
    let one = "GET /boot.ipxe HTTP/1.1\r\nHost: x\r\n\r\n";
    let mixed = format!(
        "{one}HEAD / HTTP/1.0\r\n\r\nPOST /v1/report HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc{one}"
    );
    for _ in 0..5 * effort {
        arena.throws(ATTACKER, one.repeat(2000).as_bytes());
        arena.throws(ATTACKER, mixed.repeat(200).as_bytes());
        arena.good_client();
    }
}

fn bodies(arena: &mut Arena, effort: u32) {
    let post = "POST /v1/report HTTP/1.1\r\nHost: x\r\n";
    let chunks = "1000\r\n".to_owned() + &"x".repeat(4096) + "\r\n";
    for _ in 0..5 * effort {
        for head in [
            "Content-Length: 999999999999999999\r\n\r\n",
            "Content-Length: -1\r\n\r\n",
            "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
            "Content-Length: 70000\r\n\r\n",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
            "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
            "Transfer-Encoding: gzip, chunked\r\n\r\n",
            "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n",
        ] {
            let body = "x".repeat(80_000);
            arena.throws(ATTACKER, format!("{post}{head}{body}").as_bytes());
        }
        arena.throws(
            ATTACKER,
            format!(
                "{post}Transfer-Encoding: chunked\r\n\r\n{}",
                chunks.repeat(300)
            )
            .as_bytes(),
        );
        arena.throws(
            ATTACKER,
            format!("{post}Content-Length: 400\r\n\r\nmac=").as_bytes(),
        );
        arena.good_client();
    }
}

fn garbage(arena: &mut Arena, effort: u32) {
    for _ in 0..200 * effort {
        let length = arena.random(2000);
        let mut bytes: Vec<u8> = (0..length)
            .map(|_| u8::try_from(arena.random(256)).unwrap_or(0))
            .collect();
        if arena.random(2) == 0 {
            bytes.splice(0..0, *b"GET / HTTP/1.1\r\n");
        }
        arena.throws(ATTACKER, &bytes);
    }
    arena.good_client();
}
