//! What can be looked at: status, one host, why a machine is told what it is told, and what a host would get.
//!
//! Not its job: changing anything (`object`, `boot`).

use super::engine::{Engine, NO_TOKEN};
use super::object::{Reply, disk_words, reply};
use crate::core::decision::{self, Decision, Identity};
use crate::core::lifecycle::{Outcome, Phase};
use crate::core::mac::Mac;
use crate::core::machine::{Machine, clean_to};
use crate::core::replies::{
    Check, EventEntry, ExplainReply, HostReply, HostStatus, Problem, RenderReply, StatusReply,
};
use crate::core::settings::Host;

impl Engine {
    /// Everything at a glance.
    pub fn status(&self) -> StatusReply {
        StatusReply {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            url: self.router.map(|router| router.url()).unwrap_or_default(),
            hosts: self
                .settings
                .configured
                .keys()
                .map(|name| self.host_status(name))
                .collect(),
            unknown: self.strangers.list(&self.now()),
            faults: self
                .settings
                .faults
                .iter()
                .map(ToString::to_string)
                .collect(),
            warnings: self.warnings.values().cloned().collect(),
        }
    }

    fn host_status(&self, name: &str) -> HostStatus {
        let now = self.now();
        let record = self.record(name);
        let faults: Vec<String> = self
            .settings
            .faults_of(name)
            .map(ToString::to_string)
            .collect();
        let host = self.settings.hosts.get(name);
        let arm = record.live_arm(&now);
        let profile = host.and_then(|host| self.settings.profiles.get(&host.profile));
        let installing = record.phase == Phase::Installing;
        let last = self
            .events
            .of(name)
            .next_back()
            .map(|event: &EventEntry| event.text.clone());
        HostStatus {
            name: name.to_owned(),
            hostname: host.map(|host| host.hostname.clone()).unwrap_or_default(),
            macs: self
                .settings
                .macs
                .iter()
                .filter(|(_, owner)| *owner == name)
                .map(|(mac, _)| mac.to_string())
                .collect(),
            profile: host.map(|host| host.profile.clone()).unwrap_or_default(),
            title: profile
                .map(|profile| profile.title.clone())
                .unwrap_or_default(),
            phase: if host.is_some() {
                record.phase.word()
            } else {
                "disabled"
            }
            .to_owned(),
            note: record.note.clone(),
            since: record.since,
            seconds_left: arm.map(|arm| arm.left(&now) / 1000),
            starts: arm.map_or(0, |arm| arm.starts),
            percent: installing
                .then(|| {
                    self.sightings
                        .get(name)
                        .and_then(|sighting| sighting.percent)
                })
                .flatten(),
            open: self.open.contains(name),
            disk: host.map(disk_words).unwrap_or_default(),
            last: last.unwrap_or_default(),
            faults,
        }
    }

    pub(super) fn host(&self, word: &str) -> Reply {
        // A host that is disabled has a page too, which says why.
        let name = match self.settings.configured.contains_key(word) {
            true => word.to_owned(),
            false => self.settings.find_host(word)?.name.clone(),
        };
        reply(&HostReply {
            status: self.host_status(&name),
            events: self.events.of(&name).cloned().collect(),
            log: self
                .sightings
                .get(&name)
                .map(|sighting| sighting.log.clone())
                .unwrap_or_default(),
        })
    }

    pub(super) fn explain(&self, word: &str) -> Reply {
        let mac = match word.parse::<Mac>() {
            Ok(mac) => mac,
            // People ask about hosts by name too.
            Err(error) => match self.settings.find_host(word) {
                Ok(host) => *host.macs.first().ok_or("this host has no card")?,
                Err(_) => {
                    return Err(format!(
                        "'{}' is no host and not {error}",
                        clean_to(word, 80)
                    ));
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
                text: format!("it is armed for {} more seconds", arm.left(&now) / 1000),
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
        let rendered = self
            .installer(host, &machine, NO_TOKEN)
            .map(drop)
            .and_then(|()| self.answer(host, &machine, NO_TOKEN).map(drop));
        checks.push(match rendered {
            Ok(()) => Check {
                ok: true,
                text: "its script and its answer file can be rendered".to_owned(),
            },
            Err(error) => Check {
                ok: false,
                text: error.0,
            },
        });
        let text = "it must ask from an address that the router's neighbour table knows as one of its cards".to_owned();
        checks.push(Check { ok: true, text });
        let installs = (arm.is_some() || once) && checks.iter().all(|check| check.ok);
        let loader = self.has_disk_loader(&machine);
        let (decision, why) = match checks.iter().find(|check| !check.ok) {
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
        let installer = || {
            self.installer(host, &machine, NO_TOKEN)
                .map_err(|error| error.0)
        };
        let text = match what {
            "" | "answer" => self
                .answer(host, &machine, NO_TOKEN)
                .map_err(|error| error.0)?,
            "ipxe" => installer()?.script(
                &host.hostname,
                self.router().map_err(|error| error.0)?,
                &machine,
            ),
            "args" => installer()?.command_line() + "\n",
            _ => return Err("what to render is answer, ipxe or args".to_owned()),
        };
        let problems = match what {
            "" | "answer" => self.findings(host, &text, None).2,
            _ => Vec::new(),
        };
        reply(&RenderReply {
            problems: problems.into_iter().map(Problem::from).collect(),
            what: if what.is_empty() { "answer" } else { what }.to_owned(),
            text,
        })
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
