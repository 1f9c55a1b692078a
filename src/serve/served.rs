//! What a host was given last, to compare with what it would get now.
//!
//! Kept when its installer has claimed: what was fetched and came to nothing says little. Not its job: files (`host::served`).

use super::engine::{Engine, NO_TOKEN};
use super::object::{Reply, reply};
use crate::core::difference;
use crate::core::replies::RenderReply;
use crate::core::secrets::masked;
use crate::host::served;

impl Engine {
    /// Its installer claimed: what it would get now is what it got. Flash is being written for the claim anyhow.
    pub(super) fn was_used(&mut self, name: &str) {
        let Some(host) = self.settings.hosts.get(name) else {
            return;
        };
        let machine = self.machine_of(host);
        let Some(Ok(text)) = machine.map(|machine| self.answer(host, &machine, NO_TOKEN)) else {
            return;
        };
        let text = masked(&text);
        if text.len() > served::LONGEST {
            // What is kept is not the last one.
            return served::forget(&self.paths, name);
        }
        if let Err(error) = served::keep(&self.paths, name, &text) {
            log::warn!("{error}: `render {name} --diff` compares with an older one");
        }
    }

    /// `render` with `diff`: how what it would get differs from what it got.
    pub(super) fn difference(&self, word: &str) -> Reply {
        let host = self.settings.find_host(word)?;
        let machine = self.machine_of(host).ok_or("this host has no card")?;
        let now = masked(&self.answer(host, &machine, NO_TOKEN)?);
        let before = served::last(&self.paths, &host.name)?.ok_or_else(|| {
            format!(
                "there is nothing to compare with: no installer of host '{}' has claimed with an answer file of {} KB or less",
                host.name,
                served::LONGEST / 1024
            )
        })?;
        reply(&RenderReply {
            what: "answer".to_owned(),
            text: difference::unified(&before, &now, ("as served last", "as it would be now")),
            problems: Vec::new(),
        })
    }
}
