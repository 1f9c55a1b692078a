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
    /// An answer file goes out now.
    pub(super) fn hands_out(&mut self, host: &str, text: &str) {
        let sighting = self.sightings.entry(host.to_owned()).or_default();
        sighting.answer.clear();
        if text.len() <= served::LONGEST {
            sighting.answer = masked(text);
        } else {
            // What is kept will not be the last one.
            served::forget(&self.paths, host);
        }
    }

    /// Its installer claimed with it. Flash is being written for the claim anyhow.
    pub(super) fn was_used(&mut self, host: &str) {
        let text = self.sightings.get(host).map(|sighting| &sighting.answer);
        // None: from before a restart of the service, or too long.
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return;
        };
        if let Err(error) = served::keep(&self.paths, host, text) {
            log::warn!("{error}: `render {host} --diff` compares with an older one");
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
