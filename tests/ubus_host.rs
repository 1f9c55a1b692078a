//! What the ubus object tells about one host while it goes through an installation: where it is, for how long, what to do next.

mod service_support;

use serde_json::{Value, json};
use service_support::{CONFIG, R220A, arm, service, service_with};

/// A host's entry goes with it through an installation.
#[test]
fn an_entry_tells_where_a_host_is_and_what_to_do_next() {
    let service = service_with(&CONFIG.replace(
        "option disk '/dev/sda'",
        "option disk '/dev/sda'\n\toption address '192.0.2.2/24'",
    ));
    let entry = || service_support::status(&service, "r220a");
    let idle = entry();
    assert_eq!(
        (&idle["next"], &idle["can"]),
        (&json!("arm"), &json!(["arm", "wake"]))
    );
    assert_eq!(idle["address"], "192.0.2.2/24");
    for absent in [
        "arch", "last", "last_at", "started", "elapsed", "percent", "since",
    ] {
        assert_eq!(idle.get(absent), None, "{absent}");
    }
    arm(&service, "r220a");
    let armed = entry();
    assert_eq!(
        (&armed["next"], &armed["can"]),
        (&json!("wake"), &json!(["arm", "disarm", "wake"]))
    );
    assert_eq!(armed["last"], "was armed by the user");
    let token = R220A.token(&service);
    assert_eq!(
        (&entry()["next"], &entry()["arch"]),
        (&json!("disarm"), &json!("x86_64"))
    );
    assert_eq!(R220A.claims(&service, &token, "1"), 200);
    R220A.reports(&service, &token, "event=progress&percent=40&text=packages");
    service.set_uptime(1090);
    let installing = entry();
    assert_eq!(
        (&installing["next"], &installing["can"]),
        (&json!("none"), &json!(["disarm"]))
    );
    assert_eq!(
        (&installing["elapsed"], &installing["percent"]),
        (&json!(90), &json!(40))
    );
    assert_eq!(installing["started"], 1_800_001_000);
    assert_eq!(
        (&installing["last_ago"], &installing["last_at"]),
        (&json!(90), &json!(1_800_001_000))
    );
    R220A.reports(&service, &token, "event=completed");
    let installed = entry();
    assert_eq!(
        (&installed["next"], &installed["can"]),
        (&json!("none"), &json!(["arm", "wake"]))
    );
    assert_eq!(
        (installed.get("elapsed"), installed.get("percent")),
        (None, None)
    );
}

/// The clock on the wall is all that is left then.
#[test]
fn the_time_since_the_claim_outlives_a_crash_of_the_service() {
    let mut service = service();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    assert_eq!(R220A.claims(&service, &token, "1"), 200);
    service.set_uptime(1060);
    service.crash();
    assert_eq!(service_support::status(&service, "r220a")["elapsed"], 60);
}

#[test]
fn a_router_whose_clock_was_never_set_tells_spans_and_no_dates() {
    let mut service = service();
    service.kill();
    service.tree().write("proc/stat", "btime 5\n");
    service.start();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    assert_eq!(R220A.claims(&service, &token, "1"), 200);
    service.set_uptime(1030);
    R220A.reports(&service, &token, "event=progress&text=packages");
    let output = service.kickstand(&["status", "r220a", "--json"]);
    let host: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(host["elapsed"], 30);
    for absent in ["since", "started", "last_at"] {
        assert_eq!(host.get(absent), None, "{absent}");
    }
    let events = host["events"].as_array().expect("events");
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            (
                event["kind"].as_str(),
                event["uptime"].as_f64(),
                event["source"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Some("armed"), Some(1000.0), Some("user")),
            (Some("install"), Some(1000.0), Some("observed")),
            (Some("claim"), Some(1000.0), Some("reported")),
            (Some("progress"), Some(1030.0), Some("reported")),
        ]
    );
    assert!(events.iter().all(|event| event.get("at").is_none()));
}
