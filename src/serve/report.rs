//! What an installer reports: claim, progress, completed, failed.
//!
//! Not its job: HTTP; whether a claim may be granted (`core::lifecycle`).

use std::net::Ipv4Addr;

use super::boot::Answer;
use super::engine::Engine;
use crate::core::decision::{self, Identity};
use crate::core::hardware::{MEBIBYTE, serial_number};
use crate::core::lifecycle::{Event, Outcome, Refusal};
use crate::core::mac::Mac;
use crate::core::machine::{clean_end, clean_to};
use crate::core::secrets::masked;
use crate::core::target::Query;

/// Longest end of an installer's log that is kept, in characters.
const LOG_LENGTH: usize = 16 * 1024;
/// Longest sentence of a report, in characters.
const SENTENCE: usize = 300;
/// Longest nonce that is kept, in characters: a UUID has 36.
const NONCE_LENGTH: usize = 64;

impl Engine {
    /// `/v1/report`: claim, progress, completed, failed.
    pub fn report(&mut self, peer: Ipv4Addr, query: &Query) -> Answer {
        self.refresh();
        let (Some(mac), Some(token), Some(event)) =
            (query.get("mac"), query.get("token"), query.get("event"))
        else {
            return Answer::Bad("a report needs mac, token and event".to_owned());
        };
        let Ok(mac) = mac.parse::<Mac>() else {
            return Answer::Bad("mac is not a MAC address".to_owned());
        };
        let (name, usable) = match decision::identify(&self.settings, mac) {
            Identity::Host(host) => {
                let name = host.name.clone();
                // The token may have been read by others: with option publish, anybody on the LAN can.
                if let Err(why) = self.backed(host, peer) {
                    return self.deny(&name, why);
                }
                (name, true)
            }
            // An installation that was granted may end although somebody broke the host's section meanwhile.
            Identity::Disabled(name) => (name.to_owned(), false),
            Identity::Unknown => return Answer::NotFound(format!("{mac} is no host")),
        };
        // The token is taken as it came; everything else may be shown.
        let record = self.record(&name);
        let query = &query.with_values(|value| record.hide_tokens(value));
        match event {
            "claim" => {
                let answer = match usable {
                    true => self.report_claim(&name, mac, token, query),
                    false => self.deny(&name, "its section has faults now".to_owned()),
                };
                self.counters.claims.add(match answer {
                    Answer::Text(_) => "granted",
                    Answer::Later(_) => "unanswered",
                    _ => "refused",
                });
                answer
            }
            "hardware" => self.report_hardware(&name, mac, token, query),
            "progress" => self.report_progress(&name, token, query),
            "completed" => self.report_end(
                &name,
                Event::Completed { token },
                "completed",
                "reported that it is installed",
            ),
            "failed" => self.report_failure(&name, token, query),
            _ => Answer::Bad(
                "event must be claim, progress, completed, failed or hardware".to_owned(),
            ),
        }
    }

    fn report_claim(&mut self, name: &str, mac: Mac, token: &str, query: &Query) -> Answer {
        let nonce = clean_to(query.get("nonce").unwrap_or_default(), NONCE_LENGTH);
        if nonce.is_empty() {
            return Answer::Bad(
                "a claim needs a nonce, another one for each run of the installer".to_owned(),
            );
        }
        let blank = query.get("blank") == Some("1");
        let serial = query.get("serial").and_then(serial_number);
        let number = serial
            .iter()
            .map(|serial| format!("serial number {serial}"));
        let bytes = query.get("bytes").and_then(|text| text.parse().ok());
        let size = bytes.map(|bytes: u64| format!("{} MiB", bytes / MEBIBYTE));
        let told: Vec<String> = number.chain(size).collect();
        let told = match told.is_empty() {
            true => String::new(),
            false => format!(" ({})", told.join(", ")),
        };
        let disk = clean_to(query.get("disk").unwrap_or("its disk"), SENTENCE);
        self.report_end(
            name,
            Event::Claim {
                mac,
                token,
                nonce: &nonce,
                blank,
                serial: serial.as_deref(),
            },
            "claim",
            &format!("claimed, and may now write {disk}{told}"),
        )
    }

    pub(super) fn report_end(
        &mut self,
        name: &str,
        event: Event<'_>,
        kind: &str,
        done: &str,
    ) -> Answer {
        match self.apply(name, event) {
            // Both serial numbers are in the note only.
            Ok(Outcome::Refused(Refusal::OtherDisk)) => {
                let why = self.record(name).note;
                self.deny(name, why)
            }
            Ok(Outcome::Refused(refusal)) => self.deny(name, refusal.sentence().to_owned()),
            Ok(_) => {
                if kind == "claim" {
                    self.was_used(name);
                }
                let now = self.now();
                self.events.add(&now, name, kind, done);
                Answer::Text("granted\n".to_owned())
            }
            Err(error) => Answer::Later(error),
        }
    }

    fn report_failure(&mut self, name: &str, token: &str, query: &Query) -> Answer {
        let log = query.get("log").unwrap_or_default();
        let said = query
            .get("reason")
            .or_else(|| log.lines().next())
            .unwrap_or_default();
        let reason = match clean_to(&masked(said), SENTENCE) {
            reason if reason.is_empty() => "the installer gave up without a word".to_owned(),
            reason => reason,
        };
        let answer = self.report_end(
            name,
            Event::Failed {
                token,
                reason: &reason,
            },
            "failed",
            &format!("reported that it failed: {reason}"),
        );
        if answer == Answer::Text("granted\n".to_owned()) && !log.is_empty() {
            let sighting = self.sightings.entry(name.to_owned()).or_default();
            sighting.log = clean_end(&masked(log), LOG_LENGTH);
        }
        answer
    }

    fn report_progress(&mut self, name: &str, token: &str, query: &Query) -> Answer {
        let now = self.now();
        if !self.record(name).knows_token(token, &now) {
            return self.deny(name, Refusal::NotArmed.sentence().to_owned());
        }
        let percent = query
            .get("percent")
            .and_then(|text| text.parse::<u8>().ok())
            .filter(|percent| *percent <= 100);
        if percent.is_some() {
            self.sightings.entry(name.to_owned()).or_default().percent = percent;
        }
        let text = clean_to(&masked(query.get("text").unwrap_or_default()), SENTENCE);
        if !text.is_empty() {
            self.events.add(&now, name, "progress", text);
        }
        Answer::Text("noted\n".to_owned())
    }
}
