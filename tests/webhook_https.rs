//! Webhooks by https: the router's own uclient-fetch tells them.
//!
//! It is a stand-in around curl here. What the real one says to each of these cases was seen by hand (docs/verification.md).

mod service_support;
mod ubus_support;
mod webhook_support;

use serde_json::json;
use service_support::{CONFIG, service_with};
use webhook_support::tls::{Tls, install_uclient_fetch};
use webhook_support::{EVERYTHING, Receiver, install, waits_until, with_webhook};

#[test]
fn by_https_the_routers_own_program_tells_and_knows_whom_it_trusts() {
    let receiver = Receiver::answering(&["200 OK", "202 Accepted", "403 No"]);
    let tls = Tls::before(&receiver);
    let config = with_webhook(CONFIG, "chat", &tls.url("/hooks/secret-path"), "installed")
        + "\toption authorization 'Bearer secret-word'\n";
    let service = service_with(&config);
    let test = || {
        let output = service.kickstand(&["webhook", "chat", "--test"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    };
    let mut all = String::new();
    let mut says = |part: &str| {
        let text = test();
        assert!(text.contains(part), "{text}");
        all += &text;
    };
    says("install the packages uclient-fetch and ca-bundle");
    install_uclient_fetch(&service);
    says("its certificate was not accepted");
    tls.is_trusted_by(&service);
    says("webhook 'chat' took the test: it took it");
    says("took the test: it answered 202");
    says("it answered 403: look at option authorization");

    install(&service);
    let chat = waits_until(&service, "it is told", |chat| chat["delivered"] == 1);
    assert_eq!(chat["waiting"], 0);
    let seen = receiver.waits_for(4);
    let told = &seen[3];
    assert_eq!(told.line, "POST /hooks/secret-path HTTP/1.1");
    for (name, value) in [
        ("content-type", "application/json"),
        ("transfer-encoding", "chunked"),
        ("kickstand-event", "installed"),
        ("authorization", "Bearer secret-word"),
    ] {
        assert_eq!(told.header(name), value);
    }
    assert_eq!(
        (&told.body["text"], &told.body["attempt"]),
        (&json!("AlmaLinux 9 is installed on r220a"), &json!(1))
    );
    all += &service.log();
    assert!(!all.contains("secret-"), "{all}");
}

#[test]
fn a_server_behind_tls_that_does_not_end_its_answer_holds_nobody_up() {
    let silent = Receiver::new(|_| ());
    let tls = Tls::before(&silent);
    let good = Receiver::answering(&[]);
    let config = with_webhook(CONFIG, "chat", &tls.url("/"), EVERYTHING);
    let mut service = service_with(&with_webhook(&config, "good", &good.url("/"), EVERYTHING));
    install_uclient_fetch(&service);
    tls.is_trusted_by(&service);
    install(&service);
    good.waits_for(4);
    silent.waits_for(1);
    service.signal("TERM");
    assert!(service.ends());
}
