//! The LuCI application in a real browser, on a stand-in for LuCI, before the real service on a real ubus.

pub mod access;
pub mod bridge;
pub mod configuration;

use std::path::Path;
use std::process::{Command, Stdio};

use kickstand_lab::parts;
use kickstand_lab::service::Service;

use bridge::Bridge;

/// Plays `tests/luci/scenarios/<name>.js` against a router with that configuration.
pub fn play(name: &str, service: Service) {
    let url = format!(
        "http://{}:{}",
        kickstand_lab::service::ROUTER,
        service.port()
    );
    let (bridge, base) = Bridge::start(service);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/luci");
    let modules = parts::browser(&folder);
    let output = Command::new("node")
        .arg(folder.join("play.js"))
        .arg(name)
        .env("NODE_PATH", &modules)
        .env("PAGE", base)
        .env("SERVICE", url)
        .env("SCREENSHOTS", modules.join("../../../luci"))
        .stdin(Stdio::null())
        .output()
        .expect("node starts");
    assert!(
        output.status.success(),
        "{name}:\n{}{}\nlog of the service:\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        bridge.service().log()
    );
}
