//! Anaconda's log, of RHEL 8, 9 and 10 and what is built from them.
//!
//! Sources: branches rhel-8, rhel-9 and rhel-10 of rhinstaller/anaconda. The queues: pyanaconda/installation.py, whose
//! `run_installation` logs `Queue started: NAME (N/M)`; scripts: pyanaconda/kickstart.py; packages:
//! payload/dnf/{payload,transaction_progress}.py, in rhel-10 modules/payloads/payload/dnf/.
//! Each part of Anaconda puts its own prefix before a message (`anaconda: installation:`, `packaging:`,
//! `INFO:anaconda.modules.…:`), which differ by release: so messages are looked for inside a text.

use super::{Fact, Step, number};
use crate::core::syslog::Line;

/// Messages that begin a step.
const STEPS: [(&str, Step); 14] = [
    ("Running kickstart %pre script(s)", Step::Prepare),
    (
        "Queue started: Installation environment setup",
        Step::Prepare,
    ),
    ("Queue started: Early storage configuration", Step::Storage),
    ("Queue started: Payload installation", Step::Download),
    ("Downloading packages to ", Step::Download),
    // Not in the log of rhel-10, where the first package tells it.
    (
        "Preparing transaction from installation source",
        Step::Packages,
    ),
    ("Running the transaction...", Step::Packages),
    ("Queue started: Bootloader installation", Step::Loader),
    (
        "Queue started: Post-installation setup tasks",
        Step::Configure,
    ),
    (
        "Queue started: Installed system configuration",
        Step::Configure,
    ),
    ("Queue started: Initramfs generation", Step::Configure),
    ("Queue started: Post installation scripts", Step::Scripts),
    ("Running kickstart %post script(s)", Step::Scripts),
    // "This message is automatically detected by QE tools, do not change it lightly."
    ("All tasks in the installation queue are done.", Step::Done),
];

pub fn fact(line: &Line) -> Option<Fact> {
    let text = line.text.as_str();
    let step = STEPS.iter().find(|(message, _)| text.contains(message));
    if let Some((_, step)) = step {
        return Some(Fact::Begins(*step));
    }
    if let Some(package) = after(text, "Installed: ") {
        // NEVRA, build time, checksum. The word alone is what dnf prints for people.
        let is_package = package.split(' ').next().is_some_and(is_nevra);
        return is_package.then_some(Fact::Installed);
    }
    if let Some(package) = after(text, "Installing ") {
        return counted(package);
    }
    selected(text).map(Fact::Selected)
}

fn after<'a>(text: &'a str, message: &str) -> Option<&'a str> {
    text.split_once(message).map(|(_, rest)| rest)
}

/// `bash-5.1.8-9.el9.x86_64`
fn is_nevra(word: &str) -> bool {
    word.matches('-').count() >= 2 && word.contains('.')
}

/// `xfsprogs.x86_64 (123/345)`: to the screen in RHEL 8 to 10, to the log in RHEL 7.
fn counted(package: &str) -> Option<Fact> {
    let (_, counts) = package.split_once(" (")?;
    let (done, total) = counts.strip_suffix(')')?.split_once('/')?;
    let (done, total) = (done.parse().ok()?, total.parse().ok()?);
    (done <= total).then_some(Fact::Installing { done, total })
}

/// `345 packages selected totalling 1.2 GiB` (rhel-8, rhel-9), `… has been resolved (345 packages selected).` (rhel-10)
fn selected(text: &str) -> Option<u32> {
    let (before, _) = text.split_once(" packages selected")?;
    let digits = before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    number(before.get(digits..)?).filter(|count| *count > 0)
}
