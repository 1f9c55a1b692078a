//! Wrong input is met kindly: one clear sentence, and the exit code that says which kind of wrong it is.
//!
//! Not its job: what the service decides (the service's own tests), a router that is not in order (`cli_router`).

mod cli_support;

use std::process::Command;

use cli_support::{GOOD, assert_says, run, run_on, started};

#[test]
fn help_and_version_are_there() {
    for arguments in [["--help"], ["-h"], ["help"]] {
        let said = run(&arguments);
        assert_eq!(said.code, 0);
        for command in [
            "status", "watch", "explain", "render", "arm", "disarm", "adopt", "forget", "apply",
            "serve", "version",
        ] {
            assert!(said.out.contains(command), "help names {command}");
        }
    }
    for arguments in [["arm", "--help"], ["help", "arm"]] {
        let said = run(&arguments).out;
        assert!(said.contains("--window SECONDS"), "{said}");
        assert!(!said.contains("forget"), "{said}");
    }
    for arguments in [["--version"], ["-V"], ["version"]] {
        assert_eq!(
            run(&arguments).out,
            format!("kickstand {}\n", env!("CARGO_PKG_VERSION"))
        );
    }
}

#[test]
fn wrong_usage_is_named_with_code_2() {
    assert_says(&run(&[]), 2, &["a command is missing", "--help"]);
    assert_says(&run(&["instal"]), 2, &["there is no command 'instal'"]);
    assert_says(&run(&["--nonsense"]), 2, &["there is no option --nonsense"]);
    assert_says(
        &run(&["status", "--nonsense"]),
        2,
        &["there is no option --nonsense"],
    );
    assert_says(
        &run(&["status", "a", "b"]),
        2,
        &["'b' is one word too many"],
    );
    assert_says(&run(&["arm"]), 2, &["the host's name is missing"]);
    assert_says(
        &run(&["arm", "a", "--window", "soon"]),
        2,
        &["--window must be a number of seconds, such as 7200, not 'soon'"],
    );
    assert_says(
        &run(&["explain"]),
        2,
        &["the MAC or the host's name is missing"],
    );
    assert_says(
        &run(&["adopt", "52:54:00:00:00:09"]),
        2,
        &["the new host's name is missing"],
    );
    assert_says(&run(&["--root"]), 2, &["--root"]);
}

#[test]
fn a_template_with_a_hole_refuses_the_arm_and_names_the_hole() {
    let service = started(&GOOD.replace("almalinux.ks", "mine.ks"));
    assert_says(
        &run_on(&service, &["arm", "r220a"]),
        1,
        &["there is no template 'mine.ks'"],
    );
    service.tree().write(
        "www/kickstand/answers/mine.ks",
        "text\n{% include 'claim.ks' %}\nx {{ var.colour }}\n",
    );
    let parts = [
        "r220a is not armed, its installation would fail",
        "mine.ks, line 3",
        "var.colour is not set",
        "list var 'colour=…'",
    ];
    assert_says(&run_on(&service, &["arm", "r220a"]), 1, &parts);
    assert_says(
        &run_on(&service, &["render", "r220a"]),
        1,
        &["var.colour is not set"],
    );
    service.tree().write(
        "www/kickstand/answers/mine.ks",
        "text\n{% include 'claim.ks' %}\n",
    );
    let parts = [
        "r220a is not armed, its answer file has errors: line ",
        "[no-disk-plan]",
        "`kickstand check r220a` shows them, --force arms it all the same",
    ];
    assert_says(&run_on(&service, &["arm", "r220a"]), 1, &parts);
    let forced = run_on(&service, &["arm", "r220a", "--force"]);
    assert_eq!(forced.code, 0, "{forced:?}");
    assert!(
        forced
            .out
            .contains("note: armed although its answer file has errors: line "),
        "{forced:?}"
    );
}

#[test]
fn unknown_hosts_are_named_and_the_others_are_done() {
    let service = started(GOOD);
    let said = run_on(&service, &["arm", "nobody", "r220a"]);
    assert_says(&said, 1, &["there is no host 'nobody' (hosts: r220a)"]);
    assert!(
        said.out.contains("r220a is armed for 2 h")
            && said.out.contains("WIPES /dev/disk/by-path/"),
        "{said:?}"
    );
    assert_eq!(
        run_on(&service, &["disarm", "ztphostname"]).out,
        "r220a is disarmed\n",
        "by its host name"
    );
    assert_says(
        &run_on(&service, &["disarm", "r220a"]),
        1,
        &["r220a: this host is not armed"],
    );
    assert_says(
        &run_on(&service, &["arm", "r220a", "--window", "5"]),
        1,
        &["window must be 60 to 604800 seconds"],
    );
    assert_says(
        &run_on(&service, &["explain", "nonsense"]),
        1,
        &["'nonsense' is no host and not a MAC address"],
    );
    assert_says(
        &run_on(&service, &["render", "r220a", "nonsense"]),
        1,
        &["answer, ipxe or args"],
    );
    assert_says(
        &run_on(&service, &["forget", "52:54:00:00:00:09"]),
        1,
        &["is not among the unknown machines"],
    );
    assert_says(
        &run_on(&service, &["adopt", "b8:ca:3a:00:00:01", "x", "almalinux9"]),
        1,
        &["is a card of host 'r220a' already"],
    );
    assert_says(
        &run_on(&service, &["adopt", "52:54:00:00:00:09", "x", "nope"]),
        1,
        &["there is no profile 'nope' (there are: almalinux9)"],
    );
}

#[test]
fn an_empty_router_says_what_to_do_first() {
    let service = started("config kickstand 'main'\n\toption interface 'lan'\n");
    let said = run_on(&service, &["status"]);
    assert!(said.out.starts_with("No hosts yet."), "{said:?}");
    assert_says(
        &run_on(&service, &["arm", "web1"]),
        1,
        &["there is no host 'web1', and no other"],
    );
}

#[test]
fn a_reader_that_has_enough_is_no_fault() {
    let service = started(GOOD);
    let root = service.tree().path().display();
    let line = format!(
        "'{}' --root '{root}' render r220a | head -n 1",
        env!("CARGO_BIN_EXE_kickstand")
    );
    let output = Command::new("sh")
        .args(["-c", &line])
        .output()
        .expect("sh runs");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}

#[test]
fn json_is_json_everywhere() {
    let service = started(GOOD);
    for arguments in [
        &["status", "--json"][..],
        &["status", "r220a", "--json"],
        &["--json", "explain", "r220a"],
        &["render", "r220a", "ipxe", "--json"],
        &["arm", "r220a", "--json"],
        &["disarm", "r220a", "--json"],
    ] {
        let said = run_on(&service, arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
        let parsed: serde_json::Value = serde_json::from_str(&said.out)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", said.out));
        assert!(parsed.is_object());
    }
}
