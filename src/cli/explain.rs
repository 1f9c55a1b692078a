//! `kickstand explain`: what a machine would be told, and why.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::output::print;
use super::{Failure, Invocation, client};
use crate::core::replies::ExplainReply;

pub fn run(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let paths = invocation.paths.clone();
    let as_json = invocation.json;
    let mac = invocation.word("the MAC or the host's name")?;
    invocation.end()?;
    let arguments = json!({ "mac": mac });
    if as_json {
        let reply: Value = client::ask(&paths, "explain", &arguments)?;
        print(&format!("{reply:#}\n"));
    } else {
        print(&words(&client::ask(&paths, "explain", &arguments)?));
    }
    Ok(ExitCode::SUCCESS)
}

fn words(reply: &ExplainReply) -> String {
    let who = if reply.host.is_empty() {
        reply.mac.clone()
    } else {
        format!("{} ({})", reply.host, reply.mac)
    };
    let told = match reply.decision.as_str() {
        "install" => "would be told to install",
        "local" => "would be told to boot from its disk",
        "wait" => "would be told to wait",
        _ => "would not be told to install",
    };
    let mut text = format!("{who} {told}: {}\n", reply.why);
    for check in &reply.checks {
        text.push_str(&format!(
            "  {} {}\n",
            if check.ok { "yes" } else { "no " },
            check.text
        ));
    }
    text
}
