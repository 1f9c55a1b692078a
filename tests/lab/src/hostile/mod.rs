//! The service under attack and under faults: each case is tried many times and ends as one line of a table.
//!
//! What must be zero in every line: what was wrongly granted, what was lost, and crashes. [`wire`] attacks connections,
//! [`requests`] what is asked on them, [`logs`] the receiver of logs, [`faults`] the service's own footing, [`surroundings`]
//! what else there is on a router.
//! Not its job: floods that the kernel ends before the service sees them (SYN floods), and any network but the loopback.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpStream};
use std::time::{Duration, Instant};

use crate::http::{Reply, connect_from};
use crate::requests::{CONFIG, R220A, STRANGER, WEB, know_everybody};
use crate::service::{ROUTER, Service};

mod course;
mod faults;
mod logs;
mod requests;
mod surroundings;
mod wire;

/// How long a good client may wait meanwhile. Far below the time that the service gives a silent client, so that a good
/// one who has to wait for the end of those is found.
const PROMPT: Duration = Duration::from_secs(5);
/// How long the service may need until it is back after a fault.
const LIMIT: Duration = Duration::from_secs(20);
/// How long an attacker waits for an answer: it has many more to try.
const SHORT: Duration = Duration::from_millis(500);
/// What stands in the answer file of a host and nowhere else, for a stranger to find.
const SECRET: &str = "ssh-ed25519 AAAA kenneth";
/// Folder of `/proc` in which the kernel keeps a process's peak; writing 5 there starts it anew (proc(5)).
const FORGET_PEAK: &str = "5";

/// A case and how it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What was tried.
    pub case: &'static str,
    /// How often.
    pub tries: u32,
    /// Scripts, answer files, tokens and claims that went to somebody they were not for, and changes that strangers made.
    pub granted: u32,
    /// Good requests that were not answered promptly, and permissions or results that were forgotten.
    pub lost: u32,
    /// Times that the service ended by itself, or did not start again.
    pub crashed: u32,
    /// The most memory that it had in RAM, in KiB.
    pub peak: u64,
}

impl Row {
    /// Whether zeros are where they belong.
    pub fn is_clean(&self) -> bool {
        self.tries > 0 && (self.granted, self.lost, self.crashed) == (0, 0, 0)
    }
}

/// A case: its name and what it does, `effort` times as often as in a test that must end soon.
struct Case(&'static str, fn(&mut Arena, u32));

/// The service, a host that is armed, and the count of what went wrong.
struct Arena {
    service: Service,
    token: String,
    row: Row,
    random: u64,
}

/// Runs every case against that binary. `tell` hears each row as it comes.
pub fn run(binary: &str, effort: u32, mut tell: impl FnMut(&Row)) -> Vec<Row> {
    let mut rows = Vec::new();
    for Case(name, attempt) in wire::CASES
        .iter()
        .chain(requests::CASES)
        .chain(logs::CASES)
        .chain(faults::CASES)
        .chain(surroundings::CASES)
    {
        let mut arena = Arena::new(binary, name);
        attempt(&mut arena, effort);
        let row = arena.finish();
        tell(&row);
        rows.push(row);
    }
    rows
}

/// First line of the table.
pub fn heading() -> String {
    format!(
        "{:<58} {:>7} {:>8} {:>5} {:>8} {:>9}",
        "case", "tries", "granted", "lost", "crashed", "peak KiB"
    )
}

/// A line of the table.
pub fn line(row: &Row) -> String {
    format!(
        "{:<58} {:>7} {:>8} {:>5} {:>8} {:>9}",
        row.case, row.tries, row.granted, row.lost, row.crashed, row.peak
    )
}

impl Arena {
    fn new(binary: &str, case: &'static str) -> Self {
        let service = Service::new(binary, CONFIG);
        know_everybody(&service);
        let mut arena = Arena {
            service,
            token: String::new(),
            row: Row {
                case,
                tries: 0,
                granted: 0,
                lost: 0,
                crashed: 0,
                peak: 0,
            },
            // The same tries in each run, so that what is found can be found again.
            random: 0x9e37_79b9_7f4a_7c15,
        };
        arena.arm();
        arena.token = R220A.token(&arena.service);
        let peak = format!("/proc/{}/clear_refs", arena.service.id());
        let _ = fs::write(peak, FORGET_PEAK);
        arena
    }

    /// Arms host `r220a`.
    fn arm(&mut self) {
        let output = self.service.kickstand(&["arm", "r220a"]);
        assert!(output.status.success(), "{output:?}");
    }

    /// Whether a host is in that phase.
    fn phase(&self, host: &str) -> String {
        let output = self.service.kickstand(&["status", host, "--json"]);
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        status["phase"].as_str().unwrap_or_default().to_owned()
    }

    /// A number below `end` (Marsaglia's xorshift64).
    fn random(&mut self, end: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % end.max(1)
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let index = self.random(words.len() as u64);
        words[usize::try_from(index).unwrap_or(0)]
    }

    /// A connection of an attacker; none when it is not even let in, as is its due.
    fn connect(&self, from: Ipv4Addr) -> Option<TcpStream> {
        let stream = connect_from(from, SocketAddrV4::new(ROUTER, self.service.port())).ok()?;
        stream.set_read_timeout(Some(SHORT)).ok()?;
        stream.set_write_timeout(Some(SHORT)).ok()?;
        Some(stream)
    }

    /// Sends bytes as they stand, and looks at whatever comes back.
    fn throws(&mut self, from: Ipv4Addr, bytes: &[u8]) {
        self.row.tries += 1;
        let Some(mut stream) = self.connect(from) else {
            return;
        };
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        self.judge(&String::from_utf8_lossy(&answer));
    }

    /// A request of a stranger.
    fn asks(&mut self, from: Ipv4Addr, method: &str, target: &str, headers: &[&str], body: &str) {
        self.row.tries += 1;
        if let Ok(reply) = self.service.send(from, method, target, headers, body) {
            self.judge_reply(&reply);
        }
    }

    fn judge_reply(&mut self, reply: &Reply) {
        self.judge(&reply.text());
    }

    /// A stranger must see neither a token nor what is in an answer file, and nothing is granted to it.
    fn judge(&mut self, answer: &str) {
        if answer.contains(&self.token) || answer.contains(SECRET) || answer.contains("granted") {
            self.row.granted += 1;
        }
    }

    /// A good client asks, meanwhile.
    fn good_client(&mut self) {
        let start = Instant::now();
        let target = format!("/v1/boot?mac={}&platform=efi&try=1", WEB.card);
        let answered = self
            .service
            .get(WEB.address, &target)
            .is_ok_and(|reply| reply.text().contains("booting from the disk"));
        if !answered || start.elapsed() > PROMPT {
            self.row.lost += 1;
        }
    }

    /// The host that was armed is armed still, and its machine gets what it is to get.
    fn finish(mut self) -> Row {
        self.note_peak();
        if !self.is_up() {
            self.row.crashed += 1;
        }
        self.good_client();
        if !self.token.is_empty() {
            if self.phase("r220a") != "booting" {
                self.row.granted += 1;
            }
            let target = format!("/ks/{}?token={}", R220A.card, self.token);
            let own = self.service.get(R220A.address, &target);
            if !own.is_ok_and(|reply| reply.text().contains(SECRET)) {
                self.row.lost += 1;
            }
        }
        self.row
    }

    fn is_up(&self) -> bool {
        let line = fs::read_to_string(format!("/proc/{}/cmdline", self.service.id()));
        line.is_ok_and(|line| !line.is_empty())
    }

    /// `VmHWM` of proc(5).
    fn note_peak(&mut self) {
        let status = format!("/proc/{}/status", self.service.id());
        let status = fs::read_to_string(status).unwrap_or_default();
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse().ok());
        self.row.peak = self.row.peak.max(peak.unwrap_or(0));
    }
}

/// The address of attacker `number`, of many.
fn attacker(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + number)
}

/// The one attacker of cases that need no more.
const ATTACKER: Ipv4Addr = STRANGER.address;
