//! What the table cannot say of commands about disks: part, raid, logvol and their kin.
//!
//! Source: the commands of pykickstart 3.78. Not its job: whether the plan makes sense (`meaning`).

use super::{Check, Release};

impl Check<'_, '_, '_> {
    pub(super) fn no_btrfs(&mut self, option: &str, release: Release) {
        if release.is_rhel()
            && self
                .givens
                .value(option)
                .is_some_and(|value| value.eq_ignore_ascii_case("btrfs"))
        {
            let place = self.at(option);
            self.error(
                "no-btrfs",
                &place,
                &format!("{release} has no Btrfs"),
                "use xfs or ext4",
            );
        }
    }

    pub(super) fn opal(&mut self) {
        let luks2 = self
            .givens
            .value("--luks-version")
            .is_some_and(|version| version.starts_with("luks2-"));
        if self.counts("--hw-passphrase") && !(self.counts("--encrypted") && luks2) {
            let place = self.at("--hw-passphrase");
            self.error(
                "missing-companion",
                &place,
                "--hw-passphrase goes only with --encrypted and a --luks-version of luks2-hw-opal",
                "add both",
            );
        }
    }

    pub(super) fn autopart(&mut self, release: Release) {
        self.no_btrfs("--type", release);
        self.opal();
        if self.givens.value("--fstype") == Some("btrfs") {
            let place = self.at("--fstype");
            self.error(
                "bad-value",
                &place,
                "btrfs is no --fstype of autopart",
                "use --type=btrfs, where the release has it",
            );
        }
        let kind = self
            .givens
            .value("--type")
            .unwrap_or_default()
            .to_ascii_lowercase();
        if kind == "btrfs" && self.counts("--fstype") && !release.is_rhel() {
            self.conflict("--type=btrfs", "--fstype");
        }
        if kind == "stratis" {
            let refused = [
                "--luks-version",
                "--pbkdf",
                "--pbkdf-memory",
                "--pbkdf-time",
                "--pbkdf-iterations",
                "--hw-passphrase",
                "--escrowcert",
                "--backuppassphrase",
                "--cipher",
                "--fstype",
            ];
            if let Some(option) = refused.into_iter().find(|option| self.counts(option)) {
                self.conflict("--type=stratis", option);
            }
        }
    }

    pub(super) fn btrfs(&mut self) {
        let place = self.command.place.clone();
        let devices = self.givens.all("devices").count();
        if !self.givens.has("mntpoint") {
            self.error(
                "missing-argument",
                &place,
                "btrfs wants a mount point",
                "write it after the command",
            );
        } else if devices == 0 {
            self.error(
                "missing-argument",
                &place,
                "btrfs wants the partitions it is made of, or the volume that a subvolume is in",
                "write them after the mount point",
            );
        }
    }

    pub(super) fn logvol(&mut self, release: Release) {
        self.no_btrfs("--fstype", release);
        let existing = self.givens.has("--useexisting") || self.givens.has("--noformat");
        let sized = ["--percent", "--size", "--recommended", "--hibernation"]
            .into_iter()
            .any(|option| self.counts(option));
        let place = self.command.place.clone();
        if !existing && !sized {
            self.error(
                "missing-option",
                &place,
                "logvol wants a size",
                "add --size=MIB, --percent=NUMBER or --useexisting",
            );
        }
        if self
            .givens
            .number("--percent")
            .is_some_and(|percent| !(0..=100).contains(&percent))
        {
            let place = self.at("--percent");
            self.error(
                "bad-value",
                &place,
                "--percent must be 0 to 100",
                "write a number from 1 to 100",
            );
        }
        let cached = ["--cachesize", "--cachemode", "--cachepvs"]
            .into_iter()
            .any(|option| self.counts(option));
        if cached {
            self.cache(existing);
        }
    }

    pub(super) fn cache(&mut self, existing: bool) {
        let place = self.command.place.clone();
        let mode = self.givens.value("--cachemode").unwrap_or("writeback");
        let complete = self.counts("--cachepvs") && self.counts("--cachesize");
        if existing || self.givens.has("--thin") {
            self.error(
                "conflicting-options",
                &place,
                "neither an existing nor a thin volume can be cached",
                "remove the --cache… options",
            );
        } else if !complete {
            self.error(
                "missing-option",
                &place,
                "a cache wants --cachepvs and --cachesize",
                "add both",
            );
        } else if !matches!(mode, "writeback" | "writethrough") {
            let place = self.at("--cachemode");
            self.error(
                "bad-value",
                &place,
                "--cachemode must be writeback or writethrough",
                "write one of them",
            );
        }
    }

    pub(super) fn mount(&mut self) {
        let point = self.givens.value("mntpoint").unwrap_or("/");
        if !point.starts_with('/') && !point.eq_ignore_ascii_case("none") {
            let place = self.at("mntpoint");
            self.error(
                "bad-mount-point",
                &place,
                "a mount point begins with '/', or is none",
                "write its full path",
            );
        }
    }

    pub(super) fn nvdimm(&mut self) {
        let place = self.command.place.clone();
        let named = self.counts("--namespace");
        let reconfigure = self.givens.value("action") == Some("reconfigure");
        if !named && (reconfigure || !self.counts("--blockdevs")) {
            self.error(
                "missing-option",
                &place,
                "nvdimm wants --namespace",
                "add it",
            );
        } else if reconfigure && self.counts("--mode") && !self.counts("--sectorsize") {
            self.error(
                "missing-option",
                &place,
                "mode sector wants --sectorsize",
                "add it",
            );
        }
    }

    pub(super) fn part(&mut self, release: Release) {
        self.no_btrfs("--fstype", release);
        self.opal();
        let point = self
            .givens
            .get("mntpoint")
            .filter(|point| point.value.starts_with("btrfs."));
        if let Some(point) = point.filter(|_| release.is_rhel()) {
            self.error(
                "no-btrfs",
                &point.place.clone(),
                &format!("{release} has no Btrfs"),
                "use xfs or ext4",
            );
        }
        if self.givens.value("--fstype") == Some("tmpfs") {
            for option in ["--grow", "--maxsize"] {
                if self.counts(option) {
                    self.conflict("--fstype=tmpfs", option);
                }
            }
        }
    }

    /// Members of a raid, a volume group or a pool: new ones have them, existing ones do not.
    pub(super) fn members(&mut self, name: &'static str, members: &'static str) {
        let place = self.command.place.clone();
        let existing = self.givens.has("--useexisting") || self.givens.has("--noformat");
        let kind = self.command.spelled.clone();
        if !self.givens.has(name) {
            return self.error(
                "missing-argument",
                &place,
                &format!("{kind} wants a name"),
                "write it after the command",
            );
        }
        // What its name took of the words is a member.
        let count = self.givens.all(members).count() + self.givens.all(name).count() - 1;
        if !existing && count == 0 {
            self.error(
                "missing-argument",
                &place,
                &format!("{kind} wants the partitions it is made of"),
                "write them after its name",
            );
        } else if existing && count > 0 {
            self.error(
                "unexpected-word",
                &place,
                &format!("an existing {kind} has its members already"),
                "remove them, or remove --useexisting",
            );
        }
    }

    pub(super) fn raid(&mut self, release: Release) {
        self.no_btrfs("--fstype", release);
        self.members("mntpoint", "partitions");
        let existing = self.givens.has("--useexisting") || self.givens.has("--noformat");
        let place = self.command.place.clone();
        if !existing && !self.givens.has("--level") {
            self.error(
                "missing-option",
                &place,
                "raid wants a level",
                "add --level=1 or another level",
            );
        } else if existing && !self.counts("--device") {
            self.error(
                "missing-option",
                &place,
                "an existing raid wants its --device",
                "add --device=NAME",
            );
        }
    }

    pub(super) fn snapshot(&mut self) {
        let origin = self.givens.value("origin").unwrap_or_default();
        let parts: Vec<&str> = origin.split('/').collect();
        if self.givens.has("origin")
            && (parts.len() != 2 || parts.iter().any(|part| part.is_empty()))
        {
            let place = self.at("origin");
            self.error(
                "bad-value",
                &place,
                "the origin must be GROUP/VOLUME",
                "write as in vg/root",
            );
        }
    }

    pub(super) fn volgroup(&mut self) {
        self.members("name", "partitions");
        if self
            .givens
            .number("--reserved-space")
            .is_some_and(|space| space < 0)
        {
            let place = self.at("--reserved-space");
            self.error(
                "bad-value",
                &place,
                "--reserved-space must not be negative",
                "write a number of MiB",
            );
        }
        if self
            .givens
            .number("--reserved-percent")
            .is_some_and(|percent| !(1..=99).contains(&percent))
        {
            let place = self.at("--reserved-percent");
            self.error(
                "bad-value",
                &place,
                "--reserved-percent must be 1 to 99",
                "write such a number",
            );
        }
    }
}
