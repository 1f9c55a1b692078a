//! A server that webhooks are delivered to: a real socket, answers as the test wants them, and what came in. And what a service
//! tells of its webhooks.
//!
//! It cannot show how a chat server renders what it is told.

// Each test binary uses a part of it.
#![allow(dead_code)]

pub mod tls;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use kickstand_lab::process::wait_until;
use kickstand_lab::service::Service;
use serde_json::{Value, json};

use crate::service_support::{CONFIG, R220A, arm, phase, service_with};
use crate::ubus_support::asking::ask;

const LIMIT: Duration = Duration::from_secs(20);
/// For `list event`.
pub const EVERYTHING: &str =
    "idle armed booting installing installed failed expired discovered unknown";

/// A request that came in.
#[derive(Debug, Clone)]
pub struct Received {
    /// First line.
    pub line: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Value,
}

impl Received {
    /// Value of a header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value)
    }
}

/// The server. It ends when it is dropped.
pub struct Receiver {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Received>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// One that gives these answers in turn (`503 Busy`, and headers if need be), and 200 after that.
    pub fn answering(answers: &'static [&'static str]) -> Self {
        let mut left = answers.iter();
        Receiver::new(move |stream| {
            let answer = left.next().unwrap_or(&"200 OK");
            let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 2\r\n\r\nok");
            let _ = stream.write_all(answer.as_bytes());
            // As it was asked to.
            let _ = stream.shutdown(Shutdown::Write);
        })
    }

    /// One that does `answer` with each connection after it has read the request. Connections stay open until it is dropped.
    pub fn new(mut answer: impl FnMut(&mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let (seen, ends) = (
            Arc::new(Mutex::new(Vec::new())),
            Arc::new(AtomicBool::new(false)),
        );
        let (seen_there, ends_there) = (Arc::clone(&seen), Arc::clone(&ends));
        let thread = thread::spawn(move || {
            let mut open = Vec::new();
            for stream in listener.incoming() {
                if ends_there.load(Ordering::Acquire) {
                    return;
                }
                let mut stream = stream.expect("a connection");
                let received = read(&stream);
                seen_there.lock().expect("nobody panicked").push(received);
                answer(&mut stream);
                open.push(stream);
            }
        });
        Receiver {
            address,
            seen,
            ends,
            thread: Some(thread),
        }
    }

    /// `http://127.0.0.1:PORT` and that path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its TCP port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// All that came in so far.
    pub fn seen(&self) -> Vec<Received> {
        self.seen.lock().expect("nobody panicked").clone()
    }

    /// All that came in, when that are as many at least.
    pub fn waits_for(&self, count: usize) -> Vec<Received> {
        let come = wait_until(LIMIT, || self.seen().len() >= count);
        let seen = self.seen();
        assert!(come, "{} of {count}: {seen:#?}", seen.len());
        seen
    }

    /// The events that came in, in order.
    pub fn events(&self) -> Vec<String> {
        let event = |received: Received| {
            received.body["event"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        self.seen().into_iter().map(event).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn read(stream: &TcpStream) -> Received {
    let mut reader = BufReader::new(stream);
    let mut next = || {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    };
    let line = next();
    let mut headers = Vec::new();
    loop {
        let header = next();
        let Some((name, value)) = header.split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut received = Received {
        line,
        headers,
        body: Value::Null,
    };
    let body = match received.header("content-length") {
        "" => chunks(&mut reader),
        length => take(&mut reader, length.parse().expect("a length")),
    };
    received.body = serde_json::from_slice(&body).expect("JSON");
    received
}

fn take(reader: &mut impl Read, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).expect("all of it");
    bytes
}

/// A body in chunks (RFC 9112, 7.1).
fn chunks(reader: &mut impl BufRead) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        let length = usize::from_str_radix(line.trim_end(), 16).expect("a length");
        body.extend(take(reader, length));
        assert_eq!(take(reader, 2), b"\r\n");
        if length == 0 {
            return body;
        }
    }
}

/// [`CONFIG`] with a webhook of that name for these events (none: as by default).
pub fn with_webhook(config: &str, name: &str, url: &str, events: &str) -> String {
    let events = events.split_whitespace();
    let events: String = events
        .map(|event| format!("\tlist event '{event}'\n"))
        .collect();
    format!("{config}\nconfig webhook '{name}'\n\toption url '{url}'\n{events}")
}

/// Has the machine of `r220a` install itself.
pub fn install(service: &Service) {
    arm(service, "r220a");
    let token = R220A.token(service);
    assert_eq!(R220A.claims(service, &token, "run-1"), 200);
    assert_eq!(
        R220A.reports(service, &token, "event=completed").status,
        200
    );
    assert_eq!(phase(service, "r220a"), "installed");
}

/// The service with a webhook `chat` at that receiver, for these events.
pub fn service_telling(receiver: &Receiver, events: &str) -> Service {
    service_with(&with_webhook(
        CONFIG,
        "chat",
        &receiver.url("/hooks/abc"),
        events,
    ))
}

/// Has its installer fail, `reason` in its own words.
pub fn fail(service: &Service, reason: &str) {
    arm(service, "r220a");
    let token = R220A.token(service);
    assert_eq!(R220A.claims(service, &token, "run-2"), 200);
    let report = format!("event=failed&reason={reason}&log=a+line+of+the+log");
    assert_eq!(R220A.reports(service, &token, &report).status, 200);
}

/// What is told of a webhook; nothing when there is none of that name.
pub fn webhook(service: &Service, name: &str) -> Value {
    let reply = ask(service, "webhooks", json!({}));
    let all = reply["webhooks"].as_array().expect("a list");
    let found = all.iter().find(|webhook| webhook["name"] == name);
    found.cloned().unwrap_or_default()
}

/// Waits until that holds of the webhook `chat`.
pub fn waits_until(service: &Service, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let held = wait_until(LIMIT, || holds(&webhook(service, "chat")));
    let webhook = webhook(service, "chat");
    assert!(held, "{what}: {webhook:#}\n{}", service.log());
    webhook
}
