//! Who is told of a new phase: what is watched, the host's events, subscribers of the ubus object, webhooks.
//!
//! Not its job: when a phase changes (`engine`), and how each of them is told.

use serde_json::json;

use super::engine::Engine;
use crate::core::lifecycle::{Now, Phase, Record};
use crate::core::machine::Machine;
use crate::core::webhook::Happening;

impl Engine {
    /// A host has a new phase. `look_ends`: see [`Happening::of_change`].
    pub(super) fn say_phase(
        &mut self,
        name: &str,
        (before, after): (&Record, &Record),
        look_ends: Happening,
        now: &Now,
    ) {
        let happening = Happening::of_change(before, after, look_ends);
        // The end of a look at the hardware leads back to an earlier phase: nothing was installed, and nothing failed, again.
        if happening == Happening::Phase(after.phase) {
            self.count_end(name, (before.phase, after.phase), now);
            self.watch_phase(name, after.phase, now);
        }
        // Everything else that changes a phase was asked for by somebody, and whoever handled that says it.
        if happening == Happening::Phase(Phase::Expired) {
            let kind = Phase::Expired.word();
            self.events.add(now, name, kind, after.note.clone());
        }
        if let Some(notifier) = &self.notifier {
            notifier.notify(
                "phase",
                json!({"host": name, "phase": after.phase.word(), "note": after.note}),
            );
        }
        self.webhooks
            .tell_of_host(happening, name, (before.phase, after), now);
    }

    fn count_end(&mut self, name: &str, phases: (Phase, Phase), now: &Now) {
        let Some(host) = self.settings.hosts.get(name) else {
            return;
        };
        match phases {
            (Phase::Installing, Phase::Installed) => {
                let run = self.run_of(name, now);
                let seconds = run.map(|(_, run)| u64::from(run.seconds));
                self.counters.installed(&host.profile, seconds);
            }
            // Reported late: it was taken for failed.
            (_, Phase::Installed) => self.counters.installed(&host.profile, None),
            (Phase::Installing, Phase::Failed) => self.counters.failed(&host.profile),
            _ => {}
        }
    }

    /// A machine that is no host asked for the first time.
    pub(super) fn say_unknown(&mut self, machine: &Machine, now: &Now) {
        if let Some(notifier) = &self.notifier {
            notifier.notify("unknown", json!(machine));
        }
        self.webhooks.tell_of_machine(machine, now);
    }
}
