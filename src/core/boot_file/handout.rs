//! What machines of each architecture are handed out, what is wrong with it, and what to do about it.
//!
//! Not its job: which file is chosen ([`crate::core::dnsmasq::boot_files`]), looking at files.

use std::collections::{BTreeMap, BTreeSet};

use super::{BootFile, Fault, Program};
use crate::core::dnsmasq::boot_files::{ARCHITECTURES, candidates, choose, words};
use crate::core::settings::{BootArchitecture, Main};

/// What machines of one architecture get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handout {
    /// Whose machines.
    pub architecture: BootArchitecture,
    /// The boot file, relative to `tftp_root`; nothing, when there is none.
    pub file: Option<String>,
    /// What keeps machines from starting, or some of them; one sentence each.
    pub problems: Vec<String>,
    /// The command that helps.
    pub command: Option<String>,
}

/// What dnsmasq hands out after the next apply. `files` are those below `tftp_root`, and `servable` those that dnsmasq can
/// serve among [`crate::core::dnsmasq::boot_files::wanted`].
pub fn handouts(
    main: &Main,
    files: &BTreeMap<String, Result<BootFile, Fault>>,
    servable: &BTreeSet<String>,
) -> Vec<Handout> {
    let handout = |architecture| {
        let mut handout = Handout {
            architecture,
            file: None,
            problems: Vec::new(),
            command: None,
        };
        let fetch = format!("kickstand boot-files fetch {}", architecture.word());
        match choose(architecture, &main.boot_files, servable, &main.tftp_root) {
            Ok(file) => {
                judge(&mut handout, &file, files);
                if handout.problems.is_empty() {
                    handout.problems.extend(secure_boot(&file, files));
                } else {
                    handout.command = Some(fetch);
                }
                handout.file = Some(file);
            }
            Err(_) => match main.boot_files.get(&architecture) {
                Some(chosen) => {
                    handout.problems.push(format!(
                        "{} get no boot file: kickstand.main.boot_file_{} chooses {chosen}, and dnsmasq cannot serve that.",
                        words(architecture),
                        architecture.word()
                    ));
                    handout.command = Some(format!(
                        "uci delete kickstand.main.boot_file_{}",
                        architecture.word()
                    ));
                }
                None => {
                    handout
                        .problems
                        .push(format!("{} get no boot file.", words(architecture)));
                    handout.command = Some(fetch);
                }
            },
        }
        handout
    };
    ARCHITECTURES.into_iter().map(handout).collect()
}

/// A file under a name that promises something else.
fn judge(handout: &mut Handout, file: &str, files: &BTreeMap<String, Result<BootFile, Fault>>) {
    let loader = candidates(handout.architecture)
        .iter()
        .find(|candidate| candidate.file == file)
        .and_then(|candidate| candidate.needs);
    for name in std::iter::once(file).chain(loader) {
        match files.get(name) {
            None => {}
            Some(Err(fault)) => handout.problems.push(format!("{name} {fault}.")),
            Some(Ok(found)) if found.architecture != handout.architecture => {
                handout.problems.push(format!(
                    "{name} is for {}, so {} cannot start it.",
                    words(found.architecture),
                    words(handout.architecture)
                ));
            }
            Some(Ok(found)) => {
                let is_shim = matches!(found.program, Program::IpxeShim);
                if loader.is_some() && (name == file) != is_shim {
                    handout.problems.push(format!(
                        "{name} is {} and not what its name says.",
                        found.program.word()
                    ));
                }
            }
        }
    }
}

/// Not every machine has Secure Boot on, so this is worth knowing and no fault.
fn secure_boot(file: &str, files: &BTreeMap<String, Result<BootFile, Fault>>) -> Option<String> {
    match files.get(file) {
        Some(Ok(found)) if found.architecture != BootArchitecture::Bios && !found.signed => Some(
            format!("{file} is not signed: machines with Secure Boot on refuse it."),
        ),
        _ => None,
    }
}
