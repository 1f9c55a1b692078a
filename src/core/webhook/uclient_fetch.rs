//! A delivery as arguments of OpenWrt's `uclient-fetch`, which speaks TLS with the router's own library and certificates, and
//! what its exit code and its words mean (its source, `uclient-fetch.c`, of October 2024 and February 2026).
//!
//! Not its job: running it (`serve::webhooks::secure`), what a status means ([`super::queue`]).

use super::Webhook;
use super::http::{Answer, body, headers};
use super::queue::{Delivery, Outcome};

/// Seconds without anything from the server until uclient-fetch gives up.
const SILENCE: u32 = 10;
/// Longest of its reasons that is passed on, in characters.
const REASON: usize = 120;

/// Its arguments for one attempt; `attempt` is its number, from 1. It takes body and headers nowhere else: while it runs,
/// the router's list of processes shows them.
pub fn arguments(to: &Webhook, delivery: &Delivery, attempt: u32) -> Vec<String> {
    let mut arguments = vec![
        format!("--timeout={SILENCE}"),
        "-O".to_owned(),
        "-".to_owned(),
        format!("--post-data={}", body(delivery, attempt)),
    ];
    let headers = headers(to, delivery).into_iter();
    arguments.extend(headers.map(|header| format!("--header={header}")));
    arguments.push(to.url.reveal());
    arguments
}

/// What came of it, by its exit code (none: it was killed) and what it wrote to standard error.
pub fn outcome(code: Option<i32>, said: &str) -> Outcome {
    // It goes where a redirect leads, and takes the headers there but not the body.
    let begins = |words: &str| said.lines().any(|line| line.starts_with(words));
    if begins("Redirected to ") {
        return Outcome::Never(
            "it answered with a redirect, which deliveries do not survive: set option url to where it leads".to_owned(),
        );
    }
    // Whatever is neither 200 nor 204 is an error to it: 201 and 202 too.
    if let Some(status) = status(said) {
        return Outcome::of_answer(&Answer {
            status,
            retry_after: None,
        });
    }
    // With some of its versions, neither of these is an error.
    if said.contains("SSL support not available") {
        return Outcome::failure(
            "the router has no TLS: install a libustream package, such as libustream-mbedtls, and restart kickstand"
                .to_owned(),
        );
    }
    if begins("Usage: ") {
        return Outcome::failure(
            "the router's uclient-fetch is older than OpenWrt 24.10's and sends no headers: upgrade it, or let a relay on the LAN pass on what comes by http"
                .to_owned(),
        );
    }
    ended(code, reason(said))
}

/// What came of it, when it said nothing that means more.
fn ended(code: Option<i32>, reason: Option<&str>) -> Outcome {
    let failed = |why: &str| Outcome::failure(why.to_owned());
    match (code, reason) {
        (Some(0), _) => Outcome::Delivered("it took it".to_owned()),
        (_, Some("Connection timed out")) => {
            Outcome::failure(format!("it said nothing for {SILENCE} s"))
        }
        (_, Some("Server hostname does not match SSL certificate")) => failed(
            "its certificate is for another name: option url needs the name that is in the certificate, and no address",
        ),
        (Some(5), _) => failed(
            "its certificate was not accepted: is the router's clock right ('date'), and is the package ca-bundle installed?",
        ),
        // What it says of names that nobody knows and of closed ports is "Operation not permitted".
        (Some(4), _) => failed(
            "it cannot be connected, or the connection broke: are name and port right, and is the router on the Internet?",
        ),
        (Some(code), None) => {
            Outcome::failure(format!("uclient-fetch failed, with exit code {code}"))
        }
        (None, None) => failed("uclient-fetch was killed"),
        (_, Some(reason)) => {
            let reason: String = reason.chars().take(REASON).collect();
            Outcome::failure(format!("uclient-fetch failed: {reason}"))
        }
    }
}

/// Status code of the answer, when it is an error to uclient-fetch.
fn status(said: &str) -> Option<u16> {
    let mut codes = said
        .lines()
        .filter_map(|line| line.strip_prefix("HTTP error "));
    codes.next_back()?.trim().parse().ok()
}

/// Why it failed. Others of its words have the URL or a header in them, and so what is secret.
fn reason(said: &str) -> Option<&str> {
    let mut lines = said.lines();
    lines.find_map(|line| line.strip_prefix("Connection error: "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::webhook::{Happening, Secret, Url};

    #[test]
    fn an_attempt_is_a_post_with_headers_to_the_whole_url() {
        let to = Webhook {
            name: "chat".to_owned(),
            url: Url::parse("https://hooks.example.org/services/T0?x=1").expect("a URL"),
            events: Vec::new(),
            authorization: Some(Secret::new("Bearer abc")),
        };
        let delivery = Delivery {
            id: "run-7".to_owned(),
            event: Happening::Test,
            body: r#"{"a":"é"}"#.to_owned(),
        };
        let agent = concat!("--header=User-Agent: kickstand/", env!("CARGO_PKG_VERSION"));
        assert_eq!(
            arguments(&to, &delivery, 2),
            [
                "--timeout=10",
                "-O",
                "-",
                "--post-data={\"attempt\":2,\"a\":\"é\"}",
                agent,
                "--header=Content-Type: application/json",
                "--header=Kickstand-Delivery: run-7",
                "--header=Kickstand-Event: test",
                "--header=Authorization: Bearer abc",
                "https://hooks.example.org/services/T0?x=1",
            ]
        );
    }

    #[test]
    fn what_it_says_is_taken_for_what_it_means() {
        let begin = "Downloading 'https://a/x'\nConnecting to 192.0.2.7:443\n";
        let delivered = Outcome::Delivered("it took it".to_owned());
        assert_eq!(outcome(Some(0), begin), delivered);
        for (code, said, status) in [
            (Some(8), "HTTP error 201\n", 201),
            (Some(8), "HTTP error 404\n", 404),
            (Some(8), "HTTP error 503\n", 503),
            (Some(8), "HTTP error 429\n", 429),
        ] {
            let answer = Answer {
                status,
                retry_after: None,
            };
            let expected = Outcome::of_answer(&answer);
            assert_eq!(outcome(code, &format!("{begin}{said}")), expected);
        }
        let moved = format!("{begin}Redirected to /y on b\nDownload completed (2 bytes)\n");
        let moved = outcome(Some(0), &moved);
        assert!(matches!(&moved, Outcome::Never(why) if why.contains("set option url")));
        for (code, said, why) in [
            (
                Some(4),
                "Connection error: Connection failed\n",
                "is the router on the Internet",
            ),
            (
                Some(5),
                "Connection error: Invalid SSL certificate\n",
                "ca-bundle",
            ),
            (
                Some(1),
                "uclient-fetch: SSL support not available, please install\n",
                "libustream-mbedtls",
            ),
            (
                Some(0),
                "Usage: uclient-fetch [options] <URL>\n",
                "OpenWrt 24.10",
            ),
            (
                Some(1),
                "Connection error: Unknown error\n",
                "failed: Unknown error",
            ),
            (
                Some(1),
                "Failed to allocate uclient context\n",
                "exit code 1",
            ),
            (
                Some(5),
                "Connection error: Server hostname does not match SSL certificate\n",
                "for another name",
            ),
            (
                Some(4),
                "Failed to send request: Operation not permitted\n",
                "are name and port right",
            ),
            (
                Some(4),
                "Connection error: Connection timed out\n",
                "it said nothing for 10 s",
            ),
            (None, "Downloading 'https://a/secret'\n", "was killed"),
        ] {
            let outcome = outcome(code, said);
            assert!(
                matches!(&outcome, Outcome::Later(said, None) if said.contains(why) && !said.contains("secret")),
                "{outcome:?}"
            );
        }
    }
}
