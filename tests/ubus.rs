//! Our client and our provider against a real broker.

use std::fs;
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::{Duration, Instant};

use kickstand::host::ubus::CallError;
use kickstand_lab::process::wait_until;
use serde_json::{Value, json};

mod ubus_support;
use ubus_support::fake::FakeBroker;
use ubus_support::listener;
use ubus_support::place::{LIMIT, OBJECT, Place, log_lines, warnings_about};

#[test]
fn a_call_goes_there_and_back() {
    let place = Place::new();
    let _broker = place.broker();
    let _provider = place.provider();
    place.wait_for_provider();

    let nested = (0..20).fold(
        json!([null, true, -1, 2.5, "ä\n'\""]),
        |inner, level| json!({format!("level {level}"): [inner, {"": {}}], "big": i64::MAX}),
    );
    assert_eq!(place.call("echo", nested.clone()).expect("echo"), nested);

    let wide: Value = (0..5000)
        .map(|n| (format!("key {n}"), json!([n, {"n": n}])))
        .collect::<serde_json::Map<_, _>>()
        .into();
    assert_eq!(place.call("echo", wide.clone()).expect("echo"), wide);

    let arguments = json!({"host": "r220a", "ubus_rpc_session": "0".repeat(32)});
    assert_eq!(
        place.call("arm", arguments.clone()).expect("arm"),
        json!({"method": "arm", "arguments": arguments})
    );
}

#[test]
fn what_is_not_there_is_told_apart() {
    let place = Place::new();
    let missing = place.call("echo", json!({}));
    assert!(
        matches!(&missing, Err(CallError::NotReachable { path, .. }) if *path == place.socket()),
        "{missing:?}"
    );
    let _broker = place.broker();
    let nobody = place.call("echo", json!({}));
    assert!(
        matches!(&nobody, Err(CallError::NoObject { name }) if name == OBJECT),
        "{nobody:?}"
    );
    let _provider = place.provider();
    place.wait_for_provider();
    let method = place.call("no such method", json!({}));
    assert!(
        matches!(method, Err(CallError::NoMethod { .. })),
        "{method:?}"
    );
    for arguments in [json!([]), json!("text"), json!(1), json!(null)] {
        let refused = place.call("echo", arguments);
        assert!(
            matches!(refused, Err(CallError::Arguments(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn a_broker_that_says_nothing_is_given_up_on() {
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).expect("a socket");
    let start = Instant::now();
    let silent = place.call("echo", json!({}));
    assert!(matches!(silent, Err(CallError::TimedOut)), "{silent:?}");
    assert!(start.elapsed() < Duration::from_secs(8));
    drop(listener);
    let closed = place.call("echo", json!({}));
    assert!(
        matches!(closed, Err(CallError::NotReachable { .. })),
        "{closed:?}"
    );
}

#[test]
fn replies_may_have_a_megabyte_and_no_more() {
    let place = Place::new();
    let _broker = place.broker();
    let _provider = place.provider();
    place.wait_for_provider();
    let large = place
        .call("fill", json!({"bytes": 1_040_000}))
        .expect("fits");
    assert_eq!(large["text"].as_str().map(str::len), Some(1_040_000));
    for bytes in [1_048_576, 20_000_000] {
        let answer = place
            .call("fill", json!({"bytes": bytes}))
            .expect("answers");
        assert_eq!(answer["code"], "unsendable", "{answer}");
    }
    let request = json!({"text": "y".repeat(1_000_000)});
    assert_eq!(place.call("echo", request.clone()).expect("fits"), request);
    let refused = place.call("echo", json!({"text": "y".repeat(2_000_000)}));
    assert!(
        matches!(refused, Err(CallError::Arguments(_))),
        "{refused:?}"
    );
    assert!(place.echoes(), "the provider is still there");
}

#[test]
fn a_caller_that_takes_no_replies_does_not_fill_the_memory() {
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).expect("a socket");
    let _provider = place.provider();
    let mut broker = FakeBroker::accept(&listener);
    broker.accept_registration();
    // The provider stops to read when its replies are not taken, so at some point nothing can be sent any more.
    let mut sent = 0;
    while broker.try_call(
        "fill",
        &json!({"bytes": 1_000_000, "padding": "x".repeat(50_000)}),
    ) {
        sent += 1;
        assert!(sent < 100, "the provider reads on and on");
    }
    // Then all of them are answered. The last call went out in part only, and is not among them.
    for _ in 0..sent {
        assert!(broker.read_reply() > 1_000_000);
    }
}

#[test]
fn clients_do_not_get_each_others_answers() {
    let place = Place::new();
    let _broker = place.broker();
    let _provider = place.provider();
    place.wait_for_provider();
    thread::scope(|scope| {
        for client in 0..4 {
            let place = &place;
            scope.spawn(move || {
                for round in 0..50 {
                    let padding = "z".repeat(round * 4000);
                    let message = json!({"client": client, "round": round, "padding": padding});
                    assert_eq!(place.call("echo", message.clone()).expect("echo"), message);
                }
            });
        }
    });
}

#[test]
fn the_provider_outlives_the_broker() {
    let place = Place::new();
    // It may well be started first.
    let provider = place.provider();
    assert!(wait_until(LIMIT, || warnings_about(&place.socket()).len() == 1));
    let broker = place.broker();
    place.wait_for_provider();
    drop(broker);
    let _ = fs::remove_file(place.socket());
    assert!(wait_until(LIMIT, || warnings_about(&place.socket()).len() == 2));
    // Long enough for several attempts: they are not logged.
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(
        warnings_about(&place.socket()).len(),
        2,
        "once per outage: {:?}",
        warnings_about(&place.socket())
    );
    let _broker = place.broker();
    place.wait_for_provider();
    drop(provider);
}

#[test]
fn a_refused_registration_is_reported_in_words_and_tried_again() {
    let place = Place::new();
    // The real broker refuses nothing to root, so one of our own does, in the way that OpenWrt's does.
    let listener = UnixListener::bind(place.socket()).expect("a socket");
    let _provider = place.provider();
    for _ in 0..3 {
        FakeBroker::accept(&listener).refuse_registration();
    }
    drop(listener);
    let _ = fs::remove_file(place.socket());
    let mut refusals = log_lines();
    refusals.retain(|line| line.contains("refused"));
    assert_eq!(
        refusals,
        [
            "WARN: ubusd refused to register 'kickstand-test' (status 2): is /usr/share/acl.d/kickstand-test.json there and \
             ubusd reloaded, and does no other process provide 'kickstand-test'?"
        ]
    );
    let _broker = place.broker();
    place.wait_for_provider();
}

#[test]
fn an_idle_provider_sleeps() {
    let place = Place::new();
    let _broker = place.broker();
    let provider = place.provider();
    place.wait_for_provider();
    thread::sleep(Duration::from_millis(300));
    let before = provider.sleeps();
    thread::sleep(Duration::from_secs(2));
    let woken = provider.sleeps() - before;
    assert!(woken <= 1, "woke up {woken} times in two seconds");
    place.call("echo", json!({})).expect("still answers");
    // The kernel counts a sleep when it begins.
    let counts = wait_until(LIMIT, || provider.sleeps() > before);
    assert!(counts, "the count counts nothing");
}

#[test]
fn the_signature_names_the_arguments() {
    let place = Place::new();
    let _broker = place.broker();
    let _provider = place.provider();
    place.wait_for_provider();
    let mut client = listener::connect(&place.socket());
    let found = client.lookup_objects(Some(OBJECT)).expect("lookup");
    let signature = ubus::json::blobmsg_to_json(&found[0].signature).expect("a table");
    // Numbers as in libubox' blobmsg.h: 1 array, 2 table, 3 string, 5 int32, 7 int8 for a boolean.
    assert_eq!(
        signature,
        json!({
            "echo": {},
            "fill": {"bytes": 5},
            "arm": {"host": 3, "window": 5, "force": 7, "names": 1, "options": 2},
        })
    );
}

#[test]
fn subscribers_are_told() {
    let place = Place::new();
    let _broker = place.broker();
    let provider = place.provider();
    place.wait_for_provider();
    let mut client = listener::connect(&place.socket());
    let target = client.lookup(OBJECT).expect("lookup");
    let own = client.add_anonymous_object().expect("object");
    client.subscribe(own, target).expect("subscribe");
    provider
        .notifier
        .notify("phase", json!({"host": "r220a", "phase": "armed"}));
    // What cannot be told harms nobody.
    provider.notifier.notify("phase", json!("no object"));
    provider.notifier.notify("phase", json!({"host": "r220b"}));
    for expected in [
        json!({"host": "r220a", "phase": "armed"}),
        json!({"host": "r220b"}),
    ] {
        let (event, data) = listener::notification(&mut client);
        assert_eq!((event.as_str(), data), ("phase", expected));
    }
    assert!(place.echoes());
}
