//! One attempt of a delivery: a POST over a connection of its own. It and `serve::http` are the files that name hyper.
//!
//! A server can be slow, endless or broken: each step has a time, and what is read a length. Redirects are not followed.
//! Not its job: whether it is tried again (`core::webhook::queue`).

use std::error::Error;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::lookup;
use crate::core::webhook::Webhook;
use crate::core::webhook::queue::{Delivery, Outcome};

/// For a connection. A server on the LAN takes milliseconds, one behind a slow line a second.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// For the head of the answer, from the connection on: chat servers pass on what they get before they answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// For the body, which nobody looks at: it is taken so that the server does not log a broken connection.
const BODY_TIME: Duration = Duration::from_secs(1);
/// Most of the body that is taken, in bytes: receivers answer "ok" or a line of JSON.
const BODY_LENGTH: usize = 4 * 1024;
/// Largest head of an answer, in bytes, and most of its lines: several times what servers send.
const HEAD_LENGTH: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;
/// What it calls itself.
const USER_AGENT: &str = concat!("kickstand/", env!("CARGO_PKG_VERSION"));

/// Sends a delivery once; `number` is that of the attempt. A failure is a sentence, and worth another attempt.
pub async fn post(to: &Webhook, delivery: &Delivery, number: u32) -> Outcome {
    let sent = attempt(to, delivery, number).await;
    sent.unwrap_or_else(|why| Outcome::Later(why, None))
}

async fn attempt(to: &Webhook, delivery: &Delivery, number: u32) -> Result<Outcome, String> {
    let request = request(to, delivery, number)?;
    let addresses = lookup::addresses(&to.url.host, to.url.port).await?;
    let stream = connect(&to.url.authority, &addresses).await?;
    let (status, retry_after) = match timeout(ANSWER_TIME, exchange(stream, request)).await {
        Ok(answer) => answer?,
        Err(_) => {
            let seconds = ANSWER_TIME.as_secs();
            return Err(format!("it did not answer within {seconds} s"));
        }
    };
    Ok(Outcome::of_answer(status, retry_after.as_deref()))
}

fn request(to: &Webhook, delivery: &Delivery, number: u32) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::post(&to.url.path)
        .header(header::HOST, &to.url.authority)
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close")
        .header("Kickstand-Delivery", &delivery.id)
        .header("Kickstand-Event", delivery.event.word());
    if let Some(authorization) = &to.authorization {
        request = request.header(header::AUTHORIZATION, authorization.reveal());
    }
    let body = Full::new(Bytes::from(delivery.text(number)));
    // The settings took nothing that does not fit; the error would quote none of it.
    let odd = |error| format!("the request cannot be put in words: {error}");
    request.body(body).map_err(odd)
}

/// A connection to the first address that takes one.
async fn connect(authority: &str, addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let failed = |why: &dyn std::fmt::Display| format!("cannot connect to {authority}: {why}");
    let any = async {
        let mut why = failed(&"it has no address");
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => why = failed(&error),
            }
        }
        Err(why)
    };
    let connected = timeout(CONNECT_TIME, any).await;
    connected.unwrap_or_else(|_| Err(failed(&"it does not answer")))
}

/// Status and `Retry-After` of the answer.
async fn exchange(
    stream: TcpStream,
    request: Request<Full<Bytes>>,
) -> Result<(u16, Option<String>), String> {
    let broken = |error: hyper::Error| match error.source() {
        Some(cause) => format!("it does not answer as HTTP does: {error}: {cause}"),
        None => format!("it does not answer as HTTP does: {error}"),
    };
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_LENGTH)
        .max_headers(MOST_HEADERS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let ask = async {
        let answer = sender.send_request(request).await.map_err(broken)?;
        let (head, body) = answer.into_parts();
        let _ = timeout(BODY_TIME, Limited::new(body, BODY_LENGTH).collect()).await;
        let retry_after = head.headers.get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok());
        Ok((head.status.as_u16(), retry_after.map(str::to_owned)))
    };
    let mut ask = pin!(ask);
    // The one gets on only while the other is looked after too. A connection that ended has left all it had.
    tokio::select! {
        biased;
        answer = &mut ask => answer,
        _ = connection => ask.await,
    }
}
