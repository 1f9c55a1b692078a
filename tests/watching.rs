//! Watching an installation: given what a machine sends and fetches, that is what its timeline says, and who says so.

mod service_support;
mod ubus_support;
mod watching_support;

use std::io::{Read, Write};
use std::net::SocketAddrV4;
use std::process::Stdio;

use kickstand_lab::http::connect_from;
use kickstand_lab::process::wait_until;
use kickstand_lab::service::{ROUTER, Service};
use serde_json::{Value, json};
use service_support::{R220A, STRANGER, WEB, arm, service, status};
use ubus_support::asking::ask;
use watching_support::{
    LIMIT, anaconda, host, installing, send, stream, texts, timeline, wait_for_text,
};

#[test]
fn the_timeline_of_an_installation_says_who_says_what() {
    let service = service();
    service
        .tree()
        .write("www/kickstand/files/vmlinuz", "x".repeat(20_000));
    arm(&service, "r220a");
    let token = R220A.token(&service);
    R220A.get(&service, "/files/vmlinuz");
    let is_fetched = || !texts(&service, "r220a", "file").is_empty();
    assert!(wait_until(LIMIT, is_fetched), "{}", service.log());
    R220A.answer_file(&service, &token);
    assert_eq!(R220A.claims(&service, &token, "1"), 200);
    let mut sent = stream(&service, R220A.address);
    for (line, told) in [
        (
            "installation: Queue started: Early storage configuration (4/20)",
            "its installer sets up the disk",
        ),
        (
            "packaging: Downloading packages to /mnt/sysroot/var/tmp/dnf.package.cache.",
            "its installer downloads packages",
        ),
        (
            "packaging: Installed: libgcc-11.4.1-3.el9.x86_64 1710000000 0a1b",
            "its installer installs packages",
        ),
        (
            "installation: Queue started: Bootloader installation (8/20)",
            "its installer installs the boot loader (packages installed: 1)",
        ),
    ] {
        writeln!(sent, "{}", anaconda(line)).expect("is sent");
        wait_for_text(&service, "r220a", told);
    }
    R220A.reports(&service, &token, "event=completed");
    R220A.boots(&service);
    let lease = json!({
        "kind": "dhcp", "action": "update", "mac": R220A.card, "address": "127.0.0.11",
        "hostname": "r220a", "vendor_class": "",
    });
    for _ in 0..3 {
        ask(&service, "report", lease.clone());
    }
    let mut timeline = timeline(&service, "r220a");
    for [_, kind, text] in &mut timeline {
        if kind == "file" || kind == "answer" {
            text.truncate(
                text.find(" in ")
                    .or_else(|| text.find(" ("))
                    .expect("numbers"),
            );
        }
    }
    let due = [
        ["user", "armed", "was armed by the user"],
        [
            "observed",
            "install",
            "asked what to boot and was told to install",
        ],
        ["observed", "file", "fetched /files/vmlinuz, 20 KB"],
        ["observed", "answer", "fetched its answer file"],
        ["reported", "claim", "claimed, and may now write its disk"],
        ["observed", "installer", "its installer sets up the disk"],
        ["observed", "installer", "its installer downloads packages"],
        ["observed", "installer", "its installer installs packages"],
        [
            "observed",
            "installer",
            "its installer installs the boot loader (packages installed: 1)",
        ],
        ["reported", "completed", "reported that it is installed"],
        [
            "observed",
            "booted",
            "came back for the first time after its installation",
        ],
        [
            "observed",
            "local",
            "asked what to boot and was told to boot from its disk: r220a is installed",
        ],
        [
            "observed",
            "booted",
            "its installed system started, and got the address 127.0.0.11 from DHCP",
        ],
        [
            "observed",
            "dhcp",
            "got the address 127.0.0.11 from DHCP as 'r220a'",
        ],
    ];
    assert_eq!(timeline, due.map(|event| event.map(str::to_owned)));
}

#[test]
fn many_files_are_told_in_one_line_and_a_client_that_leaves_is_told() {
    let service = service();
    service
        .tree()
        .write("www/kickstand/files/a.rpm", "x".repeat(1000));
    service
        .tree()
        .write("www/kickstand/files/big", vec![0; 20_000_000]);
    installing(&service, R220A, "r220a");
    for _ in 0..20 {
        R220A.get(&service, "/files/a.rpm");
    }
    let sum = || texts(&service, "r220a", "files");
    let due = vec!["fetched 20 files in all, 20 KB".to_owned()];
    assert!(wait_until(LIMIT, || sum() == due), "{:?}", sum());
    let told: u64 = host(&service, "r220a")["events"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|event| event["kind"] == "file")
        .filter_map(|event| event["times"].as_u64())
        .sum();
    assert_eq!(told, 8);
    let mut leaves =
        connect_from(R220A.address, SocketAddrV4::new(ROUTER, service.port())).expect("connects");
    leaves
        .write_all(b"GET /files/big HTTP/1.1\r\nHost: x\r\n\r\n")
        .expect("is sent");
    leaves.set_read_timeout(Some(LIMIT)).expect("a socket");
    let mut some = [0; 1000];
    leaves.read_exact(&mut some).expect("it begins");
    drop(leaves);
    let left = || {
        let texts = texts(&service, "r220a", "file");
        texts.iter().any(|text| {
            text.starts_with("left while it fetched /files/big, after ")
                && text.ends_with(" of 20.0 MB")
        })
    };
    assert!(wait_until(LIMIT, left), "{:?}", timeline(&service, "r220a"));
}

#[test]
fn a_file_that_is_missing_is_told_unless_installers_do_without() {
    let service = service();
    arm(&service, "r220a");
    for name in ["images/install.img", "images/updates.img", ".treeinfo"] {
        R220A.get(&service, &format!("/files/x/{name}"));
    }
    STRANGER.get(&service, "/files/y");
    let due = ["asked for /files/x/images/install.img, which is not there"];
    assert_eq!(texts(&service, "r220a", "missing"), due);
}

#[test]
fn per_cent_come_from_packages_then_from_reports_and_never_go_back() {
    let service = service();
    let token = installing(&service, R220A, "r220a");
    let percent = || {
        let status = status(&service, "r220a");
        (
            status["percent"].as_u64(),
            status["percent_from"].as_str().map(str::to_owned),
        )
    };
    assert_eq!(percent(), (None, None));
    send(
        &service,
        R220A,
        &[
            anaconda("packaging: 4 packages selected totalling 1 MiB"),
            anaconda("packaging: Installed: a-1-1.x86_64 1 2"),
        ],
    );
    wait_for_text(&service, "r220a", "its installer installs packages");
    assert_eq!(percent(), (Some(25), Some("packages".to_owned())));
    assert_eq!(
        status(&service, "r220a")["step"],
        "installs packages, 1 of 4"
    );
    R220A.reports(&service, &token, "event=progress&percent=60");
    assert_eq!(percent(), (Some(60), Some("reported".to_owned())));
    R220A.reports(&service, &token, "event=progress&percent=10");
    assert_eq!(percent(), (Some(60), Some("reported".to_owned())));
    R220A.reports(&service, &token, "event=completed");
    assert_eq!(percent(), (None, None));
}

#[test]
fn earlier_installations_tell_how_long_it_takes_after_a_restart_too() {
    let mut service = service();
    let token = installing(&service, R220A, "r220a");
    service.set_uptime(1600);
    R220A.reports(&service, &token, "event=completed");
    service.crash();
    installing(&service, WEB, "web");
    service.set_uptime(1750);
    let seen = status(&service, "web");
    let words = ["percent", "percent_from", "expected", "elapsed"].map(|field| seen[field].clone());
    assert_eq!(
        words,
        [json!(25), json!("estimate"), json!(450), json!(150)]
    );
    // Longer than ever: no end is promised.
    service.set_uptime(9000);
    let seen = status(&service, "web");
    assert_eq!(
        (&seen["percent"], &seen["expected"]),
        (&json!(95), &Value::Null)
    );
}

#[test]
fn status_says_in_a_column_of_its_own_who_says_what() {
    let service = service();
    let token = installing(&service, R220A, "r220a");
    let step = anaconda("installation: Queue started: Early storage configuration (4/20)");
    send(&service, R220A, &[step]);
    wait_for_text(&service, "r220a", "its installer sets up the disk");
    R220A.reports(&service, &token, "event=progress&percent=40");
    let said = service.kickstand(&["status", "r220a"]).stdout;
    let said = String::from_utf8(said).expect("text");
    for line in [
        "     0.0 s  you       was armed by the user",
        "     0.0 s  reported  claimed, and may now write its disk",
        "     0.0 s  observed  its installer sets up the disk",
    ] {
        assert!(said.lines().any(|found| found == line), "{line}\n{said}");
    }
    assert!(
        said.contains("installing, 40 % (reported): its installer sets up the disk\n"),
        "{said}"
    );
}

/// Runs `watch` while `meanwhile` goes on; its exit code and what it said on both channels.
fn watch(service: &Service, name: &str, meanwhile: impl FnOnce()) -> (Option<i32>, String, String) {
    let mut command = service.command(&["watch", name]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = command.spawn().expect("the binary starts");
    meanwhile();
    let output = running.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn watch_follows_an_installation_to_its_end_and_its_exit_code_is_the_outcome() {
    let service = service();
    let token = installing(&service, R220A, "r220a");
    let (code, said, _) = watch(&service, "r220a", || {
        R220A.reports(&service, &token, "event=progress&percent=40&text=half");
        R220A.reports(&service, &token, "event=completed");
    });
    assert_eq!(code, Some(0), "{said}");
    for word in [
        "you       was armed",
        "reported  claimed",
        "reported  half",
        "reported  reported that it is installed",
    ] {
        assert_eq!(said.matches(word).count(), 1, "{word}\n{said}");
    }
    let token = installing(&service, WEB, "web");
    send(
        &service,
        WEB,
        &[anaconda("packaging: Downloading packages to /x.")],
    );
    wait_for_text(&service, "web", "its installer downloads packages");
    let (code, said, complaint) = watch(&service, "web", || {
        WEB.reports(&service, &token, "event=failed&reason=no%20mirror");
    });
    assert_eq!(code, Some(1), "{said}");
    assert!(
        complaint.contains("web is failed: no mirror"),
        "{complaint}"
    );
    assert!(
        said.contains("  anaconda: anaconda: packaging: Downloading packages to /x.\n"),
        "{said}"
    );
}

#[test]
fn watch_does_not_wait_for_what_will_not_happen() {
    let mut service = service();
    let (code, _, complaint) = watch(&service, "web", || ());
    assert_eq!(code, Some(1));
    assert!(complaint.contains("`kickstand arm web`"), "{complaint}");
    let (code, _, complaint) = watch(&service, "nobody", || ());
    assert_eq!(code, Some(1), "{complaint}");
    service.kill();
    let (code, _, complaint) = watch(&service, "web", || ());
    assert_eq!(code, Some(3), "{complaint}");
}
