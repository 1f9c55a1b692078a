//! What is watched of an installation: its log, its files, its first boot, and how far it is.
//!
//! All of it is known by an address alone, so it is *observed*: it shows, and decides nothing; the lifecycle never hears of
//! it. Not its job: sockets (`syslog`), what installers report with a token (`report`), what dnsmasq tells (`observed`).

use std::cell::Cell;
use std::net::Ipv4Addr;

use super::engine::{Engine, Sighting};
use crate::core::lifecycle::{Now, Phase};
use crate::core::mac::Mac;
use crate::core::machine::clean_to;
use crate::core::progress::{PercentFrom, Progress, Run, Seen, progress};
use crate::core::syslog;
use crate::core::watched::{Files, Watched};
use crate::host::{leases, neighbours};

mod senders;
mod transfer;

pub use senders::Senders;
pub use transfer::{Transfer, attend};

/// Kinds of event. What an installer's log tells is no report: it came without a token.
const INSTALLER: &str = "installer";
const FILE: &str = "file";
const FILES: &str = "files";
const MISSING: &str = "missing";
const BOOTED: &str = "booted";
/// Hosts whose log is kept at once, with 8 KiB each. Of more, only what it tells is.
const MOST_LOGS: usize = 320;
/// Longest name of a file that is shown, in characters.
const NAME: usize = 128;
/// Files that installers ask for and do without: dracut's anaconda module and Anaconda try them all.
const OPTIONAL: [&str; 4] = ["updates.img", "product.img", ".treeinfo", "treeinfo"];

/// What is watched of a host, since it was armed.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Its log, its step, its files.
    pub seen: Watched,
    /// Per cent as they were last told: they never go back.
    told: Cell<Option<(u8, PercentFrom)>>,
    first_boot: FirstBoot,
}

/// Whether what was installed has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum FirstBoot {
    /// Nobody waits for it, or it was told.
    #[default]
    Told,
    /// The installation was completed.
    Awaited,
    /// It asked the network once more and was sent to its disk.
    Sent,
}

impl Sighting {
    /// The end of its installer's log: of the one that failed, else of the one that is at work.
    pub(super) fn last_log(&self) -> String {
        if self.log.is_empty() {
            self.watch.seen.log()
        } else {
            self.log.clone()
        }
    }
}

impl Engine {
    /// One line of syslog, at this uptime in milliseconds.
    pub fn log_line(&mut self, peer: Ipv4Addr, bytes: &[u8], uptime: u64) {
        let Some(name) = self.sender(peer, uptime) else {
            self.counters.log_lines.add("stranger");
            self.senders.count_stranger(peer, uptime);
            return;
        };
        self.counters.log_lines.add("host");
        if !self.is_watched(&name) {
            return;
        }
        let keeps = self.may_keep_log(&name);
        let seen = &mut self.sightings.entry(name.clone()).or_default().watch.seen;
        if !seen.admits(uptime) {
            return;
        }
        // Before the line is cut, so that nothing is left of a secret.
        let text = String::from_utf8_lossy(bytes);
        let text = self.known(&name).map(|record| record.hide_tokens(&text));
        let text = text.unwrap_or_default();
        let Some(line) = syslog::read(text.as_bytes()) else {
            return;
        };
        let seen = &mut self.sightings.entry(name.clone()).or_default().watch.seen;
        if let Some(begins) = seen.take(&line, uptime, keeps) {
            self.observe_event(&name, INSTALLER, format!("its installer {begins}"));
        }
    }

    /// Whether there is an installation to watch. What a host does afterwards is its own.
    fn is_watched(&self, name: &str) -> bool {
        let record = self.known(name);
        record.is_some_and(|record| {
            matches!(
                record.phase,
                Phase::Armed | Phase::Booting | Phase::Installing
            )
        })
    }

    fn may_keep_log(&self, name: &str) -> bool {
        let kept = |name: &str| {
            let sighting = self.sightings.get(name);
            sighting.is_some_and(|sighting| sighting.watch.seen.has_lines())
        };
        kept(name) || self.sightings.keys().filter(|name| kept(name)).count() < MOST_LOGS
    }

    /// The host at an address, as far as the router's own tables know.
    pub(super) fn sender(&mut self, peer: Ipv4Addr, uptime: u64) -> Option<String> {
        // Taken out, so that a look may ask the rest of the engine.
        let mut senders = std::mem::take(&mut self.senders);
        let found = senders.host(peer, uptime, || self.owner_of(peer));
        self.senders = senders;
        found
    }

    fn watched_sender(&mut self, peer: Ipv4Addr, uptime: u64) -> Option<String> {
        let name = self.sender(peer, uptime)?;
        self.is_watched(&name).then_some(name)
    }

    fn owner_of(&self, peer: Ipv4Addr) -> Option<String> {
        let owner = |card: Mac| {
            let host = self.settings.hosts.get(self.settings.macs.get(&card)?)?;
            self.backed(host, peer).ok().map(|()| host.name.clone())
        };
        let neighbour = neighbours::card_of(&self.paths, peer);
        neighbour
            .and_then(owner)
            .or_else(|| owner(leases::card_of(&self.paths, peer)?))
    }

    fn observe_event(&mut self, name: &str, kind: &str, text: String) {
        let now = self.now();
        self.events.add(&now, name, kind, text);
    }

    /// What a new phase means for what is watched, and for the log that is shown.
    pub(super) fn watch_phase(&mut self, name: &str, phase: Phase, now: &Now) {
        let sighting = self.sightings.entry(name.to_owned()).or_default();
        let watch = &mut sighting.watch;
        match phase {
            // What an earlier installation left behind says nothing about this one.
            Phase::Armed => {
                *watch = Watch::default();
                sighting.log.clear();
            }
            Phase::Installing => {
                watch.seen.claimed();
                watch.told.set(None);
                sighting.log.clear();
            }
            // What the installer sent until then; a report that brings a log of its own puts that in its place.
            Phase::Failed | Phase::Expired => sighting.log = watch.seen.take_log(),
            Phase::Installed => {
                watch.seen.take_log();
                watch.first_boot = FirstBoot::Awaited;
            }
            Phase::Idle | Phase::Booting => {}
        }
        if matches!(phase, Phase::Armed | Phase::Installing) {
            sighting.percent = None;
            sighting.began = (phase == Phase::Installing).then_some(now.uptime);
        }
    }

    /// How long an installation took that ends now, and the profile that it was of. None after a restart of the service:
    /// nobody knows when it began.
    pub(super) fn run_of(&self, name: &str, now: &Now) -> Option<(String, Run)> {
        let profile = self.settings.hosts.get(name)?.profile.clone();
        let sighting = self.sightings.get(name)?;
        Some((
            profile,
            sighting.watch.seen.run(sighting.began?, now.uptime),
        ))
    }

    /// How far a host is that installs since `elapsed` seconds.
    pub(super) fn progress(&self, name: &str, elapsed: Option<u64>, now: &Now) -> Progress {
        let Some(sighting) = self.sightings.get(name) else {
            return Progress::default();
        };
        let host = self.settings.hosts.get(name);
        let earlier = host.map_or(&[][..], |host| self.durations().of(&host.profile));
        let watch = &sighting.watch;
        let seen = Seen {
            elapsed,
            reported: sighting.percent,
            step: watch.seen.step(now.uptime),
            packages: watch.seen.packages(),
        };
        let progress = progress(earlier, &seen).not_below(watch.told.get());
        watch.told.set(progress.percent);
        progress
    }

    /// It is told to boot from its disk.
    pub(super) fn sent_to_disk(&mut self, name: &str) {
        if self.first_boot_is(name, FirstBoot::Awaited, FirstBoot::Sent) {
            let text = "came back for the first time after its installation";
            self.observe_event(name, BOOTED, text.to_owned());
        }
    }

    /// It got an address, and not to boot from the network. Whether that is the first time since it was installed.
    pub(super) fn starts_first(&mut self, name: &str, address: Ipv4Addr) -> bool {
        let first = self.first_boot_is(name, FirstBoot::Awaited, FirstBoot::Told)
            || self.first_boot_is(name, FirstBoot::Sent, FirstBoot::Told);
        if first {
            let text =
                format!("its installed system started, and got the address {address} from DHCP");
            self.observe_event(name, BOOTED, text);
        }
        first
    }

    fn first_boot_is(&mut self, name: &str, is: FirstBoot, then: FirstBoot) -> bool {
        let Some(sighting) = self.sightings.get_mut(name) else {
            return false;
        };
        let first_boot = &mut sighting.watch.first_boot;
        let matches = *first_boot == is;
        if matches {
            *first_boot = then;
        }
        matches
    }

    /// A file went out to its end, or the client left before.
    fn sent_file(&mut self, sent: &Transfer, milliseconds: u64) {
        self.counters.file_bytes += sent.sent;
        let now = self.now();
        let Some(name) = self.watched_sender(sent.peer, now.uptime) else {
            return;
        };
        let (file, bytes) = (&sent.file, sent.sent);
        if bytes < sent.whole {
            let (bytes, whole) = (size(bytes), size(sent.whole));
            let text = format!("left while it fetched {file}, after {bytes} of {whole}");
            self.events.add(&now, &name, FILE, text);
            return;
        }
        let seen = &mut self.sightings.entry(name.clone()).or_default().watch.seen;
        match seen.fetched(bytes) {
            Ok(()) => {
                let seconds = milliseconds as f64 / 1000.0;
                let text = format!("fetched {file}, {} in {seconds:.1} s", size(bytes));
                self.events.add(&now, &name, FILE, text);
            }
            Err(Files { count, bytes }) => {
                let text = format!("fetched {count} files in all, {}", size(bytes));
                self.events.put(&now, &name, FILES, text);
            }
        }
    }

    /// There is no such file.
    fn missed_file(&mut self, peer: Ipv4Addr, path: &str) {
        let optional = path
            .rsplit('/')
            .next()
            .is_some_and(|name| OPTIONAL.contains(&name));
        let uptime = self.uptime();
        if optional {
            return;
        }
        if let Some(name) = self.watched_sender(peer, uptime) {
            let path = clean_to(path, NAME);
            let text = format!("asked for {path}, which is not there");
            self.observe_event(&name, MISSING, text);
        }
    }
}

/// `812 bytes`, `12.3 MB`: as people compare them with what a download says.
fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..1_000_000 => format!("{} KB", bytes / 1000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
