//! What subscribers of the ubus object are told, and how often.

mod service_support;
mod ubus_support;

use kickstand::serve::object::OBJECT;
use kickstand_lab::service::Service;
use serde_json::{Value, json};
use service_support::{Machine, R220A, STRANGER, arm, service};
use ubus::client::UbusClient;
use ubus_support::listener::{self, Listener};

/// A subscriber. It is told of everything that happens from now on.
fn subscriber(service: &Service) -> UbusClient<Listener> {
    let mut client = listener::connect(&service.socket());
    let target = client.lookup(OBJECT).expect("the service is there");
    let own = client.add_anonymous_object().expect("an object");
    client.subscribe(own, target).expect("a subscription");
    client
}

/// The next notification of that type; others are passed over.
fn next(client: &mut UbusClient<Listener>, wanted: &str) -> Value {
    loop {
        let (event, data) = listener::notification(client);
        if event == wanted {
            return data;
        }
    }
}

fn boots(service: &Service, machine: Machine, facts: &str) {
    let card = machine.card;
    machine.get(service, &format!("/v1/boot?mac={card}&try=1&{facts}"));
}

#[test]
fn every_change_of_a_phase_is_told() {
    let service = service();
    let mut subscriber = subscriber(&service);
    arm(&service, "r220a");
    let token = R220A.token(&service);
    R220A.claims(&service, &token, "1");
    R220A.reports(&service, &token, "event=failed&reason=no%20disk%E2%80%AE");
    for (phase, note) in [
        ("armed", ""),
        ("booting", ""),
        ("installing", ""),
        ("failed", "no disk"),
    ] {
        assert_eq!(
            next(&mut subscriber, "phase"),
            json!({"host": "r220a", "phase": phase, "note": note})
        );
    }
}

/// The time that the service sees stands still, so everything of one step is within one second.
#[test]
fn events_are_told_once_a_second_for_each_host() {
    let service = service();
    let mut subscriber = subscriber(&service);
    arm(&service, "r220a");
    let token = R220A.token(&service);
    R220A.claims(&service, &token, "1");
    arm(&service, "web");
    service.set_uptime(1001);
    for step in 0..50 {
        let report = format!("event=progress&text=step%20{step}");
        R220A.reports(&service, &token, &report);
    }
    service.set_uptime(1002);
    R220A.reports(&service, &token, "event=completed");
    let told: Vec<Value> = (0..4).map(|_| next(&mut subscriber, "event")).collect();
    let short: Vec<String> = told
        .iter()
        .map(|event| {
            format!("{}: {} ({})", event["host"], event["text"], event["source"]).replace('"', "")
        })
        .collect();
    assert_eq!(
        short,
        [
            "r220a: was armed by the user (user)",
            "web: was armed by the user (user)",
            "r220a: step 0 (reported)",
            "r220a: reported that it is installed (reported)",
        ]
    );
    assert!(told[3]["number"].as_u64() > told[0]["number"].as_u64());
}

#[test]
fn new_unknown_machines_are_told_once_a_second_and_once_each() {
    let service = service();
    let mut subscriber = subscriber(&service);
    let other = |number: u8| Machine {
        card: [
            "52:54:00:00:01:01",
            "52:54:00:00:01:02",
            "52:54:00:00:01:03",
        ][usize::from(number)],
        ..STRANGER
    };
    boots(
        &service,
        STRANGER,
        "manufacturer=%3Cb%3E&product=x%0ay%E2%81%A6&serial=1",
    );
    boots(&service, other(0), "");
    boots(&service, other(1), "");
    service.set_uptime(1002);
    boots(&service, STRANGER, "manufacturer=other");
    boots(&service, other(2), "");
    let first = next(&mut subscriber, "unknown");
    assert_eq!(first["mac"], STRANGER.card);
    assert_eq!(
        (&first["manufacturer"], &first["product"]),
        (&json!("<b>"), &json!("x y"))
    );
    assert_eq!(next(&mut subscriber, "unknown")["mac"], other(2).card);
    let shown = service_support::status_of_all(&service)["unknown"].clone();
    assert_eq!(
        shown.as_array().map(Vec::len),
        Some(4),
        "all are in the list: {shown}"
    );
}
