//! What holds between the options of one command: the rules of the table, and the checks that are no table.
//!
//! Every check is one that pykickstart makes in the command's `parse`. Not its job: sense (`meaning`).

use super::super::finding::{Findings, Place};
use super::super::grammar::{Rule, Spec, Value};
use super::super::release::Release;
use super::super::words::{Word, split};
use super::{Command, Givens, Section};

/// A command whose options are looked at together.
struct Check<'a, 'f, 't> {
    spec: &'a Spec,
    command: &'a Command,
    givens: &'a Givens,
    findings: &'f mut Findings<'t>,
}

/// Checks a command that was read.
pub fn check(spec: &Spec, command: &Command, release: Release, findings: &mut Findings<'_>) {
    let mut check = Check {
        spec,
        command,
        givens: &command.givens,
        findings,
    };
    check.table();
    match command.name {
        "autopart" => check.autopart(release),
        "bootloader" => check.bootloader(),
        "btrfs" => check.btrfs(),
        "text" => check.display_mode(),
        "driverdisk" => check.driverdisk(),
        "keyboard" => check.keyboard(),
        "logvol" => check.logvol(release),
        "mount" => check.mount(),
        "network" => check.network(),
        "nvdimm" => check.nvdimm(),
        "ostreesetup" => check.ostreesetup(),
        "part" => check.part(release),
        "raid" => check.raid(release),
        "rhsm" => check.rhsm(),
        "rootpw" => check.rootpw(),
        "snapshot" => check.snapshot(),
        "sshpw" => check.sshpw(),
        "timezone" => check.timezone(),
        "updates" => check.at_most_one("updates"),
        "volgroup" => check.volgroup(),
        "stratispool" => check.members("name", "blockdevs"),
        _ => {}
    }
}

/// Checks a command whose words are not parsed as options: `realm` is the only one that is looked at.
///
/// pykickstart takes the line from the sixth byte on for it, so neither blanks before it nor comments are allowed.
pub fn check_raw(command: &Command, line: &str, earlier: bool, findings: &mut Findings<'_>) {
    if command.name != "realm" {
        return;
    }
    let rest = line.get(command.spelled.len()..).unwrap_or_default();
    let words = split(rest, false).unwrap_or_default();
    if earlier || command.place.bytes.start > 0 || !is_realm_join(&words) {
        let message = "realm wants join, options that realm(8) has, and one realm, once, from the first column on and \
                       without a comment: the installer stops at this line";
        findings.error(
            "bad-realm",
            &command.place,
            format_args!("{message}"),
            "write realm join [--computer-ou=…] REALM",
        );
    }
}

fn is_realm_join(words: &[Word]) -> bool {
    const TAKE_VALUES: [&str; 5] = [
        "--client-software",
        "--server-software",
        "--membership-software",
        "--one-time-password",
        "--computer-ou",
    ];
    let mut words = words.iter().map(|word| word.text.as_str());
    if words.next() != Some("join") {
        return false;
    }
    let mut names = 0;
    while let Some(word) = words.next() {
        let option = word.split('=').next().unwrap_or_default();
        match option {
            _ if names > 0 || !option.starts_with('-') => names += 1,
            "--no-password" => {}
            option if TAKE_VALUES.contains(&option) => {
                if !word.contains('=') && words.next().is_none() {
                    return false;
                }
            }
            _ => return false,
        }
    }
    names == 1
}

/// Checks the options of a section.
pub fn check_section(section: &Section, release: Release, findings: &mut Findings<'_>) {
    let givens = &section.givens;
    match section.name {
        "%packages" => {
            if givens.has("--default") && givens.has("--nocore") {
                let message = format_args!(
                    "--default and --nocore may not be together: the installer stops reading here"
                );
                findings.error(
                    "conflicting-options",
                    &section.place,
                    message,
                    "keep one of them",
                );
            }
            // RHEL 9 knows the old names, and says that they will go.
            let old = [
                ("--instLangs", "--inst-langs"),
                ("--excludeWeakdeps", "--exclude-weakdeps"),
            ];
            for (old, new) in old.into_iter().filter(|_| release == Release::Rhel9) {
                if let Some(given) = givens.get(old) {
                    let message = format_args!(
                        "{old} of %packages is deprecated: a later release will refuse it"
                    );
                    findings.warning(
                        "deprecated-option",
                        &given.place,
                        message,
                        &format!("use {new}"),
                    );
                }
            }
        }
        "%certificate" if !givens.has("--dir") && !givens.has("--type") => {
            let message = format_args!(
                "%certificate must have --dir or --type: the installer stops reading here"
            );
            findings.error(
                "missing-option",
                &section.place,
                message,
                "add --dir=/etc/pki/ca-trust/source/anchors, or --type=anchor",
            );
        }
        _ => {}
    }
}

impl Check<'_, '_, '_> {
    /// Whether it is there with a value that Python takes for true: no empty text, no zero.
    fn counts(&self, name: &str) -> bool {
        let option = self.spec.option(name);
        let arguments = self.givens.has(name) && option.is_none();
        match option.map(|option| option.value) {
            Some(Value::Integer) => self.givens.number(name).is_some_and(|number| number != 0),
            Some(Value::List) => self.givens.list(name).next().is_some(),
            Some(Value::Flag | Value::Maybe) => self.givens.has(name),
            Some(_) => self.givens.value(name).is_some(),
            None => arguments,
        }
    }

    fn error(&mut self, code: &str, place: &Place, message: &str, help: &str) {
        let message = format!("{message}: the installer stops at this line");
        self.findings
            .error(code, place, format_args!("{message}"), help);
    }

    fn at(&self, name: &str) -> Place {
        self.givens
            .get(name)
            .map_or(&self.command.place, |given| &given.place)
            .clone()
    }

    fn conflict(&mut self, first: &str, second: &str) {
        let place = self.at(second);
        let message = format!("{first} and {second} may not be together");
        self.error("conflicting-options", &place, &message, "keep one of them");
    }

    fn table(&mut self) {
        let name = self.command.spelled.clone();
        for rule in &self.spec.rules {
            let given = |names: &[&'static str]| -> Vec<&'static str> {
                names
                    .iter()
                    .copied()
                    .filter(|name| self.counts(name))
                    .collect()
            };
            let place = self.command.place.clone();
            match rule {
                Rule::Exclusive(names) | Rule::One(names) if given(names).len() > 1 => {
                    let both = given(names);
                    self.conflict(both[0], both[1]);
                }
                Rule::One(names) | Rule::Some(names) if given(names).is_empty() => {
                    let choice = names.join(" or ");
                    self.error(
                        "missing-option",
                        &place,
                        &format!("{name} must have {choice}"),
                        &format!("add {choice}"),
                    );
                }
                Rule::Needs(names) if self.counts(names[0]) && given(&names[1..]).is_empty() => {
                    let place = self.at(names[0]);
                    let choice = names[1..].join(" or ");
                    let message = format!("{} goes only with {choice}", names[0]);
                    self.error(
                        "missing-companion",
                        &place,
                        &message,
                        &format!("add {choice}, or remove {}", names[0]),
                    );
                }
                _ => {}
            }
        }
    }

    fn at_most_one(&mut self, argument: &'static str) {
        if let Some(second) = self.givens.all(argument).nth(1) {
            let message = format!("{} takes one word at most", self.command.spelled);
            self.error(
                "unexpected-word",
                &second.place.clone(),
                &message,
                "remove it",
            );
        }
    }

    fn no_btrfs(&mut self, option: &str, release: Release) {
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

    fn opal(&mut self) {
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

    fn autopart(&mut self, release: Release) {
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

    fn bootloader(&mut self) {
        if self
            .givens
            .value("--boot-drive")
            .is_some_and(|drive| drive.contains(','))
        {
            let place = self.at("--boot-drive");
            self.error(
                "bad-value",
                &place,
                "--boot-drive takes one drive",
                "name the drive that the firmware boots from",
            );
        }
    }

    fn btrfs(&mut self) {
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

    fn display_mode(&mut self) {
        if self.command.spelled == "cmdline" && self.givens.has("--non-interactive") {
            let place = self.at("--non-interactive");
            self.error(
                "unknown-option",
                &place,
                "cmdline has no option --non-interactive",
                "remove it: cmdline never asks",
            );
        }
    }

    fn driverdisk(&mut self) {
        self.at_most_one("partition");
        let ways = ["partition", "--source", "--biospart"];
        let given: Vec<&str> = ways.into_iter().filter(|way| self.counts(way)).collect();
        match given.as_slice() {
            [] => {
                let place = self.command.place.clone();
                self.error(
                    "missing-option",
                    &place,
                    "driverdisk wants a partition, --source or --biospart",
                    "add one of them",
                );
            }
            ["partition", second, ..] => self.conflict("a partition", second),
            _ => {}
        }
    }

    fn keyboard(&mut self) {
        self.at_most_one("kbd");
        if !["kbd", "--vckeymap", "--xlayouts"]
            .into_iter()
            .any(|way| self.counts(way))
        {
            let place = self.command.place.clone();
            self.error(
                "missing-argument",
                &place,
                "keyboard wants a layout",
                "write keyboard --xlayouts=us",
            );
        }
    }

    fn logvol(&mut self, release: Release) {
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

    fn cache(&mut self, existing: bool) {
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

    fn mount(&mut self) {
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

    fn network(&mut self) {
        let pairs = self.givens.value("--bridgeopts").unwrap_or_default();
        let pair = |text: &str| {
            text.split_once('=')
                .is_some_and(|(_, value)| !value.is_empty() && !value.contains('='))
        };
        if !pairs.is_empty() && !pairs.split(',').all(pair) {
            let place = self.at("--bridgeopts");
            self.error(
                "bad-value",
                &place,
                "--bridgeopts must be key=value pairs with commas between",
                "write as in stp=yes,priority=32768",
            );
        }
        if self.counts("--bindto") && self.counts("--vlanid") && !self.counts("--bondopts") {
            self.conflict("--vlanid", "--bindto");
        }
    }

    fn nvdimm(&mut self) {
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

    fn ostreesetup(&mut self) {
        let known = |url: &str| {
            ["file:", "http:", "https:"]
                .into_iter()
                .any(|scheme| url.starts_with(scheme))
        };
        if self
            .givens
            .get("--url")
            .is_some_and(|given| !known(&given.value))
        {
            let place = self.at("--url");
            self.error(
                "bad-url",
                &place,
                "an ostree repository is at a file, http or https URL",
                "write such a URL",
            );
        }
    }

    fn part(&mut self, release: Release) {
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
    fn members(&mut self, name: &'static str, members: &'static str) {
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

    fn raid(&mut self, release: Release) {
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

    fn rhsm(&mut self) {
        if self
            .givens
            .all("--activation-key")
            .any(|key| key.value.is_empty())
        {
            let place = self.at("--activation-key");
            self.error(
                "missing-value",
                &place,
                "--activation-key is empty",
                "write the key",
            );
        }
    }

    fn rootpw(&mut self) {
        if self.givens.value("password").is_none() && !self.givens.has("--lock") {
            let place = self.command.place.clone();
            self.error(
                "missing-argument",
                &place,
                "rootpw wants a password or --lock",
                "write rootpw --iscrypted HASH, or rootpw --lock",
            );
        }
    }

    fn snapshot(&mut self) {
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

    fn sshpw(&mut self) {
        if !self.givens.has("password") {
            let place = self.command.place.clone();
            self.error(
                "missing-argument",
                &place,
                "sshpw wants a password",
                "write it last",
            );
        }
    }

    fn timezone(&mut self) {
        self.at_most_one("timezone");
        let nothing = ["timezone", "--utc", "--isUtc", "--nontp", "--ntpservers"]
            .into_iter()
            .all(|name| !self.givens.has(name));
        if nothing {
            let place = self.command.place.clone();
            self.error(
                "missing-argument",
                &place,
                "timezone wants a time zone",
                "write timezone Europe/Berlin --utc",
            );
        }
    }

    fn volgroup(&mut self) {
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
