//! Answer files that anybody on the LAN may read through uhttpd, for hosts with `option publish`, while they are armed.
//!
//! Not its job: the files themselves (`host::published`).

use std::collections::BTreeMap;

use super::engine::{Engine, claims};
use crate::core::mac::Mac;
use crate::core::settings::Host;
use crate::host::published;

/// A file's name and its text.
type Files = BTreeMap<String, String>;

/// In place of a host's name, which is never empty: what is wrong with the folder.
const EVERYBODY: &str = "";

/// The name under which uhttpd finds the answer file of a card, as the article's iPXE script asks for it.
fn file_name(mac: &Mac) -> String {
    format!("kickstart-{mac}.cfg")
}

impl Engine {
    /// Opens the answer files of armed hosts with `option publish` to uhttpd, and closes all others.
    pub(super) fn publish(&mut self) {
        let mut open = Files::new();
        let mut faults = BTreeMap::new();
        self.open.clear();
        for host in self.settings.hosts.values().filter(|host| host.publish) {
            let (files, fault) = self.to_publish(host);
            if !files.is_empty() {
                self.open.insert(host.name.clone());
            }
            open.extend(files);
            faults.extend(fault.map(|fault| (host.name.clone(), fault)));
        }
        if let Err(error) = published::set(&self.paths, &open) {
            let is_there = |host: &Host| {
                let mut names = host.macs.iter().map(file_name);
                names.any(|name| published::is_open(&self.paths, &name))
            };
            self.open
                .retain(|name| self.settings.hosts.get(name).is_some_and(is_there));
            faults.insert(EVERYBODY.to_owned(), error);
        }
        self.publish_faults = faults;
        self.warn_of_publishing();
    }

    /// The same for one host, whose record is another one now: the others' files are what they were.
    pub(super) fn publish_host(&mut self, name: &str) {
        let host = self.settings.hosts.get(name);
        let Some(host) = host.filter(|host| host.publish) else {
            return;
        };
        // The folder could not be filled: what the others' files are is not known.
        if self.publish_faults.contains_key(EVERYBODY) {
            self.publish();
            return;
        }
        let (files, fault) = self.to_publish(host);
        let names = host.macs.iter().map(file_name);
        let failed = published::set_some(&self.paths, names, &files).err();
        match files.is_empty() {
            true => self.open.remove(name),
            false => self.open.insert(name.to_owned()),
        };
        match fault.or(failed) {
            Some(fault) => self.publish_faults.insert(name.to_owned(), fault),
            None => self.publish_faults.remove(name),
        };
        self.warn_of_publishing();
    }

    /// What of a host is open now, and what is wrong with it.
    fn to_publish(&self, host: &Host) -> (Files, Option<String>) {
        let now = self.now();
        let (mut open, mut faults) = (Files::new(), Vec::new());
        let record = self.record(&host.name);
        // What only looks at the hardware needs no answer file to install from.
        if let Some(arm) = record.live_arm(&now).filter(|arm| arm.purpose.installs()) {
            // A card that the host got since it was armed may be another machine's, and the file holds the token.
            for mac in host.macs.iter().filter(|mac| arm.macs.contains(mac)) {
                let machine = self.machine_with(host, *mac);
                match self.answer(host, &machine, arm.token.reveal()) {
                    Ok(text) if claims(&text) => drop(open.insert(file_name(mac), text)),
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
        (open, (!faults.is_empty()).then(|| faults.join("; ")))
    }

    fn warn_of_publishing(&mut self) {
        if self.publish_faults.is_empty() {
            self.warnings.remove("publish");
            return;
        }
        let faults: Vec<&str> = self.publish_faults.values().map(String::as_str).collect();
        let faults = faults.join("; ");
        if self.warnings.get("publish") != Some(&faults) {
            log::error!("{faults}");
        }
        self.warnings.insert("publish", faults);
    }

    /// Nobody will close them any more.
    pub fn close_published(&mut self) {
        if let Err(error) = published::set(&self.paths, &Files::new()) {
            log::error!("{error}");
        }
    }
}
