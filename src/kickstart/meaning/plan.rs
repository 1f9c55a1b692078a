//! The disk plan: what is mounted where, what is made of what, and whether it fits.

use super::super::finding::Place;
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

/// Least members of a raid level.
const MEMBERS: [(&str, usize); 6] = [("0", 2), ("1", 2), ("4", 3), ("5", 3), ("6", 4), ("10", 2)];

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

    /// Partitions that arrays and groups are made of.
    fn members(&mut self) {
        let document = self.document;
        let included = self.may_be_included(&["part", "partition", "raid"]);
        let mut used = Index::new();
        let mut defined = Index::new();
        for command in document.all(&["part", "raid"]) {
            defined.insert(point(command), 0);
        }
        let users = [
            ("raid", "partitions"),
            ("volgroup", "partitions"),
            ("btrfs", "devices"),
            ("stratispool", "blockdevs"),
        ];
        for (name, argument) in users {
            for command in document
                .commands
                .iter()
                .filter(|command| command.name == name)
            {
                let rest = command.givens.all("name").skip(1);
                let members: Vec<_> = command.givens.all(argument).chain(rest).collect();
                for member in &members {
                    used.insert(member.value.as_str(), 0);
                    let made = ["raid.", "pv.", "btrfs.", "stratis."]
                        .iter()
                        .any(|prefix| member.value.starts_with(prefix));
                    if made && !defined.contains_key(member.value.as_str()) && !included {
                        let message = format_args!(
                            "there is no part {}: the installation stops",
                            member.value
                        );
                        self.error(
                            "unknown-member",
                            &member.value_place,
                            message,
                            "add the part, or mend the name",
                        );
                    }
                }
                if name == "raid" {
                    self.raid(command, members.len());
                }
            }
        }
        for command in document.all(&["part"]) {
            let name = point(command);
            let member = ["raid.", "pv."]
                .iter()
                .any(|prefix| name.starts_with(prefix));
            if member && !used.contains_key(name) && document.includes.is_empty() {
                let message = format_args!("nothing is made of {name}: its room is lost");
                self.warning(
                    "unused-member",
                    &at(command, "mntpoint"),
                    message,
                    "use it in raid or volgroup, or remove it",
                );
            }
        }
    }

    fn raid(&mut self, command: &Command, members: usize) {
        let level = command
            .givens
            .value("--level")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let level = level.strip_prefix("raid").unwrap_or(&level);
        let spares = usize::try_from(command.givens.number("--spares").unwrap_or(0)).unwrap_or(0);
        let least = MEMBERS
            .iter()
            .find(|(name, _)| *name == level)
            .map(|(_, least)| least + spares);
        if let Some(least) = least.filter(|least| members > 0 && members < *least) {
            let message = format_args!(
                "raid {level} wants {least} members with its spares, and has {members}: the installation stops"
            );
            self.error(
                "too-few-members",
                &at(command, "--level"),
                message,
                "add members, or choose another level",
            );
        }
    }

    fn volumes(&mut self) {
        let document = self.document;
        // The number of a group is its place in these lists.
        let mut index = Index::new();
        let mut groups: Vec<Group> = Vec::new();
        let mut pools = Index::new();
        for command in document.all(&["volgroup"]) {
            if let Some(name) = command.givens.all("name").next() {
                index.insert(&name.value, groups.len());
                groups.push(Group {
                    room: self.room(command),
                    percent: 0,
                    taken: 0,
                });
            }
        }
        let included = self.may_be_included(&["volgroup", "logvol"]);
        for command in document.all(&["logvol"]) {
            let givens = &command.givens;
            let group = givens.value("--vgname").unwrap_or_default();
            if !index.contains_key(group)
                && !givens.has("--useexisting")
                && !givens.has("--noformat")
                && !included
            {
                let message = format_args!("there is no volgroup {group}: the installation stops");
                self.error(
                    "unknown-group",
                    &at(command, "--vgname"),
                    message,
                    &format!("add volgroup {group} pv.01, or mend the name"),
                );
            }
            let name = givens.value("--name").unwrap_or_default();
            if givens.has("--thinpool") {
                pools.insert(name, 0);
            }
            if let Some(pool) = givens
                .value("--poolname")
                .filter(|pool| givens.has("--thin") && !pools.contains_key(pool) && !included)
            {
                let message = format_args!(
                    "there is no thin pool {pool} before this line: the installation stops"
                );
                self.error(
                    "unknown-pool",
                    &at(command, "--poolname"),
                    message,
                    "write its logvol --thinpool first",
                );
            }
            // What is thin takes its room from its pool.
            if givens.has("--thin") {
                continue;
            }
            let Some(sums) = index.get(group).and_then(|number| groups.get_mut(*number)) else {
                continue;
            };
            sums.percent = sums
                .percent
                .saturating_add(givens.number("--percent").unwrap_or(0));
            sums.taken = sums
                .taken
                .saturating_add(givens.number("--size").unwrap_or(0).max(0));
            let Group {
                room,
                percent,
                taken,
            } = *sums;
            if percent > 100 && givens.has("--percent") {
                let message = format_args!(
                    "the volumes of {group} take {percent} per cent of it: the installation stops"
                );
                self.error(
                    "does-not-fit",
                    &at(command, "--percent"),
                    message,
                    "make them 100 or less together",
                );
            }
            if let Some(room) = room.filter(|room| taken > *room) {
                let message = format_args!(
                    "the volumes of {group} take {taken} MiB, and its partitions have {room}: the installation stops"
                );
                self.error(
                    "does-not-fit",
                    &at(command, "--size"),
                    message,
                    "make them smaller, or the partitions larger",
                );
            }
        }
    }

    /// MiB in a group, when all its partitions have a fixed size.
    fn room(&self, group: &Command) -> Option<i64> {
        let members = group
            .givens
            .all("partitions")
            .chain(group.givens.all("name").skip(1));
        let mut room: i64 = 0;
        for member in members.take(MOST_MEMBERS) {
            let part = self
                .document
                .all(&["part"])
                .take(MOST_PARTS)
                .find(|command| point(command) == member.value)?;
            let fixed = !part.givens.has("--grow") && !part.givens.has("--onpart");
            room = room.saturating_add(
                part.givens
                    .number("--maxsize")
                    .filter(|_| !fixed)
                    .or_else(|| part.givens.number("--size").filter(|_| fixed))?,
            );
        }
        (room > 0).then_some(room)
    }

    fn passphrases(&mut self) {
        let encrypted = self
            .document
            .all(&["autopart", "part", "logvol", "raid"])
            .find(|command| command.givens.has("--encrypted"));
        let Some(command) = encrypted else { return };
        // One that is given somewhere is taken for all.
        let given = self
            .document
            .commands
            .iter()
            .any(|command| command.givens.has("--passphrase"));
        if !given {
            let place: Place = Self::option_place(command, "--encrypted");
            let message =
                format_args!("there is no --passphrase: the installer asks a person for it");
            self.error("no-passphrase", &place, message, "add --passphrase=…");
        }
    }
}

/// What the volumes of a group take.
struct Group {
    /// MiB that it has, when that is known.
    room: Option<i64>,
    percent: i64,
    taken: i64,
}

/// Members and partitions that are looked at for the room in a group: more are in no machine, and each pair costs.
const MOST_MEMBERS: usize = 16;
const MOST_PARTS: usize = 64;
