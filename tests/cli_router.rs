//! A router that is not in order: what is missing or wrong is named, with what to do.
//!
//! Not its job: commands that are wrong themselves (`cli`).

mod cli_support;

use std::net::TcpListener;
use std::path::Path;

use cli_support::{GOOD, assert_says, on_own_port, run_on, started, stopped};
use kickstand_lab::service::ROUTER;

#[test]
fn without_ubus_or_service_it_says_what_to_start_with_code_3() {
    let mut service = stopped(GOOD);
    service.kill_broker();
    let socket = service.socket();
    let socket = socket.to_str().expect("a plain name");
    assert_says(
        &run_on(&service, &["status"]),
        3,
        &["cannot reach ubus at", socket, "is ubusd running?"],
    );
    service.start_broker();
    assert_says(
        &run_on(&service, &["status"]),
        3,
        &["the service is not running", "/etc/init.d/kickstand start"],
    );
    assert_says(
        &run_on(&service, &["arm", "r220a"]),
        3,
        &["the service is not running"],
    );
}

#[test]
fn without_a_configuration_apply_says_so_and_the_service_goes_on_without_hosts() {
    let service = stopped("");
    std::fs::remove_file(service.path("etc/config/kickstand")).expect("it was written");
    assert_says(
        &run_on(&service, &["apply"]),
        1,
        &[
            "there is no",
            "etc/config/kickstand",
            "install the package again",
        ],
    );
    let broken = stopped("config host 'a\n");
    assert_says(
        &run_on(&broken, &["apply"]),
        1,
        &["etc/config/kickstand, line 1"],
    );
}

#[test]
fn a_broken_configuration_is_told_by_status() {
    let service = started(GOOD);
    service.commit("config host 'a\n");
    let said = run_on(&service, &["status"]);
    assert_eq!(said.code, 0);
    assert!(
        said.out.contains("line 1") && said.out.contains("the last good settings are in use"),
        "{said:?}"
    );
    assert!(
        said.out.contains("r220a"),
        "the hosts are still there: {said:?}"
    );
}

#[test]
fn a_port_that_is_taken_is_named_with_the_option_to_change() {
    let service = stopped(GOOD);
    let taken = TcpListener::bind((ROUTER, service.port())).expect("the port is free");
    assert_says(
        &run_on(&service, &["serve"]),
        1,
        &[
            &format!("port {} of {ROUTER} is in use", service.port()),
            "kickstand.main.port",
        ],
    );
    drop(taken);
}

#[test]
fn a_service_that_is_switched_off_serves_nothing_and_ends_well() {
    let service = stopped(&GOOD.replace(
        "option interface 'lan'",
        "option interface 'lan'\n\toption enabled '0'",
    ));
    let said = run_on(&service, &["serve"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.error.contains("kickstand.main.enabled is 0"),
        "{said:?}"
    );
}

#[test]
fn faults_name_section_option_value_and_what_is_allowed_all_at_once() {
    let config = GOOD.to_owned()
        + "config host 'twin'\n\tlist mac 'b8:ca:3a:00:00:01'\n\toption profile 'almalinux9'\n\
           config host 'lost'\n\tlist mac '52:54:00:00:00:02'\n\toption profile 'almalinux99'\n\
           config host 'typo'\n\tlist mac 'zz:54:00:00:00:03'\n\toption profile 'almalinux9'\n\toption adress '1'\n\
           config host 'fine'\n\tlist mac '52:54:00:00:00:04'\n\toption profile 'almalinux9'\n";
    let service = started(&config);
    let said = run_on(&service, &["status"]);
    for part in [
        "host 'twin', option mac 'b8:ca:3a:00:00:01'",
        "belongs to 2 hosts ('r220a', 'twin')",
        "host 'lost', option profile 'almalinux99'",
        "is no profile (there are almalinux9)",
        "host 'typo', option mac 'zz:54:00:00:00:03'",
        "must be a MAC address such as",
        "host 'typo', option adress",
        "did you mean 'address'?",
    ] {
        assert!(said.out.contains(part), "no {part:?} in:\n{}", said.out);
    }
    for disabled in ["r220a", "twin", "lost", "typo"] {
        assert_says(
            &run_on(&service, &["arm", disabled]),
            1,
            &[&format!("host '{disabled}' cannot be used"), "line"],
        );
    }
    assert_says(
        &run_on(&service, &["arm", "fine", "--window", "5"]),
        1,
        &["window must be 60 to 604800 seconds, not 5"],
    );
    assert_eq!(run_on(&service, &["arm", "fine"]).code, 0);
    // What it does not have is not shown as nothing.
    let said = run_on(&service, &["status", "typo"]);
    assert!(
        said.out
            .starts_with("typo: disabled, has faults, see below\nfault: host 'typo'"),
        "{said:?}"
    );
    assert_says(
        &run_on(&service, &["watch", "typo"]),
        1,
        &["typo is disabled: mend the faults above, then `uci commit kickstand`"],
    );
}

#[test]
fn the_configuration_that_comes_with_kickstand_has_no_fault() {
    let shipped =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("files/kickstand/etc/config/kickstand");
    let text = std::fs::read_to_string(shipped).expect("it is in the repository");
    let service = started(&text);
    let said = run_on(&service, &["status"]);
    assert!(!said.out.contains("Faults"), "{said:?}");
    // Its examples, with the hash sign taken away, have none either, but for what they leave out.
    let examples = text
        .replace("\n#config", "\nconfig")
        .replace("\n#\t", "\n\t")
        .replace("$6$…", "$6$salt$hash")
        .replace("AAAA… you", "AAAA you");
    service.commit(&on_own_port(&examples));
    let said = run_on(&service, &["status"]);
    assert!(
        said.out.contains("r220a") && !said.out.contains("Faults"),
        "{said:?}"
    );
}

#[test]
fn a_second_service_ends_at_once_and_leaves_the_first_alone() {
    let publish = "option hostname 'ztphostname'\n\toption publish '1'";
    let config = GOOD.replace("option hostname 'ztphostname'", publish);
    let service = started(&config);
    assert_eq!(run_on(&service, &["arm", "r220a"]).code, 0);
    let published = service.path("var/run/kickstand/published/kickstart-b8:ca:3a:00:00:01.cfg");
    let state = || std::fs::read(service.path("etc/kickstand/state.json")).expect("it was written");
    let before = state();
    assert_says(
        &run_on(&service, &["serve"]),
        1,
        &["kickstand is running already"],
    );
    assert!(
        published.exists() && state() == before,
        "nothing was touched"
    );
    assert!(run_on(&service, &["status"]).out.contains("armed"));
}
