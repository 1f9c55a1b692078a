//! What a process costs, as proc(5) has it, and which core it runs on.
//!
//! Not its job: starting it.

use std::fs;

use rustix::param::clock_ticks_per_second;
use rustix::thread::{CpuSet, sched_setaffinity};

/// The core of whatever serves.
pub const SERVER_CORE: usize = 0;
/// The core of whatever asks.
pub const CLIENT_CORE: usize = 1;

/// Memory of a process and its children, in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// In RAM now (`VmRSS`).
    pub now: u64,
    /// The most since [`forget_peak`] (`VmHWM`).
    pub peak: u64,
}

/// A process and its children.
pub fn family(id: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
    let children = children.unwrap_or_default();
    let mut family = vec![id];
    for child in children.split_whitespace().filter_map(|id| id.parse().ok()) {
        family.extend(self::family(child));
    }
    family
}

/// What a process and its children have in RAM.
pub fn memory(id: u32) -> Memory {
    let mut memory = Memory::default();
    for id in family(id) {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            number.unwrap_or(0)
        };
        memory.now += line("VmRSS:");
        memory.peak += line("VmHWM:");
    }
    memory
}

/// The peak counts from now on.
pub fn forget_peak(id: u32) {
    for id in family(id) {
        // "5" starts the peak anew.
        let _ = fs::write(format!("/proc/{id}/clear_refs"), "5");
    }
}

/// Seconds of processor time that a process and its children have used.
pub fn processor_time(id: u32) -> f64 {
    let ticks: u64 = family(id).into_iter().map(|id| ticks(id, &[13, 14])).sum();
    seconds(ticks)
}

/// Seconds of user time that the ended children of this process have used.
pub fn user_time_of_children() -> f64 {
    seconds(ticks(std::process::id(), &[15]))
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / clock_ticks_per_second() as f64
}

/// The sum of fields of `/proc/PID/stat`, counted from 0; 13 and 14 are user and system time, 15 user time of children.
fn ticks(id: u32, fields: &[usize]) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The second field, a name in brackets, may have spaces.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let words: Vec<&str> = rest.split_whitespace().collect();
    let field = |field: &usize| words.get(field - 2)?.parse::<u64>().ok();
    fields.iter().filter_map(field).sum()
}

/// What starts a program on a core, where there are enough.
pub fn pinned_words(core: usize) -> Vec<String> {
    if !enough_cores() {
        return Vec::new();
    }
    ["taskset", "-c", &core.to_string()]
        .map(str::to_owned)
        .to_vec()
}

/// The calling thread asks from its own core from now on; threads that it starts, too.
pub fn pin_client() {
    if enough_cores() {
        let mut cores = CpuSet::new();
        cores.set(CLIENT_CORE);
        let _ = sched_setaffinity(None, &cores);
    }
}

/// Whether server and client can have a core each.
pub fn enough_cores() -> bool {
    std::thread::available_parallelism().is_ok_and(|count| count.get() > CLIENT_CORE)
        || fs::metadata(format!("/sys/devices/system/cpu/cpu{CLIENT_CORE}")).is_ok()
}
