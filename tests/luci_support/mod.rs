//! The LuCI application in a real browser, on a stand-in for LuCI, before the real service on a real ubus.

// Each test binary uses a part of it.
#![allow(dead_code)]

pub mod access;
pub mod bridge;
pub mod configuration;

use std::path::Path;
use std::process::{Command, Stdio};

use kickstand_lab::parts;
use kickstand_lab::service::{ROUTER, Service};

use bridge::Bridge;

/// Plays `tests/luci/scenarios/<name>.js` before a service in a tree of files.
pub fn play(name: &str, service: Service) {
    let url = format!("http://{ROUTER}:{}", service.port());
    let tree = service.tree().path().to_owned();
    let (bridge, page) = Bridge::start(&tree, Some(service));
    if let Err(said) = run(name, &page, &url) {
        let log = bridge.service().map(|service| service.log());
        panic!(
            "{name}:\n{said}\nlog of the service:\n{}",
            log.unwrap_or_default()
        );
    }
}

/// Plays it before any router whose files are in `tree`. What node said, when it fails.
pub fn play_before(name: &str, tree: &Path) -> Result<(), String> {
    let (_bridge, page) = Bridge::start(tree, None);
    run(name, &page, "")
}

fn run(name: &str, page: &str, service: &str) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/luci");
    let modules = parts::browser(&folder);
    let output = Command::new("node")
        .arg(folder.join("play.js"))
        .arg(name)
        .env("NODE_PATH", &modules)
        .env("PAGE", page)
        .env("SERVICE", service)
        .env("SCREENSHOTS", modules.join("../../../luci"))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("node does not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(String::from_utf8_lossy(&said).into_owned())
}
