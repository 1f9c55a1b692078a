//! Collects what was seen of a host, for the doctor.
//!
//! Not its job: what it means (`core::doctor`).

use super::engine::{Engine, Sighting};
use crate::core::dnsmasq::boot_files;
use crate::core::doctor::stops::LOG_QUIET;
use crate::core::doctor::{Diagnosis, Facts, diagnose};
use crate::core::lifecycle::{Now, Phase, Record};
use crate::core::settings::BootArchitecture;

impl Engine {
    /// What is wrong with a host, if anything seems to be.
    pub(super) fn diagnosis(&self, name: &str, record: &Record, now: &Now) -> Option<Diagnosis> {
        let sighting = self.sightings.get(name);
        let last = self.events.last(name);
        let seen = last.map(|last| last.uptime);
        let seen = seen.max(sighting.and_then(|sighting| sighting.watch.seen.last_line()));
        // Nothing was seen since the service started: nobody knows for how long.
        let quiet = seen.map_or(0, |seen| now.uptime.saturating_sub(seen) / 1000);
        let may_ail = match record.phase {
            Phase::Idle | Phase::Installed => last.is_some_and(|last| last.kind == "local"),
            Phase::Installing => quiet >= LOG_QUIET,
            Phase::Armed | Phase::Booting | Phase::Failed | Phase::Expired => true,
        };
        if !may_ail {
            return None;
        }
        diagnose(&Facts {
            host: name,
            phase: record.phase,
            note: &record.note,
            events: &self.events.of(name),
            quiet,
            starts: record.arm.as_ref().map_or(0, |arm| arm.starts),
            log: &sighting.map(Sighting::last_log).unwrap_or_default(),
            has_boot_file: &|number| self.has_boot_file(number),
        })
    }

    /// Whether a machine of that client architecture (RFC 4578, IANA's registry) is told a file that is there.
    fn has_boot_file(&self, number: u16) -> bool {
        let architecture = match number {
            0 => BootArchitecture::Bios,
            7 | 9 | 16 => BootArchitecture::X86_64,
            11 | 19 => BootArchitecture::Arm64,
            _ => return false,
        };
        let main = &self.settings.main;
        let root = self.paths.below_root(&main.tftp_root);
        match main.boot_files.get(&architecture) {
            Some(file) => root.join(file).is_file(),
            None => boot_files::candidates(architecture)
                .iter()
                .any(|candidate| root.join(candidate.file).is_file()),
        }
    }
}
