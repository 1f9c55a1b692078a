use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::core::uci::changes::{Change, applied, changes, same_meaning};
use crate::core::uci::parse;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);

fn document(text: &str) -> Document {
    parse(text.as_bytes()).expect("the test's text is UCI")
}

fn files(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn planned(text: &str, existing: &[&str]) -> Result<Plan, String> {
    plan(&document(text), &Main::default(), ADDRESS, &files(existing))
}

const PLAIN: &str = "config dnsmasq\nconfig dhcp 'lan'\n\toption interface 'lan'\n";

#[test]
fn the_rule_for_ipxe_stands_last_and_missing_files_have_none() {
    let plan = planned(PLAIN, &["snponly.efi"]).expect("a plain router");
    let boots: Vec<&str> = plan
        .target
        .sections
        .iter()
        .filter(|section| section.kind == "boot")
        .map(|section| section.name.as_str())
        .collect();
    assert_eq!(
        boots,
        [
            "kickstand_boot_x64",
            "kickstand_boot_http_x64",
            "kickstand_boot_ipxe"
        ]
    );
    assert_eq!(plan.notes.len(), 2, "{:?}", plan.notes);
    assert_eq!(plan.autoexec, ["autoexec.ipxe"]);
}

#[test]
fn names_are_names_that_uci_takes_and_tags_carry_our_prefix() {
    let all = ["undionly.kpxe", "snponly.efi", "arm64/snponly.efi"];
    let plan = planned(PLAIN, &all).expect("a plain router");
    for section in &plan.target.sections {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        assert!(section.name.chars().all(plain), "{}", section.name);
        assert!(is_ours(section), "{}", section.name);
        if let Some(Value::Text(tag)) = section.option("networkid") {
            assert!(tag.starts_with("ks_"), "{tag}");
        }
    }
}

#[test]
fn the_instance_is_the_one_that_serves_the_network() {
    let found = |text: &str| planned(text, &[]).map(|plan| plan.target.options[0].section.clone());
    let pool = "config dhcp 'lan'\n\toption interface 'lan'\n";
    let cases = [
        ("config dnsmasq 'a'\nconfig dnsmasq 'b'\n", "a"),
        ("config dnsmasq 'a'\nconfig dnsmasq\n", "cfg02411c"),
        (
            "config dnsmasq 'a'\n\toption disabled '1'\nconfig dnsmasq 'b'\n",
            "b",
        ),
        (
            "config dnsmasq 'a'\n\tlist interface 'guest'\nconfig dnsmasq 'b'\n",
            "b",
        ),
        (
            "config dnsmasq 'a'\n\toption notinterface 'wan lan'\nconfig dnsmasq 'b'\n",
            "b",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(found(&format!("{text}{pool}")).as_deref(), Ok(expected));
    }
    let bound = format!("config dnsmasq 'a'\nconfig dnsmasq 'b'\n{pool}\toption instance 'b'\n");
    assert_eq!(found(&bound).as_deref(), Ok("b"));
    for text in ["", "config dnsmasq\n\tlist notinterface 'lan'\n"] {
        let sentence = found(text).expect_err("nothing serves it");
        assert!(sentence.contains("serves the network 'lan'"), "{sentence}");
    }
}

#[test]
fn what_keeps_machines_from_being_answered_is_said() {
    let ignored = planned(&format!("{PLAIN}\toption ignore '1'\n"), &[]).expect("it serves");
    assert!(ignored.notes[0].contains("dhcp.lan.ignore is on"));
    let other = "config odhcpd 'odhcpd'\n\toption maindhcp '1'\n";
    let other = planned(&format!("{PLAIN}{other}"), &[]).expect("it serves");
    assert!(other.notes[0].contains("odhcpd is the main DHCP server"));
    let everybody = PLAIN.replacen("dnsmasq\n", "dnsmasq\n\toption dhcp_boot 'ipxe.efi'\n", 1);
    let everybody = planned(&everybody, &[]).expect("it serves");
    assert!(everybody.notes[0].contains("dhcp.cfg01411c.dhcp_boot is 'ipxe.efi'"));
}

/// Documents such as users have: any of our options, foreign sections, some with names that are nearly ours.
fn any_dhcp() -> impl Strategy<Value = String> {
    let option = prop_oneof![
        Just("\toption enable_tftp '0'\n".to_owned()),
        Just("\toption enable_tftp '1'\n".to_owned()),
        Just("\toption tftp_root '/srv/tftp'\n".to_owned()),
        Just("\toption tftp_root '/root/tftp'\n".to_owned()),
        Just("\toption tftp_no_fail '1'\n".to_owned()),
        Just("\tlist interface 'lan'\n".to_owned()),
        "[a-z]{1,4}".prop_map(|name| format!("\toption x{name} '{name} it'\\''s'\n")),
        "[a-z]{1,4}".prop_map(|name| format!("\tlist y{name} '1'\n\tlist y{name} '2'\n")),
    ];
    let section = prop_oneof![
        Just("config dnsmasq\n".to_owned()),
        Just("config dnsmasq 'second'\n".to_owned()),
        Just("config boot\n".to_owned()),
        Just("config match 'kickstands'\n".to_owned()),
        "[a-z]{1,5}".prop_map(|name| format!("config host 'h{name}'\n")),
    ];
    let section = (section, prop::collection::vec(option, 0..5))
        .prop_map(|(section, options)| section + &options.concat());
    prop::collection::vec(section, 0..6)
        .prop_map(|sections| format!("config dnsmasq 'first'\n{}", sections.concat()))
}

fn any_existing() -> impl Strategy<Value = BTreeSet<String>> {
    let all: Vec<String> = boot_files::wanted(&BTreeMap::new()).into_iter().collect();
    let count = all.len();
    prop::sample::subsequence(all, 0..count).prop_map(|files| files.into_iter().collect())
}

fn run(document: &Document, main: &Main, existing: &BTreeSet<String>) -> Option<Document> {
    let plan = plan(document, main, ADDRESS, existing).ok()?;
    let list = changes(document, &plan.target, is_ours);
    Some(applied(document, &list))
}

/// As libuci before 23.05 does it: an option that gets another value moves to the end of its section.
fn applied_by_old_libuci(document: &Document, list: &[Change]) -> Document {
    let moved = |change: &Change| match change {
        Change::Set {
            section,
            option,
            after,
            ..
        } => Change::Again {
            section: section.clone(),
            option: option.clone(),
            value: after.clone(),
        },
        other => other.clone(),
    };
    let list: Vec<Change> = list.iter().map(moved).collect();
    applied(document, &list)
}

fn option_names(document: &Document) -> Vec<Vec<String>> {
    let names = |section: &Section| section.options.iter().map(|o| o.name.clone()).collect();
    document.sections.iter().map(names).collect()
}

proptest! {
    #[test]
    fn any_runs_end_where_a_single_one_does_and_removal_gives_back_the_beginning(
        text in any_dhcp(),
        stages in prop::collection::vec((any_existing(), 1_u16.., "/srv/(tftp|b)"), 1..4),
    ) {
        let before = document(&text);
        let mut now = before.clone();
        for (existing, port, tftp_root) in &stages {
            let main = Main { port: *port, tftp_root: tftp_root.clone(), ..Main::default() };
            let Some(next) = run(&now, &main, existing) else { return Ok(()) };
            let again = run(&next, &main, existing).expect("the instance is still there");
            prop_assert_eq!(&again, &next);
            let last = next.sections.iter().rfind(|section| section.kind == "boot");
            prop_assert_eq!(last.map(|s| s.name.as_str()), Some("kickstand_boot_ipxe"));
            let direct = run(&before, &main, existing).expect("as above");
            let without_memory = |document: &Document| Document {
                sections: document.sections.iter().filter(|s| s.name != memory::SECTION).cloned().collect(),
            };
            prop_assert!(same_meaning(&without_memory(&next), &without_memory(&direct)));
            now = next;
        }
        let removal = removal(&now);
        let list = changes(&now, &removal.target, is_ours);
        let after = applied(&now, &list);
        prop_assert!(same_meaning(&after, &before), "{:?}\n{:?}", after, before);
        prop_assert_eq!(option_names(&after), option_names(&before));
    }

    #[test]
    fn removal_restores_the_order_of_options_with_an_old_libuci(
        text in any_dhcp(),
        stages in prop::collection::vec((any_existing(), "/srv/(tftp|b)"), 1..4),
    ) {
        let before = document(&text);
        let mut now = before.clone();
        for (existing, tftp_root) in &stages {
            let main = Main { tftp_root: tftp_root.clone(), ..Main::default() };
            let Ok(plan) = plan(&now, &main, ADDRESS, existing) else { return Ok(()) };
            now = applied_by_old_libuci(&now, &changes(&now, &plan.target, is_ours));
        }
        let list = changes(&now, &removal(&now).target, is_ours);
        let after = applied_by_old_libuci(&now, &list);
        prop_assert!(same_meaning(&after, &before), "{:?}\n{:?}", after, before);
        prop_assert_eq!(option_names(&after), option_names(&before));
    }

    #[test]
    fn a_reversal_takes_back_a_plan(text in any_dhcp(), existing in any_existing()) {
        let before = document(&text);
        let Some(now) = run(&before, &Main::default(), &existing) else { return Ok(()) };
        let list = changes(&now, &reversal(&before, &now), is_ours);
        prop_assert!(same_meaning(&applied(&now, &list), &before));
    }
}
