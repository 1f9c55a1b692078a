//! What happened, in RAM: a bounded ring for each host and for all, so that a machine that asks for ever costs nothing, and
//! takes nothing from the others.
//!
//! Not its job: deciding anything. Flash is not written for events.

use std::collections::{BTreeMap, VecDeque};

use serde_json::json;

use crate::core::lifecycle::Now;
use crate::core::machine::clean_to;
use crate::core::replies::{EventEntry, Source};
use crate::host::ubus::Notifier;

#[cfg(test)]
mod tests;

/// Events that are kept of one subject: an installation has some fifteen.
const KEPT_OF_ONE: usize = 64;
/// Newest events of a subject that no other can push out, as long as somebody has more than that: one installation.
const OWN: usize = 16;
/// Events that are kept of all hosts: with 200 bytes each, 400 KB; a hundred installations.
const KEPT_OF_HOSTS: usize = 2048;
/// Events that are kept of machines that are no host. They may be as many as somebody cares to invent.
const KEPT_OF_STRANGERS: usize = 256;
/// Longest text of an event, in characters.
const TEXT: usize = 300;
/// Between two notifications about one host, in milliseconds. Pages cannot show more, and phases are told in any case.
const QUIET: u64 = 1000;

/// All that happened.
#[derive(Debug)]
pub struct Events {
    hosts: Ring,
    strangers: Ring,
    number: u64,
    notifier: Option<Notifier>,
}

impl Default for Events {
    fn default() -> Self {
        Events {
            hosts: Ring::new(KEPT_OF_HOSTS),
            strangers: Ring::new(KEPT_OF_STRANGERS),
            number: 0,
            notifier: None,
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Happened {
    /// Milliseconds since the router started.
    pub uptime: u64,
    /// Seconds since 1970, when the clock was set.
    pub wall: Option<u64>,
    /// What happened, in words.
    pub text: String,
    /// Kind of event, one word.
    pub kind: String,
    number: u64,
    times: u32,
}

impl Events {
    /// Tells subscribers of the ubus object what is added from now on.
    pub fn tell(&mut self, notifier: Notifier) {
        self.notifier = Some(notifier);
    }

    /// Adds an event, and says it in the log. One that repeats the last of its subject is counted there, not added.
    ///
    /// The subject is a host's name, or the MAC of a machine that is no host.
    pub fn add(&mut self, now: &Now, subject: &str, kind: &str, text: impl Into<String>) {
        let text = clean_to(&text.into(), TEXT);
        let ring = self.ring(subject);
        let history = ring.histories.entry(subject.to_owned()).or_default();
        if let Some(last) = history.entries.back_mut()
            && last.kind == kind
            && last.text == text
        {
            // Not for the log of a router: a machine that waits asks every ten seconds.
            log::debug!("{subject}: {text} (again)");
            last.times = last.times.saturating_add(1);
            last.uptime = now.uptime;
            last.wall = now.wall;
            return;
        }
        log::info!("{subject}: {text}");
        let is_quiet = history
            .told
            .is_some_and(|told| now.uptime.saturating_sub(told) < QUIET);
        if !is_quiet {
            history.told = Some(now.uptime);
        }
        self.number += 1;
        let number = self.number;
        if !is_quiet && let Some(notifier) = &self.notifier {
            let source = Source::of(kind);
            notifier.notify(
                "event",
                json!({"host": subject, "number": number, "kind": kind, "text": text, "source": source}),
            );
        }
        self.ring(subject).push(
            subject,
            Happened {
                number,
                uptime: now.uptime,
                wall: now.wall,
                kind: kind.to_owned(),
                text,
                times: 1,
            },
        );
    }

    /// Puts a sum in the place of the subject's last one of this kind: it grows, and needs no second line. Its time stays
    /// that at which it began.
    pub fn put(&mut self, now: &Now, subject: &str, kind: &str, text: String) {
        let history = self.ring(subject).histories.get_mut(subject);
        let entries = history.map(|history| &mut history.entries);
        let last = entries.and_then(|entries| entries.iter_mut().rfind(|entry| entry.kind == kind));
        match last {
            None => self.add(now, subject, kind, text),
            Some(last) => last.text = clean_to(&text, TEXT),
        }
    }

    /// Counts an event that says no more than the beginning of the subject's last one of this kind. False when there is none
    /// to count it with.
    pub fn repeats(&mut self, subject: &str, kind: &str, text: &str) -> bool {
        let text = clean_to(text, TEXT);
        let history = self.ring(subject).histories.get_mut(subject);
        let entries = history.map(|history| &mut history.entries);
        let last = entries.and_then(|entries| entries.iter_mut().rfind(|entry| entry.kind == kind));
        let same = last.filter(|entry| entry.text.starts_with(&text));
        let counted = same.map(|entry| entry.times = entry.times.saturating_add(1));
        counted.is_some()
    }

    /// Events of one subject, the oldest first.
    pub fn of(&self, subject: &str) -> Vec<EventEntry> {
        let history = self.looked_at(subject).histories.get(subject);
        let entries = history.into_iter().flat_map(|history| &history.entries);
        entries.map(|entry| entry.reply(subject)).collect()
    }

    /// The last event of one subject.
    pub fn last(&self, subject: &str) -> Option<&Happened> {
        let history = self.looked_at(subject).histories.get(subject)?;
        history.entries.back()
    }

    /// Forgets hosts that are none any more.
    pub fn keep_hosts(&mut self, is_host: impl Fn(&str) -> bool) {
        let ring = &mut self.hosts;
        ring.histories.retain(|name, _| is_host(name));
        ring.count = ring.histories.values().map(|h| h.entries.len()).sum();
    }

    fn ring(&mut self, subject: &str) -> &mut Ring {
        if is_stranger(subject) {
            &mut self.strangers
        } else {
            &mut self.hosts
        }
    }

    fn looked_at(&self, subject: &str) -> &Ring {
        if is_stranger(subject) {
            &self.strangers
        } else {
            &self.hosts
        }
    }
}

/// A MAC has colons, which no section's name and no host name can have.
fn is_stranger(subject: &str) -> bool {
    subject.contains(':')
}

impl Happened {
    fn reply(&self, subject: &str) -> EventEntry {
        EventEntry {
            number: self.number,
            at: self.wall,
            uptime: self.uptime as f64 / 1000.0,
            subject: subject.to_owned(),
            kind: self.kind.clone(),
            text: self.text.clone(),
            times: self.times,
            source: Source::of(&self.kind),
        }
    }
}

/// What happened to each subject, and how much may be kept of all.
#[derive(Debug)]
struct Ring {
    histories: BTreeMap<String, History>,
    count: usize,
    most: usize,
}

/// What happened to one subject.
#[derive(Debug, Default)]
struct History {
    entries: VecDeque<Happened>,
    /// Milliseconds of uptime at which subscribers were last told.
    told: Option<u64>,
}

impl Ring {
    fn new(most: usize) -> Self {
        Ring {
            histories: BTreeMap::new(),
            count: 0,
            most,
        }
    }

    fn push(&mut self, subject: &str, happened: Happened) {
        let history = self.histories.entry(subject.to_owned()).or_default();
        history.entries.push_back(happened);
        if history.entries.len() > KEPT_OF_ONE {
            history.make_room();
        } else {
            self.count += 1;
        }
        if self.count > self.most {
            self.make_room();
        }
    }

    /// Drops the oldest event of those who have more than [`OWN`]; when nobody has, the oldest of all.
    fn make_room(&mut self) {
        let oldest = |least: usize| {
            self.histories
                .iter()
                .filter(|(_, history)| history.entries.len() > least)
                .min_by_key(|(_, history)| history.entries.front().map(|entry| entry.number))
                .map(|(subject, _)| subject.clone())
        };
        let Some(subject) = oldest(OWN).or_else(|| oldest(0)) else {
            return;
        };
        if let Some(history) = self.histories.get_mut(&subject) {
            history.entries.pop_front();
            self.count -= 1;
            if history.entries.is_empty() {
                self.histories.remove(&subject);
            }
        }
    }
}

impl History {
    /// Drops the oldest event of the kind that is there most: who asks for ever pushes out what it asked before, not how the
    /// installation went.
    fn make_room(&mut self) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in &self.entries {
            *counts.entry(&entry.kind).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        let first = most.and_then(|(kind, _)| self.entries.iter().position(|e| e.kind == kind));
        self.entries.remove(first.unwrap_or(0));
    }
}
