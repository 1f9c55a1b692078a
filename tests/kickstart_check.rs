//! Kickstarts that hang or wrecks a machine are found, good ones are left alone, and no text is too much.

#[path = "kickstart_support/mod.rs"]
mod support;

use std::fs;
use std::path::PathBuf;

use kickstand::kickstart::finding::{Finding, Severity};
use kickstand::kickstart::meaning::Surroundings;
use kickstand::kickstart::release::Release;
use kickstand::kickstart::{check, guess};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Kickstarts of a folder below tests/kickstarts, by name.
fn files(folder: &str) -> Vec<(String, String)> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kickstarts")).join(folder);
    let mut files: Vec<(String, String)> = fs::read_dir(path)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").path())
        .map(|path| {
            let name = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    files.sort();
    files
}

fn found(text: &str, release: Release) -> Vec<Finding> {
    check(text, release, Surroundings::default())
}

fn show(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        format!(
            "  {}: {} {}: {}\n",
            finding.line, finding.severity, finding.code, finding.message
        )
    };
    findings.iter().map(line).collect()
}

/// The first line of each says what must be found: `# CODE LINE: why`.
#[test]
fn what_hangs_or_wrecks_is_found_in_its_line() {
    let files = files("hangs");
    assert!(files.len() >= 60, "{} kickstarts", files.len());
    let cases: Vec<String> = files
        .iter()
        .map(|(name, text)| json!({ "name": name, "text": text }).to_string())
        .collect();
    let verdicts: Vec<Value> = support::driver("judge", &["RHEL9"], &(cases.join("\n") + "\n"))
        .lines()
        .map(|line| serde_json::from_str(line).expect("a verdict"))
        .collect();
    let mut table =
        "| kickstart | what happens | kickstand | ksvalidator |\n|---|---|---|---|\n".to_owned();
    let (mut missed, mut theirs) = (Vec::new(), 0);
    for ((name, text), verdict) in files.iter().zip(&verdicts) {
        assert_eq!(verdict["name"], name.as_str());
        let head = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# "))
            .expect("a first line");
        let (expected, why) = head.split_once(": ").expect("code, line and reason");
        let (code, line) = expected.split_once(' ').expect("code and line");
        let line: usize = line.parse().expect("a number");
        let findings = found(text, Release::Rhel9);
        let hit = findings.iter().find(|finding| {
            finding.code == code && finding.line == line && finding.severity != Severity::Note
        });
        match hit {
            Some(hit) => {
                let passes = verdict["verdict"] == "ok";
                theirs += usize::from(!passes);
                let says = if passes { "passes it" } else { "refuses it" };
                table += &format!("| {name} | {why} | {} `{code}` | {says} |\n", hit.severity);
            }
            None => missed.push(format!(
                "{name}: no {code} in line {line}\n{}",
                show(&findings)
            )),
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    table += &format!(
        "\nkickstand finds {} of {}, ksvalidator {theirs}.\n",
        files.len(),
        files.len()
    );
    support::hold_table("hangs", &table);
}

#[test]
fn good_kickstarts_are_left_alone() {
    let files = files("good");
    assert!(files.len() >= 20, "{} kickstarts", files.len());
    for (name, text) in files {
        let release = guess::release(&text).expect("a first line with #version=");
        let mut findings = found(&text, release);
        findings.retain(|finding| finding.severity != Severity::Note);
        assert!(findings.is_empty(), "{name}:\n{}", show(&findings));
    }
}

#[test]
fn what_the_installer_gets_besides_counts() {
    let good = files("good")
        .into_iter()
        .find(|(name, _)| name == "mount-points")
        .expect("it is there")
        .1;
    let text = good
        .lines()
        .filter(|line| !line.starts_with("url") && !line.starts_with("repo"))
        .collect::<Vec<_>>()
        .join("\n");
    let codes = |source_given| -> Vec<(String, Severity)> {
        let surroundings = Surroundings {
            source_given,
            uefi: None,
            hardware: None,
        };
        let all = check(&text, Release::Rhel9, surroundings).into_iter();
        all.filter(|finding| finding.code == "no-source")
            .map(|finding| (finding.code, finding.severity))
            .collect()
    };
    assert_eq!(codes(Some(true)), vec![]);
    assert_eq!(
        codes(Some(false)),
        vec![("no-source".to_owned(), Severity::Error)]
    );
    assert_eq!(
        codes(None),
        vec![("no-source".to_owned(), Severity::Warning)]
    );
}

/// Pieces that kickstarts and their mistakes are made of.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "part ",
        "/ ",
        "--size",
        "=",
        "8000",
        "\n",
        "%pre\n",
        "%end\n",
        "%packages\n",
        "if ",
        "then\n",
        "fi\n",
        "$(",
        ")",
        "${",
        "}",
        "`",
        "\"",
        "'",
        "\\",
        "<<EOF\n",
        "EOF\n",
        "case x in\n",
        ";;\n",
        "esac\n",
        "((",
        "))",
        "[[ ",
        "]] ",
        "{{ x }}",
        "network ",
        "--ip=1.2.3.4 ",
        "--netmask=",
        "255.255.255.0 ",
        "é",
        "\u{2028}",
        "\r\n",
        "\0",
        "raid ",
        "volgroup vg ",
        "pv.01 ",
        "logvol ",
        "--vgname=vg ",
        "--name=x ",
        "user ",
        "sshkey ",
        "--username=x ",
        "%include ",
        "/tmp/x\n",
        "#",
        " ",
        "\t",
        "--",
        "-",
        "@",
        "$x",
        "${x}",
        "<x>",
        "autopart\n",
        "timezone ",
        "Europe/",
        "lang ",
    ];
    prop_oneof![4 => proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => ".{0,8}"]
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(pieces in proptest::collection::vec(piece(), 0..80)) {
        let text = pieces.concat();
        let lines = text.split('\n').count();
        for release in [Release::Rhel8, Release::Fedora46] {
            for finding in found(&text, release) {
                prop_assert!(finding.line >= 1 && finding.line <= lines);
                prop_assert!(finding.column >= 1);
                prop_assert!(!finding.message.is_empty() && !finding.help.is_empty());
            }
        }
        kickstand::kickstart::preseed::check(&text);
        kickstand::kickstart::autoinstall::check(&text);
        guess::kind(&text);
    }
}

#[test]
fn findings_are_bounded() {
    let text = "nonsense --x\n".repeat(100_000);
    assert!(found(&text, Release::Rhel9).len() <= 201);
}
