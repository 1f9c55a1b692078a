//! How other provisioning systems lost the course of an installation: one that never ends, ends for others, or ends by guess.
//!
//! Not its job: who may read what (`peers`); random sequences (`lifecycle`).

mod service_support;

use service_support::{R220A, STRANGER, WEB, arm, phase, service};

#[test]
fn cobbler_any_machine_of_the_lan_ends_anothers_build() {
    let service = service();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    assert_eq!(R220A.claims(&service, &token, "run-1"), 200);
    let forged = format!("/v1/boot?mac={}&try=1", R220A.card);
    assert!(
        STRANGER
            .get(&service, &forged)
            .text()
            .contains("booting from the disk")
    );
    assert_eq!(phase(&service, "r220a"), "installing");
    assert!(
        R220A
            .boots(&service)
            .text()
            .contains("booting from the disk")
    );
    assert_eq!(phase(&service, "r220a"), "failed");
}

#[test]
fn callbacks_are_replayed_out_of_order_and_sent_by_other_hosts() {
    let service = service();
    arm(&service, "r220a");
    arm(&service, "web");
    let (token, other) = (R220A.token(&service), WEB.token(&service));
    let told = |event: &str| R220A.reports(&service, &token, event).status;
    let reported = |token: &str| {
        // WEB is who it says, and its token is right for itself alone.
        let body = format!("mac={}&token={token}&event=completed", R220A.card);
        service
            .send(WEB.address, "POST", "/v1/report", &[], &body)
            .expect("answers")
            .status
    };
    assert_eq!(told("event=completed"), 403, "an end before the beginning");
    assert_eq!(phase(&service, "r220a"), "booting");
    assert_eq!(reported(&other), 403);
    assert_eq!(told("event=claim&nonce=first"), 200);
    assert_eq!((reported(&other), reported(&token)), (403, 403));
    assert_eq!(phase(&service, "r220a"), "installing");
    assert_eq!(told("event=completed"), 200);
    for late in [
        "event=claim&nonce=first",
        "event=claim&nonce=second",
        "event=failed&reason=late",
        "event=progress&percent=1",
    ] {
        assert_ne!(told(late), 200, "{late}");
        assert_eq!(phase(&service, "r220a"), "installed", "{late}");
    }
    // What was reported under one arm says nothing under the next.
    arm(&service, "r220a");
    for replayed in ["event=claim&nonce=first", "event=failed&reason=late"] {
        assert_eq!(told(replayed), 403, "{replayed}");
    }
    assert_eq!(
        told("event=completed"),
        200,
        "true of the run before, and changes nothing now"
    );
    assert_eq!(R220A.answer_file(&service, &token).status, 403);
    assert_eq!(phase(&service, "r220a"), "armed");
    assert_eq!(phase(&service, "web"), "booting");
}

#[test]
fn aegispxe_a_reported_stage_is_never_inferred_from_traffic() {
    let service = service();
    for name in ["vmlinuz", "initrd.img"] {
        service
            .tree()
            .write(&format!("www/kickstand/files/{name}"), "x");
    }
    arm(&service, "r220a");
    let token = R220A.token(&service);
    for target in [
        "/files/vmlinuz",
        "/files/initrd.img",
        "/boot.ipxe",
        "/healthz",
    ] {
        assert_eq!(R220A.get(&service, target).status, 200);
    }
    assert_eq!(R220A.answer_file(&service, &token).status, 200);
    assert_eq!(
        phase(&service, "r220a"),
        "booting",
        "it has all that it needs, and said nothing"
    );
    assert_eq!(R220A.claims(&service, &token, "run-1"), 200);
    R220A.reports(
        &service,
        &token,
        "event=progress&percent=100&text=installed%20completed",
    );
    R220A.get(&service, "/files/initrd.img");
    assert_eq!(
        phase(&service, "r220a"),
        "installing",
        "all of it done is not a report that it is"
    );
    assert!(!R220A.is_installed_by(&service));
    assert_eq!(
        phase(&service, "r220a"),
        "failed",
        "it came back from its own disk, perhaps: nobody said so"
    );
}

#[test]
fn netboot_134_cobbler_1374_2321_tink_116_a_machine_installs_for_ever() {
    let mut service = service();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    assert_eq!(R220A.claims(&service, &token, "run-1"), 200);
    assert_eq!(
        R220A.reports(&service, &token, "event=completed").status,
        200
    );
    for _ in 0..10 {
        assert!(!R220A.is_installed_by(&service));
    }
    service.crash();
    assert!(!R220A.is_installed_by(&service));
    service.restart_router();
    assert!(!R220A.is_installed_by(&service));
    assert_eq!(phase(&service, "r220a"), "installed");

    // The report of its end never comes.
    arm(&service, "web");
    let token = WEB.token(&service);
    assert_eq!(WEB.claims(&service, &token, "run-1"), 200);
    for _ in 0..10 {
        assert!(!WEB.is_installed_by(&service));
    }
    assert_eq!(phase(&service, "web"), "failed");

    // Its installer never gets as far as a claim.
    arm(&service, "web");
    let starts = (0..10).filter(|_| WEB.is_installed_by(&service)).count();
    assert_eq!(starts, 2, "option attempts");
    assert_eq!(phase(&service, "web"), "failed");
}
