//! Autoinstalls of Ubuntu: their form and keys, and whether they answer what the installer would ask.
//!
//! Keys are those of subiquity's autoinstall reference. YAML is read a line at a time, as far as block mappings go: what
//! is a key at which depth. Text blocks, flow collections and lists are passed over. That is enough for keys; a YAML crate
//! would be larger than all of this module's kind together. Not its job: values below the second level.

use super::finding::{Finding, Findings, Place};
use super::syntax::nearest;

/// Keys below `autoinstall`.
const KEYS: [&str; 33] = [
    "version",
    "interactive-sections",
    "early-commands",
    "locale",
    "refresh-installer",
    "keyboard",
    "source",
    "network",
    "proxy",
    "apt",
    "storage",
    "identity",
    "active-directory",
    "ubuntu-pro",
    "ssh",
    "codecs",
    "drivers",
    "oem",
    "snaps",
    "debconf-selections",
    "packages",
    "kernel",
    "kernel-crash-dumps",
    "timezone",
    "updates",
    "shutdown",
    "late-commands",
    "error-commands",
    "reporting",
    "user-data",
    "mirror",
    "zdevs",
    "autoinstall",
];

/// A key of a block mapping.
struct Key<'t> {
    name: &'t str,
    value: &'t str,
    place: Place,
    indent: usize,
}

/// Checks an autoinstall, with or without its `autoinstall:` above.
pub fn check(text: &str) -> Vec<Finding> {
    let mut findings = Findings::new(text);
    let lines = findings.lines().to_vec();
    let keys = keys(&lines, &mut findings);
    let wrapped = keys
        .iter()
        .find(|key| key.indent == 0 && key.name == "autoinstall");
    let first_line = lines
        .iter()
        .find(|line| !line.trim().is_empty())
        .copied()
        .unwrap_or_default();
    if wrapped.is_some() && first_line.trim_end() != "#cloud-config" {
        let place = findings.whole_line(1);
        findings.error("no-cloud-config", &place, format_args!("user-data must begin with the line #cloud-config: the installer does not look at it and waits for a person"), "write #cloud-config first");
    }
    let top = wrapped.map_or(0, |_| {
        keys.iter()
            .map(|key| key.indent)
            .find(|indent| *indent > 0)
            .unwrap_or(1)
    });
    let inside: Vec<&Key<'_>> = keys.iter().filter(|key| key.indent == top).collect();
    unknown(&inside, &mut findings);
    completeness(&inside, &keys, &mut findings);
    findings.finish()
}

/// Every key of block mappings that is in no list and no text block.
fn keys<'t>(lines: &[&'t str], findings: &mut Findings<'_>) -> Vec<Key<'t>> {
    let mut keys: Vec<Key<'t>> = Vec::new();
    // Depth below which nothing is a key: within `|` blocks and lists.
    let mut passed_over: Option<usize> = None;
    for (index, line) in lines.iter().enumerate() {
        let line = line.trim_end_matches('\r');
        let said = line.trim_start();
        let indent = line.len() - said.len();
        if said.is_empty() || said.starts_with('#') || line.starts_with("---") {
            continue;
        }
        if passed_over.is_some_and(|depth| indent > depth) {
            continue;
        }
        passed_over = None;
        if line[..indent].contains('\t') {
            let place = Place::new(index + 1, 0..indent);
            findings.error("tab", &place, format_args!("YAML is not indented with tabs: the installer cannot read the file, and waits for a person"), "use blanks");
        }
        if said.starts_with("- ") || said == "-" {
            // What belongs to an item is deeper than its dash.
            passed_over = Some(indent);
            continue;
        }
        let place = Place::new(index + 1, indent..line.trim_end().len());
        let split = said
            .split_once(": ")
            .or_else(|| said.trim_end().strip_suffix(':').map(|name| (name, "")));
        let Some((name, value)) = split.filter(|(name, _)| !name.contains(['{', '['])) else {
            // A text may go on in deeper lines.
            if !said.starts_with(['{', '[', '}', ']', '"', '\''])
                && keys.last().is_none_or(|key| indent <= key.indent)
            {
                findings.error("bad-line", &place, format_args!("this is neither a key nor an item of a list: the installer cannot read the file, and waits for a person"), "write KEY: VALUE, with a blank after the colon");
            }
            continue;
        };
        let value = value.trim();
        if value.starts_with(['|', '>', '{', '[']) {
            passed_over = Some(indent);
        }
        keys.push(Key {
            name: name.trim().trim_matches(['"', '\'']),
            value,
            place,
            indent,
        });
    }
    keys
}

fn unknown(inside: &[&Key<'_>], findings: &mut Findings<'_>) {
    for key in inside {
        if !KEYS.contains(&key.name) {
            let help = match nearest(key.name, KEYS.into_iter()) {
                Some(near) => format!("did you mean {near}?"),
                None => "remove it, or move it below user-data, which is cloud-init's for the installed system".to_owned(),
            };
            let shown: String = key.name.chars().take(60).collect();
            findings.error(
                "unknown-key",
                &key.place,
                format_args!("autoinstall has no key {shown}: the installer stops"),
                &help,
            );
        }
        let repeated = inside
            .iter()
            .take_while(|other| other.place.line < key.place.line)
            .take(KEYS.len())
            .any(|other| other.name == key.name);
        if repeated {
            findings.error(
                "duplicate",
                &key.place,
                format_args!("{} is there twice", key.name),
                "put both in one",
            );
        }
    }
}

fn completeness(inside: &[&Key<'_>], keys: &[Key<'_>], findings: &mut Findings<'_>) {
    let find = |name: &str| inside.iter().find(|key| key.name == name);
    let end = findings.last_line();
    match find("version").map(|key| (key.value, &key.place)) {
        None => findings.error(
            "no-version",
            &end,
            format_args!("there is no version: the installer stops"),
            "add version: 1",
        ),
        Some((value, place)) if value != "1" => findings.error(
            "bad-value",
            place,
            format_args!("version must be 1: the installer stops"),
            "write version: 1",
        ),
        Some(_) => {}
    }
    if find("identity").is_none() && find("user-data").is_none() {
        findings.error("nobody-can-log-in", &end, format_args!("there is neither identity nor user-data: the installer waits for a person to make an account"), "add identity with hostname, username and password");
    }
    if let Some(identity) = find("identity") {
        let below: Vec<&Key<'_>> = keys
            .iter()
            .skip_while(|key| key.place.line <= identity.place.line)
            .take_while(|key| key.indent > identity.indent)
            .collect();
        for name in ["username", "hostname", "password"] {
            if !below.iter().any(|key| key.name == name) {
                findings.error(
                    "no-identity",
                    &identity.place,
                    format_args!("identity has no {name}: the installer stops"),
                    &format!("add {name}: …"),
                );
            }
        }
        let password = below.iter().find(|key| key.name == "password");
        if let Some(password) =
            password.filter(|key| !key.value.trim_matches(['"', '\'']).starts_with('$'))
        {
            findings.error(
                "not-a-hash",
                &password.place,
                format_args!("this is no hash of a password: nobody can log in with it"),
                "write the output of `openssl passwd -6`, in single quotes",
            );
        }
    }
    if find("storage").is_none() {
        findings.warning(
            "no-disk-plan",
            &end,
            format_args!("there is no storage: the largest disk is wiped, whichever that is"),
            "add storage: with a layout and match: of the disk",
        );
    }
    if let Some(key) = find("interactive-sections") {
        findings.error(
            "asks",
            &key.place,
            format_args!("the installer stops at these sections and waits for a person"),
            "remove interactive-sections",
        );
    }
    if let Some(key) = find("shutdown").filter(|key| !matches!(key.value, "reboot" | "poweroff")) {
        findings.error(
            "bad-value",
            &key.place,
            format_args!("shutdown must be reboot or poweroff: the installer stops"),
            "write shutdown: reboot",
        );
    }
    if let Some(key) = find("timezone") {
        let zone = key.value.trim_matches(['"', '\'']);
        if zone != "geoip" && !zone.is_empty() && !super::names::is_zone(zone) {
            findings.warning(
                "unknown-timezone",
                &key.place,
                format_args!("there is no time zone {zone}"),
                "write one such as Europe/Berlin or Etc/UTC",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
#cloud-config
autoinstall:
  version: 1
  locale: en_US.UTF-8
  keyboard:
    layout: us
  identity:
    hostname: web1
    username: kenneth
    password: '$6$a$b'
  storage:
    layout:
      name: direct
      match: {serial: S1}
  late-commands:
    - echo a: b
    - |
      x: y
  user-data:
    anything: here
  shutdown: reboot
";

    fn codes(text: &str) -> Vec<(String, usize)> {
        crate::kickstart::finding::codes(check(text))
    }

    #[test]
    fn a_complete_autoinstall_has_nothing_wrong() {
        assert_eq!(codes(GOOD), vec![]);
        let bare: String = GOOD
            .lines()
            .skip(2)
            .map(|line| format!("{}\n", &line[2..]))
            .collect();
        assert_eq!(codes(&bare), vec![]);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (from, to, code, line) in [
            ("#cloud-config\n", "# cloud-config\n", "no-cloud-config", 1),
            ("  version: 1\n", "  version: 2\n", "bad-value", 3),
            ("  locale:", "  local:", "unknown-key", 4),
            ("  storage:\n", "\tstorage:\n", "tab", 11),
            ("    username: kenneth\n", "", "no-identity", 7),
            ("'$6$a$b'", "secret", "not-a-hash", 10),
            ("shutdown: reboot", "shutdown: halt", "bad-value", 21),
            (
                "  locale: en_US.UTF-8",
                "  locale:en_US.UTF-8",
                "bad-line",
                4,
            ),
        ] {
            let found = codes(&GOOD.replace(from, to));
            assert!(
                found.contains(&(code.to_owned(), line)),
                "{from} → {to}: {found:?}"
            );
        }
    }
}
