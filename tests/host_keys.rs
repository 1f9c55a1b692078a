//! SSH host keys: made with an arm, delivered in the answer file, taken by the real OpenSSH, known before the first login, and
//! forgotten when the installation is over.

mod service_support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use kickstand_lab::scratch::Scratch;
use kickstand_lab::service::Service;
use service_support::{CONFIG, R220A, arm, service, service_with};

/// What the answer file writes to a file of the new system.
fn written(answer: &str) -> String {
    let (_, rest) = answer
        .split_once("cat >/etc/ssh/ssh_host_ed25519_key <<'KICKSTAND'\n")
        .unwrap_or_else(|| panic!("no key: {answer}"));
    let (key, _) = rest.split_once("KICKSTAND\n").expect("its end");
    key.to_owned()
}

fn public_in(answer: &str) -> String {
    let line = answer
        .lines()
        .find(|line| line.ends_with(" >/etc/ssh/ssh_host_ed25519_key.pub"))
        .expect("the public key");
    let (_, rest) = line.split_once("echo '").expect("quoted");
    rest.split('\'').next().unwrap_or_default().to_owned()
}

fn known_hosts(service: &Service) -> String {
    let output = service.kickstand(&["known-hosts"]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn state(service: &Service) -> String {
    fs::read_to_string(service.path("etc/kickstand/state.json")).expect("the state")
}

/// Installs the host, and gives the private key's file and the public line.
fn install(service: &Service) -> (String, String) {
    arm(service, "r220a");
    let token = R220A.token(service);
    let answer = R220A.answer_file(service, &token).text();
    assert_eq!(known_hosts(service), "");
    assert_eq!(R220A.claims(service, &token, "run-1"), 200);
    // The same run may fetch it again, and must get the same.
    assert_eq!(R220A.answer_file(service, &token).text(), answer);
    assert_eq!(
        R220A.reports(service, &token, "event=completed").status,
        200
    );
    (written(&answer), public_in(&answer))
}

#[test]
fn the_real_openssh_takes_the_key_and_finds_it_among_known_hosts() {
    let service = service();
    let (private, public) = install(&service);
    let folder = Scratch::new("sshd");
    let file = folder.write("ssh_host_ed25519_key", &private);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("ours");
    let derived = Command::new("ssh-keygen")
        .args(["-y", "-f"])
        .arg(&file)
        .output();
    let derived = derived.expect("openssh-client is installed");
    assert!(derived.status.success(), "{derived:?}");
    assert_eq!(String::from_utf8_lossy(&derived.stdout).trim(), public);
    assert_eq!(known_hosts(&service), format!("r220a {public}\n"));

    let known = folder.write("known_hosts", known_hosts(&service));
    let fingerprint = |words: &[&str]| {
        let output = Command::new("ssh-keygen")
            .args(words)
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{words:?}: {output:?}");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let found = said
            .split_whitespace()
            .find(|word| word.starts_with("SHA256:"));
        found.expect("a fingerprint").to_owned()
    };
    let path = |file: &Path| file.to_str().expect("a plain name").to_owned();
    assert_eq!(
        fingerprint(&["-l", "-F", "r220a", "-f", &path(&known)]),
        fingerprint(&["-l", "-f", &path(&file)])
    );
}

#[test]
fn the_private_part_is_kept_only_while_it_is_needed() {
    let service = service();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    let answer = R220A.answer_file(&service, &token).text();
    assert_eq!(R220A.claims(&service, &token, "run-1"), 200);
    assert!(state(&service).contains("\"seed\""));
    assert_eq!(
        R220A
            .reports(&service, &token, "event=failed&reason=x")
            .status,
        200
    );
    service.set_uptime(1061);
    R220A.reports(&service, "a wrong token", "event=completed");
    assert!(!state(&service).contains("\"seed\""));
    assert_eq!(known_hosts(&service), "");
    // The report of the failure was wrong, or late: it is installed after all.
    assert_eq!(
        R220A.reports(&service, &token, "event=completed").status,
        200
    );
    assert_eq!(
        known_hosts(&service),
        format!("r220a {}\n", public_in(&answer))
    );
    // The next one gets another.
    let (_, public) = install(&service);
    assert_ne!(public, public_in(&answer));
}

#[test]
fn nobody_else_sees_it() {
    let service = service();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    let private = written(&R220A.answer_file(&service, &token).text());
    let secret = private.lines().nth(3).expect("several lines").to_owned();
    for words in [
        &["render", "r220a"][..],
        &["status", "r220a", "--json"],
        &["check", "r220a"],
        &["explain", "r220a"],
    ] {
        let output = service.kickstand(words);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!said.contains(&secret), "{words:?}");
    }
    assert!(!service.log().contains(&secret));
    assert_eq!(R220A.claims(&service, &token, "run-1"), 200);
    let kept = fs::read_to_string(service.path("etc/kickstand/served/r220a")).expect("kept");
    assert!(!kept.contains(&secret));
}

#[test]
fn it_can_be_switched_off() {
    let off = CONFIG.replace(
        "option port 'PORT'",
        "option port 'PORT'\n\toption ssh_host_keys '0'",
    );
    let service = service_with(&off);
    arm(&service, "r220a");
    let token = R220A.token(&service);
    assert!(
        !R220A
            .answer_file(&service, &token)
            .text()
            .contains("ssh_host_ed25519_key")
    );
    assert!(!state(&service).contains("seed"));
}
