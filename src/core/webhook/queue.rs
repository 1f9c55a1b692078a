//! The deliveries that wait for one webhook: in order, one at a time, tried again with growing pauses, the oldest dropped
//! when there are too many.
//!
//! Times are milliseconds of any clock that never goes back. Not its job: sending; what a delivery says (`news`).

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::rc::Rc;

use super::Happening;
use super::http::Answer;

/// Most deliveries that wait: with a kilobyte or two each, half a megabyte when the server is gone for long. 256 machines
/// may end their installations meanwhile.
pub const MOST_WAITING: usize = 256;
/// Most attempts of one delivery. With the pauses, half an hour: a server that is restarted or updated is back by then.
pub const MOST_ATTEMPTS: u32 = 8;
/// Seconds until the next attempt, by how many failed in a row. The last counts for all that follow.
const PAUSES: [u64; 6] = [2, 10, 30, 120, 300, 600];
/// Longest pause that a server may ask for by `Retry-After`, in seconds: news of yesterday is none.
const LONGEST_PAUSE: u64 = 3600;
/// Failures in a row that are worth a warning: one or two are a restart.
const WORTH_A_WARNING: u32 = 3;

/// Something to tell.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Stays the same however often it is sent.
    pub id: String,
    /// What happened.
    pub event: Happening,
    /// A JSON object with at least one member, without the number of the attempt.
    pub body: String,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken.
    Delivered(String),
    /// It may be taken later; after so many seconds at least, when the server said so.
    Later(String, Option<u64>),
    /// It will never be taken.
    Never(String),
}

impl Outcome {
    /// What an answer means (RFC 9110, 15).
    pub fn of_answer(answer: &Answer) -> Self {
        let said = format!("it answered {}", answer.status);
        match answer.status {
            200..=299 => Outcome::Delivered(said),
            429 | 500.. => Outcome::Later(said, answer.retry_after),
            300..=399 => Outcome::Never(format!(
                "{said}, which leads elsewhere and is not followed: set option url to where it leads"
            )),
            401 | 403 | 407 => Outcome::Never(format!("{said}: look at option authorization")),
            _ => Outcome::Never(format!(
                "{said}: look at option url, and at the server's log"
            )),
        }
    }

    /// No answer came, for that reason.
    pub fn failure(why: String) -> Self {
        Outcome::Later(why, None)
    }

    /// In one sentence.
    pub fn sentence(&self) -> &str {
        match self {
            Outcome::Delivered(said) | Outcome::Later(said, _) | Outcome::Never(said) => said,
        }
    }

    /// Whether it was taken.
    pub fn is_delivered(&self) -> bool {
        matches!(self, Outcome::Delivered(_))
    }
}

/// The deliveries of one webhook, and how it went so far.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: VecDeque<Rc<Delivery>>,
    /// Attempts of the first one.
    attempts: u32,
    /// When the first one may be sent.
    due: u64,
    /// Whether the first one is being sent.
    busy: bool,
    /// Attempts that failed in a row.
    failing: u32,
    /// Whether the last that ended was given up.
    gave_up: bool,
    /// What came of the last attempt.
    last: String,
    /// Deliveries that were taken.
    pub delivered: u64,
    /// Deliveries that were given up.
    pub failed: u64,
    /// Deliveries that were never tried to the end, since there were too many.
    pub dropped: u64,
}

impl Queue {
    /// Adds a delivery; whether another one was dropped for it: the oldest, but first those that anybody on the LAN can cause.
    pub fn push(&mut self, delivery: Rc<Delivery>) -> bool {
        self.waiting.push_back(delivery);
        if self.waiting.len() <= MOST_WAITING {
            return false;
        }
        // The one that is being sent may arrive yet.
        let first = usize::from(self.busy);
        let mut others = self.waiting.iter().skip(first);
        let unknown = others.position(|delivery| delivery.event == Happening::Unknown);
        let goes = first + unknown.unwrap_or(0);
        self.waiting.remove(goes);
        if goes == 0 {
            self.attempts = 0;
        }
        self.dropped += 1;
        true
    }

    /// How many wait, with the one that is being sent.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// When there is something to send; none while something is being sent, and when nothing waits.
    pub fn due(&self) -> Option<u64> {
        (!self.busy && !self.waiting.is_empty()).then_some(self.due)
    }

    /// The delivery to send now, and the number of this attempt, from 1. [`Queue::ended`] must follow.
    pub fn take(&mut self, now: u64) -> Option<(Rc<Delivery>, u32)> {
        self.due().filter(|due| *due <= now)?;
        let first = Rc::clone(self.waiting.front()?);
        self.busy = true;
        self.attempts += 1;
        Some((first, self.attempts))
    }

    /// What came of sending the delivery of that id. One that is not being sent changes nothing: its queue is gone.
    pub fn ended(&mut self, id: &str, outcome: &Outcome, now: u64) {
        let is_first = self.waiting.front().is_some_and(|first| first.id == id);
        if !self.busy || !is_first {
            return;
        }
        self.busy = false;
        outcome.sentence().clone_into(&mut self.last);
        if outcome.is_delivered() {
            self.failing = 0;
        } else {
            self.failing = self.failing.saturating_add(1);
        }
        self.due = now;
        if let Outcome::Later(_, asked) = outcome {
            self.due = now.saturating_add(1000 * self.pause(*asked));
            if self.attempts < MOST_ATTEMPTS {
                return;
            }
        }
        self.waiting.pop_front();
        self.attempts = 0;
        self.gave_up = !outcome.is_delivered();
        match self.gave_up {
            true => self.failed += 1,
            false => self.delivered += 1,
        }
    }

    /// The delivery of that id was sent to where it no longer belongs, and not taken there: it goes to the new place as if it
    /// had never been sent.
    pub fn sent_elsewhere(&mut self, id: &str, now: u64) {
        if self.waiting.front().is_some_and(|first| first.id == id) {
            self.busy = false;
            self.redirect(now);
        }
    }

    /// Seconds until the next attempt, when the server asked for that many.
    fn pause(&self, asked: Option<u64>) -> u64 {
        let index = self.failing.saturating_sub(1) as usize;
        let own = PAUSES.get(index).or(PAUSES.last()).copied();
        let asked = asked.unwrap_or_default().min(LONGEST_PAUSE);
        own.unwrap_or(LONGEST_PAUSE).max(asked)
    }

    /// What waits goes elsewhere from now on: how it went before says nothing about that.
    pub fn redirect(&mut self, now: u64) {
        self.due = now;
        self.attempts = 0;
        self.failing = 0;
        self.gave_up = false;
    }

    /// What came of the last attempt; empty before the first.
    pub fn last(&self) -> &str {
        &self.last
    }

    /// What is wrong, when that is more than a restart of the server.
    pub fn trouble(&self) -> Option<String> {
        if !self.gave_up && self.failing < WORTH_A_WARNING {
            return None;
        }
        Some(format!(
            "{} (failures in a row: {}, waiting: {}, given up: {}, dropped: {})",
            self.last,
            self.failing,
            self.waiting(),
            self.failed,
            self.dropped
        ))
    }
}
