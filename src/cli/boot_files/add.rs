//! `kickstand boot-files add FILE…`: files that the user brought, and iPXE's release archive.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::super::{Failure, Invocation, output};
use super::{Ready, architectures, lock, next_step, put, settings};
use crate::core::boot_file::place::{Source, is_as_named, missing, place, wanted};
use crate::core::boot_file::{Fault, READ_LIMIT, examine};
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
    let mut ready = Vec::new();
    let mut loose = Vec::new();
    for path in files {
        let shown = path.display().to_string();
        let head = boot_files::read(&path)
            .map_err(|error| Failure::Failed(format!("{shown} can not be read: {error}")))?;
        let found = examine(&head.bytes, head.length);
        if matches!(found, Err(Fault::Gzip)) {
            // Somebody who brings the archive may have no use for every architecture, so what is not in it is skipped.
            ready.extend(unpack(&path, &shown, &only)?);
        } else {
            if head.length > READ_LIMIT {
                let why = found.map_or_else(|fault| fault, |_| Fault::TooLong(head.length));
                return Err(refused(&shown, &why.to_string(), force));
            }
            loose.push((path, shown, head));
        }
    }
    // What comes along in the same command counts as there: a shim is named after its loader.
    let mut coming: BTreeSet<String> = ready.iter().map(|file| file.place.clone()).collect();
    // Loaders first, whatever their order on the command line.
    let is_shim = |(_, _, head): &(PathBuf, String, boot_files::Head)| {
        examine(&head.bytes, head.length)
            .is_ok_and(|file| file.program == crate::core::boot_file::Program::IpxeShim)
    };
    loose.sort_by_key(is_shim);
    for (path, shown, head) in loose {
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
    put(&main, &root, &ready)?;
    next_step(&main, &root);
    Ok(ExitCode::SUCCESS)
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

/// What is wanted out of iPXE's release archive, each file checked to be what its name says.
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
