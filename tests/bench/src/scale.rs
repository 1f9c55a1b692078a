//! From one host to ten thousand: what grows, and what must not.

use std::time::Instant;

use kickstand_lab::process::{Failure, Result};
use kickstand_lab::service::ROUTER;

use crate::hosts;
use crate::load::{Manner, ask};
use crate::servers::Tools;
use crate::table::{Section, median, megabytes, number, thousands};
use crate::usage::memory;

const COUNTS: [u32; 4] = [1, 100, 1_000, 10_000];
const ONE: Manner = Manner {
    connections: 1,
    reused: true,
};

const TEXT: &str = "What a configuration of that many hosts costs. *First answer*: from the start of the process, settings and state included. \
*Decision*: what a machine waits for `/v1/boot` (not armed; the last host of the file; p50 on a kept connection). *Status*: one page of \
`/v1/status`, which has 500 hosts at most. *Growth* is a host's share of start and memory, what an empty configuration needs not counted: \
where it stays the same, growth is linear.";

/// Measures and tells.
///
/// # Errors
///
/// When the service does not say what it should.
pub fn section(tools: &Tools, rounds: usize) -> Result<Section> {
    let head = [
        "hosts",
        "configuration KB",
        "first answer ms",
        "decision ms",
        "status ms",
        "status KB",
        "idle MB",
        "start µs/host",
        "memory KB/host",
    ];
    let mut section = Section::new("Scale", TEXT, &head);
    let empty = measure(tools, 0, rounds)?;
    for count in COUNTS {
        let row = measure(tools, count, rounds)?;
        let share = |more: f64| number((more / f64::from(count)).max(0.0));
        section.row([
            thousands(u64::from(count)),
            number(row.configuration),
            number(row.start),
            number(row.decision),
            number(row.status),
            number(row.page),
            megabytes(row.memory),
            share((row.start - empty.start) * 1000.0),
            share(row.memory as f64 - empty.memory as f64),
        ]);
    }
    Ok(section)
}

/// Milliseconds, KB, and KiB of memory.
struct Row {
    configuration: f64,
    start: f64,
    decision: f64,
    status: f64,
    page: f64,
    memory: u64,
}

fn measure(tools: &Tools, count: u32, rounds: usize) -> Result<Row> {
    let config = hosts::config(count);
    let mut starts = Vec::new();
    for _ in 1..rounds {
        let server = tools.kickstand(tools.router(&config));
        starts.push(server.start.as_secs_f64() * 1000.0);
    }
    let server = tools.kickstand(tools.router(&config));
    starts.push(server.start.as_secs_f64() * 1000.0);
    let idle = memory(server.id()).now;
    let service = server.service.as_ref();
    let service = service.ok_or_else(|| Failure::new("kickstand does not run"))?;
    let last = hosts::card(count.saturating_sub(1));
    service.set_neighbours(&[(ROUTER, &last)]);
    let target = format!("/v1/boot?mac={last}&platform=efi&try=2");
    let decision = ask(tools, &server.url(&target), ONE, 1)?;
    let (mut times, mut page) = (Vec::new(), 0);
    for _ in 0..rounds * 3 {
        let begin = Instant::now();
        let reply = service.get(ROUTER, "/v1/status");
        times.push(begin.elapsed().as_secs_f64() * 1000.0);
        page = reply.map_or(0, |reply| reply.body.len());
    }
    Ok(Row {
        configuration: config.len() as f64 / 1000.0,
        start: median(&starts),
        decision: decision.middle,
        status: median(&times),
        page: page as f64 / 1000.0,
        memory: idle,
    })
}
