//! What a file is that firmware may load first: the bytes of a file → iPXE, shim or other, and for which machines.
//!
//! Not its job: reading files (the caller does, to [`READ_LIMIT`]), where a boot file belongs ([`place`]), which one a
//! machine is told ([`super::dnsmasq::boot_files`]).

use std::fmt;

use crate::core::settings::BootArchitecture;

pub mod handout;
mod pe;
pub mod place;
mod program;

#[cfg(test)]
mod tests;

pub use program::Program;

/// Bytes of a file that are looked at. The largest boot file that is known, Debian's signed GRUB, has 4 MB; a router with
/// 128 MB of RAM can hold this much.
pub const READ_LIMIT: u64 = 8 * 1024 * 1024;

/// Bytes that tell every kind of file apart: an ISO image says what it is at 32 KiB. Of a file that is longer than
/// [`READ_LIMIT`], and so no boot file, no more is read.
pub const HEAD_LIMIT: u64 = 64 * 1024;

/// A file that firmware can load first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootFile {
    /// Whose firmware can load it.
    pub architecture: BootArchitecture,
    /// What it is.
    pub program: Program,
    /// As it says itself, when it can be found.
    pub version: Option<String>,
    /// Whether there is a signature. Whether it is one that a machine trusts, only that machine knows. BIOS knows none.
    pub signed: bool,
}

/// Why a file is none that firmware can load first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is in it.
    Empty,
    /// It ends before its own header says: how long it should be, when the header is whole, and is, in bytes.
    Truncated(Option<u64>, u64),
    /// HTML: what a browser saves, or a server's error page.
    WebPage,
    /// gzip(1).
    Gzip,
    /// An image of a CD.
    Iso,
    /// An image of a disk, as for a USB stick.
    Disk,
    /// A kernel; iPXE's `ipxe.lkrn` is dressed as one.
    Kernel,
    /// Text that iPXE runs.
    Script,
    /// For UEFI on a processor that kickstand has no rules for, by its name.
    Machine(&'static str),
    /// For UEFI, but a driver and no application: its subsystem.
    Subsystem(u16),
    /// Longer than [`READ_LIMIT`]: its bytes.
    TooLong(u64),
    /// None of these.
    Unknown,
}

impl Fault {
    /// In a word or two, for a table.
    pub fn word(&self) -> &'static str {
        match self {
            Fault::Empty => "empty",
            Fault::Truncated(..) => "truncated",
            Fault::WebPage => "web page",
            Fault::Gzip => "gzip archive",
            Fault::Iso => "ISO image",
            Fault::Disk => "disk image",
            Fault::Kernel => "Linux kernel",
            Fault::Script => "iPXE script",
            Fault::Machine(name) => name,
            Fault::Subsystem(_) => "UEFI driver",
            Fault::TooLong(_) | Fault::Unknown => "other",
        }
    }

    /// Whether it may be of use to somebody all the same: `--force` puts it in place then.
    pub fn is_whole(&self) -> bool {
        !matches!(self, Fault::Empty | Fault::Truncated(..) | Fault::WebPage)
    }
}

impl fmt::Display for Fault {
    /// Goes after the name of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Empty => f.write_str("is empty: copy it again"),
            Fault::Truncated(Some(needed), length) => write!(
                f,
                "is cut short: it should have {needed} bytes and has {length}; copy it again"
            ),
            Fault::Truncated(None, length) => write!(
                f,
                "is cut short: it ends within its header, after {length} bytes; copy it again"
            ),
            Fault::WebPage => f.write_str(
                "is a web page and no boot file: take the address of the file itself, not of the page that shows it",
            ),
            Fault::Gzip => f.write_str("is a gzip archive: unpack it first, unless it is iPXE's ipxeboot.tar.gz"),
            Fault::Iso => f.write_str(
                "is an image of a CD, which firmware cannot load from a network: take the .efi or .kpxe file instead",
            ),
            Fault::Disk => f.write_str(
                "is an image of a disk, which firmware cannot load from a network: take the .efi or .kpxe file instead",
            ),
            Fault::Kernel => f.write_str(
                "is a Linux kernel (iPXE's .lkrn looks like one), which firmware does not load: iPXE loads kernels, as a \
                 profile says",
            ),
            Fault::Script => f.write_str("is a script for iPXE: 'kickstand apply' writes the one that is needed"),
            Fault::Machine(name) => write!(
                f,
                "is for {name}: kickstand boots BIOS, UEFI x86-64 and UEFI arm64"
            ),
            Fault::Subsystem(number) => write!(
                f,
                "is a UEFI driver (subsystem {number}) and no application, so firmware does not start it from a network"
            ),
            Fault::TooLong(length) => write!(
                f,
                "has {length} bytes, and no boot file has more than {READ_LIMIT}"
            ),
            Fault::Unknown => f.write_str("is no boot file: it has neither a UEFI header nor iPXE's BIOS header"),
        }
    }
}

/// Says what a file is. `bytes` are its first ones, at least [`HEAD_LIMIT`] or all there are; `length` is the file's own.
///
/// # Errors
///
/// What it is instead.
pub fn examine(bytes: &[u8], length: u64) -> Result<BootFile, Fault> {
    if length == 0 || bytes.is_empty() {
        return Err(Fault::Empty);
    }
    if let Some(fault) = something_else(bytes) {
        return Err(fault);
    }
    if bytes.starts_with(b"MZ") {
        return application(bytes, length);
    }
    if is_bios_program(bytes) {
        return if length > READ_LIMIT {
            Err(Fault::TooLong(length))
        } else {
            Ok(bios_program(bytes))
        };
    }
    Err(match has_at(bytes, 510, &[0x55, 0xaa]) {
        true => Fault::Disk,
        false if length > READ_LIMIT => Fault::TooLong(length),
        false => Fault::Unknown,
    })
}

/// What people mistake for a boot file. Linux: Documentation/arch/x86/boot.rst, Documentation/arch/arm64/booting.rst;
/// ISO 9660: ECMA-119, 8.1.
fn something_else(bytes: &[u8]) -> Option<Fault> {
    const ISO: usize = 0x8001;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Some(Fault::Gzip);
    }
    if has_at(bytes, ISO, b"CD001") {
        return Some(Fault::Iso);
    }
    if has_at(bytes, 0x202, b"HdrS") || has_at(bytes, 0x38, b"ARM\x64") {
        return Some(Fault::Kernel);
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = text.trim_ascii_start();
    let begins = |word: &[u8]| {
        text.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    if begins(b"<!doctype html") || begins(b"<html") || begins(b"<?xml") || begins(b"<head") {
        return Some(Fault::WebPage);
    }
    begins(b"#!ipxe").then_some(Fault::Script)
}

fn application(bytes: &[u8], length: u64) -> Result<BootFile, Fault> {
    let image = pe::read(bytes).ok_or_else(|| match pe::leads_out(bytes, length) {
        true => Fault::Truncated(None, length),
        false => Fault::Unknown,
    })?;
    let architecture = match pe::machine_name(image.machine) {
        Ok(architecture) => architecture,
        Err(name) => return Err(Fault::Machine(name)),
    };
    if image.subsystem != pe::EFI_APPLICATION {
        return Err(Fault::Subsystem(image.subsystem));
    }
    if image.end > length {
        return Err(Fault::Truncated(Some(image.end), length));
    }
    if length > READ_LIMIT {
        return Err(Fault::TooLong(length));
    }
    let (program, version) = program::identify(bytes, &image);
    Ok(BootFile {
        architecture,
        program,
        version,
        signed: image.signed,
    })
}

/// A network boot program begins with a far jump that makes its code segment 07c0, as a boot sector's: iPXE's
/// `src/arch/x86/prefix/pxeprefix.S`, and pxelinux likewise.
fn is_bios_program(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0xea) && has_at(bytes, 3, &[0xc0, 0x07])
}

/// The body of iPXE for BIOS is compressed, so that little can be said about it.
fn bios_program(bytes: &[u8]) -> BootFile {
    // Since 2.0 the jump leads over a processor's number and this magic; before, the greeting tells.
    const MAGIC: [u8; 2] = [0xae, 0x18];
    /// Bytes of the part that is not compressed.
    const PREFIX: usize = 4096;
    let prefix = &bytes[..bytes.len().min(PREFIX)];
    let is_ipxe = has_at(bytes, 6, &MAGIC) || program::find(prefix, b"PXE->EB:").is_some();
    let program = match is_ipxe {
        true => Program::Ipxe(program::bios_build(prefix)),
        false => Program::Other,
    };
    BootFile {
        architecture: BootArchitecture::Bios,
        program,
        version: None,
        signed: false,
    }
}

fn has_at(bytes: &[u8], offset: usize, expected: &[u8]) -> bool {
    bytes
        .get(offset..)
        .is_some_and(|rest| rest.starts_with(expected))
}
