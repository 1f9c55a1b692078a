//! `kickstand boot-files`: what machines are handed out, and putting iPXE in place.
//!
//! Not its job: telling dnsmasq, which apply does.

mod add;
mod fetch;
mod list;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{Failure, Invocation, output};
use crate::core::dnsmasq::boot_files::{ARCHITECTURES, tftp_root_fault, wanted};
use crate::core::settings::{BootArchitecture, Main};
use crate::host::config::Config;
use crate::host::paths::Paths;

/// The command as typed.
pub(super) fn run(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    match invocation.optional_word()?.as_deref() {
        None => list::run(invocation),
        Some("add") => add::run(invocation),
        Some("fetch") => fetch::run(invocation),
        Some(word) => Err(Failure::Usage(format!(
            "'{word}' is nothing that boot-files does; there are 'add' and 'fetch'"
        ))),
    }
}

/// Settings of `main`, and its `tftp_root` as a path.
fn settings(paths: &Paths) -> Result<(Main, PathBuf), Failure> {
    let settings = Config::new(paths).read().map_err(Failure::Failed)?;
    let main = settings.main;
    // A fault elsewhere is none of this command's business.
    let fault = settings.faults.iter().find(|fault| {
        let option = fault.option.as_deref().unwrap_or_default();
        fault.section == "kickstand 'main'"
            && (option == "tftp_root" || option.starts_with("boot_file"))
    });
    if let Some(fault) = fault {
        return Err(Failure::Failed(fault.to_string()));
    }
    if let Some(fault) = tftp_root_fault(&main.tftp_root) {
        return Err(Failure::Failed(format!(
            "kickstand.main.tftp_root '{}' {fault}",
            main.tftp_root
        )));
    }
    let root = paths.below_root(&main.tftp_root);
    if root.exists() && !root.is_dir() {
        return Err(Failure::Failed(format!(
            "{} is no folder: remove it, or set kickstand.main.tftp_root to another",
            root.display()
        )));
    }
    Ok((main, root))
}

/// One run at a time: two downloads would remove each other's folder.
fn lock(paths: &Paths) -> Result<fs::File, Failure> {
    let folder = paths.apply();
    let path = folder.join("boot-files.lock");
    let file = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .and_then(|()| fs::File::create(&path))
        .map_err(|error| {
            Failure::Failed(format!(
                "{} cannot be locked: {error}; run this as root",
                path.display()
            ))
        })?;
    file.try_lock().map_err(|_| {
        Failure::Failed("another 'kickstand boot-files' is at work: wait for it".to_owned())
    })?;
    Ok(file)
}

/// The architectures that were named; without any, all.
fn architectures(words: &[String]) -> Result<Vec<BootArchitecture>, Failure> {
    if words.is_empty() {
        return Ok(ARCHITECTURES.to_vec());
    }
    let named = |word: &String| {
        ARCHITECTURES
            .into_iter()
            .find(|architecture| architecture.word() == word)
            .ok_or_else(|| {
                Failure::Usage(format!(
                    "there is no architecture '{word}' here; there are bios, x86_64 and arm64"
                ))
            })
    };
    words.iter().map(named).collect()
}

/// A file that is ready to be put in place.
struct Ready {
    /// What the user calls it.
    source: String,
    /// Where it goes, relative to `tftp_root`.
    place: String,
    /// Whose firmware can load it, when it is known.
    architecture: Option<BootArchitecture>,
    bytes: Vec<u8>,
}

/// Whether a place is one that is looked at without being chosen, by dnsmasq's rules or by hosts that leave for their disk.
fn is_found(place: &str) -> bool {
    wanted(&BTreeMap::new()).contains(place) || place.starts_with("localboot")
}

/// Puts files in place, all or, when there is no room, none; and says what is next.
fn put(main: &Main, root: &Path, ready: &[Ready]) -> Result<(), Failure> {
    let is_new = |file: &&Ready| {
        let there = crate::host::boot_files::read(&root.join(&file.place));
        !there.is_ok_and(|there| there.bytes == file.bytes)
    };
    let new: Vec<&Ready> = ready.iter().filter(is_new).collect();
    let needed = new.iter().map(|file| file.bytes.len() as u64).sum();
    if !new.is_empty() {
        crate::host::boot_files::has_room(root, needed).map_err(Failure::Failed)?;
    }
    for file in ready {
        let shown = format!("{}/{}", main.tftp_root, file.place);
        if new.iter().any(|other| other.place == file.place) {
            crate::host::boot_files::put(root, &file.place, &file.bytes)
                .map_err(Failure::Failed)?;
            output::print(&format!("{} -> {shown}\n", file.source));
        } else {
            output::print(&format!("{shown} is there already\n"));
        }
        if let Some(architecture) = file.architecture.filter(|_| !is_found(&file.place)) {
            output::print(&format!(
                "  It is handed out when you choose it: uci set kickstand.main.boot_file_{}={}\n",
                architecture.word(),
                file.place
            ));
        }
    }
    Ok(())
}

/// What dnsmasq would hand out now, and what to do for it to know.
fn next_step(main: &Main, root: &Path) {
    output::print(&list::machines(&list::look(main, root)));
    output::print("Now run '/etc/init.d/kickstand reload', so that dnsmasq knows.\n");
}
