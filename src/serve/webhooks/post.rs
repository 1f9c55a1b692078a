//! One attempt of a delivery: a POST (RFC 9112) over a connection of its own.
//!
//! A server can be slow, endless or broken: each step has a time, and what is read a length. Redirects are not followed.
//! hyper's client would do the same for 28 KB more (docs/decisions.md). Not its job: whether it is tried again
//! (`core::webhook::queue`).

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::lookup;
use crate::core::webhook::Webhook;
use crate::core::webhook::http::{Answer, HEAD_LENGTH, request};
use crate::core::webhook::queue::{Delivery, Outcome};

/// For a connection, by all addresses of a server together. On the LAN it takes milliseconds, behind a slow line a second.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// For one address at least: where IPv6 leads nowhere, IPv4 gets its turn.
const ADDRESS_TIME: Duration = Duration::from_secs(2);
/// For the head of the answer, from the connection on: chat servers pass on what they get before they answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// For the rest, which nobody looks at: it is taken so that the server does not log a broken connection. It comes with the
/// head, and servers close when they are asked to; one that does not keeps the next delivery waiting for so long.
const REST_TIME: Duration = Duration::from_millis(250);
/// Most of the rest that is taken, in bytes: receivers answer "ok" or a line of JSON.
const REST_LENGTH: usize = 4 * 1024;
/// Read at once, in bytes: the whole answer of most.
const PIECE: usize = 1024;

/// Sends a delivery once; `number` is that of the attempt. A failure is a sentence, and worth another attempt.
pub async fn post(to: &Webhook, delivery: &Delivery, number: u32) -> Outcome {
    let sent = attempt(to, delivery, number).await;
    sent.unwrap_or_else(Outcome::failure)
}

async fn attempt(to: &Webhook, delivery: &Delivery, number: u32) -> Result<Outcome, String> {
    let addresses = lookup::addresses(&to.url.host, to.url.port).await?;
    let stream = connect(&to.url.authority, &addresses).await?;
    let request = request(to, delivery, number);
    let asked = timeout(ANSWER_TIME, ask(&stream, request.as_bytes())).await;
    let answer = asked.unwrap_or_else(|_| {
        let seconds = ANSWER_TIME.as_secs();
        Err(format!("it did not answer within {seconds} s"))
    })?;
    let _ = timeout(REST_TIME, take_rest(&stream)).await;
    Ok(Outcome::of_answer(&answer))
}

/// A connection to the first address that takes one.
async fn connect(authority: &str, addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let failed = |why: &dyn std::fmt::Display| format!("cannot connect to {authority}: {why}");
    let share = CONNECT_TIME / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut why = failed(&"it has no address");
    for address in addresses {
        match timeout(share.max(ADDRESS_TIME), TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => why = failed(&error),
            Err(_) => why = failed(&"it does not answer"),
        }
    }
    Err(why)
}

/// Sends all of it, and reads the head of the answer, which may come before.
async fn ask(stream: &TcpStream, request: &[u8]) -> Result<Answer, String> {
    let mut sent = 0;
    let mut came = Vec::new();
    loop {
        let room = async {
            // Nothing is left to send: this never happens.
            if sent == request.len() {
                std::future::pending::<()>().await;
            }
            stream.writable().await
        };
        let broken = |error| format!("the connection broke: {error}");
        tokio::select! {
            ready = room => {
                ready.map_err(broken)?;
                match stream.try_write(&request[sent..]) {
                    Ok(count) => sent += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Err(broken(error)),
                }
            }
            read = read(stream) => {
                let piece = read.map_err(broken)?;
                if piece.is_empty() {
                    return Err("it closed the connection without an answer".to_owned());
                }
                came.extend(piece);
                let answer = Answer::read(&came);
                let answer = answer.map_err(|_| "it does not answer as HTTP does".to_owned())?;
                if let Some(answer) = answer {
                    return Ok(answer);
                }
                if came.len() > 2 * HEAD_LENGTH {
                    return Err("its answer does not begin".to_owned());
                }
            }
        }
    }
}

async fn take_rest(stream: &TcpStream) {
    let mut taken = 0;
    while taken < REST_LENGTH {
        match read(stream).await {
            Ok(piece) if !piece.is_empty() => taken += piece.len(),
            _ => return,
        }
    }
}

/// What has come; empty at the end of the connection.
async fn read(stream: &TcpStream) -> std::io::Result<Vec<u8>> {
    loop {
        stream.readable().await?;
        let mut piece = vec![0; PIECE];
        match stream.try_read(&mut piece) {
            Ok(count) => {
                piece.truncate(count);
                return Ok(piece);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
