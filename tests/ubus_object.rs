//! The ubus object of the running service, on a real broker: every method, whatever it is called with, and whatever becomes of
//! the broker.

mod service_support;
mod ubus_support;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use kickstand::host::ubus::{ArgumentKind, Right, call};
use kickstand::serve::object::{METHODS, OBJECT};
use kickstand_lab::process::wait_until;
use serde_json::{Value, json};
use service_support::{CONFIG, R220A, STRANGER, arm, discover_r220a, phase, service, service_with};
use ubus_support::asking::{WEBHOOK, ask, good};

const LIMIT: Duration = Duration::from_secs(20);

/// uhttpd adds the session to what LuCI sends.
#[test]
fn every_method_takes_what_it_does_not_know() {
    let service = service_with(&format!("{CONFIG}{WEBHOOK}"));
    STRANGER.boots(&service);
    discover_r220a(&service);
    for method in METHODS {
        let mut arguments = good(method.name);
        arguments["ubus_rpc_session"] = json!("0".repeat(32));
        arguments["later"] = json!({"more": [1, null]});
        let reply = ask(&service, method.name, arguments);
        assert!(reply.is_object(), "{}: {reply}", method.name);
        assert_eq!(reply.get("error"), None, "{}: {reply}", method.name);
    }
}

#[test]
fn what_has_the_wrong_type_is_refused_in_words() {
    let service = service();
    for method in METHODS {
        for (argument, kind) in method.arguments {
            for wrong in [
                json!(true),
                json!([]),
                json!(["x"]),
                json!({"x": 1}),
                json!(-7),
                json!(1.5),
            ] {
                if matches!(kind, ArgumentKind::Flag) && wrong.is_boolean() {
                    continue;
                }
                let mut arguments = good(method.name);
                arguments[*argument] = wrong;
                let reply = ask(&service, method.name, arguments.clone());
                let sentence = reply["error"].as_str().unwrap_or_default();
                let due = match kind {
                    ArgumentKind::Integer => "must be a whole number, 0 or more",
                    ArgumentKind::Flag => "must be true or false",
                    _ => "must be a text",
                };
                assert_eq!(
                    sentence,
                    format!("{argument} {due}"),
                    "{} {arguments}",
                    method.name
                );
            }
        }
    }
    assert_eq!(phase(&service, "r220a"), "idle");
}

#[test]
fn nonsense_is_answered_and_changes_nothing() {
    let service = service();
    let nonsense = [
        "y".repeat(200_000),
        "a\u{0}b".to_owned(),
        "\u{202e}".to_owned(),
        "../../etc/passwd".to_owned(),
        "'; reboot #".to_owned(),
        "-18446744073709551616".to_owned(),
    ];
    for method in METHODS {
        assert!(ask(&service, method.name, json!({})).is_object());
        for (argument, _) in method.arguments {
            for text in &nonsense {
                let mut arguments = good(method.name);
                arguments[*argument] = json!(text);
                // A NUL cannot be sent at all, which is the client's own refusal.
                let Ok(reply) = call(&service.socket(), OBJECT, method.name, &arguments) else {
                    assert!(text.contains('\0'), "{} {argument}", method.name);
                    continue;
                };
                // A text to look for, and what only describes what dnsmasq saw.
                let harmless = match method.name {
                    "status" => *argument == "filter",
                    "report" => !["kind", "mac", "address", "size"].contains(argument),
                    _ => false,
                };
                assert!(
                    harmless || reply["error"].is_string(),
                    "{} {argument}: {reply}",
                    method.name
                );
                assert!(reply.to_string().len() < 5000, "{} {argument}", method.name);
            }
        }
    }
    assert_eq!(phase(&service, "r220a"), "idle");
}

#[test]
fn methods_for_readers_change_nothing() {
    let service = service();
    arm(&service, "r220a");
    let state = || fs::read(service.path("etc/kickstand/state.json")).expect("a state");
    let before = state();
    for method in METHODS.iter().filter(|method| method.right == Right::Read) {
        ask(&service, method.name, good(method.name));
    }
    assert_eq!(state(), before);
    let changing: Vec<_> = METHODS
        .iter()
        .filter(|method| method.right == Right::Write)
        .map(|method| method.name)
        .collect();
    for due in ["arm", "disarm", "adopt", "forget", "wake"] {
        assert!(changing.contains(&due), "{due}");
    }
}

#[test]
fn arming_with_another_name_typed_arms_nothing() {
    let service =
        service_with(&CONFIG.replace("/dev/sda'", "/dev/sda'\n\toption hostname 'db.example'"));
    for typed in ["R220A", "web", "db", "\u{202e}", "", " "] {
        let reply = ask(&service, "arm", json!({"host": "r220a", "confirm": typed}));
        let sentence = reply["error"].as_str().unwrap_or_default();
        assert!(sentence.starts_with("r220a is not armed: "), "{reply}");
        assert_eq!(phase(&service, "r220a"), "idle");
    }
    for typed in ["r220a", "db.example"] {
        let reply = ask(&service, "arm", json!({"host": "r220a", "confirm": typed}));
        assert_eq!(
            (&reply["disk"], &reply["title"], &reply["hostname"]),
            (
                &json!("/dev/sda"),
                &json!("AlmaLinux 9"),
                &json!("db.example")
            ),
            "{typed}: {reply}"
        );
    }
}

#[test]
fn adopting_says_the_same_as_lines_and_in_parts() {
    let service = service();
    let reply = ask(
        &service,
        "adopt",
        json!({"mac": "52-54-00-00-00-66", "name": "rack-7", "profile": "almalinux9"}),
    );
    assert_eq!(
        reply,
        json!({
            "host": "rack_7",
            "uci": [
                "set kickstand.rack_7=host",
                "add_list kickstand.rack_7.mac='52:54:00:00:00:66'",
                "set kickstand.rack_7.profile='almalinux9'",
            ],
            "set": [
                {"section": "rack_7", "type": "host"},
                {"section": "rack_7", "type": "host", "option": "mac", "values": ["52:54:00:00:00:66"]},
                {"section": "rack_7", "type": "host", "option": "profile", "value": "almalinux9"},
            ],
        })
    );
    let long = json!({"mac": STRANGER.card, "name": "x".repeat(64), "profile": "almalinux9"});
    assert!(ask(&service, "adopt", long)["error"].is_string());
}

#[test]
fn a_template_that_cannot_be_rendered_is_told_with_its_line() {
    let service = service();
    service.tree().write(
        "www/kickstand/answers/almalinux.ks",
        "# event=claim\ntext\nlang {{ var.language }}\n",
    );
    for (method, arguments) in [
        ("render", json!({"host": "r220a"})),
        ("arm", json!({"host": "r220a"})),
    ] {
        let reply = ask(&service, method, arguments);
        assert_eq!(
            (&reply["template"], &reply["line"]),
            (&json!("almalinux.ks"), &json!(3)),
            "{reply}"
        );
        assert!(
            reply["error"]
                .to_string()
                .contains("var.language is not set"),
            "{reply}"
        );
    }
    let reply = ask(&service, "render", json!({"host": "r220a", "what": "args"}));
    assert_eq!(reply["problems"], json!([]));
}

/// No line that could be taken for another one, nothing that runs backwards.
fn assert_clean(value: &Value, path: &str) {
    match value {
        Value::String(text) => {
            let has_lines = path.ends_with("/log") || matches!(path, "render/text" | "check/text");
            let odd = |c: char| {
                let direction = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                direction || c.is_control() && !(c == '\n' && has_lines)
            };
            assert!(!text.contains(odd), "{path}: {text:?}");
        }
        Value::Array(items) => items.iter().for_each(|item| assert_clean(item, path)),
        Value::Object(members) => members
            .iter()
            .for_each(|(name, member)| assert_clean(member, &format!("{path}/{name}"))),
        _ => {}
    }
}

#[test]
fn whatever_machines_say_is_shown_as_harmless_text() {
    let service = service_with(&CONFIG.replace("'AlmaLinux 9'", "'Alma\u{202e}Linux <b>9</b>'"));
    let odd = "%3Cscript%3E%00%1b[31m%0d%0a%E2%80%AE%E2%81%A6%D8%9C%ff%C3%28x";
    let long = odd.repeat(200);
    STRANGER.get(
        &service,
        &format!("/v1/boot?mac={}&serial={odd}&product={long}", STRANGER.card),
    );
    arm(&service, "r220a");
    let query =
        format!("serial={odd}&manufacturer={long}&uuid={odd}&platform=efi&buildarch=x86_64&try=1");
    let script = R220A
        .get(&service, &format!("/v1/boot?mac={}&{query}", R220A.card))
        .text();
    let (_, rest) = script.split_once("?token=").expect("a token");
    let token = rest.split_whitespace().next().expect("a token").to_owned();
    R220A.reports(
        &service,
        &token,
        &format!("event=claim&nonce={odd}&disk={odd}"),
    );
    R220A.reports(
        &service,
        &token,
        &format!("event=progress&percent=7&text={long}"),
    );
    R220A.reports(
        &service,
        &token,
        &format!("event=failed&reason={odd}&log=first%0a{long}%0alast%0a"),
    );
    let host = ask(&service, "host", json!({"name": "r220a"}));
    assert!(
        host["note"].to_string().contains("<script>"),
        "text stays text: {host}"
    );
    let log = host["log"].as_str().expect("a log");
    assert!(
        log.starts_with("first\n<script>") && log.ends_with("\nlast\n"),
        "{log:?}"
    );
    assert_eq!(
        host["machine"]["manufacturer"]
            .as_str()
            .map(|text| text.chars().count() <= 64),
        Some(true)
    );
    for method in METHODS {
        assert_clean(&ask(&service, method.name, good(method.name)), method.name);
    }
}

#[test]
fn the_object_comes_back_after_each_restart_of_the_broker() {
    let mut service = service();
    arm(&service, "r220a");
    for _ in 0..4 {
        service.kill_broker();
        service.start_broker();
        let answers = || call(&service.socket(), OBJECT, "overview", &json!({})).is_ok();
        assert!(wait_until(LIMIT, answers), "{}", service.log());
    }
    assert_eq!(ask(&service, "overview", json!({}))["armed"], 1);
    assert_eq!(R220A.get(&service, "/boot.ipxe").status, 200);
}

#[test]
fn calls_that_are_under_way_when_the_broker_dies_end_and_harm_nothing() {
    let mut service = service();
    let socket = service.socket();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    // Most of them fail, each in its own way.
                    let _ = call(&socket, OBJECT, "status", &json!({}));
                }
            });
        }
        for _ in 0..3 {
            let answers = || call(&socket, OBJECT, "overview", &json!({})).is_ok();
            assert!(wait_until(LIMIT, answers), "{}", service.log());
            service.kill_broker();
            service.start_broker();
        }
        done.store(true, Ordering::Relaxed);
    });
    let answers = || call(&socket, OBJECT, "overview", &json!({})).is_ok();
    assert!(wait_until(LIMIT, answers), "{}", service.log());
}

/// How often the process went to sleep so far, which is as often as it was woken.
fn sleeps(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
    status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))
        .and_then(|count| count.trim().parse().ok())
        .expect("the kernel counts")
}

#[test]
fn an_idle_service_sleeps() {
    let service = service();
    // Timers of the connections that the start made are done with after that.
    arm(&service, "r220a");
    thread::sleep(Duration::from_millis(500));
    let before = sleeps(service.id());
    thread::sleep(Duration::from_secs(3));
    let woken = sleeps(service.id()) - before;
    assert!(woken <= 2, "woke up {woken} times in three seconds");
    ask(&service, "overview", json!({}));
    assert!(
        wait_until(LIMIT, || sleeps(service.id()) > before),
        "the count counts nothing"
    );
}
