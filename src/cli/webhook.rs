//! `kickstand webhook`: who is told by webhook, how that goes, and a test.
//!
//! Not its job: sending; the service does that.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::output::{print, span, table};
use super::{Failure, Invocation, client};
use crate::host::paths::Paths;

/// For a test: its name is looked up, it is connected, and it answers, each within the service's own limits.
const PATIENCE: Duration = Duration::from_secs(40);
/// Between two looks at how a test went.
const PAUSE: Duration = Duration::from_millis(200);

pub fn run(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let paths = invocation.paths.clone();
    let as_json = invocation.json;
    let is_test = invocation.arguments.contains("--test");
    let name = invocation.optional_word()?;
    invocation.end()?;
    match (name, is_test) {
        (None, true) => Err(Failure::Usage("the webhook's name is missing".to_owned())),
        (Some(name), true) => test(&paths, &name, as_json),
        (name, false) => list(&paths, name.as_deref(), as_json),
    }
}

fn list(paths: &Paths, name: Option<&str>, as_json: bool) -> Result<ExitCode, Failure> {
    let mut webhooks = all(paths)?;
    if let Some(name) = name {
        webhooks.retain(|webhook| webhook["name"] == name);
        if webhooks.is_empty() {
            let why = format!("there is no webhook '{name}': `kickstand webhook` lists them");
            return Err(Failure::Failed(why));
        }
    }
    print(&match as_json {
        true => format!("{:#}\n", json!({ "webhooks": webhooks })),
        false => words(&webhooks),
    });
    Ok(ExitCode::SUCCESS)
}

fn test(paths: &Paths, name: &str, as_json: bool) -> Result<ExitCode, Failure> {
    let begun: Value = client::ask(paths, "webhook_test", &json!({ "name": name }))?;
    let started = Instant::now();
    let (test, delivered) = loop {
        sleep(PAUSE);
        let webhooks = all(paths)?;
        let webhook = webhooks.iter().find(|webhook| webhook["name"] == name);
        let test = webhook.map(|webhook| webhook["test"].clone());
        let Some(test) = test.filter(|test| test["id"] == begun["id"]) else {
            let why = format!("webhook '{name}' or the service changed meanwhile: try it again");
            return Err(Failure::Failed(why));
        };
        if let Some(delivered) = test["delivered"].as_bool() {
            break (test, delivered);
        }
        if started.elapsed() > PATIENCE {
            let why =
                format!("webhook '{name}': nothing came back; `kickstand webhook` shows more");
            return Err(Failure::Failed(why));
        }
    };
    let said = test["said"].as_str().unwrap_or_default();
    if as_json {
        print(&format!("{test:#}\n"));
    } else if delivered {
        print(&format!("webhook '{name}' took the test: {said}\n"));
    } else {
        let why = format!("webhook '{name}' did not take the test: {said}");
        return Err(Failure::Failed(why));
    }
    Ok(ExitCode::from(u8::from(!delivered)))
}

fn all(paths: &Paths) -> Result<Vec<Value>, Failure> {
    let mut reply: Value = client::ask(paths, "webhooks", &json!({}))?;
    match reply["webhooks"].take() {
        Value::Array(webhooks) => Ok(webhooks),
        _ => Ok(Vec::new()),
    }
}

fn words(webhooks: &[Value]) -> String {
    if webhooks.is_empty() {
        return "No webhooks yet: add a `config webhook` section.\n".to_owned();
    }
    let head = [
        "WEBHOOK",
        "URL",
        "EVENTS",
        "DELIVERED",
        "FAILED",
        "DROPPED",
        "WAITING",
        "LAST",
    ];
    let rows: Vec<_> = webhooks.iter().map(row).collect();
    table(&head, &rows)
}

fn row(webhook: &Value) -> Vec<String> {
    let text = |name: &str| webhook[name].as_str().unwrap_or("-").to_owned();
    let events = webhook["events"].as_array().into_iter().flatten();
    let events: Vec<&str> = events.filter_map(Value::as_str).collect();
    let last = match webhook["last_ago"].as_u64() {
        Some(seconds) => format!("{} ({} ago)", text("last"), span(seconds)),
        None => text("last"),
    };
    let counts = ["delivered", "failed", "dropped", "waiting"];
    let mut row = vec![text("name"), text("url"), events.join(",")];
    row.extend(counts.map(|name| webhook[name].to_string()));
    row.push(last);
    row
}
