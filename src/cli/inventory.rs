//! `kickstand inventory`: the hosts as Ansible's dynamic inventory.
//!
//! Not its job: what is in it (`core::inventory`).

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::output::print;
use super::status::every_page;
use super::{Failure, Invocation};
use crate::core::inventory::{self, Seen};
use crate::core::settings;
use crate::host::leases;
use crate::host::uci_command::UciCommand;

/// Prints the inventory, or with `--host NAME` one host's variables.
pub fn run(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    // Ansible calls with either; the list is what people want to see.
    let _ = invocation.arguments.contains("--list");
    let host: Option<String> = invocation.arguments.opt_value_from_str("--host")?;
    let paths = invocation.paths.clone();
    invocation.end()?;
    let (_, document) = UciCommand::new(&paths, super::commit::PACKAGE)
        .read()
        .map_err(Failure::Failed)?;
    let settings = settings::read(&document);
    if let Some(word) = &host {
        settings.find_host(word).map_err(Failure::Failed)?;
    }
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    match every_page(&paths) {
        Ok(status) => {
            for host in status.hosts {
                let name = host.name.clone();
                seen.entry(name).or_default().status = Some(host);
            }
        }
        // Settings alone make an inventory; without the service nobody knows who is installed.
        Err(Failure::Unreachable(why)) => eprintln!("kickstand: no phases: {why}"),
        Err(failure) => return Err(failure),
    }
    let leases = leases::all(&paths);
    for (name, host) in &settings.hosts {
        let lease = host.macs.iter().find_map(|mac| leases.get(mac));
        seen.entry(name.clone()).or_default().lease = lease.copied();
    }
    let text = match host {
        None => inventory::list(&settings, &seen),
        Some(word) => {
            let host = settings.find_host(&word).map_err(Failure::Failed)?;
            let seen = seen.remove(&host.name).unwrap_or_default();
            inventory::of_host(&settings, host, &seen)
        }
    };
    print(&format!("{text:#}\n"));
    Ok(ExitCode::SUCCESS)
}
