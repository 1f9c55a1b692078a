//! `kickstand status`: every host at a glance, or one with all that happened to it.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::output::{print, span, table};
use super::{Failure, Invocation, client};
use crate::core::listing::LARGEST_LIMIT;
use crate::core::progress::PercentFrom;
use crate::core::replies::{
    EventEntry, HostReply, HostStatus, Source, StatusReply, UnknownMachine,
};
use crate::host::paths::Paths;

pub fn run(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let paths = invocation.paths.clone();
    let as_json = invocation.json;
    let host = invocation.optional_word()?;
    invocation.end()?;
    let Some(name) = host else {
        let status = every_page(&paths)?;
        print(&if as_json {
            format!("{:#}\n", json!(status))
        } else {
            all(&status)
        });
        return Ok(ExitCode::SUCCESS);
    };
    let arguments = json!({ "name": name });
    if as_json {
        let reply: Value = client::ask(&paths, "host", &arguments)?;
        print(&format!("{reply:#}\n"));
    } else {
        print(&one(&client::ask(&paths, "host", &arguments)?));
    }
    Ok(ExitCode::SUCCESS)
}

/// All hosts, page by page: one reply of ubus cannot hold ten thousand.
pub fn every_page(paths: &Paths) -> Result<StatusReply, Failure> {
    let page = |offset: usize| {
        let arguments = json!({ "offset": offset, "limit": LARGEST_LIMIT });
        client::ask::<StatusReply>(paths, "status", &arguments)
    };
    let mut status = page(0)?;
    while status.hosts.len() < status.total {
        let next = page(status.hosts.len())?;
        // Hosts may be taken out of the configuration meanwhile.
        if next.hosts.is_empty() {
            break;
        }
        status.total = next.total;
        status.hosts.extend(next.hosts);
    }
    Ok(status)
}

fn all(status: &StatusReply) -> String {
    let mut text = String::new();
    if status.hosts.is_empty() {
        text.push_str("No hosts yet. Let a server boot from the network and adopt it, or add a `config host` section.\n");
    }
    let rows: Vec<Vec<String>> = status.hosts.iter().map(row).collect();
    text.push_str(&table(&["HOST", "PHASE", "PROFILE", "WHAT"], &rows));
    if !status.unknown.is_empty() {
        let rows: Vec<Vec<String>> = status.unknown.iter().map(unknown_row).collect();
        text.push_str("\nUnknown machines that ask what to boot:\n");
        text.push_str(&table(&["MAC", "MACHINE", "SERIAL", "LAST ASKED"], &rows));
        text.push_str("Adopt one with: kickstand adopt MAC NAME PROFILE\n");
    }
    let more = status.fault_count.saturating_sub(status.faults.len());
    for (title, lines, more) in [
        ("Faults in /etc/config/kickstand", &status.faults, more),
        ("Warnings", &status.warnings, 0),
    ] {
        if !lines.is_empty() {
            text.push_str(&format!("\n{title}:\n"));
            lines
                .iter()
                .for_each(|line| text.push_str(&format!("  {line}\n")));
        }
        if more > 0 {
            text.push_str(&format!("  and {more} more: mend the first ones first\n"));
        }
    }
    text
}

fn row(host: &HostStatus) -> Vec<String> {
    vec![
        host.name.clone(),
        host.phase.clone(),
        host.profile.clone(),
        what(host),
    ]
}

/// The one thing to know about a host.
fn what(host: &HostStatus) -> String {
    let mut words = match (host.phase.as_str(), host.seconds_left) {
        ("armed", Some(left)) => {
            format!("power it on within {}: it wipes {}", span(left), host.disk)
        }
        ("booting", Some(left)) => format!(
            "installer started {} times, {} left",
            host.starts,
            span(left)
        ),
        ("installing", _) => progress(host),
        ("disabled", _) => "has faults, see below".to_owned(),
        _ => host.note.clone(),
    };
    if let Some(diagnosis) = &host.diagnosis
        && words.is_empty()
    {
        words.clone_from(&diagnosis.sentence);
    }
    if host.open {
        words.push_str(" (its answer file is open on the LAN)");
    }
    words
}

/// How far it is, where that is known from, and what it does.
pub(super) fn progress(host: &HostStatus) -> String {
    let mut words = String::new();
    if let Some(percent) = host.percent {
        words = match host.percent_from {
            None => format!("{percent} %"),
            Some(PercentFrom::Reported) => format!("{percent} % (reported)"),
            Some(PercentFrom::Packages) => format!("{percent} % (of its packages)"),
            Some(PercentFrom::Estimate) => format!("{percent} % (estimated)"),
        };
        if let Some(left) = host.expected {
            words.push_str(&format!(", about {} left", span(left)));
        }
        words.push_str(": ");
    }
    match &host.step {
        Some(step) => words + "its installer " + step,
        None => words + &host.last,
    }
}

fn unknown_row(unknown: &UnknownMachine) -> Vec<String> {
    let machine = &unknown.machine;
    let name = format!("{} {}", machine.manufacturer, machine.product);
    vec![
        machine.mac.to_string(),
        name.trim().to_owned(),
        machine.serial.clone(),
        format!("{} ago", span(unknown.asking.seconds_ago)),
    ]
}

fn one(reply: &HostReply) -> String {
    let mut text = head(reply);
    if let Some(first) = reply.more.events.first() {
        text.push('\n');
        reply
            .more
            .events
            .iter()
            .for_each(|event| text.push_str(&event_line(event, first.uptime)));
    }
    text.push_str(&log(reply));
    text
}

/// What it is and where.
pub(super) fn head(reply: &HostReply) -> String {
    let host = &reply.status;
    let mut text = host.name.clone();
    if !host.macs.is_empty() {
        text.push_str(&format!(" ({})", host.macs.join(", ")));
    }
    text.push_str(&format!(": {}", host.phase));
    let what = what(host);
    if !what.is_empty() {
        text.push_str(&format!(", {what}"));
    }
    // A host with faults has none of them.
    let known: Vec<String> = [
        ("hostname", &host.hostname),
        ("profile", &host.profile),
        ("disk", &host.disk),
    ]
    .iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| format!("{name} {value}"))
    .collect();
    text.push_str(&format!("\n{}", known.join(", ")));
    if !known.is_empty() {
        text.push('\n');
    }
    if let Some(diagnosis) = &host.diagnosis {
        text.push_str(&format!(
            "what is wrong: {}\nwhat to do: {}\n",
            diagnosis.sentence, diagnosis.action
        ));
    }
    for fault in &host.faults {
        text.push_str(&format!("fault: {fault}\n"));
    }
    text
}

/// The end of its installer's log, when there is one.
pub(super) fn log(reply: &HostReply) -> String {
    let mut text = String::new();
    if !reply.more.log.is_empty() {
        text.push_str("\nThe end of the installer's log:\n");
        reply
            .more
            .log
            .lines()
            .for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    text
}

/// Seconds since the first event of the list (a clock that may be wrong tells less), who says so, and what.
pub(super) fn event_line(event: &EventEntry, start: f64) -> String {
    let seconds = event.uptime - start;
    let source = match event.source {
        Source::Reported => "reported",
        Source::Observed => "observed",
        Source::User => "you",
    };
    let times = if event.times > 1 {
        format!(" ({} times)", event.times)
    } else {
        String::new()
    };
    format!("{seconds:8.1} s  {source:8}  {}{times}\n", event.text)
}
