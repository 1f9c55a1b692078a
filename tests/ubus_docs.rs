//! docs/ubus.md against the service: every method as it is, every field by name.

mod service_support;
mod ubus_support;

use std::collections::BTreeSet;

use kickstand::host::ubus::Right;
use kickstand::serve::object::METHODS;
use serde_json::{Value, json};
use service_support::{CONFIG, R220A, STRANGER, arm, discover_r220a, service_with};
use ubus_support::asking::{WEBHOOK, ask, good};

const DOCS: &str = include_str!("../docs/ubus.md");

#[test]
fn the_documentation_lists_every_method_as_it_is() {
    let rows: Vec<String> = DOCS
        .lines()
        .skip_while(|line| !line.starts_with("| method "))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.rsplitn(3, '|').last().unwrap_or_default().to_owned())
        .collect();
    let methods: Vec<String> = METHODS
        .iter()
        .map(|method| {
            let arguments = method.arguments.iter().map(|(name, _)| format!("`{name}`"));
            let arguments = arguments.collect::<Vec<_>>().join(", ");
            let group = match method.right {
                Right::Read => "read",
                Right::Write => "write",
                Right::Router => "none",
            };
            format!("| `{}` | {arguments} | {group} ", method.name).replace("|  |", "| |")
        })
        .collect();
    assert_eq!(rows, methods);
}

fn names_in(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| names_in(item, names)),
        Value::Object(members) => {
            for (name, member) in members {
                names.insert(name.clone());
                names_in(member, names);
            }
        }
        _ => {}
    }
}

#[test]
fn the_documentation_names_every_field() {
    let config = CONFIG.replace(
        "config account",
        "config profile 'bad'\n\nconfig host 'odd'\n\toption disk 'x'\n\nconfig account",
    );
    let service = service_with(&format!("{config}{WEBHOOK}"));
    STRANGER.get(
        &service,
        &format!(
            "/v1/boot?mac={}&serial=1&uuid=2&product=3&manufacturer=4",
            STRANGER.card
        ),
    );
    let mut names = BTreeSet::new();
    let every = json!({"host": "web", "name": "odd"});
    names_in(&ask(&service, "status", json!({})), &mut names);
    names_in(&ask(&service, "host", every), &mut names);
    discover_r220a(&service);
    arm(&service, "r220a");
    let token = R220A.token(&service);
    for end in [
        "claim&nonce=1",
        "progress&percent=1&text=x",
        "failed&reason=x&log=x",
    ] {
        R220A.reports(&service, &token, &format!("event={end}"));
        names_in(&ask(&service, "host", json!({"name": "r220a"})), &mut names);
    }
    for method in METHODS {
        names_in(&ask(&service, method.name, good(method.name)), &mut names);
    }
    assert!(names.len() > 60, "{names:?}");
    for name in names {
        let is_there = DOCS.contains(&format!("`{name}`")) || DOCS.contains(&format!("\"{name}\""));
        assert!(is_there, "{name}");
    }
}
