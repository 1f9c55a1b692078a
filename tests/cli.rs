//! Wrong input is met with one clear sentence and the right exit code: 0 done, 1 failed, 2 wrong usage, 3 not reachable.

mod service_support;

use std::io::Read;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use kickstand_lab::scratch::Scratch;
use kickstand_lab::service::{ROUTER, Service};
use serde_json::Value;
use service_support::{BINARY, CONFIG, STRANGER, config_with, service, service_with};

/// A run of the command in a tree where nothing is.
fn alone(words: &[&str]) -> Output {
    let tree = Scratch::new("cli");
    Command::new(BINARY)
        .arg("--root")
        .arg(tree.path())
        .args(words)
        .output()
        .expect("the binary starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// That code, nothing on standard output, and one line of error that begins with our name and has those words.
fn fails(output: &Output, code: i32, words: &[&str]) {
    let error = said(output);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(printed(output), "", "{error}");
    assert!(
        error.starts_with("kickstand: ") && error.lines().count() == 1,
        "{error}"
    );
    for word in words {
        assert!(error.contains(word), "{word} in: {error}");
    }
}

#[test]
fn what_is_not_understood_says_where_help_is() {
    for (words, sentence) in [
        (&[][..], "a command is missing"),
        (&["--json"], "a command is missing"),
        (&["instal"], "there is no command 'instal'"),
        (&["--verbos"], "there is no option --verbos"),
        (
            &["status", "--verbose"],
            "there is no option --verbose here",
        ),
        (&["status", "a", "b"], "'b' is one word too many"),
        (&["explain"], "the MAC or the host's name is missing"),
        (&["render"], "the host's name is missing"),
        (&["arm"], "the host's name is missing"),
        (&["arm", "--window", "soon", "h"], "soon"),
        (&["arm", "h", "--widow"], "there is no option --widow here"),
        (&["disarm"], "the host's name is missing"),
        (&["adopt"], "the MAC is missing"),
        (
            &["adopt", "52:54:00:00:00:66"],
            "the new host's name is missing",
        ),
        (
            &["adopt", "52:54:00:00:00:66", "db"],
            "the profile's name is missing",
        ),
        (&["forget"], "the MAC is missing"),
        (&["serve", "now"], "'now' is one word too many"),
    ] {
        fails(
            &alone(words),
            2,
            &[sentence, "`kickstand --help` shows how"],
        );
    }
    let rootless = Command::new(BINARY)
        .arg("--root")
        .output()
        .expect("the binary starts");
    fails(&rootless, 2, &["--root"]);
}

#[test]
fn help_and_version_need_nothing() {
    for words in [&["--help"][..], &["-h"], &["help"], &["arm", "--help"]] {
        let output = alone(words);
        assert_eq!(
            (output.status.code(), said(&output).as_str()),
            (Some(0), ""),
            "{words:?}"
        );
        assert!(printed(&output).contains("\nusage: kickstand "));
    }
    for words in [&["--version"][..], &["-V"], &["version"]] {
        let output = alone(words);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(
            printed(&output),
            format!("kickstand {}\n", env!("CARGO_PKG_VERSION"))
        );
    }
}

#[test]
fn every_question_says_when_ubus_or_the_service_is_not_there() {
    let questions = [
        &["status"][..],
        &["status", "h"],
        &["status", "--json"],
        &["explain", "h"],
        &["render", "h"],
        &["arm", "h"],
        &["disarm", "h"],
        &["adopt", "52:54:00:00:00:66", "db", "p"],
        &["forget", "52:54:00:00:00:66"],
    ];
    let stopped = Service::stopped(BINARY, CONFIG);
    for words in questions {
        fails(
            &alone(words),
            3,
            &["cannot reach ubus at ", "is ubusd running?"],
        );
        fails(
            &stopped.kickstand(words),
            3,
            &["the service is not running", "/etc/init.d/kickstand start"],
        );
    }
}

#[test]
fn what_the_service_refuses_is_one_sentence() {
    let service = service();
    STRANGER.boots(&service);
    for (words, sentence) in [
        (
            &["status", "nobody"][..],
            "there is no host 'nobody' (hosts: r220a, web)",
        ),
        (
            &["explain", "nobody"],
            "'nobody' is no host and not a MAC address",
        ),
        (&["render", "nobody"], "there is no host 'nobody'"),
        (
            &["render", "web", "nonsense"],
            "what to render is answer, ipxe or args",
        ),
        (
            &["arm", "--window", "5", "web"],
            "window must be 60 to 604800 seconds",
        ),
        (&["disarm", "web"], "web: this host is not armed"),
        (
            &["adopt", "zz", "db", "almalinux9"],
            "mac must be a MAC address",
        ),
        (
            &["adopt", STRANGER.card, "d b", "almalinux9"],
            "the name must be of letters",
        ),
        (
            &["adopt", STRANGER.card, "web", "almalinux9"],
            "there is a host 'web' already",
        ),
        (
            &["adopt", STRANGER.card, "main", "almalinux9"],
            "there is another section 'main'",
        ),
        (
            &["adopt", STRANGER.card, "db", "debian"],
            "there is no profile 'debian' (there are: almalinux9)",
        ),
        (
            &["forget", "52:54:00:00:00:77"],
            "is not among the unknown machines",
        ),
    ] {
        fails(&service.kickstand(words), 1, &[sentence]);
    }
}

#[test]
fn one_unknown_host_does_not_keep_the_others_from_being_armed() {
    let service = service();
    let output = service.kickstand(&["arm", "r220a", "nobody", "web"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        said(&output),
        "kickstand: there is no host 'nobody' (hosts: r220a, web)\n"
    );
    for host in [
        "r220a is armed for 2 h: its next network boot WIPES /dev/sda",
        "web is armed for 2 h",
    ] {
        assert!(printed(&output).contains(host), "{output:?}");
    }
}

#[test]
fn json_comes_wherever_there_is_something_to_tell() {
    let service = service();
    STRANGER.boots(&service);
    for words in [
        &["status", "--json"][..],
        &["--json", "status", "web"],
        &["explain", "web", "--json"],
        &["explain", "--json", STRANGER.card],
        &["render", "web", "--json"],
        &["render", "web", "ipxe", "--json"],
        &["render", "web", "args", "--json"],
        &["arm", "web", "--json"],
        &["disarm", "web", "--json"],
        &["forget", STRANGER.card, "--json"],
    ] {
        let output = service.kickstand(words);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(
            serde_json::from_slice::<Value>(&output.stdout).is_ok_and(|value| value.is_object()),
            "{output:?}"
        );
    }
}

#[test]
fn an_empty_list_says_what_to_do() {
    let service = service_with("config kickstand 'main'\n\toption port 'PORT'\n");
    let output = service.kickstand(&["status"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        printed(&output)
            .starts_with("No hosts yet. Let a server boot from the network and adopt it"),
        "{output:?}"
    );
    fails(
        &service.kickstand(&["arm", "web"]),
        1,
        &["there is no host 'web', and no other: add a `config host` section"],
    );
}

#[test]
fn a_reader_that_has_read_enough_is_no_failure() {
    let service = service();
    let mut status = service
        .command(&["status"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    drop(status.stdout.take());
    let mut error = String::new();
    status
        .stderr
        .take()
        .expect("a pipe")
        .read_to_string(&mut error)
        .expect("text");
    assert_eq!(
        (status.wait().expect("ends").code(), error.as_str()),
        (Some(0), "")
    );
}

#[test]
fn faults_of_the_configuration_are_all_named_at_once() {
    let faulty = config_with(
        "config host 'web'",
        "\toption profil 'x'\n\toption gateway '10.0.0.1'\n\toption window '5'",
    )
    .replace("list mac 'b8:ca:3a:00:00:01'", "list mac 'zz'")
        + "\nconfig host 'lost'\n\tlist mac '52:54:00:00:00:03'\n\toption profile 'debian'\n\
           config host 'bare'\n\tlist mac '52:54:00:00:00:04'\n";
    let service = service_with(&faulty);
    let output = service.kickstand(&["status"]);
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(0));
    for fault in [
        "host 'web', option profil",
        "did you mean 'profile'?",
        "host 'web', option gateway",
        "host 'web', option window",
        "host 'r220a', option mac 'zz'",
        "host 'lost', option profile 'debian'",
        "host 'bare', option profile",
    ] {
        assert!(text.contains(fault), "{fault} in:\n{text}");
    }
}

#[test]
fn a_port_in_use_ends_the_service_with_a_sentence() {
    let service = Service::stopped(BINARY, CONFIG);
    let _other = TcpListener::bind((ROUTER, service.port())).expect("it was free");
    let output = service.kickstand(&["serve"]);
    assert_eq!(output.status.code(), Some(1));
    let error = said(&output);
    let last = error.lines().last().unwrap_or_default();
    assert!(
        last.starts_with(&format!(
            "kickstand: port {} of {ROUTER} is in use",
            service.port()
        )),
        "{error}"
    );
    assert!(last.contains("set kickstand.main.port"), "{error}");
}

#[test]
fn a_service_that_is_switched_off_says_so_and_ends() {
    let service = Service::stopped(
        BINARY,
        &config_with("config kickstand 'main'", "\toption enabled '0'"),
    );
    let output = service.kickstand(&["serve"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        said(&output).contains("kickstand.main.enabled is 0"),
        "{output:?}"
    );
}

#[test]
fn apply_says_what_it_misses() {
    let output = alone(&["apply", "--dry-run"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("etc/config/kickstand: install the package again, or write one"),
        "{output:?}"
    );
    let broken = Service::stopped(BINARY, "config host 'h\n");
    let output = broken.kickstand(&["apply", "--dry-run"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("line 1: a ' that opens a value is never closed"),
        "{output:?}"
    );
}
