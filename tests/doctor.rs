//! What is wrong, from recorded logs and from where hosts stopped: given these, this sentence and this action.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kickstand::core::doctor::logs::SIGNATURES;
use kickstand::core::doctor::stops::STOPS;
use kickstand::core::doctor::{Diagnosis, Facts, diagnose};
use kickstand::core::lifecycle::Phase;
use kickstand::core::replies::{EventEntry, Source};

/// Recorded logs, and what is said of each.
const LOGS: [(&str, &str); 17] = [
    ("metadata", "repository-broken"),
    ("slow-mirror", "mirror-unreachable"),
    ("mirror-404", "mirror-404"),
    ("wants-input", "waits-for-input"),
    ("cmdline-stop", "waits-for-input"),
    ("deploy-failed", "installer-broke"),
    ("post-failed", "script-failed"),
    ("disk-missing", "disk-missing"),
    ("no-space", "disk-too-small"),
    ("out-of-memory", "out-of-memory"),
    ("no-name", "name-not-resolved"),
    ("clock", "clock-wrong"),
    ("old-processor", "processor-too-old"),
    ("boot-loader", "boot-loader"),
    ("debian-mirror", "bad-archive-mirror"),
    ("debian-no-root", "no-root-file-system"),
    ("package", "package-missing"),
];

fn event(kind: &str, text: &str) -> EventEntry {
    EventEntry {
        number: 0,
        at: None,
        uptime: 0.0,
        subject: "web1".to_owned(),
        kind: kind.to_owned(),
        text: text.to_owned(),
        times: 1,
        source: Source::Observed,
    }
}

/// What is said of a host in that phase, quiet for so many seconds, whose events have these kinds.
fn said(phase: Phase, quiet: u64, events: &[EventEntry]) -> Option<Diagnosis> {
    diagnose(&facts(phase, quiet, events))
}

fn facts<'a>(phase: Phase, quiet: u64, events: &'a [EventEntry]) -> Facts<'a> {
    Facts {
        host: "web1",
        phase,
        note: "",
        events,
        quiet,
        starts: 1,
        log: "",
        has_boot_file: &|number| number != 11,
    }
}

fn code(diagnosis: Option<Diagnosis>) -> String {
    diagnosis.map_or_else(String::new, |diagnosis| diagnosis.code)
}

#[test]
fn recorded_logs_get_the_right_sentence() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doctor");
    let there: BTreeSet<String> = fs::read_dir(&folder)
        .expect("the folder of logs")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().replace(".log", ""))
        .collect();
    let used: BTreeSet<String> = LOGS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(there, used);
    for (name, expected) in LOGS {
        let log = fs::read_to_string(folder.join(format!("{name}.log"))).expect("there");
        let (source, log) = log
            .split_once('\n')
            .expect("a line that says where it is from");
        assert!(source.starts_with("# "), "{name}");
        for (phase, quiet) in [(Phase::Failed, 0), (Phase::Installing, 600)] {
            let facts = Facts {
                log,
                ..facts(phase, quiet, &[])
            };
            let found = diagnose(&facts).unwrap_or_else(|| panic!("{name}: nothing"));
            assert_eq!(found.code, expected, "{name}: {found:?}");
            // The line that says so is shown.
            assert!(
                log.lines()
                    .any(|line| found.sentence.contains(&line.trim()[..20])),
                "{found:?}"
            );
            assert!(!found.action.contains("HOST"), "{found:?}");
        }
    }
}

#[test]
fn what_an_installer_gets_over_is_no_diagnosis() {
    let log = "Curl error (28): Timeout was reached; trying another mirror\n";
    for (phase, quiet) in [
        (Phase::Installing, 10),
        (Phase::Installed, 600),
        (Phase::Idle, 0),
    ] {
        let facts = Facts {
            log,
            ..facts(phase, quiet, &[])
        };
        assert_eq!(diagnose(&facts), None);
    }
}

#[test]
fn the_reason_of_a_report_is_read_too() {
    let facts = Facts {
        note: "there are several disks (/dev/sda, /dev/sdb): set option disk of host web1",
        ..facts(Phase::Failed, 0, &[])
    };
    assert_eq!(code(diagnose(&facts)), "several-disks");
}

const NETBOOT: &str = "got the address 10.33.1.117 from DHCP to boot from the network";

#[test]
fn where_it_stopped_says_what_is_likely() {
    let armed = event("armed", "was armed by the user");
    let lease = |number: u16| event("dhcp", &format!("{NETBOOT} (architecture {number})"));
    let tftp = event("tftp", "fetched snponly.efi by TFTP, 200000 bytes");
    let install = event("install", "asked what to boot and was told to install");
    let answer = event("answer", "fetched its answer file (3448 bytes)");
    let way = |steps: &[&EventEntry]| -> Vec<EventEntry> {
        std::iter::once(&armed)
            .chain(steps.iter().copied())
            .cloned()
            .collect()
    };
    for (phase, quiet, events, expected) in [
        (Phase::Expired, 0, way(&[]), "never-seen"),
        (Phase::Armed, 5, way(&[&lease(11)]), "no-boot-file"),
        (
            Phase::Armed,
            120,
            way(&[&lease(7)]),
            "boot-file-not-fetched",
        ),
        (
            Phase::Armed,
            120,
            way(&[&lease(7), &tftp]),
            "ipxe-never-asked",
        ),
        (
            Phase::Armed,
            0,
            way(&[&event("refused", "somebody asked as …")]),
            "address-refused",
        ),
        (
            Phase::Armed,
            0,
            way(&[&event("fault", "host.disk is not set")]),
            "cannot-be-rendered",
        ),
        (
            Phase::Booting,
            0,
            way(&[&install, &event("missing", "/files/x/vmlinuz is not there")]),
            "file-missing",
        ),
        (Phase::Booting, 300, way(&[&install]), "stuck-before-answer"),
        (
            Phase::Booting,
            300,
            way(&[&install, &answer]),
            "stuck-before-pre",
        ),
        (
            Phase::Installing,
            1000,
            way(&[&install, &answer, &event("claim", "claimed")]),
            "silent",
        ),
        (Phase::Idle, 0, vec![event("local", "asked …")], "not-armed"),
    ] {
        assert_eq!(code(said(phase, quiet, &events)), expected, "{events:?}");
    }
    // All is well so far.
    for (phase, quiet, events) in [
        (Phase::Armed, 3600, way(&[])),
        (Phase::Armed, 20, way(&[&lease(7)])),
        (Phase::Armed, 30, way(&[&lease(7), &tftp])),
        (Phase::Booting, 60, way(&[&install])),
        (Phase::Booting, 60, way(&[&install, &answer])),
        (Phase::Installing, 170, way(&[&install, &answer])),
        (Phase::Idle, 0, vec![event("disarmed", "…")]),
        (
            Phase::Installed,
            0,
            vec![event("completed", "…"), event("local", "…")],
        ),
    ] {
        assert_eq!(said(phase, quiet, &events), None, "{events:?}");
    }
}

#[test]
fn what_happened_under_an_earlier_arm_does_not_count() {
    let events = [event("refused", "…"), event("armed", "…")];
    assert_eq!(said(Phase::Armed, 600, &events), None);
}

#[test]
fn installers_that_start_again_and_again_are_told_from_one_that_is_slow() {
    let events = [event("armed", "…"), event("install", "…")];
    let again = Facts {
        starts: 2,
        ..facts(Phase::Booting, 300, &events)
    };
    assert_eq!(code(diagnose(&again)), "kernel-never-started");
    let failed = Facts {
        note: "2 installers were started and none claimed",
        ..facts(Phase::Failed, 0, &[])
    };
    assert_eq!(code(diagnose(&failed)), "attempts-used");
}

fn facts_of(note: &'static str) -> Facts<'static> {
    Facts {
        note,
        ..facts(Phase::Failed, 0, &[])
    }
}

#[test]
fn one_that_came_back_and_one_that_goes_in_circles() {
    let note = "it booted again without reporting completion; arm it again to install again";
    assert_eq!(code(diagnose(&facts_of(note))), "came-back");
    let mut local = event(
        "local",
        "asked what to boot and was told to boot from its disk",
    );
    local.times = 4;
    let events = [event("armed", "…"), event("completed", "…"), local];
    assert_eq!(
        code(said(Phase::Installed, 0, &events)),
        "leaves-in-circles"
    );
}

#[test]
fn every_name_is_in_the_manual_once_and_is_the_only_one_of_its_kind() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/troubleshooting.md");
    let manual = fs::read_to_string(manual).expect("it is there");
    let codes: Vec<&str> = SIGNATURES
        .iter()
        .map(|signature| signature.code)
        .chain(STOPS.iter().map(|stop| stop.code))
        .collect();
    let different: BTreeSet<&&str> = codes.iter().collect();
    assert_eq!(different.len(), codes.len());
    for code in codes {
        assert_eq!(
            manual.matches(&format!("| `{code}` |")).count(),
            1,
            "{code}"
        );
    }
}
