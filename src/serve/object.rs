//! The ubus object `kickstand`: what LuCI, the CLI and the hotplug scripts call.
//!
//! Arguments that a method does not know are ignored: uhttpd adds `ubus_rpc_session` to every call.
//! Not its job: the wire (`host::ubus`).

use serde::Serialize;
use serde_json::{Value, json};

use super::engine::{Engine, NO_TOKEN, claims};
use crate::core::lifecycle::{ArmedBy, Event, Outcome};
use crate::core::mac::Mac;
use crate::core::machine::clean_to;
use crate::core::replies::{AdoptReply, ArmReply, DoneReply, ErrorReply};
use crate::core::settings::{Host, LONGEST_WINDOW, SHORTEST_WINDOW};
use crate::host::ubus::ArgumentKind::{Flag, Integer, Text};
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
        name: "check",
        arguments: &[("host", Text), ("release", Text)],
    },
    MethodSpec {
        name: "arm",
        arguments: &[("host", Text), ("window", Integer), ("force", Flag)],
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

pub(super) type Reply = Result<Value, String>;

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
            "check" => self.check(&argument("host"), arguments),
            "arm" => window(arguments)
                .and_then(|window| self.arm(&argument("host"), window, flag(arguments, "force"))),
            "disarm" => self.disarm(&argument("host")),
            "adopt" => self.adopt(&argument("mac"), &argument("name"), &argument("profile")),
            "forget" => self.forget(&argument("mac")),
            _ => Err(format!("there is no method '{}'", clean_to(method, 40))),
        };
        reply.unwrap_or_else(|error| json!(ErrorReply { error }))
    }

    fn arm(&mut self, word: &str, window: Option<u32>, force: bool) -> Reply {
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
        let errors = self.errors(&host, &answer);
        if let Some(errors) = errors.as_ref().filter(|_| !force) {
            return Err(format!(
                "{name} is not armed, its answer file has errors: {errors}; `kickstand check {name}` shows them, --force arms it all the same",
                name = host.name
            ));
        }
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
        if let Some(errors) = errors {
            warnings.push(format!(
                "armed although its answer file has errors: {errors}"
            ));
        }
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
        // It becomes a host name, which neither begins nor ends with '-'.
        if !fits || name.starts_with(['-', '_']) || name.ends_with(['-', '_']) {
            return Err(
                "the name must be of letters and digits, with '-' or '_' between".to_owned(),
            );
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

pub(super) fn reply<T: Serialize>(reply: &T) -> Reply {
    serde_json::to_value(reply)
        .map_err(|error| format!("the reply cannot be put in words: {error}"))
}

/// True or false, as JSON or as the number that `ubus call` may make of it.
fn flag(arguments: &Value, name: &str) -> bool {
    match arguments.get(name) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Number(number)) => number.as_u64() == Some(1),
        _ => false,
    }
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
        .filter(|seconds| (SHORTEST_WINDOW.into()..=LONGEST_WINDOW.into()).contains(seconds))
        .and_then(|seconds| u32::try_from(seconds).ok());
    seconds.map(Some).ok_or_else(|| {
        format!(
            "window must be {} to {} seconds",
            SHORTEST_WINDOW, LONGEST_WINDOW
        )
    })
}

pub(super) fn disk_words(host: &Host) -> String {
    host.disk
        .clone()
        .unwrap_or_else(|| "the only fixed disk in it".to_owned())
}
