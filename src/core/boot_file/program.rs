//! Which program a UEFI application is, and its version, from what it says about itself.
//!
//! What a program writes into its section `.sbat` (shim's SBAT.md) counts first: it is text made for machines. Older builds
//! have none and are known by their messages. Not its job: whether any of it is true; a signature would tell.

use super::pe::Image;

/// Longest version or name of a build that is shown, in bytes: Debian's `1.0.0+git-20190125.36a4c85-5.1` has 30.
const LONGEST_WORD: usize = 40;

/// What a boot file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// iPXE, with the name of its build when it says it, without an ending: `snponly`, `ipxe`, `undionly`.
    Ipxe(Option<String>),
    /// iPXE's build of shim, which loads what its own name without `-shim` says: ipxe/shim, `automatic_next_path`.
    IpxeShim,
    /// A shim of somebody else's, which loads GRUB.
    Shim,
    /// GRUB.
    Grub,
    /// Any other program.
    Other,
}

impl Program {
    /// What people call it.
    pub fn word(&self) -> &'static str {
        match self {
            Program::Ipxe(_) => "iPXE",
            Program::IpxeShim => "shim for iPXE",
            Program::Shim => "shim for GRUB",
            Program::Grub => "GRUB",
            Program::Other => "other",
        }
    }
}

/// The program of a UEFI image and its version.
pub fn identify(bytes: &[u8], image: &Image) -> (Program, Option<String>) {
    let lines = sbat(image.section(bytes, b".sbat").unwrap_or_default());
    let line = |name: &str| lines.iter().find(|fields| fields[0] == name);
    let version = |fields: &Vec<String>| word(fields.get(4)?.as_bytes());
    if line("shim").is_some() || find(bytes, b"UEFI SHIM\n").is_some() {
        let program = match line("shim.ipxe") {
            Some(_) => Program::IpxeShim,
            None => Program::Shim,
        };
        let version = after(bytes, b"$Version: ").and_then(word);
        return (program, version);
    }
    if let Some(fields) = line("ipxe") {
        let build = fields.get(3).map(|name| stem(name).to_owned());
        return (Program::Ipxe(build), version(fields));
    }
    if let Some(fields) = line("grub") {
        return (Program::Grub, version(fields));
    }
    if find(bytes, b"iPXE/%s").is_some() {
        return old_ipxe(bytes);
    }
    if image.section(bytes, b"mods").is_some() || find(bytes, b"GNU GRUB").is_some() {
        return (Program::Grub, None);
    }
    (Program::Other, None)
}

/// Before `.sbat`: the product's name, some zeros and the version stand one after the other (iPXE, `core/version.c`).
fn old_ipxe(bytes: &[u8]) -> (Program, Option<String>) {
    const NAME: &[u8] = b"iPXE\0";
    /// Zeros that the compiler puts between, to begin each on a boundary of 32 bytes.
    const PADDING: usize = 32;
    let mut rest = bytes;
    while let Some(found) = after(rest, NAME) {
        let padding = found
            .iter()
            .take(PADDING)
            .take_while(|byte| **byte == 0)
            .count();
        let text = &found[padding..];
        let is_version = text.first().is_some_and(u8::is_ascii_digit)
            && text.iter().take(4).any(|byte| *byte == b'.');
        if is_version && let Some(version) = word(text) {
            return (Program::Ipxe(None), Some(version));
        }
        rest = found;
    }
    (Program::Ipxe(None), None)
}

/// The name of a build for BIOS, which stands in the part that is not compressed.
pub fn bios_build(prefix: &[u8]) -> Option<String> {
    find(prefix, b"undionly").map(|_| "undionly".to_owned())
}

/// The lines of a section `.sbat`: component, generation, vendor, package, version, URL.
fn sbat(section: &[u8]) -> Vec<Vec<String>> {
    let text = section.split(|byte| *byte == 0).next().unwrap_or_default();
    text.split(|byte| *byte == b'\n')
        .map(|line| {
            String::from_utf8_lossy(line)
                .split(',')
                .map(|field| field.trim().to_owned())
                .collect()
        })
        .collect()
}

/// The printable word at the start, if it is not too long to be one.
fn word(text: &[u8]) -> Option<String> {
    let length = text
        .iter()
        .take(LONGEST_WORD + 1)
        .take_while(|byte| byte.is_ascii_graphic())
        .count();
    (1..=LONGEST_WORD)
        .contains(&length)
        .then(|| String::from_utf8_lossy(&text[..length]).into_owned())
}

/// A file's name without its ending.
pub fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Where a text begins.
pub fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

fn after<'a>(bytes: &'a [u8], text: &[u8]) -> Option<&'a [u8]> {
    find(bytes, text).map(|start| &bytes[start + text.len()..])
}
