//! What a booting machine and its installer ask: the decision and the answer file.
//!
//! Not its job: HTTP. Requests come as decoded values, answers go as status and text.

use std::net::Ipv4Addr;

use super::engine::{Engine, NO_TOKEN, claims};
use crate::core::decision::{self, Decision, Identity};
use crate::core::ipxe::{self, Installer};
use crate::core::lifecycle::{ArmedBy, Event, Outcome, Record, Refusal};
use crate::core::mac::Mac;
use crate::core::machine::Machine;
use crate::core::settings::Host;
use crate::core::target::Query;
use crate::core::verify::Verify;

/// What is answered: a text, or a refusal of one plain sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200.
    Text(String),
    /// 400: the request says too little or nonsense.
    Bad(String),
    /// 403: not to this one, or not now.
    Denied(String),
    /// 404: there is no such host.
    NotFound(String),
    /// 500: a template or an option is at fault; the user must mend it. Never 404: an installer would give up for good.
    Fault(String),
    /// 503: try again; installers do.
    Later(String),
}

/// What was rendered for a machine before anything was counted, and for which token.
struct Rehearsed {
    token: String,
    installer: Installer,
}

impl Engine {
    /// `/boot.ipxe`.
    pub fn first_script(&mut self) -> Answer {
        self.refresh();
        match self.router() {
            Ok(router) => Answer::Text(ipxe::first(router)),
            Err(error) => Answer::Later(error.text),
        }
    }

    /// `/v1/boot`: the decision, as a script.
    pub fn boot(&mut self, peer: Ipv4Addr, query: &Query) -> Answer {
        self.refresh();
        let machine = match Machine::from_query(query) {
            Ok(machine) => machine,
            Err(error) => return Answer::Bad(error),
        };
        let router = match self.router() {
            Ok(router) => router,
            Err(error) => return Answer::Later(error.text),
        };
        let first_try = query.get("try").is_none_or(|number| number == "1");
        let (decision, rehearsed) = match decision::identify(&self.settings, machine.mac) {
            Identity::Host(host) => {
                let host = host.clone();
                match self.boot_host(&host, &machine, peer, first_try) {
                    Ok(decided) => decided,
                    Err(answer) => return answer,
                }
            }
            identity => {
                let decision = decision::for_stranger(
                    &self.settings,
                    identity,
                    &machine,
                    self.has_disk_loader(&machine),
                );
                if identity == Identity::Unknown {
                    self.meet(&machine);
                }
                (decision, None)
            }
        };
        self.counters.decisions.add(decision.word());
        match &decision {
            Decision::Install { host, token } => {
                self.install_script(host, token.reveal(), &machine, rehearsed)
            }
            Decision::Local { leave, why } => {
                Answer::Text(ipxe::local(*leave, why, &machine, router))
            }
            Decision::Wait { why } => Answer::Text(ipxe::wait(why, router)),
            Decision::Refuse { why } => Answer::Text(ipxe::refuse(why)),
        }
    }

    fn meet(&mut self, machine: &Machine) {
        let now = self.now();
        if self.strangers.remember(machine.clone(), &now) {
            log::info!(
                "{} asks what to boot and is no host ({} {})",
                machine.mac,
                machine.manufacturer,
                machine.product
            );
            self.say_unknown(machine, &now);
        }
    }

    fn boot_host(
        &mut self,
        host: &Host,
        machine: &Machine,
        peer: Ipv4Addr,
        first_try: bool,
    ) -> Result<(Decision, Option<Rehearsed>), Answer> {
        let now = self.now();
        let record = self.record(&host.name);
        let arms_itself = decision::arms_itself(host, &record, &now);
        let may_install = arms_itself || record.live_arm(&now).is_some();
        if let Err(why) = self.backed(host, peer) {
            return Ok((self.doubt(host, machine, &why, may_install), None));
        }
        let sighting = self.sightings.entry(host.name.clone()).or_default();
        // A repetition tells fewer facts.
        if first_try || sighting.machine.is_none() {
            sighting.machine = Some(machine.clone());
        }
        let mut rehearsed = None;
        if may_install {
            // Faults show before the machine is started, not ten minutes later.
            let (installer, text) = self.rehearse(host, machine, &record)?;
            rehearsed = Some(installer);
            // Nobody looks at what arms itself, so nobody could say --force.
            if arms_itself && let Some(errors) = self.errors(host, &text) {
                let why = format!(
                    "does not arm itself: its answer file has errors: {errors} (`kickstand check {}`)",
                    host.name
                );
                self.events.add(&now, &host.name, "fault", why.clone());
                return Err(Answer::Fault(format!("{} {why}", host.name)));
            }
        }
        if arms_itself {
            let arm = self
                .fresh_arm(host, ArmedBy::Once, None)
                .map_err(Answer::Later)?;
            self.apply(&host.name, Event::Arm(arm))
                .map_err(Answer::Later)?;
        }
        let outcome = self
            .apply(
                &host.name,
                Event::Asked {
                    mac: machine.mac,
                    first_try,
                },
            )
            .map_err(Answer::Later)?;
        let record = self.record(&host.name);
        let decision = decision::for_host(
            host,
            &record,
            &outcome,
            machine,
            self.has_disk_loader(machine),
        );
        let told = match &decision {
            Decision::Install { .. } => (
                "install",
                match record.discovers(&now) {
                    true => "asked what to boot and was told to report its hardware".to_owned(),
                    false => "asked what to boot and was told to install".to_owned(),
                },
            ),
            Decision::Local { why, .. } => (
                "local",
                format!("asked what to boot and was told to boot from its disk: {why}"),
            ),
            Decision::Wait { why } | Decision::Refuse { why } => ("wait", why.clone()),
        };
        if told.0 == "local" {
            self.sent_to_disk(&host.name);
        }
        self.events.add(&now, &host.name, told.0, told.1);
        Ok((decision, rehearsed))
    }

    /// Somebody asks in a host's name from an address that is none of its cards'. That changes nothing about the host: not
    /// its phase, and not what is known of its machine.
    fn doubt(&mut self, host: &Host, machine: &Machine, why: &str, may_install: bool) -> Decision {
        let why = format!("somebody asked as {}, and {why}", machine.mac);
        let now = self.now();
        self.events.add(&now, &host.name, "refused", why.clone());
        if may_install {
            return Decision::Wait { why };
        }
        let leave =
            decision::leave_for(host.leave, machine.platform, self.has_disk_loader(machine));
        Decision::Local { leave, why }
    }

    /// Renders everything that an installation needs, for its faults. The answer file comes back, for those that it has itself, and
    /// the installer, which serves when the token is known already.
    fn rehearse(
        &mut self,
        host: &Host,
        machine: &Machine,
        record: &Record,
    ) -> Result<(Rehearsed, String), Answer> {
        let now = self.now();
        let token = match record.live_arm(&now) {
            Some(arm) => arm.token.reveal(),
            None => NO_TOKEN,
        };
        let rendered = self.context(host, machine, token).and_then(|context| {
            let installer = self.installer_with(host, machine, token, &context)?;
            let text = self.answer_under(record, host, machine, || Ok(context))?;
            let token = token.to_owned();
            Ok((Rehearsed { token, installer }, text))
        });
        rendered.map_err(|error| {
            let why = record.hide_tokens(&error.text);
            self.events.add(&now, &host.name, "fault", why.clone());
            Answer::Fault(format!("{}: {why}", host.name))
        })
    }

    fn install_script(
        &self,
        host: &str,
        token: &str,
        machine: &Machine,
        rehearsed: Option<Rehearsed>,
    ) -> Answer {
        let Some(host) = self.settings.hosts.get(host) else {
            return Answer::NotFound(format!("there is no host '{host}'"));
        };
        let installer = match rehearsed {
            Some(rehearsed) if rehearsed.token == token => Ok(rehearsed.installer),
            _ => self.installer(host, machine, token),
        };
        let script = installer
            .and_then(|installer| Ok(installer.script(&host.hostname, self.router()?, machine)));
        match script {
            Ok(script) => Answer::Text(script),
            Err(error) => Answer::Fault(format!("{}: {error}", host.name)),
        }
    }

    /// Whether the router has a loader that finds the installed system of such a machine.
    pub fn has_disk_loader(&self, machine: &Machine) -> bool {
        self.paths
            .below_root(&self.settings.main.tftp_root)
            .join(ipxe::disk_loader(machine))
            .is_file()
    }

    /// The answer file, for the one machine that it is for.
    pub fn answer_file(&mut self, peer: Ipv4Addr, mac: Mac, token: &str) -> Answer {
        self.refresh();
        let Identity::Host(host) = decision::identify(&self.settings, mac) else {
            return Answer::NotFound(format!("{mac} is no host"));
        };
        let host = host.clone();
        let now = self.now();
        let record = self.record(&host.name);
        // Its iPXE knows no token, and the user said that it need not.
        let own = (token.is_empty() && host.verify == Some(Verify::None))
            .then(|| record.live_arm(&now).map(|arm| arm.token.reveal()))
            .flatten();
        let token = own.unwrap_or(token);
        if !record.knows_token(token, &now) {
            return self.deny(&host.name, Refusal::NotArmed.sentence().to_owned());
        }
        if let Err(why) = self.backed(&host, peer) {
            return self.deny(&host.name, why);
        }
        let machine = self.machine_with(&host, mac);
        let context = || self.context(&host, &machine, token);
        let text = match self.answer_under(&record, &host, &machine, context) {
            Ok(text) => text,
            Err(error) => {
                self.events
                    .add(&now, &host.name, "fault", error.text.clone());
                return Answer::Fault(format!("{}: {error}", host.name));
            }
        };
        // A file that never asks would install again at every boot until its attempts are used up: handing it out is
        // the claim.
        let claims = claims(&text);
        match self.apply(&host.name, Event::Fetched { mac, token, claims }) {
            Ok(Outcome::Refused(refusal)) => self.deny(&host.name, refusal.sentence().to_owned()),
            Ok(_) => {
                // What only looks at the hardware was never installed with.
                if !claims && !record.discovers(&now) {
                    self.was_used(&host.name);
                }
                self.events.add(
                    &now,
                    &host.name,
                    "answer",
                    format!("fetched its answer file ({} bytes)", text.len()),
                );
                Answer::Text(text)
            }
            Err(error) => Answer::Later(error),
        }
    }

    pub(super) fn deny(&mut self, name: &str, why: String) -> Answer {
        let now = self.now();
        self.events.add(
            &now,
            name,
            "refused",
            format!("an answer file or report was refused: {why}"),
        );
        Answer::Denied(why)
    }
}
