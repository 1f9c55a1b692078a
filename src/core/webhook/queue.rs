//! The deliveries that wait for one webhook: in order, one at a time, tried again with growing pauses, the oldest dropped
//! when there are too many.
//!
//! Times are milliseconds of any clock that never goes back. Not its job: sending; what a delivery says (`news`).

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

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(id: usize) -> Rc<Delivery> {
        Rc::new(Delivery {
            id: id.to_string(),
            event: Happening::Test,
            body: String::new(),
        })
    }

    fn answered(status: u16, retry_after: Option<u64>) -> Outcome {
        Outcome::of_answer(&Answer {
            status,
            retry_after,
        })
    }

    fn later() -> Outcome {
        answered(503, None)
    }

    /// Ids and numbers of the attempts until nothing is due any more, with that outcome each, at the times that are due.
    fn play(queue: &mut Queue, outcome: &Outcome) -> Vec<(u64, String, u32)> {
        let mut seen = Vec::new();
        while let Some(due) = queue.due() {
            assert!(
                due == 0 || queue.take(due - 1).is_none(),
                "not before its time"
            );
            let (sent, attempt) = queue.take(due).expect("it is due");
            assert!(queue.take(u64::MAX).is_none(), "one at a time");
            seen.push((due / 1000, sent.id.clone(), attempt));
            queue.ended(&sent.id, outcome, due);
        }
        seen
    }

    #[test]
    fn what_strangers_cause_makes_room_for_what_happens_to_hosts() {
        let mut queue = Queue::default();
        let of = |id: usize, event| {
            Rc::new(Delivery {
                id: id.to_string(),
                event,
                body: String::new(),
            })
        };
        queue.push(of(0, Happening::Discovered));
        for id in 1..=300 {
            queue.push(of(id, Happening::Unknown));
        }
        assert_eq!((queue.waiting(), queue.dropped), (MOST_WAITING, 45));
        let (first, _) = queue.take(0).expect("it is due");
        assert_eq!(first.id, "0");
    }

    #[test]
    fn what_was_sent_to_the_old_place_goes_to_the_new_one_as_if_it_were_new() {
        let mut queue = Queue::default();
        queue.push(delivery(1));
        queue.take(0).expect("it is due");
        queue.redirect(10);
        assert_eq!(queue.due(), None, "it is under way");
        queue.sent_elsewhere("1", 20);
        assert_eq!((queue.failed, queue.last(), queue.trouble()), (0, "", None));
        assert_eq!(queue.take(20).map(|(_, attempt)| attempt), Some(1));
    }

    #[test]
    fn deliveries_go_out_in_order() {
        let mut queue = Queue::default();
        (1..=3).for_each(|id| assert!(!queue.push(delivery(id))));
        let sent = play(&mut queue, &answered(204, None));
        let ids: Vec<&str> = sent.iter().map(|(_, id, _)| id.as_str()).collect();
        assert_eq!(ids, ["1", "2", "3"]);
        assert_eq!((queue.delivered, queue.failed, queue.waiting()), (3, 0, 0));
        assert_eq!((queue.last(), queue.trouble()), ("it answered 204", None));
    }

    #[test]
    fn one_that_is_not_taken_is_sent_again_after_growing_pauses_and_given_up() {
        let mut queue = Queue::default();
        queue.push(delivery(1));
        let sent = play(&mut queue, &later());
        let seconds: Vec<u64> = sent.iter().map(|(at, _, _)| *at).collect();
        assert_eq!(seconds, [0, 2, 12, 42, 162, 462, 1062, 1662]);
        assert!(sent.iter().all(|(_, id, _)| id == "1"));
        let attempts: Vec<u32> = sent.iter().map(|(_, _, attempt)| *attempt).collect();
        assert_eq!(attempts, (1..=MOST_ATTEMPTS).collect::<Vec<_>>());
        assert_eq!((queue.delivered, queue.failed, queue.waiting()), (0, 1, 0));
        assert_eq!(
            queue.trouble().as_deref(),
            Some("it answered 503 (failures in a row: 8, waiting: 0, given up: 1, dropped: 0)")
        );
        // The next one is not sent at once to a server that is known to be away.
        queue.push(delivery(2));
        assert_eq!(queue.due(), Some(1_662_000 + 600_000));
    }

    #[test]
    fn a_server_may_ask_for_a_longer_pause_but_not_for_any() {
        for (asked, seconds) in [
            (Some(90), 90),
            (Some(7), 7),
            (Some(1), 2),
            (Some(999_999), 3600),
            (Some(u64::MAX), 3600),
            (None, 2),
        ] {
            for status in [429, 503] {
                let mut queue = Queue::default();
                queue.push(delivery(1));
                queue.take(0).expect("it is due");
                queue.ended("1", &answered(status, asked), 500);
                assert_eq!(queue.due(), Some(500 + seconds * 1000), "{asked:?}");
            }
        }
    }

    #[test]
    fn what_will_never_be_taken_is_given_up_at_once_and_the_next_one_goes_out() {
        for (status, hint) in [
            (404, "look at option url"),
            (401, "look at option authorization"),
            (301, "leads elsewhere and is not followed"),
            (100, "look at option url"),
        ] {
            let mut queue = Queue::default();
            queue.push(delivery(1));
            queue.push(delivery(2));
            queue.take(0).expect("it is due");
            queue.ended("1", &answered(status, Some(60)), 10);
            assert_eq!((queue.failed, queue.due()), (1, Some(10)), "{status}");
            assert!(
                queue.trouble().expect("it failed").contains(hint),
                "{status}"
            );
            queue.take(10).expect("it is due");
            queue.ended("2", &answered(200, None), 20);
            assert_eq!((queue.delivered, queue.trouble()), (1, None));
        }
    }

    #[test]
    fn a_warning_comes_with_the_third_failure_and_goes_with_the_next_success() {
        let mut queue = Queue::default();
        queue.push(delivery(1));
        for failures in 1..=4 {
            queue.take(u64::MAX / 2).expect("it is due");
            queue.ended("1", &later(), 0);
            assert_eq!(queue.trouble().is_some(), failures >= 3);
        }
        queue.take(u64::MAX / 2).expect("it is due");
        queue.ended("1", &answered(200, None), 0);
        assert_eq!(queue.trouble(), None);
    }

    #[test]
    fn when_too_many_wait_the_oldest_goes_but_not_the_one_that_is_being_sent() {
        let mut queue = Queue::default();
        (0..MOST_WAITING).for_each(|id| assert!(!queue.push(delivery(id))));
        assert!(queue.push(delivery(1000)));
        let (first, _) = queue.take(0).expect("it is due");
        assert_eq!(first.id, "1", "0 was dropped");
        assert!(queue.push(delivery(1001)));
        assert_eq!((queue.waiting(), queue.dropped), (MOST_WAITING, 2));
        queue.ended("1", &answered(200, None), 0);
        let (next, attempt) = queue.take(0).expect("it is due");
        assert_eq!((next.id.as_str(), attempt), ("3", 1), "2 was dropped");
    }

    #[test]
    fn a_new_address_is_tried_at_once_with_what_waits() {
        let mut queue = Queue::default();
        queue.push(delivery(1));
        for _ in 0..5 {
            queue.take(u64::MAX / 2).expect("it is due");
            queue.ended("1", &later(), 0);
        }
        queue.redirect(77);
        assert_eq!((queue.due(), queue.trouble()), (Some(77), None));
        assert_eq!(
            queue
                .take(77)
                .map(|(sent, attempt)| (sent.id.clone(), attempt)),
            Some(("1".to_owned(), 1))
        );
    }

    #[test]
    fn what_comes_back_after_its_queue_is_gone_changes_nothing() {
        let mut queue = Queue::default();
        queue.push(delivery(2));
        queue.ended("2", &answered(200, None), 0);
        queue.take(0).expect("it is due");
        queue.ended("1", &later(), 0);
        assert_eq!((queue.delivered, queue.failed, queue.due()), (0, 0, None));
    }
}
