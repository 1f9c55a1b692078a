//! Instructions, which do not depend on the machine's mood: how many the pure core takes for what every boot does, and a gate.
//!
//! `kickstand-work` does the same thing so many times. Two counts of callgrind, with more and with fewer rounds, tell what one costs; what a
//! start costs is in both. Not its job: the work itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kickstand_lab::process::{Context, Failure, Result, run};
use kickstand_lab::setup::{Lab, target_folder};

use crate::table::{Section, thousands, times};

/// Rounds of the two counts.
const FEW: u64 = 20;
const MANY: u64 = 120;
/// More than this many times the committed count fails: below it is what another compiler or C library does.
const MOST: f64 = 1.05;

const TEXT: &str = "Instructions of the release build for x86_64, counted by callgrind in the pure core (`tests/bench/work`), for one of each. `make test` counts \
them again and fails where one is more than 5 % above the number that is committed (`tests/bench/instructions.txt`; \
`cargo run -p kickstand-bench -- instructions --update` writes it).";

/// A kind of work, and the instructions that one takes.
type Count = (String, u64);

/// Counts and compares; with `update`, what was counted is what is expected from now on.
///
/// # Errors
///
/// When one takes too many instructions.
pub fn gate(update: bool) -> Result<()> {
    let counts = count()?;
    if update {
        let text: String = counts
            .iter()
            .map(|(work, count)| format!("{work} {count}\n"))
            .collect();
        let path = committed();
        return fs::write(&path, text).context(format!("write {}", path.display()));
    }
    let expected = expected()?;
    let mut slow = Vec::new();
    for (work, count) in &counts {
        let ratio = ratio(&expected, work, *count);
        println!(
            "{work}: {} instructions, {}",
            thousands(*count),
            times(ratio)
        );
        if ratio > MOST {
            slow.push(work.as_str());
        }
    }
    match slow.is_empty() && counts.len() == expected.len() {
        true => Ok(()),
        false => Err(Failure::new(format!(
            "more than {MOST} times the instructions in {}, or another kind of work: mend it, or show why it must be so with \
            `cargo run -p kickstand-bench -- instructions --update`: {slow:?}",
            committed().display()
        ))),
    }
}

/// The table.
///
/// # Errors
///
/// When they cannot be counted.
pub fn section() -> Result<Section> {
    let head = ["work", "instructions", "÷ committed"];
    let mut section = Section::new("Instructions", TEXT, &head);
    let expected = expected()?;
    for (work, count) in count()? {
        let ratio = ratio(&expected, &work, count);
        section.row([work, thousands(count), times(ratio)]);
    }
    Ok(section)
}

/// Infinite for what nobody committed.
fn ratio(expected: &[Count], work: &str, count: u64) -> f64 {
    let expected = expected.iter().find(|(name, _)| name == work);
    expected.map_or(f64::INFINITY, |(_, expected)| {
        count as f64 / *expected as f64
    })
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.txt")
}

fn expected() -> Result<Vec<Count>> {
    let path = committed();
    let text = fs::read_to_string(&path).context(format!("read {}", path.display()))?;
    let line = |line: &str| {
        let (work, count) = line.rsplit_once(' ')?;
        Some((work.to_owned(), count.parse().ok()?))
    };
    Ok(text.lines().filter_map(line).collect())
}

fn count() -> Result<Vec<Count>> {
    Lab::set_up_measures()?;
    run(Command::new("cargo").args([
        "build",
        "--quiet",
        "--locked",
        "--profile",
        "measured",
        "-p",
        "kickstand-work",
    ]))?;
    let target = target_folder()?;
    let program = target.join("measured/kickstand-work");
    let all = run(&mut Command::new(&program))?;
    all.lines()
        .map(|work| {
            let few = instructions(&target, &program, work, FEW)?;
            let many = instructions(&target, &program, work, MANY)?;
            Ok((work.to_owned(), many.saturating_sub(few) / (MANY - FEW)))
        })
        .collect()
}

/// All that callgrind counts in one run. Its file stays below the target folder, for `callgrind_annotate`.
fn instructions(target: &Path, program: &Path, work: &str, rounds: u64) -> Result<u64> {
    let file = target.join(format!("measured/callgrind.{work}"));
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program)
        .args([work, &rounds.to_string()])
        .output()
        .context("start valgrind")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let counted = said.lines().find_map(|line| {
        let (_, number) = line.split_once("Collected : ")?;
        number.trim().parse().ok()
    });
    counted.ok_or_else(|| Failure::new(format!("valgrind said: {said}")))
}
