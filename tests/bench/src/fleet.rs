//! A thousand machines that boot and install at once, as far as the router sees them.
//!
//! Not its job: firmware, DHCP and TFTP, which dnsmasq serves.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kickstand_lab::http::{Reply, exchange};
use kickstand_lab::process::{Failure, Result};
use kickstand_lab::requests::token_in;

use crate::hosts;
use crate::load::{client, download};
use crate::servers::{Server, Tools};
use crate::table::{Section, median, megabytes, number, thousands};
use crate::usage::{forget_peak, memory, processor_time};

/// Several times as many as one router is meant for.
const MACHINES: u32 = 1000;
/// Kernel and initrd, in bytes.
const FILES: [(&str, usize); 2] = [("vmlinuz", 1024 * 1024), ("initrd.img", 4 * 1024 * 1024)];
/// Between two tries of a machine that got no answer; iPXE and curl wait as long, or longer.
const PAUSE: Duration = Duration::from_millis(500);
/// Tries of one request before a machine gives up.
const TRIES: u32 = 60;
/// Stack of a machine's thread, in bytes.
const STACK: usize = 128 * 1024;

const TEXT: &str = "A thousand machines, each with an address and a card of its own that the router's neighbour table knows, all switched on in the same \
moment, all armed: `/boot.ipxe`, `/v1/boot`, a kernel of 1 MiB and an initrd of 4 MiB from the router, the answer file, the claim, two reports of \
progress, completion, and `/v1/boot` again, which must send them to their disks. A new connection for each request; who gets no answer asks \
again after half a second, which is counted. Each grant and each result is on flash (here: this machine's disk) before it is answered. \
*Turned away* is what the bound of 256 connections does to all of them at once.";

/// Measures and tells.
///
/// # Errors
///
/// When the service cannot be prepared.
pub fn section(tools: &Tools) -> Result<Section> {
    let router = tools.router(&hosts::config(MACHINES));
    for (name, length) in FILES {
        router
            .tree()
            .write(&format!("www/kickstand/files/{name}"), vec![b'x'; length]);
    }
    let cards: Vec<String> = (0..MACHINES).map(hosts::card).collect();
    let known: Vec<(Ipv4Addr, &str)> = (0..)
        .map(client)
        .zip(cards.iter().map(String::as_str))
        .collect();
    router.set_neighbours(&known);
    let server = tools.kickstand(router);
    let service = server.service.as_ref();
    let service = service.ok_or_else(|| Failure::new("kickstand does not run"))?;
    let names: Vec<String> = (0..MACHINES).map(hosts::name).collect();
    let begin = Instant::now();
    let mut arm = vec!["arm"];
    arm.extend(names.iter().map(String::as_str));
    let armed = service.kickstand(&arm);
    if !armed.status.success() {
        return Err(Failure::new(format!("arm: {armed:?}")));
    }
    let arming = begin.elapsed();
    forget_peak(server.id());
    let before = processor_time(server.id());
    let begin = Instant::now();
    let retries = AtomicU64::new(0);
    let outcomes: Vec<std::result::Result<Duration, String>> = thread::scope(|scope| {
        let machines: Vec<_> = cards
            .iter()
            .zip(0..)
            .map(|(card, number)| {
                let machine = Machine {
                    address: client(number),
                    card,
                    server: &server,
                    retries: &retries,
                };
                thread::Builder::new()
                    .stack_size(STACK)
                    .spawn_scoped(scope, move || machine.installs())
            })
            .collect();
        machines
            .into_iter()
            .map(
                |machine| match machine.map(thread::ScopedJoinHandle::join) {
                    Ok(Ok(outcome)) => outcome,
                    _ => Err("the machine itself failed".to_owned()),
                },
            )
            .collect()
    });
    let wall = begin.elapsed();
    let processor = processor_time(server.id()) - before;
    for failed in outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().err())
        .take(3)
    {
        eprintln!("bench: a machine of them: {failed}");
    }
    let times: Vec<f64> = outcomes
        .iter()
        .flatten()
        .map(Duration::as_secs_f64)
        .collect();
    let mut section = Section::new("A thousand machines at once", TEXT, &["what", "measured"]);
    let mut row = |what: &str, measured: String| section.row([what.to_owned(), measured]);
    row("machines", thousands(u64::from(MACHINES)));
    row("installed", thousands(times.len() as u64));
    row(
        "arming all of them, by one command, s",
        number(arming.as_secs_f64()),
    );
    row("all installed after, s", number(wall.as_secs_f64()));
    row("a machine, median, s", number(median(&times)));
    row("processor time of the service, s", number(processor));
    row(
        "turned away, and asked again",
        thousands(retries.into_inner()),
    );
    row("peak MB", megabytes(memory(server.id()).peak));
    Ok(section)
}

struct Machine<'a> {
    address: Ipv4Addr,
    card: &'a str,
    server: &'a Server,
    retries: &'a AtomicU64,
}

impl Machine<'_> {
    /// Its way to the installed system; the time that it took, or what went wrong.
    fn installs(&self) -> std::result::Result<Duration, String> {
        let begin = Instant::now();
        let card = self.card;
        let boot = format!("/v1/boot?mac={card}&platform=efi&buildarch=x86_64&try=1");
        self.get("/boot.ipxe")?;
        let script = self.get(&boot)?.text();
        let token = token_in(&script).ok_or_else(|| format!("not told to install: {script}"))?;
        for (name, length) in FILES {
            self.fetch(&format!("/files/{name}"), length)?;
        }
        let answer = self.get(&format!("/ks/{card}?token={token}"))?.text();
        if !answer.contains("event=claim") {
            return Err(format!("no answer file: {answer}"));
        }
        for event in [
            "claim&nonce=1&blank=0",
            "progress&percent=40&text=packages",
            "progress&percent=80&text=packages",
            "completed",
        ] {
            self.report(&token, event)?;
        }
        let script = self.get(&boot)?.text();
        match script.contains("booting from the disk") {
            true => Ok(begin.elapsed()),
            false => Err(format!("not sent to its disk: {script}")),
        }
    }

    fn get(&self, target: &str) -> std::result::Result<Reply, String> {
        self.ask(
            target,
            &format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        )
    }

    fn report(&self, token: &str, event: &str) -> std::result::Result<Reply, String> {
        let body = format!("mac={}&token={token}&event={event}", self.card);
        let length = body.len();
        let head = "POST /v1/report HTTP/1.1\r\nHost: x\r\nConnection: close";
        self.ask(
            event,
            &format!("{head}\r\nContent-Length: {length}\r\n\r\n{body}"),
        )
    }

    fn ask(&self, what: &str, request: &str) -> std::result::Result<Reply, String> {
        self.again(what, || {
            match exchange(self.address, self.to(), request.as_bytes()) {
                Ok(reply) if reply.status == 200 => Ok(reply),
                Ok(reply) if reply.status == 503 => Err("503".to_owned()),
                // What is refused stays refused.
                Ok(reply) => Ok(reply),
                Err(error) => Err(error.to_string()),
            }
        })
    }

    fn fetch(&self, path: &str, length: usize) -> std::result::Result<(), String> {
        self.again(path, || {
            download(self.to(), path, length as u64, &[self.address])
                .map(drop)
                .map_err(|error| error.to_string())
        })
    }

    fn again<T>(
        &self,
        what: &str,
        attempt: impl Fn() -> std::result::Result<T, String>,
    ) -> std::result::Result<T, String> {
        let mut last = String::new();
        for _ in 0..TRIES {
            match attempt() {
                Ok(done) => return Ok(done),
                Err(error) => last = error,
            }
            self.retries.fetch_add(1, Ordering::Relaxed);
            thread::sleep(PAUSE);
        }
        Err(format!("{what}: {last}"))
    }

    fn to(&self) -> SocketAddrV4 {
        self.server.address
    }
}
