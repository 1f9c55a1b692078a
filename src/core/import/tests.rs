//! Given settings and a table, these changes or these faults come out.

use proptest::prelude::*;

use super::*;
use crate::core::uci::{self, changes, wording};

const SETTINGS: &str = "
config kickstand 'main'
config profile 'el9'
	option kind 'kickstart'
	option kernel 'http://mirror.example.org/vmlinuz'
	option answer 'almalinux.ks'
config host 'web1'
	list mac '52:54:00:00:00:01'
	option profile 'el9'
	list dns '192.0.2.53'
	option disk '/dev/sda'
";

fn document() -> Document {
    uci::parse(SETTINGS.as_bytes()).expect("valid UCI")
}

fn plan_of(table: &str, update: bool) -> Result<Plan, Vec<String>> {
    let told = |faults: Vec<Fault>| faults.iter().map(Fault::to_string).collect::<Vec<_>>();
    let rows = read(table).map_err(told)?;
    plan(&document(), &rows, update).map_err(told)
}

fn batch(table: &str, update: bool) -> String {
    let plan = plan_of(table, update).expect("no faults");
    wording::batch("kickstand", &plan.changes)
}

fn faults(table: &str) -> Vec<String> {
    plan_of(table, false).expect_err("faults")
}

#[test]
fn a_table_becomes_hosts() {
    let table = "mac,hostname,profile,dns,var\n\
                 52-54-00-00-00-02;52:54:00:00:00:03,db-1.example.org,el9,192.0.2.53 192.0.2.54,\"motd=a, b;swap_mb=4096\"\n";
    assert_eq!(
        batch(table, false),
        "set kickstand.db_1_example_org=host\n\
         add_list kickstand.db_1_example_org.mac='52-54-00-00-00-02'\n\
         add_list kickstand.db_1_example_org.mac='52:54:00:00:00:03'\n\
         set kickstand.db_1_example_org.hostname='db-1.example.org'\n\
         set kickstand.db_1_example_org.profile='el9'\n\
         add_list kickstand.db_1_example_org.dns='192.0.2.53'\n\
         add_list kickstand.db_1_example_org.dns='192.0.2.54'\n\
         add_list kickstand.db_1_example_org.var='motd=a, b'\n\
         add_list kickstand.db_1_example_org.var='swap_mb=4096'\n"
    );
}

#[test]
fn json_says_the_same() {
    let json = r#"{"hosts": [{"mac": ["52:54:00:00:00:02"], "profile": "el9", "publish": true, "disk": null}]}"#;
    let csv = "MAC;Profile;Publish;Disk\n52:54:00:00:00:02;el9;1;\n";
    assert_eq!(batch(json, false), batch(csv, false));
    assert!(batch(csv, false).starts_with("set kickstand.host_525400000002=host\n"));
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_line() {
    let table = "mac,hostname,profile,gatway\n\
                 zz,a,el9,1\n\
                 52:54:00:00:00:02,b_c,el9,\n\
                 52:54:00:00:00:02,d,el8,1\n\
                 ,,,x\n\
                 52:54:00:00:00:05,e,el9,1,2\n";
    // A line with too many fields makes every other column doubtful.
    assert_eq!(
        faults(table),
        [
            "line 6: has 5 fields, and there are 4 columns: a comma in a value wants quotes around it"
        ]
    );
    let found = faults(&table.replace(",1,2", ",1"));
    let begins = |beginning: &str| found.iter().filter(|f| f.starts_with(beginning)).count();
    assert_eq!(begins("line 2, mac: 'zz' must be"), 1, "{found:?}");
    assert_eq!(
        begins("line 2, gatway: is no option here; did you mean 'gateway'?"),
        1,
        "{found:?}"
    );
    assert_eq!(begins("line 3, hostname: 'b_c' must be"), 1, "{found:?}");
    assert_eq!(
        begins("line 3, mac: '52:54:00:00:00:02' belongs to 2 hosts"),
        1,
        "{found:?}"
    );
    assert_eq!(
        begins("line 4, profile: 'el8' is no profile (there are el9)"),
        1,
        "{found:?}"
    );
    assert_eq!(begins("line 5, mac: a host needs a mac"), 1, "{found:?}");
    assert_eq!(
        found
            .iter()
            .filter(|fault| fault.contains("gatway"))
            .count(),
        1,
        "{found:?}"
    );
}

#[test]
fn a_row_without_a_name_whose_card_is_none_is_told_all_that_is_wrong_with_it() {
    let found = faults("mac,profile,gatway\nzz,el8,1\n");
    for due in [
        "line 2, mac: 'zz' must be",
        "line 2, profile: 'el8' is no profile",
        "line 2, gatway: is no option here",
    ] {
        assert!(
            found.iter().any(|fault| fault.starts_with(due)),
            "{due}: {found:?}"
        );
    }
    assert!(
        faults("[{\"mac\": 5, \"profile\": \"el9\"}]")[0].starts_with("entry 1, mac: '5' must be")
    );
}

#[test]
fn a_host_that_is_there_is_changed_only_when_that_is_asked_for() {
    let table = "mac,profile,disk,leave\n52:54:00:00:00:01,el9,,exit1\n";
    assert_eq!(
        faults(table),
        ["line 2: host 'web1' is there already, with other options: --update changes it"]
    );
    // An empty cell takes an option away; a column that is not there leaves it.
    assert_eq!(
        batch(table, true),
        "delete kickstand.web1.disk\nset kickstand.web1.leave='exit1'\n"
    );
    let same = plan_of("name,mac\nweb1,52:54:00:00:00:01\n", false).expect("no faults");
    assert_eq!((same.changes, same.same), (vec![], 1));
}

#[test]
fn names_that_are_taken_or_twice_there_are_faults() {
    assert_eq!(
        faults("name,mac,profile\nel9,52:54:00:00:00:02,el9\n"),
        ["line 2, name: 'el9' is the name of a profile already"]
    );
    assert_eq!(
        faults("name,mac,profile\na,52:54:00:00:00:02,el9\na,52:54:00:00:00:03,el9\n"),
        ["line 3: this is host 'a' again, as in line 2"]
    );
    assert!(
        faults("hostname,mac,profile\nweb1,52:54:00:00:00:02,el9\n")[0]
            .contains("add a column name")
    );
    assert!(
        faults("name,mac,profile\na-b,52:54:00:00:00:02,el9\n")[0].starts_with("line 2, name: ")
    );
}

#[test]
fn what_is_no_table_of_hosts_is_refused_with_a_sentence() {
    for (text, why) in [
        ("", "there are no hosts in it"),
        ("mac,profile\n", "there are no hosts in it"),
        (
            "hostname,profile\na,b\n",
            "line 1: the first line names the columns",
        ),
        ("mac,MAC\na,b\n", "line 1, mac: is there twice"),
        ("mac\n\"a\n", "line 2: a field opens a quote"),
        ("[{\"mac\": {}}]", "entry 1, mac: must be a text"),
        ("[3]", "entry 1: must be an object"),
        ("{\"a\": []}", "there is no list of hosts in it"),
        ("[", "this is no JSON"),
    ] {
        assert!(
            faults(text)[0].starts_with(why),
            "{text}: {:?}",
            faults(text)
        );
    }
}

/// Values that uci itself can keep: one line, no blanks at their ends, not empty.
fn value() -> impl Strategy<Value = String> {
    "[ -~äß]{0,12}"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("empty", |text| !text.is_empty())
}

/// Exports one host for each pair of a text and a list, and asks that import makes the same hosts of it, from either format.
fn assert_comes_back(cells: &[(String, Vec<String>)]) {
    let sections: Vec<Section> = cells
        .iter()
        .enumerate()
        .map(|(index, (text, items))| {
            let setting = |name: &str, value| Setting {
                name: name.to_owned(),
                value,
                line: 0,
            };
            let mac = format!("52:54:00:00:00:{index:02x}");
            Section {
                kind: "host".to_owned(),
                name: format!("h{index}"),
                anonymous: false,
                line: 0,
                options: vec![
                    setting("mac", Value::List(vec![mac])),
                    setting("bond_opts", Value::Text(text.clone())),
                    setting("var", Value::List(items.clone())),
                ],
            }
        })
        .collect();
    let every: Vec<&Section> = sections.iter().collect();
    for table in [to_csv(&every), to_json(&every).to_string()] {
        let rows = read(&table).expect("our own table");
        let known = Document::default();
        for (section, row) in sections.iter().zip(&rows) {
            let back = target(&Known::new(&known), row).expect("has a card");
            assert_eq!(changes::differences(section, &back), vec![], "{table}");
            assert_eq!(back.name, section.name);
        }
    }
}

/// Was found by the test below: a backslash at the end of an item hid the semicolon between two items.
#[test]
fn an_item_that_ends_in_a_backslash_comes_back() {
    let items = ["\\", "0"].map(str::to_owned).to_vec();
    assert_comes_back(&[("A".to_owned(), items)]);
}

/// `option var` where `list var` belongs is one value to the service.
#[test]
fn a_list_that_is_written_as_an_option_comes_back() {
    let text =
        "config host 'web1'\n\tlist mac '52:54:00:00:00:01'\n\toption var 'ntp=a=1;b=C:\\x'\n";
    let document = uci::parse(text.as_bytes()).expect("valid UCI");
    let hosts: Vec<&Section> = document.of_kind("host").collect();
    let rows = read(&to_csv(&hosts)).expect("our own table");
    let fresh = target(&Known::new(&Document::default()), &rows[0]).expect("has a card");
    assert_eq!(
        fresh.option("var").map(items),
        Some(&["ntp=a=1;b=C:\\x".to_owned()][..])
    );
    let again = plan(&document, &rows, false).map_err(|faults| faults.len());
    assert_eq!(
        again.map(|plan| plan.changes),
        Err(1),
        "its profile is missing, and nothing else is wrong"
    );
}

proptest! {
    #[test]
    fn what_is_exported_is_imported_as_it_was(
        cells in proptest::collection::vec((value(), proptest::collection::vec(value(), 1..4)), 1..5),
    ) {
        assert_comes_back(&cells);
    }
}
