//! Where on its way a host stopped, and what that usually means.
//!
//! A step is known by the kind of event; what comes before the last arm is of another installation. Times are seconds on the router's
//! uptime. Not its job: what a log says (`logs`).

use super::{Diagnosis, Facts};
use crate::core::lifecycle::Phase;
use crate::core::replies::EventEntry;

/// From lease to boot file: firmware asks at once, and tries for a minute.
const BOOT_FILE: u64 = 60;
/// From boot file to iPXE's question: a switch's spanning tree takes 50 s.
const IPXE: u64 = 90;
/// From the question to the answer file: kernel and initrd from a slow mirror, then its own DHCP.
const ANSWER: u64 = 240;
/// From answer file to claim: the second stage has 1 GB.
const CLAIM: u64 = 240;
/// An installer that works says something every few minutes, when its log comes.
const SILENT: u64 = 900;
/// The same for one whose log has come: it is the log that fell silent.
pub const LOG_QUIET: u64 = 180;
/// Times that a host asks after its installation, within the events that are kept, before it goes in a circle.
const CIRCLE: u32 = 3;

/// One way to stop: its name, and what is said of it.
pub struct Stop {
    /// Short name that does not change between versions.
    pub code: &'static str,
    sentence: &'static str,
    action: &'static str,
}

/// All of them.
pub const STOPS: [Stop; 15] = [
    Stop {
        code: "never-seen",
        sentence: "the machine was never seen on the network while it was armed",
        action: "see that it is on (`kickstand wake HOST`), its cable is in, and its firmware boots from the network; then arm it again",
    },
    Stop {
        code: "no-boot-file",
        sentence: "the router has no boot file for this kind of machine",
        action: "`kickstand boot-files` says which is missing, `kickstand boot-files fetch` gets it",
    },
    Stop {
        code: "boot-file-not-fetched",
        sentence: "it got a lease and never fetched the boot file",
        action: "look for another DHCP server and for a firewall that stops TFTP: `logread -e dnsmasq`",
    },
    Stop {
        code: "ipxe-never-asked",
        sentence: "it fetched the boot file, but iPXE never asked what to boot: is its port still blocked by spanning tree, or does Secure Boot refuse the file?",
        action: "switch the port to edge mode (PortFast); with Secure Boot, use the signed files of `kickstand boot-files fetch`",
    },
    Stop {
        code: "not-armed",
        sentence: "it asks what to boot and is not armed, so it is sent to its disk",
        action: "`kickstand arm HOST`, when it is to be installed",
    },
    Stop {
        code: "address-refused",
        sentence: "it asks from an address that the router does not know as its own",
        action: "`kickstand explain HOST` says what must know the address (`option verify`)",
    },
    Stop {
        code: "cannot-be-rendered",
        sentence: "its script or its answer file cannot be made",
        action: "`kickstand render HOST` and `kickstand check HOST` name the line",
    },
    Stop {
        code: "file-missing",
        sentence: "it asked the router for a file that is not there",
        action: "copy it to <www>/files, or correct the profile's kernel, initrd or mirror",
    },
    Stop {
        code: "kernel-never-started",
        sentence: "iPXE was told to install again and again, and no installer fetched its answer file: kernel or initrd cannot be had, or do not start",
        action: "open the URLs of `kickstand render HOST ipxe` on another machine; correct the profile's mirror",
    },
    Stop {
        code: "stuck-before-answer",
        sentence: "kernel and initrd were started, and the answer file was not fetched: the installer has no network, or too little memory",
        action: "look at its screen; RHEL 9 and 10 need 3 GB; a port with LACP must fall back to a single link",
    },
    Stop {
        code: "stuck-before-pre",
        sentence: "it has its answer file and does not get to %pre: the second stage cannot be had, or it needs 3 GB of memory",
        action: "see that inst.repo of `kickstand render HOST args` leads to a repository with .treeinfo and images/install.img",
    },
    Stop {
        code: "silent",
        sentence: "its installer has said nothing for long: it waits for a person, or the machine is off",
        action: "look at its screen; `kickstand check HOST` says what it may ask; `kickstand disarm HOST` gives it up",
    },
    Stop {
        code: "came-back",
        sentence: "it booted again without a report of its end: power failed, or the report did not get through",
        action: "when its system starts, nothing is lost; else arm it again and `kickstand watch HOST`",
    },
    Stop {
        code: "attempts-used",
        sentence: "its installer was started as often as the arm allows, and never claimed",
        action: "look at its screen while it starts: second stage, memory, network; then arm it again",
    },
    Stop {
        code: "leaves-in-circles",
        sentence: "it is sent to its disk and asks again: its firmware does not start the disk in this way",
        action: "set `option leave` of the host to another way: chain, exit1, sanboot or exit",
    },
];

fn stop(code: &str) -> Option<Diagnosis> {
    let stop = STOPS.iter().find(|stop| stop.code == code)?;
    Some(Diagnosis::new(stop.code, stop.sentence, stop.action))
}

/// Whether a host that failed or expired was armed since then, to report its hardware, and that has ended: what was seen
/// since says nothing about the installation.
pub fn was_looked_at(facts: &Facts<'_>) -> bool {
    let is_over = matches!(facts.phase, Phase::Failed | Phase::Expired);
    is_over
        && last(facts.events, &["armed", "hardware", "disarmed"])
            .is_some_and(|(_, event)| event.kind != "armed")
}

/// What the way so far says.
pub fn diagnose(facts: &Facts<'_>) -> Option<Diagnosis> {
    let armed = facts.events.iter().rposition(|event| event.kind == "armed");
    let since = facts
        .events
        .get(armed.map_or(0, |at| at + 1)..)
        .unwrap_or(&[]);
    match facts.phase {
        Phase::Idle => idle(since),
        Phase::Armed | Phase::Booting => on_its_way(facts, since, false),
        Phase::Installing if facts.quiet >= SILENT => stop("silent"),
        Phase::Installing => None,
        Phase::Installed => circle(since),
        Phase::Failed if facts.note.starts_with("it booted again without reporting") => {
            stop("came-back")
        }
        Phase::Failed
            if facts
                .note
                .contains("installers were started and none claimed") =>
        {
            // It was seen, whatever of it is still kept.
            on_its_way(facts, since, true)
                .filter(|found| found.code != "never-seen")
                .or_else(|| stop("attempts-used"))
        }
        Phase::Failed => None,
        Phase::Expired => on_its_way(facts, since, true),
    }
}

fn last<'a>(events: &'a [EventEntry], kinds: &[&str]) -> Option<(usize, &'a EventEntry)> {
    let at = events
        .iter()
        .rposition(|event| kinds.contains(&event.kind.as_str()))?;
    Some((at, events.get(at)?))
}

/// It asks, for nothing.
fn idle(since: &[EventEntry]) -> Option<Diagnosis> {
    let (_, last) = last(since, &["local", "install", "wait", "refused", "disarmed"])?;
    (last.kind == "local").then(|| stop("not-armed"))?
}

/// It comes back from its disk: `local` more than once since it completed.
fn circle(since: &[EventEntry]) -> Option<Diagnosis> {
    let (completed, _) = last(since, &["completed"])?;
    let after = since.get(completed..).unwrap_or(&[]);
    let asked = after.iter().filter(|event| event.kind == "local");
    let asked: u32 = asked.map(|event| event.times).sum();
    (asked >= CIRCLE).then(|| stop("leaves-in-circles"))?
}

/// Armed or starting: the last step that was seen, when nothing followed for too long (or, when it is `over`, at all).
fn on_its_way(facts: &Facts<'_>, since: &[EventEntry], over: bool) -> Option<Diagnosis> {
    const STEPS: [&str; 9] = [
        "dhcp", "tftp", "install", "wait", "refused", "fault", "missing", "answer", "file",
    ];
    let Some((at, step)) = last(since, &STEPS) else {
        return over.then(|| stop("never-seen"))?;
    };
    let late = |limit: u64| over || facts.quiet >= limit;
    match step.kind.as_str() {
        "fault" => with_words("cannot-be-rendered", step),
        "refused" => with_words("address-refused", step),
        "missing" => with_words("file-missing", step),
        "dhcp" => match architecture(&step.text) {
            Some(number) if !(facts.has_boot_file)(number) => {
                let mut diagnosis = stop("no-boot-file")?;
                diagnosis.sentence = format!(
                    "it asked for architecture {number}, and {}",
                    diagnosis.sentence
                );
                Some(diagnosis)
            }
            Some(_) if late(BOOT_FILE) => stop("boot-file-not-fetched"),
            // The lease of iPXE, of an installer, or of a system.
            _ => None,
        },
        "tftp" if late(IPXE) => stop("ipxe-never-asked"),
        "install" | "file" if facts.starts >= 2 && late(ANSWER) => stop("kernel-never-started"),
        "install" | "file" if late(ANSWER) => stop("stuck-before-answer"),
        "answer" if late(CLAIM) => {
            let earlier = since.get(..at).unwrap_or(&[]);
            // Refused claims are said as they were.
            last(earlier, &["fault"]).map_or_else(
                || stop("stuck-before-pre"),
                |(_, fault)| with_words("cannot-be-rendered", fault),
            )
        }
        _ => None,
    }
}

fn with_words(code: &str, event: &EventEntry) -> Option<Diagnosis> {
    let mut diagnosis = stop(code)?;
    diagnosis.sentence = format!("{}: {}", diagnosis.sentence, event.text);
    Some(diagnosis)
}

/// The client architecture of a lease for a machine that boots: `… to boot from the network (architecture 11)`.
fn architecture(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once("(architecture ")?;
    rest.strip_suffix(')')?.parse().ok()
}
