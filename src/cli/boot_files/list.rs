//! `kickstand boot-files`: the table, and what each architecture gets.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::super::{Failure, Invocation, output};
use super::settings;
use crate::core::boot_file::handout::{Handout, handouts};
use crate::core::boot_file::{BootFile, Fault, Program, examine};
use crate::core::dnsmasq::boot_files::{wanted, words};
use crate::core::machine::clean_to;
use crate::core::settings::{BootArchitecture, Main};
use crate::host::boot_files;
use crate::host::tree::FilePlan;

/// What was found below `tftp_root`.
pub struct Look {
    /// By path relative to `tftp_root`.
    files: BTreeMap<String, Result<BootFile, Fault>>,
    lengths: BTreeMap<String, u64>,
    handouts: Vec<Handout>,
    notes: Vec<String>,
}

pub(super) fn run(invocation: Invocation) -> Result<ExitCode, Failure> {
    let json = invocation.json;
    let paths = invocation.paths.clone();
    invocation.end()?;
    let (main, root) = settings(&paths)?;
    let look = look(&main, &root);
    let free = boot_files::free(&root).ok();
    if json {
        output::print(&format!("{:#}\n", as_json(&main, &look, free)));
    } else {
        let free = free.map_or(String::new(), |free| format!(" ({} KB free)", free / 1024));
        output::print(&format!("{}{free}\n\n", main.tftp_root));
        output::print(&table(&look));
        output::print(&machines(&look));
    }
    Ok(ExitCode::SUCCESS)
}

/// Looks at every file below `tftp_root`, and changes nothing.
pub fn look(main: &Main, root: &Path) -> Look {
    let mut plan = FilePlan::default();
    let servable = plan.existing_boot_files(root, wanted(&main.boot_files));
    let mut notes = plan.notes;
    if !root.is_dir() {
        notes.push(format!(
            "{} does not exist yet: apply makes it, and so do add and fetch.",
            main.tftp_root
        ));
    }
    let (names, more) = boot_files::list(root);
    if more {
        notes.push("There are more files, which are not shown.".to_owned());
    }
    let (mut files, mut lengths) = (BTreeMap::new(), BTreeMap::new());
    for name in names {
        match boot_files::read(&root.join(&name)) {
            Ok(head) => {
                lengths.insert(name.clone(), head.length);
                files.insert(name, examine(&head.bytes, head.length));
            }
            Err(error) => notes.push(format!("{} cannot be read: {error}.", shown(&name))),
        }
    }
    Look {
        handouts: handouts(main, &files, &servable),
        files,
        lengths,
        notes,
    }
}

fn table(look: &Look) -> String {
    let none = || "-".to_owned();
    let row = |(name, found): (&String, &Result<BootFile, Fault>)| {
        let length = look.lengths.get(name).copied().unwrap_or_default();
        let (machines, what, version, signed) = match found {
            Ok(file) => (
                firmware(file.architecture).to_owned(),
                what(&file.program),
                file.version.clone().unwrap_or_else(none),
                match (file.architecture, file.signed) {
                    (BootArchitecture::Bios, _) => none(),
                    (_, true) => "yes".to_owned(),
                    (_, false) => "no".to_owned(),
                },
            ),
            Err(fault) => (none(), fault.word().to_owned(), none(), none()),
        };
        let size = format!("{} KB", length.div_ceil(1024));
        vec![shown(name), machines, what, version, signed, size]
    };
    let rows: Vec<Vec<String>> = look.files.iter().map(row).collect();
    let table = output::table(&["FILE", "FOR", "WHAT", "VERSION", "SIGNED", "SIZE"], &rows);
    match table.is_empty() {
        true => "No file is there.\n\n".to_owned(),
        false => format!("{table}\n"),
    }
}

/// A name may hold anything, and goes to a terminal; one that can be handed out has 127 bytes at most.
fn shown(name: &str) -> String {
    clean_to(name, 127)
}

fn firmware(architecture: BootArchitecture) -> &'static str {
    match architecture {
        BootArchitecture::Bios => "BIOS",
        BootArchitecture::X86_64 => "UEFI x86-64",
        BootArchitecture::Arm64 => "UEFI arm64",
    }
}

fn what(program: &Program) -> String {
    match program {
        Program::Ipxe(Some(build)) => format!("iPXE ({build})"),
        program => program.word().to_owned(),
    }
}

/// One line for each architecture, and what is wrong.
pub fn machines(look: &Look) -> String {
    let mut text = String::new();
    for handout in &look.handouts {
        let way = way(handout.architecture).join(" and ");
        if let Some(file) = &handout.file {
            text += &format!("{} get {file} by {way}.\n", words(handout.architecture));
        }
        for problem in &handout.problems {
            text += &format!("! {problem}\n");
        }
        if let Some(command) = &handout.command {
            text += &format!("  What helps: {command}\n");
        }
    }
    for note in &look.notes {
        text += &format!("! {note}\n");
    }
    text
}

/// How firmware of that architecture asks for its boot file.
fn way(architecture: BootArchitecture) -> &'static [&'static str] {
    match architecture {
        BootArchitecture::Bios => &["TFTP"],
        _ => &["TFTP", "HTTP boot"],
    }
}

fn as_json(main: &Main, look: &Look, free: Option<u64>) -> Value {
    let file = |(name, found): (&String, &Result<BootFile, Fault>)| match found {
        Ok(file) => json!({
            "file": name,
            "length": look.lengths.get(name),
            "architecture": file.architecture.word(),
            "what": file.program.word(),
            "build": match &file.program {
                Program::Ipxe(build) => build.clone(),
                _ => None,
            },
            "version": file.version,
            "signed": (file.architecture != BootArchitecture::Bios).then_some(file.signed),
        }),
        Err(fault) => json!({
            "file": name,
            "length": look.lengths.get(name),
            "what": fault.word(),
        }),
    };
    let handout = |handout: &Handout| {
        json!({
            "architecture": handout.architecture.word(),
            "file": handout.file,
            "by": way(handout.architecture),
            "problems": handout.problems,
            "command": handout.command,
        })
    };
    json!({
        "tftp_root": main.tftp_root,
        "free": free,
        "files": look.files.iter().map(file).collect::<Vec<_>>(),
        "machines": look.handouts.iter().map(handout).collect::<Vec<_>>(),
        "notes": look.notes,
    })
}
