//! What else is on a router, and what becomes of it while a host installs: its address, dnsmasq, uci, a second kickstand.
//!
//! Not its job: the service's own files and its death ([`super::faults`]).

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use super::course::install;
use super::{Arena, Case, LIMIT};
use crate::http::exchange;
use crate::network::{BRIDGE, Network};
use crate::process::{Running, wait_until};
use crate::requests::{CONFIG, R220A, STRANGER};
use crate::service::{ROUTER, free_port};

pub const CASES: &[Case] = &[
    Case(
        "no address yet, another address, the old one again",
        address,
    ),
    Case("a second kickstand beside the first", second_service),
    Case("dnsmasq killed and started at every step", dnsmasq),
    Case("uci locked, staged by others or broken", uci),
];

/// The router's other address: the whole loopback is one machine's.
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// How long somebody holds a lock: long enough for whoever wants it to wait, on a busy machine too.
const HELD: Duration = Duration::from_millis(300);

fn address(arena: &mut Arena, effort: u32) {
    for _ in 0..2 * effort {
        install(arena, |arena, _| lose_address(arena));
    }
}

/// The interface loses its address in one of four ways, and has it back in the end.
fn lose_address(arena: &mut Arena) {
    let network = arena.service.path("etc/config/network");
    let before = fs::read(&network).unwrap_or_default();
    let way = arena.random(4);
    let set = |text: &str| drop(arena.service.tree().write("etc/config/network", text));
    let told = |what: &str| {
        let output = arena.service.kickstand(&["status", "--json"]);
        String::from_utf8_lossy(&output.stdout).contains(what)
    };
    let known = match way {
        0 => {
            set("config interface 'lan'\n");
            arena.service.signal("HUP");
            wait_until(LIMIT, || told("has no ipaddr"))
        }
        1 => {
            // One that is configured, and that the kernel does not have (RFC 5737).
            set("config interface 'lan'\n\toption ipaddr '192.0.2.1/24'\n");
            arena.service.signal("HUP");
            wait_until(LIMIT, || told("does not have 192.0.2.1 yet"))
        }
        2 => {
            set(&format!(
                "config interface 'lan'\n\toption ipaddr '{OTHER}/8'\n"
            ));
            arena.service.signal("HUP");
            let url = format!("http://{OTHER}:{}/v1/boot", arena.service.port());
            let request =
                format!("GET /boot.ipxe HTTP/1.1\r\nHost: {OTHER}\r\nConnection: close\r\n\r\n");
            let to = SocketAddrV4::new(OTHER, arena.service.port());
            let moved = || {
                exchange(R220A.address, to, request.as_bytes())
                    .is_ok_and(|reply| reply.text().contains(&url))
            };
            wait_until(LIMIT, moved)
        }
        _ => {
            arena.service.kill();
            arena
                .service
                .tree()
                .write("etc/config/network", "config interface 'wan'\n");
            arena.service.spawn();
            let service = &arena.service;
            wait_until(LIMIT, || service.kickstand(&["status"]).status.success())
        }
    };
    // Nobody is left at the old address to be asked.
    let silent = arena.service.get(ROUTER, "/healthz").is_err();
    arena.row.lost += u32::from(!(known && silent));
    let _ = fs::write(&network, before);
    arena.service.signal("HUP");
    let service = &arena.service;
    let back = wait_until(LIMIT, || service.get(ROUTER, "/healthz").is_ok());
    arena.row.lost += u32::from(!back);
}

/// Starts one more service on the same files.
fn another(arena: &Arena) -> Running {
    let mut command = arena.service.command(&["serve"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Running::start(&mut command)
}

fn second_service(arena: &mut Arena, effort: u32) {
    // The port alone would keep a second one out: it finds a configuration with another one, which the first does not follow yet.
    let other = format!("'{}'", free_port());
    for number in 0..3 * effort {
        install(arena, |arena, _| {
            arena.service.commit(&CONFIG.replace("'PORT'", &other));
            let mut second = another(arena);
            let ended = wait_until(LIMIT, || second.has_ended());
            drop(second);
            arena.service.commit(CONFIG);
            // The first must not have noticed.
            let first = arena.service.get(ROUTER, "/healthz").is_ok();
            arena.row.lost += u32::from(!(ended && first));
        });
        if number % 3 == 0 {
            race(arena);
        }
    }
}

/// Two start at the same moment: one serves, the other ends.
fn race(arena: &mut Arena) {
    arena.service.kill();
    let mut both = [another(arena), another(arena)];
    let one = wait_until(LIMIT, || both.iter_mut().any(Running::has_ended));
    let service = &arena.service;
    let serves = wait_until(LIMIT, || service.get(ROUTER, "/healthz").is_ok());
    let left = both
        .iter_mut()
        .filter_map(|service| (!service.has_ended()).then_some(()))
        .count();
    arena.row.lost += u32::from(!(one && serves && left == 1));
    drop(both);
    arena.service.start();
}

/// The one thing that the service takes from dnsmasq while it runs: whose an address is, with `verify 'lease'`.
fn dnsmasq(arena: &mut Arena, effort: u32) {
    let verify = "config host 'r220a'\n\toption verify 'lease'";
    arena
        .service
        .commit(&CONFIG.replace("config host 'r220a'", verify));
    arena.service.set_neighbours(&[]);
    // Time 0 is a lease that does not end (lease_init in dnsmasq's lease.c).
    let lease = format!("0 {} {} r220a *\n", R220A.card, R220A.address);
    let leases = arena.service.tree().write("tmp/dhcp.leases", lease);
    let network = Network::new().expect("root, and iproute2");
    let start = || {
        let mut command = network.command("dnsmasq");
        command.args([
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--user=root",
            "--pid-file=",
        ]);
        command.args([
            "--port=0",
            "--dhcp-range=10.33.1.100,10.33.1.200",
            "--dhcp-authoritative",
        ]);
        command.arg(format!("--interface={BRIDGE}"));
        command.arg(format!("--dhcp-leasefile={}", leases.display()));
        Running::start(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )
    };
    let mut running = Some(start());
    for _ in 0..6 * effort {
        install(arena, |arena, _| {
            running = None;
            arena.good_client();
            running = Some(start());
        });
        let lives = running.as_mut().is_some_and(|running| !running.has_ended());
        arena.row.lost += u32::from(!lives);
    }
}

fn uci(arena: &mut Arena, effort: u32) {
    arena.service.tree().write("etc/config/dhcp", DHCP);
    for _ in 0..4 * effort {
        install(arena, |arena, _| meddle(arena));
    }
}

/// A stock router's, as far as rules for booting need it.
const DHCP: &str =
    "config dnsmasq\n\nconfig dhcp 'lan'\n\toption interface 'lan'\n\toption start '100'\n";

/// Somebody else works on the configuration. Every command that changes it waits or refuses, and nothing of theirs is lost.
fn meddle(arena: &mut Arena) {
    let way = arena.random(5);
    let tree = arena.service.tree();
    let refused = |words: &[&str]| {
        let output = arena.service.kickstand(words);
        output.status.code() == Some(1) && !output.stderr.is_empty()
    };
    let adopt = ["adopt", STRANGER.card, "adopted", "almalinux9"];
    let well = match way {
        0 => {
            // Held as `uci commit` holds it (flock(2) on the file itself, in uci_open_stream).
            let lock = File::open(arena.service.path("etc/config/kickstand"))
                .and_then(|file| file.lock().map(|()| file));
            STRANGER.boots(&arena.service);
            let adopting = arena
                .service
                .command(&adopt)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            thread::sleep(HELD);
            let waited = arena.service.get(ROUTER, "/healthz").is_ok();
            drop(lock);
            waited
                && adopting
                    .is_ok_and(|mut adopting| adopting.wait().is_ok_and(|status| status.success()))
        }
        1 => {
            let staged = tree.write("tmp/.uci/dhcp", "dhcp.lan.limit='99'\n");
            let well = refused(&["apply"])
                && fs::read(&staged).is_ok_and(|text| text == b"dhcp.lan.limit='99'\n");
            let _ = fs::remove_file(staged);
            well
        }
        2 => {
            let staged = tree.write("tmp/.uci/kickstand", "kickstand.main.unknown='local'\n");
            STRANGER.boots(&arena.service);
            let well = refused(&adopt) && fs::metadata(&staged).is_ok();
            let _ = fs::remove_file(staged);
            well
        }
        3 => {
            tree.write("etc/config/dhcp", "config dhcp 'lan\n");
            let well = refused(&["apply"]);
            tree.write("etc/config/dhcp", DHCP);
            well
        }
        _ => {
            arena.service.commit("config host 'half written\n");
            refused(&["apply"]) && arena.service.get(ROUTER, "/boot.ipxe").is_ok()
        }
    };
    let untouched =
        fs::read(arena.service.path("etc/config/dhcp")).is_ok_and(|text| text == DHCP.as_bytes());
    arena.service.commit(CONFIG);
    arena.row.lost += u32::from(!(well && untouched));
}
