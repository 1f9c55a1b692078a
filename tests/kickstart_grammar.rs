//! The grammar and the syntax checks agree with Anaconda's own parser, pykickstart.

use std::collections::BTreeMap;
use std::process::Command;

use kickstand::kickstart::finding::Severity;
use kickstand::kickstart::grammar::{Count, Grammar, Spec, Standing, Value};
use kickstand::kickstart::release::Release;
use kickstand::kickstart::syntax_findings;
use kickstand_lab::parts;
use serde::Deserialize;

const DRIVER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/kickstart_support/pykickstart_driver.py"
);

fn driver(arguments: &[&str]) -> String {
    let output = Command::new(parts::ksvalidator().with_file_name("python"))
        .arg(DRIVER)
        .args(arguments)
        .output()
        .expect("Python starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("JSON is UTF-8")
}

#[derive(Deserialize)]
struct Case {
    release: String,
    name: String,
    text: String,
    verdict: String,
}

/// What ours says, in the words of the driver.
fn ours(text: &str, release: Release) -> &'static str {
    let findings = syntax_findings(text, release);
    match findings.iter().map(|finding| finding.severity).min() {
        Some(Severity::Error) => "error",
        Some(Severity::Warning) => "warning",
        _ => "ok",
    }
}

#[test]
fn verdicts() {
    let lines = driver(&["cases", "RHEL8", "RHEL9", "RHEL10", "F46"]);
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut shown: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines.lines() {
        let case: Case = serde_json::from_str(line).expect("a case");
        let release = Release::parse(&case.release).expect("a release");
        let ours = ours(&case.text, release);
        let count = counts.entry(case.release.clone()).or_default();
        count.0 += 1;
        if ours != case.verdict {
            count.1 += 1;
            let key = format!("{} {}", case.name, case.verdict);
            let n = shown.entry(key).or_default();
            *n += 1;
            if *n <= 4 {
                let all = syntax_findings(&case.text, release);
                if case.name == "mutant" {
                    println!("{}", case.text);
                }
                println!(
                    "{} {}: theirs {} ours {ours}: {:?}\n    {:?}",
                    case.release,
                    case.name,
                    case.verdict,
                    if case.name == "mutant" {
                        ""
                    } else {
                        &case.text
                    },
                    all.iter()
                        .map(|f| (&f.code, f.line, f.column, &f.message))
                        .collect::<Vec<_>>()
                );
            }
        }
    }
    println!("{counts:?}");
    panic!();
}
