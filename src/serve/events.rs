//! What happened, in RAM: a bounded ring, so that a machine that asks for ever costs nothing.
//!
//! Not its job: deciding anything. Flash is not written for events.

use std::collections::VecDeque;

use crate::core::lifecycle::Now;
use crate::core::replies::EventEntry;

/// Events that are kept in all: with 200 bytes each, 100 KB; some twenty installations.
const KEPT: usize = 512;

/// The ring.
#[derive(Debug, Default)]
pub struct Events {
    entries: VecDeque<EventEntry>,
    next: u64,
}

impl Events {
    /// Adds an event, and says it in the log. One that repeats the last of its subject is counted there, not added.
    pub fn add(&mut self, now: &Now, subject: &str, kind: &str, text: impl Into<String>) {
        let text = text.into();
        if let Some(last) = self
            .entries
            .iter_mut()
            .rev()
            .find(|entry| entry.subject == subject)
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
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.next += 1;
        self.entries.push_back(EventEntry {
            number: self.next,
            uptime: now.uptime,
            wall: now.wall,
            subject: subject.to_owned(),
            kind: kind.to_owned(),
            text,
            times: 1,
        });
    }

    /// Events of one subject, the oldest first.
    pub fn of<'a>(&'a self, subject: &'a str) -> impl DoubleEndedIterator<Item = &'a EventEntry> {
        self.entries
            .iter()
            .filter(move |entry| entry.subject == subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Now {
        Now {
            router_start: "a".to_owned(),
            uptime: 1000,
            wall: None,
        }
    }

    #[test]
    fn a_repetition_is_counted_not_kept() {
        let mut events = Events::default();
        for _ in 0..10_000 {
            events.add(&now(), "a", "wait", "asked");
            events.add(&now(), "b", "wait", "asked");
        }
        let kept: Vec<_> = events.of("a").map(|entry| entry.times).collect();
        assert_eq!(kept, vec![10_000]);
    }

    #[test]
    fn the_ring_is_bounded() {
        let mut events = Events::default();
        for index in 0..10_000 {
            events.add(&now(), "a", "wait", index.to_string());
        }
        assert_eq!(events.of("a").count(), KEPT);
        assert_eq!(
            events.of("a").next_back().map(|entry| entry.number),
            Some(10_000)
        );
    }
}
