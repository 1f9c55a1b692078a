//! A server that webhooks are delivered to by https: TLS of Python's, before a [`Receiver`].

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use kickstand_lab::process::{Running, run, words};
use kickstand_lab::scratch::Scratch;
use kickstand_lab::service::Service;

use super::Receiver;

/// Stands in for OpenWrt's uclient-fetch, by curl. It cannot show that the real one takes these options and says these words:
/// that was seen by hand (docs/verification.md).
const UCLIENT_FETCH: &str = r#"#!/bin/sh
# Stands in for uclient-fetch --timeout=… -O - --post-data=… --header=… URL. As OpenWrt's, it trusts what
# /etc/ssl/certs has, and never tells a length.
PATH=/usr/bin:/bin
for word; do
	case "$word" in
	--timeout=*) set -- "$@" --max-time "${word#*=}" ;;
	--post-data=*) set -- "$@" --header 'Transfer-Encoding: chunked' --data-raw "${word#*=}" ;;
	--header=*) set -- "$@" --header "${word#*=}" ;;
	-O | -) ;;
	https://*) set -- "$@" "$word" ;;
	*) echo "Usage: uclient-fetch [options] <URL>" >&2; exit 0 ;;
	esac
	shift
done
status="$(curl --silent --output /dev/null --write-out '%{http_code}' --cacert "${0%/bin/*}/etc/ssl/certs/router.crt" "$@")"
case "$?/$status" in
0/200 | 0/204) exit 0 ;;
0/*) echo "HTTP error $status" >&2; exit 8 ;;
7/*) echo "Connection error: Connection failed" >&2; exit 4 ;;
60/* | 77/*) echo "Connection error: Invalid SSL certificate" >&2; exit 5 ;;
*) exit 1 ;;
esac
"#;

/// TLS before a receiver, with a certificate of its own making. It ends when it is dropped.
pub struct Tls {
    folder: Scratch,
    port: u16,
    _relay: Running,
}

impl Tls {
    /// Before that receiver.
    pub fn before(receiver: &Receiver) -> Self {
        let folder = Scratch::new("tls");
        run(words(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -batch -days 2",
        )
        .args([
            "-subj",
            "/CN=hooks",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(folder.path()))
        .expect("a certificate");
        let read = |name| std::fs::read_to_string(folder.join(name)).expect("openssl made it");
        folder.write("both.pem", read("key.pem") + &read("certificate.pem"));
        let mut relay = Running::start(
            Command::new("python3")
                .args(["-c", include_str!("tls.py"), &receiver.port().to_string()])
                .arg(folder.join("both.pem"))
                .stdout(Stdio::piped()),
        );
        let output = relay.child().stdout.take().expect("it has an output");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("a line");
        Tls {
            port: line.trim().parse().expect("a port"),
            folder,
            _relay: relay,
        }
    }

    /// `https://127.0.0.1:PORT` and that path.
    pub fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.port)
    }

    /// Has the router trust its certificate.
    pub fn is_trusted_by(&self, service: &Service) {
        let certificate = std::fs::read(self.folder.join("certificate.pem")).expect("it is there");
        service
            .tree()
            .write("etc/ssl/certs/router.crt", certificate);
    }
}

/// Installs the package uclient-fetch, so to speak.
pub fn install_uclient_fetch(service: &Service) {
    service
        .tree()
        .write_program("bin/uclient-fetch", UCLIENT_FETCH);
}
