//! All hosts at a glance: a page of them, the counts, the faults.
//!
//! Every reply stays below ubus's megabyte, whatever is configured and whatever machines say: texts are cut, lists are
//! counted, and a page ends when its hosts have taken their bytes. Not its job: which hosts are on a page (`core::listing`).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::engine::{Engine, Sighting};
use crate::core::actions::actions;
use crate::core::host_key::HostKey;
use crate::core::lifecycle::{Now, Phase};
use crate::core::listing::{DISABLED, Row, Wanted};
use crate::core::mac::Mac;
use crate::core::machine::clean_to;
use crate::core::progress::Progress;
use crate::core::replies::{
    Counts, FaultEntry, HostStatus, OverviewReply, ProfileEntry, ProfilesReply, StatusReply,
};
use crate::core::settings::{AnswerKind, Fault, Host};
use crate::host::ubus;

/// Bytes of all hosts of a page, as ubus carries them: half of what it can, so that the rest of the reply has room.
const HOSTS_BYTES: usize = 512 * 1024;
/// Longest sentence about a host, in characters: a report's.
const SENTENCE: usize = 300;
/// Longest title, path or other word of the configuration, in characters. They are shown in one line.
const WORD: usize = 128;
/// Longest text of a fault, in characters: ours have up to 150.
const FAULT: usize = 200;
/// Longest warning, in characters: several faults may be joined in it.
const WARNING: usize = 1000;
/// Faults of one host that are shown. Who has more mends the first ones first.
const FAULTS_OF_HOST: usize = 8;
/// Faults that are shown in all.
const FAULTS: usize = 100;
/// Cards of a host that are shown: no server boots from more.
const CARDS: usize = 16;
/// Profiles that are shown: more than there are operating systems.
const PROFILES: usize = 200;
/// Names in the overview.
const NAMES: usize = 5;

impl Engine {
    /// One page of hosts, and everything else at a glance.
    pub fn status(&self, wanted: &Wanted) -> StatusReply {
        let now = self.now();
        let others = self.cards_of_disabled();
        let rows = self.settings.configured.keys();
        let (total, names) = wanted.page(rows.map(|name| self.row(name, &others)));
        let faults = self.faults_by_host(&names);
        let mut hosts = Vec::with_capacity(names.len());
        let mut bytes = 0;
        for name in names {
            let host = self.host_status(name, &now, &others, &faults);
            bytes += bytes_of(&host);
            // One is always shown, else nobody could go on after it.
            if bytes > HOSTS_BYTES && !hosts.is_empty() {
                break;
            }
            hosts.push(host);
        }
        let faults = self.settings.faults.iter().take(FAULTS);
        StatusReply {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            url: self.router.map(|router| router.url()).unwrap_or_default(),
            total,
            offset: wanted.offset,
            counts: self.counts(),
            hosts,
            unknown: self.strangers.list(&now),
            faults: faults.clone().map(fault_words).collect(),
            fault_list: faults.map(fault_entry).collect(),
            fault_count: self.settings.faults.len(),
            warnings: self
                .warnings
                .values()
                .map(|text| clean_to(text, WARNING))
                .collect(),
            webhooks: self
                .webhook_statuses()
                .iter()
                .map(|status| json!(status))
                .collect(),
        }
    }

    /// What a page that shows much else has room for.
    pub(super) fn overview(&self) -> OverviewReply {
        let counts = self.counts();
        let installing = self.phases();
        let installing = installing.filter(|(_, phase)| *phase == Some(Phase::Installing));
        OverviewReply {
            hosts: self.settings.configured.len(),
            armed: counts.armed,
            booting: counts.booting,
            installing: counts.installing,
            failed: counts.failed,
            unknown: counts.unknown,
            faults: self.settings.faults.len(),
            installing_names: installing
                .take(NAMES)
                .map(|(name, _)| name.to_owned())
                .collect(),
            failing_webhooks: self.webhooks.failing(),
        }
    }

    /// How many hosts are in each phase, and how many machines are no host.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            unknown: self.strangers.count(),
            ..Counts::default()
        };
        for (_, phase) in self.phases() {
            let count = match phase {
                None => &mut counts.disabled,
                Some(Phase::Idle) => &mut counts.idle,
                Some(Phase::Armed) => &mut counts.armed,
                Some(Phase::Booting) => &mut counts.booting,
                Some(Phase::Installing) => &mut counts.installing,
                Some(Phase::Installed) => &mut counts.installed,
                Some(Phase::Failed) => &mut counts.failed,
                Some(Phase::Expired) => &mut counts.expired,
            };
            *count += 1;
        }
        counts
    }

    /// What can be installed.
    pub(super) fn profiles(&self) -> ProfilesReply {
        let ready = self.settings.profiles.iter().map(|(name, profile)| {
            let kind = match profile.kind {
                AnswerKind::Kickstart => "kickstart",
                AnswerKind::Preseed => "preseed",
                AnswerKind::Autoinstall => "autoinstall",
                AnswerKind::Script => "script",
            };
            ProfileEntry {
                name: name.clone(),
                title: title_words(&profile.title),
                kind: kind.to_owned(),
                ready: true,
                fault: None,
            }
        });
        let mut profiles: BTreeMap<String, ProfileEntry> =
            ready.map(|entry| (entry.name.clone(), entry)).collect();
        for fault in &self.settings.faults {
            let (kind, name) = fault.section_parts();
            if kind == "profile" && !profiles.contains_key(name) {
                let entry = ProfileEntry {
                    name: name.to_owned(),
                    title: name.to_owned(),
                    kind: String::new(),
                    ready: false,
                    fault: Some(fault_words(fault)),
                };
                profiles.insert(name.to_owned(), entry);
            }
        }
        ProfilesReply {
            profiles: profiles.into_values().take(PROFILES).collect(),
        }
    }

    /// The phase of each host, in the order of names; none when its section has faults.
    pub(super) fn phases(&self) -> impl Iterator<Item = (&str, Option<Phase>)> {
        // All of them are in order: no need to look thousands of names up.
        let mut usable = self.settings.hosts.keys().peekable();
        let mut records = self.records().peekable();
        self.settings.configured.keys().map(move |name| {
            while usable.next_if(|usable| *usable < name).is_some() {}
            while records.next_if(|(known, _)| *known < name).is_some() {}
            let is_usable = usable.next_if(|usable| *usable == name).is_some();
            let record = records.next_if(|(known, _)| *known == name);
            let phase = record.map_or(Phase::Idle, |(_, record)| record.phase);
            (name.as_str(), is_usable.then_some(phase))
        })
    }

    fn row<'a>(&'a self, name: &'a str, others: &'a BTreeMap<&str, Vec<Mac>>) -> Row<'a> {
        let host = self.settings.hosts.get(name);
        let profile = host.and_then(|host| self.settings.profiles.get(&host.profile));
        let last = self.events.last(name);
        let record = self.known(name);
        let phase = host.map(|_| record.map_or(Phase::Idle, |record| record.phase));
        Row {
            name,
            hostname: host.map_or("", |host| &host.hostname),
            macs: host.map_or_else(
                || others.get(name).map_or(&[][..], |macs| macs),
                |host| &host.macs,
            ),
            profile: host.map_or("", |host| &host.profile),
            title: profile.map_or("", |profile| &profile.title),
            phase: phase.map_or(DISABLED, Phase::word),
            since: record.and_then(|record| record.since),
            last: last.map_or("", |last| &last.text),
            last_uptime: last.map(|last| last.uptime),
        }
    }

    /// Cards of hosts whose section has faults: usable hosts know their own.
    pub(super) fn cards_of_disabled(&self) -> BTreeMap<&str, Vec<Mac>> {
        let mut cards: BTreeMap<&str, Vec<Mac>> = BTreeMap::new();
        let settings = &self.settings;
        if settings.hosts.len() == settings.configured.len() {
            return cards;
        }
        for (mac, owner) in &settings.macs {
            if !settings.hosts.contains_key(owner) {
                cards.entry(owner).or_default().push(*mac);
            }
        }
        cards
    }

    /// What is wrong with the sections of these hosts, found in one pass.
    pub(super) fn faults_by_host<'a>(&self, names: &[&'a str]) -> BTreeMap<&'a str, Vec<String>> {
        let mut faults: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        if self.settings.faults.is_empty() {
            return faults;
        }
        faults.extend(names.iter().map(|name| (*name, Vec::new())));
        for fault in &self.settings.faults {
            let (kind, name) = fault.section_parts();
            if kind == "host"
                && let Some(found) = faults.get_mut(name)
                && found.len() < FAULTS_OF_HOST
            {
                found.push(fault_words(fault));
            }
        }
        faults
    }

    /// Hosts that are installing, and since how many seconds.
    pub(super) fn installing<'a>(
        &'a self,
        now: &'a Now,
    ) -> impl Iterator<Item = (&'a String, Option<u64>)> {
        let installing = self
            .records()
            .filter(|(_, record)| record.phase == Phase::Installing);
        installing
            .map(|(name, record)| (name, elapsed(self.sightings.get(name), record.since, now)))
    }

    pub(super) fn host_status(
        &self,
        name: &str,
        now: &Now,
        cards_of_disabled: &BTreeMap<&str, Vec<Mac>>,
        faults: &BTreeMap<&str, Vec<String>>,
    ) -> HostStatus {
        let row = self.row(name, cards_of_disabled);
        let host = self.settings.hosts.get(name);
        let record = self.record(name);
        let sighting = self.sightings.get(name);
        let arm = record.live_arm(now);
        let installing = record.phase == Phase::Installing;
        let elapsed = installing
            .then(|| elapsed(sighting, record.since, now))
            .flatten();
        let progress = if installing {
            self.progress(name, elapsed, now)
        } else {
            Progress::default()
        };
        let last = self.events.last(name);
        let (next, can) = actions(record.phase, host.is_some());
        HostStatus {
            name: name.to_owned(),
            hostname: row.hostname.to_owned(),
            macs: row.macs.iter().take(CARDS).map(Mac::to_string).collect(),
            profile: row.profile.to_owned(),
            title: title_words(row.title),
            phase: row.phase.to_owned(),
            note: clean_to(&record.note, SENTENCE),
            since: record.since,
            seconds_left: arm.map(|arm| arm.left(now) / 1000),
            starts: arm.map_or(0, |arm| arm.starts),
            percent: progress.percent.map(|(percent, _)| percent),
            percent_from: progress.percent.map(|(_, from)| from),
            expected: progress.left,
            step: sighting
                .filter(|_| installing || record.phase == Phase::Booting)
                .and_then(|sighting| sighting.watch.seen.step_words()),
            started: record.since.filter(|_| installing),
            elapsed,
            open: self.open.contains(name),
            ssh_host_key: record.host_key().map(HostKey::public_line),
            disk: host.map(disk_words).unwrap_or_default(),
            arch: sighting
                .and_then(|sighting| sighting.machine.as_ref())
                .map(|machine| machine.architecture.rpm().to_owned()),
            address: host.and_then(address_words),
            last: row.last.to_owned(),
            last_at: last.and_then(|last| last.wall),
            last_ago: last.map(|last| now.uptime.saturating_sub(last.uptime) / 1000),
            diagnosis: host.and_then(|_| self.diagnosis(name, &record, now)),
            next,
            can,
            faults: faults.get(name).cloned().unwrap_or_default(),
        }
    }
}

/// Seconds that an installation takes so far. After a restart of the service only the clock on the wall knows.
fn elapsed(sighting: Option<&Sighting>, since: Option<u64>, now: &Now) -> Option<u64> {
    match sighting.and_then(|sighting| sighting.began) {
        Some(began) => Some(now.uptime.saturating_sub(began) / 1000),
        None => now.wall?.checked_sub(since?),
    }
}

/// What would be wiped.
pub(super) fn disk_words(host: &Host) -> String {
    let disk = host.disk.as_deref();
    clean_to(disk.unwrap_or("the only fixed disk in it"), WORD)
}

/// What would be installed.
pub(super) fn title_words(title: &str) -> String {
    clean_to(title, WORD)
}

fn address_words(host: &Host) -> Option<String> {
    let (address, prefix) = host.network.address?;
    Some(format!("{address}/{prefix}"))
}

fn fault_words(fault: &Fault) -> String {
    clean_to(&fault.to_string(), FAULT)
}

fn fault_entry(fault: &Fault) -> FaultEntry {
    let (kind, section) = fault.section_parts();
    let word = |text: &String| clean_to(text, WORD);
    FaultEntry {
        kind: clean_to(kind, WORD),
        section: clean_to(section, WORD),
        option: fault.option.as_ref().map(word),
        value: fault.value.as_ref().map(word),
        line: (fault.line > 0).then_some(fault.line),
        text: clean_to(&fault.message, FAULT),
    }
}

/// Bytes that ubus needs for a part of a reply; too many for what cannot be sent.
fn bytes_of(part: &impl Serialize) -> usize {
    let value = serde_json::to_value(part).ok();
    let bytes = value.and_then(|value| ubus::bytes(&value).ok());
    bytes.unwrap_or(usize::MAX / 2)
}
