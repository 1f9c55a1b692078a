//! Preseeds of Debian's installer: their form, and whether they answer what it would ask.
//!
//! The form is that of debconf-set-selections(1): `owner question type value`, with `\` at a line's end for one that goes
//! on. Questions are those of Debian 12's installer. Not its job: what commands in it do.

use super::finding::{Finding, Findings, Place};

/// debconf's types (debconf-devel(7)), and `seen`, which debconf-set-selections knows besides.
const TYPES: [&str; 10] = [
    "string",
    "boolean",
    "select",
    "multiselect",
    "note",
    "text",
    "password",
    "title",
    "error",
    "seen",
];

/// Questions that stop an unattended installation when nobody answers them: any of a line will do.
const ASKED: [(&str, &[&str], &str); 6] = [
    (
        "no-language",
        &["debian-installer/locale", "debian-installer/language"],
        "d-i debian-installer/locale string en_US.UTF-8",
    ),
    (
        "no-keyboard",
        &[
            "keyboard-configuration/xkb-keymap",
            "keyboard-configuration/layoutcode",
        ],
        "d-i keyboard-configuration/xkb-keymap select us",
    ),
    (
        "no-disk-plan",
        &[
            "partman-auto/method",
            "partman-auto/expert_recipe",
            "partman-auto/init_automatically_partition",
        ],
        "d-i partman-auto/method string regular",
    ),
    (
        "disk-not-confirmed",
        &["partman/confirm"],
        "d-i partman/confirm boolean true",
    ),
    (
        "disk-not-confirmed",
        &["partman/confirm_nooverwrite"],
        "d-i partman/confirm_nooverwrite boolean true",
    ),
    (
        "no-reboot",
        &["finish-install/reboot_in_progress"],
        "d-i finish-install/reboot_in_progress note",
    ),
];

/// Whether debconf has that type.
pub fn is_type(word: &str) -> bool {
    TYPES.contains(&word)
}

/// Checks a preseed.
pub fn check(text: &str) -> Vec<Finding> {
    let mut findings = Findings::new(text);
    let mut answers: Vec<(&str, &str)> = Vec::new();
    let lines = findings.lines().to_vec();
    let mut goes_on = false;
    for (index, line) in lines.iter().enumerate() {
        let line = line.trim_end_matches('\r');
        let continued = std::mem::replace(&mut goes_on, line.ends_with('\\'));
        let said = line.trim();
        if continued || said.is_empty() || said.starts_with('#') {
            continue;
        }
        let place = findings.whole_line(index + 1);
        let words: Vec<&str> = said.splitn(4, [' ', '\t']).map(str::trim).collect();
        // Several blanks between words are one.
        let words: Vec<&str> = match words.iter().any(|word| word.is_empty()) {
            true => said.split_whitespace().collect(),
            false => words,
        };
        match words.as_slice() {
            [_, question, kind, ..] if is_type(kind) && question.contains('/') => {
                let value = said.split_once(kind).map_or("", |(_, value)| value.trim());
                check_value(question, kind, value, &place, &mut findings);
                answers.push((question, value));
            }
            [_, question, kind, ..] if question.contains('/') => {
                let shown: String = kind.chars().take(40).collect();
                findings.error(
                    "unknown-type",
                    &place,
                    format_args!("debconf has no type {shown}: the line answers nothing"),
                    "write string, boolean, select, multiselect, note or password",
                );
            }
            _ => findings.error(
                "bad-line",
                &place,
                format_args!("this is no line of a preseed: it answers nothing"),
                "write OWNER QUESTION TYPE VALUE, as in d-i time/zone string UTC",
            ),
        }
    }
    completeness(&answers, &mut findings);
    findings.finish()
}

fn check_value(
    question: &str,
    kind: &str,
    value: &str,
    place: &Place,
    findings: &mut Findings<'_>,
) {
    if kind == "boolean" && !matches!(value, "true" | "false") {
        findings.error(
            "bad-value",
            place,
            format_args!("{question} must be true or false"),
            "write one of them",
        );
    }
    if value.contains("{{") || value.contains("{%") {
        findings.error(
            "template-mark",
            place,
            format_args!("a template's mark was left in this value"),
            "render the template first, or write the value",
        );
    }
    if question == "time/zone" && !super::names::is_zone(value) && !value.is_empty() {
        findings.warning(
            "unknown-timezone",
            place,
            format_args!("there is no time zone {value}"),
            "write one such as Europe/Berlin or UTC",
        );
    }
    if kind == "password" && !value.is_empty() && !question.contains("crypted") {
        findings.warning(
            "plaintext-password",
            place,
            format_args!("this password is in the file as it is: whoever gets the file has it"),
            "use passwd/root-password-crypted or passwd/user-password-crypted",
        );
    }
}

fn completeness(answers: &[(&str, &str)], findings: &mut Findings<'_>) {
    // The last answer counts.
    let value = |question: &str| {
        let answer = answers
            .iter()
            .rev()
            .find(|(answered, _)| *answered == question);
        answer.map(|(_, value)| *value)
    };
    let end = findings.last_line();
    for (code, questions, line) in ASKED {
        if !questions.iter().any(|question| value(question).is_some()) {
            let message = format_args!(
                "nothing answers {}: the installer asks a person and waits",
                questions[0]
            );
            findings.error(code, &end, message, &format!("add {line}"));
        }
    }
    let root = value("passwd/root-login") != Some("false");
    let root_set = ["passwd/root-password", "passwd/root-password-crypted"]
        .into_iter()
        .any(|question| value(question).is_some_and(|value| !value.is_empty()));
    let user = value("passwd/make-user") != Some("false");
    let user_set = ["passwd/user-password", "passwd/user-password-crypted"]
        .into_iter()
        .any(|question| value(question).is_some_and(|value| !value.is_empty()));
    if root && !root_set {
        findings.error("no-root-password", &end, format_args!("nothing answers passwd/root-password: the installer asks a person and waits"), "add d-i passwd/root-password-crypted password HASH, or d-i passwd/root-login boolean false");
    }
    if user && !(user_set && value("passwd/username").is_some()) {
        findings.error("no-user", &end, format_args!("the user's name or password is not answered: the installer asks a person and waits"), "add passwd/user-fullname, passwd/username and passwd/user-password-crypted, or d-i passwd/make-user boolean false");
    }
    if !root && !user {
        findings.error(
            "nobody-can-log-in",
            &end,
            format_args!("there is neither a root password nor a user: nobody can log in"),
            "add one of them",
        );
    }
    let lvm = value("partman-auto/method") == Some("lvm");
    if lvm && value("partman-lvm/confirm").is_none() {
        findings.error(
            "disk-not-confirmed",
            &end,
            format_args!(
                "nothing answers partman-lvm/confirm: the installer asks a person and waits"
            ),
            "add d-i partman-lvm/confirm boolean true",
        );
    }
    // A command may name the disk once it is known; its lines are no answers.
    let by_command = |line: &&str| line.contains("debconf-set partman-auto/disk");
    let named = value("partman-auto/disk").is_some() || findings.lines().iter().any(by_command);
    if !named && value("partman-auto/method").is_some() {
        findings.warning("no-disk", &end, format_args!("no partman-auto/disk is named: with several disks the installer asks a person and waits"), "add d-i partman-auto/disk string /dev/sda");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
d-i debian-installer/locale string en_US.UTF-8
d-i keyboard-configuration/xkb-keymap select us
d-i  time/zone   string  Europe/Berlin
d-i partman-auto/disk string /dev/sda
d-i partman-auto/method string regular
d-i partman-auto/choose_recipe select atomic
d-i partman/confirm boolean true
d-i partman/confirm_nooverwrite boolean true
d-i passwd/root-login boolean false
d-i passwd/user-fullname string Kenneth F
d-i passwd/username string kenneth
d-i passwd/user-password-crypted password $6$a$b
d-i preseed/late_command string in-target true; \\
  in-target false
d-i finish-install/reboot_in_progress note
";

    fn codes(text: &str) -> Vec<(String, usize)> {
        crate::kickstart::finding::codes(check(text))
    }

    #[test]
    fn a_complete_preseed_has_nothing_wrong() {
        assert_eq!(codes(GOOD), vec![]);
    }

    #[test]
    fn what_is_not_answered_is_named() {
        for (line, code) in [
            ("d-i finish-install/reboot_in_progress note\n", "no-reboot"),
            ("d-i partman/confirm boolean true\n", "disk-not-confirmed"),
            ("d-i passwd/root-login boolean false\n", "no-root-password"),
            ("d-i partman-auto/disk string /dev/sda\n", "no-disk"),
        ] {
            let found = codes(&GOOD.replace(line, ""));
            assert_eq!(found.len(), 1, "{line}: {found:?}");
            assert_eq!(found[0].0, code);
        }
    }

    #[test]
    fn lines_have_their_form() {
        let with = |line: &str| codes(&format!("{line}\n{GOOD}"));
        assert_eq!(with("d-i x/y strin z"), [("unknown-type".to_owned(), 1)]);
        assert_eq!(with("text"), [("bad-line".to_owned(), 1)]);
        assert_eq!(with("d-i x/y boolean yes"), [("bad-value".to_owned(), 1)]);
        assert_eq!(
            with("d-i x/y password secret"),
            [("plaintext-password".to_owned(), 1)]
        );
    }
}
