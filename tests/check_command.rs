//! `kickstand check`: of files and of hosts, for people and for programs.

mod service_support;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use kickstand_lab::scratch::Scratch;
use serde_json::{Value, json};
use service_support::{CONFIG, arm, config_with, service, service_with, status_of_all};

const BINARY: &str = env!("CARGO_BIN_EXE_kickstand");
const GOOD: &str = include_str!("kickstarts/good/lvm.ks");

fn check(arguments: &[&str], input: &str) -> Output {
    let mut kickstand = Command::new(BINARY)
        .arg("check")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut pipe = kickstand.stdin.take().expect("a pipe");
    // One that refuses its arguments reads nothing.
    let _ = pipe.write_all(input.as_bytes());
    drop(pipe);
    kickstand.wait_with_output().expect("it ends")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("a text")
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn a_finding_is_shown_with_its_line_and_how_to_mend_it() {
    let text = GOOD
        .replace("timezone UTC", "timezone Europe/Berln")
        .replace("reboot\n", "");
    let checked = check(&["-", "--release", "AlmaLinux9"], &text);
    assert_eq!(checked.status.code(), Some(1));
    let wanted = "\
warning[unknown-timezone]: there is no time zone Europe/Berln: Anaconda takes America/New_York instead
 --> -:7:10
  |
7 | timezone Europe/Berln --utc
  |          ^^^^^^^^^^^^
  = help: did you mean Europe/Berlin?
";
    let said = out(&checked).replace("  --> -:7:10", " --> -:7:10");
    assert!(said.contains(wanted), "{said}");
    assert!(said.contains("error[no-reboot]: "), "{said}");
    assert!(
        said.ends_with("-: 1 error, 1 warning (checked as RHEL9)\n"),
        "{said}"
    );
}

#[test]
fn exit_codes_tell_errors_from_warnings_and_from_wrong_usage() {
    let code = |arguments: &[&str], text: &str| check(arguments, text).status.code();
    assert_eq!(code(&["-"], GOOD), Some(0));
    assert_eq!(
        code(&["-"], &GOOD.replace("timezone UTC", "timezone Mars")),
        Some(0),
        "a warning is no error"
    );
    assert_eq!(code(&["-"], "nonsense\n"), Some(1));
    assert_eq!(code(&["-"], "\n"), Some(1), "an empty file");
    assert_eq!(code(&["/nowhere/x.ks"], ""), Some(1));
    assert_eq!(code(&["-", "--release", "RHEL5"], GOOD), Some(2));
    assert_eq!(code(&["-", "--kind", "poem"], GOOD), Some(2));
    assert_eq!(code(&["-", "--nosuch"], GOOD), Some(2));
}

#[test]
fn programs_get_exactly_these_members() {
    let checked = check(
        &["-", "--json", "--release", "RHEL10"],
        &GOOD.replace("reboot\n", "").replace("/9/", "/10/"),
    );
    let lines = GOOD.lines().count() - 1;
    let finding = json!({
        "severity": "error", "code": "no-reboot", "line": lines, "column": 1,
        "message": "nothing says what to do at the end: the installed machine stands and waits for a key",
        "help": "add reboot",
    });
    let reply = json!({ "file": "-", "release": "RHEL10", "findings": [finding] });
    assert_eq!(json_of(&checked), reply);
}

#[test]
fn without_a_word_every_host_is_checked_and_not_one_page_of_them() {
    let hosts: String = (0..130)
        .map(|number| {
            format!("config host 'n{number}'\n\tlist mac '52:54:01:00:00:{number:02x}'\n\toption profile 'almalinux9'\n")
        })
        .collect();
    let service = service_with(&format!("{CONFIG}\n{hosts}"));
    let output = service.kickstand(&["check", "--json"]);
    let replies = json_of(&output);
    let checked = replies.as_array().expect("a list").len();
    let all = status_of_all(&service)["total"].as_u64().expect("a number");
    assert!(all > 130);
    assert_eq!(checked as u64, all);
}

#[test]
fn several_files_are_several_replies() {
    let scratch = Scratch::new("check");
    let good = scratch.write("good.ks", GOOD);
    let bad = scratch.write("bad.ks", "nonsense\n");
    let paths = [
        good.to_str().expect("a path"),
        bad.to_str().expect("a path"),
    ];
    let checked = check(&["--json", paths[0], paths[1]], "");
    assert_eq!(checked.status.code(), Some(1));
    let replies = json_of(&checked);
    assert_eq!(replies[0]["findings"], json!([]));
    assert_eq!(replies[1]["findings"][0]["code"], "unknown-command");
}

#[test]
fn the_release_is_guessed_and_the_guess_is_said() {
    let said = |text: &str| out(&check(&["-"], text));
    assert!(said(GOOD).ends_with("(checked as RHEL9, guessed from the file)\n"));
    assert!(
        said(&GOOD.replace("#version=RHEL9\n", "").replace("/9/", "/10/"))
            .ends_with("(checked as RHEL10, guessed from the file)\n")
    );
    let silent = GOOD
        .replace("#version=RHEL9\n", "")
        .replace("almalinux/9/", "os/");
    assert!(said(&silent).ends_with("(checked as RHEL9, nothing in the file says which)\n"));
}

#[test]
fn other_kinds_are_known_by_their_form() {
    let preseed = json_of(&check(
        &["-", "--json"],
        "d-i time/zone string Mars/Olympus\n",
    ));
    assert_eq!(preseed["release"], Value::Null);
    let findings = preseed["findings"].as_array().expect("findings");
    assert!(
        findings
            .iter()
            .any(|finding| finding["code"] == "unknown-timezone" && finding["line"] == 1)
    );
    let autoinstall = json_of(&check(
        &["-", "--json"],
        "#cloud-config\nautoinstall:\n  verson: 1\n",
    ));
    assert_eq!(autoinstall["findings"][0]["help"], "did you mean version?");
}

#[test]
fn a_host_is_checked_as_it_would_get_it() {
    let service = service();
    let checked = service.kickstand(&["check", "web"]);
    let said = out(&checked);
    assert_eq!(checked.status.code(), Some(0), "{said}");
    assert!(
        said.contains("note[unstable-disk]: /dev/vda may be another disk"),
        "{said}"
    );
    assert!(
        said.contains("web: ")
            && said
                .contains("(checked as RHEL9, guessed from its profile; option release says it)"),
        "{said}"
    );
}

#[test]
fn a_profile_says_its_release() {
    let service = service_with(&config_with(
        "config profile 'almalinux9'",
        "\toption release 'Rocky10'",
    ));
    let said = out(&service.kickstand(&["check", "web"]));
    assert!(
        said.contains("(checked as RHEL10, option release of its profile)"),
        "{said}"
    );
    service.commit(&config_with(
        "config profile 'almalinux9'",
        "\toption release 'Windows95'",
    ));
    let faults = status_of_all(&service)["faults"].to_string();
    assert!(
        faults.contains("a release that is known (RHEL8, RHEL9, RHEL10, F43"),
        "{faults}"
    );
}

#[test]
fn settings_that_break_an_armed_host_are_a_warning() {
    let service = service();
    arm(&service, "web");
    assert!(
        !status_of_all(&service)["warnings"]
            .to_string()
            .contains("has errors")
    );
    service.commit(&CONFIG.replace("option disk '/dev/vda'", "option disk '/dev/vda1'"));
    let warnings = status_of_all(&service)["warnings"].to_string();
    assert!(
        warnings.contains("web, which is armed: its answer file has errors")
            && warnings.contains("[not-a-disk]"),
        "{warnings}"
    );
}
