//! Failures, made on purpose, and what the running service says is wrong and what to do.
//!
//! Not its job: what each log means (tests/doctor.rs).

mod service_support;
mod ubus_support;

use std::fs;
use std::net::{SocketAddrV4, UdpSocket};
use std::time::Duration;

use kickstand_lab::process::wait_until;
use kickstand_lab::service::{ROUTER, Service};
use serde_json::json;
use service_support::{CONFIG, Machine, R220A, STRANGER, arm, discover_r220a, service, status};
use ubus_support::asking::ask;

/// Uptime of the service's router when it starts, in seconds.
const START: u64 = 1000;

/// The service's diagnosis by now: its name, and whether the command line says it too.
fn diagnosis(service: &Service) -> String {
    let found = &status(service, "r220a")["diagnosis"];
    let code = found["code"].as_str().unwrap_or_default().to_owned();
    let shown = service.kickstand(&["status", "r220a"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert_eq!(
        shown.contains("what is wrong: "),
        !code.is_empty(),
        "{shown}"
    );
    if let Some(action) = found["action"].as_str() {
        assert!(
            shown.contains(&format!("what to do: {action}\n")),
            "{shown}"
        );
        assert!(!action.contains("HOST"), "{action}");
    }
    code
}

fn armed() -> Service {
    let service = service();
    arm(&service, "r220a");
    service
}

fn lease(service: &Service, class: &str) {
    let report = json!({
        "kind": "dhcp", "action": "add", "mac": R220A.card, "address": R220A.address.to_string(),
        "vendor_class": class,
    });
    assert_eq!(ask(service, "report", report)["done"], "noted");
}

#[test]
fn one_that_never_came() {
    let service = armed();
    assert_eq!(diagnosis(&service), "");
    service.set_uptime(START + 7201);
    assert_eq!(diagnosis(&service), "never-seen");
}

/// What a look at the hardware saw says nothing about the installation before it.
#[test]
fn one_that_was_looked_at_since() {
    let service = armed();
    service.set_uptime(START + 7201);
    assert_eq!(diagnosis(&service), "never-seen");
    discover_r220a(&service);
    assert_eq!(status(&service, "r220a")["phase"], "expired");
    assert_eq!(diagnosis(&service), "");
    let told = service.kickstand(&["status", "r220a"]).stdout;
    let told = String::from_utf8_lossy(&told).into_owned();
    assert_eq!(
        told.matches("1 disk").count(),
        2,
        "in its head and once in its timeline: {told}"
    );
    for command in [&["arm", "--discover", "r220a"][..], &["disarm", "r220a"]] {
        assert!(service.kickstand(command).status.success());
    }
    assert_eq!(diagnosis(&service), "");
}

#[test]
fn one_of_a_kind_without_a_boot_file() {
    let service = armed();
    lease(&service, "PXEClient:Arch:00011:UNDI:003000");
    assert_eq!(diagnosis(&service), "no-boot-file");
    let text = status(&service, "r220a")["diagnosis"]["sentence"].to_string();
    assert!(text.contains("architecture 11"), "{text}");
}

#[test]
fn one_whose_boot_file_is_never_fetched() {
    let service = armed();
    service.tree().write("srv/tftp/snponly.efi", "iPXE");
    lease(&service, "PXEClient:Arch:00007:UNDI:003000");
    assert_eq!(diagnosis(&service), "");
    service.set_uptime(START + 61);
    assert_eq!(diagnosis(&service), "boot-file-not-fetched");
}

#[test]
fn one_whose_ipxe_never_asks() {
    let service = armed();
    let report = json!({
        "kind": "tftp", "address": R220A.address.to_string(), "file": "/srv/tftp/snponly.efi", "size": 200_000,
    });
    assert_eq!(ask(&service, "report", report)["done"], "noted");
    service.set_uptime(START + 91);
    assert_eq!(diagnosis(&service), "ipxe-never-asked");
}

#[test]
fn one_that_nobody_armed() {
    let service = service();
    R220A.boots(&service);
    assert_eq!(diagnosis(&service), "not-armed");
}

#[test]
fn one_that_asks_from_anothers_address() {
    let service = armed();
    let forged = Machine {
        address: STRANGER.address,
        card: R220A.card,
    };
    forged.boots(&service);
    assert_eq!(diagnosis(&service), "address-refused");
}

#[test]
fn one_whose_template_was_broken_meanwhile() {
    let service = armed();
    service.commit(&CONFIG.replace("option title", "option answer 'mine.ks'\n\toption title"));
    assert_eq!(R220A.boots(&service).status, 500);
    assert_eq!(diagnosis(&service), "cannot-be-rendered");
}

#[test]
fn one_whose_kernel_is_not_there() {
    let service = armed();
    R220A.token(&service);
    assert_eq!(R220A.get(&service, "/files/r220a/vmlinuz").status, 404);
    assert_eq!(diagnosis(&service), "file-missing");
}

#[test]
fn one_that_never_fetches_its_answer_file() {
    let service = armed();
    R220A.token(&service);
    service.set_uptime(START + 239);
    assert_eq!(diagnosis(&service), "");
    service.set_uptime(START + 240);
    assert_eq!(diagnosis(&service), "stuck-before-answer");
}

#[test]
fn one_that_stops_before_pre() {
    let service = armed();
    let token = R220A.token(&service);
    assert_eq!(R220A.answer_file(&service, &token).status, 200);
    service.set_uptime(START + 240);
    assert_eq!(diagnosis(&service), "stuck-before-pre");
}

fn claimed(service: &Service) -> String {
    let token = R220A.token(service);
    assert_eq!(R220A.answer_file(service, &token).status, 200);
    assert_eq!(R220A.claims(service, &token, "run-1"), 200);
    token
}

#[test]
fn one_that_waits_for_a_person() {
    let service = armed();
    claimed(&service);
    let socket = UdpSocket::bind((R220A.address, 0)).expect("the loopback has that address");
    let log = fs::read_to_string("tests/doctor/wants-input.log").expect("it is there");
    for line in log.lines().skip(1) {
        let to = SocketAddrV4::new(ROUTER, service.syslog_port());
        socket.send_to(line.as_bytes(), to).expect("is sent");
    }
    let came = || {
        let reply = ask(&service, "host", json!({"name": "r220a"}));
        reply["log"].to_string().contains("INSTALLATION SOURCE")
    };
    assert!(wait_until(Duration::from_secs(20), came));
    assert_eq!(diagnosis(&service), "");
    service.set_uptime(START + 200);
    assert_eq!(diagnosis(&service), "waits-for-input");
}

#[test]
fn one_that_fails_with_a_log() {
    let service = armed();
    let token = claimed(&service);
    let log = fs::read_to_string("tests/doctor/metadata.log").expect("it is there");
    let log = log.replace(['\n', '\'', ' ', ':'], "+");
    let log = log.replace(
        "Failed+to+download+metadata+for+repo",
        "Failed%20to%20download%20metadata%20for%20repo",
    );
    let more = format!("event=failed&reason=the+installer+stopped&log={log}");
    assert_eq!(R220A.reports(&service, &token, &more).status, 200);
    assert_eq!(diagnosis(&service), "repository-broken");
}

#[test]
fn one_that_falls_silent() {
    let service = armed();
    claimed(&service);
    service.set_uptime(START + 901);
    assert_eq!(diagnosis(&service), "silent");
}

#[test]
fn one_that_comes_back_unfinished() {
    let service = armed();
    claimed(&service);
    R220A.boots(&service);
    assert_eq!(diagnosis(&service), "came-back");
}

#[test]
fn one_that_leaves_in_circles() {
    let service = armed();
    let token = claimed(&service);
    assert_eq!(
        R220A.reports(&service, &token, "event=completed").status,
        200
    );
    R220A.boots(&service);
    assert_eq!(diagnosis(&service), "");
    R220A.boots(&service);
    R220A.boots(&service);
    assert_eq!(diagnosis(&service), "leaves-in-circles");
}
