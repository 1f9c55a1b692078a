//! Where a boot file belongs below `tftp_root`, and what is taken out of iPXE's release archive.
//!
//! The names are those of the archive `ipxeboot.tar.gz`, as iPXE's `src/util/gensrvimg` makes it, which are also where
//! [`crate::core::dnsmasq::boot_files`] looks. Not its job: writing anything.

use super::program::{Program, stem};
use super::{BootFile, Fault, examine};
use crate::core::dnsmasq::boot_files::{name_fault, words};
use crate::core::settings::BootArchitecture;

/// A file that was read to be put in place: its own name without folders, its first bytes, and how long it is.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// For people, and for what cannot be told from the bytes.
    pub name: &'a str,
    /// As for [`examine`].
    pub bytes: &'a [u8],
    /// Bytes of the whole file.
    pub length: u64,
}

/// Folder of the boot files of that architecture; iPXE keeps signed ones apart.
fn folder(architecture: BootArchitecture, signed: bool) -> &'static str {
    match (architecture, signed) {
        (BootArchitecture::Bios, _) => "",
        (BootArchitecture::X86_64, false) => "x86_64/",
        (BootArchitecture::X86_64, true) => "x86_64-sb/",
        (BootArchitecture::Arm64, false) => "arm64/",
        (BootArchitecture::Arm64, true) => "arm64-sb/",
    }
}

/// What the file is and its place below `tftp_root`. `exists` tells what is there, or comes along. With `force`, what is not
/// for kickstand keeps its own name.
///
/// # Errors
///
/// Why not, to go after the file's name.
pub fn place(
    source: Source,
    exists: impl Fn(&str) -> bool,
    force: bool,
) -> Result<(Option<BootFile>, String), String> {
    let own_name = || match name_fault(source.name) {
        Some(fault) => Err(format!("cannot be handed out: its name {fault}; rename it")),
        None if source.name.contains('/') => Err("has a name with a '/'".to_owned()),
        None => Ok(source.name.to_owned()),
    };
    let file = match examine(source.bytes, source.length) {
        Ok(file) => file,
        Err(fault) if force && may_be_forced(&fault) => return Ok((None, own_name()?)),
        Err(fault) => return Err(fault.to_string()),
    };
    let folder = folder(file.architecture, file.signed);
    let name = match &file.program {
        Program::Ipxe(build) => {
            let build = build.as_deref().unwrap_or(source.name);
            match known_build(file.architecture, build) {
                Some(name) if !is_special(source.name) => name.to_owned(),
                _ => own_name()?,
            }
        }
        Program::IpxeShim => {
            let there = |loader: &str| exists(&format!("{folder}{loader}"));
            // Its own name decides what it loads, so it gets the name of the loader that is there.
            match there("ipxe.efi") && !there("snponly.efi") {
                true => "ipxe-shim.efi".to_owned(),
                false => "snponly-shim.efi".to_owned(),
            }
        }
        Program::Grub if stem(source.name).starts_with("localboot") => {
            return Ok(match file.architecture {
                BootArchitecture::Arm64 => (Some(file), "localboot-arm64.efi".to_owned()),
                _ => (Some(file), "localboot.efi".to_owned()),
            });
        }
        _ if force => own_name()?,
        program => return Err(not_wanted(program).to_owned()),
    };
    Ok((Some(file), format!("{folder}{name}")))
}

/// What is broken or too long for a router's memory is of no use to anybody.
fn may_be_forced(fault: &Fault) -> bool {
    fault.is_whole() && !matches!(fault, Fault::TooLong(_))
}

/// The name of a build under which dnsmasq's rules find it.
fn known_build(architecture: BootArchitecture, build: &str) -> Option<&'static str> {
    if is_special(build) {
        return None;
    }
    let names: &[(&str, &str)] = match architecture {
        BootArchitecture::Bios => &[("undionly", "undionly.kpxe"), ("ipxe", "ipxe.pxe")],
        _ => &[("snponly", "snponly.efi"), ("ipxe", "ipxe.efi")],
    };
    // `snponly-arm64.efi` and `ipxe-x86_64.efi` are how other sites call them.
    let is_named = |word: &str| {
        let first = stem(build).split(['-', '_']).next();
        first == Some(word)
    };
    names
        .iter()
        .find(|(word, _)| is_named(word))
        .map(|(_, name)| *name)
}

/// iPXE's `legacy` builds have drivers of their own, and `kkpxe` keeps more of the ROM: people choose these on purpose.
fn is_special(name: &str) -> bool {
    name.contains("legacy") || name.ends_with(".kkpxe")
}

fn not_wanted(program: &Program) -> &'static str {
    match program {
        Program::Shim => {
            "is a shim that loads GRUB and no iPXE: iPXE's own shim is in ipxeboot.tar.gz, which 'kickstand boot-files \
             fetch' gets"
        }
        Program::Grub => {
            "is GRUB, and machines boot through iPXE here: name it localboot.efi if it is the loader for local disks"
        }
        _ => "is no iPXE: with --force it is put in place under its own name",
    }
}

/// A file of the release archive and its place below `tftp_root`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Name in the archive.
    pub name: &'static str,
    /// Place below `tftp_root`.
    pub place: &'static str,
}

const fn member(name: &'static str, place: &'static str) -> Member {
    Member { name, place }
}

/// The build for 32 bits runs on every BIOS machine; the one for 64 bits does not.
const BIOS: [&[Member]; 2] = [
    &[member("ipxeboot/i386/undionly.kpxe", "undionly.kpxe")],
    &[member("ipxeboot/x86_64/undionly.kpxe", "undionly.kpxe")],
];
/// The loader before the shim, so that no shim is ever without one. In the archive, `snponly-shim.efi` is a link to the shim.
const X86_64: [&[Member]; 2] = [
    &[
        member("ipxeboot/x86_64-sb/snponly.efi", "x86_64-sb/snponly.efi"),
        member(
            "ipxeboot/x86_64-sb/shimx64.efi",
            "x86_64-sb/snponly-shim.efi",
        ),
    ],
    &[member("ipxeboot/x86_64/snponly.efi", "x86_64/snponly.efi")],
];
const ARM64: [&[Member]; 2] = [
    &[
        member("ipxeboot/arm64-sb/snponly.efi", "arm64-sb/snponly.efi"),
        member(
            "ipxeboot/arm64-sb/shimaa64.efi",
            "arm64-sb/snponly-shim.efi",
        ),
    ],
    &[member("ipxeboot/arm64/snponly.efi", "arm64/snponly.efi")],
];

/// The sets for that architecture, the preferred one first.
fn sets(architecture: BootArchitecture) -> &'static [&'static [Member]] {
    match architecture {
        BootArchitecture::Bios => &BIOS,
        BootArchitecture::X86_64 => &X86_64,
        BootArchitecture::Arm64 => &ARM64,
    }
}

/// What an archive without anything for that architecture lacks.
pub fn missing(architecture: BootArchitecture) -> &'static str {
    sets(architecture)[0][0].name
}

/// What to take out of an archive with these names for that architecture: the signed pair, else the plain build, else
/// nothing.
///
/// # Errors
///
/// Why the archive is not to be trusted, to go after its name: tar would give two files of one name as one.
pub fn wanted(
    architecture: BootArchitecture,
    names: &[&str],
) -> Result<Option<&'static [Member]>, String> {
    let count = |member: &Member| names.iter().filter(|name| **name == member.name).count();
    let is_whole = |set: &&&[Member]| set.iter().all(|member| count(member) > 0);
    let Some(set) = sets(architecture).iter().find(is_whole) else {
        return Ok(None);
    };
    match set.iter().find(|member| count(member) > 1) {
        Some(member) => Err(format!("has {} more than once", member.name)),
        None => Ok(Some(set)),
    }
}

/// Whether a file out of the archive is what its name there says.
///
/// # Errors
///
/// What it is instead, to go after the member's name.
pub fn is_as_named(
    member: &Member,
    architecture: BootArchitecture,
    bytes: &[u8],
) -> Result<BootFile, String> {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let file = examine(bytes, length).map_err(|fault| fault.to_string())?;
    let program = match member.name.contains("/shim") {
        true => matches!(file.program, Program::IpxeShim),
        false => matches!(file.program, Program::Ipxe(_)),
    };
    if file.architecture == architecture && program {
        Ok(file)
    } else {
        Err(format!(
            "is {} for {}",
            file.program.word(),
            words(file.architecture)
        ))
    }
}
