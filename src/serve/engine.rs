//! The engine: settings, records, and the one place that steps the lifecycle.
//!
//! What [`step`] changed is on flash before anybody acts on it. HTTP (`boot`, `report`) and ubus (`object`) both come
//! through here. Not its job: protocols.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::rc::Rc;

use serde_json::json;
use tokio::sync::Notify;

use super::connections::Counts;
use super::events::Events;
use super::strangers::Strangers;
use super::watch::{Senders, Watch};
use super::webhooks::Webhooks;
use crate::core::answer::{RenderError, Router};
use crate::core::hardware::Hardware;
use crate::core::host_key::{HostKey, SEED_BYTES};
use crate::core::lifecycle::{Arm, ArmedBy, Event, Now, Outcome, Purpose, Record, step};
use crate::core::machine::Machine;
use crate::core::metrics::Counters;
use crate::core::progress::Durations;
use crate::core::settings::{Host, Network, Settings};
use crate::core::state::State;
use crate::core::token::{TOKEN_BYTES, Token};
use crate::core::verify::{Verify, backed};
use crate::core::webhook::Happening;
use crate::host::clock::Clock;
use crate::host::config::Config;
use crate::host::paths::Paths;
use crate::host::state_file::StateFile;
use crate::host::ubus::Notifier;
use crate::host::{hardware, leases, neighbours, served, ubus};

/// Stands in previews and rehearsals where the token would.
pub(super) const NO_TOKEN: &str = "TOKEN";

/// Whether an answer file asks before it writes to a disk.
pub(super) fn claims(answer: &str) -> bool {
    answer.contains("event=claim")
}

/// Everything that the service knows.
#[derive(Debug)]
pub struct Engine {
    pub(super) paths: Paths,
    pub(super) settings: Settings,
    pub(super) router: Option<Router>,
    /// The network that is served, when its size is known.
    pub(super) network: Option<Network>,
    pub(super) events: Events,
    pub(super) strangers: Strangers,
    /// What is known of hosts in RAM only.
    pub(super) sightings: BTreeMap<String, Sighting>,
    /// What hosts have, as they reported it.
    pub(super) hardware: BTreeMap<String, Hardware>,
    /// Which host an address is.
    pub(super) senders: Senders,
    /// Hosts whose answer file uhttpd may serve now.
    pub(super) open: BTreeSet<String>,
    /// What is wrong with answer files that should be open, by host.
    pub(super) publish_faults: BTreeMap<String, String>,
    /// What the user should know, by what it is about.
    pub(super) warnings: BTreeMap<&'static str, String>,
    /// Tells subscribers of the ubus object about phases.
    pub(super) notifier: Option<Notifier>,
    /// Tells servers of the user's.
    pub(super) webhooks: Webhooks,
    /// What was counted.
    pub(super) counters: Counters,
    /// What became of connections.
    pub(super) connections: Rc<Counts>,
    /// Told when something is due earlier than before.
    pub(super) due: Rc<Notify>,
    clock: Clock,
    config: Config,
    pub(super) state: State,
    pub(super) state_file: StateFile,
    /// Uptime in milliseconds before which no arm ends.
    pub(super) next_look: u64,
    /// Uptime in milliseconds at which the state is to be written whole; `u64::MAX`: there is no need.
    pub(super) next_whole: u64,
    /// Whether hosts that have no record yet are new, and not only forgotten.
    sound: bool,
}

/// What was seen of a host since the service started.
#[derive(Debug, Clone, Default)]
pub struct Sighting {
    /// What it said about itself when it last asked.
    pub machine: Option<Machine>,
    /// Per cent, as its installer last said.
    pub percent: Option<u8>,
    /// Milliseconds of the router's uptime at which its installation began.
    pub began: Option<u64>,
    /// End of the log that its installer sent.
    pub log: String,
    /// What is watched of its installation.
    pub watch: Watch,
}

impl Engine {
    /// Loads settings and state.
    pub fn new(paths: &Paths) -> Result<Self, String> {
        let clock = Clock::new(paths)?;
        let state_file = StateFile::new(paths);
        let loaded = state_file.load(&clock.now());
        let mut engine = Engine {
            paths: paths.clone(),
            settings: Settings::default(),
            router: None,
            network: None,
            events: Events::default(),
            strangers: Strangers::default(),
            sightings: BTreeMap::new(),
            hardware: hardware::load(paths),
            senders: Senders::default(),
            open: BTreeSet::new(),
            publish_faults: BTreeMap::new(),
            warnings: BTreeMap::new(),
            notifier: None,
            webhooks: Webhooks::new()?,
            counters: Counters::default(),
            connections: Rc::default(),
            due: Rc::new(Notify::new()),
            config: Config::new(paths),
            clock,
            state: loaded.state,
            state_file,
            next_look: 0,
            next_whole: u64::MAX,
            sound: loaded.sound,
        };
        if let Some(warning) = loaded.warning {
            log::warn!("{warning}");
            engine.warnings.insert("state", warning);
        }
        engine.refresh();
        // Shows now whether it can be written at all. What was lost stays lost until the hosts that are configured have
        // their records: a state without them would be sound at the next start, and all of them new.
        if engine.sound {
            engine.keep();
        }
        Ok(engine)
    }

    /// A fresh arm for a host, for `window` seconds or the configured ones.
    pub fn fresh_arm(&self, host: &Host, by: ArmedBy, window: Option<u32>) -> Result<Arm, String> {
        let now = self.now();
        let mut random = [0; TOKEN_BYTES];
        fill(&mut random)?;
        let mut key = [0; SEED_BYTES];
        let host_key = if self.settings.main.ssh_host_keys {
            fill(&mut key)?;
            Some(HostKey::new(key))
        } else {
            None
        };
        let window = u64::from(window.unwrap_or(self.settings.main.window)) * 1000;
        Ok(Arm {
            token: Token::new(random),
            macs: host.macs.clone(),
            deadline: now.uptime.saturating_add(window),
            router_start: now.router_start,
            starts: 0,
            attempts: self.settings.main.attempts,
            by,
            purpose: Purpose::Install,
            disk_serial: host.disk_serial.clone(),
            host_key,
        })
    }

    /// The time.
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// Does what is one moment.
    pub(super) fn at_once<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.clock.hold();
        let done = work(self);
        self.clock.release();
        done
    }

    /// Milliseconds since the router started.
    pub(super) fn uptime(&self) -> u64 {
        self.clock.uptime()
    }

    /// How long installations took.
    pub(super) fn durations(&self) -> &Durations {
        &self.state.durations
    }

    /// Reads the settings again when they changed, and ends arms whose window ended.
    pub fn refresh(&mut self) {
        match self.config.changed() {
            None => {}
            Some(Err(error)) => {
                let kept = if self.settings.hosts.is_empty() {
                    ""
                } else {
                    "; the last good settings are in use"
                };
                let told = self.warnings.insert("config", format!("{error}{kept}"));
                // A file that is missing is missing at every request: one line in the log is enough.
                if told.is_none_or(|told| !told.starts_with(&error)) {
                    log::error!("{error}");
                }
                if self.config.is_closed() {
                    self.ask_for_access();
                }
            }
            Some(Ok(settings)) => self.follow(settings),
        }
        self.tick();
    }

    /// Has procd run the init script's reload, as `reload_config` would: what `uci commit` left is not readable here, and
    /// only root can change that.
    fn ask_for_access(&self) {
        let event = json!({"type": "config.change", "data": {"package": "kickstand"}});
        if let Err(error) = ubus::call(&self.paths.ubus_socket(), "service", "event", &event) {
            log::warn!(
                "procd does not take the hint ({error}): run '/etc/init.d/kickstand reload'"
            );
        }
    }

    fn follow(&mut self, settings: Settings) {
        self.counters.settings_reads += 1;
        self.warnings.remove("config");
        for fault in &settings.faults {
            log::warn!("{fault}");
        }
        for mac in settings.macs.keys() {
            self.strangers.forget(*mac);
        }
        for profile in settings.profiles.keys() {
            self.counters.profile(profile);
        }
        self.senders.forget_all();
        self.sightings
            .retain(|name, _| settings.configured.contains_key(name));
        self.events
            .keep_hosts(|name| settings.configured.contains_key(name));
        self.forget_hardware(&settings);
        served::keep_hosts(&self.paths, |name| settings.configured.contains_key(name));
        let changed = self.state.follow(&settings.configured, self.sound);
        // From here on, a host that has no record is new.
        let was_sound = std::mem::replace(&mut self.sound, true);
        if changed || !was_sound {
            self.keep();
        }
        self.settings = settings;
        self.follow_webhooks();
        self.publish();
        self.check_armed();
    }

    /// The record of a host.
    pub fn record(&self, name: &str) -> Record {
        self.known(name).cloned().unwrap_or_default()
    }

    /// The records of all configured hosts, by name.
    pub(super) fn records(&self) -> impl Iterator<Item = (&String, &Record)> {
        self.state.hosts.iter()
    }

    /// The record of a host, to look at.
    pub(super) fn known(&self, name: &str) -> Option<&Record> {
        self.state.hosts.get(name)
    }

    /// Steps the lifecycle of a host. What was granted is on flash when this returns; when it cannot be written, nothing is
    /// granted, and the error is one sentence.
    pub fn apply(&mut self, name: &str, event: Event<'_>) -> Result<Outcome, String> {
        let now = self.now();
        let before = self.record(name);
        let undoes = matches!(event, Event::Disarm | Event::Tick);
        let look_ends = Happening::end_of_look(&event);
        let (after, outcome) = step(&before, event, &now);
        if after == before {
            return Ok(outcome);
        }
        self.state.hosts.insert(name.to_owned(), after.clone());
        let before_learning = self.learn(name, (before.phase, after.phase), &now);
        // What takes a permission away counts at once, written or not. What gives one counts only when it is written.
        let gives = matches!(outcome, Outcome::Install(_) | Outcome::Accepted) && !undoes;
        let kept = self.keep_change(name, before_learning.is_some());
        if gives && let Err(error) = kept {
            self.state.hosts.insert(name.to_owned(), before);
            self.state.durations = before_learning.unwrap_or_else(|| self.durations().clone());
            return Err(error);
        }
        // Armed for a look and then to install: the phase is the same, and what the next boot does is not.
        let armed_anew = after.arm.is_some()
            && before.arm.is_some()
            && after.is_to_be_looked_at() != before.is_to_be_looked_at();
        if after.phase != before.phase || armed_anew {
            self.say_phase(name, (&before, &after), look_ends, &now);
        }
        self.look_at(&before, &after, &now);
        self.publish_host(name);
        if undoes {
            kept.map(|()| outcome)
        } else {
            Ok(outcome)
        }
    }

    /// What must know an address that asks in the host's name.
    pub(super) fn verify(&self, host: &Host, peer: Ipv4Addr) -> Verify {
        host.verify
            .unwrap_or_else(|| Verify::strictest(peer, self.network))
    }

    /// Whether an address may be taken for the host's own; the error is the sentence that says why not.
    pub(super) fn backed(&self, host: &Host, peer: Ipv4Addr) -> Result<(), String> {
        let allowed = |network: &Network| network.contains(peer);
        if !host.allow.is_empty() && !host.allow.iter().any(allowed) {
            return Err(format!("{peer} is in no network of its `list allow`"));
        }
        backed(
            self.verify(host, peer),
            &host.macs,
            || neighbours::card_of(&self.paths, peer),
            || leases::card_of(&self.paths, peer),
        )
        .map_err(|why| format!("{peer} {why}"))
    }

    /// The service listens there from now on.
    pub fn serves_at(&mut self, router: Router) {
        self.router = Some(router);
        self.warnings.remove("address");
        self.publish();
    }

    /// Where machines reach the service.
    pub fn router(&self) -> Result<Router, RenderError> {
        let missing = || {
            RenderError::from(format!(
                "interface '{}' has no IPv4 address yet",
                self.settings.main.interface
            ))
        };
        self.router.ok_or_else(missing)
    }
}

/// Fills it with random bytes of the kernel's.
pub(super) fn fill(random: &mut [u8]) -> Result<(), String> {
    let filled = getrandom::fill(random);
    filled.map_err(|error| format!("the kernel gives no random numbers: {error}"))
}
