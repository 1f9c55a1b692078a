//! What the running service makes of its configuration while that changes, and of templates and files of the user.

mod service_support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use kickstand_lab::process::wait_until;
use kickstand_lab::service::{ROUTER, Service};
use service_support::{
    BINARY, CONFIG, R220A, WEB, arm, arm_unchecked, config_with, phase, service, service_with,
    status, status_of_all,
};

const LIMIT: Duration = Duration::from_secs(20);

fn warnings(service: &Service) -> String {
    status_of_all(service)["warnings"].to_string()
}

#[test]
fn what_was_committed_counts_at_once() {
    let service = service();
    arm(&service, "r220a");
    service.commit(&CONFIG.replace("/vmlinuz", "/other-kernel"));
    assert!(
        R220A
            .boots(&service)
            .text()
            .contains("kernel http://mirror.example/9/other-kernel ")
    );
    service.commit(&CONFIG.replace(R220A.card, "b8:ca:3a:00:00:77"));
    assert!(R220A.boots(&service).text().contains("is no host yet"));
}

#[test]
fn a_broken_configuration_leaves_the_last_good_one_in_use_and_says_so() {
    let service = service();
    arm(&service, "r220a");
    for broken in [
        "config host 'r220a\n",
        "nonsense\n",
        "config host\n\toption\n",
    ] {
        service.commit(broken);
        assert!(
            R220A
                .get(&service, &format!("/v1/boot?mac={}&try=2", R220A.card))
                .text()
                .contains("\nkernel ")
        );
        assert!(
            warnings(&service).contains("the last good settings are in use"),
            "{}",
            warnings(&service)
        );
    }
    fs::remove_file(service.path("etc/config/kickstand")).expect("it was there");
    for _ in 0..20 {
        R220A.get(&service, "/boot.ipxe");
    }
    assert_eq!(
        service.log().matches("there is no ").count(),
        1,
        "{}",
        service.log()
    );
    service.commit(CONFIG);
    assert_eq!(warnings(&service), "[]");
    assert_eq!(phase(&service, "r220a"), "booting");
}

#[test]
fn a_host_with_faults_is_disabled_and_others_work() {
    let service = service();
    arm(&service, "web");
    service.commit(&CONFIG.replace("option disk '/dev/vda'", "option disk 'sda; reboot'"));
    assert_eq!(phase(&service, "web"), "disabled");
    assert!(
        status(&service, "web")["faults"]
            .to_string()
            .contains("option disk 'sda; reboot'")
    );
    assert!(
        WEB.boots(&service)
            .text()
            .contains("has faults in its configuration")
    );
    arm(&service, "r220a");
    assert!(R220A.is_installed_by(&service));
    let refused = service.kickstand(&["arm", "web"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("host 'web' cannot be used"));
    assert!(
        service.kickstand(&["disarm", "web"]).status.success(),
        "it was armed before"
    );
}

#[test]
fn two_hosts_with_one_card_are_both_disabled() {
    let service = service_with(&CONFIG.replace(WEB.card, R220A.card));
    for host in ["r220a", "web"] {
        assert_eq!(phase(&service, host), "disabled");
        assert!(
            status(&service, host)["faults"]
                .to_string()
                .contains("belongs to 2 hosts ('r220a', 'web')")
        );
    }
    assert!(!R220A.is_installed_by(&service));
}

#[test]
fn a_host_that_was_taken_out_and_put_back_is_not_armed() {
    let service = service();
    arm(&service, "web");
    let token = WEB.token(&service);
    service.commit(&CONFIG.replace("config host 'web'", "config host 'renamed'"));
    assert_eq!(WEB.claims(&service, &token, "1"), 403);
    service.commit(CONFIG);
    assert_eq!(WEB.claims(&service, &token, "1"), 403);
    assert_eq!(phase(&service, "web"), "idle");
}

#[test]
fn a_fault_in_a_template_names_variable_and_line_and_is_never_404() {
    let service = service();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    service.tree().write(
        "www/kickstand/answers/almalinux.ks",
        "text\nlang {{ var.language }}\n",
    );
    let sentence = "r220a: almalinux.ks, line 2: var.language is not set: add `list var 'language=…'` to the host or its profile\n";
    let answer = R220A.answer_file(&service, &token);
    assert_eq!((answer.status, answer.text().as_str()), (500, sentence));
    let script = R220A.boots(&service);
    assert_eq!((script.status, script.text().as_str()), (500, sentence));
    assert_eq!(
        status(&service, "r220a")["starts"],
        1,
        "what could not be rendered was no start"
    );
    let output = service.kickstand(&["arm", "web"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("web is not armed, its installation would fail: almalinux.ks, line 2"),
        "{said}"
    );
    fs::remove_file(service.path("www/kickstand/answers/almalinux.ks")).expect("it was there");
    assert_eq!(R220A.answer_file(&service, &token).status, 200);
}

#[test]
fn the_users_own_file_is_served_as_it_is_and_handing_it_out_is_the_claim() {
    let service = service();
    let own = "text\n# {{ not a template }}\n";
    service
        .tree()
        .write(&format!("www/kickstand/kickstart-{}.cfg", R220A.card), own);
    let armed = service.kickstand(&["arm", "r220a", "--force"]);
    assert!(
        String::from_utf8_lossy(&armed.stdout).contains("does not claim"),
        "{armed:?}"
    );
    let token = R220A.token(&service);
    let target = format!("/kickstart-{}.cfg?token={token}", R220A.card);
    assert_eq!(R220A.get(&service, &target).text(), own);
    assert_eq!(phase(&service, "r220a"), "installing");
    assert_eq!(
        R220A.get(&service, &target).text(),
        own,
        "curl may ask again"
    );
    assert!(!R220A.is_installed_by(&service), "it booted again");
    assert_eq!(R220A.get(&service, &target).status, 403);
}

fn published(service: &Service) -> PathBuf {
    service.path(format!(
        "var/run/kickstand/published/kickstart-{}.cfg",
        WEB.card
    ))
}

fn publishing() -> String {
    config_with("config host 'web'", "\toption publish '1'")
}

fn is_open(service: &Service) -> bool {
    let told = status(service, "web")["open"].clone();
    let mode = fs::metadata(published(service)).map(|file| file.permissions().mode() & 0o777);
    let open = mode.as_ref().is_ok_and(|mode| *mode == 0o644);
    assert_eq!(open, mode.is_ok(), "mode 0644 or not there");
    assert_eq!(told, open, "status tells");
    open
}

#[test]
fn a_published_file_is_open_while_the_host_is_armed_and_only_then() {
    let mut service = service_with(&publishing());
    assert!(!is_open(&service));
    arm(&service, "web");
    assert!(is_open(&service));
    let text = fs::read_to_string(published(&service)).expect("it is open");
    let (_, rest) = text
        .split_once("--data-urlencode token=")
        .expect("it claims");
    let token = rest.split_whitespace().next().expect("a token").to_owned();
    service.crash();
    assert!(is_open(&service), "after a crash");
    assert_eq!(WEB.claims(&service, &token, "1"), 200);
    assert!(!is_open(&service), "after the claim");

    WEB.reports(&service, &token, "event=completed");
    arm(&service, "web");
    assert!(is_open(&service));
    assert!(service.kickstand(&["disarm", "web"]).status.success());
    assert!(!is_open(&service), "after it was disarmed");

    arm(&service, "web");
    service.set_uptime(1000 + 7201);
    assert_eq!(phase(&service, "web"), "expired");
    assert!(!is_open(&service), "after the window");

    arm(&service, "web");
    service.commit(CONFIG);
    assert!(!is_open(&service), "after publish was taken out");
    service.commit(&publishing());
    assert!(is_open(&service));
    service.commit(&publishing().replace(WEB.card, "52:54:00:00:00:77"));
    assert!(!is_open(&service), "another card than it was armed with");
    let other = service.path("var/run/kickstand/published/kickstart-52:54:00:00:00:77.cfg");
    assert!(!other.exists());
    service.kill();
    fs::create_dir_all(service.path("var/run/kickstand/published/in the way")).expect("a folder");
    service
        .tree()
        .write("var/run/kickstand/published/kickstart-x.cfg", "left over");
    service.start();
    assert!(
        !service
            .path("var/run/kickstand/published/kickstart-x.cfg")
            .exists(),
        "whatever else is in the way"
    );
}

#[test]
fn what_happens_to_one_host_leaves_the_files_of_others_as_they_are() {
    let both = publishing().replace(
        "config host 'r220a'",
        "config host 'r220a'\n\toption publish '1'",
    );
    let service = service_with(&both);
    let other = service.path(format!(
        "var/run/kickstand/published/kickstart-{}.cfg",
        R220A.card
    ));
    arm(&service, "r220a");
    arm(&service, "web");
    assert!(is_open(&service) && other.exists());
    let token = WEB.token(&service);
    assert_eq!(WEB.claims(&service, &token, "1"), 200);
    assert!(!is_open(&service) && other.exists());
    WEB.reports(&service, &token, "event=completed");
    assert!(!is_open(&service) && other.exists());
    assert!(service.kickstand(&["disarm", "r220a"]).status.success());
    assert!(!other.exists());
    assert_eq!(warnings(&service), "[]");
}

#[test]
fn a_file_that_does_not_claim_is_not_published() {
    let service = service_with(&publishing());
    service.tree().write(
        &format!("www/kickstand/kickstart-{}.cfg", WEB.card),
        "text\n",
    );
    arm_unchecked(&service, "web");
    assert!(!is_open(&service));
    assert!(
        warnings(&service).contains("does not claim, so it is not published"),
        "{}",
        warnings(&service)
    );
}

#[test]
fn a_reload_moves_the_service_to_another_port() {
    let mut service = service();
    let old = service.port();
    service.take_port();
    service.commit(CONFIG);
    assert!(R220A.get_at(old).is_some(), "until it is told to");
    service.signal("HUP");
    let moved = || {
        service.get(ROUTER, "/boot.ipxe").is_ok_and(|reply| {
            reply
                .text()
                .contains(&format!(":{}/v1/boot", service.port()))
        })
    };
    assert!(wait_until(LIMIT, moved), "{}", service.log());
    assert!(R220A.get_at(old).is_none(), "nobody is left there");
}

#[test]
fn a_reload_moves_the_service_to_another_address() {
    let service = service();
    service.tree().write(
        "etc/config/network",
        "config interface 'lan'\n\toption ipaddr '127.0.0.2'\n\toption netmask '255.0.0.0'\n",
    );
    service.signal("HUP");
    let url = format!("http://127.0.0.2:{}", service.port());
    assert!(
        wait_until(LIMIT, || status_of_all(&service)["url"] == url),
        "{}",
        service.log()
    );
}

#[test]
fn the_service_waits_for_an_address_and_then_serves() {
    let mut service = Service::stopped(BINARY, CONFIG);
    let network = service.path("etc/config/network");
    let good = fs::read(&network).expect("the harness wrote it");
    fs::write(&network, "config interface 'wan'\n").expect("it is there");
    service.spawn();
    let waits = || service.log().contains("has no interface 'lan'");
    assert!(wait_until(LIMIT, waits), "{}", service.log());
    assert!(warnings(&service).contains("set kickstand.main.interface to one of: wan"));
    fs::write(&network, good).expect("it is there");
    assert!(
        wait_until(LIMIT, || service.get(ROUTER, "/healthz").is_ok()),
        "{}",
        service.log()
    );
    assert_eq!(warnings(&service), "[]");
}
