//! What an installer's log says about how far it is: lines → facts, by tables that name their sources.
//!
//! A log comes over UDP or TCP from an address, without a token: what it says is shown, and decides nothing.
//! Not its job: reading syslog (`syslog`), remembering (`watched`), per cent (`progress`).

mod anaconda;
mod debian;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::syslog::Line;

/// What an installer is at, in the order in which it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// It started: network, answer file, `%pre`.
    Prepare,
    /// It makes partitions and file systems.
    Storage,
    /// It installs what everything else needs (Debian's base system).
    Base,
    /// It downloads packages.
    Download,
    /// It installs packages.
    Packages,
    /// It installs the boot loader.
    Loader,
    /// It sets up what it installed: users, services, initramfs.
    Configure,
    /// It runs `%post`, or the late command.
    Scripts,
    /// It says that it is done.
    Done,
}

impl Step {
    /// What the installer does then, after "its installer …".
    pub fn words(self) -> &'static str {
        match self {
            Step::Prepare => "prepares the installation",
            Step::Storage => "sets up the disk",
            Step::Base => "installs the base system",
            Step::Download => "downloads packages",
            Step::Packages => "installs packages",
            Step::Loader => "installs the boot loader",
            Step::Configure => "configures the system",
            Step::Scripts => "runs the scripts after the installation",
            Step::Done => "says that all its tasks are done",
        }
    }
}

/// What one line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// A step begins.
    Begins(Step),
    /// So many packages are to be installed in all.
    Selected(u32),
    /// So many more are to be installed; others may follow.
    More(u32),
    /// One more package is installed.
    Installed,
    /// It is at this package of so many.
    Installing {
        /// Packages begun.
        done: u32,
        /// Of so many.
        total: u32,
    },
}

/// What a line tells, if anything.
pub fn fact(line: &Line) -> Option<Fact> {
    debian::fact(line).or_else(|| anaconda::fact(line))
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u32> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}
