//! `kickstand render`: what a host would get, before it asks.

use std::process::ExitCode;

use serde_json::json;

use super::output::print;
use super::{Failure, Invocation, client};
use crate::core::replies::RenderReply;

pub fn run(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let paths = invocation.paths.clone();
    let as_json = invocation.json;
    let diff = invocation.arguments.contains("--diff");
    let host = invocation.word("the host's name")?;
    let what = invocation
        .optional_word()?
        .unwrap_or_else(|| "answer".to_owned());
    invocation.end()?;
    if diff && what != "answer" {
        let why = "--diff compares answer files only";
        return Err(Failure::Usage(why.to_owned()));
    }
    let reply: RenderReply = client::ask(
        &paths,
        "render",
        &json!({ "host": host, "what": what, "diff": diff }),
    )?;
    if as_json {
        print(&format!("{:#}\n", json!(reply)));
    } else {
        print(&reply.text);
    }
    // As diff(1) does.
    Ok(ExitCode::from(u8::from(diff && !reply.text.is_empty())))
}
