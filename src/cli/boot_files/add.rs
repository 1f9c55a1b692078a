//! `kickstand boot-files add FILE…`: files that the user brought, and iPXE's release archive.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::super::{Failure, Invocation, output};
use super::{Ready, architectures, lock, next_step, put, settings};
use crate::core::boot_file::place::{Source, is_as_named, missing, place, wanted};
use crate::core::boot_file::{Fault, Program, READ_LIMIT, examine};
use crate::core::dnsmasq::boot_files::ARCHITECTURES;
use crate::core::settings::BootArchitecture;
use crate::host::{boot_archive, boot_files};

pub(super) fn run(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let force = invocation.arguments.contains("--force");
    let only: Option<String> = invocation.arguments.opt_value_from_str("--only")?;
    let paths = invocation.paths.clone();
    let files = file_names(invocation)?;
    let only = architectures(only.as_slice())?;
    let (main, root) = settings(&paths)?;
    let _lock = lock(&paths)?;
    let (mut ready, loose) = read(files, &only, force)?;
    place_all(loose, &mut ready, &root, force)?;
    put(&main, &root, &ready)?;
    next_step(&main, &root);
    Ok(ExitCode::SUCCESS)
}

/// A file that was brought as it is: its path, its name for people, and what is in it.
type Loose = (PathBuf, String, boot_files::Head);

/// Reads every file. What is in archives is ready at once.
fn read(
    files: Vec<PathBuf>,
    only: &[BootArchitecture],
    force: bool,
) -> Result<(Vec<Ready>, Vec<Loose>), Failure> {
    let (mut ready, mut loose) = (Vec::new(), Vec::new());
    for path in files {
        let shown = path.display().to_string();
        let head = boot_files::read(&path)
            .map_err(|error| Failure::Failed(format!("{shown} cannot be read: {error}")))?;
        match examine(&head.bytes, head.length) {
            Err(Fault::Gzip) => ready.extend(unpack(&path, &shown, only)?),
            Err(fault) if head.length > READ_LIMIT => {
                return Err(refused(&shown, &fault.to_string(), force));
            }
            _ => loose.push((path, shown, head)),
        }
    }
    Ok((ready, loose))
}

/// Finds the place of each file. What comes along in the same command counts as there: a shim is named after its loader.
fn place_all(
    loose: Vec<Loose>,
    ready: &mut Vec<Ready>,
    root: &Path,
    force: bool,
) -> Result<(), Failure> {
    let mut coming: BTreeSet<String> = ready.iter().map(|file| file.place.clone()).collect();
    // Loaders first, whatever their order on the command line.
    let (shims, others): (Vec<Loose>, Vec<Loose>) = loose.into_iter().partition(|(_, _, head)| {
        examine(&head.bytes, head.length).is_ok_and(|file| file.program == Program::IpxeShim)
    });
    for (path, shown, head) in others.into_iter().chain(shims) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let source = Source {
            name: &name,
            bytes: &head.bytes,
            length: head.length,
        };
        let exists = |file: &str| coming.contains(file) || root.join(file).is_file();
        let (file, place) =
            place(source, exists, force).map_err(|why| refused(&shown, &why, force))?;
        if !coming.insert(place.clone()) {
            return Err(Failure::Failed(format!(
                "{shown} would become {place}, as another of these files; nothing was put in place"
            )));
        }
        ready.push(Ready {
            source: shown,
            place,
            architecture: file.map(|file| file.architecture),
            bytes: head.bytes,
        });
    }
    Ok(())
}

/// File names may hold any byte, so they are not read as text.
fn file_names(invocation: Invocation) -> Result<Vec<PathBuf>, Failure> {
    let names: Vec<OsString> = invocation.arguments.finish();
    // After `--`, or with `./`, a name may begin with a hyphen.
    let mut options = true;
    let mut files = Vec::new();
    for name in names {
        if options && name == "--" {
            options = false;
        } else if options && name.as_encoded_bytes().starts_with(b"-") {
            return Err(Failure::Usage(format!(
                "there is no option {} here",
                name.display()
            )));
        } else {
            files.push(PathBuf::from(name));
        }
    }
    match files.is_empty() {
        true => Err(Failure::Usage("the file is missing".to_owned())),
        false => Ok(files),
    }
}

fn refused(shown: &str, why: &str, forced: bool) -> Failure {
    let hint = if forced {
        " (--force does not help here)"
    } else {
        ""
    };
    Failure::Failed(format!("{shown} {why}{hint}; nothing was put in place"))
}

/// What is wanted out of iPXE's release archive, each file checked to be what its name says. Somebody who names no
/// architecture may have no use for all of them, so what is not in it is told and skipped.
pub(super) fn unpack(
    archive: &Path,
    shown: &str,
    only: &[BootArchitecture],
) -> Result<Vec<Ready>, Failure> {
    let failed = |why: String| Failure::Failed(format!("{shown} {why}; nothing was put in place"));
    let names = boot_archive::names(archive).map_err(failed)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut ready = Vec::new();
    for architecture in only {
        let Some(members) = wanted(*architecture, &names).map_err(failed)? else {
            let missing = format!("has no {}", missing(*architecture));
            if only.len() < ARCHITECTURES.len() {
                return Err(failed(missing));
            }
            output::print(&format!("! {shown} {missing}\n"));
            continue;
        };
        for member in members {
            let bytes = boot_archive::member(archive, member.name).map_err(failed)?;
            is_as_named(member, *architecture, &bytes).map_err(|why| {
                failed(format!("is not to be trusted: {} in it {why}", member.name))
            })?;
            ready.push(Ready {
                source: member.name.to_owned(),
                place: member.place.to_owned(),
                architecture: Some(*architecture),
                bytes,
            });
        }
    }
    match ready.is_empty() {
        true => Err(failed("is no archive of iPXE's".to_owned())),
        false => Ok(ready),
    }
}
