//! What changed since the state file was written whole: a line for each step of a host's lifecycle.
//!
//! A line is a checksum of 16 hexadecimal digits, a blank, and JSON. The checksum goes over this line and all before it, so
//! that a line counts only where it was written. With hundreds of hosts at work at once, flash would otherwise take all of
//! them for each step of one.
//!
//! Not its job: when the file is written whole again (`host::state_file`).

use serde::{Deserialize, Serialize};

use super::{FNV_START, State, fnv};
use crate::core::lifecycle::Record;
use crate::core::progress::Durations;

/// Digits of a checksum.
const DIGITS: usize = 16;

/// The checksum of all lines until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain(u64);

impl Chain {
    /// Of a file that was written whole.
    pub fn begin(text: &[u8]) -> Self {
        Chain(fnv(FNV_START, text))
    }

    fn add(self, words: &[u8]) -> Self {
        Chain(fnv(self.0, words))
    }
}

#[derive(Serialize)]
struct Change<'a> {
    router_start: &'a str,
    host: &'a str,
    record: &'a Record,
    #[serde(skip_serializing_if = "Option::is_none")]
    durations: Option<&'a Durations>,
}

#[derive(Deserialize)]
struct Found {
    router_start: String,
    host: String,
    record: Record,
    durations: Option<Durations>,
}

/// The line for a host whose record is another one now, and the checksum with it. `learned`: the durations are others, too.
pub fn line(
    chain: Chain,
    state: &State,
    host: &str,
    learned: bool,
) -> Result<(String, Chain), serde_json::Error> {
    let unknown = Record::default();
    let change = Change {
        router_start: &state.router_start,
        host,
        record: state.hosts.get(host).unwrap_or(&unknown),
        durations: learned.then_some(&state.durations),
    };
    let words = serde_json::to_string(&change)?;
    let chain = chain.add(words.as_bytes());
    Ok((format!("{:016x} {words}\n", chain.0), chain))
}

/// Makes the changes that the lines after `first` tell. False when one of them is not as it was written: then it and all
/// after it are left out.
pub(super) fn replay(state: &mut State, first: &[u8], lines: &[u8]) -> bool {
    let mut chain = Chain::begin(first);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let Some((found, next)) = read(chain, line) else {
            return false;
        };
        chain = next;
        state.generation += 1;
        state.router_start = found.router_start;
        state.hosts.insert(found.host, found.record);
        if let Some(durations) = found.durations {
            state.durations = durations;
        }
    }
    true
}

fn read(chain: Chain, line: &[u8]) -> Option<(Found, Chain)> {
    let (digits, rest) = line.split_at_checked(DIGITS)?;
    let words = rest.strip_prefix(b" ")?.strip_suffix(b"\n")?;
    let chain = chain.add(words);
    let whole = digits == format!("{:016x}", chain.0).as_bytes();
    let found = whole.then(|| serde_json::from_slice(words).ok())??;
    Some((found, chain))
}
