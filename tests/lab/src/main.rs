//! `kickstand-lab`: sets the lab up and shows a whole installation.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use kickstand_lab::dnsmasq_init::act_if_asked;
use kickstand_lab::hostile;
use kickstand_lab::image::Images;
use kickstand_lab::machine::{BootOrder, Firmware};
use kickstand_lab::process::{Context, Failure, Result};
use kickstand_lab::setup::{Lab, install_browser};
use kickstand_lab::story::{self, Script};

const USAGE: &str = "usage: kickstand-lab set-up
       kickstand-lab set-up-browser
       kickstand-lab demo --kickstand PROGRAM [--http] [--disk-first]
       kickstand-lab hostile --kickstand PROGRAM [--effort ROUNDS]";

fn main() -> ExitCode {
    // As the router's init script for dnsmasq, when that was asked for.
    act_if_asked();
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((command, [])) if command == "set-up" => set_up(),
        Some((command, [])) if command == "set-up-browser" => install_browser(),
        Some((command, rest)) if command == "demo" => demo(rest),
        Some((command, rest)) if command == "hostile" => attack(rest),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("kickstand-lab: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn set_up() -> Result<()> {
    Images::build(&Lab::set_up()?).map(drop)
}

fn demo(arguments: &[String]) -> Result<()> {
    let mut kickstand = None;
    let mut firmware = Firmware::Uefi;
    let mut order = BootOrder::NetworkFirst;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--kickstand" => kickstand = words.next().map(PathBuf::from),
            "--http" => firmware = Firmware::UefiHttp,
            "--disk-first" => order = BootOrder::DiskFirst,
            other => return Err(Failure::new(format!("unknown word {other}\n{USAGE}"))),
        }
    }
    let kickstand = kickstand.ok_or_else(|| Failure::new(USAGE))?;
    let kickstand =
        fs::canonicalize(&kickstand).context(format!("find {}", kickstand.display()))?;
    println!(
        "A router and an empty server, virtual. Firmware, dnsmasq, iPXE, uci and ubusd are the real ones. The installer is \
         not: it is a small one that STANDS IN FOR ANACONDA where kickstand meets it (tests/lab/installer/init says how \
         far). The LAN is a network namespace of its own.\n"
    );
    let outcome = story::play(&Script {
        kickstand: &kickstand,
        init_entry: "dnsmasq-init",
        prepare: &|_| Ok(()),
        firmware,
        order,
        live: true,
    })?;
    println!("\n{}", outcome.status.trim_end());
    Ok(())
}

/// Attacks and faults, as a table.
fn attack(arguments: &[String]) -> Result<()> {
    let (kickstand, effort) = match arguments {
        [option, program] if option == "--kickstand" => (program, "1"),
        [option, program, effort, rounds] if option == "--kickstand" && effort == "--effort" => {
            (program, rounds.as_str())
        }
        _ => return Err(Failure::new(USAGE)),
    };
    let effort = effort.parse().context("--effort wants a number")?;
    println!("{}", hostile::heading());
    let rows = hostile::run(kickstand, effort, |row| println!("{}", hostile::line(row)));
    match rows.iter().filter(|row| !row.is_clean()).count() {
        0 => Ok(()),
        bad => Err(Failure::new(format!("{bad} cases are not clean"))),
    }
}
