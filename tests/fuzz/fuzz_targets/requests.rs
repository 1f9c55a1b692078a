//! Any request: whatever a stranger sends, no token, no answer file and no claim comes back, and no word of it becomes a command.
//!
//! The first line of the input is the method and the target, the rest is the body. The host that is asked about is armed.
#![no_main]

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use kickstand::core::answer::Router;
use kickstand::host::paths::Paths;
use kickstand::serve::engine::Engine;
use kickstand::serve::routes::{Method, Request, Response, route};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const STRANGER: Ipv4Addr = Ipv4Addr::new(10, 33, 1, 66);
const SECRET: &str = "ssh-ed25519 AAAA kenneth";
const CONFIG: &str = "
config profile 'p'
	option mirror 'http://m/9'
	option kernel 'http://m/k'
config host 'h'
	option profile 'p'
	option mac '52:54:00:00:00:01'
config account 'kenneth'
	option ssh_key 'ssh-ed25519 AAAA kenneth'
";

thread_local! {
    static ENGINE: RefCell<Engine> = RefCell::new(engine());
}

fn engine() -> Engine {
    let root: PathBuf = std::env::temp_dir().join(format!("ks-fuzz-{}", std::process::id()));
    for (name, text) in [("etc/config/kickstand", CONFIG), ("proc/net/arp", "IP address\n")] {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("the folder can be made");
        std::fs::write(path, text).expect("the file can be written");
    }
    let mut engine = Engine::new(&Paths::new(&root)).expect("the engine starts");
    engine.serves_at(Router {
        address: [10, 33, 1, 1].into(),
        port: 8067,
    });
    let told = engine.call("arm", &json!({"host": "h", "window": 604_800}));
    assert_eq!(told["host"], "h", "{told}");
    engine
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
        range: Some(body.to_owned()),
        if_none_match: Some(body.to_owned()),
    };
    let response = ENGINE.with(|engine| route(&mut engine.borrow_mut(), &request));
    let Response::Text { status, body, .. } = response else {
        return;
    };
    assert!(!body.contains(SECRET) && !body.contains("granted"), "{status} {body}");
    if status == 200 && body.starts_with("#!ipxe") {
        for line in body.lines() {
            let command = line.trim_start().split([' ', '\t']).next().unwrap_or_default();
            assert!(
                command.is_empty() || command.starts_with(['#', ':']) || COMMANDS.contains(&command),
                "{command}: {body}"
            );
        }
    }
});

/// What a line of our scripts begins with.
const COMMANDS: &[&str] = &[
    "echo", "exit", "sanboot", "sleep", "goto", "chain", "set", "isset", "iseq", "ifopen", "ifclose", "ifconf", "dhcp", "imgfree", "inc",
    "reboot", "poweroff", "prompt", "shell", "kernel", "initrd", "boot", "cpuid", "clear", "param", "params",
];
