//! One line of syslog: RFC 3164 and RFC 5424, and what installers make of them.
//!
//! Nothing is refused: a line that follows no rule is all text. Text is untrusted: cut to a length and cleaned.
//! Not its job: sockets (`serve::syslog`), where a line ends in a stream (`frames`), what a line means (`installer_log`).

mod frames;
#[cfg(test)]
mod tests;

pub use frames::Frames;

use super::machine::clean_to;
use super::secrets::masked;

/// Longest line that is looked at, in bytes: rsyslog sends 8 KiB at most, and what tells a step stands in the first words.
pub const LINE_BYTES: usize = 1024;
/// Longest text that is kept of a line, in characters: what fits a screen's width twice.
const TEXT: usize = 240;
/// Longest tag, in characters. RFC 3164 (4.1.3) and rsyslog's forwarding cut it there, in the middle of a word.
const TAG: usize = 32;
/// Severity of a line that names none (RFC 3164, 4.3.3): notice.
const NOTICE: u8 = 5;
/// Largest priority: facility 23, severity 7 (RFC 5424, 6.2.1).
const LARGEST_PRIORITY: u8 = 191;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// 0 emergency to 7 debug (RFC 5424, 6.2.1).
    pub severity: u8,
    /// What wrote it, without its process number; may be empty.
    pub tag: String,
    /// What it says.
    pub text: String,
}

impl Line {
    /// Tag and text, as a log shows them.
    pub fn shown(&self) -> String {
        if self.tag.is_empty() {
            self.text.clone()
        } else {
            format!("{}: {}", self.tag, self.text)
        }
    }
}

/// Reads a line. None when nothing is said.
pub fn read(bytes: &[u8]) -> Option<Line> {
    let bytes = bytes.get(..LINE_BYTES).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    // Some senders end a datagram as C ends a string.
    let text = text.trim_end_matches(['\n', '\r', '\0']);
    let (severity, rest) = priority(text);
    let (tag, rest) = match rest.strip_prefix("1 ").and_then(after_header_of_5424) {
        Some(parts) => parts,
        None => after_header_of_3164(rest),
    };
    let line = Line {
        severity,
        tag: clean_to(tag, TAG),
        // Installers log their kernel's arguments, and with them the token.
        text: clean_to(&masked(rest.trim_start()), TEXT),
    };
    (!line.text.is_empty()).then_some(line)
}

/// `<134>` in front: the severity, and what follows.
fn priority(text: &str) -> (u8, &str) {
    let found = text.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    let number = found.and_then(|(number, _)| number.parse::<u8>().ok());
    match (found, number) {
        (Some((_, rest)), Some(number)) if number <= LARGEST_PRIORITY => (number % 8, rest),
        _ => (NOTICE, text),
    }
}

/// RFC 5424, 6: timestamp, host name, application, process, message id, structured data, text.
fn after_header_of_5424(header: &str) -> Option<(&str, &str)> {
    let mut words = header.splitn(6, ' ');
    let tag = words.nth(2)?;
    let rest = after_structured_data(words.nth(2)?)?;
    let tag = if tag == "-" { "" } else { tag };
    Some((tag, rest.trim_start_matches('\u{feff}')))
}

/// `-`, or `[id name="value"]…` in which a backslash takes the meaning of what follows.
fn after_structured_data(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some(rest.trim_start());
    }
    let (mut quoted, mut escaped, mut open) = (false, false, false);
    for (index, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if open => quoted = !quoted,
            '[' if !open => open = true,
            ']' if open && !quoted => open = false,
            ' ' if !open => return text.get(index + 1..),
            _ if !open => return None,
            _ => {}
        }
    }
    (!open).then_some("")
}

/// RFC 3164, 4.1: time, host name, tag, text. busybox leaves the host name out, and anything else may be missing too.
fn after_header_of_3164(text: &str) -> (&str, &str) {
    let Some(rest) = after_time(text) else {
        return after_tag(text).unwrap_or(("", text));
    };
    let (first, more) = rest.split_once(' ').unwrap_or((rest, ""));
    // A tag ends with a colon or with a process number, and no host name does.
    if first.ends_with(':') || first.ends_with(']') {
        return after_tag(rest).unwrap_or(("", rest));
    }
    after_tag(more).unwrap_or(("", more))
}

/// What follows `Sep  4 14:01:12 ` or a time of RFC 3339.
fn after_time(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let is_time = |at: usize| {
        let time = bytes.get(at..at + 8)?;
        let digits = |range: &[u8]| range.iter().all(u8::is_ascii_digit);
        (digits(&time[..2]) && digits(&time[3..5]) && digits(&time[6..8]))
            .then_some(())
            .filter(|()| time[2] == b':' && time[5] == b':')
    };
    if is_time(7).is_some() && bytes.first().is_some_and(u8::is_ascii_alphabetic) {
        return text.get(15..)?.strip_prefix(' ');
    }
    if is_time(11).is_some() && bytes.get(10) == Some(&b'T') {
        return text.split_once(' ').map(|(_, rest)| rest);
    }
    None
}

/// `anaconda[1775]: text`, `kernel: text`, or a tag that was cut in its middle. None when there is no tag.
fn after_tag(text: &str) -> Option<(&str, &str)> {
    let inside = |c: char| c.is_ascii_alphanumeric() || "._/-+@".contains(c);
    let end = text.find(|c| !inside(c)).unwrap_or(text.len());
    let (tag, rest) = text.split_at(end);
    if tag.is_empty() || tag.len() > TAG {
        return None;
    }
    let after_number = rest.strip_prefix('[').map(|rest| rest.split_once(']'));
    match after_number {
        Some(Some((_, rest))) => Some((tag, rest.strip_prefix(':').unwrap_or(rest))),
        Some(None) => None,
        None if rest.starts_with(':') => Some((tag, rest.get(1..)?)),
        None if tag.len() == TAG => Some((tag, rest)),
        None => None,
    }
}
