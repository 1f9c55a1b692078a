//! Who is asking: what must know an address before its requests are taken for a host's.

mod service_support;

use std::net::Ipv4Addr;

use kickstand_lab::service::Service;
use service_support::{Machine, R220A, STRANGER, arm, config_with, phase, service_with};

/// The machine of `r220a` behind another router: the neighbour table does not have it.
const ROUTED: Machine = Machine {
    address: Ipv4Addr::new(127, 9, 0, 11),
    card: R220A.card,
};
/// An address of the served network that somebody else has.
const OTHER: Machine = Machine {
    address: STRANGER.address,
    card: R220A.card,
};

fn verifying(verify: &str) -> Service {
    let option = format!("\toption verify '{verify}'");
    let service = service_with(&config_with("config host 'r220a'", &option));
    arm(&service, "r220a");
    service
}

/// Whether it is told to install.
fn installs(machine: &Machine, service: &Service) -> bool {
    machine.boots(service).text().contains("?token=")
}

#[test]
fn a_lease_backs_an_address_only_where_it_is_asked_for() {
    let lease = format!("1800003600 {} {} r220a *\n", R220A.card, OTHER.address);
    for (verify, backed) in [("neighbour", false), ("lease", true)] {
        let service = verifying(verify);
        assert!(
            !installs(&OTHER, &service),
            "{verify}: nothing knows it yet"
        );
        service.tree().write("tmp/dhcp.leases", &lease);
        assert_eq!(installs(&OTHER, &service), backed, "{verify}");
        assert!(
            installs(&R220A, &service),
            "{verify}: a neighbour is backed either way"
        );
    }
}

#[test]
fn token_takes_the_name_on_trust_and_the_file_for_the_token() {
    let service = verifying("token");
    let token = OTHER.token(&service);
    assert_eq!(OTHER.answer_file(&service, "").status, 403);
    assert_eq!(OTHER.answer_file(&service, &"0".repeat(32)).status, 403);
    assert_eq!(OTHER.answer_file(&service, &token).status, 200);
    assert_eq!(OTHER.claims(&service, &token, "run-1"), 200);
}

#[test]
fn none_hands_out_the_file_without_a_token_while_the_host_is_armed_and_only_then() {
    let service = verifying("none");
    let file = format!("/kickstart-{}.cfg", R220A.card);
    let answer = STRANGER.get(&service, &file);
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("event=claim"));
    // A wrong token is no missing one.
    assert_eq!(
        STRANGER.get(&service, &format!("{file}?token=x")).status,
        403
    );
    assert!(service.kickstand(&["disarm", "r220a"]).status.success());
    assert_eq!(STRANGER.get(&service, &file).status, 403);
    assert_eq!(R220A.get(&service, &file).status, 403);
}

#[test]
fn a_token_that_others_could_read_neither_claims_nor_ends_an_installation() {
    let service = verifying("neighbour");
    let token = R220A.token(&service);
    assert_eq!(OTHER.claims(&service, &token, "thief"), 403);
    assert_eq!(R220A.claims(&service, &token, "run-1"), 200);
    for event in [
        "event=completed",
        "event=failed&reason=x",
        "event=progress&percent=50",
    ] {
        assert_eq!(
            OTHER.reports(&service, &token, event).status,
            403,
            "{event}"
        );
    }
    assert_eq!(phase(&service, "r220a"), "installing");
    assert_eq!(
        R220A.reports(&service, &token, "event=completed").status,
        200
    );
}

#[test]
fn a_machine_behind_another_router_is_looked_up_by_its_lease() {
    // The loopback is one network of 2^24 addresses: what is served here is made smaller than that.
    let mut service = Service::stopped(service_support::BINARY, service_support::CONFIG);
    service.tree().write(
        "etc/config/network",
        "config interface 'lan'\n\toption ipaddr '127.0.0.1/24'\n",
    );
    service.start();
    arm(&service, "r220a");
    assert!(!installs(&ROUTED, &service));
    let lease = format!("0 {} {} * *\n", ROUTED.card, ROUTED.address);
    service.tree().write("tmp/dhcp.leases", lease);
    assert!(installs(&ROUTED, &service));
}

#[test]
fn a_host_that_allows_networks_is_heard_from_no_other() {
    for (network, heard) in [("127.0.0.0/28", true), ("127.0.0.64/26", false)] {
        let allow = format!("\tlist allow '{network}'\n\tlist allow '192.0.2.0/24'");
        let service = service_with(&config_with("config host 'r220a'", &allow));
        arm(&service, "r220a");
        assert_eq!(installs(&R220A, &service), heard, "{network}");
    }
}

#[test]
fn explain_says_the_rule() {
    for (verify, said) in [
        ("neighbour", "neighbour table"),
        ("lease", "leases"),
        ("none", "without a token"),
    ] {
        let service = verifying(verify);
        let shown = service.kickstand(&["explain", "r220a"]);
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(shown.contains(said), "{verify}: {shown}");
    }
}
