//! Prometheus text (exposition format 0.0.4) of a status.

use std::collections::BTreeMap;

use crate::core::replies::StatusReply;

/// Every phase that a host can be in, so that a series does not vanish when it falls to zero.
const PHASES: [&str; 8] = [
    "idle",
    "armed",
    "booting",
    "installing",
    "installed",
    "failed",
    "expired",
    "disabled",
];

/// The text.
pub fn prometheus(status: &StatusReply) -> String {
    let mut hosts: BTreeMap<&str, usize> = PHASES.iter().map(|phase| (*phase, 0)).collect();
    for host in &status.hosts {
        *hosts.entry(host.phase.as_str()).or_default() += 1;
    }
    let mut text = String::new();
    text.push_str("# HELP kickstand_hosts Hosts by phase.\n# TYPE kickstand_hosts gauge\n");
    for (phase, count) in hosts {
        text.push_str(&format!("kickstand_hosts{{phase=\"{phase}\"}} {count}\n"));
    }
    for (name, help, value) in [
        (
            "kickstand_unknown_machines",
            "Machines that asked and are no host.",
            status.unknown.len(),
        ),
        (
            "kickstand_faults",
            "Faults in the configuration.",
            status.faults.len(),
        ),
        (
            "kickstand_warnings",
            "What else is wrong.",
            status.warnings.len(),
        ),
    ] {
        text.push_str(&format!(
            "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n"
        ));
    }
    text
}
