//! `kickstand-lab`: sets the lab up and shows a whole installation.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use kickstand_lab::image::Images;
use kickstand_lab::machine::{BootOrder, Firmware};
use kickstand_lab::process::{Context, Failure, Result};
use kickstand_lab::router::Router;
use kickstand_lab::setup::Lab;
use kickstand_lab::story::{self, Script};

const USAGE: &str = "usage: kickstand-lab set-up
       kickstand-lab demo --kickstand PROGRAM --dnsmasq-conf FILE [--http] [--disk-first]";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((command, [])) if command == "set-up" => set_up(),
        Some((command, rest)) if command == "demo" => demo(rest),
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
    let mut dnsmasq = None;
    let mut firmware = Firmware::Uefi;
    let mut order = BootOrder::NetworkFirst;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--kickstand" => kickstand = words.next().map(PathBuf::from),
            "--dnsmasq-conf" => dnsmasq = words.next().map(PathBuf::from),
            "--http" => firmware = Firmware::UefiHttp,
            "--disk-first" => order = BootOrder::DiskFirst,
            other => return Err(Failure::new(format!("unknown word {other}\n{USAGE}"))),
        }
    }
    let kickstand = kickstand.ok_or_else(|| Failure::new(USAGE))?;
    let kickstand =
        fs::canonicalize(&kickstand).context(format!("find {}", kickstand.display()))?;
    let dnsmasq = dnsmasq.ok_or_else(|| Failure::new(USAGE))?;
    let text = fs::read_to_string(&dnsmasq).context(format!("read {}", dnsmasq.display()))?;
    let outcome = story::play(&Script {
        kickstand: &kickstand,
        dnsmasq: &|router: &Router| Ok(text.replace("@TFTP@", &router.tftp().display().to_string())),
        prepare: &|_| Ok(()),
        firmware,
        order,
        live: true,
    })?;
    println!("\n{}", outcome.status.trim_end());
    Ok(())
}
