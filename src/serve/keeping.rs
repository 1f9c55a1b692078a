//! What the service must remember: when it is written, what a failure means, and arms that end with time.
//!
//! Not its job: the file (`host::state_file`), and whether something may happen (`engine`).

use super::engine::Engine;
use crate::core::lifecycle::{Event, Now, Phase, Record};
use crate::core::progress::Durations;

/// Milliseconds after which the private part of a key is gone from flash too: one write of all for the installations that end
/// within a minute.
const FORGET: u64 = 60_000;

impl Engine {
    /// Learns from an installation that ends how long it took; what was known before, when it does.
    pub(super) fn learn(
        &mut self,
        name: &str,
        phases: (Phase, Phase),
        now: &Now,
    ) -> Option<Durations> {
        if phases != (Phase::Installing, Phase::Installed) {
            return None;
        }
        let (profile, run) = self.run_of(name, now)?;
        let before = self.state.durations.clone();
        let is_profile = |name: &str| self.settings.profiles.contains_key(name);
        self.state.durations.learn(&profile, run, is_profile);
        Some(before)
    }

    /// Writes the state; a failure is a warning, and the next write tries again.
    pub(super) fn keep(&mut self) {
        if let Err(error) = self.keep_now() {
            log::error!("{error}");
        }
    }

    fn keep_now(&mut self) -> Result<(), String> {
        self.next_generation();
        let stored = self.state_file.store(&self.state);
        self.next_whole = u64::MAX;
        if stored.is_err() {
            self.try_again();
        }
        self.warn_of_flash(&stored);
        stored
    }

    /// What is on flash is not what it should be: an arm that was taken back is there, or a key that is to be forgotten.
    fn try_again(&mut self) {
        let again = self.uptime().saturating_add(FORGET);
        self.next_whole = self.next_whole.min(again);
        self.due.notify_one();
    }

    /// Writes what changed of one host.
    pub(super) fn keep_change(&mut self, name: &str, learned: bool) -> Result<(), String> {
        self.next_generation();
        let stored = self.state_file.add(&self.state, name, learned);
        if stored.is_err() {
            self.try_again();
        }
        self.warn_of_flash(&stored);
        stored
    }

    fn next_generation(&mut self) {
        self.state.generation += 1;
        self.state.router_start = self.now().router_start;
    }

    fn warn_of_flash(&mut self, stored: &Result<(), String>) {
        self.counters.state_writes.add(match stored {
            Ok(()) => "written",
            Err(_) => "failed",
        });
        match stored {
            Ok(()) => self.warnings.remove("flash"),
            Err(error) => self.warnings.insert(
                "flash",
                format!("{error}: nothing can be installed until it can be written"),
            ),
        };
    }

    /// The service ends: what is to be forgotten in a moment is forgotten now.
    pub fn end(&mut self) {
        if self.next_whole != u64::MAX {
            self.keep();
        }
    }

    /// Ends arms whose window ended, and takes from flash what is to be forgotten. This comes before every answer, so it looks
    /// at all hosts only when it is time.
    pub(super) fn tick(&mut self) {
        let uptime = self.uptime();
        // Nobody knows the time. Nothing may begin then; what has begun is not ended for good by one look that failed.
        if uptime == u64::MAX {
            return;
        }
        if self.next_whole != u64::MAX && uptime >= self.next_whole {
            self.keep();
        }
        if uptime < self.next_look {
            return;
        }
        let now = self.now();
        let has_dead_arm = |record: &Record| record.arm.as_ref().is_some_and(|arm| !arm.live(&now));
        let ended: Vec<String> = self
            .records()
            .filter(|(_, record)| has_dead_arm(record))
            .map(|(name, _)| name.clone())
            .collect();
        for name in ended {
            // An arm that ended is refused everywhere, whether this can be written or not.
            if let Err(error) = self.apply(&name, Event::Tick) {
                log::warn!("{error}");
            }
        }
        let deadlines = self
            .records()
            .filter_map(|(_, record)| record.live_arm(&now));
        self.next_look = deadlines.map(|arm| arm.deadline).min().unwrap_or(u64::MAX);
    }

    /// What a new record wants done later.
    pub(super) fn look_at(&mut self, before: &Record, after: &Record, now: &Now) {
        if let Some(arm) = &after.arm {
            self.next_look = self.next_look.min(arm.deadline);
            self.due.notify_one();
        }
        if before.holds_private_key() && !after.holds_private_key() {
            self.next_whole = self.next_whole.min(now.uptime.saturating_add(FORGET));
            self.due.notify_one();
        }
    }

    /// Milliseconds until [`tick`](Engine::tick) may have something to do; none when nothing is due.
    pub fn next_due(&self) -> Option<u64> {
        let next = self.next_look.min(self.next_whole);
        (next != u64::MAX).then(|| next.saturating_sub(self.uptime()))
    }
}
