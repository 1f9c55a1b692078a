//! Prometheus text (exposition format 0.0.4) of the counts of a status.

use crate::core::replies::Counts;

/// The text. Every phase that a host can be in is there, so that a series does not vanish when it falls to zero.
pub fn prometheus(counts: &Counts, faults: usize, warnings: usize) -> String {
    let hosts = [
        ("armed", counts.armed),
        ("booting", counts.booting),
        ("disabled", counts.disabled),
        ("expired", counts.expired),
        ("failed", counts.failed),
        ("idle", counts.idle),
        ("installed", counts.installed),
        ("installing", counts.installing),
    ];
    let mut text = String::new();
    text.push_str("# HELP kickstand_hosts Hosts by phase.\n# TYPE kickstand_hosts gauge\n");
    for (phase, count) in hosts {
        text.push_str(&format!("kickstand_hosts{{phase=\"{phase}\"}} {count}\n"));
    }
    for (name, help, value) in [
        (
            "kickstand_unknown_machines",
            "Machines that asked and are no host.",
            counts.unknown,
        ),
        ("kickstand_faults", "Faults in the configuration.", faults),
        ("kickstand_warnings", "What else is wrong.", warnings),
    ] {
        text.push_str(&format!(
            "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n"
        ));
    }
    text
}
