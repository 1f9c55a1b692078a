//! A machine that is installed and sends its log, and what the service tells of it.
//!
//! Not its job: what is held of that.

// Each test binary uses a part of it.
#![allow(dead_code)]

use std::net::{Ipv4Addr, SocketAddrV4, TcpStream, UdpSocket};
use std::time::Duration;

use kickstand_lab::http::connect_from;
use kickstand_lab::process::wait_until;
use kickstand_lab::requests::Machine;
use kickstand_lab::service::{ROUTER, Service};
use serde_json::{Value, json};

use crate::service_support::arm;
use crate::ubus_support::asking::ask;

/// More than anything that is waited for takes, even on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(20);

/// As rsyslog forwards what RHEL 9's Anaconda writes to its journal.
pub fn anaconda(text: &str) -> String {
    format!("<142>Nov 23 03:40:01 r220a anaconda[1775]: anaconda: {text}")
}

/// Over UDP.
pub fn send(service: &Service, machine: Machine, lines: &[String]) {
    let socket = UdpSocket::bind((machine.address, 0)).expect("the loopback has that address");
    for line in lines {
        let to = SocketAddrV4::new(ROUTER, service.syslog_port());
        socket.send_to(line.as_bytes(), to).expect("is sent");
    }
}

/// The stream that Anaconda's rsyslog opens.
pub fn stream(service: &Service, from: Ipv4Addr) -> TcpStream {
    connect_from(from, SocketAddrV4::new(ROUTER, service.syslog_port())).expect("connects")
}

/// What ubus tells of a host.
pub fn host(service: &Service, name: &str) -> Value {
    ask(service, "host", json!({ "name": name }))
}

/// Source, kind and text of each event.
pub fn timeline(service: &Service, name: &str) -> Vec<[String; 3]> {
    let reply = host(service, name);
    let events = reply["events"].as_array().cloned().unwrap_or_default();
    let word = |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
    let entry = |event: &Value| ["source", "kind", "text"].map(|field| word(event, field));
    events.iter().map(entry).collect()
}

/// Texts of one kind of event.
pub fn texts(service: &Service, name: &str, kind: &str) -> Vec<String> {
    let events = timeline(service, name).into_iter();
    let events = events.filter(|[_, found, _]| found == kind);
    events.map(|[_, _, text]| text).collect()
}

/// Waits for an event.
pub fn wait_for_text(service: &Service, name: &str, wanted: &str) {
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
pub fn installing(service: &Service, machine: Machine, name: &str) -> String {
    arm(service, name);
    let token = machine.token(service);
    assert_eq!(machine.claims(service, &token, "1"), 200);
    token
}
