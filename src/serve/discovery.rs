//! Discovery: arming a host for a look at its hardware, keeping what it reports, and guarding its disk by it.
//!
//! Not its job: what a report holds (`core::hardware`), the files (`host::hardware`), the script that looks (`discover.ks`).

use serde_json::json;

use super::boot::Answer;
use super::engine::{Engine, NO_TOKEN, claims};
use super::object::{Reply, reply};
use super::status::title_words;
use crate::core::answer::{Context, RenderError, render_answer};
use crate::core::hardware::Hardware;
use crate::core::lifecycle::{Arm, ArmedBy, Event, Outcome, Phase, Purpose, Record, Refusal};
use crate::core::mac::Mac;
use crate::core::machine::Machine;
use crate::core::replies::ArmReply;
use crate::core::settings::{AnswerKind, Host, Settings};
use crate::core::target::Query;
use crate::host::hardware;

/// The built-in template that looks. A file of the user's of that name does not take its place: what it says is what keeps the
/// disks untouched.
const TEMPLATE: &str = "discover.ks";
/// An answer file with this in it tells the serial number of its disk when it claims.
const TELLS_SERIAL: &str = "\"serial=";

impl Engine {
    /// The answer file that a host gets now: under an arm that only looks at the hardware, never the one that installs.
    pub(super) fn answer_under(
        &self,
        record: &Record,
        host: &Host,
        machine: &Machine,
        context: impl FnOnce() -> Result<Context, RenderError>,
    ) -> Result<String, RenderError> {
        if !record.discovers(&self.now()) {
            return self.answer_with(host, machine, context);
        }
        let context = context()?;
        render_answer(AnswerKind::Kickstart, TEMPLATE, &context, |_: &str| {
            Ok(None)
        })
    }

    /// `arm` with `discover`.
    pub(super) fn discover(&mut self, word: &str, window: Option<u32>) -> Reply {
        let host = self.settings.find_host(word)?.clone();
        let name = &host.name;
        let profile = self.settings.profiles.get(&host.profile);
        let kickstart = profile.filter(|profile| profile.kind == AnswerKind::Kickstart);
        let title = kickstart.map(|profile| title_words(&profile.title)).ok_or_else(|| {
            format!("{name} cannot be discovered with profile '{}': only installers that read a kickstart can report hardware; give it such a profile meanwhile", host.profile)
        })?;
        let machine = self.machine_of(&host).ok_or("this host has no card")?;
        self.installer(&host, &machine, NO_TOKEN)?;
        let arm = Arm {
            purpose: Purpose::Discover(Phase::Idle),
            disk_serial: None,
            host_key: None,
            ..self.fresh_arm(&host, ArmedBy::User, window)?
        };
        let seconds_left = arm.left(&self.now()).div_ceil(1000);
        if let Outcome::Refused(refusal) = self.apply(name, Event::Arm(arm))? {
            return Err(format!("{name}: {}", refusal.sentence()).into());
        }
        let now = self.now();
        let told = "was armed by the user, to report its hardware";
        self.events.add(&now, name, "armed", told);
        reply(&ArmReply {
            host: name.clone(),
            hostname: host.hostname.clone(),
            seconds_left,
            disk: String::new(),
            title,
            warnings: Vec::new(),
        })
    }

    /// `/v1/report` of a host's hardware.
    pub(super) fn report_hardware(
        &mut self,
        name: &str,
        mac: Mac,
        token: &str,
        query: &Query,
    ) -> Answer {
        let now = self.now();
        let record = self.record(name);
        let meant = record.live_arm(&now).is_some_and(|arm| {
            !arm.purpose.installs() && arm.token.matches(token) && arm.macs.contains(&mac)
        });
        if !meant {
            return self.deny(name, Refusal::NotArmed.sentence().to_owned());
        }
        let text = query.get("hardware").unwrap_or_default();
        let found = match Hardware::from_report(text, now.wall) {
            Ok(found) => found,
            Err(error) => return Answer::Bad(error),
        };
        // First what was found: an arm that is used up for nothing would have to be given again.
        if let Err(error) = hardware::store(&self.paths, name, &found) {
            return Answer::Later(error);
        }
        let what = found.words();
        self.hardware.insert(name.to_owned(), found);
        let what = what.as_str();
        let event = Event::Discovered { mac, token, what };
        self.report_end(name, event, "hardware", what)
    }

    /// `hardware`.
    pub(super) fn hardware(&self, word: &str) -> Reply {
        let host = &self.settings.find_host(word)?.name;
        let hardware = self.hardware.get(host).ok_or_else(|| {
            format!("the hardware of {host} is not known: `kickstand arm --discover {host}`, then start it from the network")
        })?;
        Ok(json!({"host": host, "hardware": hardware.to_value()}))
    }

    /// An arm of the user's for the disk that was discovered, where the answer file can tell which disk it has.
    pub(super) fn guard(&self, mut arm: Arm, host: &Host, answer: &str) -> Result<Arm, String> {
        let tells = claims(answer) && answer.contains(TELLS_SERIAL);
        if arm.disk_serial.is_some() && !tells {
            return Err(format!(
                "{} is not armed: option disk_serial is set, and its answer file does not tell the disk's serial number, as kickstarts with claim.ks do",
                host.name
            ));
        }
        if tells && arm.disk_serial.is_none() {
            let hardware = self.hardware.get(&host.name);
            let serial = hardware.and_then(|found| found.serial_of(host.disk.as_deref()));
            arm.disk_serial = serial.map(str::to_owned);
        }
        Ok(arm)
    }

    /// Settings changed: what is known of hosts that are gone is dropped.
    pub(super) fn forget_hardware(&mut self, settings: &Settings) {
        let known = |name: &str| settings.configured.contains_key(name);
        let before = self.hardware.len();
        self.hardware.retain(|name, _| known(name));
        if self.hardware.len() != before {
            hardware::keep_only(&self.paths, known);
        }
    }
}
