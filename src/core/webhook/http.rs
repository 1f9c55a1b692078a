//! A delivery as a request of HTTP/1.1, and the head of what is answered: status code and `Retry-After` (RFC 9112).
//!
//! Nothing else of an answer is looked at, so nothing else is understood: no body, no chunks, no connection that stays open.
//! Not its job: sockets (`serve::webhooks::post`), what a status means ([`super::queue`]).

use super::Webhook;
use super::queue::Delivery;

/// What the client calls itself.
const USER_AGENT: &str = concat!("kickstand/", env!("CARGO_PKG_VERSION"));

/// Largest head that is read, in bytes: several times what servers send.
pub const HEAD_LENGTH: usize = 16 * 1024;

/// The body of one attempt; `attempt` is its number, from 1.
pub fn body(delivery: &Delivery, attempt: u32) -> String {
    let members = delivery.body.strip_prefix('{').unwrap_or(&delivery.body);
    format!("{{\"attempt\":{attempt},{members}")
}

/// What a delivery says in headers, besides what belongs to the connection. Settings hold nothing that could end a line.
pub fn headers(to: &Webhook, delivery: &Delivery) -> Vec<String> {
    let mut headers = vec![
        format!("User-Agent: {USER_AGENT}"),
        "Content-Type: application/json".to_owned(),
        format!("Kickstand-Delivery: {}", delivery.id),
        format!("Kickstand-Event: {}", delivery.event.word()),
    ];
    if let Some(secret) = &to.authorization {
        headers.push(format!("Authorization: {}", secret.reveal()));
    }
    headers
}

/// The request of one attempt.
pub fn request(to: &Webhook, delivery: &Delivery, attempt: u32) -> String {
    let body = body(delivery, attempt);
    format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{}\r\n\r\n{body}",
        to.url.path,
        to.url.authority,
        body.len(),
        headers(to, delivery).join("\r\n"),
    )
}

/// What is looked at of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Seconds after which it may be tried again. A date (RFC 9110, 10.2.3) counts as none: the router's clock may never
    /// have been set.
    pub retry_after: Option<u64>,
}

impl Answer {
    /// Reads the head of an answer; none while there is not all of it, false when it is none of HTTP.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, NoHttp> {
        let mut rest = bytes;
        loop {
            let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") else {
                return match rest.len() < HEAD_LENGTH && begins_as_http(rest) {
                    true => Ok(None),
                    false => Err(NoHttp),
                };
            };
            let answer = head(&rest[..end]).ok_or(NoHttp)?;
            // An interim answer (RFC 9110, 15.2): the final one follows.
            if !(100..200).contains(&answer.status) || answer.status == 101 {
                return Ok(Some(answer));
            }
            rest = &rest[end + 4..];
        }
    }
}

/// What came is no answer of HTTP/1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoHttp;

/// What every answer begins with.
const VERSION: &[u8] = b"HTTP/1.";

fn begins_as_http(bytes: &[u8]) -> bool {
    let length = bytes.len().min(VERSION.len());
    bytes[..length] == VERSION[..length]
}

fn head(bytes: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split("\r\n");
    // `HTTP/1.1 200 OK`; the words after the code may be missing.
    let (version, rest) = lines.next()?.split_once(' ')?;
    let code = rest.split(' ').next()?;
    let digits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    let status = code.parse().ok().filter(|code| digits && *code >= 100)?;
    if !matches!(version, "HTTP/1.0" | "HTTP/1.1") {
        return None;
    }
    let retry_after = lines
        .filter_map(|line| line.split_once(':'))
        .find_map(|(name, value)| {
            let is_it = name.eq_ignore_ascii_case("retry-after");
            is_it.then(|| value.trim())
        });
    let seconds = retry_after.filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
    Some(Answer {
        status,
        retry_after: seconds.and_then(|value| value.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::lifecycle::Phase;
    use crate::core::webhook::{Happening, Secret, Url};

    #[test]
    fn a_request_names_the_delivery_and_its_attempt() {
        let mut to = Webhook {
            name: "chat".to_owned(),
            url: Url::parse("http://chat.lan:8065/hooks/abc?x=1").expect("a URL"),
            events: Vec::new(),
            authorization: None,
        };
        let delivery = Delivery {
            id: "run-7".to_owned(),
            event: Happening::Phase(Phase::Failed),
            body: r#"{"a":{"b":"é"}}"#.to_owned(),
        };
        let lines = |authorization: &str| {
            format!(
                "POST /hooks/abc?x=1 HTTP/1.1\r\nHost: chat.lan:8065\r\nConnection: close\r\nContent-Length: 28\r\nUser-Agent: {USER_AGENT}\r\nContent-Type: application/json\r\nKickstand-Delivery: run-7\r\nKickstand-Event: failed\r\n{authorization}\r\n{{\"attempt\":3,\"a\":{{\"b\":\"é\"}}}}"
            )
        };
        assert_eq!(request(&to, &delivery, 3), lines(""));
        to.authorization = Some(Secret::new("Bearer abc"));
        let with = lines("Authorization: Bearer abc\r\n");
        assert_eq!(request(&to, &delivery, 3), with);
    }

    fn answer(status: u16, retry_after: Option<u64>) -> Result<Option<Answer>, NoHttp> {
        Ok(Some(Answer {
            status,
            retry_after,
        }))
    }

    #[test]
    fn a_head_is_a_status_and_perhaps_a_pause() {
        for (text, status, pause) in [
            ("HTTP/1.1 200 OK\r\n\r\n", 200, None),
            ("HTTP/1.0 204\r\nServer: x\r\n\r\nbody", 204, None),
            (
                "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nretry-AFTER:  90 \r\n\r\n",
                429,
                Some(90),
            ),
            (
                "HTTP/1.1 503 \r\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n\r\n",
                503,
                None,
            ),
            ("HTTP/1.1 503 Busy\r\nRetry-After: -5\r\n\r\n", 503, None),
            (
                "HTTP/1.1 503 Busy\r\nRetry-After: 99999999999999999999\r\n\r\n",
                503,
                None,
            ),
            ("HTTP/1.1 503 Busy\r\nX: Retry-After: 5\r\n\r\n", 503, None),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\n",
                201,
                None,
            ),
            ("HTTP/1.1 101 Switching\r\n\r\n", 101, None),
            ("HTTP/1.1 500 \u{fffd}\r\n\r\n", 500, None),
        ] {
            assert_eq!(
                Answer::read(text.as_bytes()),
                answer(status, pause),
                "{text}"
            );
        }
        assert_eq!(
            Answer::read(b"HTTP/1.1 500 \xff\r\n\r\n"),
            answer(500, None)
        );
    }

    #[test]
    fn a_part_of_a_head_is_waited_for() {
        let whole = b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nServer: x\r\n\r\n";
        for length in 0..whole.len() {
            assert_eq!(Answer::read(&whole[..length]), Ok(None), "{length}");
        }
        assert_eq!(Answer::read(whole), answer(200, None));
    }

    #[test]
    fn what_is_no_http_is_known_at_once() {
        let endless = ["HTTP/1.1 200 OK\r\nX: ", &"x".repeat(HEAD_LENGTH)].concat();
        for text in [
            "220 mail.example ESMTP\r\n",
            "\r\n\r\n",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1\r\n\r\n",
            "HTTP/1.1 20\r\n\r\n",
            "HTTP/1.1 2000\r\n\r\n",
            "HTTP/1.1 +20 OK\r\n\r\n",
            "HTTP/1.1 099\r\n\r\n",
            "HTTP/1.9 200 OK\r\n\r\n",
            "http/1.1 200 OK\r\n\r\n",
            &endless,
        ] {
            assert_eq!(Answer::read(text.as_bytes()), Err(NoHttp), "{text:.40}");
        }
    }
}
