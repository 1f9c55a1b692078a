//! The binaries for routers, under the emulators of their processors: what the same work costs there, for a comparison of releases.
//!
//! Not its job: telling how fast a router is. An emulator's time is no processor's.

use std::fs;

use kickstand_lab::process::{Context, Failure, Result};
use kickstand_lab::requests::CONFIG;
use kickstand_lab::service::Runner;
use kickstand_packager::cross::architectures::named;
use kickstand_packager::places::Places;

use crate::servers::Tools;
use crate::table::{Section, median, number, times};
use crate::usage::user_time_of_children;

const ROUTERS: [&str; 2] = ["mipsel", "aarch64"];
/// Runs of a command for each sample: together long enough for a clock with a grain of 10 ms.
const RUNS: u32 = 10;

const TEXT: &str = "User time of `kickstand check` with the built-in answer file (read, parse, check, print), by the packages' own binaries under QEMU's user mode \
emulation, beside the x86_64 package's binary under the same emulation. Only the ratio between two releases means something: a router is \
neither as slow as this nor slow in the same places.";

/// Measures and tells.
///
/// # Errors
///
/// When a binary fails.
pub fn section(tools: &Tools, rounds: usize) -> Result<Section> {
    let head = ["binary", "bytes", "ms per run", "÷ x86_64"];
    let mut section = Section::new("Routers' binaries, emulated", TEXT, &head);
    let places = Places::find()?;
    let router = tools.router(CONFIG);
    let rendered = tools.rendered()?;
    let file = router.tree().write("answer.ks", rendered);
    let mut reference = None;
    for name in std::iter::once("x86_64").chain(ROUTERS) {
        let binary = places.binary(name);
        let architecture = named(name).ok_or_else(|| Failure::new(name))?;
        let Ok(found) = fs::metadata(&binary) else {
            let missing = format!("not built: cargo packager build --arch {name}");
            section.row([name.to_owned(), missing, "–".to_owned(), "–".to_owned()]);
            continue;
        };
        let emulator = architecture.emulator;
        let runner = Runner {
            words: [emulator.command, "-cpu", emulator.cpu]
                .map(str::to_owned)
                .to_vec(),
            environment: Vec::new(),
        };
        let mut samples = Vec::new();
        for _ in 0..rounds {
            let before = user_time_of_children();
            for _ in 0..RUNS {
                let mut command = runner.command(&binary);
                command.arg("check").arg(&file);
                let output = command
                    .output()
                    .context(format!("start {}", emulator.command))?;
                // 1: it found something.
                if output.status.code().is_none_or(|code| code > 1) {
                    return Err(Failure::new(format!("{name}: {output:?}")));
                }
            }
            samples.push((user_time_of_children() - before) * 1000.0 / f64::from(RUNS));
        }
        let middle = median(&samples);
        let reference = *reference.get_or_insert(middle);
        section.row([
            name.to_owned(),
            crate::table::thousands(found.len()),
            number(middle),
            times(middle / reference),
        ]);
    }
    Ok(section)
}
