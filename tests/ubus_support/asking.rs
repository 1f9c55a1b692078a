//! Calls of the running service, and arguments for each of its methods, of the machines of `service_support`.

use kickstand::host::ubus::call;
use kickstand::serve::object::OBJECT;
use kickstand_lab::service::Service;
use serde_json::{Value, json};

/// The section that a test of a webhook needs; nobody listens there.
#[allow(dead_code)]
pub const WEBHOOK: &str = "\nconfig webhook 'chat'\n\toption url 'http://127.0.0.1:1/'\n";

/// Calls a method, which answers.
pub fn ask(service: &Service, method: &str, arguments: Value) -> Value {
    call(&service.socket(), OBJECT, method, &arguments)
        .unwrap_or_else(|error| panic!("{method} {arguments}: {error}\n{}", service.log()))
}

/// Arguments that a method can do something with.
pub fn good(method: &str) -> Value {
    match method {
        "status" => {
            json!({"offset": 0, "limit": "5", "filter": "r2", "sort": "-last", "phase": "idle"})
        }
        "overview" | "profiles" | "webhooks" => json!({}),
        "host" => json!({"name": "r220a"}),
        "explain" => json!({"mac": "b8:ca:3a:00:00:01"}),
        "render" => json!({"host": "r220a", "what": "args"}),
        "check" => json!({"host": "r220a", "release": "RHEL9"}),
        "arm" => json!({"host": "r220a", "window": 600, "confirm": "r220a", "force": false}),
        "hardware" | "disarm" | "wake" => json!({"host": "r220a"}),
        "adopt" => json!({"mac": "52:54:00:00:00:66", "name": "new", "profile": "almalinux9"}),
        "webhook_test" => json!({"name": "chat"}),
        "forget" => json!({"mac": "52:54:00:00:00:66"}),
        "report" => {
            json!({"kind": "dhcp", "action": "add", "mac": "b8:ca:3a:00:00:01", "address": "127.0.0.11"})
        }
        method => panic!("say here what '{method}' can be called with"),
    }
}
