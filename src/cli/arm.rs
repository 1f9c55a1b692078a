//! `kickstand arm`, `kickstand disarm` and `kickstand wake`.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::output::{print, span};
use super::{Failure, Invocation, client};
use crate::core::replies::{ArmReply, DoneReply};
use crate::host::paths::Paths;

pub fn arm(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let window = invocation
        .arguments
        .opt_value_from_str::<_, String>("--window")?;
    let window = window.map(|text| seconds(&text)).transpose()?;
    let force = invocation.arguments.contains("--force");
    let discover = invocation.arguments.contains("--discover");
    let paths = invocation.paths.clone();
    let as_json = invocation.json;
    for_each(invocation, |host| {
        let arguments =
            json!({ "host": host, "window": window, "force": force, "discover": discover });
        let reply: ArmReply = client::ask(&paths, "arm", &arguments)?;
        if as_json {
            print(&format!("{}\n", json!(reply)));
            return Ok(());
        }
        let left = span(reply.seconds_left);
        if discover {
            print(&format!(
                "{} is to be discovered within {left}: its next network boot reports its hardware and powers it off. No disk is written.\n  Power it on now; `kickstand hardware {}` shows what it has.\n",
                reply.host, reply.host
            ));
            return Ok(());
        }
        print(&format!(
            "{} is armed for {left}: its next network boot WIPES {} and installs {}.\n",
            reply.host, reply.disk, reply.title
        ));
        reply
            .warnings
            .iter()
            .for_each(|warning| print(&format!("  note: {warning}\n")));
        print(&format!(
            "  Power it on now; follow it with `kickstand watch {}`.\n",
            reply.host
        ));
        Ok(())
    })
}

/// Only the service knows which of them are allowed.
fn seconds(text: &str) -> Result<u32, Failure> {
    text.parse().map_err(|_| {
        Failure::Usage(format!(
            "--window must be a number of seconds, such as 7200, not '{text}'"
        ))
    })
}

pub fn disarm(invocation: Invocation) -> Result<ExitCode, Failure> {
    done_to_each(invocation, "disarm")
}

pub fn wake(invocation: Invocation) -> Result<ExitCode, Failure> {
    done_to_each(invocation, "wake")
}

fn done_to_each(invocation: Invocation, method: &str) -> Result<ExitCode, Failure> {
    let paths = invocation.paths.clone();
    let as_json = invocation.json;
    for_each(invocation, |host| {
        done(&paths, as_json, method, &json!({ "host": host }))
    })
}

/// Calls a method that answers with one sentence, and prints it.
pub fn done(paths: &Paths, as_json: bool, method: &str, arguments: &Value) -> Result<(), Failure> {
    let reply: DoneReply = client::ask(paths, method, arguments)?;
    print(&if as_json {
        format!("{}\n", json!(reply))
    } else {
        format!("{}\n", reply.done)
    });
    Ok(())
}

/// Does it for each host that was named. One that fails does not keep the others from being done; the code says so.
fn for_each(
    mut invocation: Invocation,
    mut act: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<ExitCode, Failure> {
    let hosts = invocation.words()?;
    if hosts.is_empty() {
        return Err(Failure::Usage("the host's name is missing".to_owned()));
    }
    let mut code = ExitCode::SUCCESS;
    for host in hosts {
        match act(&host) {
            Ok(()) => {}
            Err(Failure::Failed(why)) => code = super::complain(1, &why),
            Err(other) => return Err(other),
        }
    }
    Ok(code)
}
