//! Any request: whatever a stranger sends, no token, no answer file and no claim comes back, and no word of it becomes a command.
//!
//! The first line of the input is the method and the target, the rest is the body. The host that is asked about is armed.
#![no_main]

use std::cell::RefCell;
use std::net::Ipv4Addr;

use kickstand::serve::engine::Engine;
use kickstand::serve::files::Conditions;
use kickstand::serve::routes::{Method, Request, Response, route};
use kickstand_fuzz::{SECRET, armed_engine, not_a_script};
use libfuzzer_sys::fuzz_target;

const STRANGER: Ipv4Addr = Ipv4Addr::new(10, 33, 1, 66);

thread_local! {
    static ENGINE: RefCell<Engine> = RefCell::new(armed_engine());
}

fuzz_target!(|input: &str| {
    let (first, body) = input.split_once('\n').unwrap_or((input, ""));
    let (method, target) = first.split_once(' ').unwrap_or(("GET", first));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        method: match method {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            _ => Method::Other,
        },
        path: path.to_owned(),
        query: query.to_owned(),
        body: body.to_owned(),
        peer: STRANGER,
        conditions: Conditions {
            range: Some(body.to_owned()),
            if_range: None,
            if_none_match: Some(body.to_owned()),
        },
    };
    let response = ENGINE.with(|engine| route(&mut engine.borrow_mut(), &request));
    let Response::Text { status, body, .. } = response else {
        return;
    };
    assert!(!body.contains(SECRET) && !body.contains("granted"), "{status} {body}");
    if status == 200 && body.starts_with("#!ipxe") {
        assert_eq!(not_a_script(&body), None, "{body}");
    }
});
