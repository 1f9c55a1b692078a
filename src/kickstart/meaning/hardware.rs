//! What a kickstart asks of the very machine that it is for, once that has been discovered: disks and ports that it does not
//! have, a processor that is too old, too little memory, partitions that do not fit.
//!
//! Not its job: how the hardware became known; forms of names (`disks`, `network`). What the discovery could not see (links by
//! id, labels, patterns) is believed.

use super::super::finding::Place;
use super::super::release::Release;
use super::super::syntax::{Command, Index};
use super::{Check, at};
use crate::core::hardware::{Disk, Hardware};

/// Options whose values are disks that must be there (pyanaconda stops at others), by command.
const DISKS: [(&str, &str); 6] = [
    ("ignoredisk", "--drives"),
    ("ignoredisk", "--only-use"),
    ("clearpart", "--drives"),
    ("bootloader", "--boot-drive"),
    ("bootloader", "--driveorder"),
    ("part", "--ondisk"),
];
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
mod tests {
    use super::super::super::check;
    use super::super::super::finding::codes;
    use super::super::Surroundings;
    use super::*;
    use crate::core::hardware::Port;

    const CODES: [&str; 6] = [
        "no-such-disk",
        "no-such-port",
        "processor-too-old",
        "too-little-memory",
        "little-memory",
        "disk-too-small",
    ];

    fn hardware() -> Hardware {
        let disk = |name: &str, path: &str, bytes| Disk {
            name: name.to_owned(),
            path: path.to_owned(),
            bytes,
            ..Disk::default()
        };
        let port = |name: &str, mac: &str| Port {
            name: name.to_owned(),
            mac: mac.to_owned(),
            ..Port::default()
        };
        Hardware {
            memory_mib: 7900,
            cpu_level: 2,
            disks: vec![
                disk("sda", "/dev/disk/by-path/pci-0000:00:1f.2-ata-1", 100 << 30),
                disk("sdb", "/dev/disk/by-path/pci-0000:00:1f.2-ata-2", 10 << 30),
            ],
            ports: vec![port("eno1", "b8:ca:3a:00:00:01"), port("eno2", "")],
            ..Hardware::default()
        }
    }

    /// Codes of this module, with their lines.
    fn found(text: &str, release: Release, hardware: &Hardware) -> Vec<(String, usize)> {
        let surroundings = Surroundings {
            hardware: Some(hardware),
            ..Surroundings::default()
        };
        let found = codes(check(text, release, surroundings));
        let mine = |(code, _): &(String, usize)| CODES.contains(&code.as_str());
        found.into_iter().filter(mine).collect()
    }

    fn on_9(text: &str) -> Vec<(String, usize)> {
        found(text, Release::Rhel9, &hardware())
    }

    fn one(code: &str, line: usize) -> Vec<(String, usize)> {
        vec![(code.to_owned(), line)]
    }

    #[test]
    fn a_disk_that_the_machine_does_not_have_is_an_error() {
        for there in [
            "ignoredisk --only-use=sda",
            "ignoredisk --only-use=/dev/disk/by-path/pci-0000:00:1f.2-ata-1",
            "ignoredisk --only-use=disk/by-path/pci-0000:00:1f.2-ata-2.0,sda",
            // What a discovery does not see is believed.
            "ignoredisk --only-use=/dev/disk/by-id/wwn-0x5000",
            "ignoredisk --only-use=disk/by-path/*-ata-9",
            "clearpart --all --drives=$disk",
        ] {
            assert_eq!(on_9(there), [], "{there}");
        }
        for missing in [
            "ignoredisk --only-use=sdc",
            "ignoredisk --drives=nvme0n1",
            "ignoredisk --only-use=sda,/dev/disk/by-path/pci-0000:00:1f.2-ata-3",
            "clearpart --all --drives=vda",
            "bootloader --boot-drive=sdc",
            "part / --size=5000 --ondisk=sdc",
        ] {
            assert_eq!(on_9(missing), one("no-such-disk", 1), "{missing}");
        }
        let cut = Hardware {
            cut: true,
            ..hardware()
        };
        assert_eq!(found("ignoredisk --only-use=sdz", Release::Rhel9, &cut), []);
    }

    #[test]
    fn a_port_that_the_machine_does_not_have_is_an_error() {
        for there in [
            "network --device=eno1",
            "network --device=B8:CA:3A:00:00:01",
            "network --device=link",
            "network --device=bond0 --bondslaves=eno1,eno2",
            "network --device=bond0 --bondslaves=eno1,eno2\nnetwork --device=bond0 --vlanid=7",
            "network --hostname=a",
        ] {
            assert_eq!(on_9(there), [], "{there}");
        }
        for missing in [
            "network --device=eth0",
            "network --device=52:54:00:00:00:01",
            "network --device=bond0 --bondslaves=eno1,eno3",
        ] {
            assert_eq!(on_9(missing), one("no-such-port", 1), "{missing}");
        }
    }

    #[test]
    fn release_10_wants_a_processor_of_level_3() {
        let text = "text\nurl --url=http://m/10/BaseOS/x86_64/os\n";
        assert_eq!(
            found(text, Release::Rhel10, &hardware()),
            one("processor-too-old", 2)
        );
        let v2 = text.replace("x86_64", "x86_64_v2");
        assert_eq!(found(&v2, Release::Rhel10, &hardware()), []);
        assert_eq!(on_9(text), []);
        for cpu_level in [0, 3, 4] {
            let hardware = Hardware {
                cpu_level,
                ..hardware()
            };
            assert_eq!(found(text, Release::Rhel10, &hardware), [], "{cpu_level}");
        }
    }

    #[test]
    fn memory_below_the_minimum_is_an_error_and_little_is_a_warning() {
        for (memory_mib, code) in [
            (1024, Some("too-little-memory")),
            (1450, Some("little-memory")),
            (2048, Some("little-memory")),
            (2900, None),
            (0, None),
        ] {
            let hardware = Hardware {
                memory_mib,
                ..hardware()
            };
            let expected = code.map(|code| (code.to_owned(), 1));
            let found = found("text\n", Release::Rhel9, &hardware);
            assert_eq!(found, Vec::from_iter(expected), "{memory_mib}");
        }
    }

    #[test]
    fn sizes_that_no_disk_holds_are_an_error_at_the_largest() {
        let plan = |first: u64| {
            format!(
                "ignoredisk --only-use=sdb\npart /boot --size={first} --ondisk=sdb\npart / --size=5000 --grow\n"
            )
        };
        assert_eq!(on_9(&plan(5240)), [], "they fill it");
        assert_eq!(on_9(&plan(5241)), one("disk-too-small", 2));
        let anywhere = "part / --size=900000\n";
        assert_eq!(on_9(anywhere), [], "nobody knows on which disk");
        let mut single = hardware();
        single.disks.truncate(1);
        assert_eq!(
            found(anywhere, Release::Rhel9, &single),
            one("disk-too-small", 1)
        );
        let overflow = "part / --size=9223372036854775807 --ondisk=sda\npart /a --size=9223372036854775807 --ondisk=sda\n";
        assert_eq!(on_9(overflow), one("disk-too-small", 1));
    }
}
