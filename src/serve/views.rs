//! What can be looked at from near: one host, why a machine is told what it is told, and what a host would get.
//!
//! Not its job: changing anything (`object`, `boot`), all hosts (`status`).

use std::net::Ipv4Addr;

use super::engine::{Engine, NO_TOKEN, Sighting};
use super::object::{Reply, reply};
use crate::core::answer::RenderError;
use crate::core::decision::{self, Decision, Identity};
use crate::core::lifecycle::Outcome;
use crate::core::mac::Mac;
use crate::core::machine::{Machine, clean_to};
use crate::core::replies::{
    Check, ErrorReply, ExplainReply, HostDetails, HostReply, Problem, RenderReply,
};
use crate::core::settings::Host;

impl Engine {
    pub(super) fn host(&self, word: &str) -> Reply {
        // A host that is disabled has a page too, which says why.
        let name = match self.settings.configured.contains_key(word) {
            true => word.to_owned(),
            false => self.settings.find_host(word)?.name.clone(),
        };
        let sighting = self.sightings.get(&name);
        reply(&HostReply {
            status: self.host_status(
                &name,
                &self.now(),
                &self.cards_of_disabled(),
                &self.faults_by_host(&[&name]),
            ),
            more: HostDetails {
                events: self.events.of(&name),
                log: sighting.map(Sighting::last_log).unwrap_or_default(),
                machine: sighting.and_then(|sighting| sighting.machine.clone()),
            },
        })
    }

    pub(super) fn explain(&self, word: &str) -> Reply {
        let mac = match word.parse::<Mac>() {
            Ok(mac) => mac,
            // People ask about hosts by name too.
            Err(error) => match self.settings.find_host(word) {
                Ok(host) => *host.macs.first().ok_or("this host has no card")?,
                Err(_) => {
                    let word = clean_to(word, 80);
                    return Err(format!("'{word}' is no host and not {error}").into());
                }
            },
        };
        let identity = decision::identify(&self.settings, mac);
        let Identity::Host(host) = identity else {
            let seen = self.strangers.get(mac);
            let machine = seen.cloned().unwrap_or_else(|| Machine::unseen(mac));
            let loader = self.has_disk_loader(&machine);
            let (decision, why) = words(&decision::for_stranger(
                &self.settings,
                identity,
                &machine,
                loader,
            ));
            let seen = if seen.is_some() {
                "it has asked what to boot"
            } else {
                "it has not asked since the service started"
            };
            let host = if let Identity::Disabled(name) = identity {
                name.to_owned()
            } else {
                String::new()
            };
            let checks = vec![Check {
                ok: false,
                text: seen.to_owned(),
            }];
            return reply(&ExplainReply {
                mac: mac.to_string(),
                host,
                decision,
                why,
                checks,
            });
        };
        reply(&self.explain_host(host, mac))
    }

    fn explain_host(&self, host: &Host, mac: Mac) -> ExplainReply {
        let now = self.now();
        let record = self.record(&host.name);
        let machine = self.machine_with(host, mac);
        let mut checks = vec![Check {
            ok: true,
            text: format!("{mac} is a card of host '{}'", host.name),
        }];
        let arm = record.live_arm(&now);
        let once = decision::arms_itself(host, &record, &now);
        checks.push(match arm {
            Some(arm) => Check {
                ok: true,
                text: format!(
                    "it is armed {}for {} more seconds",
                    if arm.purpose.installs() {
                        ""
                    } else {
                        "to report its hardware "
                    },
                    arm.left(&now) / 1000
                ),
            },
            None if once => Check {
                ok: true,
                text: "it arms itself when it asks (install 'once'), for a blank disk".to_owned(),
            },
            None => Check {
                ok: false,
                text: format!("it is not armed (phase {})", record.phase.word()),
            },
        });
        if let Some(arm) = arm {
            let meant = arm.macs.contains(&mac);
            checks.push(Check {
                ok: meant,
                text: if meant {
                    "it was armed with this card"
                } else {
                    "it was armed without this card"
                }
                .to_owned(),
            });
            let more = arm.starts < arm.attempts;
            checks.push(Check {
                ok: more,
                text: format!(
                    "{} of {} installer starts are used",
                    arm.starts, arm.attempts
                ),
            });
        }
        let rendered = self.context(host, &machine, NO_TOKEN).and_then(|context| {
            self.installer_with(host, &machine, NO_TOKEN, &context)?;
            self.answer_under(&record, host, &machine, || Ok(context))
        });
        checks.push(match rendered {
            Ok(_) => Check {
                ok: true,
                text: "its script and its answer file can be rendered".to_owned(),
            },
            Err(error) => Check {
                ok: false,
                text: error.text,
            },
        });
        // Where it will ask from is not known yet: most likely from the served network.
        let verify = self.network.map(|network| network.address);
        let verify = self.verify(host, verify.unwrap_or(Ipv4Addr::UNSPECIFIED));
        checks.push(Check {
            ok: true,
            text: verify.rule().to_owned(),
        });
        let installs = (arm.is_some() || once) && checks.iter().all(|check| check.ok);
        let loader = self.has_disk_loader(&machine);
        let (decision, why) = match checks.iter().find(|check| !check.ok) {
            None if installs && record.discovers(&now) => (
                "install".to_owned(),
                "it boots the installer, reports its hardware and powers off".to_owned(),
            ),
            None if installs => (
                "install".to_owned(),
                format!("it installs {}", host.profile),
            ),
            Some(check) if arm.is_some() || once => ("refuse".to_owned(), check.text.clone()),
            _ => words(&decision::for_host(
                host,
                &record,
                &Outcome::Local,
                &machine,
                loader,
            )),
        };
        ExplainReply {
            mac: mac.to_string(),
            host: host.name.clone(),
            decision,
            why,
            checks,
        }
    }

    pub(super) fn render(&self, word: &str, what: &str) -> Reply {
        let host = self.settings.find_host(word)?;
        let machine = self.machine_of(host).ok_or("this host has no card")?;
        let installer = || self.installer(host, &machine, NO_TOKEN);
        let text = match what {
            "" | "answer" => self.answer(host, &machine, NO_TOKEN)?,
            "ipxe" => installer()?.script(&host.hostname, self.router()?, &machine),
            "args" => installer()?.command_line() + "\n",
            _ => return Err("what to render is answer, ipxe or args".into()),
        };
        let problems = match what {
            "" | "answer" => self.findings(host, &text, None).2,
            _ => Vec::new(),
        };
        reply(&RenderReply {
            what: if what.is_empty() { "answer" } else { what }.to_owned(),
            text,
            problems: problems.into_iter().map(Problem::from).collect(),
        })
    }
}

impl From<RenderError> for ErrorReply {
    fn from(error: RenderError) -> Self {
        let (template, line) = error.place.unzip();
        ErrorReply {
            error: error.text,
            template,
            line,
        }
    }
}

fn words(decision: &Decision) -> (String, String) {
    match decision {
        Decision::Install { host, .. } => ("install".to_owned(), host.clone()),
        Decision::Local { why, .. } => ("local".to_owned(), why.clone()),
        Decision::Wait { why } => ("wait".to_owned(), why.clone()),
        Decision::Refuse { why } => ("refuse".to_owned(), why.clone()),
    }
}
