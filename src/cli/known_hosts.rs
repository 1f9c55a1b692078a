//! `kickstand known-hosts`: SSH host keys of installed hosts, in the form of sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT".
//!
//! Not its job: making keys (`core::host_key`).

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::json;

use super::output::print;
use super::status::every_page;
use super::{Failure, Invocation};
use crate::core::replies::HostStatus;

pub fn run(invocation: Invocation) -> Result<ExitCode, Failure> {
    let (paths, as_json) = (invocation.paths.clone(), invocation.json);
    invocation.end()?;
    let hosts = every_page(&paths)?.hosts;
    let known = hosts.iter().filter_map(|host| {
        let key = host.ssh_host_key.as_deref()?;
        Some((names(host), key))
    });
    if as_json {
        let known: BTreeMap<String, &str> = known.collect();
        print(&format!("{:#}\n", json!(known)));
    } else {
        known.for_each(|(names, key)| print(&format!("{names} {key}\n")));
    }
    Ok(ExitCode::SUCCESS)
}

/// Every name under which somebody may reach it: hostname, its first label, its address.
fn names(host: &HostStatus) -> String {
    let mut names = vec![host.hostname.as_str()];
    names.extend(host.hostname.split_once('.').map(|(first, _)| first));
    let address = host.address.as_deref().unwrap_or_default();
    names.extend(
        address
            .split('/')
            .next()
            .filter(|address| !address.is_empty()),
    );
    names.join(",")
}
