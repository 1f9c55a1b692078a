//! Logs as installers write them: the facts in them.

use super::*;
use crate::core::syslog;

/// The facts of a log, each with its line.
fn facts(log: &str) -> Vec<Fact> {
    let lines = log.lines().filter_map(|line| syslog::read(line.as_bytes()));
    lines.filter_map(|line| fact(&line)).collect()
}

/// The order and the wording are those of rhel-9's installation.py and payload.py, the prefixes those of its anaconda_logging.py, in
/// rsyslog's forwarding format. Not recorded: no such installation could be run.
const RHEL_9: &str = "\
<142>Nov 23 03:40:01 r220a anaconda[1775]: anaconda: kickstart.script: Running kickstart %pre script(s)
<142>Nov 23 03:40:02 r220a anaconda[1775]: anaconda: kickstart.script: All kickstart %pre script(s) have been run
<142>Nov 23 03:40:09 r220a anaconda[1775]: packaging: checking dependencies: success
<142>Nov 23 03:40:09 r220a anaconda[1775]: packaging: 386 packages selected totalling 1.32 GiB
<142>Nov 23 03:40:10 r220a anaconda[1775]: anaconda: installation: Top-level task queue: Complete installation queue
Number of task queues: 15
Number of tasks: 39
Task & task group listing:
 Task queue: Installation queue
  Task queue: Installation environment setup
  Task queue: Payload installation
   Task: Install the payload
  Task queue: Bootloader installation
<142>Nov 23 03:40:10 r220a anaconda[1775]: anaconda: installation: Queue started: Complete installation queue (1/20)
<142>Nov 23 03:40:10 r220a anaconda[1775]: anaconda: installation: Queue started: Installation queue (2/20)
<142>Nov 23 03:40:10 r220a anaconda[1775]: anaconda: installation: Queue started: Installation environment setup (3/20)
<142>Nov 23 03:40:10 r220a anaconda[1775]: anaconda: installation: Queue started: Early storage configuration (4/20)
<143>Nov 23 03:40:31 r220a anaconda[1775]: anaconda: installation: Task completed: Create storage layout (5/41) (20.2 s)
<142>Nov 23 03:40:31 r220a anaconda[1775]: anaconda: installation: Queue started: Payload installation (7/20)
<142>Nov 23 03:40:32 r220a anaconda[1775]: packaging: Downloading packages to /mnt/sysroot/var/tmp/dnf.package.cache.
<142>Nov 23 03:41:40 r220a anaconda[1775]: packaging: Downloading packages finished.
<142>Nov 23 03:41:40 r220a anaconda[1775]: anaconda: progress: Preparing transaction from installation source
<142>Nov 23 03:41:42 r220a anaconda[1775]: packaging: Installed: libgcc-11.4.1-3.el9.x86_64 1710000000 0a1b2c
<142>Nov 23 03:41:42 r220a anaconda[1775]: packaging: Configuring (running scriptlet for): libgcc-11.4.1-3.el9.x86_64 1710000000 0a1b2c
<142>Nov 23 03:43:30 r220a anaconda[1775]: packaging: Post installation setup phase started.
<142>Nov 23 03:44:10 r220a anaconda[1775]: anaconda: installation: Queue started: Bootloader installation (8/20)
<142>Nov 23 03:44:20 r220a anaconda[1775]: anaconda: installation: Queue started: Post-installation setup tasks (9/20)
<142>Nov 23 03:44:21 r220a anaconda[1775]: anaconda: installation: Queue started: Installed system configuration (11/20)
<142>Nov 23 03:44:40 r220a anaconda[1775]: anaconda: installation: Queue started: Post installation scripts (18/20)
<142>Nov 23 03:44:40 r220a anaconda[1775]: anaconda: kickstart.script: Running kickstart %post script(s)
<142>Nov 23 03:44:50 r220a anaconda[1775]: anaconda: installation: All tasks in the installation queue are done. Installation successfully finished.
";

#[test]
fn anacondas_steps_and_packages_are_found() {
    use Fact::{Begins, Installed, Selected};
    assert_eq!(
        facts(RHEL_9),
        [
            Begins(Step::Prepare),
            Selected(386),
            Begins(Step::Prepare),
            Begins(Step::Storage),
            Begins(Step::Download),
            Begins(Step::Download),
            Begins(Step::Packages),
            Installed,
            Begins(Step::Loader),
            Begins(Step::Configure),
            Begins(Step::Configure),
            Begins(Step::Scripts),
            Begins(Step::Scripts),
            Begins(Step::Done),
        ]
    );
}

/// The form is that of logs which kickstart-tests recorded of CentOS 10, as the first line, with the tag as rsyslog cuts it; the other
/// messages are those of rhel-10's dnf_manager.py and transaction_progress.py.
#[test]
fn rhel_10_says_it_from_its_modules() {
    let log = "\
<28>Nov 23 03:40:08 r220a org.fedoraproject.Anaconda.Modul DEBUG:anaconda.modules.payloads.payload.dnf.dnf_manager:The DNF base has been reset.
<28>Nov 23 03:40:09 r220a org.fedoraproject.Anaconda.Modul INFO:anaconda.modules.payloads.payload.dnf.dnf_manager:The software selection has been resolved (412 packages selected).
<28>Nov 23 03:40:32 r220a org.fedoraproject.Anaconda.Modul INFO:anaconda.modules.payloads.payload.dnf.dnf_manager:Downloading packages to /mnt/sysroot/var/tmp/dnf.package.cache.
<28>Nov 23 03:41:40 r220a org.fedoraproject.Anaconda.Modul DEBUG:anaconda.modules.payloads.payload.dnf.dnf_manager:Running the transaction...
<28>Nov 23 03:41:42 r220a org.fedoraproject.Anaconda.Modul INFO:anaconda.modules.payloads.payload.dnf.transaction_progress:Installed: bash-5.2.26-6.el10.x86_64 1730000000 ffee
";
    let due = [
        Fact::Selected(412),
        Fact::Begins(Step::Download),
        Fact::Begins(Step::Packages),
        Fact::Installed,
    ];
    assert_eq!(facts(log), due);
}

/// As in /tmp/packaging.log of RHEL 7, recorded by StackIQ's mlnx-ofed roll.
#[test]
fn rhel_7_counts_its_packages_itself() {
    let log = "\
<143>Jul  1 21:15:22 h packaging: Preparing transaction from installation source
<143>Jul  1 21:15:23 h packaging: Installing libgcc (1/1973)
<143>Jul  1 21:15:23 h packaging: Installing grub2-common (2/1973)
<143>Jul  1 21:15:23 h packaging: Installing nonsense (3/2)
<143>Jul  1 21:15:23 h packaging: Installing software 40%
";
    let due = [
        Fact::Begins(Step::Packages),
        Fact::Installing {
            done: 1,
            total: 1973,
        },
        Fact::Installing {
            done: 2,
            total: 1973,
        },
    ];
    assert_eq!(facts(log), due);
}

/// Lines that were recorded on several machines (Debian 13, Ubuntu's d-i), in the order of one installation and with the priorities that
/// busybox's syslogd puts before them.
#[test]
fn debian_installers_steps_and_packages_are_found() {
    let log = "\
<30>Sep  6 10:52:18 main-menu[321]: INFO: Menu item 'brltty-udeb' selected
<30>Sep  6 10:52:28 main-menu[321]: INFO: Menu item 'network-preseed' selected
<31>Sep  6 10:52:39 main-menu[321]: DEBUG: resolver (ext2-modules): package doesn't exist (ignored)
<30>Sep  6 10:52:40 main-menu[321]: INFO: Menu item 'partman-base' selected
<29>Sep  6 10:52:41 partman:   No matching physical volumes found
<30>Sep  6 10:53:01 main-menu[321]: INFO: Menu item 'bootstrap-base' selected
<29>Sep  6 10:53:05 debootstrap: I: Retrieving libc6 2.41-12
<29>Sep  6 10:55:02 debootstrap: I: Configuring libc6:amd64...
<30>Sep  6 10:58:00 main-menu[321]: INFO: Menu item 'pkgsel' selected
<29>Sep  6 10:58:15 in-target: 0 upgraded, 5 newly installed, 0 to remove and 0 not upgraded.
<29>Sep  6 10:58:16 in-target: Unpacking linux-headers-4.8.0-36 (4.8.0-36.36~16.04.1) ...
<29>Sep  6 10:58:33 in-target: Setting up docker-ce (5:28.0.1-1~debian.13~trixie) ...
<29>Sep  6 10:58:40 in-target: 0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.
<30>Sep  6 10:59:00 main-menu[321]: INFO: Menu item 'grub-installer' selected
<28>Sep  6 10:59:09 main-menu[321]: WARNING **: Menu item 'grub-installer' failed.
<30>Sep  6 10:59:30 main-menu[321]: INFO: Menu item 'finish-install' selected
";
    let due = [
        Fact::Begins(Step::Prepare),
        Fact::Begins(Step::Storage),
        Fact::Begins(Step::Base),
        Fact::Begins(Step::Packages),
        Fact::More(5),
        Fact::Installed,
        Fact::Begins(Step::Loader),
        Fact::Begins(Step::Scripts),
    ];
    assert_eq!(facts(log), due);
}

#[test]
fn what_only_looks_like_a_fact_is_none() {
    for text in [
        "Installed:",
        "Installed: successfully",
        "packages selected",
        "0 packages selected totalling 0 B",
        "Menu item 'pkgsel' selected",
        "99999999999 upgraded, 1 newly installed, x",
    ] {
        let line = format!("<13>Nov 23 03:40:01 h some: {text}");
        assert_eq!(facts(&line), [], "{text}");
    }
}
