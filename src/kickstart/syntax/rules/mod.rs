//! What holds between the options of one command: the rules of the table, and the checks that are no table.
//!
//! Every check is one that pykickstart makes in the command's `parse`. Not its job: sense (`meaning`).

mod storage;

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
}
