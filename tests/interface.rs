//! The address that the service announces: netifd's word before the configuration's.
//!
//! netifd is in no registry: a small object of the same name, method and reply stands in for it. It cannot show when netifd
//! appears on the bus, nor interfaces that come and go.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use kickstand::host::interface::address;
use kickstand::host::paths::Paths;
use kickstand::host::ubus::{MethodSpec, Provider, Right};
use kickstand_lab::parts;
use kickstand_lab::process::{Running, wait_until};
use kickstand_lab::scratch::Scratch;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
const METHODS: &[MethodSpec] = &[MethodSpec {
    name: "status",
    arguments: &[],
    right: Right::Read,
}];

/// Provides `network.interface.lan` with that status, for as long as the test's process lives.
fn stand_in_for_netifd(root: &Scratch, status: Value) -> Running {
    let socket = root.join("var/run/ubus/ubus.sock");
    std::fs::create_dir_all(root.join("var/run/ubus")).expect("a fresh folder");
    let ubusd = Running::start(
        Command::new(parts::ubusd())
            .arg("-s")
            .arg(&socket)
            .stderr(Stdio::null()),
    );
    assert!(wait_until(LIMIT, || socket.exists()));
    let (provider, _) = Provider::new(socket, "network.interface.lan", METHODS);
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(provider.run(move |_, _| status.clone()))
    });
    ubusd
}

fn router(ipaddr: &str) -> (Scratch, Paths) {
    let root = Scratch::new("interface");
    root.write(
        "etc/config/network",
        format!("config interface 'lan'\n\toption proto 'static'\n\toption ipaddr '{ipaddr}'\n"),
    );
    let paths = Paths::new(root.path());
    (root, paths)
}

#[test]
fn netifd_knows_an_address_that_the_configuration_does_not() {
    let (root, paths) = router("192.0.2.1");
    assert_eq!(
        address(&paths, "lan"),
        Ok(([192, 0, 2, 1].into(), None)),
        "without netifd"
    );
    let _ubusd = stand_in_for_netifd(
        &root,
        json!({ "up": true, "ipv4-address": [{ "address": "10.33.1.1", "mask": 24 }] }),
    );
    assert!(wait_until(LIMIT, || address(&paths, "lan")
        == Ok(([10, 33, 1, 1].into(), Some(24)))));
}

#[test]
fn an_interface_that_is_down_has_no_address_whatever_is_configured() {
    let (root, paths) = router("192.0.2.1");
    let _ubusd = stand_in_for_netifd(&root, json!({ "up": false, "ipv4-address": [] }));
    assert!(wait_until(LIMIT, || address(&paths, "lan")
        .is_err_and(|error| error.contains("has no IPv4 address now"))));
}

#[test]
fn an_interface_that_is_not_there_is_named_with_those_that_are() {
    let (_root, paths) = router("192.0.2.1");
    let error = address(&paths, "nolan").expect_err("there is none");
    assert!(
        error.contains("has no interface 'nolan'") && error.contains("lan"),
        "{error}"
    );
}
