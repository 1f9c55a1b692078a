//! Which disks are touched: chosen, wiped, and booted from.

use super::super::finding::Place;
use super::super::syntax::{Command, Index};
use super::{Check, at};

mod names;

use names::{Form, Set, form, is_pattern, plain};

/// Options whose values are disks, by command. pyanaconda stops at a disk that is not there.
pub(super) const DISKS: [(&str, &str); 6] = [
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
                    let left_out = used.leaves_out(disk) || ignored.has(disk);
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
