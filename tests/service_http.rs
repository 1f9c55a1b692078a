//! What the running service answers to requests of every form, well meant or not.

mod service_support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use kickstand::host::paths::Paths;
use kickstand::serve::engine::Engine;
use kickstand::serve::files::Conditions;
use kickstand::serve::routes::{Method, Request, Response, route};
use kickstand_lab::http::connect_from;
use kickstand_lab::scratch::Scratch;
use kickstand_lab::service::ROUTER;
use service_support::{
    CONFIG, R220A, STRANGER, WEB, arm, arm_unchecked, config_with, phase, service, status,
};

#[test]
fn files_are_served_whole_in_parts_and_not_again() {
    let service = service();
    service
        .tree()
        .write("www/kickstand/files/media/a b.img", "0123456789");
    service.tree().write("srv/tftp/snponly.efi", "MZ");
    let get = |headers: &[&str]| {
        service
            .send(R220A.address, "GET", "/files/media/a%20b.img", headers, "")
            .expect("answers")
    };
    let whole = get(&[]);
    assert_eq!((whole.status, whole.text().as_str()), (200, "0123456789"));
    assert_eq!(whole.header("content-length"), Some("10"));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    let tag = whole.header("etag").expect("a tag").to_owned();

    let part = get(&["Range: bytes=2-4"]);
    assert_eq!((part.status, part.text().as_str()), (206, "234"));
    assert_eq!(part.header("content-range"), Some("bytes 2-4/10"));
    assert_eq!(get(&["Range: bytes=-3"]).text(), "789");
    assert_eq!(get(&["Range: bytes=10-"]).status, 416);
    assert_eq!(
        get(&["Range: bytes=0-1,3-4"]).status,
        200,
        "several parts are one whole"
    );

    for tags in [
        tag.clone(),
        format!("\"x\", {tag}"),
        format!("W/{tag}"),
        "*".to_owned(),
    ] {
        let same = get(&[&format!("If-None-Match: {tags}")]);
        assert_eq!((same.status, same.body.len()), (304, 0), "{tags}");
        assert_eq!(same.header("etag"), Some(tag.as_str()));
    }
    assert_eq!(get(&["If-None-Match: \"x\""]).status, 200);

    let head = service
        .send(R220A.address, "HEAD", "/files/media/a%20b.img", &[], "")
        .expect("answers");
    assert_eq!(
        (head.status, head.body.len(), head.header("content-length")),
        (200, 0, Some("10"))
    );
    let boot = R220A.get(&service, "/boot/snponly.efi");
    assert_eq!(
        (boot.text().as_str(), boot.header("content-type")),
        ("MZ", Some("application/efi"))
    );
    for missing in ["/files/", "/files/media", "/files/nothing", "/boot/"] {
        let status = R220A.get(&service, missing).status;
        assert!(matches!(status, 400 | 404), "{missing}: {status}");
    }
}

#[test]
fn no_spelling_of_a_path_leaves_the_folder() {
    let service = service();
    service.tree().write("www/kickstand/files/in", "in");
    service.tree().write("www/kickstand/secret", "secret");
    for path in [
        "/files/../secret",
        "/files/%2e%2e/secret",
        "/files/.%2E/secret",
        "/files/..%2fsecret",
        "/files/..%5csecret",
        "/files/..\\secret",
        "/files//../secret",
        "/files/./in",
        "/files/in%00",
        "/files/in/",
        "/files/%252e%252e/secret",
        "/files/%ff",
        "//files/in",
        "/boot/../../www/kickstand/secret",
        "/../etc/kickstand/state.json",
    ] {
        let reply = service.get(STRANGER.address, path).expect("answers");
        assert!(matches!(reply.status, 400 | 404), "{path}: {reply:?}");
        assert!(!reply.text().contains("secret"), "{path}");
    }
    assert_eq!(STRANGER.get(&service, "/files/in").text(), "in");
}

#[test]
fn each_route_has_its_methods() {
    let service = service();
    let answered = |method: &str, target: &str| {
        service
            .send(R220A.address, method, target, &[], "")
            .expect("answers")
            .status
    };
    let boot = format!("/v1/boot?mac={}", R220A.card);
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
        assert_eq!(answered(method, &boot), 405, "{method}");
        assert_eq!(answered(method, "/files/x"), 405, "{method}");
    }
    assert_eq!(answered("PUT", "/v1/report"), 405);
    assert_eq!(answered("HEAD", "/v1/report"), 405);
    assert_eq!(answered("HEAD", "/boot.ipxe"), 200);
}

#[test]
fn looking_with_head_counts_for_nothing() {
    let service = service();
    service.tree().write(
        &format!("www/kickstand/kickstart-{}.cfg", R220A.card),
        "a file that does not claim\n",
    );
    arm_unchecked(&service, "r220a");
    let token = R220A.token(&service);
    for target in [
        format!("/v1/boot?mac={}&try=1", R220A.card),
        format!("/ks/{}?token={token}", R220A.card),
        format!("/preseed/{}?token={token}", R220A.card),
        format!("/kickstart-{}.cfg?token={token}", R220A.card),
        format!("/autoinstall/{}/{token}/user-data", R220A.card),
    ] {
        let reply = service
            .send(R220A.address, "HEAD", &target, &[], "")
            .expect("answers");
        assert_eq!(reply.status, 405, "{target}");
    }
    assert_eq!(status(&service, "r220a")["starts"], 1);
    assert_eq!(phase(&service, "r220a"), "booting");
}

#[test]
fn a_report_is_bounded_and_may_come_by_get() {
    let service = service();
    arm(&service, "r220a");
    let token = R220A.token(&service);
    let long = "x".repeat(64 * 1024);
    assert_eq!(
        R220A
            .reports(&service, &token, &format!("event=failed&log={long}"))
            .status,
        413
    );
    assert_eq!(phase(&service, "r220a"), "booting");
    let report = format!(
        "/v1/report?mac={}&token={token}&event=claim&nonce=1",
        R220A.card
    );
    assert_eq!(R220A.get(&service, &report).status, 200);
    let report = format!(
        "/v1/report?mac={}&token={token}&event=failed&reason=a%20reason",
        R220A.card
    );
    assert_eq!(R220A.get(&service, &report).status, 200);
    assert_eq!(status(&service, "r220a")["note"], "a reason");
    for (more, expected) in [
        ("event=nonsense", 400),
        ("event=claim", 400),
        ("event=claim&nonce=", 400),
        ("event=claim&nonce=%20%0a", 400),
        ("", 400),
    ] {
        assert_eq!(
            R220A.reports(&service, &token, more).status,
            expected,
            "{more}"
        );
    }
    let nobody = service.send(
        R220A.address,
        "POST",
        "/v1/report",
        &[],
        "mac=zz&token=1&event=claim",
    );
    assert_eq!(nobody.expect("answers").status, 400);
    assert_eq!(
        STRANGER
            .reports(&service, &token, "event=claim&nonce=1")
            .status,
        404
    );
}

#[test]
fn what_is_no_request_is_refused_and_the_service_goes_on() {
    let service = service();
    for request in [
        &b"nonsense\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /v1/boot?mac=\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/report HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/report HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let mut stream = connect_from(STRANGER.address, SocketAddrV4::new(ROUTER, service.port())).expect("connects");
        stream.write_all(request).expect("is taken");
        stream.shutdown(std::net::Shutdown::Write).expect("is open");
        let mut answer = Vec::new();
        // It may be reset, which is an answer too.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{request:?}: {answer}");
    }
    let many = (0..100)
        .map(|number| format!("X-{number}: x"))
        .collect::<Vec<_>>();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(
        service
            .send(STRANGER.address, "GET", "/boot.ipxe", &many, "")
            .expect("answers")
            .status,
        431
    );
    let long = format!("/boot.ipxe?{}", "x".repeat(70_000));
    let reply = service.get(STRANGER.address, &long).expect("answers");
    assert!(matches!(reply.status, 414 | 431), "{reply:?}");
    assert_eq!(STRANGER.get(&service, "/boot.ipxe").status, 200);
}

#[test]
fn clients_that_send_nothing_do_not_keep_others_out() {
    let service = service();
    let to = SocketAddrV4::new(ROUTER, service.port());
    let idle: Vec<_> = (0..200)
        .map(|_| connect_from(STRANGER.address, to).expect("connects"))
        .collect();
    let start = Instant::now();
    assert_eq!(R220A.get(&service, "/boot.ipxe").status, 200);
    assert!(start.elapsed() < Duration::from_secs(5));
    drop(idle);
}

#[test]
fn cloud_init_finds_its_three_files() {
    let config = CONFIG.replace(
        "option title 'AlmaLinux 9'",
        "option kind 'autoinstall'\n\toption answer 'u.yaml'",
    );
    let service = service_support::service_with(&config);
    service.tree().write(
        "www/kickstand/answers/u.yaml",
        "#cloud-config\nx: {{ host.name | yaml }} # event=claim\n",
    );
    arm_unchecked(&service, "web");
    let script = WEB.boots(&service).text();
    let (_, rest) = script.split_once("ds=nocloud-net;s=").expect("a seed");
    let url = rest.split_whitespace().next().expect("a URL");
    let (_, path) = url
        .split_once(&format!(":{}", service.port()))
        .expect("ours");
    assert_eq!(
        WEB.get(&service, &format!("{path}user-data")).text(),
        "#cloud-config\nx: \"web\" # event=claim\n"
    );
    for empty in ["meta-data", "vendor-data"] {
        let reply = WEB.get(&service, &format!("{path}{empty}"));
        assert_eq!((reply.status, reply.body.len()), (200, 0), "{empty}");
    }
    assert_eq!(
        STRANGER.get(&service, &format!("{path}user-data")).status,
        403
    );
}

/// On the loopback every machine is the router itself, so this one asks without a network.
#[test]
fn status_is_for_the_router_and_for_networks_that_are_allowed() {
    let tree = Scratch::new("watched");
    tree.write(
        "etc/config/kickstand",
        config_with("config kickstand 'main'", "\tlist allow '10.9.0.0/16'")
            .replace("PORT", "8067"),
    );
    let mut engine = Engine::new(&Paths::new(tree.path())).expect("the engine starts");
    engine.serves_at(kickstand::core::answer::Router {
        address: [10, 33, 1, 1].into(),
        port: 8067,
    });
    let mut asked = |peer: [u8; 4], path: &str| {
        let request = Request {
            method: Method::Get,
            path: path.to_owned(),
            query: String::new(),
            body: String::new(),
            peer: Ipv4Addr::from(peer),
            conditions: Conditions::default(),
        };
        match route(&mut engine, &request) {
            Response::Text { status, body, .. } => (status, body),
            Response::File(_) | Response::NoSuchRange(_) => panic!("a file at {path}"),
        }
    };
    for path in ["/v1/status", "/metrics", "/healthz"] {
        for allowed in [[127, 0, 0, 1], [10, 33, 1, 1], [10, 9, 200, 3]] {
            assert_eq!(asked(allowed, path).0, 200, "{path} from {allowed:?}");
        }
        for other in [[10, 33, 1, 2], [10, 8, 0, 1], [192, 0, 2, 1]] {
            let (status, body) = asked(other, path);
            assert_eq!(status, 403, "{path} from {other:?}");
            assert!(body.contains("list allow"), "{body}");
        }
    }
    let (_, metrics) = asked([127, 0, 0, 1], "/metrics");
    assert!(
        metrics.contains("\nkickstand_hosts{phase=\"idle\"} 2\n"),
        "{metrics}"
    );
    let (_, status) = asked([127, 0, 0, 1], "/v1/status");
    assert!(
        serde_json::from_str::<serde_json::Value>(&status).is_ok(),
        "{status}"
    );
}

#[test]
fn with_many_connections_none_stays_for_another_request() {
    let service = service();
    let to = SocketAddrV4::new(ROUTER, service.port());
    let connect = |number: u8| connect_from([127, 1, 0, number].into(), to).expect("it listens");
    let head = |stream: &mut std::net::TcpStream| {
        stream
            .write_all(b"GET /boot.ipxe HTTP/1.1\r\nHost: x\r\n\r\n")
            .expect("it is small");
        let mut answer = [0; 4096];
        let count = stream.read(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer[..count]).to_lowercase()
    };
    let mut first = connect(0);
    assert!(!head(&mut first).contains("connection: close"));
    let mut silent: Vec<_> = (1..=70).map(connect).collect();
    let last = silent.last_mut().expect("there are some");
    assert!(head(last).contains("connection: close"));
    assert!(!head(&mut first).contains("connection: close"));
}
