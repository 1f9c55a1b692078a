//! Where a webhook is told: `http://host[:port][/path][?query]` or `https://…`, as in RFC 3986 without user and fragment.
//!
//! The path of many receivers is a secret (Mattermost, Slack), so only scheme, host and port are ever shown.
//! Not its job: looking names up.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest path with its query, in bytes: Slack's has 80, and some put a token of a few hundred there.
const PATH_LENGTH: usize = 1024;
/// Longest name and its labels, in bytes (RFC 1123).
const NAME_LENGTH: usize = 253;
const LABEL_LENGTH: usize = 63;

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// By a connection of our own.
    Http,
    /// By TLS, which is none of ours: the router's own `uclient-fetch` makes the connection.
    Https,
}

/// Every scheme, as a URL begins with it.
const SCHEMES: [(&str, Scheme); 2] = [("http://", Scheme::Http), ("https://", Scheme::Https)];

impl Scheme {
    fn prefix(self) -> &'static str {
        match self {
            Scheme::Http => SCHEMES[0].0,
            Scheme::Https => SCHEMES[1].0,
        }
    }

    /// The port of a URL that names none (RFC 9110, 4.2).
    fn port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// A URL that a delivery can be sent to.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    /// How.
    pub scheme: Scheme,
    /// Name or address; IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Path and query; begins with `/`.
    pub path: String,
    /// Host and port as they were written, for the header `Host`.
    pub authority: String,
}

impl Url {
    /// Reads one; the error says what is allowed, fit for "must be …".
    pub fn parse(text: &str) -> Result<Self, String> {
        let allowed = || {
            "the URL of a server such as http://192.168.1.5:8065/hooks/abc, of plain characters, without name and password (for those there is option authorization)".to_owned()
        };
        let mut schemes = SCHEMES.into_iter();
        let found = schemes.find_map(|(prefix, scheme)| Some((text.strip_prefix(prefix)?, scheme)));
        let (rest, scheme) = found.ok_or_else(allowed)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = split(authority).ok_or_else(allowed)?;
        let port = port.unwrap_or(scheme.port());
        let plain = path.bytes().all(is_plain);
        if !plain || path.len() > PATH_LENGTH {
            return Err(allowed());
        }
        Ok(Url {
            scheme,
            host: host.to_owned(),
            port,
            path: match path.starts_with('/') {
                true => path.to_owned(),
                false => format!("/{path}"),
            },
            authority: authority.to_owned(),
        })
    }

    /// What may be shown of it.
    pub fn shown(&self) -> String {
        let hidden = if self.path == "/" { "" } else { "…" };
        format!("{}{}/{hidden}", self.scheme.prefix(), self.authority)
    }

    /// All of it, for whoever makes the connection and nobody else.
    pub fn reveal(&self) -> String {
        format!("{}{}{}", self.scheme.prefix(), self.authority, self.path)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// Characters of a path and a query (RFC 3986, 3.3 and 3.4).
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&byte)
}

/// Host, and port when there is one.
fn split(authority: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        let port = match port {
            "" => None,
            port => Some(number(port.strip_prefix(':')?)?),
        };
        return Some((host, port));
    }
    let (host, port) = match authority.split_once(':') {
        None => (authority, None),
        Some((host, port)) => (host, Some(number(port)?)),
    };
    (host.parse::<Ipv4Addr>().is_ok() || is_name(host)).then_some((host, port))
}

fn number(text: &str) -> Option<u16> {
    let digits = text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

/// A name that DNS can have, or a container's with `_`. One that ends in a number is an address with a slip.
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=LABEL_LENGTH).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
    host.len() <= NAME_LENGTH && host.split('.').all(label) && !is_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_host_a_port_and_a_path() {
        for (text, host, port, path) in [
            (
                "http://192.168.1.5:8065/hooks/abc",
                "192.168.1.5",
                8065,
                "/hooks/abc",
            ),
            ("http://chat.lan", "chat.lan", 80, "/"),
            ("http://relay_1?topic=x", "relay_1", 80, "/?topic=x"),
            ("http://[fd00::5]:90/", "fd00::5", 90, "/"),
            ("http://[::1]/x", "::1", 80, "/x"),
            (
                "https://hooks.example.org/x",
                "hooks.example.org",
                443,
                "/x",
            ),
            ("https://[fd00::5]:8443", "fd00::5", 8443, "/"),
        ] {
            let url = Url::parse(text).expect(text);
            assert_eq!(
                (url.host.as_str(), url.port, url.path.as_str()),
                (host, port, path)
            );
        }
    }

    #[test]
    fn what_is_shown_has_no_path() {
        let url = Url::parse("http://chat.lan:8065/hooks/secret?key=1").expect("a URL");
        assert_eq!(url.shown(), "http://chat.lan:8065/…");
        assert_eq!(format!("{url:?}"), url.shown());
        assert_eq!(Url::parse("http://a").expect("a URL").shown(), "http://a/");
    }

    #[test]
    fn https_is_kept_for_who_connects() {
        let url = Url::parse("https://hooks.example.org?key=1").expect("a URL");
        assert_eq!(url.scheme, Scheme::Https);
        assert_eq!(url.shown(), "https://hooks.example.org/…");
        assert_eq!(url.reveal(), "https://hooks.example.org/?key=1");
    }

    #[test]
    fn everything_else_is_refused() {
        let long = format!("http://a/{}", "a".repeat(PATH_LENGTH));
        for text in [
            "",
            "chat.lan",
            "ftp://a",
            "HTTP://a/",
            "https:/a",
            "https://",
            "https://user:word@a/",
            "http://",
            "http:///x",
            "http://a:0",
            "http://a:65536",
            "http://a:",
            "http://a:+1",
            "http://user:word@a/",
            "http://a/x#y",
            "http://a/ x",
            "http://a/é",
            "http://a/\"",
            "http://192.168.1",
            "http://1.2.3.256/",
            "http://-a",
            "http://a..b",
            "http://a.",
            "http://[::1",
            "http://[1.2.3.4]/",
            "http://[::1]x",
            "http://::1/",
            "http://ä.de",
            &long,
        ] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }
}
