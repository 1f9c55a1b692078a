//! Time, as the kernel tells it in proc(5).
//!
//! `SystemTime::now` is not used anywhere: on 32-bit MIPS and ARM it panics after January 2038, and routers have wrong
//! clocks. `/proc` is text, wide enough for any year.

use std::cell::Cell;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::rc::Rc;

use super::paths::Paths;
use crate::core::lifecycle::Now;

/// 2024-01-01 in seconds since 1970: a clock that is before it was never set.
const CLOCK_WAS_SET: u64 = 1_704_067_200;

/// Reads the time.
#[derive(Debug, Clone)]
pub struct Clock {
    paths: Paths,
    /// `/proc/uptime`, for when there is no file descriptor left to open it with.
    spare: Option<Rc<File>>,
    router_start: String,
    /// Second of the uptime in which the start of the kernel was last read, and that start. `/proc/stat` counts every
    /// interrupt before it tells it, and every answer wants the time several times.
    started: Cell<Option<(u64, Option<u64>)>>,
    /// The uptime, while it is held.
    held: Cell<Option<u64>>,
}

/// Longest `/proc/uptime`, in bytes: two numbers of 64 bits.
const UPTIME_LENGTH: usize = 64;

impl Clock {
    /// A clock of this start of the router. Without its id, arms could outlive a restart: that is an error.
    pub fn new(paths: &Paths) -> Result<Self, String> {
        let file = paths.proc("sys/kernel/random/boot_id");
        let id = fs::read_to_string(&file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        Ok(Clock {
            paths: paths.clone(),
            spare: File::open(paths.proc("uptime")).ok().map(Rc::new),
            router_start: id.trim().to_owned(),
            started: Cell::new(None),
            held: Cell::new(None),
        })
    }

    /// Holds the time until [`Clock::release`]: one answer is one moment, and looks at the clock five times.
    pub fn hold(&self) {
        self.held.set(Some(self.uptime()));
    }

    /// Lets the time go on.
    pub fn release(&self) {
        self.held.set(None);
    }

    /// Milliseconds since the router started. When `/proc/uptime` cannot be read, it is [`u64::MAX`]: no window is open then.
    pub fn uptime(&self) -> u64 {
        self.held.get().unwrap_or_else(|| self.read_uptime())
    }

    fn read_uptime(&self) -> u64 {
        let mut text = [0; UPTIME_LENGTH];
        let opened = File::open(self.paths.proc("uptime")).ok();
        let file = opened.as_ref().or(self.spare.as_deref());
        let read = file.and_then(|file| file.read_at(&mut text, 0).ok());
        read.and_then(|length| std::str::from_utf8(text.get(..length)?).ok())
            .and_then(milliseconds)
            .unwrap_or(u64::MAX)
    }

    /// The time now. The clock on the wall may be late by a second when it was just set.
    pub fn now(&self) -> Now {
        let uptime = self.uptime();
        let wall = self
            .start_of_kernel(uptime / 1000)
            .and_then(|start| start.checked_add(uptime / 1000));
        Now {
            router_start: self.router_start.clone(),
            uptime,
            wall: wall.filter(|wall| *wall >= CLOCK_WAS_SET),
        }
    }

    fn start_of_kernel(&self, second: u64) -> Option<u64> {
        match self.started.get() {
            Some((read, start)) if read == second => start,
            _ => {
                let text = fs::read_to_string(self.paths.proc("stat")).ok();
                let start = text.and_then(|text| start_of_kernel(&text));
                self.started.set(Some((second, start)));
                start
            }
        }
    }
}

/// `12345.67 …` in milliseconds.
fn milliseconds(uptime: &str) -> Option<u64> {
    let (seconds, hundredths) = uptime.split_whitespace().next()?.split_once('.')?;
    seconds
        .parse::<u64>()
        .ok()?
        .checked_mul(1000)?
        .checked_add(hundredths.parse::<u64>().ok()?.checked_mul(10)?)
}

/// `btime 1700000000`: when the kernel started, by the clock on the wall as it is set now.
fn start_of_kernel(stat: &str) -> Option<u64> {
    stat.lines()
        .find_map(|line| line.strip_prefix("btime "))?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_read_as_proc_5_has_them() {
        assert_eq!(milliseconds("350735.47 234388.90\n"), Some(350_735_470));
        assert_eq!(milliseconds("garbage"), None);
        assert_eq!(
            start_of_kernel("cpu 1 2\nbtime 4102444800\nprocesses 3\n"),
            Some(4_102_444_800)
        );
    }
}
