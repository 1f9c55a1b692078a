//! Webhooks whose servers are away, slow, broken or moved: what comes again, what is given up, and that nobody waits for them.
//!
//! Pauses and the length of queues are held in `core::webhook::queue`, without a clock.

mod service_support;
mod ubus_support;
mod webhook_support;

use std::io::Write;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use service_support::{CONFIG, WEB, arm, service_with, status_of_all};
use ubus_support::asking::ask;
use webhook_support::{
    EVERYTHING, Receiver, fail, install, service_telling, waits_until, webhook, with_webhook,
};

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
