//! The files of the LuCI application against the service they belong to: access rights, menu, checks, translations.

mod luci_support {
    pub mod access;
}

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use kickstand::core::{settings, uci};
use kickstand::host::ubus::Right;
use kickstand::serve::object::METHODS;
use luci_support::access::{User, application, menu, rights};
use serde_json::Value;

const GROUP: &str = "luci-app-kickstand";

#[test]
fn each_method_is_in_the_list_of_its_right_and_nowhere_else() {
    let rights = rights();
    let listed = |level: &str| -> BTreeSet<String> {
        let methods = &rights[GROUP][level]["ubus"]["kickstand"];
        let methods = methods.as_array().expect("a list");
        methods
            .iter()
            .map(|method| method.as_str().expect("a name").to_owned())
            .collect()
    };
    let of = |right: Right| -> BTreeSet<String> {
        METHODS
            .iter()
            .filter(|method| method.right == right)
            .map(|method| method.name.to_owned())
            .collect()
    };
    assert_eq!(listed("read"), of(Right::Read));
    assert_eq!(listed("write"), of(Right::Write));
}

#[test]
fn the_rights_reach_nothing_but_kickstand() {
    let rights = rights();
    assert_eq!(
        rights
            .as_object()
            .expect("groups")
            .keys()
            .collect::<Vec<_>>(),
        [GROUP]
    );
    for level in ["read", "write"] {
        let lists = rights[GROUP][level].as_object().expect("lists");
        assert!(
            lists.keys().all(|kind| kind == "ubus" || kind == "uci"),
            "{level}"
        );
        assert_eq!(
            rights[GROUP][level]["uci"],
            serde_json::json!(["kickstand"])
        );
        let objects = rights[GROUP][level]["ubus"].as_object().expect("objects");
        assert_eq!(objects.keys().collect::<Vec<_>>(), ["kickstand"]);
    }
}

#[test]
fn every_menu_entry_needs_the_right_and_opens_a_view_that_is_there() {
    for (path, entry) in menu().as_object().expect("entries") {
        assert_eq!(
            entry["depends"]["acl"],
            serde_json::json!([GROUP]),
            "{path}"
        );
        if entry["action"]["type"] == "view" {
            let view = entry["action"]["path"].as_str().expect("a path");
            let file = format!("htdocs/luci-static/resources/view/{view}.js");
            assert!(application().join(&file).exists(), "{path}: {file}");
            assert_eq!(User::Root.view(path), Some((view.to_owned(), false)));
            assert_eq!(User::Viewer.view(path), Some((view.to_owned(), true)));
            assert_eq!(User::Outsider.view(path), None);
        }
    }
}

/// What the service finds wrong with one option that has this value.
fn fault(place: &str, value: &str, with: &str) -> Option<String> {
    let (section, option) = place.split_once('.').expect("section.option");
    let value = value.replace('\'', r"'\''");
    let mut options = vec![
        ("profile", "kernel", "http://x/vmlinuz"),
        ("host", "mac", "52:54:00:00:00:01"),
    ];
    options.push(("host", "profile", "p"));
    options.push(("webhook", "url", "http://a/"));
    options.retain(|(kind, name, _)| (*kind, *name) != (section, option));
    options.push((section, option, &value));
    let mut text = String::new();
    for (title, kind) in [
        ("kickstand 'main'", "main"),
        ("profile 'p'", "profile"),
        ("host 'h'", "host"),
        ("account 'a'", "account"),
        ("webhook 'w'", "webhook"),
    ] {
        text += &format!("config {title}\n");
        let mine = options.iter().filter(|(of, _, _)| *of == kind);
        for (_, name, value) in mine {
            text += &format!("\toption {name} '{value}'\n");
        }
        if kind == section {
            text += &format!("\t{with}\n");
        }
    }
    let document = uci::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
    let faults = settings::read(&document).faults;
    let mut about = faults
        .iter()
        .filter(|fault| fault.option.as_deref() == Some(option));
    about.next().map(ToString::to_string)
}

#[test]
fn the_service_agrees_with_the_table_of_the_forms_checks() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/luci/cases.json");
    let cases: Value =
        serde_json::from_str(&fs::read_to_string(path).expect("it is there")).expect("JSON");
    let list = |value: &Value| -> Vec<String> {
        let items = value.as_array().expect("a list");
        items
            .iter()
            .map(|item| item.as_str().expect("text").to_owned())
            .collect()
    };
    for (check, table) in cases.as_object().expect("checks by name") {
        let with = table["with"].as_str().unwrap_or_default();
        for place in list(&table["options"]) {
            for value in list(&table["accepted"]) {
                let fault = fault(&place, &value, with);
                assert_eq!(fault, None, "{check}: {place} '{value}'");
            }
            for value in list(&table["refused"]) {
                let fault = fault(&place, &value, with);
                assert!(fault.is_some(), "{check}: {place} takes '{value}'");
            }
        }
    }
}

#[test]
fn every_option_of_the_service_is_in_the_form() {
    let form = application().join("htdocs/luci-static/resources/view/kickstand/settings.js");
    let form = fs::read_to_string(form).expect("it is there");
    for kind in [
        "kickstand 'main'",
        "profile 'p'",
        "host 'h'",
        "account 'a'",
        "webhook 'w'",
    ] {
        let text = format!("config {kind}\n\toption no_such_option '1'\n");
        let document = uci::parse(text.as_bytes()).expect("UCI");
        let faults = settings::read(&document).faults;
        let message = faults.iter().find_map(|fault| {
            let rest = fault.message.split_once("(there are: ")?.1;
            rest.strip_suffix(')')
        });
        for option in message.expect("it names the options").split(", ") {
            assert!(form.contains(&format!("'{option}'")), "{kind}: {option}");
        }
    }
}

#[test]
fn the_template_of_the_translations_is_current() {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/luci/translations.js");
    let output = Command::new("node").arg(tool).arg("--check").output();
    let output = output.expect("node is installed");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
