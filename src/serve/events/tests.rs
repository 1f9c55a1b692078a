//! What is kept of what happened, and what makes way.

use super::*;

fn now() -> Now {
    Now {
        router_start: "a".to_owned(),
        uptime: 1500,
        wall: None,
    }
}

fn texts(events: &Events, subject: &str) -> Vec<String> {
    let events = events.of(subject).into_iter();
    events.map(|event| event.text).collect()
}

fn install(events: &mut Events, host: &str) {
    for step in 0..OWN {
        events.add(&now(), host, "progress", format!("step {step}"));
    }
}

#[test]
fn a_repetition_is_counted_not_kept() {
    let mut events = Events::default();
    for _ in 0..10_000 {
        events.add(&now(), "a", "wait", "asked");
        events.add(&now(), "b", "wait", "asked");
    }
    let kept: Vec<_> = events.of("a").iter().map(|entry| entry.times).collect();
    assert_eq!(kept, vec![10_000]);
}

#[test]
fn what_one_host_does_for_ever_is_bounded_and_takes_nothing_from_others() {
    let mut events = Events::default();
    install(&mut events, "quiet");
    for index in 0..10_000 {
        events.add(&now(), "loud", "wait", index.to_string());
    }
    assert_eq!(events.of("loud").len(), KEPT_OF_ONE);
    let last = events.last("loud").map(|last| last.text.as_str());
    assert_eq!(last, Some("9999"));
    assert_eq!(texts(&events, "quiet").len(), OWN);
}

#[test]
fn nor_do_many_that_are_loud_together() {
    let mut events = Events::default();
    install(&mut events, "quiet");
    for index in 0..1000 {
        for host in 0..60 {
            events.add(&now(), &format!("loud{host}"), "wait", index.to_string());
        }
    }
    assert_eq!(texts(&events, "quiet").len(), OWN);
    let all: usize = events
        .hosts
        .histories
        .values()
        .map(|h| h.entries.len())
        .sum();
    assert_eq!((all, events.hosts.count), (KEPT_OF_HOSTS, KEPT_OF_HOSTS));
}

#[test]
fn with_more_hosts_than_room_the_oldest_events_go() {
    let mut events = Events::default();
    let hosts = KEPT_OF_HOSTS / OWN * 2;
    for host in 0..hosts {
        install(&mut events, &format!("h{host}"));
    }
    let last = format!("h{}", hosts - 1);
    assert_eq!(texts(&events, &last).len(), OWN);
    assert_eq!(texts(&events, "h0").len(), 0);
    assert_eq!(events.hosts.histories.len(), hosts / 2);
}

#[test]
fn machines_that_are_invented_push_out_no_hosts() {
    let mut events = Events::default();
    install(&mut events, "a");
    for index in 0..5_000 {
        events.add(&now(), &format!("52:54:00:{index:06x}"), "wait", "asked");
    }
    assert_eq!(texts(&events, "a").len(), OWN);
    assert_eq!(events.strangers.histories.len(), KEPT_OF_STRANGERS);
}

#[test]
fn one_kind_of_event_does_not_push_out_how_the_installation_went() {
    let mut events = Events::default();
    events.add(&now(), "a", "claim", "claimed");
    for index in 0..1000 {
        events.add(&now(), "a", "refused", format!("from {index}"));
    }
    events.add(&now(), "a", "completed", "installed");
    for index in 0..1000 {
        events.add(&now(), "a", "refused", format!("from {index}"));
    }
    let texts = texts(&events, "a");
    assert_eq!(texts.len(), KEPT_OF_ONE);
    assert_eq!(texts.first().map(String::as_str), Some("claimed"));
    assert!(texts.contains(&"installed".to_owned()));
}

#[test]
fn hosts_that_are_gone_are_forgotten() {
    let mut events = Events::default();
    install(&mut events, "a");
    install(&mut events, "b");
    events.keep_hosts(|name| name == "b");
    assert!(events.of("a").is_empty());
    assert_eq!((events.of("b").len(), events.hosts.count), (OWN, OWN));
}

#[test]
fn texts_are_cut_and_clean() {
    let mut events = Events::default();
    events.add(
        &now(),
        "a",
        "progress",
        format!("x\u{202e}\n{}", "y".repeat(1000)),
    );
    let text = texts(&events, "a").concat();
    assert!(text.starts_with("x  yyy"), "{text}");
    assert_eq!(text.chars().count(), TEXT);
}

#[test]
fn times_are_seconds() {
    let mut events = Events::default();
    events.add(&now(), "a", "armed", "was armed");
    let event = events.of("a").remove(0);
    assert_eq!((event.uptime, event.at), (1.5, None));
    assert_eq!(event.source, Source::User);
}
