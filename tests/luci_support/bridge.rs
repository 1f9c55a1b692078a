//! A tiny web server in the place of uhttpd: the pages, and LuCI's JSON-RPC as calls on the real ubus.
//!
//! What it cannot show: LuCI's login, sessions that end, and uhttpd's own bounds.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use kickstand::host::ubus::{CallError, call};
use kickstand_lab::service::Service;
use serde_json::{Value, json};

use super::access::{User, application};
use super::configuration::Configuration;

/// What uhttpd answers where ubus has nothing to say.
const NO_OBJECT: i32 = -32000;
const DENIED: i32 = -32002;
/// Status of ubus for anything that no test expects.
const UNKNOWN_ERROR: i32 = 9;

/// The server, and the router behind it.
pub struct Bridge {
    socket: PathBuf,
    configuration: Mutex<Configuration>,
    /// What a scenario may stop and start.
    service: Option<Mutex<Service>>,
}

struct Request {
    method: String,
    target: String,
    user: Option<User>,
    body: Vec<u8>,
}

struct Response {
    status: &'static str,
    kind: &'static str,
    body: Vec<u8>,
}

impl Bridge {
    /// Serves the router whose files are in `tree` on a port of its own, for as long as the process lives; gives the base URL.
    pub fn start(tree: &Path, service: Option<Service>) -> (Arc<Bridge>, String) {
        let bridge = Arc::new(Bridge {
            socket: tree.join("var/run/ubus/ubus.sock"),
            configuration: Mutex::new(Configuration::new(tree)),
            service: service.map(Mutex::new),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let server = Arc::downgrade(&bridge);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // When the test is over, the router is removed: nobody is left to answer for it.
                let Some(bridge) = server.upgrade() else {
                    break;
                };
                thread::spawn(move || {
                    // A browser that goes to another page closes its connections.
                    let _ = bridge.serve(stream);
                });
            }
        });
        (bridge, format!("http://{address}"))
    }

    /// The service, when a scenario may stop and start it.
    pub fn service(&self) -> Option<MutexGuard<'_, Service>> {
        let service = self.service.as_ref()?;
        Some(service.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let request = read(&stream)?;
        let response = self.answer(&request);
        let mut stream = stream;
        write!(
            stream,
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
            response.status,
            response.kind,
            response.body.len()
        )?;
        stream.write_all(&response.body)
    }

    fn answer(&self, request: &Request) -> Response {
        let path = request.target.split('?').next().unwrap_or_default();
        let path = path.trim_start_matches('/');
        match (request.method.as_str(), path.split_once('/')) {
            ("POST", None) if path == "ubus" => {
                let reply = self.rpc(&request.body);
                found("application/json", reply.to_string().into_bytes())
            }
            ("POST", Some(("router", what))) => self.act_on_router(what, &request.body),
            ("GET", Some(("stand-in", file))) => {
                let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/luci/stand-in");
                serve_file(&folder, file)
            }
            ("GET", Some(("luci-static", file))) => {
                serve_file(&application().join("htdocs/luci-static"), file)
            }
            ("GET", Some(("include", view))) => {
                page(request.user, view.replace('.', "/"), true).unwrap_or_else(forbidden)
            }
            ("GET", Some(("admin", _))) => {
                let view = request.user.and_then(|user| user.view(path));
                view.and_then(|(view, readonly)| page(request.user, view, readonly))
                    .unwrap_or_else(forbidden)
            }
            _ => nothing("404 Not Found"),
        }
    }

    /// What happens to the router while somebody looks at the page.
    fn act_on_router(&self, what: &str, body: &[u8]) -> Response {
        let text = String::from_utf8_lossy(body);
        let Some(mut service) = self.service() else {
            return nothing("404 Not Found");
        };
        match what {
            "stop" => service.kill(),
            "start" => service.start(),
            "uptime" => service.set_uptime(text.parse().expect("seconds")),
            "commit" => service.commit(&text),
            _ => return nothing("404 Not Found"),
        }
        nothing("204 No Content")
    }

    fn rpc(&self, body: &[u8]) -> Value {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let parameter = |index: usize| request["params"][index].as_str().unwrap_or_default();
        let arguments = &request["params"][3];
        let user = User::named(parameter(0)).unwrap_or(User::Outsider);
        let result = match (parameter(1), parameter(2)) {
            ("session", "access") => {
                let word = |name: &str| arguments[name].as_str().unwrap_or_default();
                let access = user.may(word("scope"), word("object"), word("function"));
                Ok((0, json!({"access": access})))
            }
            (object, method) if !user.may("ubus", object, method) => Err((DENIED, "Access denied")),
            ("uci", method) => Ok(self
                .configuration
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .call(method, arguments)),
            (object, method) => self.call(object, method, arguments, parameter(0)),
        };
        match result {
            Ok((status, Value::Null)) => json!({"jsonrpc": "2.0", "id": 1, "result": [status]}),
            Ok((status, reply)) => json!({"jsonrpc": "2.0", "id": 1, "result": [status, reply]}),
            Err((code, message)) => {
                json!({"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}})
            }
        }
    }

    /// As uhttpd calls: with the session among the arguments.
    fn call(
        &self,
        object: &str,
        method: &str,
        arguments: &Value,
        session: &str,
    ) -> Result<(i32, Value), (i32, &'static str)> {
        let mut arguments = arguments.clone();
        arguments["ubus_rpc_session"] = json!(session);
        match call(&self.socket, object, method, &arguments) {
            Ok(reply) => Ok((0, reply)),
            Err(CallError::NoObject { .. } | CallError::NotReachable { .. }) => {
                Err((NO_OBJECT, "Object not found"))
            }
            Err(CallError::Status(status)) => Ok((status, Value::Null)),
            Err(_) => Ok((UNKNOWN_ERROR, Value::Null)),
        }
    }
}

fn read(stream: &TcpStream) -> io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next(), words.next());
    let mut request = Request {
        method: method.unwrap_or_default(),
        target: target.unwrap_or_default(),
        user: None,
        body: Vec::new(),
    };
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "cookie" => request.user = value.strip_prefix("user=").and_then(User::named),
            _ => {}
        }
    }
    reader.take(length).read_to_end(&mut request.body)?;
    Ok(request)
}

fn found(kind: &'static str, body: Vec<u8>) -> Response {
    Response {
        status: "200 OK",
        kind,
        body,
    }
}

fn nothing(status: &'static str) -> Response {
    Response {
        status,
        kind: "text/plain",
        // Chromium shows an error of its own for an error without a body.
        body: status.as_bytes().to_vec(),
    }
}

fn forbidden() -> Response {
    nothing("403 Forbidden")
}

fn serve_file(folder: &Path, name: &str) -> Response {
    let kind = match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        _ => "application/octet-stream",
    };
    match fs::read(folder.join(name)) {
        Ok(body) => found(kind, body),
        Err(_) => nothing("404 Not Found"),
    }
}

fn page(user: Option<User>, view: String, readonly: bool) -> Option<Response> {
    let session = match user? {
        User::Root => "root",
        User::Viewer => "viewer",
        User::Outsider => "outsider",
    };
    let environment = json!({"session": session, "view": view, "readonly": readonly});
    let html = format!(
        "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width, initial-scale=1'>\
         <title>kickstand</title><link rel=icon href='data:,'><link rel=stylesheet href=/stand-in/page.css></head>\
         <body><div id=changes></div><div id=maincontent><div id=view></div></div>\
         <script>window.STAND_IN = {environment};</script><script src=/stand-in/luci.js></script></body></html>"
    );
    Some(found("text/html; charset=utf-8", html.into_bytes()))
}
