//! The grammar and the syntax checks agree with Anaconda's own parser, pykickstart, or differ for a reason that is listed.

#[path = "kickstart_support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use kickstand::kickstart::finding::Severity;
use kickstand::kickstart::grammar::{Count, Grammar, Spec, Standing, Value};
use kickstand::kickstart::release::{RELEASES, Release};
use kickstand::kickstart::syntax_findings;
use serde::Deserialize;

/// Releases whose verdicts are compared; those of Fedora differ in a few commands only.
const COMPARED: [&str; 4] = ["RHEL8", "RHEL9", "RHEL10", "F46"];

/// Where ours differs, and why: a name, what tells such a case, and the reason.
type Difference = (&'static str, fn(&Case) -> bool, &'static str);

const DIFFERENCES: [Difference; 4] = [
    (
        "unknown options of volgroup and stratispool",
        |case| {
            matches!(case.name.as_str(), "volgroup" | "stratispool")
                && (case.text.contains(" --nosuch") || case.text.contains(" -x"))
        },
        "pykickstart takes them for members of the group: Anaconda then stops at a partition of that name",
    ),
    (
        "a `--` among the members of volgroup and stratispool",
        |case| {
            matches!(case.name.as_str(), "volgroup" | "stratispool") && case.text.contains(" -- ")
        },
        "the same",
    ),
    (
        "deprecated options that are shortened",
        |case| {
            let shortened = [
                "--isUt",
                "--nont",
                "--instLang",
                "--excludeWeakdep",
                "--ntpserver",
            ];
            shortened.iter().any(|option| {
                let follows = |rest: &str| rest.starts_with([' ', '=', '\n']) || rest.is_empty();
                case.text
                    .split_once(option)
                    .is_some_and(|(_, rest)| follows(rest))
            })
        },
        "pykickstart looks for their full names only",
    ),
    (
        "a `--` among the words of btrfs",
        |case| case.name == "btrfs" && case.text.contains(" -- "),
        "pykickstart takes it for an option that it does not know; nobody writes it",
    ),
];

#[derive(Deserialize)]
struct Case {
    release: String,
    name: String,
    text: String,
    verdict: String,
}

/// What ours says, in the words of the driver.
fn ours(text: &str, grammar: &Grammar) -> &'static str {
    let worst = syntax_findings(text, grammar)
        .iter()
        .map(|finding| finding.severity)
        .min();
    match worst {
        Some(Severity::Error) => "error",
        Some(Severity::Warning) => "warning",
        Some(Severity::Note) | None => "ok",
    }
}

/// Cases of a release, those that agree, and those that differ by listed reason.
#[derive(Default)]
struct Row {
    cases: usize,
    refused: usize,
    warned: usize,
    agree: usize,
    differ: usize,
}

#[test]
fn verdicts_agree_or_differ_for_a_listed_reason() {
    let grammars: BTreeMap<&str, Grammar> = COMPARED
        .into_iter()
        .map(|name| (name, Grammar::of(Release::parse(name).expect("a release"))))
        .collect();
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let mut reasons = [0; DIFFERENCES.len()];
    let mut unexplained = Vec::new();
    let lines = support::driver("cases", &COMPARED, "");
    for line in lines.lines() {
        let case: Case = serde_json::from_str(line).expect("a case");
        let release = COMPARED
            .into_iter()
            .find(|name| *name == case.release)
            .expect("a compared release");
        let row = rows.entry(release).or_default();
        row.cases += 1;
        row.refused += usize::from(case.verdict == "error");
        row.warned += usize::from(case.verdict == "warning");
        let ours = ours(&case.text, &grammars[release]);
        if ours == case.verdict {
            row.agree += 1;
            continue;
        }
        match DIFFERENCES.iter().position(|(_, fits, _)| fits(&case)) {
            Some(index) => {
                row.differ += 1;
                reasons[index] += 1;
            }
            None => unexplained.push(format!(
                "{release}: pykickstart says {}, we say {ours}:\n{}",
                case.verdict, case.text
            )),
        }
    }
    assert!(
        unexplained.is_empty(),
        "{} differ:\n{}",
        unexplained.len(),
        unexplained.join("\n\n")
    );
    let total: usize = rows.values().map(|row| row.cases).sum();
    assert!(total >= 2000, "{total} cases");
    assert!(
        rows.values().all(|row| row.refused * 5 > row.cases),
        "too few of them are wrong"
    );
    support::hold_table("verdicts", &table(&rows, &reasons));
}

fn table(rows: &BTreeMap<&str, Row>, reasons: &[usize]) -> String {
    let mut table = "| release | cases | refused | warned of | verdicts agree | differ |\n|---|---|---|---|---|---|\n".to_owned();
    for name in COMPARED {
        let Row {
            cases,
            refused,
            warned,
            agree,
            differ,
        } = &rows[name];
        table += &format!("| {name} | {cases} | {refused} | {warned} | {agree} | {differ} |\n");
    }
    table += "\n| what differs | cases | why |\n|---|---|---|\n";
    for ((what, _, why), count) in DIFFERENCES
        .iter()
        .zip(reasons)
        .filter(|(_, count)| **count > 0)
    {
        table += &format!("| {what} | {count} | {why} |\n");
    }
    table
}

#[derive(Deserialize)]
struct Entry {
    standing: String,
    conflicts: Vec<String>,
    options: Vec<TheirOption>,
    arguments: Vec<Argument>,
}

#[derive(Deserialize)]
struct TheirOption {
    names: Vec<String>,
    value: String,
    required: bool,
    deprecated: bool,
}

#[derive(Deserialize)]
struct Argument {
    name: String,
    count: String,
}

/// Commands whose entry is not what pykickstart's tables say, and why.
const OTHERWISE: [(&str, &str); 8] = [
    ("auth", "warns of its deprecation by itself"),
    ("authconfig", "the same"),
    ("method", "cannot be used as a command in RHEL 8"),
    ("%traceback", "warns of its deprecation by itself"),
    ("btrfs", "takes its words by itself"),
    ("timezone", "RHEL 9 warns of three of its options by itself"),
    ("%packages", "the same, of two"),
    ("raid", "its level is checked by itself"),
];

#[test]
fn every_command_and_option_is_as_pykickstart_has_it() {
    let names: Vec<&str> = RELEASES.iter().map(|release| release.name()).collect();
    let theirs: BTreeMap<String, BTreeMap<String, Entry>> =
        serde_json::from_str(&support::driver("grammar", &names, "")).expect("the grammar");
    let mut wrong = Vec::new();
    let mut options = 0;
    for release in RELEASES {
        let grammar = Grammar::of(release);
        let entries = &theirs[release.name()];
        for spec in grammar.specs() {
            for name in &spec.names {
                if spec.standing != Standing::Absent && !entries.contains_key(*name) {
                    wrong.push(format!("{release}: pykickstart has no {name}"));
                }
            }
        }
        for (name, entry) in entries {
            options += entry.options.len();
            match grammar.find(name) {
                None => wrong.push(format!("{release}: {name} is missing")),
                Some(spec) => wrong.extend(
                    compare(spec, name, entry)
                        .into_iter()
                        .map(|what| format!("{release}: {name}: {what}")),
                ),
            }
        }
    }
    wrong.retain(|line| {
        !OTHERWISE
            .iter()
            .any(|(name, _)| line.contains(&format!(": {name}: ")))
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(options > 2500, "{options} options were compared");
}

fn compare(spec: &Spec, name: &str, entry: &Entry) -> Vec<String> {
    let mut wrong = Vec::new();
    let standing = match spec.standing {
        Standing::Known => "known",
        Standing::Deprecated => "deprecated",
        Standing::Removed => "removed",
        Standing::Absent => "absent",
    };
    if standing != entry.standing {
        wrong.push(format!("is {}, not {standing}", entry.standing));
    }
    let mut conflicts: Vec<&str> = spec.conflicts.clone();
    conflicts.sort_unstable();
    if conflicts != entry.conflicts {
        wrong.push(format!(
            "conflicts with {:?}, not {conflicts:?}",
            entry.conflicts
        ));
    }
    if spec.raw || standing != "known" {
        return wrong;
    }
    for theirs in &entry.options {
        let Some(ours) = spec.option(&theirs.names[0]) else {
            wrong.push(format!("has {}", theirs.names[0]));
            continue;
        };
        let value = match ours.value {
            Value::Flag => "flag",
            Value::Text => "text",
            Value::Integer => "integer",
            Value::Boolean => "boolean",
            Value::List => "list",
            Value::Maybe => "maybe",
            Value::OneOf(_) | Value::AnyCase(_) => "one of",
        };
        let same = ours.names == theirs.names
            && value == theirs.value
            && ours.required == theirs.required
            && ours.deprecated == theirs.deprecated;
        if !same {
            wrong.push(format!("{:?} is {ours:?}", theirs.names));
        }
    }
    for ours in &spec.options {
        if !entry
            .options
            .iter()
            .any(|theirs| theirs.names[0] == ours.names[0])
        {
            wrong.push(format!("has no {}", ours.names[0]));
        }
    }
    let count = |count: Count| match count {
        Count::One => "1",
        Count::Optional => "?",
        Count::Many => "*",
    };
    let arguments: Vec<(&str, &str)> = spec
        .arguments
        .iter()
        .map(|argument| (argument.name, count(argument.count)))
        .collect();
    let theirs: Vec<(&str, &str)> = entry
        .arguments
        .iter()
        .map(|argument| (argument.name.as_str(), argument.count.as_str()))
        .collect();
    if arguments != theirs {
        wrong.push(format!("takes {theirs:?}, not {arguments:?} ({name})"));
    }
    wrong
}
