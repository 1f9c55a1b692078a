//! `kickstand-bench`: how fast and how large kickstand is, beside others, as tables for docs/performance.md.
//!
//! What is compared runs in turns (A, B, A, B …) within one run, server and clients each on a core of their own: the machine's mood meets
//! all of them, and the ratios stay. Not its job: deciding what is fast enough, but for the gate of [`instructions`].

use std::env;
use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use kickstand_lab::process::{Context, Failure, Result, run, words};

use servers::Tools;
use table::Section;

mod answers;
mod emulated;
mod files;
mod fleet;
mod hosts;
mod instructions;
mod load;
mod memory;
mod scale;
mod servers;
mod table;
mod usage;

const USAGE: &str = "usage: kickstand-bench tables --kickstand PROGRAM [--write FILE] [--rounds NUMBER] [--only PART]
       kickstand-bench instructions [--update]";
/// How often everything is measured, when nobody says how often; the middle one is told.
const ROUNDS: usize = 5;

type Part = (&'static str, fn(&Tools, usize) -> Result<Section>);

const PARTS: [Part; 7] = [
    ("answers", answers::section),
    ("files", files::section),
    ("memory", memory::section),
    ("scale", scale::section),
    ("fleet", |tools, _| fleet::section(tools)),
    ("instructions", |_, _| instructions::section()),
    ("emulated", emulated::section),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["instructions"] => instructions::gate(false),
        ["instructions", "--update"] => instructions::gate(true),
        ["tables", rest @ ..] => tables(rest),
        _ => Err(Failure::new(USAGE)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("kickstand-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn tables(arguments: &[&str]) -> Result<()> {
    let (mut kickstand, mut file, mut rounds, mut only) = (None, None, ROUNDS, None);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| Failure::new(USAGE))?;
        match *word {
            "--kickstand" => kickstand = Some(*value),
            "--write" => file = Some(*value),
            "--rounds" => rounds = value.parse().context("--rounds wants a number")?,
            "--only" => only = Some(*value),
            _ => return Err(Failure::new(USAGE)),
        }
    }
    let kickstand = kickstand.ok_or_else(|| Failure::new(USAGE))?;
    let kickstand = fs::canonicalize(kickstand).context(format!("find {kickstand}"))?;
    let tools = Tools::set_up(&kickstand.to_string_lossy())?;
    usage::pin_client();
    let begin = Instant::now();
    let mut text = heading(rounds)?;
    for (name, measure) in PARTS {
        if only.is_some_and(|only| only != name) {
            continue;
        }
        let started = Instant::now();
        let section = measure(&tools, rounds.max(1))?.markdown();
        println!("{section}");
        eprintln!(
            "bench: {name} took {:.0} s",
            started.elapsed().as_secs_f64()
        );
        text += &format!("\n{section}");
    }
    eprintln!("bench: {:.0} s", begin.elapsed().as_secs_f64());
    match file {
        Some(file) => fs::write(file, text).context(format!("write {file}")),
        None => Ok(()),
    }
}

/// What was measured, where and when.
fn heading(rounds: usize) -> Result<String> {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("a processor without a name", |(_, name)| name);
    let cores = processors
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let kernel = run(&mut words("uname -r"))?;
    let date = run(&mut words("date --utc +%Y-%m-%d"))?;
    let pinned = match usage::enough_cores() {
        true => "the server on one core, whoever asks on another",
        false => "server and clients on one core, which makes every rate lower",
    };
    Ok(format!(
        "# Performance\n\nWritten by `make bench`; not edited by hand. {}, {cores} cores ({processor}), Linux {}, {pinned}; medians of {rounds}. \
        What is compared ran in turns within one run. Another machine gives other numbers: look at the ratios.\n",
        date.trim(),
        kernel.trim(),
    ))
}
