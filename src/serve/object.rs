//! The ubus object `kickstand`: what LuCI, the CLI and the hotplug scripts call.
//!
//! Arguments that a method does not know are ignored: uhttpd adds `ubus_rpc_session` to every call.
//! Not its job: the wire (`host::ubus`).

use serde::Serialize;
use serde_json::{Value, json};

use super::arguments::Arguments;
use super::engine::{Engine, NO_TOKEN, claims};
pub use super::methods::METHODS;
use super::status::{disk_words, title_words};
use crate::core::answer::RenderError;
use crate::core::lifecycle::{ArmedBy, Event, Outcome};
use crate::core::listing::Asked;
use crate::core::mac::Mac;
use crate::core::machine::clean_to;
use crate::core::replies::{AdoptReply, ArmReply, DoneReply, ErrorReply, UciSet, WebhooksReply};
use crate::core::settings::{Host, LONGEST_WINDOW, SHORTEST_WINDOW};
use crate::host::wake;

/// Name on the bus.
pub const OBJECT: &str = "kickstand";

/// Longest sentence of a refusal, in characters: one that lists what there is has a few hundred.
const REFUSAL: usize = 1000;
/// Longest name of a new host, in bytes: a label of a host name (RFC 1123).
const NAME: usize = 63;

pub(super) type Reply = Result<Value, ErrorReply>;

impl Engine {
    /// Answers a call. A refusal is a reply with one member, `error`.
    pub fn call(&mut self, method: &str, arguments: &Value) -> Value {
        self.refresh();
        self.look_at_apply();
        self.answer_call(method, Arguments(arguments))
            .unwrap_or_else(|refusal| {
                json!(ErrorReply {
                    error: clean_to(&refusal.error, REFUSAL),
                    ..refusal
                })
            })
    }

    fn answer_call(&mut self, method: &str, given: Arguments<'_>) -> Reply {
        match method {
            "status" => {
                let asked = Asked {
                    offset: given.number("offset")?,
                    limit: given.number("limit")?,
                    filter: given.text("filter")?,
                    sort: given.text("sort")?,
                    phase: given.text("phase")?,
                };
                reply(&self.status(&asked.check()?))
            }
            "overview" => reply(&self.overview()),
            "profiles" => reply(&self.profiles()),
            "host" => self.host(&given.needed("name")?),
            "explain" => self.explain(&given.needed("mac")?),
            "render" if given.flag("diff")? => self.difference(&given.needed("host")?),
            "render" => self.render(
                &given.needed("host")?,
                &given.text("what")?.unwrap_or_default(),
            ),
            "hardware" => self.hardware(&given.needed("host")?),
            "arm" if given.flag("discover")? => {
                self.discover(&given.needed("host")?, window(given)?)
            }
            "arm" => self.arm(
                &given.needed("host")?,
                window(given)?,
                given.given_text("confirm")?.as_deref(),
                given.flag("force")?,
            ),
            "check" => self.check(&given.needed("host")?, given.text("release")?.as_deref()),
            "disarm" => self.disarm(&given.needed("host")?),
            "adopt" => self.adopt(
                &given.needed("mac")?,
                &given.needed("name")?,
                &given.needed("profile")?,
            ),
            "forget" => self.forget(&given.needed("mac")?),
            "wake" => self.wake(&given.needed("host")?),
            "webhooks" => reply(&WebhooksReply {
                webhooks: self.webhook_statuses(),
            }),
            "webhook_test" => self.test_webhook(&given.needed("name")?),
            "report" => self.observe(given),
            _ => Err(format!("there is no method '{}'", clean_to(method, 40)).into()),
        }
    }

    fn arm(
        &mut self,
        word: &str,
        window: Option<u32>,
        confirm: Option<&str>,
        force: bool,
    ) -> Reply {
        let host = self.settings.find_host(word)?.clone();
        if let Some(typed) = confirm
            && typed != host.name
            && typed != host.hostname
        {
            let (name, typed) = (&host.name, clean_to(typed, NAME));
            let what = format!("'{typed}' was typed where its name was asked for");
            return Err(format!("{name} is not armed: {what}").into());
        }
        let machine = self.machine_of(&host).ok_or("this host has no card")?;
        let rendered = self.installer(&host, &machine, NO_TOKEN).map(drop);
        let answer = rendered.and_then(|()| self.answer(&host, &machine, NO_TOKEN));
        let answer = answer.map_err(|error| {
            let name = &host.name;
            let text = format!("{name} is not armed, its installation would fail: {error}");
            RenderError { text, ..error }
        })?;
        let errors = self.errors(&host, &answer);
        if let Some(errors) = errors.as_ref().filter(|_| !force) {
            return Err(format!(
                "{name} is not armed, its answer file has errors: {errors}; `kickstand check {name}` shows them, --force arms it all the same",
                name = host.name
            )
            .into());
        }
        let arm = self.fresh_arm(&host, ArmedBy::User, window)?;
        let arm = self.guard(arm, &host, &answer)?;
        match self.apply(&host.name, Event::Arm(arm))? {
            Outcome::Refused(refusal) => {
                return Err(format!("{}: {}", host.name, refusal.sentence()).into());
            }
            _ => {
                let now = self.now();
                self.events
                    .add(&now, &host.name, "armed", "was armed by the user");
            }
        }
        reply(&self.arm_reply(&host, &answer, errors))
    }

    /// What was permitted, in words: what is wiped, what is installed, how long it may begin.
    fn arm_reply(&self, host: &Host, answer: &str, errors: Option<String>) -> ArmReply {
        let mut warnings = Vec::new();
        if let Some(errors) = errors {
            warnings.push(format!(
                "armed although its answer file has errors: {errors}"
            ));
        }
        if !claims(answer) {
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
            .map(|profile| title_words(&profile.title));
        let left = self
            .record(&host.name)
            .live_arm(&now)
            .map_or(0, |arm| arm.left(&now));
        ArmReply {
            host: host.name.clone(),
            hostname: host.hostname.clone(),
            // The milliseconds that this took should not make 7200 a 7199.
            seconds_left: left.div_ceil(1000),
            disk: disk_words(host),
            title: title.unwrap_or_default(),
            warnings,
        }
    }

    fn disarm(&mut self, word: &str) -> Reply {
        // A disabled host may still be armed from before its section was broken.
        let name = match self.settings.configured.contains_key(word) {
            true => word.to_owned(),
            false => self.settings.find_host(word)?.name.clone(),
        };
        match self.apply(&name, Event::Disarm)? {
            Outcome::Refused(refusal) => Err(format!("{name}: {}", refusal.sentence()).into()),
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
            return Err(format!("{mac} is a card of host '{owner}' already").into());
        }
        let section = self.free_section(name)?;
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
            )
            .into());
        }
        let entry =
            |option: Option<&str>, value: Option<String>, values: Option<Vec<String>>| UciSet {
                section: section.clone(),
                kind: "host".to_owned(),
                option: option.map(str::to_owned),
                value,
                values,
            };
        let mut set = vec![
            entry(None, None, None),
            entry(Some("mac"), None, Some(vec![mac.to_string()])),
            entry(Some("profile"), Some(profile.to_owned()), None),
        ];
        if section.replace('_', "-") != name || name.contains('_') {
            let hostname = name.replace('_', "-");
            set.push(entry(Some("hostname"), Some(hostname), None));
        }
        reply(&AdoptReply {
            uci: set.iter().flat_map(UciSet::lines).collect(),
            host: section,
            set,
        })
    }

    /// Name of the section for a new host of that name.
    fn free_section(&self, name: &str) -> Result<String, String> {
        let fits = name.len() <= NAME
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        // It becomes a host name, which neither begins nor ends with '-'.
        if !fits || name.starts_with(['-', '_']) || name.ends_with(['-', '_']) {
            return Err(format!(
                "the name must be of letters and digits, with '-' or '_' between, {NAME} at most"
            ));
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
        Ok(section)
    }

    fn forget(&mut self, mac: &str) -> Reply {
        let mac: Mac = mac
            .parse()
            .map_err(|error| format!("mac must be {error}"))?;
        match self.strangers.forget(mac) {
            true => reply(&DoneReply {
                done: format!("{mac} is forgotten until it asks again"),
            }),
            false => Err(format!("{mac} is not among the unknown machines").into()),
        }
    }

    fn wake(&mut self, word: &str) -> Reply {
        let host = self.settings.find_host(word)?.clone();
        let router = self.router()?;
        wake::wake(router.address, wake::PORT, &host.macs)?;
        let cards = match host.macs.as_slice() {
            [card] => card.to_string(),
            cards => format!("{} cards", cards.len()),
        };
        let now = self.now();
        let text = format!("a magic packet was sent to wake {cards}");
        self.events.add(&now, &host.name, "woken", text);
        reply(&DoneReply {
            done: format!(
                "{} was sent a magic packet ({cards}); it starts when its firmware allows Wake-on-LAN",
                host.name
            ),
        })
    }
}

pub(super) fn reply<T: Serialize>(reply: &T) -> Reply {
    serde_json::to_value(reply)
        .map_err(|error| format!("the reply cannot be put in words: {error}").into())
}

/// The window of an `arm` call.
fn window(given: Arguments<'_>) -> Result<Option<u32>, String> {
    let Some(seconds) = given.number("window")? else {
        return Ok(None);
    };
    let allowed = u32::try_from(seconds)
        .ok()
        .filter(|seconds| (SHORTEST_WINDOW..=LONGEST_WINDOW).contains(seconds));
    allowed.map(Some).ok_or_else(|| {
        format!("window must be {SHORTEST_WINDOW} to {LONGEST_WINDOW} seconds, not {seconds}")
    })
}
