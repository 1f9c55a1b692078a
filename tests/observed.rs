//! What hotplug scripts report over ubus: it shows, it is bounded, and it decides nothing.

mod service_support;
mod ubus_support;

use kickstand_lab::service::Service;
use serde_json::{Value, json};
use service_support::{R220A, STRANGER, arm, service, status};
use ubus_support::asking::ask;

/// Kind, text and count of each event of a host.
fn events(service: &Service, host: &str) -> Vec<(String, String, u64)> {
    let reply = ask(service, "host", json!({"name": host}));
    let word = |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
    let entry = |event: &Value| {
        let times = event["times"].as_u64().unwrap_or_default();
        (word(event, "kind"), word(event, "text"), times)
    };
    let events = reply["events"].as_array().into_iter().flatten();
    events.map(entry).collect()
}

fn lease(service: &Service, action: &str, card: &str, class: &str) -> String {
    let report = json!({
        "kind": "dhcp", "action": action, "mac": card, "address": "127.0.0.11", "hostname": "db",
        "vendor_class": class,
    });
    ask(service, "report", report)["done"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn the_way_to_the_first_question_shows() {
    let service = service();
    assert_eq!(
        lease(
            &service,
            "add",
            R220A.card,
            "PXEClient:Arch:00007:UNDI:003016"
        ),
        "noted"
    );
    let fetched = json!({"kind": "tftp", "address": "127.0.0.11", "file": "/srv/tftp/x/snponly.efi", "size": "300000"});
    ask(&service, "report", fetched);
    assert_eq!(lease(&service, "update", R220A.card, ""), "noted");
    let due = [
        (
            "dhcp",
            "got the address 127.0.0.11 from DHCP to boot from the network (architecture 7)",
        ),
        ("tftp", "fetched x/snponly.efi by TFTP, 300000 bytes"),
        ("dhcp", "got the address 127.0.0.11 from DHCP as 'db'"),
    ];
    let due = due.map(|(kind, text)| (kind.to_owned(), text.to_owned(), 1));
    assert_eq!(events(&service, "r220a"), due);
}

#[test]
fn a_lease_that_is_renewed_for_weeks_is_one_event_and_not_the_last() {
    let service = service();
    lease(&service, "add", R220A.card, "");
    arm(&service, "r220a");
    for _ in 0..1000 {
        assert_eq!(lease(&service, "update", R220A.card, ""), "counted");
    }
    let counts: Vec<u64> = events(&service, "r220a")
        .iter()
        .map(|event| event.2)
        .collect();
    assert_eq!(counts, [1001, 1]);
    assert_eq!(status(&service, "r220a")["last"], "was armed by the user");
}

#[test]
fn what_is_observed_changes_no_phase_and_makes_nobody_known() {
    let service = service();
    arm(&service, "r220a");
    lease(&service, "add", R220A.card, "PXEClient");
    let fetched = json!({"kind": "tftp", "address": "127.0.0.66", "file": "/srv/tftp/ipxe.efi"});
    assert_eq!(ask(&service, "report", fetched)["done"], "noted");
    assert_eq!(status(&service, "r220a")["phase"], "armed");
    assert_eq!(ask(&service, "status", json!({}))["unknown"], json!([]));
}

#[test]
fn the_telephones_of_the_house_are_not_noted() {
    let service = service();
    let done = lease(&service, "add", STRANGER.card, "android-dhcp-14");
    assert!(done.starts_with("not noted"), "{done}");
    assert_eq!(
        lease(&service, "add", STRANGER.card, "HTTPClient:Arch:00016"),
        "noted"
    );
    assert!(service.log().contains(&format!(
        "{}: got the address 127.0.0.11 from DHCP to boot from the network (architecture 16)",
        STRANGER.card
    )));
}

#[test]
fn a_transfer_to_nobody_is_refused() {
    let service = service();
    let fetched = json!({"kind": "tftp", "address": "127.0.0.99", "file": "/srv/tftp/ipxe.efi"});
    assert_eq!(
        ask(&service, "report", fetched)["error"],
        "the router knows no machine at 127.0.0.99"
    );
}
