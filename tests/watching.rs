//! Watching an installation: given what a machine sends and fetches, that is what its timeline says, and who says so.

mod service_support;
mod ubus_support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpStream, UdpSocket};
use std::process::Stdio;
use std::time::Duration;

use kickstand_lab::http::connect_from;
use kickstand_lab::process::wait_until;
use kickstand_lab::requests::Machine;
use kickstand_lab::service::{ROUTER, Service, free_port};
use serde_json::{Value, json};
use service_support::{CONFIG, R220A, STRANGER, WEB, arm, phase, service, service_with, status};
use ubus_support::asking::ask;

/// More than anything that is waited for takes, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// As rsyslog forwards what RHEL 9's Anaconda writes to its journal.
fn anaconda(text: &str) -> String {
    format!("<142>Nov 23 03:40:01 r220a anaconda[1775]: anaconda: {text}")
}

fn send(service: &Service, machine: Machine, lines: &[String]) {
    let socket = UdpSocket::bind((machine.address, 0)).expect("the loopback has that address");
    for line in lines {
        let to = SocketAddrV4::new(ROUTER, service.syslog_port());
        socket.send_to(line.as_bytes(), to).expect("is sent");
    }
}

/// The stream that Anaconda's rsyslog opens.
fn stream(service: &Service, from: Ipv4Addr) -> TcpStream {
    connect_from(from, SocketAddrV4::new(ROUTER, service.syslog_port())).expect("connects")
}

fn host(service: &Service, name: &str) -> Value {
    ask(service, "host", json!({ "name": name }))
}

/// Source, kind and text of each event.
fn timeline(service: &Service, name: &str) -> Vec<[String; 3]> {
    let reply = host(service, name);
    let events = reply["events"].as_array().cloned().unwrap_or_default();
    let word = |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
    let entry = |event: &Value| ["source", "kind", "text"].map(|field| word(event, field));
    events.iter().map(entry).collect()
}

fn texts(service: &Service, name: &str, kind: &str) -> Vec<String> {
    let events = timeline(service, name).into_iter();
    let events = events.filter(|[_, found, _]| found == kind);
    events.map(|[_, _, text]| text).collect()
}

fn wait_for_text(service: &Service, name: &str, wanted: &str) {
    let is_there = || {
        timeline(service, name)
            .iter()
            .any(|[_, _, text]| text == wanted)
    };
    assert!(
        wait_until(LIMIT, is_there),
        "{wanted}\n{:?}\n{}",
        timeline(service, name),
        service.log()
    );
}

/// Arms, boots and claims; the token.
fn installing(service: &Service, machine: Machine, name: &str) -> String {
    arm(service, name);
    let token = machine.token(service);
    assert_eq!(machine.claims(service, &token, "1"), 200);
    token
}

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
fn both_of_its_protocols_are_heard_and_strangers_are_not() {
    let service = service();
    let token = installing(&service, R220A, "r220a");
    arm(&service, "web");
    let line = anaconda("installation: Queue started: Early storage configuration (4/20)");
    send(&service, STRANGER, &[line.clone(), line.clone()]);
    send(&service, WEB, &[line]);
    let mut sent = stream(&service, R220A.address);
    write!(
        sent,
        "{}\nno line feed",
        anaconda("packaging: Downloading packages to /x.")
    )
    .expect("is sent");
    drop(sent);
    wait_for_text(&service, "web", "its installer sets up the disk");
    wait_for_text(&service, "r220a", "its installer downloads packages");
    // Nobody reads what a stranger sends: its stream ends at once.
    let mut stranger = stream(&service, STRANGER.address);
    assert!(wait_until(LIMIT, || writeln!(stranger, "<13>x").is_err()));
    assert_eq!(status(&service, "r220a")["step"], "downloads packages");
    let ends = || {
        host(&service, "r220a")["log"]
            .as_str()
            .is_some_and(|log| log.ends_with("no line feed"))
    };
    assert!(wait_until(LIMIT, ends), "the log shows while it comes");
    let reply = R220A.reports(&service, &token, "event=failed&reason=no%20room");
    assert_eq!(reply.status, 200);
    let log = host(&service, "r220a")["log"].clone();
    assert_eq!(
        log,
        "anaconda: anaconda: packaging: Downloading packages to /x.\nno line feed"
    );
}

#[test]
fn a_log_of_the_report_is_kept_before_what_syslog_said() {
    let service = service();
    let token = installing(&service, R220A, "r220a");
    send(
        &service,
        R220A,
        &[anaconda(
            "installation: Queue started: Early storage configuration (4/20)",
        )],
    );
    wait_for_text(&service, "r220a", "its installer sets up the disk");
    R220A.reports(&service, &token, "event=failed&reason=x&log=its%20own");
    assert_eq!(host(&service, "r220a")["log"], "its own");
    // The next installation begins with nothing.
    arm(&service, "r220a");
    assert_eq!(host(&service, "r220a")["log"], Value::Null);
    assert_eq!(status(&service, "r220a")["step"], Value::Null);
}

#[test]
fn only_while_it_is_being_installed_is_a_log_kept() {
    let service = service();
    send(
        &service,
        R220A,
        &[anaconda(
            "installation: Queue started: Early storage configuration (4/20)",
        )],
    );
    arm(&service, "web");
    send(
        &service,
        WEB,
        &[anaconda(
            "installation: Queue started: Early storage configuration (4/20)",
        )],
    );
    // Datagrams are taken in their order: when this one was, the first was too.
    wait_for_text(&service, "web", "its installer sets up the disk");
    assert_eq!(texts(&service, "r220a", "installer"), Vec::<String>::new());
}

#[test]
fn a_flood_of_one_leaves_the_others_and_the_service_alone() {
    let service = service();
    installing(&service, R220A, "r220a");
    let _token = installing(&service, WEB, "web");
    let noise = vec![anaconda("storage: noise"); 20_000];
    let mut sent = stream(&service, R220A.address);
    for line in &noise {
        writeln!(sent, "{line}").expect("is sent");
    }
    let mut other = stream(&service, WEB.address);
    writeln!(
        other,
        "{}",
        anaconda("installation: Queue started: Early storage configuration (4/20)")
    )
    .expect("is sent");
    wait_for_text(&service, "web", "its installer sets up the disk");
    assert_eq!(phase(&service, "r220a"), "installing");
    // The service ends a stream that it has read to its end.
    sent.shutdown(Shutdown::Write).expect("is open");
    sent.set_read_timeout(Some(LIMIT)).expect("a socket");
    assert_eq!(sent.read(&mut [0]).expect("ends"), 0);
    service.set_uptime(1100);
    let mut sent = stream(&service, R220A.address);
    writeln!(
        sent,
        "{}",
        anaconda("packaging: Downloading packages to /x.")
    )
    .expect("is sent");
    wait_for_text(&service, "r220a", "its installer downloads packages");
    service.kickstand(&["disarm", "r220a"]);
    let log = host(&service, "r220a")["log"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(
        log.lines().count() <= 60 && log.len() <= 8192,
        "{}",
        log.len()
    );
    assert!(
        log.contains("(16000 lines came too fast and were left out)"),
        "{log}"
    );
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
fn a_port_that_is_taken_is_a_warning_and_machines_boot_all_the_same() {
    let mut other = Service::stopped(service_support::BINARY, CONFIG);
    let taken = UdpSocket::bind((ROUTER, other.syslog_port())).expect("the port is free");
    other.start();
    service_support::know_everybody(&other);
    let all = service_support::status_of_all(&other);
    let warning = all["warnings"].to_string();
    assert!(
        warning.contains("set kickstand.main.syslog_port"),
        "{warning}"
    );
    arm(&other, "r220a");
    assert!(R220A.is_installed_by(&other));
    drop(taken);
    // A reload tries again only when the place is another one.
    let free = service_with(CONFIG);
    assert_eq!(service_support::status_of_all(&free)["warnings"], json!([]));
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

#[test]
fn a_third_stream_of_one_address_takes_the_place_of_its_first() {
    let service = service();
    installing(&service, R220A, "r220a");
    let mut streams: Vec<TcpStream> = (0..3).map(|_| stream(&service, R220A.address)).collect();
    let mut first = streams.remove(0);
    first.set_read_timeout(Some(LIMIT)).expect("a socket");
    assert_eq!(first.read(&mut [0]).expect("ends"), 0);
    let last = streams.last_mut().expect("two are left");
    writeln!(
        last,
        "{}",
        anaconda("packaging: Downloading packages to /x.")
    )
    .expect("is sent");
    wait_for_text(&service, "r220a", "its installer downloads packages");
}

#[test]
fn with_another_port_logs_are_heard_there_after_a_reload() {
    let service = service();
    installing(&service, R220A, "r220a");
    let mut before = stream(&service, R220A.address);
    let other = free_port();
    let option = |port: u16| format!("syslog_port '{port}'");
    let file = service.path("etc/config/kickstand");
    let config = std::fs::read_to_string(&file).expect("it is there");
    service.commit(&config.replace(&option(service.syslog_port()), &option(other)));
    service.signal("HUP");
    let connects = || connect_from(R220A.address, SocketAddrV4::new(ROUTER, other)).is_ok();
    assert!(wait_until(LIMIT, connects), "{}", service.log());
    before.set_read_timeout(Some(LIMIT)).expect("a socket");
    assert_eq!(before.read(&mut [0]).expect("ends"), 0);
    let gone = connect_from(
        R220A.address,
        SocketAddrV4::new(ROUTER, service.syslog_port()),
    );
    assert!(gone.is_err(), "nobody listens where it was");
}

#[test]
fn who_comes_back_or_runs_out_of_time_without_a_word_leaves_the_end_of_its_log() {
    let service = service();
    installing(&service, R220A, "r220a");
    arm(&service, "web");
    for machine in [R220A, WEB] {
        send(&service, machine, &[anaconda("storage: the last word")]);
    }
    let is_there = |name: &str| {
        let log = host(&service, name)["log"].clone();
        log == "anaconda: anaconda: storage: the last word"
    };
    assert!(wait_until(LIMIT, || is_there("r220a") && is_there("web")));
    R220A.boots(&service);
    service.set_uptime(100_000);
    assert_eq!(
        [phase(&service, "r220a"), phase(&service, "web")],
        ["failed", "expired"]
    );
    assert!(is_there("r220a") && is_there("web"));
    // Nothing is added once it has ended.
    send(&service, R220A, &[anaconda("storage: too late")]);
    arm(&service, "web");
    send(
        &service,
        WEB,
        &[anaconda("packaging: Downloading packages to /x.")],
    );
    wait_for_text(&service, "web", "its installer downloads packages");
    assert!(is_there("r220a"));
}

#[test]
fn after_a_restart_of_the_service_the_next_line_tells_the_step_again() {
    let mut service = service();
    let token = installing(&service, R220A, "r220a");
    let line = |service: &Service, text: &str| send(service, R220A, &[anaconda(text)]);
    line(
        &service,
        "installation: Queue started: Early storage configuration (4/20)",
    );
    wait_for_text(&service, "r220a", "its installer sets up the disk");
    service.crash();
    assert_eq!(status(&service, "r220a")["step"], Value::Null);
    line(&service, "packaging: Downloading packages to /x.");
    wait_for_text(&service, "r220a", "its installer downloads packages");
    // When it began was forgotten: nothing is learned from it, rather than something wrong.
    service.set_uptime(5000);
    R220A.reports(&service, &token, "event=completed");
    installing(&service, WEB, "web");
    assert_eq!(status(&service, "web")["expected"], Value::Null);
}
