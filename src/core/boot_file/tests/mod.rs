//! Given these bytes, this is what the file is.

use proptest::prelude::*;

use super::*;

mod places;

const X86_64: u16 = 0x8664;
const ARM64: u16 = 0xaa64;
/// iPXE's own lines, as `core/version.c` writes them.
const IPXE: &str = "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n\
                    ipxe,1,iPXE,snponly.efi,2.0.0,https://ipxe.org\n";
const IPXE_SHIM: &str = "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n\
                         shim,4,UEFI shim,shim,1,https://github.com/rhboot/shim\n\
                         shim.ipxe,1,iPXE,shim,1,https://github.com/ipxe/shim\n";
const DEBIAN_SHIM: &str = "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n\
                           shim,4,UEFI shim,shim,1,https://github.com/rhboot/shim\n\
                           shim.debian,1,Debian,shim,16.1,https://shim.example.org\n";
const GRUB: &str = "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n\
                    grub,5,Free Software Foundation,grub,2.06,https://www.gnu.org/software/grub/\n";

/// A PE32+ image with one section, and a certificate table when it is signed.
fn image(machine: u16, subsystem: u16, section: (&str, &str), signed: bool) -> Vec<u8> {
    const HEADER: usize = 0x80;
    const OPTIONAL: usize = 112 + 16 * 8;
    const START: usize = 0x200;
    let mut bytes = vec![0; START];
    let mut set = |offset: usize, value: &[u8]| {
        bytes[offset..offset + value.len()].copy_from_slice(value);
    };
    let (name, content) = section;
    let optional = HEADER + 24;
    set(0, b"MZ");
    set(0x3c, &(HEADER as u32).to_le_bytes());
    set(HEADER, b"PE\0\0");
    set(HEADER + 4, &machine.to_le_bytes());
    set(HEADER + 6, &1u16.to_le_bytes());
    set(HEADER + 20, &(OPTIONAL as u16).to_le_bytes());
    set(optional, &0x20bu16.to_le_bytes());
    set(optional + 60, &(START as u32).to_le_bytes());
    set(optional + 68, &subsystem.to_le_bytes());
    set(optional + 108, &16u32.to_le_bytes());
    if signed {
        let end = (START + content.len()) as u32;
        set(optional + 112 + 4 * 8, &end.to_le_bytes());
        set(optional + 112 + 4 * 8 + 4, &8u32.to_le_bytes());
    }
    let header = optional + OPTIONAL;
    set(header, name.as_bytes());
    set(header + 16, &(content.len() as u32).to_le_bytes());
    set(header + 20, &(START as u32).to_le_bytes());
    bytes.extend_from_slice(content.as_bytes());
    if signed {
        bytes.extend_from_slice(&[0; 8]);
    }
    bytes
}

fn ipxe(machine: u16, signed: bool) -> Vec<u8> {
    image(machine, 10, (".sbat", IPXE), signed)
}

fn shim(machine: u16, lines: &str) -> Vec<u8> {
    let mut bytes = image(machine, 10, (".sbat", lines), true);
    bytes.extend_from_slice(b"UEFI SHIM\n$Version: 16.1 $\n");
    bytes
}

/// iPXE 2.0's header for BIOS, with its greeting.
fn bios(more: &[u8]) -> Vec<u8> {
    [
        &[0xea, 0x08, 0x00, 0xc0, 0x07, 0x32, 0xae, 0x18],
        b"PXE->EB:",
        more,
    ]
    .concat()
}

fn examined(bytes: &[u8]) -> Result<BootFile, Fault> {
    examine(bytes, bytes.len() as u64)
}

fn is(
    architecture: BootArchitecture,
    program: Program,
    version: Option<&str>,
    signed: bool,
) -> Result<BootFile, Fault> {
    Ok(BootFile {
        architecture,
        program,
        version: version.map(str::to_owned),
        signed,
    })
}

#[test]
fn what_a_program_says_about_itself_is_found() {
    let snponly = || Program::Ipxe(Some("snponly".to_owned()));
    for (bytes, expected) in [
        (
            ipxe(X86_64, false),
            is(BootArchitecture::X86_64, snponly(), Some("2.0.0"), false),
        ),
        (
            ipxe(ARM64, true),
            is(BootArchitecture::Arm64, snponly(), Some("2.0.0"), true),
        ),
        (
            shim(X86_64, IPXE_SHIM),
            is(
                BootArchitecture::X86_64,
                Program::IpxeShim,
                Some("16.1"),
                true,
            ),
        ),
        (
            shim(ARM64, DEBIAN_SHIM),
            is(BootArchitecture::Arm64, Program::Shim, Some("16.1"), true),
        ),
        (
            image(X86_64, 10, (".sbat", GRUB), true),
            is(BootArchitecture::X86_64, Program::Grub, Some("2.06"), true),
        ),
        (
            image(X86_64, 10, ("mods", "x"), false),
            is(BootArchitecture::X86_64, Program::Grub, None, false),
        ),
        (
            image(X86_64, 10, (".text", "memtest"), false),
            is(BootArchitecture::X86_64, Program::Other, None, false),
        ),
        (
            image(
                X86_64,
                10,
                (".data", "iPXE\0x\0iPXE/%s\0iPXE\0\0\0\x31.21.1 (g4e456)\0"),
                false,
            ),
            is(
                BootArchitecture::X86_64,
                Program::Ipxe(None),
                Some("1.21.1"),
                false,
            ),
        ),
        (
            bios(b"undionly"),
            is(
                BootArchitecture::Bios,
                Program::Ipxe(Some("undionly".to_owned())),
                None,
                false,
            ),
        ),
        (
            vec![
                0xea, 5, 0, 0xc0, 7, b'P', b'X', b'E', b'L', b'I', b'N', b'U', b'X',
            ],
            is(BootArchitecture::Bios, Program::Other, None, false),
        ),
    ] {
        assert_eq!(examined(&bytes), expected);
    }
}

#[test]
fn what_a_program_says_about_itself_is_fit_for_a_terminal() {
    let odd = IPXE
        .replace("snponly.efi", "snp\u{1b}[2Jonly.efi")
        .replace("2.0.0", &"2".repeat(400));
    let found = examined(&image(X86_64, 10, (".sbat", &odd), false)).expect("it is iPXE");
    assert_eq!(found.program, Program::Ipxe(Some("snp".to_owned())));
    assert_eq!(found.version, None);
}

#[test]
fn what_is_no_boot_file_is_named() {
    let at = |offset: usize, text: &[u8]| [&vec![1; offset], text].concat();
    for (bytes, expected) in [
        (Vec::new(), Fault::Empty),
        (b"\n <!DOCTYPE HTML><title>404".to_vec(), Fault::WebPage),
        (b"\xef\xbb\xbf<html>".to_vec(), Fault::WebPage),
        (vec![0x1f, 0x8b, 8], Fault::Gzip),
        (at(0x8001, b"CD001"), Fault::Iso),
        (at(510, &[0x55, 0xaa]), Fault::Disk),
        (at(0x202, b"HdrS"), Fault::Kernel),
        (b"#!ipxe\nshell\n".to_vec(), Fault::Script),
        (
            image(0x14c, 10, (".text", ""), false),
            Fault::Machine("32-bit x86 UEFI"),
        ),
        (
            image(0x1c2, 10, (".text", ""), false),
            Fault::Machine("32-bit ARM UEFI"),
        ),
        (
            image(X86_64, 11, (".text", "x"), false),
            Fault::Subsystem(11),
        ),
        (b"MZ".to_vec(), Fault::Truncated(None, 2)),
        (b"\x7fELF".to_vec(), Fault::Unknown),
    ] {
        assert_eq!(examined(&bytes), Err(expected));
    }
    let kernel = [&b"MZ"[..], &[0; 0x36], b"ARM\x64"].concat();
    assert_eq!(examined(&kernel), Err(Fault::Kernel));
}

#[test]
fn each_way_to_be_cut_short_is_seen() {
    for whole in [ipxe(X86_64, false), ipxe(X86_64, true)] {
        let length = whole.len() as u64;
        assert!(examined(&whole).is_ok());
        for end in [0x82, 0x1ff, 0x210, whole.len() - 1] {
            let found = examined(&whole[..end]);
            let cut = matches!(found, Err(Fault::Truncated(needed, has))
                if has == end as u64 && needed.is_none_or(|needed| needed == length));
            assert!(cut, "{end}: {found:?}");
        }
    }
}

#[test]
fn a_file_longer_than_any_boot_file_is_none() {
    assert_eq!(
        examine(&ipxe(X86_64, false), READ_LIMIT + 1),
        Err(Fault::TooLong(READ_LIMIT + 1))
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048), length in any::<u64>()) {
        let _ = examine(&bytes, length);
    }

    #[test]
    fn no_damage_makes_it_panic(
        changes in proptest::collection::vec((0usize..0x400, any::<u8>()), 1..8),
        cut in 0usize..0x400,
    ) {
        let mut bytes = shim(X86_64, IPXE_SHIM);
        for (offset, value) in changes {
            if let Some(byte) = bytes.get_mut(offset) {
                *byte = value;
            }
        }
        let _ = examined(&bytes);
        let _ = examined(&bytes[..cut.min(bytes.len())]);
        let _ = places::placed("x.efi", &bytes, &[], true);
    }
}
