//! What a value may be. Each check gives the value in its type, or says what is allowed, fit for "must be …".

mod address;

use super::{AnswerKind, Install, Leave, Sudo, Unknown};
use crate::core::hardware::{SERIAL_LENGTH, serial_number};
use crate::core::mac::Mac;
use crate::core::release::{RELEASES, Release};
use crate::core::verify::Verify;

pub use address::{address, address4, address6, address6_with_prefix, any_address, network};

/// A check of one value.
pub type Check<T> = fn(&str) -> Result<T, String>;

/// Longest window of an arm, in seconds: a week. A permission to wipe should not be forgotten about.
pub const LONGEST_WINDOW: u32 = 7 * 24 * 3600;
/// Shortest window, in seconds: firmware and iPXE alone can take a minute.
pub const SHORTEST_WINDOW: u32 = 60;
/// Most installer starts within one arm: more is a loop.
const MOST_ATTEMPTS: u32 = 10;
/// Longest name of a network interface, in bytes (IFNAMSIZ of the kernel, less its closing zero).
const INTERFACE_LENGTH: usize = 15;
/// Longest host name and its labels, in bytes (RFC 1123).
const HOSTNAME_LENGTH: usize = 253;
const LABEL_LENGTH: usize = 63;

/// The one of these whose word it is.
pub fn choice<T: Copy>(value: &str, choices: &[(&str, T)]) -> Result<T, String> {
    match choices.iter().find(|(word, _)| *word == value) {
        Some((_, chosen)) => Ok(*chosen),
        None => Err(choices
            .iter()
            .map(|(word, _)| format!("'{word}'"))
            .collect::<Vec<_>>()
            .join(", ")),
    }
}

/// UCI's own words for yes and no.
pub fn boolean(value: &str) -> Result<bool, String> {
    match value {
        "1" | "on" | "true" | "yes" | "enabled" => Ok(true),
        "0" | "off" | "false" | "no" | "disabled" => Ok(false),
        _ => Err("'1' or '0'".to_owned()),
    }
}

fn number(value: &str, least: u32, most: u32, what: &str) -> Result<u32, String> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse::<u32>() {
        Ok(number) if digits && (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("{what}, {least} to {most}")),
    }
}

/// A port that a service without privileges can open.
pub fn port(value: &str) -> Result<u16, String> {
    number(
        value,
        1024,
        u16::MAX.into(),
        "a port that needs no privileges",
    )
    .map(|port| port as u16)
}

/// Seconds that an arm lives.
pub fn window(value: &str) -> Result<u32, String> {
    number(
        value,
        SHORTEST_WINDOW,
        LONGEST_WINDOW,
        "a number of seconds",
    )
}

/// Installer starts within one arm.
pub fn attempts(value: &str) -> Result<u32, String> {
    number(value, 1, MOST_ATTEMPTS, "a number of installer starts")
}

/// What strangers are told.
pub fn unknown(value: &str) -> Result<Unknown, String> {
    choice(
        value,
        &[
            ("wait", Unknown::Wait),
            ("local", Unknown::Local),
            ("refuse", Unknown::Refuse),
        ],
    )
}

/// How a machine leaves iPXE.
pub fn leave(value: &str) -> Result<Leave, String> {
    let choices = [
        ("exit", Leave::Exit),
        ("exit1", Leave::Exit1),
        ("sanboot", Leave::Sanboot),
        ("chain", Leave::Chain),
    ];
    choice(value, &choices)
}

/// Who arms a host.
pub fn install(value: &str) -> Result<Install, String> {
    choice(
        value,
        &[("manual", Install::Manual), ("once", Install::Once)],
    )
}

/// What must know the address that asks.
pub fn verify(value: &str) -> Result<Verify, String> {
    let choices = [
        Verify::Neighbour,
        Verify::Lease,
        Verify::Token,
        Verify::None,
    ];
    choice(value, &choices.map(|choice| (choice.word(), choice)))
}

/// Kind of answer file.
pub fn answer_kind(value: &str) -> Result<AnswerKind, String> {
    let choices = [
        ("kickstart", AnswerKind::Kickstart),
        ("preseed", AnswerKind::Preseed),
        ("autoinstall", AnswerKind::Autoinstall),
        ("script", AnswerKind::Script),
    ];
    choice(value, &choices)
}

/// A release whose kickstarts can be checked.
pub fn release(value: &str) -> Result<Release, String> {
    let known = RELEASES.map(Release::name).join(", ");
    Release::parse(value).ok_or_else(|| {
        format!("a release that is known ({known}; AlmaLinux9, Rocky9 and the like are RHEL9)")
    })
}

/// What an account may do as root.
pub fn sudo(value: &str) -> Result<Sudo, String> {
    choice(
        value,
        &[
            ("nopasswd", Sudo::Nopasswd),
            ("password", Sudo::Password),
            ("no", Sudo::No),
        ],
    )
}

/// Any text of one line.
pub fn text(value: &str) -> Result<String, String> {
    Ok(value.to_owned())
}

/// A MAC address.
pub fn mac(value: &str) -> Result<Mac, String> {
    value
        .parse()
        .map_err(|error: crate::core::mac::MacError| error.to_string())
}

fn word_of(value: &str, extra: &str) -> bool {
    !value.is_empty()
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
}

/// Name of a section of another configuration file.
pub fn section_name(value: &str) -> Result<String, String> {
    if word_of(value, "_") {
        Ok(value.to_owned())
    } else {
        Err("a section's name: letters, digits and _".to_owned())
    }
}

/// An absolute path without surprises.
pub fn path(value: &str) -> Result<String, String> {
    let plain = |name: &str| word_of(name, "._-+@") && name != "." && name != "..";
    let rest = value
        .strip_prefix('/')
        .map(|rest| rest.trim_end_matches('/'));
    if rest.is_some_and(|rest| rest.split('/').all(plain)) {
        Ok(value.trim_end_matches('/').to_owned())
    } else {
        Err("an absolute path such as /srv/tftp, without spaces or '..'".to_owned())
    }
}

/// A path below the TFTP root.
pub fn relative_path(value: &str) -> Result<String, String> {
    let plain = |name: &str| word_of(name, "._-+") && name != "." && name != "..";
    if value.split('/').all(plain) {
        Ok(value.to_owned())
    } else {
        Err("a path below tftp_root such as x86_64/snponly.efi".to_owned())
    }
}

/// Name of a template.
pub fn template_name(value: &str) -> Result<String, String> {
    relative_path(value).map_err(|_| "a file name such as almalinux.ks".to_owned())
}

/// A disk, by any of its names below /dev.
pub fn disk(value: &str) -> Result<String, String> {
    let plain = |name: &str| word_of(name, "._-+:@=,") && name != "." && name != "..";
    if value
        .strip_prefix("/dev/")
        .is_some_and(|rest| rest.split('/').all(plain))
    {
        Ok(value.to_owned())
    } else {
        Err("a disk below /dev, best by path: /dev/disk/by-path/pci-0000:00:1f.2-ata-1".to_owned())
    }
}

/// Serial number of a disk, as `kickstand hardware` and `lsblk -dno SERIAL` tell it.
pub fn disk_serial(value: &str) -> Result<String, String> {
    let told = serial_number(value).filter(|serial| serial == value);
    told.ok_or_else(|| {
        format!(
            "a disk's serial number, such as 'WD-WCC4E1234567', {SERIAL_LENGTH} characters at most"
        )
    })
}

/// RFC 1123 host name.
pub fn hostname(value: &str) -> Result<String, String> {
    let label = |label: &str| {
        word_of(label, "-")
            && label.len() <= LABEL_LENGTH
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if value.len() <= HOSTNAME_LENGTH && value.split('.').all(label) {
        Ok(value.to_owned())
    } else {
        Err("a host name: letters, digits and '-', labels parted by dots".to_owned())
    }
}

/// Kernel name of a network interface.
pub fn interface(value: &str) -> Result<String, String> {
    if value.len() <= INTERFACE_LENGTH && word_of(value, "._-") && value != "." && value != ".." {
        Ok(value.to_owned())
    } else {
        Err(format!(
            "a network interface's name, {INTERFACE_LENGTH} characters at most, such as enp1s0f0"
        ))
    }
}

/// Options of a bond.
pub fn bond_options(value: &str) -> Result<String, String> {
    let pair = |pair: &str| {
        pair.split_once('=')
            .is_some_and(|(name, value)| word_of(name, "_") && word_of(value, "_+.:-"))
    };
    if value.split(',').all(pair) {
        Ok(value.to_owned())
    } else {
        Err("options such as mode=802.3ad,miimon=100".to_owned())
    }
}

/// A URL that an installer can fetch from. It may hold template marks.
pub fn url(value: &str) -> Result<String, String> {
    let scheme = ["http://", "https://", "ftp://", "nfs:", "tftp://", "{{"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    if scheme {
        Ok(value.trim_end_matches('/').to_owned())
    } else {
        Err("a URL such as http://repo.example.org/9".to_owned())
    }
}

/// The address of a file on a web server, which becomes a word of a command line.
pub fn download_url(value: &str) -> Result<String, String> {
    let rest = ["http://", "https://"]
        .iter()
        .find_map(|scheme| value.strip_prefix(scheme));
    let plain = value.bytes().all(|byte| byte.is_ascii_graphic());
    if plain && rest.is_some_and(|rest| rest.contains('/') && !rest.starts_with('/')) {
        Ok(value.to_owned())
    } else {
        Err("the URL of a file such as https://example.org/ipxeboot.tar.gz".to_owned())
    }
}

/// A SHA-256 digest, as sha256sum(1) prints it.
pub fn sha256(value: &str) -> Result<String, String> {
    if value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(value.to_ascii_lowercase())
    } else {
        Err("64 hexadecimal digits, as sha256sum prints them".to_owned())
    }
}

/// `name=value`.
pub fn variable(value: &str) -> Result<(String, String), String> {
    let pair = value
        .split_once('=')
        .filter(|(name, _)| word_of(name, "_") && !name.starts_with(|c: char| c.is_ascii_digit()));
    match pair {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err("name=value, the name of letters, digits and _".to_owned()),
    }
}

/// A group of Ansible's inventory: a name that its variables can have too.
pub fn group(value: &str) -> Result<String, String> {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    let begins = value.chars().next().is_some_and(letter);
    let rest = value.chars().all(|c| letter(c) || c.is_ascii_digit());
    if begins && rest && value.len() <= LABEL_LENGTH && !matches!(value, "all" | "ungrouped") {
        Ok(value.to_owned())
    } else {
        Err("a name of letters, digits and '_', which 'all' and 'ungrouped' are not".to_owned())
    }
}

/// A package, group (`@core`) or environment (`@^minimal-environment`), or one left out (`-name`).
pub fn package(value: &str) -> Result<String, String> {
    let rest = value
        .trim_start_matches('-')
        .trim_start_matches('@')
        .trim_start_matches('^');
    if word_of(rest, "._+:-*@/") {
        Ok(value.to_owned())
    } else {
        Err("the name of a package or @group".to_owned())
    }
}

/// Login name.
pub fn login(value: &str) -> Result<String, String> {
    let first = value.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let rest = value
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-');
    if first && rest && value.len() <= 32 && value != "root" {
        Ok(value.to_owned())
    } else {
        Err("a login name: lower-case letters, digits, _ and -, 32 at most, not root".to_owned())
    }
}

/// crypt(5) hash.
pub fn password_hash(value: &str) -> Result<String, String> {
    let parts = value.split('$').count();
    if value.starts_with('$') && parts >= 4 && word_of(value, "$./=,-") {
        Ok(value.to_owned())
    } else {
        Err("a hash, never a password: make one with `openssl passwd -6`".to_owned())
    }
}

/// Public key in the form of authorized_keys.
pub fn ssh_key(value: &str) -> Result<String, String> {
    let mut words = value.split(' ');
    let kind = words.next().unwrap_or_default();
    let kind = kind.starts_with("ssh-") || kind.starts_with("ecdsa-") || kind.starts_with("sk-");
    let blob = words
        .next()
        .is_some_and(|blob| blob.starts_with("AAAA") && word_of(blob, "+/="));
    if kind && blob && !value.contains('"') {
        Ok(value.to_owned())
    } else {
        Err("a public key such as 'ssh-ed25519 AAAA… name' (the .pub file's line)".to_owned())
    }
}

/// Full name of an account.
pub fn gecos(value: &str) -> Result<String, String> {
    if value.contains([':', '"', '\\']) {
        Err("a name without ':', '\"' and '\\'".to_owned())
    } else {
        Ok(value.to_owned())
    }
}
