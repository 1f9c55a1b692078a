//! Files of the running service: what goes over the wire is what is in them, whatever the client and the disk do meanwhile.

mod service_support;

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::{SocketAddrV4, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use kickstand_lab::http::connect_from;
use kickstand_lab::process::wait_until;
use kickstand_lab::service::{ROUTER, Service};
use service_support::{CONFIG, R220A, service};

/// More than the buffers of both ends of a connection.
const LARGE: usize = 24 * 1024 * 1024 + 17;

/// Bytes that are never zero and come back at no power of two.
fn content(length: usize) -> Vec<u8> {
    (1..=251_u8).cycle().take(length).collect()
}

fn with_files() -> Service {
    let service = service();
    let tree = service.tree();
    tree.write("www/kickstand/files/large", content(LARGE));
    tree.write("www/kickstand/files/small", "0123456789");
    tree.write("www/kickstand/files/empty", "");
    service
}

fn connect(service: &Service) -> TcpStream {
    connect_from(R220A.address, SocketAddrV4::new(ROUTER, service.port())).expect("it listens")
}

fn request(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n")
}

/// Status line and headers.
fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a head");
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("text")
}

fn length_in(head: &str) -> usize {
    let mut lines = head.lines();
    let found = lines.find_map(|line| line.strip_prefix("content-length: "));
    found.expect("a length").parse().expect("a number")
}

fn body(stream: &mut TcpStream, head: &str) -> Vec<u8> {
    let mut body = vec![0; length_in(head)];
    stream.read_exact(&mut body).expect("a body");
    body
}

#[test]
fn a_large_file_comes_byte_for_byte() {
    let service = with_files();
    let reply = R220A.get(&service, "/files/large");
    assert!(reply.body == content(LARGE));
    // From a byte in the middle of a piece to another.
    let part = "Range: bytes=1000001-9999999";
    let reply = service
        .send(R220A.address, "GET", "/files/large", &[part], "")
        .expect("answers");
    assert_eq!(reply.status, 206);
    assert!(reply.body == content(LARGE)[1_000_001..=9_999_999]);
}

#[test]
fn answers_to_requests_that_came_together_keep_their_order() {
    let service = with_files();
    let mut stream = connect(&service);
    let asked = [
        request("/files/small", ""),
        request("/files/large", "Range: bytes=5-300004\r\n"),
        request("/boot.ipxe", ""),
        request("/files/empty", ""),
        request("/files/large", ""),
        request("/files/nothing", ""),
        request("/files/small", "Range: bytes=8-\r\n"),
    ];
    stream
        .write_all(asked.concat().as_bytes())
        .expect("they are small");
    let mut next = || {
        let head = head(&mut stream);
        let body = body(&mut stream, &head);
        (head[9..12].to_owned(), body)
    };
    assert_eq!(next(), ("200".to_owned(), b"0123456789".to_vec()));
    assert!(next() == ("206".to_owned(), content(LARGE)[5..300_005].to_vec()));
    let (status, script) = next();
    assert_eq!(status, "200");
    assert!(script.starts_with(b"#!ipxe"));
    assert_eq!(next(), ("200".to_owned(), Vec::new()));
    assert!(next() == ("200".to_owned(), content(LARGE)));
    assert_eq!(next().0, "404");
    assert_eq!(next(), ("206".to_owned(), b"89".to_vec()));
}

#[test]
fn several_clients_that_take_their_time_each_get_their_own() {
    let service = with_files();
    let mut streams: Vec<TcpStream> = (0..5).map(|_| connect(&service)).collect();
    for (index, stream) in streams.iter_mut().enumerate() {
        let range = format!("Range: bytes={index}-\r\nConnection: close\r\n");
        let asked = request("/files/large", &range);
        stream.write_all(asked.as_bytes()).expect("it is small");
    }
    let mut bodies = vec![Vec::new(); streams.len()];
    for stream in &mut streams {
        head(stream);
    }
    // A little of each in turn, so that none of them is ever sent at once.
    let mut piece = vec![0; 300_000];
    let mut open = true;
    while open {
        open = false;
        for (stream, body) in streams.iter_mut().zip(&mut bodies) {
            let count = stream.read(&mut piece).expect("it goes on");
            body.extend_from_slice(&piece[..count]);
            open |= count > 0;
        }
    }
    for (index, body) in bodies.iter().enumerate() {
        assert!(*body == content(LARGE)[index..], "client {index}");
    }
}

#[test]
fn a_file_that_is_cut_short_on_its_way_does_not_look_whole() {
    let service = with_files();
    let mut stream = connect(&service);
    stream
        .write_all(request("/files/large", "").as_bytes())
        .expect("it is small");
    let head = head(&mut stream);
    assert_eq!(length_in(&head), LARGE);
    let file = service.path("www/kickstand/files/large");
    let file = OpenOptions::new().write(true).open(file).expect("ours");
    file.set_len(1000).expect("it is shorter");
    let mut body = Vec::new();
    let _ = stream.read_to_end(&mut body);
    assert!(body.len() < LARGE);
    assert_eq!(R220A.get(&service, "/files/large").body.len(), 1000);
}

#[test]
fn a_file_of_the_kernels_own_is_sent_too() {
    let service = with_files();
    // What lies in proc(5) says that it has no bytes, so none are promised.
    let link = service.path("www/kickstand/files/version");
    std::os::unix::fs::symlink("/proc/version", link).expect("a link");
    let reply = R220A.get(&service, "/files/version");
    assert_eq!((reply.status, reply.body.len()), (200, 0));
}

#[test]
fn a_download_goes_on_only_with_the_same_file() {
    let service = with_files();
    let get = |headers: &[&str]| {
        service
            .send(R220A.address, "GET", "/files/small", headers, "")
            .expect("answers")
    };
    let tag = get(&[]).header("etag").expect("a tag").to_owned();
    let rest = |if_range: &str| get(&["Range: bytes=4-", &format!("If-Range: {if_range}")]);
    let same = rest(&tag);
    assert_eq!((same.status, same.text().as_str()), (206, "456789"));
    for other in [
        "\"another\"".to_owned(),
        format!("W/{tag}"),
        "Mon, 23 Nov 2026 07:00:00 GMT".to_owned(),
    ] {
        let whole = rest(&other);
        assert_eq!(
            (whole.status, whole.text().as_str()),
            (200, "0123456789"),
            "{other}"
        );
        assert_eq!(whole.header("content-range"), None);
    }
    fs::write(service.path("www/kickstand/files/small"), "abcdefghijk").expect("ours");
    assert_eq!(rest(&tag).text(), "abcdefghijk");
}

#[test]
fn a_tag_that_is_none_of_ours_gets_the_whole_file() {
    let service = with_files();
    let mut stream = connect(&service);
    let asked = b"GET /files/small HTTP/1.1\r\nHost: x\r\nRange: bytes=2-3\r\nIf-Range: \"caf\xe9\"\r\n\r\n";
    stream.write_all(asked).expect("it is sent");
    let head = head(&mut stream);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body(&mut stream, &head), b"0123456789");
}

#[test]
fn a_range_counts_for_get_alone() {
    let service = with_files();
    for range in ["bytes=2-3", "bytes=20-"] {
        let range = format!("Range: {range}");
        let reply = service
            .send(R220A.address, "HEAD", "/files/small", &[&range], "")
            .expect("answers");
        let length = reply.header("content-length");
        assert_eq!((reply.status, length), (200, Some("10")), "{range}");
    }
}

#[test]
fn a_file_that_changed_within_the_second_is_another_one() {
    let service = with_files();
    let path = service.path("www/kickstand/files/small");
    let tag = || {
        let reply = R220A.get(&service, "/files/small");
        reply.header("etag").map(str::to_owned)
    };
    let mut tags = std::collections::BTreeSet::new();
    for round in 0..3 {
        fs::write(&path, format!("012345678{round}")).expect("it can be written");
        tags.insert(tag());
        // More than a tick of the kernel's clock, and three of them less than a second.
        sleep(Duration::from_millis(20));
    }
    assert_eq!(tags.len(), 3, "{tags:?}");
}

#[test]
fn a_download_goes_on_when_the_service_moves_to_another_port_and_still_counts() {
    let mut service = with_files();
    let mut stream = connect(&service);
    stream
        .write_all(request("/files/large", "").as_bytes())
        .expect("it is sent");
    let head = head(&mut stream);
    service.take_port();
    service.commit(CONFIG);
    service.signal("HUP");
    assert!(wait_until(Duration::from_secs(20), || service
        .get(ROUTER, "/healthz")
        .is_ok()));
    let metrics = service.get(ROUTER, "/metrics").expect("answers").text();
    assert!(metrics.contains("\nkickstand_connections 2\n"), "{metrics}");
    assert!(body(&mut stream, &head) == content(LARGE));
}

#[test]
fn a_range_that_is_not_there_is_refused_with_the_length() {
    let service = with_files();
    let reply = service
        .send(
            R220A.address,
            "GET",
            "/files/small",
            &["Range: bytes=10-"],
            "",
        )
        .expect("answers");
    assert_eq!(reply.status, 416);
    assert_eq!(reply.header("content-range"), Some("bytes */10"));
    assert_eq!(reply.text(), "the file has no such range\n");
}
