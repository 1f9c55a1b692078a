//! What a kickstart asks of the very machine that it is for, once that has been discovered: disks and ports that it does not
//! have, a processor that is too old, too little memory, partitions that do not fit.
//!
//! Not its job: how the hardware became known; forms of names (`disks`, `network`). What the discovery could not see (links by
//! id, labels, patterns) is believed.

use super::super::finding::Place;
use super::super::release::Release;
use super::super::syntax::{Command, Index};
use super::disks::DISKS;
use super::{Check, at};
use crate::core::hardware::{Disk, Hardware};

/// Options of `network` whose values are ports.
const PORTS: [&str; 3] = ["--bondslaves", "--teamslaves", "--bridgeslaves"];
/// Memory below which no installer of these releases starts, in MiB (RHEL 8 to 10, system requirements reference: 1.5 GiB).
const LEAST_MEMORY: u64 = 1536;
/// Memory for an installation over HTTP, in MiB (the same reference: 3 GiB on x86_64).
const HTTP_MEMORY: u64 = 3072;
/// Part of the memory that the kernel and the firmware keep for themselves, as one in so many: a machine of 3072 MiB reports
/// about 2900.
const KEPT: u64 = 10;
/// Level of the x86-64 psABI that RHEL 10 and its rebuilds are made for.
const RHEL10_LEVEL: u8 = 3;
/// Most names that a sentence lists.
const LISTED: usize = 8;

/// Names with commas between, not too many.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    let shown = names[..names.len().min(LISTED)].join(", ");
    match names.len() {
        0 => "none".to_owned(),
        count if count > LISTED => format!("{shown}, and {} more", count - LISTED),
        _ => shown,
    }
}

/// Whether a name is one that a discovery would have seen: a kernel's name, or a link by path.
fn is_plain(name: &str) -> bool {
    let kept = name.strip_prefix("disk/by-path/").unwrap_or(name);
    !kept.is_empty()
        && kept
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

/// The disk of that name; an ATA disk has two links by path, one of which ends in `.0`.
fn find<'h>(hardware: &'h Hardware, named: &str) -> Option<&'h Disk> {
    let other = match named.strip_suffix(".0") {
        Some(short) => short.to_owned(),
        None => format!("{named}.0"),
    };
    hardware.disk(named).or_else(|| hardware.disk(&other))
}

impl<'d> Check<'d, '_, '_> {
    pub(super) fn hardware(&mut self) {
        let Some(hardware) = self.surroundings.hardware else {
            return;
        };
        self.processor(hardware);
        self.memory(hardware);
        // Of a list that was cut, nobody knows what is missing.
        if !hardware.cut {
            self.disks_there(hardware);
            self.ports_there(hardware);
        }
        self.fits(hardware);
    }

    fn processor(&mut self, hardware: &Hardware) {
        let level = hardware.cpu_level;
        let v2_build = self.lines.iter().any(|line| line.contains("x86_64_v2"));
        if self.release != Release::Rhel10 || level == 0 || level >= RHEL10_LEVEL || v2_build {
            return;
        }
        let place = self.place_of("url");
        let message = format_args!(
            "the processor of this machine is of level x86-64-v{level}, and this release is made for v{RHEL10_LEVEL}: its programs end with an illegal instruction"
        );
        let help = match level {
            2 => {
                "install AlmaLinux 10's own build for such processors (a mirror with x86_64_v2 in place of x86_64), or release 9"
            }
            _ => "install release 8, or use another machine",
        };
        self.error("processor-too-old", &place, message, help);
    }

    fn memory(&mut self, hardware: &Hardware) {
        let found = hardware.memory_mib;
        let enough = |least: u64| found + found / KEPT >= least;
        if found == 0 || enough(HTTP_MEMORY) {
            return;
        }
        let place = self.place_of("url");
        if !enough(LEAST_MEMORY) {
            let message = format_args!(
                "the machine has {found} MiB of memory, and the installer needs {LEAST_MEMORY}: it stops, or is killed on its way"
            );
            self.error(
                "too-little-memory",
                &place,
                message,
                "give the machine more memory",
            );
        } else {
            let message = format_args!(
                "the machine has {found} MiB of memory, and an installation over HTTP wants {HTTP_MEMORY}: it may be killed on its way"
            );
            self.warning(
                "little-memory",
                &place,
                message,
                "give the machine more memory",
            );
        }
    }

    /// Where a command stands; without it, the end of the text.
    fn place_of(&self, name: &str) -> Place {
        let command = self.document.last(name);
        command.map_or_else(
            || self.findings.last_line(),
            |command| command.place.clone(),
        )
    }

    fn disks_there(&mut self, hardware: &Hardware) {
        let by_path = hardware.disks.iter().any(|disk| !disk.path.is_empty());
        let mut said = Index::new();
        for (name, option) in DISKS {
            for command in self.document.all(&[name]) {
                for disk in command.givens.list(option) {
                    let plain = disk.strip_prefix("/dev/").unwrap_or(disk);
                    let could_tell = by_path || !plain.starts_with("disk/");
                    if !is_plain(plain) || !could_tell || find(hardware, plain).is_some() {
                        continue;
                    }
                    // Named in every line of the disk plan; once is enough.
                    if said.insert(plain, command.place.line).is_some() {
                        continue;
                    }
                    let names: Vec<String> = hardware.disks.iter().map(Disk::best_name).collect();
                    let message = format_args!(
                        "this machine has no disk {disk}; it has {}: the installation stops",
                        listed(names.iter().map(String::as_str))
                    );
                    self.error(
                        "no-such-disk",
                        &at(command, option),
                        message,
                        "name one of them in option disk; `kickstand hardware` shows them",
                    );
                }
            }
        }
    }

    fn ports_there(&mut self, hardware: &Hardware) {
        let made: Vec<&str> = self
            .document
            .all(&["network"])
            .filter(|command| PORTS.iter().any(|option| command.givens.has(option)))
            .filter_map(|command| command.givens.value("--device"))
            .take(LISTED)
            .collect();
        for command in self.document.all(&["network"]) {
            let is_made = PORTS.iter().any(|option| command.givens.has(option));
            let device = command.givens.value("--device");
            if let Some(device) = device.filter(|device| !is_made && !made.contains(device)) {
                self.port_there(hardware, command, "--device", device);
            }
            for option in PORTS {
                for port in command.givens.list(option) {
                    if !made.contains(&port) {
                        self.port_there(hardware, command, option, port);
                    }
                }
            }
        }
    }

    fn port_there(&mut self, hardware: &Hardware, command: &Command, option: &str, name: &str) {
        let is_known = hardware
            .ports
            .iter()
            .any(|port| port.name == name || port.mac.eq_ignore_ascii_case(name));
        if is_known || !is_plain(name) || matches!(name, "link" | "bootif" | "ibft" | "lo") {
            return;
        }
        let message = format_args!(
            "this machine has no network port {name}; it has {}: the network is not set up",
            listed(hardware.ports.iter().map(|port| port.name.as_str()))
        );
        self.error(
            "no-such-port",
            &at(command, option),
            message,
            "name one of them, or a MAC; `kickstand hardware` shows them",
        );
    }

    /// Sizes that no partition table of these disks can hold. Partitions without a disk of their own go to the only one that may be
    /// used; where there are several, nobody knows.
    fn fits(&mut self, hardware: &Hardware) {
        let only = self.only_disk(hardware);
        let mut wanted: Vec<(i64, Option<&'d Command>)> = vec![(0, None); hardware.disks.len()];
        for command in self.document.all(&["part"]) {
            let disk = match command.givens.value("--ondisk") {
                Some(named) => find(hardware, named),
                None => only,
            };
            let index = disk.and_then(|disk| {
                let mut disks = hardware.disks.iter();
                disks.position(|found| std::ptr::eq(found, disk))
            });
            let size = command.givens.number("--size").filter(|size| *size > 0);
            if let Some((sum, largest)) = index.and_then(|index| wanted.get_mut(index)) {
                *sum = sum.saturating_add(size.unwrap_or_default());
                let most = largest.and_then(|known| known.givens.number("--size"));
                if size > most {
                    *largest = Some(command);
                }
            }
        }
        for (disk, (sum, largest)) in hardware.disks.iter().zip(wanted) {
            let has = disk.mebibytes();
            let fits = u64::try_from(sum).is_ok_and(|sum| sum <= has);
            let Some(command) = largest.filter(|_| !fits && has > 0) else {
                continue;
            };
            let message = format_args!(
                "the partitions of {} want {sum} MiB, and it has {has}: the installation stops",
                disk.best_name()
            );
            self.error(
                "disk-too-small",
                &at(command, "--size"),
                message,
                "write smaller sizes; --grow takes what is left",
            );
        }
    }

    fn only_disk<'h>(&self, hardware: &'h Hardware) -> Option<&'h Disk> {
        let named = self
            .document
            .last("ignoredisk")
            .map(|command| command.givens.list("--only-use"));
        let mut disks: Vec<&Disk> = match named {
            Some(named) if named.len() > 0 => {
                let found: Option<Vec<&Disk>> = named.map(|name| find(hardware, name)).collect();
                found.unwrap_or_default()
            }
            _ if hardware.cut => Vec::new(),
            _ => hardware.fixed_disks().collect(),
        };
        let last = disks.pop();
        last.filter(|_| disks.is_empty())
    }
}

#[cfg(test)]
mod tests;
