//! An installation as the machine, its installer and its user see it, against the running service.

mod service_support;

use kickstand_lab::flash;
use kickstand_lab::process::wait_until;
use service_support::{
    CONFIG, R220A, STRANGER, WEB, arm, config_with, phase, service, service_with, status,
};
use std::time::Duration;

#[test]
fn one_arm_is_one_installation() {
    let service = service();
    assert!(
        R220A
            .boots(&service)
            .text()
            .contains("r220a is not armed: booting from the disk")
    );
    arm(&service, "r220a");
    assert_eq!(phase(&service, "r220a"), "armed");

    let token = R220A.token(&service);
    assert_eq!(phase(&service, "r220a"), "booting");
    let answer = R220A.answer_file(&service, &token);
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("ignoredisk --only-use=/dev/sda\n"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    assert_eq!(R220A.claims(&service, &token, "run-1"), 200);
    assert_eq!(
        R220A.claims(&service, &token, "run-1"),
        200,
        "its answer may have been lost"
    );
    assert_eq!(R220A.claims(&service, &token, "run-2"), 403, "another run");
    assert_eq!(phase(&service, "r220a"), "installing");

    assert_eq!(
        R220A
            .reports(&service, &token, "event=progress&percent=40&text=packages")
            .text(),
        "noted\n"
    );
    assert_eq!(status(&service, "r220a")["percent"], 40);
    assert_eq!(
        R220A.reports(&service, &token, "event=completed").status,
        200
    );
    assert_eq!(phase(&service, "r220a"), "installed");
    assert!(
        R220A
            .boots(&service)
            .text()
            .contains("r220a is installed: booting from the disk")
    );
    assert_eq!(R220A.claims(&service, &token, "run-1"), 403, "it is over");
    assert_eq!(R220A.answer_file(&service, &token).status, 403);
}

#[test]
fn every_step_survives_a_crash_of_the_service() {
    let mut service = service();
    arm(&service, "r220a");
    service.crash();
    assert_eq!(phase(&service, "r220a"), "armed");
    let token = R220A.token(&service);
    service.crash();
    assert_eq!(R220A.answer_file(&service, &token).status, 200);
    service.crash();
    assert_eq!(R220A.claims(&service, &token, "run-1"), 200);
    service.crash();
    assert_eq!(R220A.claims(&service, &token, "run-1"), 200);
    assert_eq!(R220A.claims(&service, &token, "run-2"), 403);
    service.crash();
    assert_eq!(
        R220A.reports(&service, &token, "event=completed").status,
        200
    );
    service.crash();
    assert_eq!(phase(&service, "r220a"), "installed");
    assert!(!R220A.is_installed_by(&service));
}

#[test]
fn a_restart_of_the_router_ends_arms_and_keeps_claims() {
    let mut service = service();
    arm(&service, "r220a");
    arm(&service, "web");
    let (first, second) = (R220A.token(&service), WEB.token(&service));
    assert_eq!(R220A.claims(&service, &first, "run-1"), 200);
    service.restart_router();
    assert_eq!(phase(&service, "web"), "expired");
    assert!(
        status(&service, "web")["note"]
            .as_str()
            .is_some_and(|note| note.contains("the router restarted"))
    );
    assert!(!WEB.is_installed_by(&service));
    assert_eq!(WEB.claims(&service, &second, "run-1"), 403);
    assert_eq!(
        R220A.reports(&service, &first, "event=completed").status,
        200
    );
    assert_eq!(phase(&service, "r220a"), "installed");
}

#[test]
fn a_window_ends() {
    let service = service();
    let output = service.kickstand(&["arm", "--window", "60", "r220a"]);
    assert!(output.status.success(), "{output:?}");
    let token = R220A.token(&service);
    service.set_uptime(1059);
    assert_eq!(R220A.answer_file(&service, &token).status, 200);
    service.set_uptime(1061);
    assert_eq!(R220A.answer_file(&service, &token).status, 403);
    assert_eq!(R220A.claims(&service, &token, "run-1"), 403);
    assert!(!R220A.is_installed_by(&service));
    assert_eq!(phase(&service, "r220a"), "expired");
}

#[test]
fn an_unknown_machine_waits_until_it_is_adopted_and_armed() {
    let service = service();
    assert!(
        STRANGER
            .get(&service, "/boot.ipxe")
            .text()
            .starts_with("#!ipxe\n")
    );
    let waits = STRANGER.boots(&service).text();
    assert!(waits.contains("/boot.ipxe || goto again"), "{waits}");
    let taken = service.kickstand(&["adopt", STRANGER.card, "almalinux9", "almalinux9"]);
    assert_eq!(
        taken.status.code(),
        Some(1),
        "a name that another section has: {taken:?}"
    );
    let adopted = service.kickstand(&["adopt", STRANGER.card, "db-1", "almalinux9"]);
    assert!(adopted.status.success(), "{adopted:?}");
    assert!(
        STRANGER
            .boots(&service)
            .text()
            .contains("db_1 is not armed")
    );
    arm(&service, "db-1");
    assert!(STRANGER.is_installed_by(&service));
    assert!(
        service.log().matches("serving at").count() == 1,
        "without a restart"
    );
}

#[test]
fn attempts_are_counted_and_repetitions_are_not() {
    let service = service();
    arm(&service, "r220a");
    let again = format!("/v1/boot?mac={}&try=2", R220A.card);
    assert!(R220A.is_installed_by(&service));
    assert!(R220A.get(&service, &again).text().contains("\nkernel "));
    assert!(R220A.is_installed_by(&service));
    assert!(R220A.get(&service, &again).text().contains("\nkernel "));
    assert!(!R220A.is_installed_by(&service));
    assert_eq!(phase(&service, "r220a"), "failed");
}

#[test]
fn once_arms_itself_for_a_blank_disk_only() {
    let new = CONFIG.replace("config host 'web'", "config host 'left_out'");
    let service = service_with(&new);
    service.commit(&config_with("config host 'web'", "\toption install 'once'"));
    let token = WEB.token(&service);
    assert_eq!(
        WEB.reports(&service, &token, "event=claim&nonce=1&blank=0")
            .status,
        403
    );
    assert_eq!(phase(&service, "web"), "failed");
    assert_eq!(
        WEB.reports(&service, &token, "event=claim&nonce=1&blank=1")
            .status,
        403
    );
    assert!(
        !WEB.is_installed_by(&service),
        "it does not arm itself again"
    );
}

#[test]
fn a_failure_is_shown_with_its_log_and_ends_the_arm() {
    let service = service();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    let said = "event=failed&log=there+is+no+disk+%1b%5b31m%0asecond+line";
    assert_eq!(R220A.reports(&service, &token, said).status, 200);
    assert_eq!(status(&service, "r220a")["note"], "there is no disk  [31m");
    let shown = service.kickstand(&["status", "r220a"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.contains("  second line\n") && !shown.contains('\u{1b}'),
        "{shown}"
    );
    assert!(!R220A.is_installed_by(&service));
}

#[test]
fn disarming_counts_between_two_questions() {
    let service = service();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    assert!(service.kickstand(&["disarm", "r220a"]).status.success());
    assert_eq!(R220A.answer_file(&service, &token).status, 403);
    assert_eq!(R220A.claims(&service, &token, "run-1"), 403);
    assert!(!R220A.is_installed_by(&service));
}

#[test]
fn nothing_is_granted_that_cannot_be_written() {
    let service = service();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    flash::block(service.tree().path());
    let reply = R220A.reports(&service, &token, "event=claim&nonce=run-1");
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(phase(&service, "r220a"), "booting");
    let warnings = service_support::status_of_all(&service)["warnings"].to_string();
    assert!(
        warnings.contains("nothing can be installed until it can be written"),
        "{warnings}"
    );
    flash::free(service.tree().path());
    assert_eq!(R220A.claims(&service, &token, "run-1"), 200);
}

#[test]
fn a_state_file_that_was_lost_or_damaged_ends_every_arm() {
    for damage in [
        None,
        Some(&b"{\"version\":1"[..]),
        Some(&[0xff, 0, 1][..]),
        Some(&b""[..]),
    ] {
        let mut service = service();
        arm(&service, "r220a");
        let token = R220A.token(&service);
        service.kill();
        match damage {
            None => std::fs::remove_file(service.path("etc/kickstand/state.json"))
                .expect("it was written"),
            Some(text) => drop(service.tree().write("etc/kickstand/state.json", text)),
        }
        service.start();
        assert_eq!(R220A.claims(&service, &token, "run-1"), 403, "{damage:?}");
        assert!(!R220A.is_installed_by(&service), "{damage:?}");
        let warnings = service_support::status_of_all(&service)["warnings"].to_string();
        assert!(warnings.contains("every arm ended with it"), "{warnings}");
        arm(&service, "r220a");
        assert!(R220A.is_installed_by(&service));
    }
}

#[test]
fn a_bios_machine_and_an_arm_machine_get_what_they_need() {
    let service = service_with(&CONFIG.replace("/vmlinuz", "/{{ arch }}/vmlinuz"));
    arm(&service, "r220a");
    arm(&service, "web");
    let bios = format!(
        "/v1/boot?mac={}&platform=pcbios&buildarch=i386&cpu=x86_64&try=1",
        R220A.card
    );
    let script = R220A.get(&service, &bios).text();
    assert!(
        script.contains("kernel http://mirror.example/9/x86_64/vmlinuz "),
        "{script}"
    );
    let token = script
        .split("?token=")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next());
    let answer = R220A.answer_file(&service, token.expect("a token")).text();
    assert!(answer.contains("part biosboot ") && !answer.contains("/boot/efi"));
    let arm64 = format!(
        "/v1/boot?mac={}&platform=efi&buildarch=arm64&try=1",
        WEB.card
    );
    let script = WEB.get(&service, &arm64).text();
    assert!(
        script.contains("kernel http://mirror.example/9/aarch64/vmlinuz "),
        "{script}"
    );
    assert!(script.contains(&format!("BOOTIF=01-{}", WEB.card.replace(':', "-"))));
}

#[test]
fn the_service_ends_on_a_signal_and_closes_what_was_open() {
    let mut service = service_with(&config_with("config host 'web'", "\toption publish '1'"));
    arm(&service, "web");
    let open = service.path(format!(
        "var/run/kickstand/published/kickstart-{}.cfg",
        WEB.card
    ));
    assert!(wait_until(Duration::from_secs(5), || open.exists()));
    service.signal("TERM");
    assert!(service.ends());
    assert!(
        !open.exists(),
        "nobody would close it at the end of the window"
    );
}

#[test]
fn a_section_that_is_broken_meanwhile_lets_an_installation_end_and_none_begin() {
    let service = service();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    service.commit(&config_with("host 'r220a'", "option leave 'nonsense'"));
    assert_eq!(
        R220A.claims(&service, &token, "run-1"),
        403,
        "nothing begins"
    );
    service.commit(CONFIG);
    assert_eq!(R220A.claims(&service, &token, "run-1"), 200);
    service.commit(&config_with("host 'r220a'", "option leave 'nonsense'"));
    assert_eq!(
        R220A.reports(&service, &token, "event=completed").status,
        200
    );
    service.commit(CONFIG);
    assert_eq!(phase(&service, "r220a"), "installed");
}
