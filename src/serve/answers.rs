//! What a host would install: its answer file, and what it boots to get there, from settings and from what was seen of its
//! machine.
//!
//! Not its job: whether it may (`engine`, `boot`); the texts themselves (`core::answer`, `core::ipxe`).

use super::engine::{Engine, NO_TOKEN};
use crate::core::answer::{Context, RenderError, render_answer};
use crate::core::ipxe::Installer;
use crate::core::mac::Mac;
use crate::core::machine::Machine;
use crate::core::settings::{Host, Profile};
use crate::host::templates::{self, Templates};

impl Engine {
    /// What was last seen of a host's machine; before it was ever seen, its first card and the usual kind of machine.
    pub fn machine_of(&self, host: &Host) -> Option<Machine> {
        let seen = self
            .sightings
            .get(&host.name)
            .and_then(|sighting| sighting.machine.clone());
        // Settings have no host without a card.
        seen.filter(|machine| host.macs.contains(&machine.mac))
            .or_else(|| host.macs.first().map(|mac| Machine::unseen(*mac)))
    }

    /// What was last seen of a host's machine, booting from this card.
    pub fn machine_with(&self, host: &Host, mac: Mac) -> Machine {
        let seen = self.machine_of(host);
        Machine {
            mac,
            ..seen.unwrap_or_else(|| Machine::unseen(mac))
        }
    }

    /// The answer file of a host: the user's own file for this card as it is, else the profile's template.
    pub fn answer(
        &self,
        host: &Host,
        machine: &Machine,
        token: &str,
    ) -> Result<String, RenderError> {
        self.answer_with(host, machine, || self.context(host, machine, token))
    }

    /// The same with values that may be there already. The user's own file needs none.
    pub(super) fn answer_with(
        &self,
        host: &Host,
        machine: &Machine,
        context: impl FnOnce() -> Result<Context, RenderError>,
    ) -> Result<String, RenderError> {
        let www = self.paths.below_root(&self.settings.main.www);
        if let Some(own) = templates::own_answer(&www, machine.mac).map_err(RenderError::from)? {
            return Ok(own);
        }
        let profile = self.profile_of(host)?;
        let context = context()?;
        let templates = Templates::new(&www);
        render_answer(
            profile.kind,
            &profile.answer,
            &context,
            move |name: &str| templates.find(name),
        )
    }

    /// What a host boots to install itself.
    pub fn installer(
        &self,
        host: &Host,
        machine: &Machine,
        token: &str,
    ) -> Result<Installer, RenderError> {
        self.installer_with(host, machine, token, &self.context(host, machine, token)?)
    }

    /// The same with values that are there already.
    pub(super) fn installer_with(
        &self,
        host: &Host,
        machine: &Machine,
        token: &str,
        context: &Context,
    ) -> Result<Installer, RenderError> {
        Installer::new(
            self.profile_of(host)?,
            machine,
            self.router()?,
            self.settings.main.syslog_port,
            token,
            context,
        )
    }

    fn profile_of(&self, host: &Host) -> Result<&Profile, RenderError> {
        let missing = || RenderError::from(format!("host '{}' names no usable profile", host.name));
        self.settings
            .profiles
            .get(&host.profile)
            .ok_or_else(missing)
    }

    pub(super) fn context(
        &self,
        host: &Host,
        machine: &Machine,
        token: &str,
    ) -> Result<Context, RenderError> {
        if self.settings.accounts_faulty {
            return Err(RenderError::from(
                "a `config account` section has faults: `kickstand status` names them".to_owned(),
            ));
        }
        let profile = self.profile_of(host)?;
        let settings = &self.settings;
        let context = Context::new(settings, host, profile, machine, self.router()?, token);
        Ok(match self.host_key(host, token) {
            Some((private, public)) => context.with_host_key(private, public),
            None => context,
        })
    }

    /// The SSH host key for an answer file: words in its place in previews and rehearsals.
    fn host_key(&self, host: &Host, token: &str) -> Option<(Vec<String>, String)> {
        if !self.settings.main.ssh_host_keys {
            return None;
        }
        if token == NO_TOKEN {
            return Some((vec!["PRIVATE".to_owned()], "PUBLIC".to_owned()));
        }
        let key = self.known(&host.name)?.key_to_deliver(token)?;
        Some((key.private_lines()?, key.public_line()))
    }
}
