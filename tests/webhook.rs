//! Webhooks of the running service, told to a real server on the loopback: what comes in, what comes again, what does not.
//!
//! Not its job: servers that are in trouble (`webhook_trouble`), https (`webhook_https`).

mod service_support;
mod ubus_support;
mod webhook_support;

use serde_json::{Value, json};
use service_support::{CONFIG, R220A, STRANGER, arm, discover_r220a, service_with};
use webhook_support::{
    EVERYTHING, Receiver, fail, install, service_telling, waits_until, with_webhook,
};

#[test]
fn an_installation_is_told_once_for_each_phase_in_order() {
    let receiver = Receiver::answering(&[]);
    let service = service_telling(&receiver, EVERYTHING);
    install(&service);
    let seen = receiver.waits_for(4);
    assert_eq!(
        receiver.events(),
        ["armed", "booting", "installing", "installed"]
    );
    let (first, last) = (&seen[0], &seen[3]);
    assert_eq!(first.line, "POST /hooks/abc HTTP/1.1");
    for (name, value) in [
        ("content-type", "application/json"),
        (
            "user-agent",
            concat!("kickstand/", env!("CARGO_PKG_VERSION")),
        ),
        ("kickstand-event", "armed"),
        ("authorization", ""),
    ] {
        assert_eq!(first.header(name), value);
    }
    let body = &last.body;
    for (name, value) in [
        ("host", json!("r220a")),
        ("hostname", json!("r220a")),
        ("phase", json!("installed")),
        ("before", json!("installing")),
        ("profile", json!("almalinux9")),
        ("title", json!("AlmaLinux 9")),
        ("attempt", json!(1)),
        ("uptime", json!(1000.0)),
        ("time", json!(1_800_001_000)),
        ("text", json!("AlmaLinux 9 is installed on r220a")),
    ] {
        assert_eq!(body[name], value, "{name} of {body:#}");
    }
    assert_eq!(body["id"], last.header("kickstand-delivery"));
    let ids: std::collections::BTreeSet<&str> = seen
        .iter()
        .map(|seen| seen.header("kickstand-delivery"))
        .collect();
    assert_eq!(ids.len(), 4, "{ids:?}");
}

#[test]
fn by_default_what_ends_an_installation_is_told_and_nothing_else() {
    let receiver = Receiver::answering(&[]);
    let service = service_telling(&receiver, "");
    install(&service);
    fail(&service, "no+space");
    receiver.waits_for(2);
    assert_eq!(receiver.events(), ["installed", "failed"]);
}

#[test]
fn a_failure_is_told_with_its_reason_and_its_diagnosis_and_without_secrets() {
    let receiver = Receiver::answering(&[]);
    let service = service_telling(&receiver, EVERYTHING);
    arm(&service, "r220a");
    let token = R220A.token(&service);
    assert_eq!(R220A.claims(&service, &token, "run-2"), 200);
    let hash = "%246%24saltsaltsalt%240123456789abcdefghijklmnopqrstuvwxyz";
    let reason = format!("@all+No+space+left+on+device+{hash}+token%3d{token}");
    let report = format!("event=failed&reason={reason}&log=rootpw+{hash}");
    assert_eq!(R220A.reports(&service, &token, &report).status, 200);
    let seen = receiver.waits_for(4);
    let body = &seen[3].body;
    assert_eq!(body["event"], "failed");
    assert_eq!(
        body["note"],
        "@all No space left on device HASH token=TOKEN"
    );
    let status = service_support::status(&service, "r220a");
    assert!(status["diagnosis"].is_object(), "{status:#}");
    assert_eq!(body["diagnosis"], status["diagnosis"]);
    let text = body["text"].as_str().expect("a text");
    assert!(
        text.starts_with("The installation of r220a failed: all No space left"),
        "{text}"
    );
    let all = format!("{seen:?}");
    for secret in [token.as_str(), "saltsalt", "kenneth"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

#[test]
fn what_is_no_phase_is_told_too() {
    let receiver = Receiver::answering(&[]);
    let service = service_telling(&receiver, "discovered unknown installed idle");
    STRANGER.boots(&service);
    discover_r220a(&service);
    let seen = receiver.waits_for(2);
    assert_eq!(
        receiver.events(),
        ["unknown", "discovered"],
        "a look at the hardware ends in idle, and is no idle"
    );
    assert_eq!(seen[0].body["machine"]["mac"], STRANGER.card);
    assert_eq!(
        (&seen[1].body["host"], &seen[1].body["phase"]),
        (&json!("r220a"), &json!("idle"))
    );
}

#[test]
fn a_host_that_was_to_report_its_hardware_and_is_armed_to_install_is_told_as_armed_again() {
    let receiver = Receiver::answering(&[]);
    let service = service_telling(&receiver, "armed");
    let discover = service.kickstand(&["arm", "--discover", "r220a"]);
    assert!(discover.status.success(), "{discover:?}");
    arm(&service, "r220a");
    let seen = receiver.waits_for(2);
    let text = |index: usize| seen[index].body["text"].as_str().unwrap_or_default();
    assert!(text(0).contains("no disk is written"), "{}", text(0));
    assert!(!text(1).contains("no disk is written"), "{}", text(1));
}

#[test]
fn what_is_secret_is_shown_nowhere() {
    let receiver = Receiver::answering(&["401 Who"]);
    let url = receiver.url("/hooks/secret-path");
    let config =
        with_webhook(CONFIG, "chat", &url, "") + "\toption authorization 'Bearer secret-word'\n";
    let config = with_webhook(&config, "tls", "https://a/secret-path", "");
    let service = service_with(&config);
    install(&service);
    assert_eq!(
        receiver.waits_for(1)[0].header("authorization"),
        "Bearer secret-word"
    );
    waits_until(&service, "401 is known", |chat| chat["failed"] == 1);
    let said = |words: &[&str]| format!("{:?}", service.kickstand(words));
    let shown = [
        said(&["status"]),
        said(&["status", "--json"]),
        said(&["webhook"]),
        said(&["webhook", "--json"]),
        said(&["webhook", "tls", "--test"]),
        R220A.get(&service, "/v1/status").text(),
        R220A.get(&service, "/metrics").text(),
        service.log(),
    ]
    .join("\n");
    assert!(
        shown.contains("look at option authorization") && shown.contains("https needs"),
        "{shown}"
    );
    for secret in ["secret-path", "secret-word"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn the_command_lists_webhooks_and_tests_one() {
    let receiver = Receiver::answering(&["204 None", "403 No"]);
    let service = service_telling(&receiver, "failed");
    let run = |words: &[&str]| {
        let output = service.kickstand(words);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (
            output.status.code(),
            text + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (code, text) = run(&["webhook", "chat", "--test"]);
    assert_eq!(
        (code, text.as_str()),
        (Some(0), "webhook 'chat' took the test: it answered 204\n")
    );
    let test = &receiver.seen()[0].body;
    assert_eq!(
        (&test["event"], &test["webhook"]),
        (&json!("test"), &json!("chat"))
    );
    let (code, text) = run(&["webhook", "chat", "--test"]);
    assert_eq!(code, Some(1));
    assert!(
        text.contains("did not take the test: it answered 403: look at option authorization"),
        "{text}"
    );
    let (code, text) = run(&["webhook"]);
    assert_eq!(code, Some(0));
    assert!(
        text.starts_with("WEBHOOK") && text.contains("chat") && text.contains("failed"),
        "{text}"
    );
    let (code, text) = run(&["webhook", "chat", "--json"]);
    let listed: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(code, Some(0));
    // Tests count as no delivery, and their failure is nobody's trouble.
    let chat = &listed["webhooks"][0];
    assert_eq!(
        (&chat["delivered"], &chat["failed"], &chat["trouble"]),
        (&json!(0), &json!(0), &Value::Null)
    );
    assert_eq!(chat["test"]["delivered"], false);
    for (words, code, part) in [
        (
            ["webhook", "nobody", "--test"],
            1,
            "there is no webhook 'nobody' (webhooks: chat)",
        ),
        (
            ["webhook", "--test", "--json"],
            2,
            "the webhook's name is missing",
        ),
        (
            ["webhook", "nobody", "--json"],
            1,
            "there is no webhook 'nobody'",
        ),
    ] {
        let (found, text) = run(&words);
        assert_eq!(found, Some(code), "{text}");
        assert!(text.contains(part), "{text}");
    }
}
