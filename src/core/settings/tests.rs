//! Given this UCI text, these settings and these faults come out.

use super::*;
use crate::core::uci;

/// What a text means.
pub(super) fn settings(text: &str) -> Settings {
    read(&uci::parse(text.as_bytes()).expect("valid UCI"))
}

/// All faults of a text, as people see them.
pub(super) fn faults(text: &str) -> Vec<String> {
    settings(text)
        .faults
        .iter()
        .map(ToString::to_string)
        .collect()
}

const PROFILE: &str = "config profile 'p'\n option kernel 'http://m/k'\n";
const HOST: &str = "config host 'h'\n option mac '52:54:00:00:00:01'\n option profile 'p'\n";

#[test]
fn an_empty_file_has_every_default() {
    let settings = settings("");
    assert_eq!(settings, Settings::default());
    assert_eq!(settings.main.port, 8067);
    assert_eq!(settings.main.window, 7200);
}

#[test]
fn three_lines_make_a_host() {
    let settings = settings(&format!("{PROFILE}{HOST}"));
    assert_eq!(settings.faults, vec![]);
    let host = &settings.hosts["h"];
    assert_eq!(
        (
            host.hostname.as_str(),
            host.install,
            host.publish,
            host.leave,
            host.verify
        ),
        ("h", Install::Manual, false, None, None)
    );
    assert_eq!(settings.profiles["p"].answer, "almalinux.ks");
}

#[test]
fn every_bad_value_is_named_with_what_is_allowed() {
    for (section, option, value, allowed) in [
        ("main", "enabled", "maybe", "'1' or '0'"),
        ("main", "interface", "br-lan", "a section's name"),
        ("main", "port", "80", "1024 to 65535"),
        ("main", "port", "+8067", "1024 to 65535"),
        ("main", "port", "99999", "1024 to 65535"),
        ("main", "tftp_root", "srv/tftp", "an absolute path"),
        ("main", "tftp_root", "/srv/../etc", "an absolute path"),
        ("main", "www", "/www/kick stand", "an absolute path"),
        ("main", "unknown", "ignore", "'wait', 'local', 'refuse'"),
        ("main", "window", "10", "60 to 604800"),
        ("main", "attempts", "0", "1 to 10"),
        ("main", "allow", "192.0.2.0/33", "an IPv4 network"),
        ("main", "boot_file_bios", "../x", "a path below tftp_root"),
        (
            "main",
            "boot_files_url",
            "-O/etc/passwd",
            "the URL of a file",
        ),
        (
            "main",
            "boot_files_url",
            "http://a b/c",
            "the URL of a file",
        ),
        ("main", "boot_files_url", "ftp://a/c", "the URL of a file"),
        ("main", "boot_files_sha256", "01a5", "64 hexadecimal digits"),
        (
            "profile",
            "kind",
            "ignition",
            "'kickstart', 'preseed', 'autoinstall', 'script'",
        ),
        ("profile", "kernel", "vmlinuz", "a URL"),
        ("profile", "mirror", "repo.example.org", "a URL"),
        ("profile", "var", "1x=y", "name=value"),
        ("profile", "package", "a b", "the name of a package"),
        ("profile", "answer", "../x.ks", "a file name"),
        (
            "host",
            "mac",
            "ff:ff:ff:ff:ff:ff",
            "the address of one network card",
        ),
        ("host", "hostname", "web_1", "a host name"),
        ("host", "hostname", "-web", "a host name"),
        ("host", "disk", "sda", "a disk below /dev"),
        ("host", "disk", "/dev/../etc/passwd", "a disk below /dev"),
        ("host", "address", "192.0.2.2", "with its prefix length"),
        (
            "host",
            "address",
            "192.0.2.0/24",
            "an IPv4 address of one machine",
        ),
        (
            "host",
            "address",
            "192.0.2.255/24",
            "an IPv4 address of one machine",
        ),
        (
            "host",
            "address",
            "999.1.1.1/24",
            "an IPv4 address of one machine",
        ),
        ("host", "gateway", "192.0.2", "an IPv4 address"),
        ("host", "address6", "2001:db8::1", "with its prefix length"),
        ("host", "dns", "dns.example.org", "an IP address"),
        (
            "host",
            "device",
            "a-name-that-is-too-long",
            "15 characters at most",
        ),
        ("host", "bond_opts", "mode 4", "options such as"),
        (
            "host",
            "leave",
            "reboot",
            "'exit', 'exit1', 'sanboot', 'chain'",
        ),
        ("host", "install", "always", "'manual', 'once'"),
        (
            "account",
            "password_hash",
            "secret",
            "a hash, never a password",
        ),
        (
            "account",
            "ssh_key",
            "/root/.ssh/id_ed25519.pub",
            "a public key",
        ),
        ("account", "sudo", "all", "'nopasswd', 'password', 'no'"),
        ("account", "name", "root", "a login name"),
        ("account", "gecos", "a:b", "a name without"),
    ] {
        let text = match section {
            "main" => format!("config kickstand 'main'\n option {option} '{value}'\n"),
            "profile" => format!("{PROFILE} option {option} '{value}'\n"),
            "host" => format!("{PROFILE}{HOST} option {option} '{value}'\n"),
            _ => format!(
                "config account 'a'\n option ssh_key 'ssh-ed25519 AAAA a'\n option {option} '{value}'\n"
            ),
        };
        let faults = faults(&text);
        let [fault] = faults.as_slice() else {
            panic!("one fault for {option} '{value}': {faults:?}")
        };
        assert!(
            fault.contains(&format!("option {option} '{value}'")),
            "{fault}"
        );
        assert!(
            fault.contains(allowed) && fault.contains("(line "),
            "{fault}"
        );
    }
}

#[test]
fn what_belongs_together_is_missed_together() {
    for (options, fault) in [
        (
            " option gateway '192.0.2.1'\n",
            "option gateway (line 6): needs option address too",
        ),
        (
            " option bond 'b'\n",
            "option bond (line 6): needs option bond_port too",
        ),
        (
            " option bond_port 'eno1'\n",
            "option bond_port (line 6): needs option bond too",
        ),
        (
            " option device 'eno1'\n option bond 'b'\n list bond_port 'eno2'\n",
            "option device (line 6): and bond exclude each other",
        ),
    ] {
        let faults = faults(&format!("{PROFILE}{HOST}{options}"));
        assert!(
            faults.len() == 1 && faults[0].contains(fault),
            "{fault}: {faults:?}"
        );
    }
}

#[test]
fn a_line_break_in_a_value_goes_nowhere() {
    let faults = faults(&format!("{PROFILE}{HOST} list var 'x=a\n%post'\n"));
    assert!(
        faults.len() == 1 && faults[0].contains("must be one line of UTF-8 text"),
        "{faults:?}"
    );
}

#[test]
fn a_bad_host_is_disabled_and_the_others_are_not() {
    let second =
        "config host 'i'\n option mac '52:54:00:00:00:02'\n option profile 'p'\n option disk 'x'\n";
    let settings = settings(&format!("{PROFILE}{HOST}{second}"));
    assert_eq!(settings.hosts.keys().collect::<Vec<_>>(), ["h"]);
    assert_eq!(settings.configured.keys().collect::<Vec<_>>(), ["h", "i"]);
    assert!(
        settings
            .find_host("i")
            .is_err_and(|error| error.contains("option disk 'x'"))
    );
}

#[test]
fn two_hosts_with_one_card_are_both_disabled() {
    let twin = HOST
        .replace("'h'", "'twin'")
        .replace("52:54:00:00:00:01", "52-54-00-00-00-01");
    let settings = settings(&format!("{PROFILE}{HOST}{twin}"));
    assert!(settings.hosts.is_empty());
    assert_eq!(settings.faults.len(), 2);
    // One card twice in one host is a slip that harms nobody.
    let doubled = super::tests::settings(&format!(
        "{PROFILE}config host 'h'\n list mac '52:54:00:00:00:01'\n list mac '52:54:00:00:00:01'\n option profile 'p'\n"
    ));
    assert_eq!(doubled.faults, vec![]);
}

#[test]
fn a_profile_with_faults_disables_its_hosts_and_says_whose_fault_it_is() {
    let text = format!("config profile 'p'\n option title 'no kernel'\n{HOST}");
    let faults = faults(&text);
    assert!(
        faults[0].contains("profile 'p', option kernel") && faults[0].contains("is missing"),
        "{faults:?}"
    );
    assert!(
        faults[1].contains("names a profile that has faults of its own"),
        "{faults:?}"
    );
}

#[test]
fn profiles_may_stand_behind_the_hosts_that_name_them() {
    assert_eq!(settings(&format!("{HOST}{PROFILE}")).faults, vec![]);
}

#[test]
fn an_anonymous_host_is_known_by_its_host_name() {
    let text = format!(
        "{PROFILE}config host\n option hostname 'web-1'\n option mac '52:54:00:00:00:01'\n option profile 'p'\n"
    );
    assert_eq!(settings(&text).hosts.keys().collect::<Vec<_>>(), ["web-1"]);
    let nameless = faults(&text.replace(" option hostname 'web-1'\n", ""));
    assert!(
        nameless
            .iter()
            .any(|fault| fault.contains("give the section a name, or set option hostname")),
        "{nameless:?}"
    );
}

#[test]
fn unknown_sections_and_options_are_named() {
    let faults = faults(
        "config hots 'h'\nconfig kickstand 'main'\n option prot '1'\nconfig kickstand 'second'\n",
    );
    assert!(
        faults[0].contains("'hots' is no kind of section here"),
        "{faults:?}"
    );
    assert!(
        faults[1].contains("option prot") && faults[1].contains("is no option here"),
        "{faults:?}"
    );
    assert!(faults[2].contains("must be 'main'"), "{faults:?}");
}

#[test]
fn an_account_that_cannot_log_in_spoils_all_answer_files() {
    let settings = settings(
        "config account 'a'\n option sudo 'no'\nconfig account 'b'\n option ssh_key 'ssh-ed25519 AAAA b'\n",
    );
    assert!(settings.accounts_faulty);
    assert!(
        settings.faults[0]
            .to_string()
            .contains("cannot log in: set password_hash or ssh_key")
    );
    assert_eq!(settings.accounts.len(), 1);
}

#[test]
fn without_a_password_sudo_asks_for_none() {
    let settings = settings(
        "config account 'a'\n option ssh_key 'ssh-ed25519 AAAA a'\nconfig account 'b'\n option password_hash '$6$a$b'\n",
    );
    assert_eq!(
        settings
            .accounts
            .iter()
            .map(|account| account.sudo)
            .collect::<Vec<_>>(),
        [Sudo::Nopasswd, Sudo::Password]
    );
}

#[test]
fn hosts_are_found_by_name_host_name_and_card() {
    let settings = settings(&format!("{PROFILE}{HOST} option hostname 'web'\n"));
    for word in ["h", "web", "52:54:00:00:00:01", "525400000001"] {
        assert_eq!(
            settings.find_host(word).map(|host| host.name.as_str()),
            Ok("h")
        );
    }
    assert_eq!(
        settings.find_host("x"),
        Err("there is no host 'x' (hosts: h)".to_owned())
    );
}

#[test]
fn a_network_contains_its_addresses() {
    let contains = |network: &str, address: [u8; 4]| {
        check::network(network)
            .expect("valid")
            .contains(address.into())
    };
    assert!(contains("192.0.2.0/24", [192, 0, 2, 9]) && !contains("192.0.2.0/24", [192, 0, 3, 9]));
    assert!(
        contains("0.0.0.0/0", [8, 8, 8, 8])
            && contains("192.0.2.7", [192, 0, 2, 7])
            && !contains("192.0.2.7", [192, 0, 2, 8])
    );
}
