//! What must not be shown, in no way that text takes: tokens and password hashes that an installer puts into its own log.

mod service_support;
mod ubus_support;

use std::net::UdpSocket;
use std::time::Duration;

use kickstand_lab::process::wait_until;
use kickstand_lab::service::{ROUTER, Service};
use serde_json::json;
use service_support::{R220A, arm, config_with, phase, service_with, status};
use ubus_support::asking::ask;

const LIMIT: Duration = Duration::from_secs(20);
const HASH: &str = "$6$saltsaltsalt$0123456789abcdefghijklmnopqrstuvwxyz./";

/// Everything that anybody is shown, but the machine itself.
fn shown(service: &Service) -> String {
    let output = |words: &[&str]| {
        let output = service.kickstand(words);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    [
        ask(service, "host", json!({"name": "r220a"})).to_string(),
        output(&["status", "--json"]),
        output(&["status", "r220a"]),
        output(&["explain", "r220a"]),
        output(&["render", "r220a", "ipxe"]),
        R220A.get(service, "/metrics").text(),
        service.log(),
    ]
    .join("\n")
}

fn service() -> Service {
    let account = format!("\toption password_hash '{HASH}'");
    service_with(&config_with("config account 'kenneth'", &account))
}

/// As the kernel and Anaconda write them.
fn lines(token: &str) -> [String; 3] {
    [
        format!("Command line: initrd=x inst.ks=http://10.33.1.1/ks/x?token={token} inst.cmdline"),
        format!("rootpw --iscrypted {HASH}"),
        format!("joined: 3d{token}0, cut here: token={}", &token[..30]),
    ]
}

#[test]
fn what_an_installer_reports_is_shown_without_its_token_and_without_hashes() {
    let service = service();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    assert_eq!(R220A.claims(&service, &token, "run-1"), 200);
    let said = lines(&token)
        .join("%0a")
        .replace('?', "%3f")
        .replace('=', "%3d")
        .replace(' ', "+");
    R220A.reports(
        &service,
        &token,
        &format!("event=progress&percent=7&text={said}"),
    );
    let failed = format!("event=failed&reason={said}&log={said}");
    assert_eq!(R220A.reports(&service, &token, &failed).status, 200);
    assert_eq!(phase(&service, "r220a"), "failed");
    let shown = shown(&service);
    assert!(
        shown.contains("inst.ks=http://10.33.1.1/ks/x?token=TOKEN inst.cmdline"),
        "{shown}"
    );
    for secret in [token.as_str(), &token[..30], HASH] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn what_an_installer_logs_is_shown_without_its_token_and_without_hashes() {
    let service = service();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    assert_eq!(R220A.claims(&service, &token, "run-1"), 200);
    let socket = UdpSocket::bind((R220A.address, 0)).expect("the loopback has that address");
    for line in lines(&token) {
        // The line itself is cut at some 240 characters.
        for blanks in [0, 200] {
            let line = format!("<6>kernel: {}{line}", " x".repeat(blanks / 2));
            socket
                .send_to(line.as_bytes(), (ROUTER, service.syslog_port()))
                .expect("is sent");
        }
    }
    // What comes last is a step, by which the rest is known to be read.
    let step = "<142>Nov 23 03:40:01 r220a anaconda[1775]: anaconda: packaging: Downloading packages to /x.";
    socket
        .send_to(step.as_bytes(), (ROUTER, service.syslog_port()))
        .expect("is sent");
    let is_read = || status(&service, "r220a")["step"] == "downloads packages";
    assert!(wait_until(LIMIT, is_read), "{}", service.log());
    // The log is shown when the installation has ended.
    service.kickstand(&["disarm", "r220a"]);
    let shown = shown(&service);
    assert!(
        shown.contains("?token=TOKEN") && shown.contains("cut here"),
        "{shown}"
    );
    for secret in [token.as_str(), &token[..16], HASH] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
