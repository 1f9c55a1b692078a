//! The budget of flash: what binaries and packages take, against the figures that the repository tracks.
//!
//! `openwrt/sizes.txt`: a line for each architecture, `NAME BINARY IPK`, in bytes; `-` where nothing is known; `#` begins a comment.
//! The ipk is that of the first of OpenWrt's architectures that the binary serves; the others differ by their name.
//!
//! Not its job: making either smaller.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use kickstand_lab::process::{Context, Failure, Result};

use crate::cross::architectures::ARCHITECTURES;
use crate::places::Places;

/// Growth, in percent, that nobody has to explain: what another compiler or a small change brings.
const ALLOWED_GROWTH: u64 = 3;

const HEAD: &str = "\
# What kickstand takes on routers, in bytes: architecture, program, ipk. `kickstand-packager sizes` compares with it and fails on more
# than 3 % of growth; `sizes --write` puts today's figures here, to be committed with what made them grow.
";

/// The figures of one architecture, in bytes; None where there is nothing to measure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// The program as it lies on the router.
    pub binary: Option<u64>,
    /// The package as it is downloaded.
    pub ipk: Option<u64>,
}

/// By the architecture's name.
pub type Table = BTreeMap<String, Figures>;

/// Reads the tracked file.
///
/// # Errors
///
/// With the line that is not understood.
pub fn parse(text: &str) -> std::result::Result<Table, String> {
    let mut table = Table::new();
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            [name, binary, ipk] => {
                let figures = figure(binary).zip(figure(ipk));
                let (binary, ipk) = figures.ok_or_else(|| line.to_owned())?;
                table.insert(name.to_owned(), Figures { binary, ipk });
            }
            _ => return Err(line.to_owned()),
        }
    }
    Ok(table)
}

/// A number of bytes, or nothing for `-`.
fn figure(word: &str) -> Option<Option<u64>> {
    match word {
        "-" => Some(None),
        number => number.parse().ok().map(Some),
    }
}

/// Writes the tracked file.
pub fn format(table: &Table) -> String {
    let word = |figure: Option<u64>| figure.map_or("-".to_owned(), |bytes| bytes.to_string());
    let mut text = HEAD.to_owned();
    for (name, figures) in table {
        let (binary, ipk) = (word(figures.binary), word(figures.ipk));
        let _ = writeln!(text, "{name:<8} {binary:>8} {ipk:>8}");
    }
    text
}

/// Today's figures for the tracked file: what was not built keeps its old ones.
pub fn renewed(tracked: &Table, measured: &Table) -> Table {
    let mut table = tracked.clone();
    for (name, new) in measured {
        let figures = table.entry(name.clone()).or_default();
        figures.binary = new.binary.or(figures.binary);
        figures.ipk = new.ipk.or(figures.ipk);
    }
    table
}

/// A table to read, and what is too large: a sentence for each.
pub fn compare(tracked: &Table, measured: &Table) -> (String, Vec<String>) {
    let mut text = format!("{:<8} {:>24} {:>24}\n", "", "program", "ipk");
    let mut excess = Vec::new();
    for (name, new) in measured {
        let old = tracked.get(name).copied().unwrap_or_default();
        let _ = writeln!(
            text,
            "{name:<8} {:>24} {:>24}",
            cell(old.binary, new.binary),
            cell(old.ipk, new.ipk)
        );
        for (what, old, new) in [
            ("program", old.binary, new.binary),
            ("ipk", old.ipk, new.ipk),
        ] {
            excess.extend(complaint(name, what, old, new));
        }
    }
    (text, excess)
}

fn cell(old: Option<u64>, new: Option<u64>) -> String {
    match (old, new) {
        (_, None) => "-".to_owned(),
        (None, Some(new)) => format!("{new} (new)"),
        (Some(old), Some(new)) => format!("{new} ({:+.1} %)", percent(old, new)),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "for people to read, with one digit"
)]
fn percent(old: u64, new: u64) -> f64 {
    (new as f64 / old.max(1) as f64 - 1.0) * 100.0
}

fn complaint(name: &str, what: &str, old: Option<u64>, new: Option<u64>) -> Option<String> {
    let new = new?;
    let Some(old) = old else {
        return Some(format!("the {what} of {name} is not in openwrt/sizes.txt"));
    };
    let limit = u128::from(old) * u128::from(100 + ALLOWED_GROWTH) / 100;
    (u128::from(new) > limit).then(|| {
        format!("the {what} of {name} grew from {old} to {new} bytes, more than {ALLOWED_GROWTH} %")
    })
}

/// Prints the comparison; or keeps today's figures when `write`.
///
/// # Errors
///
/// When something grew too much, when nothing was built, or the tracked file cannot be read.
pub fn command(places: &Places, write: bool) -> Result<()> {
    let path = places.sources().join("openwrt/sizes.txt");
    let text = fs::read_to_string(&path).context(format!("read {}", path.display()))?;
    let tracked = parse(&text).map_err(|line| {
        Failure::new(format!("{}: '{line}' is no line of sizes", path.display()))
    })?;
    let measured = measure(places);
    if measured.is_empty() {
        return Err(Failure::new(format!(
            "There is nothing in {}: run `kickstand-packager build` first",
            places.package().display()
        )));
    }
    let (table, excess) = compare(&tracked, &measured);
    print!("{table}");
    if write {
        let text = format(&renewed(&tracked, &measured));
        return fs::write(&path, text).context(format!("write {}", path.display()));
    }
    if excess.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{}. If that is worth it: kickstand-packager sizes --write",
        excess.join("; ")
    )))
}

/// The figures of what was built.
fn measure(places: &Places) -> Table {
    let size = |path: &Path| fs::metadata(path).ok().map(|found| found.len());
    let mut table = Table::new();
    for architecture in &ARCHITECTURES {
        let binary = size(&places.binary(architecture.name));
        let first = architecture.openwrt.first();
        let ipk = first.and_then(|openwrt| size(&places.ipk(openwrt)));
        if binary.is_some() {
            table.insert(architecture.name.to_owned(), Figures { binary, ipk });
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        parse(text).expect("a table")
    }

    fn excess(tracked: &str, measured: &str) -> Vec<String> {
        compare(&table(tracked), &table(measured)).1
    }

    #[test]
    fn three_percent_are_allowed_and_no_more() {
        assert!(excess("mips 1000 500", "mips 1030 515").is_empty());
        assert_eq!(
            excess("mips 1000 500", "mips 1031 515"),
            ["the program of mips grew from 1000 to 1031 bytes, more than 3 %"]
        );
        assert_eq!(
            excess("mips 1000 500", "mips 1000 516"),
            ["the ipk of mips grew from 500 to 516 bytes, more than 3 %"]
        );
        assert!(excess("mips 1000 500", "mips 10 5").is_empty());
    }

    #[test]
    fn what_is_not_there_is_not_judged_and_what_is_new_must_be_tracked() {
        assert!(excess("mips 1000 500\naarch64 9 9", "mips 1000 -").is_empty());
        assert_eq!(
            excess("mips 1000 -", "mips 1000 500"),
            ["the ipk of mips is not in openwrt/sizes.txt"]
        );
        assert_eq!(excess("", "mips 1 1").len(), 2);
    }

    #[test]
    fn new_figures_pass_and_what_was_not_built_keeps_its_own() {
        let tracked = table("# comment\n\nmips 1000 500\naarch64 700 300\n");
        let measured = table("mips 2000 -\nriscv64 5 6");
        let renewed = renewed(&tracked, &measured);
        assert_eq!(
            renewed,
            table("aarch64 700 300\nmips 2000 500\nriscv64 5 6")
        );
        assert_eq!(table(&format(&renewed)), renewed);
        assert!(compare(&renewed, &measured).1.is_empty());
    }

    #[test]
    fn growth_is_printed_in_percent() {
        let (text, _) = compare(&table("mips 1000 500"), &table("mips 1015 450\nx86_64 7 -"));
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<_> = text.lines().map(words).collect();
        assert_eq!(
            lines[1..],
            ["mips 1015 (+1.5 %) 450 (-10.0 %)", "x86_64 7 (new) -"]
        );
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        for line in ["mips", "mips 1 2 3", "mips one 2"] {
            assert_eq!(parse(line), Err(line.to_owned()));
        }
    }
}
