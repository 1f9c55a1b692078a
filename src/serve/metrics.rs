//! `/metrics`: what was counted, and what is so now, for Prometheus.
//!
//! Not its job: counting; the form of the text (`core::metrics`).

use super::engine::Engine;
use crate::core::lifecycle::{Now, Phase};
use crate::core::listing::DISABLED;
use crate::core::metrics::{Kind, Text};
use crate::host::process;

impl Engine {
    /// The text. Every phase that a host can be in is there, so that a series does not vanish when it falls to zero.
    pub fn metrics(&self) -> String {
        let now = self.now();
        let mut text = Text::default();
        self.write_service(&mut text, &now);
        self.write_counts(&mut text);
        self.write_hosts(&mut text, &now);
        self.counters.write(&mut text);
        self.write_connections(&mut text);
        self.write_webhooks(&mut text);
        text.finish()
    }

    fn write_service(&self, text: &mut Text, now: &Now) {
        text.family(
            "kickstand_build_info",
            Kind::Gauge,
            "Always 1, with the version.",
        );
        text.sample("", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        text.single(
            "kickstand_router_uptime_seconds",
            Kind::Gauge,
            "Seconds since the router started.",
            now.uptime / 1000,
        );
        if let Some(bytes) = process::resident_bytes(&self.paths) {
            text.single(
                "process_resident_memory_bytes",
                Kind::Gauge,
                "Memory of the service in RAM.",
                bytes,
            );
        }
        text.single(
            "kickstand_apply_failed",
            Kind::Gauge,
            "Whether the last `kickstand apply` failed, so that dnsmasq may not know the settings.",
            u8::from(self.warnings.contains_key("apply")),
        );
    }

    fn write_counts(&self, text: &mut Text) {
        let counts = self.counts();
        text.family("kickstand_hosts", Kind::Gauge, "Hosts by phase.");
        for (phase, count) in [
            (Phase::Armed.word(), counts.armed),
            (Phase::Booting.word(), counts.booting),
            (DISABLED, counts.disabled),
            (Phase::Expired.word(), counts.expired),
            (Phase::Failed.word(), counts.failed),
            (Phase::Idle.word(), counts.idle),
            (Phase::Installed.word(), counts.installed),
            (Phase::Installing.word(), counts.installing),
        ] {
            text.sample("", &[("phase", phase)], count);
        }
        for (name, help, value) in [
            (
                "kickstand_unknown_machines",
                "Machines that asked and are no host.",
                counts.unknown,
            ),
            (
                "kickstand_faults",
                "Faults in the configuration.",
                self.settings.faults.len(),
            ),
            (
                "kickstand_warnings",
                "What else is wrong.",
                self.warnings.len(),
            ),
        ] {
            text.single(name, Kind::Gauge, help, value);
        }
    }

    /// One series for each host, and two more while it installs.
    fn write_hosts(&self, text: &mut Text, now: &Now) {
        text.family(
            "kickstand_host_phase",
            Kind::Gauge,
            "Always 1, with the phase of each host.",
        );
        for (name, phase) in self.phases() {
            let phase = phase.map_or(DISABLED, Phase::word);
            text.sample("", &[("host", name), ("phase", phase)], 1);
        }
        let installing: Vec<_> = self
            .installing(now)
            .map(|(name, elapsed)| (name, elapsed, self.progress(name, elapsed, now)))
            .collect();
        text.family(
            "kickstand_host_installing_seconds",
            Kind::Gauge,
            "Seconds since the claim of a host that is installing.",
        );
        for (name, elapsed, _) in &installing {
            if let Some(elapsed) = elapsed {
                text.sample("", &[("host", name)], elapsed);
            }
        }
        text.family(
            "kickstand_host_progress_ratio",
            Kind::Gauge,
            "How far a host is that is installing, from 0 to 1, when there is a ground for a number.",
        );
        for (name, _, progress) in &installing {
            if let Some((percent, _)) = progress.percent {
                let ratio = format_args!("{}.{:02}", percent / 100, percent % 100).to_string();
                text.sample("", &[("host", name)], ratio);
            }
        }
    }

    fn write_connections(&self, text: &mut Text) {
        let counts = &self.connections;
        text.single(
            "kickstand_connections",
            Kind::Gauge,
            "Connections that are served.",
            counts.open.get(),
        );
        text.single(
            "kickstand_connections_total",
            Kind::Counter,
            "Connections that were served.",
            counts.served.get(),
        );
        text.family(
            "kickstand_connections_ended_total",
            Kind::Counter,
            "Connections that the service ended, because they took nothing, made way for others, or found no place.",
        );
        for (why, count) in [
            ("stalled", &counts.cut_off),
            ("made_way", &counts.made_way),
            ("turned_away", &counts.turned_away),
        ] {
            text.sample("", &[("reason", why)], count.get());
        }
    }

    fn write_webhooks(&self, text: &mut Text) {
        let webhooks = self.webhook_statuses();
        text.family(
            "kickstand_webhook_deliveries_total",
            Kind::Counter,
            "Deliveries of webhooks that ended, by result.",
        );
        for webhook in &webhooks {
            for (result, count) in [
                ("delivered", webhook.delivered),
                ("failed", webhook.failed),
                ("dropped", webhook.dropped),
            ] {
                text.sample("", &[("webhook", &webhook.name), ("result", result)], count);
            }
        }
        text.family(
            "kickstand_webhook_waiting",
            Kind::Gauge,
            "Deliveries of webhooks that wait.",
        );
        for webhook in &webhooks {
            text.sample("", &[("webhook", &webhook.name)], webhook.waiting);
        }
    }
}
