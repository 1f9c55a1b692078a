//! The disk plan: what is mounted where, what is made of what, and whether it fits.

mod volumes;

use super::super::syntax::{Command, Index};
use super::{Check, at};

/// Least MiB of some file systems, and what Anaconda's own defaults recommend (anaconda.conf, min_partition_sizes; blivet).
/// `/` is what the smallest installation of RHEL 9 needs.
const SIZES: [(&str, i64, i64); 5] = [
    ("/", 1500, 4000),
    ("/boot", 200, 500),
    ("/boot/efi", 50, 200),
    ("/usr", 1000, 2000),
    ("/var", 250, 384),
];

/// Largest size that anybody means, in MiB: 1 PiB. More is a size in bytes.
const LARGEST: i64 = 1 << 30;

/// File systems that the installer makes (blivet's formats).
const FORMATS: [&str; 18] = [
    "xfs",
    "ext4",
    "ext3",
    "ext2",
    "vfat",
    "efi",
    "swap",
    "biosboot",
    "prepboot",
    "btrfs",
    "lvmpv",
    "mdmember",
    "tmpfs",
    "ntfs",
    "gfs2",
    "appleboot",
    "macefi",
    "None",
];

/// Folders that must be on the root file system (anaconda.conf, must_be_on_root).
const ON_ROOT: [&str; 9] = [
    "/bin", "/dev", "/sbin", "/etc", "/lib", "/root", "/mnt", "/proc", "/sys",
];

/// What makes a file system.
const MAKERS: [&str; 6] = ["part", "logvol", "raid", "btrfs", "mount", "stratisfs"];

fn point(command: &Command) -> &str {
    command.givens.value("mntpoint").unwrap_or_default()
}

impl<'d> Check<'d, '_, '_> {
    pub(super) fn plan(&mut self) {
        let document = self.document;
        let makers: Vec<&'d Command> = document
            .commands
            .iter()
            .filter(|command| MAKERS.contains(&command.name))
            .collect();
        for command in &makers {
            self.file_system(command);
            self.size(command);
        }
        self.mount_points(&makers);
        let automatic = document.last("autopart");
        if automatic.is_none() {
            self.root(&makers);
            self.boot(&makers);
        }
        self.members();
        self.volumes();
        self.passphrases();
        if let Some(autopart) = automatic
            && autopart.givens.has("--nolvm")
            && autopart.givens.has("--type")
        {
            let message = format_args!(
                "--nolvm and --type say the same in two ways: only the last one counts"
            );
            self.warning(
                "contradicting-autopart",
                &Self::option_place(autopart, "--nolvm"),
                message,
                "keep --type",
            );
        }
    }

    fn file_system(&mut self, command: &Command) {
        let existing = command.givens.has("--noformat");
        if let Some(format) = command
            .givens
            .value("--fstype")
            .filter(|format| !FORMATS.contains(format))
        {
            let message = format_args!("there is no file system {format}: the installation stops");
            self.error(
                "unknown-file-system",
                &at(command, "--fstype"),
                message,
                "write xfs or ext4",
            );
        }
        if command.name == "part" && existing && !command.givens.has("--onpart") {
            let message = format_args!(
                "--noformat without --onpart names no partition that is there: the installation stops"
            );
            self.error(
                "no-partition",
                &Self::option_place(command, "--noformat"),
                message,
                "add --onpart=PARTITION",
            );
        }
        let mount = point(command);
        let special = [
            "swap",
            "biosboot",
            "prepboot",
            "appleboot",
            "None",
            "none",
            "",
        ]
        .contains(&mount);
        let member = ["raid.", "pv.", "btrfs.", "stratis."]
            .iter()
            .any(|prefix| mount.starts_with(prefix));
        if !special && !member && !mount.starts_with('/') {
            let message = format_args!(
                "'{mount}' is no mount point: the file system is mounted nowhere, or the installation stops"
            );
            self.error(
                "bad-mount-point",
                &at(command, "mntpoint"),
                message,
                "write a full path, swap, pv.NAME or raid.NAME",
            );
        }
        if ON_ROOT.contains(&mount.trim_end_matches('/')) {
            let message =
                format_args!("{mount} must be on the root file system: the installation stops");
            self.error(
                "bad-mount-point",
                &at(command, "mntpoint"),
                message,
                "remove this file system",
            );
        }
    }

    fn size(&mut self, command: &Command) {
        let givens = &command.givens;
        let (size, most) = (givens.number("--size"), givens.number("--maxsize"));
        let grows = [
            "--grow",
            "--recommended",
            "--hibernation",
            "--percent",
            "--onpart",
            "--noformat",
            "--useexisting",
        ]
        .into_iter()
        .any(|option| givens.has(option));
        for option in ["--size", "--maxsize"] {
            let number = givens.number(option);
            if let Some(number) = number.filter(|number| *number < 0 || *number > LARGEST) {
                let message =
                    format_args!("{number} MiB is no size that a disk has: the installation stops");
                self.error(
                    "bad-size",
                    &at(command, option),
                    message,
                    "write the size in MiB: 2048 for 2 GiB",
                );
            }
        }
        if let (Some(size), Some(most)) = (size, most)
            && most < size
        {
            let message =
                format_args!("--maxsize={most} is less than --size={size}: the installation stops");
            self.error(
                "bad-size",
                &at(command, "--maxsize"),
                message,
                "make --maxsize the larger one",
            );
        }
        let mount = point(command);
        let fixed = size.filter(|_| !grows).or(most);
        let wanted = SIZES.iter().find(|(place, _, _)| *place == mount);
        if let (Some((_, least, good)), Some(size)) = (wanted, fixed.filter(|size| *size > 0)) {
            if size < *least {
                let message = format_args!(
                    "{size} MiB are too small for {mount}: the installation fails for lack of room"
                );
                self.error(
                    "too-small",
                    &at(command, "--size"),
                    message,
                    &format!("write {good} or more (MiB)"),
                );
            } else if size < *good {
                let message =
                    format_args!("{size} MiB are little for {mount}: updates may find no room");
                self.warning(
                    "too-small",
                    &at(command, "--size"),
                    message,
                    &format!("write {good} or more (MiB)"),
                );
            }
        }
        if mount == "biosboot" && size.is_some_and(|size| size > 2) {
            let message = format_args!(
                "a BIOS boot partition may have 2 MiB at most: the installation stops"
            );
            self.error(
                "bad-size",
                &at(command, "--size"),
                message,
                "write --size=1",
            );
        }
        let sized = size != Some(0) && givens.has("--size") || grows;
        if command.name == "part" && !sized {
            let message = format_args!("this partition has no --size: it gets 500 MiB");
            match mount {
                "/" => self.error(
                    "no-size",
                    &command.place,
                    format_args!("{message}, and the installation fails for lack of room"),
                    "add --size=MIB, or --grow",
                ),
                _ => self.warning(
                    "no-size",
                    &command.place,
                    message,
                    "add --size=MIB, or --grow",
                ),
            }
        }
    }

    fn mount_points(&mut self, makers: &[&'d Command]) {
        let mut seen = Index::new();
        for command in makers {
            let mount = point(command);
            let alone =
                mount.starts_with('/') || mount.starts_with("pv.") || mount.starts_with("raid.");
            let subvolume = command.name == "btrfs" && command.givens.has("--subvol");
            if !alone || subvolume {
                continue;
            }
            if let Some(line) = seen.insert(mount, command.place.line) {
                self.findings.forget_line(command.place.line);
                let message =
                    format_args!("{mount} is made in line {line} already: the installation stops");
                self.error(
                    "twice-the-same",
                    &at(command, "mntpoint"),
                    message,
                    "remove one of them, or give it another name",
                );
            }
        }
    }

    fn made<'m>(
        makers: &'m [&'d Command],
        mount: &'m str,
    ) -> impl Iterator<Item = &'m &'d Command> {
        makers.iter().filter(move |command| point(command) == mount)
    }

    fn root(&mut self, makers: &[&'d Command]) {
        if Self::made(makers, "/").next().is_none()
            && !self.may_be_included(&["part", "partition", "logvol", "autopart"])
        {
            let message = format_args!(
                "nothing is mounted at /: the installer waits for somebody to mend the disk plan"
            );
            let place = makers.last().map_or_else(
                || self.findings.last_line(),
                |command| command.place.clone(),
            );
            self.error("no-root", &place, message, "add part / --size=4000 --grow");
        }
    }

    fn boot(&mut self, makers: &[&'d Command]) {
        if self.document.all(&["mount"]).next().is_some() {
            return;
        }
        for name in ["/boot", "/boot/efi"] {
            let logical = Self::made(makers, name).find(|command| command.name == "logvol");
            if let Some(command) = logical {
                let message = format_args!(
                    "{name} cannot be a logical volume: the boot loader is not installed, and the installation stops"
                );
                self.error(
                    "boot-on-lvm",
                    &at(command, "mntpoint"),
                    message,
                    &format!("write part {name}"),
                );
            }
        }
        let root = Self::made(makers, "/").next();
        let included = self.may_be_included(&["part", "partition", "reqpart"]);
        let has = |name: &str| Self::made(makers, name).next().is_some();
        let required = self.document.last("reqpart");
        if let Some(root) = root.filter(|root| root.name == "logvol" && !has("/boot")) {
            let separate = required.is_some_and(|command| command.givens.has("--add-boot"));
            if !separate && !included {
                let message = format_args!(
                    "/ is a logical volume and there is no /boot: the boot loader finds no kernel, and the installation stops"
                );
                self.error(
                    "boot-on-lvm",
                    &at(root, "mntpoint"),
                    message,
                    "add part /boot --size=1024",
                );
            }
        }
        let msdos = self
            .document
            .last("clearpart")
            .is_some_and(|command| command.givens.value("--disklabel") == Some("msdos"));
        let (uefi, bios) = (
            has("/boot/efi"),
            has("biosboot") || has("prepboot") || msdos,
        );
        if required.is_some() || included || root.is_none() {
            return;
        }
        let place = root.map_or_else(|| self.findings.last_line(), |root| root.place.clone());
        match self.surroundings.uefi {
            Some(true) if !uefi => {
                let message = format_args!(
                    "this machine has UEFI and there is no /boot/efi: the boot loader is not installed, and the installation stops"
                );
                self.error(
                    "no-boot-partition",
                    &place,
                    message,
                    "add part /boot/efi --fstype=efi --size=600",
                );
            }
            None if !uefi && !bios => {
                let message = format_args!(
                    "there is neither /boot/efi nor biosboot: a machine with UEFI cannot boot, and the installation stops there"
                );
                self.warning("no-boot-partition", &place, message, "add part /boot/efi --fstype=efi --size=600 (or reqpart, which adds what the machine needs)");
            }
            _ => {}
        }
    }
}
