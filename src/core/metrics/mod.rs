//! What is counted since the service started, and Prometheus' text of it (exposition format 0.0.4).
//!
//! Nothing that a stranger sends is ever a label: those are words of ours and section names, which the user gave.
//! Not its job: counting (whoever does a thing counts it), and what is not counted but looked up (`serve::metrics`).

mod histogram;
mod text;

use std::collections::BTreeMap;

pub use histogram::Histogram;
pub use text::{Kind, Text};

/// Profiles that are counted apart; of more, all together as [`OTHERS`]. Each takes some 300 bytes.
const MOST_PROFILES: usize = 64;
const OTHERS: &str = "(others)";

/// How often each of a few things happened.
#[derive(Debug, Clone, Default)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// It happened once more.
    pub fn add(&mut self, word: &'static str) {
        *self.0.entry(word).or_default() += 1;
    }

    /// How often.
    pub fn of(&self, word: &str) -> u64 {
        self.0.get(word).copied().unwrap_or_default()
    }
}

/// What was counted.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// What machines were told to boot, by [`DECISIONS`].
    pub decisions: Tally,
    /// Claims, by [`CLAIMS`].
    pub claims: Tally,
    /// Answers to HTTP requests, by route and status code.
    pub requests: BTreeMap<(&'static str, u16), u64>,
    /// Bytes of files that went out.
    pub file_bytes: u64,
    /// Lines of logs, by [`SENDERS`].
    pub log_lines: Tally,
    /// Writes of the state, by [`WRITES`].
    pub state_writes: Tally,
    /// Times that the settings were read.
    pub settings_reads: u64,
    installations: BTreeMap<String, Installations>,
}

/// Installations of one profile.
#[derive(Debug, Clone, Default)]
struct Installations {
    installed: u64,
    failed: u64,
    durations: Histogram,
}

/// What a machine can be told.
pub const DECISIONS: [&str; 4] = ["install", "local", "wait", "refuse"];
/// What a claim can lead to.
pub const CLAIMS: [&str; 3] = ["granted", "refused", "unanswered"];
/// Who sends logs.
pub const SENDERS: [&str; 2] = ["host", "stranger"];
/// What a write can lead to.
pub const WRITES: [&str; 2] = ["written", "failed"];

impl Counters {
    /// A request was answered.
    pub fn request(&mut self, route: &'static str, status: u16) {
        *self.requests.entry((route, status)).or_default() += 1;
    }

    /// There is such a profile: its counters begin at zero, so that the first of its installations is seen to happen.
    pub fn profile(&mut self, profile: &str) {
        self.of_profile(profile);
    }

    /// An installation of a profile ended well, after so many seconds if they are known.
    pub fn installed(&mut self, profile: &str, seconds: Option<u64>) {
        let installations = self.of_profile(profile);
        installations.installed += 1;
        if let Some(seconds) = seconds {
            installations.durations.add(seconds);
        }
    }

    /// An installation of a profile failed.
    pub fn failed(&mut self, profile: &str) {
        self.of_profile(profile).failed += 1;
    }

    fn of_profile(&mut self, profile: &str) -> &mut Installations {
        let full = self.installations.len() >= MOST_PROFILES;
        let name = match full && !self.installations.contains_key(profile) {
            true => OTHERS,
            false => profile,
        };
        self.installations.entry(name.to_owned()).or_default()
    }

    /// All of them. What can happen and did not is there too, so that a rate has somewhere to begin.
    pub fn write(&self, text: &mut Text) {
        let tallies = [
            (
                "kickstand_decisions_total",
                "What machines were told to boot.",
                "decision",
                &DECISIONS[..],
                &self.decisions,
            ),
            (
                "kickstand_claims_total",
                "Installers that asked to begin.",
                "result",
                &CLAIMS[..],
                &self.claims,
            ),
            (
                "kickstand_log_lines_total",
                "Lines of installers' logs that came in, from hosts and from others.",
                "sender",
                &SENDERS[..],
                &self.log_lines,
            ),
            (
                "kickstand_state_writes_total",
                "Writes of the state to flash.",
                "result",
                &WRITES[..],
                &self.state_writes,
            ),
        ];
        for (name, help, label, words, tally) in tallies {
            text.family(name, Kind::Counter, help);
            for word in words {
                text.sample("", &[(label, word)], tally.of(word));
            }
        }
        text.family(
            "kickstand_http_requests_total",
            Kind::Counter,
            "Answers to HTTP requests, by route and status code.",
        );
        for ((route, status), count) in &self.requests {
            let code = status.to_string();
            text.sample("", &[("route", route), ("code", &code)], count);
        }
        text.single(
            "kickstand_file_sent_bytes_total",
            Kind::Counter,
            "Bytes of boot files and install media that machines fetched.",
            self.file_bytes,
        );
        text.single(
            "kickstand_settings_reads_total",
            Kind::Counter,
            "Times that the settings were read, because they had changed.",
            self.settings_reads,
        );
        self.write_installations(text);
    }

    fn write_installations(&self, text: &mut Text) {
        text.family(
            "kickstand_installations_total",
            Kind::Counter,
            "Installations that ended, by profile and result.",
        );
        for (profile, installations) in &self.installations {
            for (result, count) in [
                ("installed", installations.installed),
                ("failed", installations.failed),
            ] {
                text.sample("", &[("profile", profile), ("result", result)], count);
            }
        }
        text.family(
            "kickstand_installation_duration_seconds",
            Kind::Histogram,
            "Seconds from the claim to the report of the end, of installations that ended well.",
        );
        for (profile, installations) in &self.installations {
            installations.durations.write(text, ("profile", profile));
        }
    }
}

#[cfg(test)]
mod tests;
