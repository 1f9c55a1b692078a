//! What a host was given is kept without its secrets, and compared with what it would get now; and who arms itself is checked first.

mod service_support;

use std::fs;

use kickstand_lab::service::Service;
use service_support::{CONFIG, R220A, arm, config_with, phase, service, service_with, status};

const HOST: &str = "config host 'r220a'";

fn differs(service: &Service) -> (i32, String, String) {
    let output = service.kickstand(&["render", "r220a", "--diff"]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap_or(-1);
    (code, text(&output.stdout), text(&output.stderr))
}

fn install(service: &Service) -> String {
    arm(service, "r220a");
    let token = R220A.token(service);
    let answer = R220A.answer_file(service, &token);
    assert_eq!(answer.status, 200);
    assert_eq!(R220A.claims(service, &token, "run-1"), 200);
    assert_eq!(
        R220A.reports(service, &token, "&event=completed").status,
        200
    );
    token
}

#[test]
fn what_changed_since_the_last_installation_is_shown_line_by_line() {
    let service = service_with(&config_with(HOST, "\tlist var 'timezone=UTC'"));
    let (code, out, error) = differs(&service);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        error.contains("there is nothing to compare with"),
        "{error}"
    );

    install(&service);
    assert_eq!(differs(&service), (0, String::new(), String::new()));

    service.commit(&config_with(HOST, "\tlist var 'timezone=Europe/Berlin'"));
    let (code, out, _) = differs(&service);
    assert_eq!(code, 1);
    assert!(
        out.starts_with("--- as served last\n+++ as it would be now\n@@ -"),
        "{out}"
    );
    let changed: Vec<&str> = out
        .lines()
        .skip(2)
        .filter(|line| line.starts_with(['+', '-']))
        .collect();
    assert_eq!(
        changed,
        ["-timezone UTC --utc", "+timezone Europe/Berlin --utc"]
    );
}

#[test]
fn no_secret_is_kept_and_nothing_of_hosts_that_are_gone() {
    let hash = "\toption password_hash '$6$salt$nobodyknows'";
    let service = service_with(&config_with("config account 'kenneth'", hash));
    let token = install(&service);
    let kept = service.path("etc/kickstand/served/r220a");
    let text = fs::read_to_string(&kept).expect("kept");
    assert!(
        text.contains("token=TOKEN") && text.contains("HASH"),
        "{text}"
    );
    assert!(!text.contains(&token) && !text.contains("$6$"), "{text}");
    service.commit("config kickstand 'main'\n");
    status_is_read(&service);
    assert!(!kept.exists());
}

fn status_is_read(service: &Service) {
    assert!(service.kickstand(&["status"]).status.success());
}

#[test]
fn what_was_fetched_and_never_claimed_is_not_kept() {
    let service = service();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    assert_eq!(R220A.answer_file(&service, &token).status, 200);
    assert!(!service.path("etc/kickstand/served/r220a").exists());
}

#[test]
fn a_host_does_not_arm_itself_with_an_answer_file_that_has_errors() {
    let service = service_with(&CONFIG.replace(HOST, "config host 'left_out'"));
    let once = |more: &str| config_with(HOST, &format!("\toption install 'once'\n{more}"));
    service.commit(&once("\tlist var 'fstype=nosuchfs'"));
    let reply = R220A.boots(&service);
    assert_eq!(reply.status, 500, "{}", reply.text());
    let text = reply.text();
    assert!(
        text.contains("does not arm itself: its answer file has errors"),
        "{text}"
    );
    assert_eq!(phase(&service, "r220a"), "idle");
    let last = status(&service, "r220a")["last"].to_string();
    assert!(last.contains("kickstand check r220a"), "{last}");

    service.commit(&once(""));
    assert_eq!(R220A.boots(&service).status, 200);
    assert_eq!(phase(&service, "r220a"), "booting");
}
