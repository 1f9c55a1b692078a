//! The running service of the tests, and what its status says.

// Each test binary uses a part of it.
#![allow(dead_code)]

#[allow(unused_imports)]
pub use kickstand_lab::requests::{CONFIG, Machine, R220A, STRANGER, WEB, know_everybody};
use kickstand_lab::service::Service;

pub const BINARY: &str = env!("CARGO_BIN_EXE_kickstand");

/// [`CONFIG`] with more options in a section.
pub fn config_with(section: &str, options: &str) -> String {
    assert!(CONFIG.contains(section), "{section}");
    CONFIG.replace(section, &format!("{section}\n{options}"))
}

pub fn service_with(config: &str) -> Service {
    let service = Service::new(BINARY, config);
    know_everybody(&service);
    service
}

pub fn service() -> Service {
    service_with(CONFIG)
}

pub fn arm(service: &Service, host: &str) {
    let output = service.kickstand(&["arm", host]);
    assert!(output.status.success(), "{output:?}\n{}", service.log());
}

/// Arms a host whose answer file is none that would install anything.
pub fn arm_unchecked(service: &Service, host: &str) {
    let output = service.kickstand(&["arm", host, "--force"]);
    assert!(output.status.success(), "{output:?}\n{}", service.log());
}

/// Has the machine of `r220a` report a disk and a port.
pub fn discover_r220a(service: &Service) {
    let output = service.kickstand(&["arm", "--discover", "r220a"]);
    assert!(output.status.success(), "{output:?}\n{}", service.log());
    let hardware = r#"{"disks":[{"name":"sda"}],"ports":[{"name":"eno1"}]}"#;
    let report = format!("event=hardware&hardware={hardware}");
    let reply = R220A.reports(service, &R220A.token(service), &report);
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// One host's line of status, as JSON.
pub fn status(service: &Service, host: &str) -> serde_json::Value {
    let all = status_of_all(service);
    let hosts = all["hosts"].as_array().expect("hosts");
    hosts
        .iter()
        .find(|found| found["name"] == host)
        .cloned()
        .unwrap_or_default()
}

pub fn status_of_all(service: &Service) -> serde_json::Value {
    let output = service.kickstand(&["status", "--json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

pub fn phase(service: &Service, host: &str) -> String {
    status(service, host)["phase"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
