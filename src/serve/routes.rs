//! Routes: from a request to an answer, without any HTTP library.
//!
//! Not its job: connections, headers on the wire (`http`), what machines are told (`boot`).

use std::net::Ipv4Addr;

use super::boot::Answer;
use super::engine::Engine;
use super::files::{self, Conditions, FileAnswer, Refused};
use crate::core::listing::{Asked, LARGEST_LIMIT};
use crate::core::mac::Mac;
use crate::core::target::{Query, path_names};

/// Methods that have a meaning here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD: as GET, and the body stays away.
    Head,
    /// POST.
    Post,
    /// Any other.
    Other,
}

/// A request, as far as routes look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Path, still encoded.
    pub path: String,
    /// Query, still encoded, without the question mark.
    pub query: String,
    /// Body of a report.
    pub body: String,
    /// Who asks.
    pub peer: Ipv4Addr,
    /// What it says about the file that it wants.
    pub conditions: Conditions,
}

/// An answer.
#[derive(Debug)]
pub enum Response {
    /// A text.
    Text {
        /// Status code.
        status: u16,
        /// Its type.
        content_type: &'static str,
        /// The text.
        body: String,
    },
    /// (A part of) a file.
    File(FileAnswer),
    /// 416: a file of so many bytes has nothing of the range.
    NoSuchRange(u64),
}

/// Type of what people read.
pub const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
/// As Prometheus' exposition format names itself.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Paths that are not served are counted as one.
const OTHER: &str = "other";

impl Response {
    /// A refusal of one plain sentence.
    pub fn refusal(status: u16, sentence: &str) -> Self {
        Response::Text {
            status,
            content_type: TEXT,
            body: format!("{sentence}\n"),
        }
    }

    /// Its status code.
    pub fn status(&self) -> u16 {
        match self {
            Response::Text { status, .. } => *status,
            Response::File(file) => file.status,
            Response::NoSuchRange(_) => 416,
        }
    }

    fn text(content_type: &'static str, body: String) -> Self {
        Response::Text {
            status: 200,
            content_type,
            body,
        }
    }
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Text(body) => Response::text(TEXT, body),
            Answer::Bad(why) => Response::refusal(400, &why),
            Answer::Denied(why) => Response::refusal(403, &why),
            Answer::NotFound(why) => Response::refusal(404, &why),
            Answer::Fault(why) => Response::refusal(500, &why),
            Answer::Later(why) => Response::refusal(503, &why),
        }
    }
}

/// Whether a request's body is looked at.
pub fn wants_body(method: Method, path: &str) -> bool {
    method == Method::Post && path == "/v1/report"
}

/// Answers a request, and counts it.
pub fn route(engine: &mut Engine, request: &Request) -> Response {
    let Some(names) = path_names(&request.path) else {
        engine.counters.request(OTHER, 400);
        return Response::refusal(400, "the path is not one that is served here");
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let response = route_names(engine, request, &names);
    let counted = named(&names);
    engine.counters.request(counted, response.status());
    response
}

/// What a path is counted as: what strangers ask for must not become names.
fn named(names: &[&str]) -> &'static str {
    match names {
        ["boot.ipxe"] => "/boot.ipxe",
        ["v1", "boot"] => "/v1/boot",
        ["v1", "report"] => "/v1/report",
        ["ks" | "preseed" | "autoinstall", ..] => "answer",
        [name] if name.starts_with("kickstart-") => "answer",
        ["files", ..] => "/files",
        ["boot", ..] => "/boot",
        ["v1", "status"] => "/v1/status",
        ["metrics"] => "/metrics",
        ["healthz"] => "/healthz",
        _ => OTHER,
    }
}

fn route_names(engine: &mut Engine, request: &Request, names: &[&str]) -> Response {
    let read = matches!(request.method, Method::Get | Method::Head);
    if !read && *names != ["v1", "report"] {
        return Response::refusal(405, "only GET and HEAD are served here");
    }
    // An answer there is an installer started or an arm used up: looking must not do that.
    let counts = match names {
        ["v1", "boot"] | ["ks" | "preseed", _] | ["autoinstall", _, _, "user-data"] => true,
        [name] => name.starts_with("kickstart-"),
        _ => false,
    };
    if request.method == Method::Head && counts {
        return Response::refusal(405, "only GET is served here: asking is what counts");
    }
    let query = Query::parse(&request.query);
    let token = query.get("token").unwrap_or_default();
    match names {
        ["boot.ipxe"] => engine.first_script().into(),
        ["v1", "boot"] => engine.boot(request.peer, &query).into(),
        ["v1", "report"] => report(engine, request, &query),
        ["ks" | "preseed", mac] => answer_file(engine, request.peer, mac, token),
        ["autoinstall", mac, token, "user-data"] => answer_file(engine, request.peer, mac, token),
        // cloud-init insists on both files; neither has to say anything.
        ["autoinstall", _, _, "meta-data" | "vendor-data"] => Response::text(TEXT, String::new()),
        ["files", rest @ ..] => file(engine, request, "files", rest),
        ["boot", rest @ ..] => file(engine, request, "boot", rest),
        ["v1", "status"] | ["metrics"] | ["healthz"] => {
            watched(engine, request.peer, names, &query)
        }
        [name] => match name
            .strip_prefix("kickstart-")
            .and_then(|rest| rest.strip_suffix(".cfg"))
        {
            Some(mac) => answer_file(engine, request.peer, mac, token),
            None => Response::refusal(404, "nothing is served at this path"),
        },
        _ => Response::refusal(404, "nothing is served at this path"),
    }
}

fn answer_file(engine: &mut Engine, peer: Ipv4Addr, mac: &str, token: &str) -> Response {
    match mac.parse::<Mac>() {
        Ok(mac) => engine.answer_file(peer, mac, token).into(),
        Err(_) => Response::refusal(
            400,
            "the path must name a MAC address such as b8:ca:3a:00:00:01",
        ),
    }
}

fn report(engine: &mut Engine, request: &Request, query: &Query) -> Response {
    match request.method {
        Method::Post => engine
            .report(request.peer, &Query::parse(request.body.trim_end()))
            .into(),
        // For clients that cannot POST, such as the iPXE of distributions.
        Method::Get => engine.report(request.peer, query).into(),
        Method::Head | Method::Other => Response::refusal(405, "a report is made with POST or GET"),
    }
}

fn file(engine: &mut Engine, request: &Request, kind: &str, names: &[&str]) -> Response {
    engine.refresh();
    let main = &engine.settings.main;
    let folder = match kind {
        "boot" => engine.paths.below_root(&main.tftp_root),
        _ => engine.paths.below_root(&main.www).join("files"),
    };
    match files::open(&folder, names, &request.conditions) {
        Ok(answer) => {
            let file = names.join("/");
            log::debug!(
                "{} fetches /{kind}/{file} ({} bytes)",
                request.peer,
                answer.length
            );
            Response::File(answer)
        }
        Err(Refused::Status(404)) => Response::refusal(404, "there is no such file"),
        Err(Refused::Status(status)) => Response::refusal(status, "the file cannot be read"),
        Err(Refused::Range(whole)) => Response::NoSuchRange(whole),
    }
}

/// What tells about hosts is for the router itself and for the networks that the user allowed.
fn watched(engine: &mut Engine, peer: Ipv4Addr, names: &[&str], query: &Query) -> Response {
    engine.refresh();
    engine.look_at_apply();
    let own = peer.is_loopback() || engine.router.is_some_and(|router| router.address == peer);
    if !own
        && !engine
            .settings
            .main
            .allow
            .iter()
            .any(|network| network.contains(peer))
    {
        return Response::refusal(
            403,
            "status is for the router itself, and for networks in `list allow` of kickstand.main",
        );
    }
    match names {
        ["v1", "status"] => status(engine, query),
        ["metrics"] => Response::text(METRICS, engine.metrics()),
        _ => Response::text(TEXT, "ok\n".to_owned()),
    }
}

/// One page, as on ubus; the largest one when nobody says how large.
fn status(engine: &Engine, query: &Query) -> Response {
    let number = |name| match query.get(name) {
        None => Ok(None),
        Some(text) => match text.parse::<u64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(format!("{name} must be a whole number, 0 or more")),
        },
    };
    let text = |name| query.get(name).map(str::to_owned);
    let wanted = number("offset").and_then(|offset| {
        let asked = Asked {
            offset,
            limit: number("limit")?.or(Some(LARGEST_LIMIT as u64)),
            filter: text("filter"),
            sort: text("sort"),
            phase: text("phase"),
        };
        asked.check()
    });
    match wanted.map(|wanted| serde_json::to_string(&engine.status(&wanted))) {
        Ok(Ok(text)) => Response::text(JSON, text + "\n"),
        Ok(Err(_)) => Response::refusal(500, "the status cannot be put in words"),
        Err(sentence) => Response::refusal(400, &sentence),
    }
}
