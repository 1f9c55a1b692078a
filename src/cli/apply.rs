//! `kickstand apply`: settings → dnsmasq's sections, files beside them, and a dnsmasq that runs with them.
//!
//! Not its job: reading the settings, what the rules are ([`crate::core::dnsmasq`]), how a change is put into effect
//! ([`crate::host::dnsmasq`]).

use std::fs;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::process::ExitCode;

use super::{Failure, Invocation};
use crate::core::answer::Router;
use crate::core::dnsmasq::{self, PACKAGE, Plan, memory::Memory};
use crate::core::ipxe;
use crate::core::settings::{Fault, Settings};
use crate::core::uci::{Document, changes, wording};
use crate::host::access::service_group;
use crate::host::config::Config;
use crate::host::dnsmasq::{Ending, Patience, Service, is_unproven, put_into_effect};
use crate::host::interface;
use crate::host::outcome;
use crate::host::paths::Paths;
use crate::host::tree::{FilePlan, www_fault};
use crate::host::uci_command::UciCommand;

/// Options of `main` that apply works with: a fault in one of them stops it, any other fault is only reported.
const DECISIVE: [&str; 6] = [
    "enabled",
    "interface",
    "port",
    "tftp_root",
    "www",
    "boot_file_",
];

/// What the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Arguments {
    /// `--dry-run`: show and change nothing.
    pub dry_run: bool,
    /// `--remove`: leave everything as it was before kickstand.
    pub remove: bool,
    /// How long dnsmasq is watched.
    pub patience: Patience,
}

/// The command as typed.
pub(super) fn command(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let arguments = Arguments {
        dry_run: invocation.arguments.contains("--dry-run"),
        remove: invocation.arguments.contains("--remove"),
        patience: Patience::default(),
    };
    let paths = invocation.paths.clone();
    invocation.end()?;
    let settings = Config::new(&paths).read();
    Ok(run(
        &paths,
        settings.as_ref().map_err(Clone::clone),
        &arguments,
    ))
}

/// Runs the command on standard output and error. `settings` is a sentence when there are none to be had.
pub fn run(paths: &Paths, settings: Result<&Settings, String>, arguments: &Arguments) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let result = apply(paths, settings, arguments, &mut out);
    if !arguments.dry_run {
        outcome::tell(paths, result.as_ref().err().map(String::as_str));
    }
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            let _ = out.flush();
            eprintln!("kickstand apply: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// Does what was asked and writes what is worth knowing to `out`.
///
/// # Errors
///
/// What went wrong and how things were left, in sentences.
pub fn apply(
    paths: &Paths,
    settings: Result<&Settings, String>,
    arguments: &Arguments,
    out: &mut dyn Write,
) -> Result<(), String> {
    let lock = match arguments.dry_run {
        true => None,
        false => Some(lock(paths)?),
    };
    let command = UciCommand::new(paths, PACKAGE).holding(lock);
    if arguments.remove {
        return remove(paths, &command, settings.ok(), arguments, out);
    }
    // Whatever is wrong with the settings, the service must be able to read and to say it.
    let mut files = FilePlan::default();
    files.settings(paths);
    files.service_folders(paths);
    finish_files(files, arguments, out)?;
    let settings = settings?;
    report_faults(&settings.faults, out)?;
    if !settings.main.enabled {
        say(
            out,
            "kickstand.main.enabled is 0: taking back what kickstand set up.",
        );
        return remove(paths, &command, Some(settings), arguments, out);
    }
    set_up(paths, &command, settings, arguments, out)
}

/// One run at a time: the init script and a user may call at once.
fn lock(paths: &Paths) -> Result<fs::File, String> {
    let folder = paths.apply();
    let path = folder.join("lock");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .and_then(|()| fs::File::create(&path))
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|error| {
            format!(
                "{} cannot be locked: {error}; run this as root.",
                path.display()
            )
        })
}

fn report_faults(faults: &[Fault], out: &mut dyn Write) -> Result<(), String> {
    for fault in faults {
        say(out, &format!("! {fault}"));
    }
    let decisive = |fault: &&Fault| {
        fault.section.starts_with("kickstand ")
            && fault
                .option
                .as_deref()
                .is_none_or(|option| DECISIVE.iter().any(|known| option.starts_with(known)))
    };
    match faults.iter().find(decisive) {
        None => Ok(()),
        Some(fault) => Err(format!(
            "{} has a fault that matters here, so nothing was changed; correct {} with 'uci set' and run this again.",
            fault.section,
            fault.option.as_deref().unwrap_or("it")
        )),
    }
}

fn set_up(
    paths: &Paths,
    command: &UciCommand,
    settings: &Settings,
    arguments: &Arguments,
    out: &mut dyn Write,
) -> Result<(), String> {
    let main = &settings.main;
    if let Some(fault) = www_fault(&main.www) {
        return Err(format!("kickstand.main.www '{}' {fault}.", main.www));
    }
    if let Some(fault) = dnsmasq::boot_files::tftp_root_fault(&main.tftp_root) {
        return Err(format!(
            "kickstand.main.tftp_root '{}' {fault}.",
            main.tftp_root
        ));
    }
    let mut files = FilePlan::default();
    // Closing answer files comes first and depends on nothing that can go wrong below.
    files.www(&paths.below_root(&main.www), service_group(paths));
    let published: Vec<_> = settings
        .hosts
        .values()
        .filter(|host| host.publish)
        .flat_map(|host| host.macs.iter().copied())
        .collect();
    files.publish(paths, &published);
    finish_files(files, arguments, out)?;

    let (address, _) = interface::address(paths, &main.interface)?;
    let root = paths.below_root(&main.tftp_root);
    let mut files = FilePlan::default();
    files.tftp_root(&root);
    let wanted = dnsmasq::boot_files::wanted(&main.boot_files);
    let existing = files.existing_boot_files(&root, wanted);
    let (bytes, document) = command.read()?;
    let plan = dnsmasq::plan(&document, main, address, &existing)?;
    let router = Router {
        address,
        port: main.port,
    };
    let first = format!("{}/boot.ipxe", router.url());
    files.autoexec(&root, &plan.autoexec, &ipxe::autoexec(router), &first);
    if let Some(former) = Memory::read(&document) {
        let kept: &[String] = if former.tftp_root == main.tftp_root {
            &plan.autoexec
        } else {
            &[]
        };
        former_files(paths, &former, kept, &mut files);
    }
    finish_files(files, arguments, out)?;
    finish_dnsmasq(paths, command, (&bytes, &document), plan, arguments, out)
}

fn remove(
    paths: &Paths,
    command: &UciCommand,
    settings: Option<&Settings>,
    arguments: &Arguments,
    out: &mut dyn Write,
) -> Result<(), String> {
    let mut files = FilePlan::default();
    // What the user keeps there stays closed even when kickstand is switched off.
    if let Some(settings) = settings {
        let www = &settings.main.www;
        if www_fault(www).is_none() && paths.below_root(www).is_dir() {
            files.www(&paths.below_root(www), service_group(paths));
            files
                .changes
                .retain(|change| !matches!(change, crate::host::tree::FileChange::Folder(..)));
        }
    }
    files.publish(paths, &[]);
    let (bytes, document) = command.read()?;
    let plan = dnsmasq::removal(&document);
    if let Some(former) = Memory::read(&document) {
        former_files(paths, &former, &[], &mut files);
    }
    // The list of these files goes with dhcp's sections, so they must be gone first.
    finish_files(files, arguments, out)?;
    finish_dnsmasq(paths, command, (&bytes, &document), plan, arguments, out)
}

fn former_files(paths: &Paths, former: &Memory, kept: &[String], files: &mut FilePlan) {
    if dnsmasq::boot_files::tftp_root_fault(&former.tftp_root).is_none() {
        let root = paths.below_root(&former.tftp_root);
        files.former_autoexec(&root, &former.autoexec, kept);
    }
}

fn finish_files(files: FilePlan, arguments: &Arguments, out: &mut dyn Write) -> Result<(), String> {
    for note in &files.notes {
        say(out, &format!("! {note}"));
    }
    for change in &files.changes {
        say(out, &change.to_string());
        if !arguments.dry_run {
            change.perform()?;
        }
    }
    Ok(())
}

fn finish_dnsmasq(
    paths: &Paths,
    command: &UciCommand,
    before: (&[u8], &Document),
    plan: Plan,
    arguments: &Arguments,
    out: &mut dyn Write,
) -> Result<(), String> {
    for note in &plan.notes {
        say(out, &format!("! {note}"));
    }
    let list = changes::changes(before.1, &plan.target, dnsmasq::is_ours);
    let unproven = !arguments.dry_run && is_unproven(paths);
    if list.is_empty() && !unproven {
        say(out, "dhcp is as it should be.");
        return Ok(());
    }
    let staged = command.staged_by_others()?;
    for line in wording::difference(PACKAGE, &list) {
        say(out, &line);
    }
    if !staged.is_empty() {
        return Err(format!(
            "Somebody has changes in dhcp that are not committed, so dhcp was left alone; run 'uci commit dhcp' to keep \
             them or 'uci revert dhcp' to drop them, then run this again. They are:\n{staged}"
        ));
    }
    if arguments.dry_run {
        say(out, "Nothing was changed (--dry-run).");
        return Ok(());
    }
    if unproven {
        say(
            out,
            "An earlier run was cut short: dnsmasq is reloaded once more.",
        );
    }
    let service = Service::new(paths, plan.instance, arguments.patience);
    match put_into_effect(paths, command, before, &list, &service)? {
        Ending::Running => say(out, "dhcp is committed and dnsmasq runs with it."),
        Ending::NotRunning => say(
            out,
            "dhcp is committed. dnsmasq did not run before and does not run now; start it with '/etc/init.d/dnsmasq start'.",
        ),
    }
    Ok(())
}

/// A line for the user. Nobody is left to tell when that fails.
fn say(out: &mut dyn Write, line: &str) {
    let _ = writeln!(out, "{line}");
}
