//! The ubus object `kickstand`: what LuCI, the CLI and the hotplug scripts call.
//!
//! Arguments that a method does not know are ignored: uhttpd adds `ubus_rpc_session` to every call.
//! Not its job: the wire (`host::ubus`).

use serde::Serialize;
use serde_json::{Value, json};

use super::engine::{Engine, NO_TOKEN, claims};
use crate::core::decision::{self, Decision, Identity};
use crate::core::lifecycle::{ArmedBy, Event, Outcome, Phase};
use crate::core::mac::Mac;
use crate::core::machine::{Machine, clean_to};
use crate::core::replies::{
    AdoptReply, ArmReply, Check, DoneReply, ErrorReply, EventEntry, ExplainReply, HostReply,
    HostStatus, RenderReply, StatusReply,
};
use crate::core::settings::Host;
use crate::host::ubus::ArgumentKind::{Integer, Text};
use crate::host::ubus::MethodSpec;

/// Name on the bus.
pub const OBJECT: &str = "kickstand";

/// All methods.
pub const METHODS: &[MethodSpec] = &[
    MethodSpec {
        name: "status",
        arguments: &[],
    },
    MethodSpec {
        name: "host",
        arguments: &[("name", Text)],
    },
    MethodSpec {
        name: "explain",
        arguments: &[("mac", Text)],
    },
    MethodSpec {
        name: "render",
        arguments: &[("host", Text), ("what", Text)],
    },
    MethodSpec {
        name: "arm",
        arguments: &[("host", Text), ("window", Integer)],
    },
    MethodSpec {
        name: "disarm",
        arguments: &[("host", Text)],
    },
    MethodSpec {
        name: "adopt",
        arguments: &[("mac", Text), ("name", Text), ("profile", Text)],
    },
    MethodSpec {
        name: "forget",
        arguments: &[("mac", Text)],
    },
];

/// Shortest and longest window that a call may ask for, in seconds; as for option window.
const WINDOWS: std::ops::RangeInclusive<u64> = 60..=604_800;

type Reply = Result<Value, String>;

impl Engine {
    /// Answers a call. A refusal is a reply with one member, `error`.
    pub fn call(&mut self, method: &str, arguments: &Value) -> Value {
        self.refresh();
        let argument = |name: &str| {
            arguments
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        let reply = match method {
            "status" => reply(&self.status()),
            "host" => self.host(&argument("name")),
            "explain" => self.explain(&argument("mac")),
            "render" => self.render(&argument("host"), &argument("what")),
            "arm" => window(arguments).and_then(|window| self.arm(&argument("host"), window)),
            "disarm" => self.disarm(&argument("host")),
            "adopt" => self.adopt(&argument("mac"), &argument("name"), &argument("profile")),
            "forget" => self.forget(&argument("mac")),
            _ => Err(format!("there is no method '{}'", clean_to(method, 40))),
        };
        reply.unwrap_or_else(|error| json!(ErrorReply { error }))
    }

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

    fn host(&self, word: &str) -> Reply {
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

    fn explain(&self, word: &str) -> Reply {
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
        let machine = Machine {
            mac,
            ..self
                .machine_of(host)
                .unwrap_or_else(|| Machine::unseen(mac))
        };
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

    fn render(&self, word: &str, what: &str) -> Reply {
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
        reply(&RenderReply {
            what: if what.is_empty() { "answer" } else { what }.to_owned(),
            text,
        })
    }

    fn arm(&mut self, word: &str, window: Option<u32>) -> Reply {
        let host = self.settings.find_host(word)?.clone();
        let machine = self.machine_of(&host).ok_or("this host has no card")?;
        let rendered = self.installer(&host, &machine, NO_TOKEN).map(drop);
        let answer = rendered.and_then(|()| self.answer(&host, &machine, NO_TOKEN));
        let answer = answer.map_err(|error| {
            format!(
                "{} is not armed, its installation would fail: {error}",
                host.name
            )
        })?;
        let arm = self.fresh_arm(&host, ArmedBy::User, window)?;
        match self.apply(&host.name, Event::Arm(arm))? {
            Outcome::Refused(refusal) => {
                return Err(format!("{}: {}", host.name, refusal.sentence()));
            }
            _ => {
                let now = self.now();
                self.events
                    .add(&now, &host.name, "armed", "was armed by the user");
            }
        }
        let mut warnings = Vec::new();
        if !claims(&answer) {
            warnings.push("its answer file does not claim: no completion will be seen, and handing it out uses up the arm".to_owned());
        }
        if self.open.contains(&host.name) {
            warnings.push(
                "its answer file is open to anybody on the LAN until the arm ends (option publish)"
                    .to_owned(),
            );
        }
        let now = self.now();
        let title = self
            .settings
            .profiles
            .get(&host.profile)
            .map(|profile| profile.title.clone());
        let left = self
            .record(&host.name)
            .live_arm(&now)
            .map_or(0, |arm| arm.left(&now));
        reply(&ArmReply {
            host: host.name.clone(),
            // The milliseconds that this took should not make 7200 a 7199.
            seconds_left: left.div_ceil(1000),
            disk: disk_words(&host),
            title: title.unwrap_or_default(),
            warnings,
        })
    }

    fn disarm(&mut self, word: &str) -> Reply {
        // A disabled host may still be armed from before its section was broken.
        let name = match self.settings.configured.contains_key(word) {
            true => word.to_owned(),
            false => self.settings.find_host(word)?.name.clone(),
        };
        match self.apply(&name, Event::Disarm)? {
            Outcome::Refused(refusal) => Err(format!("{name}: {}", refusal.sentence())),
            _ => {
                let now = self.now();
                self.events
                    .add(&now, &name, "disarmed", "was disarmed by the user");
                reply(&DoneReply {
                    done: format!("{name} is disarmed"),
                })
            }
        }
    }

    fn adopt(&mut self, mac: &str, name: &str, profile: &str) -> Reply {
        let mac: Mac = mac
            .parse()
            .map_err(|error| format!("mac must be {error}"))?;
        if let Some(owner) = self.settings.macs.get(&mac) {
            return Err(format!("{mac} is a card of host '{owner}' already"));
        }
        let fits = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if !fits {
            return Err("the name must be of letters, digits, '-' and '_'".to_owned());
        }
        // A section's name may not hold '-', a host name may not hold '_'.
        let section = name.replace('-', "_");
        if self.settings.configured.contains_key(&section) {
            return Err(format!("there is a host '{section}' already"));
        }
        if self.settings.sections.contains(&section) {
            return Err(format!(
                "there is another section '{section}' in /etc/config/kickstand already: choose another name"
            ));
        }
        if !self.settings.profiles.contains_key(profile) {
            let known = self
                .settings
                .profiles
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ");
            return Err(format!(
                "there is no profile '{}' (there are: {known})",
                clean_to(profile, 40)
            ));
        }
        let mut uci = vec![
            format!("set kickstand.{section}=host"),
            format!("add_list kickstand.{section}.mac='{mac}'"),
            format!("set kickstand.{section}.profile='{profile}'"),
        ];
        if section.replace('_', "-") != name || name.contains('_') {
            uci.push(format!(
                "set kickstand.{section}.hostname='{}'",
                name.replace('_', "-")
            ));
        }
        reply(&AdoptReply { host: section, uci })
    }

    fn forget(&mut self, mac: &str) -> Reply {
        let mac: Mac = mac
            .parse()
            .map_err(|error| format!("mac must be {error}"))?;
        match self.strangers.forget(mac) {
            true => reply(&DoneReply {
                done: format!("{mac} is forgotten until it asks again"),
            }),
            false => Err(format!("{mac} is not among the unknown machines")),
        }
    }
}

fn reply<T: Serialize>(reply: &T) -> Reply {
    serde_json::to_value(reply)
        .map_err(|error| format!("the reply cannot be put in words: {error}"))
}

/// The window of an `arm` call: a number, or a text that is one, as `ubus call` and LuCI send either.
fn window(arguments: &Value) -> Result<Option<u32>, String> {
    let seconds = match arguments.get("window") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.is_empty() => return Ok(None),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64(),
    };
    let seconds = seconds
        .filter(|seconds| WINDOWS.contains(seconds))
        .and_then(|seconds| u32::try_from(seconds).ok());
    seconds.map(Some).ok_or_else(|| {
        format!(
            "window must be {} to {} seconds",
            WINDOWS.start(),
            WINDOWS.end()
        )
    })
}

fn disk_words(host: &Host) -> String {
    host.disk
        .clone()
        .unwrap_or_else(|| "the only fixed disk in it".to_owned())
}

fn words(decision: &Decision) -> (String, String) {
    match decision {
        Decision::Install { host, .. } => ("install".to_owned(), host.clone()),
        Decision::Local { why, .. } => ("local".to_owned(), why.clone()),
        Decision::Wait { why } => ("wait".to_owned(), why.clone()),
        Decision::Refuse { why } => ("refuse".to_owned(), why.clone()),
    }
}
