//! Which disks are touched: chosen, wiped, and booted from.

use super::super::finding::Place;
use super::super::syntax::{Command, Index};
use super::{Check, at};

/// Options that name disks, by command.
const DISKS: [(&str, &str); 6] = [
    ("ignoredisk", "--drives"),
    ("ignoredisk", "--only-use"),
    ("clearpart", "--drives"),
    ("bootloader", "--boot-drive"),
    ("bootloader", "--driveorder"),
    ("part", "--ondisk"),
];

/// Commands that make a disk plan.
pub(super) const PLANS: [&str; 10] = [
    "autopart",
    "part",
    "raid",
    "volgroup",
    "logvol",
    "btrfs",
    "mount",
    "stratispool",
    "stratisfs",
    "reqpart",
];

/// A disk as it is called, without `/dev/`.
fn plain(disk: &str) -> &str {
    disk.strip_prefix("/dev/").unwrap_or(disk)
}

/// Whether a name stands for several disks, or for what only the machine knows.
fn is_pattern(disk: &str) -> bool {
    disk.contains(['*', '?', '[', '|']) || disk.contains('=')
}

impl<'d> Check<'d, '_, '_> {
    pub(super) fn disks(&mut self) {
        let mut said = Index::new();
        for (name, option) in DISKS {
            for command in self.document.all(&[name]) {
                self.names(command, option, &mut said);
            }
        }
        let image = self.document.all(&["rescue"]).next().is_some();
        if self.document.all(&PLANS).next().is_none() && !image {
            let message =
                "there is no disk plan: the installer waits for somebody to choose a disk";
            return self.missing(
                "no-disk-plan",
                &["autopart", "part", "partition", "logvol", "mount"],
                message,
                "add autopart, or part for each file system",
            );
        }
        self.clearing();
        self.chosen();
        self.boot_loader();
        self.plan();
    }

    /// Forms of disks: names of the kernel, and links below /dev/disk.
    fn names(&mut self, command: &'d Command, option: &str, said: &mut Index<'d>) {
        for disk in command.givens.list(option) {
            let name = plain(disk);
            if is_pattern(name) || name.starts_with("mapper/") || name.starts_with("md/") {
                continue;
            }
            let place = at(command, option);
            match form(name) {
                Form::Partition => {
                    let message = format_args!(
                        "{disk} is a partition, where a whole disk is wanted: the installation stops"
                    );
                    self.error("not-a-disk", &place, message, "name the disk");
                }
                Form::Unknown => {
                    let message = format_args!("no disk is called {disk}: the installation stops");
                    self.error(
                        "not-a-disk",
                        &place,
                        message,
                        "write a name such as sda or nvme0n1, or a path below /dev/disk/by-path",
                    );
                }
                Form::Kernel if said.insert(name, 0).is_some() => {}
                Form::Kernel => {
                    let message =
                        format_args!("{disk} may be another disk at the next start of the machine");
                    self.note(
                        "unstable-disk",
                        &place,
                        message,
                        "name it by its path: /dev/disk/by-path/… or /dev/disk/by-id/…",
                    );
                }
                Form::Stable => {}
            }
        }
    }

    fn clearing(&mut self) {
        let commands: Vec<&Command> = self.document.all(&["clearpart"]).collect();
        if let [first, .., last] = commands.as_slice()
            && first.givens != last.givens
        {
            let message = format_args!(
                "there is another clearpart before: what both say together is hard to tell"
            );
            self.warning(
                "several-clearparts",
                &last.place,
                message,
                "keep one of them",
            );
        }
        let Some(clearpart) = commands.last() else {
            return self.nothing_cleared();
        };
        let has = |option: &str| clearpart.givens.has(option);
        let kinds: Vec<&str> = ["--all", "--linux", "--none", "--list"]
            .into_iter()
            .filter(|option| has(option))
            .collect();
        if let [first, second, ..] = kinds.as_slice() {
            let message = format_args!(
                "clearpart {first} and {second} contradict each other: only the last one counts"
            );
            self.warning(
                "contradicting-clearpart",
                &at(clearpart, second),
                message,
                "keep one of them",
            );
        }
        if kinds.is_empty() && !has("--initlabel") && !has("--cdl") {
            let message = format_args!(
                "this clearpart wipes nothing: on a used disk there is no room, and the installation stops"
            );
            self.error(
                "nothing-cleared",
                &clearpart.place,
                message,
                "add --all, or --linux",
            );
        } else if (kinds.is_empty() || has("--none")) && self.makes_partitions() {
            let message = format_args!(
                "this clearpart wipes nothing: only a blank disk has room for the installation"
            );
            self.warning(
                "nothing-cleared",
                &clearpart.place,
                message,
                "add --all, or --linux",
            );
        }
        let named = has("--drives")
            || self
                .document
                .all(&["ignoredisk"])
                .any(|command| command.givens.has("--only-use"));
        if (has("--all") || has("--linux")) && !named && !self.may_be_included(&["ignoredisk"]) {
            let option = if has("--all") { "--all" } else { "--linux" };
            let message = format_args!(
                "clearpart {option} names no drives: every disk that is in the machine is wiped, USB sticks and network disks too"
            );
            let place = clearpart
                .givens
                .get(option)
                .map_or(&clearpart.place, |given| &given.place)
                .clone();
            self.warning(
                "wipes-all-disks",
                &place,
                message,
                "add --drives=DISK, or ignoredisk --only-use=DISK",
            );
        }
        let label = clearpart.givens.value("--disklabel");
        if let Some(label) =
            label.filter(|label| !matches!(*label, "gpt" | "msdos" | "dasd" | "mac"))
        {
            let message =
                format_args!("there is no kind of disk label {label}: the installation stops");
            self.error(
                "bad-disk-label",
                &at(clearpart, "--disklabel"),
                message,
                "write gpt or msdos",
            );
        }
    }

    /// Whether new partitions want room.
    fn makes_partitions(&self) -> bool {
        self.document
            .all(&["autopart", "part"])
            .any(|command| !command.givens.has("--onpart"))
    }

    fn nothing_cleared(&mut self) {
        let by_script =
            self.scripts_mention(&["%pre"], &["parted", "sgdisk", "sfdisk", "wipefs", "dd "]);
        if !self.makes_partitions() || by_script || self.may_be_included(&["clearpart"]) {
            return;
        }
        let place = self
            .document
            .all(&["autopart", "part"])
            .next()
            .map(|command| command.place.clone());
        let place = place.unwrap_or_else(|| self.findings.last_line());
        match self.document.last("zerombr") {
            None => {
                let message = format_args!(
                    "there is no clearpart: a used disk has no room, a blank one has no label, and the installation stops"
                );
                self.error(
                    "no-clearpart",
                    &place,
                    message,
                    "add clearpart --all --initlabel --drives=DISK",
                );
            }
            Some(_) => {
                let message = format_args!(
                    "there is no clearpart: only a blank disk has room for the installation"
                );
                self.warning(
                    "no-clearpart",
                    &place,
                    message,
                    "add clearpart --all --initlabel --drives=DISK",
                );
            }
        }
    }

    /// What one command chooses and another one leaves out.
    fn chosen(&mut self) {
        let document = self.document;
        let used = Set::new(document.values(&["ignoredisk"], "--only-use"));
        let cleared = Set::new(document.values(&["clearpart"], "--drives"));
        let ignored = Set::new(document.values(&["ignoredisk"], "--drives"));
        // Each disk once: the first place tells enough.
        let mut said = Index::new();
        for (name, option) in [
            ("clearpart", "--drives"),
            ("bootloader", "--boot-drive"),
            ("part", "--ondisk"),
        ] {
            for command in document.all(&[name]) {
                for named in command.givens.list(option) {
                    let disk = plain(named);
                    let left_out = used.leaves_out(disk) || ignored.disks.contains_key(disk);
                    if left_out && said.insert(disk, 0).is_none() {
                        let message = format_args!(
                            "ignoredisk leaves {named} out, and {name} wants it: the installation stops"
                        );
                        self.error(
                            "ignored-disk",
                            &at(command, option),
                            message,
                            "name the same disk in both",
                        );
                    } else if name == "part"
                        && cleared.leaves_out(disk)
                        && said.insert(disk, 0).is_none()
                    {
                        let message = format_args!(
                            "clearpart does not wipe {named}, where this partition is to be: on a used disk there is no room, and the installation stops"
                        );
                        self.error(
                            "disk-not-cleared",
                            &at(command, option),
                            message,
                            "name the same disks in clearpart --drives",
                        );
                    }
                }
            }
        }
    }

    fn boot_loader(&mut self) {
        let Some(command) = self.document.last("bootloader") else {
            return;
        };
        let given = |option: &str| command.givens.get(option).map(|given| given.place.clone());
        let none = command.givens.value("--location") == Some("none");
        if let Some(place) = given("--disabled").or_else(|| given("--location").filter(|_| none)) {
            let message =
                format_args!("no boot loader is installed: the machine cannot boot from its disk");
            self.error("no-boot-loader", &place, message, "remove the option");
        }
        let Some(drive) = command.givens.value("--boot-drive").map(plain) else {
            return;
        };
        let boot = |point: &str| matches!(point, "/boot" | "/boot/efi" | "biosboot" | "/");
        let parts = self.document.all(&["part"]);
        let mut on = Index::new();
        for part in parts {
            let disk = part.givens.value("--ondisk");
            if let Some(disk) = disk.filter(|_| part.givens.value("mntpoint").is_some_and(boot)) {
                on.insert(disk, 0);
            }
        }
        if Set::new(on).leaves_out(drive) {
            let message = format_args!(
                "the boot loader goes to {drive}, but /boot is on another disk: the machine does not boot from it"
            );
            self.error(
                "boot-loader-elsewhere",
                &at(command, "--boot-drive"),
                message,
                "name the disk that /boot is on",
            );
        }
    }

    /// The place of an option of a command, else the command.
    pub(super) fn option_place(command: &Command, option: &str) -> Place {
        command
            .givens
            .get(option)
            .map_or(&command.place, |given| &given.place)
            .clone()
    }
}

/// Disks that a command names.
struct Set<'d> {
    disks: Index<'d>,
    /// The folder below /dev that all their names are in; none when they cannot be compared with other names.
    folder: Option<&'d str>,
}

fn folder(disk: &str) -> &str {
    disk.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl<'d> Set<'d> {
    fn new(named: Index<'d>) -> Self {
        let mut disks = Index::new();
        for disk in named.into_keys() {
            disks.insert(plain(disk), 0);
        }
        let first = disks.keys().next().map(|disk| folder(disk));
        let alike = |disk: &&str| !is_pattern(disk) && Some(folder(disk)) == first;
        let folder = first.filter(|_| disks.keys().all(alike));
        Set { disks, folder }
    }

    /// Whether a disk is certainly none of them: two names of the same disk in different folders are not compared.
    fn leaves_out(&self, disk: &str) -> bool {
        self.folder == Some(folder(disk)) && !is_pattern(disk) && !self.disks.contains_key(disk)
    }
}

/// What a name is by its form.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    /// The kernel's name of a disk: sda, nvme0n1.
    Kernel,
    /// A link that stays with the disk.
    Stable,
    Partition,
    Unknown,
}

fn form(name: &str) -> Form {
    if let Some(rest) = name.strip_prefix("disk/by-") {
        let (folder, link) = rest.split_once('/').unwrap_or((rest, ""));
        return match folder {
            _ if link.is_empty() => Form::Unknown,
            "path" | "id" if has_part_number(link) => Form::Partition,
            "path" | "id" | "diskseq" | "uuid" | "label" => Form::Stable,
            "partuuid" | "partlabel" => Form::Partition,
            _ => Form::Unknown,
        };
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let letters = |text: &str| {
        !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    // nvme0n1 and nvme0n1p2, mmcblk0 and mmcblk0p1.
    for (prefix, namespaces) in [
        ("nvme", true),
        ("mmcblk", false),
        ("nbd", false),
        ("loop", false),
        ("pmem", false),
        ("md", false),
    ] {
        let Some(rest) = name.strip_prefix(prefix) else {
            continue;
        };
        let (disk, part) = rest
            .split_once('p')
            .map_or((rest, None), |(disk, part)| (disk, Some(part)));
        let numbered = match disk.split_once('n') {
            Some((controller, namespace)) if namespaces => digits(controller) && digits(namespace),
            None if !namespaces => digits(disk),
            _ => false,
        };
        return match part {
            None if numbered => Form::Kernel,
            Some(part) if numbered && digits(part) => Form::Partition,
            _ => Form::Unknown,
        };
    }
    for prefix in ["dasd", "xvd", "sd", "vd", "hd"] {
        let Some(rest) = name.strip_prefix(prefix) else {
            continue;
        };
        let end = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        return match rest.split_at(end) {
            (disk, "") if letters(disk) => Form::Kernel,
            (disk, part) if letters(disk) && digits(part) => Form::Partition,
            _ => Form::Unknown,
        };
    }
    // Volumes and arrays have names that people choose; WWNs of multipath are long.
    match name {
        _ if name.starts_with("mpath") || name.starts_with("dm-uuid") || name.len() > 15 => {
            Form::Stable
        }
        _ => Form::Unknown,
    }
}

fn has_part_number(link: &str) -> bool {
    link.rsplit_once("-part").is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_and_partitions_are_told_apart() {
        for disk in [
            "sda", "vdb", "nvme0n1", "mmcblk0", "dasda", "sdaa", "xvda", "md127",
        ] {
            assert_eq!(form(disk), Form::Kernel, "{disk}");
        }
        for disk in [
            "disk/by-path/pci-0000:00:1f.2-ata-1",
            "disk/by-id/wwn-0x5000c500",
            "mpatha",
            "3600508b400105e210000900000490000",
        ] {
            assert_eq!(form(disk), Form::Stable, "{disk}");
        }
        for disk in ["sda1", "nvme0n1p2", "mmcblk0p1", "disk/by-id/ata-X-part1"] {
            assert_eq!(form(disk), Form::Partition, "{disk}");
        }
        for disk in ["disk0", "nvme0", "disk/by-path/", "C:", "first"] {
            assert_eq!(form(disk), Form::Unknown, "{disk}");
        }
    }
}
