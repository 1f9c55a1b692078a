//! What the ubus object answers about many hosts, and about hosts with much to say: pages, order, and bytes.

mod service_support;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::Ipv4Addr;

use kickstand::core::answer::Router;
use kickstand::core::lifecycle::{Phase, Record};
use kickstand::core::state::State;
use kickstand::core::target::Query;
use kickstand::host::paths::Paths;
use kickstand::host::ubus::bytes;
use kickstand::serve::engine::Engine;
use kickstand_lab::scratch::Scratch;
use serde_json::{Value, json};
use service_support::{CONFIG, R220A, STRANGER, service_with};

/// What fits a message of ubus beside its envelope, in bytes (UBUS_MAX_MSGLEN of libubus, less 4 KiB).
const CARRIED: usize = 1024 * 1024 - 4096;
/// A character of four bytes, as a name in an old script may have.
const WIDE: &str = "\u{10330}";

fn engine(tree: &Scratch, config: &str) -> Engine {
    tree.write("etc/config/kickstand", config.replace("PORT", "8067"));
    let mut engine = Engine::new(&Paths::new(tree.path())).expect("the engine starts");
    engine.serves_at(Router {
        address: Ipv4Addr::new(10, 33, 1, 1),
        port: 8067,
    });
    engine
}

fn hosts(count: usize) -> String {
    let mut config = CONFIG.to_owned();
    for number in 0..count {
        let (a, b) = (number / 256, number % 256);
        write!(
            config,
            "config host 'n{number:05}'\n\tlist mac '02:00:00:00:{a:02x}:{b:02x}'\n\toption profile 'almalinux9'\n"
        )
        .expect("a string grows");
    }
    config
}

fn names(status: &Value) -> Vec<&str> {
    let hosts = status["hosts"].as_array().expect("hosts");
    hosts
        .iter()
        .filter_map(|host| host["name"].as_str())
        .collect()
}

/// Every page of a status, each checked to fit a message of ubus. Gives the names on them.
fn walk(engine: &mut Engine, limit: usize) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        let status = engine.call("status", &json!({"offset": found.len(), "limit": limit}));
        let size = bytes(&status).expect("can be sent");
        assert!(size <= CARRIED, "{size} bytes at offset {}", found.len());
        let page = names(&status);
        assert!(page.len() <= limit);
        assert_eq!(status["offset"], found.len());
        found.extend(page.iter().map(|name| (*name).to_owned()));
        if found.len() >= status["total"].as_u64().expect("a number") as usize {
            return found;
        }
        assert!(!page.is_empty(), "nobody gets past offset {}", found.len());
    }
}

#[test]
fn ten_thousand_hosts_come_in_pages() {
    let tree = Scratch::new("status");
    let mut engine = engine(&tree, &hosts(10_000));
    let first = engine.call("status", &json!({}));
    assert_eq!(
        (names(&first).len(), &first["total"]),
        (100, &json!(10_002))
    );
    assert_eq!(first["counts"]["idle"], 10_002);
    let all = walk(&mut engine, 500);
    assert_eq!(all.len(), 10_002);
    assert!(all.is_sorted(), "by name");
    let found = engine.call(
        "status",
        &json!({"filter": "02:00:00:00:27:0", "sort": "-name", "limit": "3"}),
    );
    assert_eq!(names(&found), ["n09999", "n09998", "n09997"]);
    assert_eq!(
        (&found["total"], &found["counts"]["idle"]),
        (&json!(16), &json!(10_002))
    );
}

/// As long as the configuration, the machines and their reports can make them.
#[test]
fn the_longest_words_do_not_make_a_reply_too_long() {
    let tree = Scratch::new("status");
    let (hostname, disk) = (
        format!("{}.{}", "h".repeat(63), "h".repeat(63)),
        "d".repeat(2000),
    );
    let mut config = format!(
        "config profile 'p{}'\n\toption kernel 'http://x/'\n\toption title '{}'\n",
        "x".repeat(127),
        WIDE.repeat(5000)
    );
    let mut state = State::default();
    for number in 0..600 {
        let name = format!("{number:0128}");
        writeln!(
            config,
            "config host '{name}'\n\toption profile 'p{}'",
            "x".repeat(127)
        )
        .expect("grows");
        writeln!(
            config,
            "\toption hostname '{hostname}'\n\toption disk '/dev/{disk}'"
        )
        .expect("grows");
        for card in 0..20 {
            writeln!(
                config,
                "\tlist mac '02:00:00:{:02x}:{:02x}:{card:02x}'",
                number / 256,
                number % 256
            )
            .expect("grows");
        }
        if number % 4 == 0 {
            for fault in 0..20 {
                writeln!(
                    config,
                    "\toption no{fault}{} '{}'",
                    "o".repeat(200),
                    WIDE.repeat(100)
                )
                .expect("grows");
            }
        }
        let record = Record {
            phase: Phase::Failed,
            note: WIDE.repeat(400),
            ..Record::default()
        };
        state.hosts.insert(name, record);
    }
    for number in 0..300 {
        writeln!(
            config,
            "config profile 'q{number}{}'\n\toption title '{}'",
            "x".repeat(120),
            WIDE.repeat(500)
        )
        .expect("grows");
    }
    tree.write("etc/kickstand/state.json", state.to_text().expect("a text"));
    let mut engine = engine(&tree, &config);
    let fact = "%F0%90%8C%B0".repeat(200);
    for number in 0..200 {
        let query = format!(
            "mac=52:54:00:00:00:{number:02x}&uuid={fact}&serial={fact}&manufacturer={fact}&product={fact}"
        );
        engine.boot(Ipv4Addr::new(10, 33, 1, 2), &Query::parse(&query));
    }
    let all = walk(&mut engine, 500);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 600);
    let status = engine.call("status", &json!({"limit": 500}));
    assert!(
        names(&status).len() > 40,
        "{} on a page",
        names(&status).len()
    );
    assert_eq!(status["unknown"].as_array().map(Vec::len), Some(128));
    assert_eq!(status["faults"].as_array().map(Vec::len), Some(100));
    assert_eq!(status["fault_list"].as_array().map(Vec::len), Some(100));
    assert!(status["fault_count"].as_u64() > Some(1000));
    for (method, arguments) in [
        ("overview", json!({})),
        ("profiles", json!({})),
        ("host", json!({"name": all[0]})),
        ("host", json!({"name": all[1]})),
        ("explain", json!({"mac": all[1]})),
        ("explain", json!({"mac": "y".repeat(256)})),
        ("arm", json!({"host": all[0]})),
        ("render", json!({"host": all[1]})),
    ] {
        let size = bytes(&engine.call(method, &arguments)).expect("can be sent");
        assert!(size <= CARRIED, "{method}: {size} bytes");
    }
}

#[test]
fn a_name_too_long_for_a_reply_disables_its_section() {
    let tree = Scratch::new("status");
    let long = "x".repeat(129);
    let config = format!(
        "{CONFIG}config host '{long}'\n\tlist mac '02:00:00:00:00:01'\n\toption profile 'almalinux9'\n"
    );
    let mut engine = engine(&tree, &config);
    let status = engine.call("status", &json!({}));
    assert_eq!(names(&status), ["r220a", "web"]);
    let faults = status["faults"].to_string();
    assert!(faults.contains("may have 128 characters"), "{faults}");
}

#[test]
fn the_command_line_and_http_show_hosts_of_every_page() {
    let service = service_with(&hosts(1_200));
    let output = service.kickstand(&["status", "--json"]);
    let all: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(names(&all).len(), 1_202);
    assert!(names(&all).is_sorted());
    let table = service.kickstand(&["status"]).stdout;
    let table = String::from_utf8_lossy(&table).into_owned();
    assert_eq!(
        table.lines().filter(|line| line.contains(" idle ")).count(),
        1_202
    );
    let get = |query: &str| {
        let reply = R220A.get(&service, &format!("/v1/status{query}"));
        let json = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        (reply.status, json)
    };
    assert_eq!(names(&get("").1).len(), 500);
    let (_, page) = get("?offset=1200&limit=500&sort=name");
    assert_eq!(names(&page), ["r220a", "web"]);
    let (_, page) = get("?filter=n0119&sort=-name&phase=idle&limit=2");
    assert_eq!(
        (names(&page), &page["total"]),
        (vec!["n01199", "n01198"], &json!(10))
    );
    for wrong in [
        "?limit=501",
        "?limit=x",
        "?offset=-1",
        "?sort=size",
        "?phase=asleep",
    ] {
        assert_eq!(get(wrong).0, 400, "{wrong}");
    }
}

#[test]
fn the_overview_counts_and_names_what_installs() {
    let tree = Scratch::new("status");
    let mut state = State::default();
    for number in 0..9 {
        let record = Record {
            phase: Phase::Installing,
            ..Record::default()
        };
        state.hosts.insert(format!("n{number:05}"), record);
    }
    tree.write("etc/kickstand/state.json", state.to_text().expect("a text"));
    let mut engine = engine(&tree, &(hosts(12) + "config host 'broken'\n"));
    engine.boot(
        STRANGER.address,
        &Query::parse(&format!("mac={}", STRANGER.card)),
    );
    engine.call("arm", &json!({"host": "r220a"}));
    assert_eq!(
        engine.call("overview", &json!({"ubus_rpc_session": "0"})),
        json!({
            "hosts": 15, "armed": 1, "booting": 0, "installing": 9, "failed": 0, "unknown": 1, "faults": 2,
            "installing_names": ["n00000", "n00001", "n00002", "n00003", "n00004"],
            "failing_webhooks": 0,
        })
    );
    let counts = engine.call("status", &json!({"limit": 1}))["counts"].clone();
    assert_eq!(
        counts,
        json!({
            "idle": 4, "armed": 1, "booting": 0, "installing": 9, "installed": 0, "failed": 0, "expired": 0,
            "disabled": 1, "unknown": 1,
        })
    );
}

#[test]
fn faults_come_in_parts_too() {
    let tree = Scratch::new("status");
    let config = CONFIG.replace("/dev/sda", "sda");
    let line = config.lines().position(|line| line.contains("disk 'sda'"));
    let mut engine = engine(&tree, &config);
    let status = engine.call("status", &json!({}));
    let fault = &status["fault_list"][0];
    assert_eq!(
        (&fault["type"], &fault["section"]),
        (&json!("host"), &json!("r220a"))
    );
    assert_eq!(
        (&fault["option"], &fault["value"]),
        (&json!("disk"), &json!("sda"))
    );
    assert_eq!(fault["line"].as_u64(), line.map(|line| line as u64 + 1));
    assert!(
        fault["text"]
            .as_str()
            .is_some_and(|text| text.starts_with("must be a disk"))
    );
    assert_eq!(status["hosts"][0]["phase"], "disabled");
    assert_eq!(status["hosts"][0]["macs"], json!([R220A.card]));
    assert_eq!(status["hosts"][0]["faults"], status["faults"]);
    assert_eq!(status["fault_count"], 1);
}

#[test]
fn of_very_many_faults_the_first_are_shown_and_the_others_counted() {
    let mut config = CONFIG.to_owned();
    for number in 0..130 {
        writeln!(config, "config host 'n{number:03}'\n\tlist mac '02:00:00:00:00:01'\n\toption profile 'almalinux9'")
            .expect("a string grows");
    }
    let service = service_with(&config);
    let said = service.kickstand(&["status"]).stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(
        said.contains("and 30 more: mend the first ones first"),
        "{said}"
    );
    // Each of them names some of the others, and not all.
    assert!(said.contains("belongs to 130 hosts ('n000', "), "{said}");
    assert!(
        said.contains("'n007', …): each card has one host"),
        "{said}"
    );
}

#[test]
fn profiles_are_told_with_what_is_wrong_with_them() {
    let tree = Scratch::new("status");
    let config = format!("{CONFIG}config profile 'debian13'\n\toption kind 'preseed'\n");
    let mut engine = engine(&tree, &config);
    let reply = engine.call("profiles", &json!({}));
    let profiles = reply["profiles"].as_array().expect("profiles");
    assert_eq!(
        profiles[0],
        json!({"name": "almalinux9", "title": "AlmaLinux 9", "kind": "kickstart", "ready": true})
    );
    assert_eq!(
        (&profiles[1]["name"], &profiles[1]["ready"]),
        (&json!("debian13"), &json!(false))
    );
    let fault = profiles[1]["fault"].as_str().expect("a fault");
    assert!(fault.contains("option kernel"), "{fault}");
}
