//! What is watched of one installation: the end of its log, how far that says it is, and the files that it fetched. In RAM,
//! bounded for each host; how many hosts there are at once is the engine's to bound.
//!
//! Not its job: who sent a line (`serve::watch`); what a line means (`installer_log`); per cent (`progress`).

use std::collections::VecDeque;

use super::installer_log::{Fact, Step, fact};
use super::progress::Run;
use super::syslog::Line;

/// Lines of the log that are kept: what a person reads to see why it failed.
const LINES: usize = 60;
/// Bytes of those lines: 300 hosts at once take 2.4 MB at most.
const BYTES: usize = 8 * 1024;
/// Lines that may come at once. Anaconda's storage step writes some 2000 in a second or two.
const BURST: u32 = 4000;
/// Lines that may come in a second for long: ten times as many as Anaconda writes while it installs packages.
const RATE: u32 = 200;
/// Files that are told one by one: kernel, initrd, second stage and what goes with them. What comes then are packages.
const TOLD_FILES: u32 = 8;

/// What is watched of one installation.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    lines: VecDeque<String>,
    bytes: usize,
    allowance: Allowance,
    /// Lines that came too fast since the last one that was taken.
    dropped: u64,
    /// The step that it is at, and the uptime in milliseconds at which that began.
    step: Option<(Step, u64)>,
    /// Uptime in milliseconds at which each step began.
    began: Vec<(Step, u64)>,
    packages: Packages,
    files: Files,
}

#[derive(Debug, Clone, Copy, Default)]
struct Packages {
    installed: u32,
    /// Of so many; 0 when that is not known.
    total: u32,
    /// Whether more may follow.
    open: bool,
    /// Whether the installer counts by itself.
    counted: bool,
}

/// Files that were fetched from the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Files {
    /// How many.
    pub count: u32,
    /// Bytes of them all.
    pub bytes: u64,
}

/// How many lines may come: a token bucket.
#[derive(Debug, Clone, Copy, Default)]
struct Allowance {
    /// Thousandths of a line that were used up.
    used: u64,
    /// Uptime in milliseconds at which that was reckoned.
    at: u64,
}

impl Allowance {
    fn take(&mut self, uptime: u64) -> bool {
        let back = uptime
            .saturating_sub(self.at)
            .saturating_mul(u64::from(RATE));
        self.at = uptime;
        self.used = self.used.saturating_sub(back);
        if self.used + 1000 > u64::from(BURST) * 1000 {
            return false;
        }
        self.used += 1000;
        true
    }
}

impl Watched {
    /// Whether one more line may come at this uptime (milliseconds). One that may not is counted.
    pub fn admits(&mut self, uptime: u64) -> bool {
        let admitted = self.allowance.take(uptime);
        if !admitted {
            self.dropped += 1;
        }
        admitted
    }

    /// Takes a line. When it begins a step, the sentence about it, for after "its installer …".
    ///
    /// `keeps`: whether its words are kept, and not only what it tells.
    pub fn take(&mut self, line: &Line, uptime: u64, keeps: bool) -> Option<String> {
        if keeps {
            self.say_dropped();
            self.keep(line.shown());
        }
        self.learn(fact(line)?, uptime)
    }

    fn say_dropped(&mut self) {
        if self.dropped > 0 {
            let dropped = std::mem::take(&mut self.dropped);
            self.keep(format!("({dropped} lines came too fast and were left out)"));
        }
    }

    fn keep(&mut self, line: String) {
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.lines.len() > LINES || self.bytes > BYTES {
            let Some(gone) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= gone.len();
        }
    }

    fn learn(&mut self, fact: Fact, uptime: u64) -> Option<String> {
        let packages = &mut self.packages;
        match fact {
            Fact::Begins(step) => return self.begin(step, uptime),
            Fact::Selected(total) => packages.total = total,
            Fact::More(more) => {
                packages.total = packages.total.saturating_add(more);
                packages.open = true;
            }
            Fact::Installed if packages.counted => {}
            Fact::Installed => packages.installed = packages.installed.saturating_add(1),
            Fact::Installing { done, total } => {
                (packages.installed, packages.total) = (done, total);
                packages.counted = true;
            }
        }
        // What installs a package without having said that it begins with them.
        match fact {
            Fact::Installed | Fact::Installing { .. } if !packages.open => {
                self.begin(Step::Packages, uptime)
            }
            _ => None,
        }
    }

    /// Steps go forward only: what comes again, or late, is no news.
    fn begin(&mut self, step: Step, uptime: u64) -> Option<String> {
        if self.step.is_some_and(|(now, _)| now >= step) {
            return None;
        }
        let before = self.step.replace((step, uptime));
        self.began.push((step, uptime));
        let installed = self.packages.installed;
        let counted = before.is_some_and(|(before, _)| before == Step::Packages) && installed > 0;
        let words = step.words();
        Some(if counted {
            format!("{words} (packages installed: {installed})")
        } else {
            words.to_owned()
        })
    }

    /// Uptime in milliseconds at which the last line came.
    pub fn last_line(&self) -> Option<u64> {
        (self.allowance.at > 0).then_some(self.allowance.at)
    }

    /// Whether any line was taken.
    pub fn has_lines(&self) -> bool {
        !self.lines.is_empty()
    }

    /// The end of the log as it is now.
    pub fn log(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(String::as_str).collect();
        lines.join("\n")
    }

    /// The end of the log, and nothing is left of it.
    pub fn take_log(&mut self) -> String {
        self.say_dropped();
        let log = self.log();
        self.lines.clear();
        self.bytes = 0;
        log
    }

    /// The claim: how long it takes counts from here. What the log told before stays.
    pub fn claimed(&mut self) {
        self.began.clear();
        self.packages = Packages::default();
    }

    /// What it is at, with its packages, in words; none when its log tells nothing.
    pub fn step_words(&self) -> Option<String> {
        let (step, _) = self.step?;
        let words = step.words();
        let Packages {
            installed, total, ..
        } = self.packages;
        Some(match (step, installed, total) {
            (Step::Packages, 1.., _) if installed <= total => {
                format!("{words}, {installed} of {total}")
            }
            (Step::Packages, 1.., _) => format!("{words}, {installed} so far"),
            _ => words.to_owned(),
        })
    }

    /// The step that it is at, and the seconds since that began.
    pub fn step(&self, uptime: u64) -> Option<(Step, u64)> {
        let (step, began) = self.step?;
        Some((step, uptime.saturating_sub(began) / 1000))
    }

    /// Packages that are installed, of all; none when all are not known.
    pub fn packages(&self) -> Option<(u32, u32)> {
        let packages = self.packages;
        let known = packages.total > 0 && !packages.open && packages.installed > 0;
        known.then(|| (packages.installed.min(packages.total), packages.total))
    }

    /// What there is to learn from it for later installations: it claimed and ended at these uptimes.
    pub fn run(&self, claimed: u64, ended: u64) -> Run {
        let seconds =
            |at: u64| u32::try_from(at.saturating_sub(claimed) / 1000).unwrap_or(u32::MAX);
        Run {
            seconds: seconds(ended),
            steps: self
                .began
                .iter()
                .map(|(step, began)| (*step, seconds(*began)))
                .collect(),
        }
    }

    /// Counts a file that was fetched. Whether it is told by itself; else the sum of all stands for it.
    pub fn fetched(&mut self, bytes: u64) -> Result<(), Files> {
        self.files.count = self.files.count.saturating_add(1);
        self.files.bytes = self.files.bytes.saturating_add(bytes);
        if self.files.count > TOLD_FILES {
            return Err(self.files);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::syslog;

    /// Sends a log, one line a second; the steps that are told.
    fn send(watched: &mut Watched, log: &str) -> Vec<String> {
        let lines = log.lines().enumerate();
        let told = lines.filter_map(|(second, text)| {
            let line = syslog::read(format!("<13>{text}").as_bytes())?;
            watched.take(&line, second as u64 * 1000, true)
        });
        told.collect()
    }

    #[test]
    fn steps_are_told_once_and_go_forward() {
        let mut watched = Watched::default();
        let told = send(
            &mut watched,
            "anaconda: Queue started: Early storage configuration (4/20)\n\
             anaconda: 2 packages selected totalling 1 MiB\n\
             anaconda: Installed: a-1-1.x86_64 1 2\n\
             anaconda: Installed: b-1-1.x86_64 1 2\n\
             anaconda: Queue started: Early storage configuration (4/20)\n\
             anaconda: Queue started: Bootloader installation (8/20)",
        );
        let due = [
            "sets up the disk",
            "installs packages",
            "installs the boot loader (packages installed: 2)",
        ];
        assert_eq!(told, due);
        assert_eq!(watched.step(9000), Some((Step::Loader, 4)));
        let run = watched.run(0, 30_999);
        let steps = [(Step::Storage, 0), (Step::Packages, 2), (Step::Loader, 5)];
        assert_eq!((run.seconds, run.steps.as_slice()), (30, steps.as_slice()));
    }

    #[test]
    fn packages_are_counted_against_what_was_selected() {
        let mut watched = Watched::default();
        send(
            &mut watched,
            "x: 3 packages selected totalling 1 MiB\nx: Installed: a-1-1.x86_64 1 2",
        );
        assert_eq!(watched.packages(), Some((1, 3)));
        let words = watched.step_words();
        assert_eq!(words.as_deref(), Some("installs packages, 1 of 3"));
        send(
            &mut watched,
            "x: Installing b (3/7)\nx: Installed: b-1-1.x86_64 1 2",
        );
        assert_eq!(watched.packages(), Some((3, 7)));
    }

    #[test]
    fn what_apt_installs_is_not_all_that_will_be() {
        let mut watched = Watched::default();
        send(
            &mut watched,
            "main-menu[1]: INFO: Menu item 'pkgsel' selected\n\
             in-target: 0 upgraded, 5 newly installed, 0 to remove and 0 not upgraded.\n\
             in-target: Setting up ssh (1:9) ...",
        );
        assert_eq!(watched.packages(), None);
        let words = watched.step_words();
        assert_eq!(words.as_deref(), Some("installs packages, 1 of 5"));
    }

    #[test]
    fn the_end_of_the_log_is_kept() {
        let mut watched = Watched::default();
        let log: String = (0..500).map(|line| format!("t: line {line}\n")).collect();
        send(&mut watched, &log);
        let kept = watched.take_log();
        assert_eq!(kept.lines().count(), LINES);
        assert!(kept.ends_with("t: line 499"), "{kept}");
        assert!(!watched.has_lines());
        let long = format!("t: {}\n", "x".repeat(230)).repeat(100);
        send(&mut watched, &long);
        let kept = watched.take_log();
        assert!(
            kept.len() <= BYTES && kept.len() > BYTES - 300,
            "{}",
            kept.len()
        );
    }

    #[test]
    fn a_flood_is_cut_and_said() {
        let mut watched = Watched::default();
        let admitted = (0..10_000).filter(|_| watched.admits(5000)).count();
        assert_eq!(admitted, BURST as usize);
        assert!(!watched.admits(5004) && watched.admits(5010));
        send(&mut watched, "t: after");
        let log = watched.take_log();
        assert_eq!(
            log,
            "(6001 lines came too fast and were left out)\nt: after"
        );
    }

    #[test]
    fn many_files_are_one_sum() {
        let mut watched = Watched::default();
        let told = (0..TOLD_FILES).filter(|_| watched.fetched(10).is_ok());
        assert_eq!(told.count(), TOLD_FILES as usize);
        let sum = Files {
            count: 9,
            bytes: 85,
        };
        assert_eq!(watched.fetched(5), Err(sum));
    }
}
