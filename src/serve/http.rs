//! HTTP/1.1 on the wire. The one file that names hyper.
//!
//! Not its job: what is answered (`routes`).

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::connections::{self, Floor, Watched};
use super::engine::Engine;
use super::files::Conditions;
use super::routes::{self, Method, Request, Response, route};
use super::sending::{self, Outgoing, Sent};
use super::watch;

/// For the whole head of a request, and for the next request on a connection: slow links need one or two seconds.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// For the body of a report.
const BODY_TIME: Duration = Duration::from_secs(30);
/// Largest body, in bytes (design: a log's tail).
const BODY_LENGTH: usize = 64 * 1024;
/// Largest head, in bytes: the longest real one is iPXE's query with every fact, below 2 KB.
const HEAD_LENGTH: usize = 16 * 1024;
/// Most headers: Anaconda sends one for each network card besides its own.
const MOST_HEADERS: usize = 64;
type Answer = hyper::Response<Content>;

/// Serves until it is dropped.
pub async fn serve(
    listener: TcpListener,
    floor: &Rc<Floor>,
    engine: &Rc<RefCell<Engine>>,
) -> Infallible {
    let talk = |stream| connection(stream, Rc::clone(engine));
    connections::serve(listener, floor, talk).await
}

async fn connection(stream: Watched, engine: Rc<RefCell<Engine>>) {
    // Whoever connects and says nothing costs none of hyper's buffers.
    if !matches!(timeout(HEAD_TIME, stream.speaks()).await, Ok(Ok(true))) {
        return;
    }
    // On the heap, so that those who say nothing do not hold its place either.
    Box::pin(talk(stream, engine)).await;
}

async fn talk(stream: Watched, engine: Rc<RefCell<Engine>>) {
    let open = Rc::clone(stream.open());
    let outgoing = Rc::clone(stream.outgoing());
    let peer = open.peer();
    let service = service_fn(move |request| {
        let (engine, outgoing) = (Rc::clone(&engine), Rc::clone(&outgoing));
        open.asks();
        async move {
            let response = respond(request, peer, engine).await;
            Ok::<_, Infallible>(worded(response, &outgoing))
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_LENGTH)
        .max_headers(MOST_HEADERS)
        // Nobody needs it. (hyper asks for the time all the same: docs/decisions.md.)
        .auto_date_header(false)
        .keep_alive(stream.may_stay())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        // UEFI HTTP boot resets the connection after its HEAD: nothing to trouble anybody with.
        log::debug!("{peer}: {error}");
    }
}

async fn respond(
    request: hyper::Request<Incoming>,
    peer: Ipv4Addr,
    engine: Rc<RefCell<Engine>>,
) -> Response {
    let (head, body) = request.into_parts();
    let method = match head.method {
        hyper::Method::GET => Method::Get,
        hyper::Method::HEAD => Method::Head,
        hyper::Method::POST => Method::Post,
        _ => Method::Other,
    };
    let path = head.uri.path().to_owned();
    let body = match routes::wants_body(method, &path) {
        false => String::new(),
        true => match timeout(BODY_TIME, Limited::new(body, BODY_LENGTH).collect()).await {
            Ok(Ok(body)) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                return Response::refusal(413, "a report may have 64 KiB");
            }
            Ok(Err(_)) => return Response::refusal(400, "the body ended early"),
            Err(_) => return Response::refusal(408, "the body took too long"),
        },
    };
    let text = |name| {
        head.headers
            .get(name)
            // Bytes beyond ASCII are allowed in a tag, and are in none of ours: what they become is none either.
            .map(|value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let request = Request {
        method,
        path,
        query: head.uri.query().unwrap_or_default().to_owned(),
        body,
        peer,
        conditions: Conditions {
            // Of any other method it is to be ignored (RFC 9110, section 14.2).
            range: text(header::RANGE).filter(|_| method == Method::Get),
            if_range: text(header::IF_RANGE),
            if_none_match: text(header::IF_NONE_MATCH),
        },
    };
    let mut response = engine
        .borrow_mut()
        .at_once(|engine| route(engine, &request));
    watch::attend(&mut response, &request, &engine);
    response
}

/// The answer with its headers.
fn worded(response: Response, outgoing: &Rc<Outgoing>) -> Answer {
    let mut answer = hyper::Response::builder().header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let content = match response {
        Response::Text {
            status,
            content_type,
            body,
        } => {
            answer = answer
                .status(status)
                .header(header::CONTENT_TYPE, content_type)
                .header(header::CACHE_CONTROL, "no-store");
            Content::Text(Full::new(Bytes::from(body)))
        }
        Response::File(file) => {
            answer = answer
                .status(file.status)
                .header(header::CONTENT_TYPE, file.content_type)
                .header(header::ACCEPT_RANGES, "bytes")
                .header(header::ETAG, file.etag.as_str());
            if let Some(range) = &file.content_range {
                answer = answer.header(header::CONTENT_RANGE, range.as_str());
            }
            let sent = Sent {
                file: file.file,
                transfer: RefCell::new(file.transfer),
            };
            Content::File(sending::Body::new(sent, file.first, file.length, outgoing))
        }
        Response::NoSuchRange(whole) => {
            answer = answer
                .status(416)
                .header(header::CONTENT_TYPE, routes::TEXT)
                .header(header::CONTENT_RANGE, format!("bytes */{whole}"));
            Content::Text(Full::new(Bytes::from_static(
                b"the file has no such range\n",
            )))
        }
    };
    // All parts are our own words; should one not fit a header after all, that is our fault and nobody's secret.
    answer.body(content).unwrap_or_else(|error| {
        log::error!("an answer cannot be put in words: {error}");
        let mut fault = hyper::Response::new(Content::Text(Full::new(Bytes::new())));
        *fault.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        fault
    })
}

/// Body of an answer.
enum Content {
    Text(Full<Bytes>),
    File(sending::Body),
}

impl Body for Content {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Content::Text(text) => Pin::new(text)
                .poll_frame(context)
                .map_err(|never| match never {}),
            Content::File(file) if file.left() == 0 => Poll::Ready(None),
            Content::File(file) => {
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(file.next())))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Content::Text(text) => text.is_end_stream(),
            Content::File(file) => file.left() == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Content::Text(text) => text.size_hint(),
            Content::File(file) => SizeHint::with_exact(file.left()),
        }
    }
}
