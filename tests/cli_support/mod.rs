//! The commands as a person runs them, and what they said.

// Each test binary uses a part of it.
#![allow(dead_code)]

use std::process::{Command, Output};

use kickstand_lab::service::Service;

/// A configuration without a fault: one host, `r220a`.
pub const GOOD: &str = include_str!("../trees/r220a/etc/config/kickstand");
const BINARY: &str = env!("CARGO_BIN_EXE_kickstand");

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Said {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub error: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Said {
            code: output.status.code().expect("it ended by itself"),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            error: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The configuration, with ports that no other test has in place of its own.
pub fn on_own_port(config: &str) -> String {
    let interface = "\toption interface 'lan'\n";
    config
        .replace("\toption port '8067'\n", "")
        .replace("\toption syslog_port '5140'\n", "")
        .replacen(interface, &format!("{interface}\toption port 'PORT'\n"), 1)
}

/// A router with that configuration and a ubus broker, and no service.
pub fn stopped(config: &str) -> Service {
    Service::stopped(BINARY, &on_own_port(config))
}

/// The same with the service, which answers already.
pub fn started(config: &str) -> Service {
    Service::new(BINARY, &on_own_port(config))
}

/// A command without a router.
pub fn run(arguments: &[&str]) -> Said {
    let output = Command::new(BINARY).args(arguments).output();
    output.expect("kickstand runs").into()
}

/// A command on that router.
pub fn run_on(router: &Service, arguments: &[&str]) -> Said {
    router.kickstand(arguments).into()
}

/// It ended with that code, and its last line on standard error holds all of these and no trace of a panic.
pub fn assert_says(said: &Said, code: i32, parts: &[&str]) {
    assert_eq!(said.code, code, "{said:?}");
    let last = said.error.lines().last().unwrap_or_default();
    for part in parts {
        assert!(last.contains(part), "no {part:?} in: {said:?}");
    }
    assert!(!said.error.contains("panicked"), "{said:?}");
}
