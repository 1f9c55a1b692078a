//! The service's own process, as the kernel sees it in proc(5).

use std::fs;

use super::paths::Paths;

/// Bytes of it that are in RAM. Where proc(5) does not tell, none.
pub fn resident_bytes(paths: &Paths) -> Option<u64> {
    of_status(&fs::read_to_string(paths.proc("self/status")).ok()?)
}

/// `VmRSS:     4096 kB`
fn of_status(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_counts_in_kilobytes() {
        let status = "Name:\tkickstand\nVmHWM:\t    5000 kB\nVmRSS:\t    1620 kB\nThreads:\t1\n";
        assert_eq!(of_status(status), Some(1_658_880));
        assert_eq!(of_status("Name:\tkickstand\n"), None);
    }
}
