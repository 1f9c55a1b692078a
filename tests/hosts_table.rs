//! Hosts from a table into the settings, by the real uci, and out again: as a table, and as what the real Ansible reads.
//!
//! Not its job: what a table may hold (`core::import`).

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use kickstand_lab::parts;
use kickstand_lab::python;
use kickstand_lab::scratch::Scratch;
use serde_json::{Value, json};

/// The last that runs with Debian 12's Python.
const ANSIBLE: &str = "2.19.4";

const SETTINGS: &str = "config kickstand 'main'

# Mine.
config profile 'el9'
	option title 'AlmaLinux 9'
	option kind 'kickstart'
	option kernel 'http://mirror.example.org/vmlinuz'
	option answer 'almalinux.ks'

config account 'admin'
	list ssh_key 'ssh-ed25519 AAAA admin@laptop'
";

const TABLE: &str = "name,mac,profile,address,group,var
web1,52:54:00:00:00:01,el9,192.0.2.2/24,web,rootpw_hash=$6$secret$;timezone=UTC
db1,52:54:00:00:00:02 52:54:00:00:00:03,el9,,,
";

fn router(settings: &str) -> Scratch {
    let root = Scratch::new("table");
    root.write("etc/config/kickstand", settings);
    root.write("tmp/.uci/.keep", "");
    root.write("sbin/.keep", "");
    symlink(parts::uci(), root.join("sbin/uci")).expect("a fresh folder");
    root
}

fn kickstand(root: &Scratch, words: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kickstand"));
    command.arg("--root").arg(root.path()).args(words);
    said(&command.output().expect("kickstand runs"))
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap_or(-1);
    (code, text(&output.stdout), text(&output.stderr))
}

fn uci(root: &Scratch, words: &[&str]) -> String {
    let mut command = Command::new(parts::uci());
    command.arg("-c").arg(root.join("etc/config"));
    command.arg("-t").arg(root.join("tmp/.uci")).args(words);
    said(&command.output().expect("uci runs")).1
}

fn import(root: &Scratch, table: &str, words: &[&str]) -> (i32, String, String) {
    let file = root.write("hosts", table);
    let file = file.to_str().expect("a plain name");
    kickstand(root, &[&["import", file], words].concat())
}

#[test]
fn a_table_is_written_once_and_is_there_then() {
    let root = router(SETTINGS);
    let (code, out, error) = import(&root, TABLE, &["--dry-run"]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(
        out.contains("+ kickstand.web1.address='192.0.2.2/24'\n"),
        "{out}"
    );
    assert!(out.ends_with("2 hosts would be new, 0 would be changed, 0 are as the table says.\nNothing was written: leave --dry-run out to write it.\n"), "{out}");
    assert_eq!(uci(&root, &["show", "kickstand.web1"]), "");

    let (code, out, _) = import(&root, TABLE, &[]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("2 hosts are new"), "{out}");
    assert_eq!(
        uci(&root, &["show", "kickstand.db1"]),
        "kickstand.db1=host\n\
         kickstand.db1.mac='52:54:00:00:00:02' '52:54:00:00:00:03'\n\
         kickstand.db1.profile='el9'\n"
    );
    assert!(uci(&root, &["show", "kickstand.el9"]).contains("AlmaLinux 9"));

    let (code, out, _) = import(&root, TABLE, &["--json"]);
    let counts: Value = serde_json::from_str(&out).expect("JSON");
    let expected = json!({"new": [], "changed": [], "same": 2, "written": true});
    assert_eq!((code, counts), (0, expected));
}

#[test]
fn with_faults_nothing_is_written_and_all_of_them_are_told() {
    let root = router(SETTINGS);
    let table = TABLE
        .replace("52:54:00:00:00:01", "zz")
        .replace("db1,", "el9,");
    let (code, out, error) = import(&root, &table, &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(error.contains("nothing was written:\n"), "{error}");
    assert!(error.contains("  line 2, mac: 'zz' must be"), "{error}");
    assert!(
        error.contains("  line 3, name: 'el9' is the name of a profile already"),
        "{error}"
    );
    assert_eq!(uci(&root, &["show", "kickstand.web1"]), "");
}

#[test]
fn what_somebody_else_has_staged_is_not_committed_along() {
    let root = router(SETTINGS);
    uci(&root, &["set", "kickstand.main.port=9000"]);
    let (code, _, error) = import(&root, TABLE, &[]);
    assert_eq!(code, 1);
    assert!(
        error.contains("somebody has staged changes in kickstand"),
        "{error}"
    );
    assert!(
        !std::fs::read_to_string(root.join("etc/config/kickstand"))
            .expect("there")
            .contains("9000")
    );
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_a_sentence() {
    let root = router(SETTINGS);
    let (code, _, error) = kickstand(&root, &["import", "/nonexistent.csv"]);
    assert_eq!(code, 1);
    assert!(error.contains("/nonexistent.csv cannot be read"), "{error}");
    let file = root.write("latin1.csv", b"mac,hostname\nx,m\xfcller\n");
    let (code, _, error) = kickstand(&root, &["import", file.to_str().expect("plain")]);
    assert_eq!(code, 1);
    assert!(error.contains("is not UTF-8 text"), "{error}");
    assert_eq!(kickstand(&root, &["import"]).0, 2);
}

#[test]
fn what_is_exported_makes_the_same_hosts_elsewhere() {
    let here = router(SETTINGS);
    import(&here, TABLE, &[]);
    for words in [&["export"][..], &["export", "--json"]] {
        let (code, table, _) = kickstand(&here, words);
        assert_eq!(code, 0);
        let there = router(SETTINGS);
        let (code, out, error) = import(&there, &table, &[]);
        assert_eq!(code, 0, "{out}{error}");
        for host in ["kickstand.web1", "kickstand.db1"] {
            let sorted = |root: &Scratch| {
                let mut lines: Vec<String> = uci(root, &["show", host])
                    .lines()
                    .map(str::to_owned)
                    .collect();
                lines.sort();
                lines
            };
            assert_eq!(sorted(&here), sorted(&there), "{words:?}");
        }
    }
}

#[test]
fn ansible_reads_the_inventory() {
    let root = router(SETTINGS);
    import(&root, TABLE, &[]);
    root.write(
        "tmp/dhcp.leases",
        "1800003600 52:54:00:00:00:03 10.33.1.117 db1 *\n",
    );
    let script = format!(
        "#!/bin/sh\nexec '{}' --root '{}' inventory \"$@\"\n",
        env!("CARGO_BIN_EXE_kickstand"),
        root.path().display()
    );
    let inventory = root.write_program("inventory", script);
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let ansible = python::environment(shelf, "ansible-core", ANSIBLE).expect("from PyPI");
    let ask = |words: &[&str]| {
        let mut command = Command::new(ansible.join("bin/ansible-inventory"));
        command
            .env("ANSIBLE_HOME", root.join("ansible"))
            .env("HOME", root.path());
        // Any text but JSON from the script is an error, as with Ansible's own default for scripts.
        command.env("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "true");
        command.arg("-i").arg(&inventory).args(words);
        let (code, out, error) = said(&command.output().expect("it runs"));
        assert_eq!(code, 0, "{out}{error}");
        out
    };
    let graph = ask(&["--graph"]);
    assert_eq!(
        graph,
        "@all:\n  |--@ungrouped:\n  |--@profile_el9:\n  |  |--db1\n  |  |--web1\n  |--@web:\n  |  |--web1\n"
    );
    let web: Value = serde_json::from_str(&ask(&["--host", "web1"])).expect("JSON");
    assert_eq!(web["ansible_host"], "192.0.2.2");
    assert_eq!(web["kickstand_vars"], json!({"timezone": "UTC"}));
    let list = ask(&["--list"]);
    let list: Value = serde_json::from_str(&list).expect("JSON");
    assert_eq!(
        list["_meta"]["hostvars"]["db1"]["ansible_host"],
        "10.33.1.117"
    );
    assert!(!list.to_string().contains("secret"));
}
