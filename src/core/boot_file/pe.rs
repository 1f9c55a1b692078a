//! The header of a UEFI program: Microsoft's PE Format, and UEFI 2.10, section 2.1.1, for what firmware makes of it.
//!
//! Not its job: what the program is (`program`). Nothing of a file is trusted: every number is checked before it is used.

use crate::core::settings::BootArchitecture;

/// Subsystem of what firmware starts; 11 and 12 are drivers.
pub const EFI_APPLICATION: u16 = 10;

/// Offset of the field that holds the header's own offset, in bytes.
const HEADER_OFFSET: usize = 0x3c;
/// Bytes of the COFF header with its signature.
const COFF: usize = 24;
/// Bytes of a section's header.
const SECTION: usize = 40;
/// Most sections that are looked at: the format itself allows 96.
const MOST_SECTIONS: u16 = 96;
/// First word of a header with 64-bit addresses, and of one with 32-bit ones.
const PE32_PLUS: u16 = 0x20b;
const PE32: u16 = 0x10b;
/// Index of the certificate table among the data directories.
const CERTIFICATES: usize = 4;

/// What the header says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image {
    /// The processor's number.
    pub machine: u16,
    /// What kind of program.
    pub subsystem: u16,
    /// Where the last part of the file ends, in bytes from its start.
    pub end: u64,
    /// Whether there is a certificate table.
    pub signed: bool,
    /// Name, offset and length of each section in the file.
    pub sections: Vec<(Vec<u8>, u64, u64)>,
}

impl Image {
    /// The bytes of a section, as many as there are.
    pub fn section<'a>(&self, bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
        let (_, start, length) = self
            .sections
            .iter()
            .find(|(section, _, _)| section == name)?;
        let start = usize::try_from(*start).ok()?;
        let rest = bytes.get(start..)?;
        let length = usize::try_from(*length).unwrap_or(usize::MAX);
        Some(&rest[..rest.len().min(length)])
    }
}

/// Reads the header; nothing, when there is none or it does not fit into `bytes`.
pub fn read(bytes: &[u8]) -> Option<Image> {
    let header = usize::try_from(u32_at(bytes, HEADER_OFFSET)?).ok()?;
    if !super::has_at(bytes, header, b"PE\0\0") {
        return None;
    }
    let machine = u16_at(bytes, header.checked_add(4)?)?;
    let sections = u16_at(bytes, header.checked_add(6)?)?.min(MOST_SECTIONS);
    let optional_length = usize::from(u16_at(bytes, header.checked_add(20)?)?);
    let optional = header.checked_add(COFF)?;
    let directories = match u16_at(bytes, optional)? {
        PE32_PLUS => optional.checked_add(112)?,
        PE32 => optional.checked_add(96)?,
        _ => return None,
    };
    let mut image = Image {
        machine,
        subsystem: u16_at(bytes, optional.checked_add(68)?)?,
        end: u32_at(bytes, optional.checked_add(60)?)?.into(),
        ..Image::default()
    };
    let count = u32_at(bytes, directories.checked_sub(4)?)?;
    let entry = directories.checked_add(CERTIFICATES * 8)?;
    let inside = entry + 8 <= optional.checked_add(optional_length)?;
    if inside && usize::try_from(count).is_ok_and(|count| count > CERTIFICATES) {
        let (start, length) = (u32_at(bytes, entry)?, u32_at(bytes, entry + 4)?);
        image.signed = length > 0;
        if image.signed {
            image.end = image.end.max(u64::from(start) + u64::from(length));
        }
    }
    let first = optional.checked_add(optional_length)?;
    for number in 0..usize::from(sections) {
        let section = first.checked_add(number * SECTION)?;
        let name = bytes.get(section..section.checked_add(8)?)?;
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let (length, start) = (u32_at(bytes, section + 16)?, u32_at(bytes, section + 20)?);
        // A section without bytes in the file has no place in it either.
        if length > 0 {
            image.end = image.end.max(u64::from(start) + u64::from(length));
            image
                .sections
                .push((name.to_owned(), start.into(), length.into()));
        }
    }
    Some(image)
}

/// Whether a header that could not be read is missing its end, or is none at all.
pub fn leads_out(bytes: &[u8], length: u64) -> bool {
    match u32_at(bytes, HEADER_OFFSET) {
        None => true,
        Some(header) => {
            let signature =
                usize::try_from(header).is_ok_and(|header| super::has_at(bytes, header, b"PE\0\0"));
            signature || u64::from(header) + COFF as u64 > length
        }
    }
}

/// The architecture of a processor's number, or the name of one that has no rules here.
pub fn machine_name(number: u16) -> Result<BootArchitecture, &'static str> {
    match number {
        0x8664 => Ok(BootArchitecture::X86_64),
        0xaa64 => Ok(BootArchitecture::Arm64),
        0x014c => Err("32-bit x86 UEFI"),
        0x01c2 | 0x01c4 => Err("32-bit ARM UEFI"),
        0x0200 => Err("Itanium UEFI"),
        0x0ebc => Err("EFI byte code"),
        0x5032 => Err("32-bit RISC-V UEFI"),
        0x5064 => Err("64-bit RISC-V UEFI"),
        0x6232 | 0x6264 => Err("LoongArch UEFI"),
        _ => Err("an unknown processor"),
    }
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    let two = bytes.get(offset..offset.checked_add(2)?)?;
    Some(u16::from_le_bytes(two.try_into().ok()?))
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let four = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}
