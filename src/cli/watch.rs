//! `kickstand watch HOST`: what happens to it, as it happens, until it is installed or not.
//!
//! Asks the service every second. Not its job: what is told (`status`).

use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use super::output::print;
use super::status::{event_line, head, log, progress};
use super::{Failure, Invocation, client};
use crate::core::replies::{EventEntry, HostReply};
use crate::host::paths::Paths;

/// Between two questions: a person sees no more, and the service answers in a millisecond.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the service may be away meanwhile: it starts again within seconds when its program or its settings change.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was told already.
#[derive(Default)]
struct Told {
    /// Number of the last event.
    last: u64,
    /// Uptime of the first one, in seconds.
    start: Option<f64>,
    /// Per cent and step.
    progress: (Option<u8>, Option<String>),
}

pub fn run(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let paths = invocation.paths.clone();
    let as_json = invocation.json;
    let name = invocation.word("the host's name")?;
    invocation.end()?;
    let mut reply = ask(&paths, &name)?;
    if !as_json {
        print(&(head(&reply) + "\n"));
    }
    let mut told = Told::default();
    loop {
        told.tell(&reply, as_json);
        let host = &reply.status;
        match host.phase.as_str() {
            "installed" => return Ok(ExitCode::SUCCESS),
            "disabled" => {
                let name = &host.name;
                return Err(Failure::Failed(format!(
                    "{name} is disabled: mend the faults above, then `uci commit kickstand`"
                )));
            }
            "failed" | "expired" => {
                if !as_json {
                    print(&log(&reply));
                }
                let why = if host.note.is_empty() {
                    "see above"
                } else {
                    &host.note
                };
                return Err(Failure::Failed(format!(
                    "{} is {}: {why}",
                    host.name, host.phase
                )));
            }
            "idle" => {
                let name = &host.name;
                return Err(Failure::Failed(format!(
                    "{name} is not armed, so nothing will happen: `kickstand arm {name}`"
                )));
            }
            _ => sleep(PAUSE),
        }
        reply = ask_again(&paths, &name)?;
    }
}

fn ask(paths: &Paths, name: &str) -> Result<HostReply, Failure> {
    client::ask(paths, "host", &json!({ "name": name }))
}

/// As [`ask`], and patient with a service that is away for a moment.
fn ask_again(paths: &Paths, name: &str) -> Result<HostReply, Failure> {
    let since = Instant::now();
    loop {
        match ask(paths, name) {
            Err(Failure::Unreachable(_)) if since.elapsed() < PATIENCE => sleep(PAUSE),
            answer => return answer,
        }
    }
}

impl Told {
    /// Prints what is new.
    fn tell(&mut self, reply: &HostReply, as_json: bool) {
        let events = &reply.more.events;
        let newest = events.last().map_or(0, |event| event.number);
        if newest < self.last {
            // The service started again, and counts from one.
            self.last = 0;
        }
        if let Some(first) = events.first() {
            self.start.get_or_insert(first.uptime);
        }
        for event in events.iter().filter(|event| event.number > self.last) {
            print(&self.line(event, as_json));
        }
        self.last = self.last.max(newest);
        let host = &reply.status;
        let now = (host.percent, host.step.clone());
        // Who reads JSON asks `status` for it. The seconds that are left are no news by themselves.
        if !as_json && host.phase == "installing" && now != (None, None) && now != self.progress {
            print(&format!("{:>10}  {:8}  {}\n", "", "now", progress(host)));
        }
        self.progress = now;
    }

    fn line(&self, event: &EventEntry, as_json: bool) -> String {
        if as_json {
            format!("{}\n", json!(event))
        } else {
            event_line(event, self.start.unwrap_or(event.uptime))
        }
    }
}
