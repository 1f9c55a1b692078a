//! Webhooks of the running service, told to a real server on the loopback: what comes in, what comes again, what does not.
//!
//! Pauses and the length of queues are held in `core::webhook::queue`, without a clock.

mod service_support;
mod ubus_support;
mod webhook_support;

use std::io::Write;
use std::thread;
use std::time::Duration;

use kickstand_lab::service::Service;
use serde_json::{Value, json};
use service_support::{
    CONFIG, R220A, STRANGER, WEB, arm, discover_r220a, service_with, status_of_all,
};
use ubus_support::asking::ask;
use webhook_support::{EVERYTHING, Receiver, install, waits_until, webhook, with_webhook};

fn service_telling(receiver: &Receiver, events: &str) -> Service {
    service_with(&with_webhook(
        CONFIG,
        "chat",
        &receiver.url("/hooks/abc"),
        events,
    ))
}

/// Has its installer fail, `reason` in its own words.
fn fail(service: &Service, reason: &str) {
    arm(service, "r220a");
    let token = R220A.token(service);
    assert_eq!(R220A.claims(service, &token, "run-2"), 200);
    let report = format!("event=failed&reason={reason}&log=a+line+of+the+log");
    assert_eq!(R220A.reports(service, &token, &report).status, 200);
}

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
fn what_was_not_taken_comes_again_with_the_same_id() {
    let receiver = Receiver::answering(&["500 Oh", "429 Too Many\r\nRetry-After: 1"]);
    let service = service_telling(&receiver, "");
    install(&service);
    let seen = receiver.waits_for(2);
    let waiting = waits_until(&service, "429 is known", |chat| {
        chat["last"] == "it answered 429"
    });
    assert_eq!(
        (&waiting["waiting"], &waiting["delivered"]),
        (&json!(1), &json!(0))
    );
    let id = seen[0].header("kickstand-delivery");
    assert!(!id.is_empty());
    assert_eq!(seen[1].header("kickstand-delivery"), id);
    assert_eq!(
        (&seen[0].body["attempt"], &seen[1].body["attempt"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(seen[0].body["text"], seen[1].body["text"]);
}

#[test]
fn what_will_not_be_taken_is_given_up_at_once_and_warned_of() {
    let receiver = Receiver::answering(&[
        "404 Not Found",
        "301 Moved\r\nLocation: http://127.0.0.1:1/secret",
    ]);
    let service = service_telling(&receiver, "");
    install(&service);
    let chat = waits_until(&service, "404 is known", |chat| chat["failed"] == 1);
    assert_eq!(
        (&chat["waiting"], &chat["delivered"]),
        (&json!(0), &json!(0))
    );
    let warnings = status_of_all(&service)["warnings"].to_string();
    assert!(
        warnings.contains("webhook 'chat' at http://127.0.0.1:")
            && warnings.contains("it answered 404: look at option url"),
        "{warnings}"
    );
    assert_eq!(ask(&service, "overview", json!({}))["failing_webhooks"], 1);
    fail(&service, "x");
    let chat = waits_until(&service, "301 is known", |chat| chat["failed"] == 2);
    let last = chat["last"].as_str().expect("a sentence");
    assert!(
        last.contains("it answered 301, which leads elsewhere and is not followed")
            && !last.contains("secret"),
        "{last}"
    );
    // The next one is taken, and the warning goes.
    install(&service);
    waits_until(&service, "200 is known", |chat| chat["delivered"] == 1);
    assert_eq!(status_of_all(&service)["warnings"], json!([]));
    assert_eq!(receiver.seen().len(), 3, "{:#?}", receiver.seen());
}

#[test]
fn a_server_that_never_answers_holds_nobody_up() {
    let silent = Receiver::new(|_| ());
    let endless = Receiver::new(|stream| {
        let mut stream = stream.try_clone().expect("a stream");
        thread::spawn(move || {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n");
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        });
    });
    let good = Receiver::answering(&[]);
    let mut config = with_webhook(CONFIG, "chat", &silent.url("/"), EVERYTHING);
    config = with_webhook(&config, "endless", &endless.url("/"), EVERYTHING);
    config = with_webhook(&config, "good", &good.url("/"), EVERYTHING);
    let mut service = service_with(&config);
    install(&service);
    good.waits_for(4);
    let ids = silent.waits_for(1).into_iter();
    let mut ids: Vec<Value> = ids.map(|seen| seen.body["id"].clone()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "one at a time");
    // Its body is not read to the end, so it counts as any other answer.
    endless.waits_for(4);
    arm(&service, "web");
    assert!(WEB.is_installed_by(&service));
    // Nor the end of the service.
    service.signal("TERM");
    assert!(service.ends());
}

#[test]
fn when_too_many_wait_the_oldest_are_dropped_and_counted() {
    let silent = Receiver::new(|_| ());
    let service = service_telling(&silent, "armed idle");
    for _ in 0..140 {
        for method in ["arm", "disarm"] {
            let reply = ask(&service, method, json!({"host": "r220a"}));
            assert_eq!(reply.get("error"), None, "{method}");
        }
    }
    let chat = waits_until(&service, "280 are noted", |chat| chat["dropped"] == 24);
    assert_eq!(chat["waiting"], 256);
    let log = service.log();
    assert!(
        log.contains("too many deliveries wait, 16 were dropped so far"),
        "{log}"
    );
    assert_eq!(
        log.matches("too many deliveries wait").count(),
        5,
        "1, 2, 4, 8, 16"
    );
}

#[test]
fn an_answer_that_is_no_http_is_worth_another_attempt() {
    let receiver = Receiver::new(|stream| {
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n");
        let _ = stream.shutdown(std::net::Shutdown::Both);
    });
    let service = service_telling(&receiver, "");
    install(&service);
    let chat = waits_until(&service, "it is known", |chat| !chat["last"].is_null());
    assert_eq!(chat["waiting"], 1);
    let last = chat["last"].as_str().expect("a sentence");
    assert!(
        last.starts_with("it does not answer as HTTP does"),
        "{last}"
    );
}

#[test]
fn a_changed_url_counts_for_what_waits_and_a_webhook_that_is_gone_takes_it_along() {
    // Nobody listens there any more.
    let away = Receiver::answering(&[]).url("/away");
    let config = |url: &str| with_webhook(CONFIG, "chat", url, "");
    let service = service_with(&config(&away));
    install(&service);
    waits_until(&service, "it is refused", |chat| {
        chat["last"]
            .as_str()
            .is_some_and(|last| last.contains("Connection refused"))
    });
    let receiver = Receiver::answering(&["503 Busy"]);
    service.commit(&config(&receiver.url("/here")));
    service.signal("HUP");
    let seen = receiver.waits_for(1);
    assert_eq!(
        (seen[0].body["event"].as_str(), &seen[0].body["attempt"]),
        (Some("installed"), &json!(1))
    );
    waits_until(&service, "503 is known", |chat| {
        chat["last"] == "it answered 503"
    });
    service.commit(CONFIG);
    assert_eq!(
        ask(&service, "webhooks", json!({})),
        json!({"webhooks": []})
    );
    service.commit(&config(&receiver.url("/again")));
    assert_eq!(webhook(&service, "chat")["waiting"], 0);
}

#[test]
fn a_failure_at_the_old_url_is_none_of_the_new_one() {
    let away = Receiver::new(|stream| {
        thread::sleep(Duration::from_millis(700));
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    });
    let config = |url: &str| with_webhook(CONFIG, "chat", url, "");
    let service = service_with(&config(&away.url("/away")));
    install(&service);
    away.waits_for(1);
    let receiver = Receiver::answering(&[]);
    service.commit(&config(&receiver.url("/here")));
    service.signal("HUP");
    receiver.waits_for(1);
    let chat = waits_until(&service, "it is told", |chat| chat["delivered"] == 1);
    assert_eq!(
        (&chat["failed"], &chat["trouble"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(chat["last"], "it answered 200");
}

#[test]
fn more_servers_with_names_than_are_looked_up_at_once_are_all_told() {
    let receiver = Receiver::answering(&[]);
    let url = format!("http://localhost:{}/", receiver.port());
    let mut config = CONFIG.to_owned();
    for name in ["chat", "a", "b", "c", "d"] {
        config = with_webhook(&config, name, &url, "installed");
    }
    let service = service_with(&config);
    install(&service);
    receiver.waits_for(5);
    for name in ["chat", "a", "b", "c", "d"] {
        let told = || webhook(&service, name)["delivered"] == 1;
        assert!(
            kickstand_lab::process::wait_until(Duration::from_secs(20), told),
            "{name}"
        );
    }
    assert!(
        !service.log().contains("was not looked up"),
        "{}",
        service.log()
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

#[test]
fn a_name_that_nobody_knows_is_said_and_holds_nobody_up() {
    let service = service_with(&with_webhook(
        CONFIG,
        "chat",
        "http://no-such-host.invalid/x",
        "",
    ));
    install(&service);
    let chat = waits_until(&service, "it is known", |chat| !chat["last"].is_null());
    let last = chat["last"].as_str().expect("a sentence");
    assert!(
        last.starts_with("'no-such-host.invalid' cannot be looked up ("),
        "{last}"
    );
    assert_eq!(chat["waiting"], 1);
}
