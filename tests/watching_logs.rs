//! Logs of installers: which are heard, over which protocol and port, and which are kept for how long.

mod service_support;
mod ubus_support;
mod watching_support;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddrV4, TcpStream, UdpSocket};

use kickstand_lab::http::connect_from;
use kickstand_lab::process::wait_until;
use kickstand_lab::service::{ROUTER, Service, free_port};
use serde_json::{Value, json};
use service_support::{CONFIG, R220A, STRANGER, WEB, arm, phase, service, service_with, status};
use watching_support::{LIMIT, anaconda, host, installing, send, stream, texts, wait_for_text};

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
