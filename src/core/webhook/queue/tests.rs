use super::*;

fn of(id: usize, event: Happening) -> Rc<Delivery> {
    Rc::new(Delivery {
        id: id.to_string(),
        event,
        body: String::new(),
    })
}

fn delivery(id: usize) -> Rc<Delivery> {
    of(id, Happening::Test)
}

fn answered(status: u16, retry_after: Option<u64>) -> Outcome {
    Outcome::of_answer(&Answer {
        status,
        retry_after,
    })
}

fn later() -> Outcome {
    answered(503, None)
}

/// Ids and numbers of the attempts until nothing is due any more, with that outcome each, at the times that are due.
fn play(queue: &mut Queue, outcome: &Outcome) -> Vec<(u64, String, u32)> {
    let mut seen = Vec::new();
    while let Some(due) = queue.due() {
        assert!(
            due == 0 || queue.take(due - 1).is_none(),
            "not before its time"
        );
        let (sent, attempt) = queue.take(due).expect("it is due");
        assert!(queue.take(u64::MAX).is_none(), "one at a time");
        seen.push((due / 1000, sent.id.clone(), attempt));
        queue.ended(&sent.id, outcome, due);
    }
    seen
}

#[test]
fn what_strangers_cause_makes_room_for_what_happens_to_hosts() {
    let mut queue = Queue::default();
    queue.push(of(0, Happening::Discovered));
    for id in 1..=300 {
        queue.push(of(id, Happening::Unknown));
    }
    assert_eq!((queue.waiting(), queue.dropped), (MOST_WAITING, 45));
    let (first, _) = queue.take(0).expect("it is due");
    assert_eq!(first.id, "0");
}

#[test]
fn what_was_sent_to_the_old_place_goes_to_the_new_one_as_if_it_were_new() {
    let mut queue = Queue::default();
    queue.push(delivery(1));
    queue.take(0).expect("it is due");
    queue.redirect(10);
    assert_eq!(queue.due(), None, "it is under way");
    queue.sent_elsewhere("1", 20);
    assert_eq!((queue.failed, queue.last(), queue.trouble()), (0, "", None));
    assert_eq!(queue.take(20).map(|(_, attempt)| attempt), Some(1));
}

#[test]
fn deliveries_go_out_in_order() {
    let mut queue = Queue::default();
    (1..=3).for_each(|id| assert!(!queue.push(delivery(id))));
    let sent = play(&mut queue, &answered(204, None));
    let ids: Vec<&str> = sent.iter().map(|(_, id, _)| id.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3"]);
    assert_eq!((queue.delivered, queue.failed, queue.waiting()), (3, 0, 0));
    assert_eq!((queue.last(), queue.trouble()), ("it answered 204", None));
}

#[test]
fn one_that_is_not_taken_is_sent_again_after_growing_pauses_and_given_up() {
    let mut queue = Queue::default();
    queue.push(delivery(1));
    let sent = play(&mut queue, &later());
    let seconds: Vec<u64> = sent.iter().map(|(at, _, _)| *at).collect();
    assert_eq!(seconds, [0, 2, 12, 42, 162, 462, 1062, 1662]);
    assert!(sent.iter().all(|(_, id, _)| id == "1"));
    let attempts: Vec<u32> = sent.iter().map(|(_, _, attempt)| *attempt).collect();
    assert_eq!(attempts, (1..=MOST_ATTEMPTS).collect::<Vec<_>>());
    assert_eq!((queue.delivered, queue.failed, queue.waiting()), (0, 1, 0));
    assert_eq!(
        queue.trouble().as_deref(),
        Some("it answered 503 (failures in a row: 8, waiting: 0, given up: 1, dropped: 0)")
    );
    // The next one is not sent at once to a server that is known to be away.
    queue.push(delivery(2));
    assert_eq!(queue.due(), Some(1_662_000 + 600_000));
}

#[test]
fn a_server_may_ask_for_a_longer_pause_but_not_for_any() {
    for (asked, seconds) in [
        (Some(90), 90),
        (Some(7), 7),
        (Some(1), 2),
        (Some(999_999), 3600),
        (Some(u64::MAX), 3600),
        (None, 2),
    ] {
        for status in [429, 503] {
            let mut queue = Queue::default();
            queue.push(delivery(1));
            queue.take(0).expect("it is due");
            queue.ended("1", &answered(status, asked), 500);
            assert_eq!(queue.due(), Some(500 + seconds * 1000), "{asked:?}");
        }
    }
}

#[test]
fn what_will_never_be_taken_is_given_up_at_once_and_the_next_one_goes_out() {
    for (status, hint) in [
        (404, "look at option url"),
        (401, "look at option authorization"),
        (301, "leads elsewhere and is not followed"),
        (100, "look at option url"),
    ] {
        let mut queue = Queue::default();
        queue.push(delivery(1));
        queue.push(delivery(2));
        queue.take(0).expect("it is due");
        queue.ended("1", &answered(status, Some(60)), 10);
        assert_eq!((queue.failed, queue.due()), (1, Some(10)), "{status}");
        assert!(
            queue.trouble().expect("it failed").contains(hint),
            "{status}"
        );
        queue.take(10).expect("it is due");
        queue.ended("2", &answered(200, None), 20);
        assert_eq!((queue.delivered, queue.trouble()), (1, None));
    }
}

#[test]
fn a_warning_comes_with_the_third_failure_and_goes_with_the_next_success() {
    let mut queue = Queue::default();
    queue.push(delivery(1));
    for failures in 1..=4 {
        queue.take(u64::MAX / 2).expect("it is due");
        queue.ended("1", &later(), 0);
        assert_eq!(queue.trouble().is_some(), failures >= 3);
    }
    queue.take(u64::MAX / 2).expect("it is due");
    queue.ended("1", &answered(200, None), 0);
    assert_eq!(queue.trouble(), None);
}

#[test]
fn when_too_many_wait_the_oldest_goes_but_not_the_one_that_is_being_sent() {
    let mut queue = Queue::default();
    (0..MOST_WAITING).for_each(|id| assert!(!queue.push(delivery(id))));
    assert!(queue.push(delivery(1000)));
    let (first, _) = queue.take(0).expect("it is due");
    assert_eq!(first.id, "1", "0 was dropped");
    assert!(queue.push(delivery(1001)));
    assert_eq!((queue.waiting(), queue.dropped), (MOST_WAITING, 2));
    queue.ended("1", &answered(200, None), 0);
    let (next, attempt) = queue.take(0).expect("it is due");
    assert_eq!((next.id.as_str(), attempt), ("3", 1), "2 was dropped");
}

#[test]
fn a_new_address_is_tried_at_once_with_what_waits() {
    let mut queue = Queue::default();
    queue.push(delivery(1));
    for _ in 0..5 {
        queue.take(u64::MAX / 2).expect("it is due");
        queue.ended("1", &later(), 0);
    }
    queue.redirect(77);
    assert_eq!((queue.due(), queue.trouble()), (Some(77), None));
    assert_eq!(
        queue
            .take(77)
            .map(|(sent, attempt)| (sent.id.clone(), attempt)),
        Some(("1".to_owned(), 1))
    );
}

#[test]
fn what_comes_back_after_its_queue_is_gone_changes_nothing() {
    let mut queue = Queue::default();
    queue.push(delivery(2));
    queue.ended("2", &answered(200, None), 0);
    queue.take(0).expect("it is due");
    queue.ended("1", &later(), 0);
    assert_eq!((queue.delivered, queue.failed, queue.due()), (0, 0, None));
}
