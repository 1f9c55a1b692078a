//! Requests in numbers: wrk for answers, a client of our own for large files.
//!
//! Not its job: what serves them.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use kickstand_lab::http::connect_from;
use kickstand_lab::process::{Failure, Result, run};
use rustix::net::{RecvFlags, recv};

use crate::servers::Tools;
use crate::usage::CLIENT_CORE;

/// Most bytes taken from the kernel at once.
const TAKEN: usize = 256 * 1024;

/// How wrk asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Connections at once.
    pub connections: u32,
    /// Whether a connection serves more than one request. iPXE and curl make a new one each time.
    pub reused: bool,
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sample {
    /// Answers per second.
    pub rate: f64,
    /// Milliseconds that half of them took at most.
    pub middle: f64,
    /// Milliseconds that 99 % took at most.
    pub slowest: f64,
    /// Answers other than 2xx and broken connections.
    pub bad: u64,
}

/// Asks for `url` again and again.
///
/// # Errors
///
/// When wrk fails.
pub fn ask(tools: &Tools, url: &str, manner: Manner, seconds: u32) -> Result<Sample> {
    let mut wrk = tools.unpacked(CLIENT_CORE, "usr/bin/wrk");
    wrk.args([
        "--latency",
        "-t",
        "1",
        "-c",
        &manner.connections.to_string(),
    ]);
    wrk.args(["-d", &format!("{seconds}s")]);
    if !manner.reused {
        wrk.args(["-H", "Connection: close"]);
    }
    let said = run(wrk.arg(url))?;
    read(&said).ok_or_else(|| Failure::new(format!("wrk said: {said}")))
}

/// wrk's words.
fn read(said: &str) -> Option<Sample> {
    let after = |name: &str| -> Option<&str> {
        said.lines()
            .find_map(|line| line.trim().strip_prefix(name))
            .map(str::trim)
    };
    let bad = after("Non-2xx or 3xx responses:").map_or(Some(0), |count| count.parse().ok())?;
    // "connect 0, read 12, write 0, timeout 0"
    let broken: u64 = after("Socket errors:").map_or(0, |errors| {
        errors
            .split([' ', ','])
            .filter_map(|word| word.parse::<u64>().ok())
            .sum()
    });
    Some(Sample {
        rate: after("Requests/sec:")?.parse().ok()?,
        middle: milliseconds(after("50%")?)?,
        slowest: milliseconds(after("99%")?)?,
        bad: bad + broken,
    })
}

/// `82.00us`, `1.20ms` or `1.02s`.
fn milliseconds(text: &str) -> Option<f64> {
    let unit = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let number: f64 = text[..unit].parse().ok()?;
    match &text[unit..] {
        "us" => Some(number / 1000.0),
        "ms" => Some(number),
        "s" => Some(number * 1000.0),
        _ => None,
    }
}

/// Downloads a file of `length` bytes to all clients at once, and leaves what comes in the kernel: what is measured is the server.
/// The time until the last one has it.
///
/// # Errors
///
/// When one of them does not get all of it.
pub fn download(
    to: SocketAddrV4,
    path: &str,
    length: u64,
    clients: &[Ipv4Addr],
) -> Result<Duration> {
    let begin = Instant::now();
    if let [alone] = clients {
        let fetched = fetch(to, *alone, path, length).map(|()| begin.elapsed());
        return fetched.ok_or_else(|| not_whole(to, path));
    }
    let fetched: Vec<bool> = thread::scope(|scope| {
        let clients: Vec<_> = clients
            .iter()
            .map(|client| scope.spawn(move || fetch(to, *client, path, length)))
            .collect();
        clients
            .into_iter()
            .map(|client| matches!(client.join(), Ok(Some(()))))
            .collect()
    });
    match fetched.iter().all(|fetched| *fetched) {
        true => Ok(begin.elapsed()),
        false => Err(not_whole(to, path)),
    }
}

fn not_whole(to: SocketAddrV4, path: &str) -> Failure {
    Failure::new(format!("{to}{path} did not come whole"))
}

fn fetch(to: SocketAddrV4, from: Ipv4Addr, path: &str, length: u64) -> Option<()> {
    let mut stream = connect_from(from, to).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut taken = 0;
    let mut nothing = vec![0; TAKEN];
    loop {
        // TRUNC: tcp(7) throws it away without a copy.
        let (_, count) = recv(&stream, &mut nothing[..], RecvFlags::TRUNC).ok()?;
        if count == 0 {
            // The head comes on top.
            return (taken > length && taken < length + 4096).then_some(());
        }
        taken += count as u64;
    }
}

/// The address of client `number`, of many.
pub fn client(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + number)
}

/// Connections that stand there after `say` was said on each of them.
pub fn stand(to: SocketAddrV4, count: u32, say: &[u8]) -> Vec<TcpStream> {
    (0..count)
        .filter_map(|number| {
            let mut stream = connect_from(client(number), to).ok()?;
            stream.write_all(say).ok()?;
            Some(stream)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_wrk_are_understood() {
        let said = "  Thread Stats   Avg      Stdev     Max   +/- Stdev
  Latency Distribution
     50%   82.00us
     75%   90.00us
     99%    1.20ms
  22 requests in 2.00s, 1MB read
  Socket errors: connect 0, read 3, write 1, timeout 0
  Non-2xx or 3xx responses: 5
Requests/sec:  12345.67
Transfer/sec:     10.00MB
";
        let sample = Sample {
            rate: 12345.67,
            middle: 0.082,
            slowest: 1.2,
            bad: 9,
        };
        assert_eq!(read(said), Some(sample));
        assert_eq!(read("unable to connect"), None);
    }
}
