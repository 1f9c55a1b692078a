//! Checking the answer files of hosts: when somebody asks, on `arm`, and when settings change under an arm.
//!
//! Not its job: the checks (`crate::kickstart`).

use super::engine::{Engine, NO_TOKEN};
use super::object::{Reply, reply};
use crate::core::machine::{Machine, Platform, clean_to};
use crate::core::release::Release;
use crate::core::replies::{CheckReply, Problem};
use crate::core::settings::{AnswerKind, Host, Profile};
use crate::kickstart::finding::{Finding, Severity};
use crate::kickstart::meaning::Surroundings;
use crate::kickstart::{check_answer, guess};

/// Errors of an answer file that are told in one sentence; `check` tells all.
const TOLD: usize = 3;

/// The release that a profile's kickstart is checked as, and how it was found.
fn release_of(profile: &Profile, text: &str) -> (Release, &'static str) {
    let guessed = || Release::guess(&profile.mirror).or_else(|| Release::guess(&profile.title));
    match (profile.release, guessed()) {
        (Some(release), _) => (release, "option release of its profile"),
        (None, Some(release)) => (release, "guessed from its profile; option release says it"),
        (None, None) => guess::release_or_default(text),
    }
}

impl Engine {
    /// What is wrong with a host's answer file, and the release that it was checked as.
    pub(super) fn findings(
        &self,
        host: &Host,
        text: &str,
        release: Option<Release>,
    ) -> (Release, &'static str, Vec<Finding>) {
        let Some(profile) = self.settings.profiles.get(&host.profile) else {
            return (guess::release_or_default(text).0, "", Vec::new());
        };
        let (release, from) = match release {
            Some(release) => (release, "as asked"),
            None => release_of(profile, text),
        };
        let seen = self
            .sightings
            .get(&host.name)
            .and_then(|sighting| sighting.machine.as_ref());
        let hardware = self.hardware.get(&host.name);
        let surroundings = Surroundings {
            source_given: Some(
                profile
                    .arguments
                    .iter()
                    .any(|argument| argument.starts_with("inst.repo=")),
            ),
            uefi: seen
                .map(|machine: &Machine| machine.platform == Platform::Efi)
                .or_else(|| hardware.map(|hardware| hardware.firmware == "uefi")),
            hardware,
        };
        (
            release,
            from,
            check_answer(profile.kind, text, release, surroundings),
        )
    }

    /// `check`: what is wrong with the answer file that a host would get.
    pub(super) fn check(&self, word: &str, release: Option<&str>) -> Reply {
        let host = self.settings.find_host(word)?;
        let release = release
            .map(|word| {
                Release::parse(word)
                    .ok_or_else(|| format!("'{}' is no release that is known", clean_to(word, 40)))
            })
            .transpose()?;
        let machine = self.machine_of(host).ok_or("this host has no card")?;
        let text = self.answer(host, &machine, NO_TOKEN)?;
        let (release, from, findings) = self.findings(host, &text, release);
        let kickstart = self
            .settings
            .profiles
            .get(&host.profile)
            .is_some_and(|profile| profile.kind == AnswerKind::Kickstart);
        reply(&CheckReply {
            host: host.name.clone(),
            release: if kickstart {
                release.name().to_owned()
            } else {
                String::new()
            },
            release_from: from.to_owned(),
            text,
            problems: findings.into_iter().map(Problem::from).collect(),
        })
    }

    /// The errors of a host's answer file in one sentence; none when there are none.
    pub(super) fn errors(&self, host: &Host, text: &str) -> Option<String> {
        let (_, _, findings) = self.findings(host, text, None);
        let errors: Vec<&Finding> = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .collect();
        let told: Vec<String> = errors
            .iter()
            .take(TOLD)
            .map(|error| format!("line {}: {} [{}]", error.line, error.message, error.code))
            .collect();
        let more = match errors.len().saturating_sub(TOLD) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        (!told.is_empty()).then(|| told.join("; ") + &more)
    }

    /// Settings changed: what armed hosts would get now may have become wrong.
    pub(super) fn check_armed(&mut self) {
        let now = self.now();
        let mut faults = Vec::new();
        for host in self.settings.hosts.values() {
            let record = self.record(&host.name);
            let arm = record.live_arm(&now);
            if !arm.is_some_and(|arm| arm.purpose.installs()) {
                continue;
            }
            let text = self
                .machine_of(host)
                .map(|machine| self.answer(host, &machine, NO_TOKEN));
            match text {
                Some(Ok(text)) => faults.extend(self.errors(host, &text).map(|errors| format!("{}, which is armed: its answer file has errors: {errors} (`kickstand check {}`)", host.name, host.name))),
                Some(Err(error)) => faults.push(format!("{}, which is armed: {error}", host.name)),
                None => {}
            }
        }
        match faults.is_empty() {
            true => self.warnings.remove("check"),
            false => self.warnings.insert("check", faults.join("; ")),
        };
    }
}
