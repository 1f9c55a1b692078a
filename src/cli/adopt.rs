//! `kickstand adopt` and `kickstand forget`: what becomes of unknown machines.
//!
//! The service says what to commit; this command, which runs as root, commits it.

use std::process::ExitCode;

use serde_json::json;

use super::commit::commit;
use super::output::print;
use super::{Failure, Invocation, arm, client};
use crate::core::replies::AdoptReply;

/// Makes an unknown machine a host.
pub fn adopt(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let paths = invocation.paths.clone();
    let as_json = invocation.json;
    let (mac, name) = (
        invocation.word("the MAC")?,
        invocation.word("the new host's name")?,
    );
    let profile = invocation.word("the profile's name")?;
    invocation.end()?;
    let reply: AdoptReply = client::ask(
        &paths,
        "adopt",
        &json!({ "mac": mac, "name": name, "profile": profile }),
    )?;
    commit(&paths, &(reply.uci.join("\n") + "\n"))?;
    if as_json {
        print(&format!("{}\n", json!(reply)));
    } else {
        print(&format!(
            "{mac} is host '{}' now. Install it with `kickstand arm {}`; if it waits, it goes on by itself.\n",
            reply.host, reply.host
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Drops an unknown machine from the list.
pub fn forget(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let mac = invocation.word("the MAC")?;
    let (paths, as_json) = (invocation.paths.clone(), invocation.json);
    invocation.end()?;
    arm::done(&paths, as_json, "forget", &json!({ "mac": mac }))?;
    Ok(ExitCode::SUCCESS)
}
