//! `kickstand import` and `kickstand export`: hosts from and to a table, CSV or JSON.
//!
//! Not its job: what is wrong with a table, what it changes (`core::import`).

use std::fs;
use std::io::{self, Read};
use std::process::ExitCode;

use serde_json::json;

use super::commit::{PACKAGE, commit};
use super::output::print;
use super::{Failure, Invocation};
use crate::core::import::{self, Plan};
use crate::core::uci::wording;
use crate::host::uci_command::UciCommand;

/// Largest table, in bytes: ten thousand hosts with 400 bytes each.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Makes hosts of a table, or changes them.
pub fn import(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let update = invocation.arguments.contains("--update");
    let only_look = invocation.arguments.contains("--dry-run");
    let paths = invocation.paths.clone();
    let as_json = invocation.json;
    let file = match invocation.arguments.contains("-") {
        true => "-".to_owned(),
        false => invocation.word("the file (.csv or .json, or - for the input)")?,
    };
    invocation.end()?;
    let text = read(&file).map_err(Failure::Failed)?;
    let uci = UciCommand::new(&paths, PACKAGE);
    let (_, document) = uci.read().map_err(Failure::Failed)?;
    let planned = import::read(&text).and_then(|rows| import::plan(&document, &rows, update));
    let plan = planned.map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(|fault| format!("  {fault}")).collect();
        Failure::Failed(format!(
            "{file} cannot be imported, and nothing was written:\n{}",
            lines.join("\n")
        ))
    })?;
    if !only_look && !plan.changes.is_empty() {
        commit(&paths, &wording::batch(PACKAGE, &plan.changes))?;
    }
    if as_json {
        let counts = json!({
            "new": plan.new, "changed": plan.changed, "same": plan.same, "written": !only_look,
        });
        print(&format!("{counts:#}\n"));
    } else {
        print(&told(&plan, only_look));
    }
    Ok(ExitCode::SUCCESS)
}

fn told(plan: &Plan, only_look: bool) -> String {
    let mut lines = wording::difference(PACKAGE, &plan.changes);
    let are = if only_look { "would be" } else { "are" };
    lines.push(format!(
        "{} hosts {are} new, {} {are} changed, {} are as the table says.",
        plan.new.len(),
        plan.changed.len(),
        plan.same
    ));
    if only_look {
        lines.push("Nothing was written: leave --dry-run out to write it.".to_owned());
    } else if let Some(first) = plan.new.first() {
        lines.push(format!(
            "Look at what they would get with `kickstand check`, and install one with `kickstand arm {first}`."
        ));
    }
    lines.join("\n") + "\n"
}

fn read(file: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let taken = match file {
        "-" => io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes),
        path => {
            fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        }
    };
    taken.map_err(|error| format!("{file} cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!(
            "{file} is larger than {} MiB: divide it",
            LARGEST >> 20
        ));
    }
    String::from_utf8(bytes)
        .map_err(|_| format!("{file} is not UTF-8 text: export it as \"CSV UTF-8\""))
}

/// Prints all hosts as a table.
pub fn export(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    // CSV is what comes without either.
    let _ = invocation.arguments.contains("--csv");
    let paths = invocation.paths.clone();
    let as_json = invocation.json;
    invocation.end()?;
    let (_, document) = UciCommand::new(&paths, PACKAGE)
        .read()
        .map_err(Failure::Failed)?;
    let hosts: Vec<_> = document.of_kind("host").collect();
    print(&match as_json {
        true => format!("{:#}\n", import::to_json(&hosts)),
        false => import::to_csv(&hosts),
    });
    Ok(ExitCode::SUCCESS)
}
