//! Answer files that anybody on the LAN may read through uhttpd, for hosts with `option publish`, while they are armed.
//!
//! Not its job: the files themselves (`host::published`).

use std::collections::{BTreeMap, BTreeSet};

use super::engine::{Engine, claims};
use crate::host::published;

impl Engine {
    /// Opens the answer files of armed hosts with `option publish` to uhttpd, and closes all others.
    pub(super) fn publish(&mut self) {
        let now = self.now();
        let mut open = BTreeMap::new();
        let mut hosts = BTreeSet::new();
        let mut faults = Vec::new();
        for host in self.settings.hosts.values().filter(|host| host.publish) {
            let record = self.record(&host.name);
            // What only looks at the hardware needs no answer file to install from.
            let Some(arm) = record.live_arm(&now).filter(|arm| arm.purpose.installs()) else {
                continue;
            };
            // A card that the host got since it was armed may be another machine's, and the file holds the token.
            for mac in host.macs.iter().filter(|mac| arm.macs.contains(mac)) {
                let machine = self.machine_with(host, *mac);
                match self.answer(host, &machine, arm.token.reveal()) {
                    Ok(text) if claims(&text) => {
                        open.insert(format!("kickstart-{mac}.cfg"), text);
                        hosts.insert(host.name.clone());
                    }
                    // Nobody tells us when uhttpd hands it out, so it would install at every boot until the window ends.
                    Ok(_) => faults.push(format!(
                        "{}: its answer file for {mac} does not claim, so it is not published: include claim.ks in a template",
                        host.name
                    )),
                    Err(error) => faults.push(format!(
                        "{}: its answer file for {mac} is not published: {error}",
                        host.name
                    )),
                }
            }
        }
        self.open = hosts;
        if let Err(error) = published::set(&self.paths, &open) {
            faults.push(error);
        }
        if faults.is_empty() {
            self.warnings.remove("publish");
            return;
        }
        let faults = faults.join("; ");
        if self.warnings.get("publish") != Some(&faults) {
            log::error!("{faults}");
        }
        self.warnings.insert("publish", faults);
    }

    /// Nobody will close them any more.
    pub fn close_published(&mut self) {
        if let Err(error) = published::set(&self.paths, &BTreeMap::new()) {
            log::error!("{error}");
        }
    }
}
