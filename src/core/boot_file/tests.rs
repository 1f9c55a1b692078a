//! Given these bytes, this is what the file is and where it goes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::handout::handouts;
use super::place::{Member, Source, is_as_named, place, wanted};
use super::*;
use crate::core::settings::Main;

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
                           shim.debian,1,Debian,shim,16.1,https://tracker.debian.org/pkg/shim\n";
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

fn placed(name: &str, bytes: &[u8], there: &[&str], force: bool) -> Result<String, String> {
    let source = Source {
        name,
        bytes,
        length: bytes.len() as u64,
    };
    place(source, |file| there.contains(&file), force).map(|(_, place)| place)
}

#[test]
fn a_file_goes_where_dnsmasq_looks_for_what_it_is() {
    let old = image(X86_64, 10, (".data", "iPXE/%s"), false);
    for (name, bytes, there, expected) in [
        // The name of the build counts before the name of the file.
        (
            "download(1).efi",
            ipxe(X86_64, false),
            vec![],
            "x86_64/snponly.efi",
        ),
        (
            "ipxe.efi",
            ipxe(X86_64, true),
            vec![],
            "x86_64-sb/snponly.efi",
        ),
        (
            "snponly.efi",
            ipxe(ARM64, true),
            vec![],
            "arm64-sb/snponly.efi",
        ),
        ("ipxe-x86_64.efi", old.clone(), vec![], "x86_64/ipxe.efi"),
        ("my.efi", old.clone(), vec![], "x86_64/my.efi"),
        ("ipxe-legacy.efi", old, vec![], "x86_64/ipxe-legacy.efi"),
        (
            "shimx64.efi",
            shim(X86_64, IPXE_SHIM),
            vec![],
            "x86_64-sb/snponly-shim.efi",
        ),
        (
            "shimx64.efi",
            shim(X86_64, IPXE_SHIM),
            vec!["x86_64-sb/ipxe.efi"],
            "x86_64-sb/ipxe-shim.efi",
        ),
        (
            "shimaa64.efi",
            shim(ARM64, IPXE_SHIM),
            vec!["arm64-sb/ipxe.efi", "arm64-sb/snponly.efi"],
            "arm64-sb/snponly-shim.efi",
        ),
        ("undionly.kpxe", bios(b""), vec![], "undionly.kpxe"),
        ("0", bios(b"undionly"), vec![], "undionly.kpxe"),
        ("ipxe.pxe", bios(b""), vec![], "ipxe.pxe"),
        (
            "undionly.kkpxe",
            bios(b"undionly"),
            vec![],
            "undionly.kkpxe",
        ),
        (
            "localboot.efi",
            image(X86_64, 10, ("mods", "x"), false),
            vec![],
            "localboot.efi",
        ),
        (
            "localboot.efi",
            image(ARM64, 10, ("mods", "x"), false),
            vec![],
            "localboot-arm64.efi",
        ),
    ] {
        assert_eq!(
            placed(name, &bytes, &there, false),
            Ok(expected.to_owned()),
            "{name}"
        );
    }
}

#[test]
fn what_kickstand_has_no_use_for_takes_force_and_what_is_broken_stays_out() {
    let memtest = image(X86_64, 10, (".text", "memtest"), false);
    let ia32 = image(0x14c, 10, (".text", ""), false);
    let whole = ipxe(X86_64, false);
    for (name, bytes, forced) in [
        (
            "memtest.efi",
            memtest.as_slice(),
            Some("x86_64/memtest.efi"),
        ),
        (
            "shimx64.efi",
            &shim(X86_64, DEBIAN_SHIM),
            Some("x86_64-sb/shimx64.efi"),
        ),
        ("ia32.efi", &ia32, Some("ia32.efi")),
        ("notes.txt", b"hello", Some("notes.txt")),
        ("a b.txt", b"hello", None),
        ("snponly.efi", &whole[..0x210], None),
        ("snponly.efi", b"<html>", None),
        ("snponly.efi", b"", None),
    ] {
        assert!(placed(name, bytes, &[], false).is_err(), "{name}");
        assert_eq!(
            placed(name, bytes, &[], true).ok().as_deref(),
            forced,
            "{name}"
        );
    }
}

#[test]
fn the_signed_pair_is_taken_out_of_an_archive_else_the_plain_build() {
    let places = |names: &[&str]| {
        let found = wanted(BootArchitecture::X86_64, names)?;
        let members = found.into_iter().flatten();
        Ok::<_, String>(members.map(|member| member.place).collect::<Vec<_>>())
    };
    let plain = "ipxeboot/x86_64/snponly.efi";
    let loader = "ipxeboot/x86_64-sb/snponly.efi";
    let shim = "ipxeboot/x86_64-sb/shimx64.efi";
    assert_eq!(
        places(&[plain, loader, shim]),
        Ok(vec!["x86_64-sb/snponly.efi", "x86_64-sb/snponly-shim.efi"])
    );
    assert_eq!(places(&[plain, loader]), Ok(vec!["x86_64/snponly.efi"]));
    assert_eq!(places(&["../snponly.efi"]), Ok(vec![]));
    assert_eq!(
        places(&[loader, shim, shim]),
        Err(format!("has {shim} more than once"))
    );
}

#[test]
fn every_place_of_the_archive_is_one_where_dnsmasq_looks() {
    let all = crate::core::dnsmasq::boot_files::wanted(&BTreeMap::new());
    for architecture in crate::core::dnsmasq::boot_files::ARCHITECTURES {
        for names in [
            &[
                "ipxeboot/i386/undionly.kpxe",
                "ipxeboot/x86_64-sb/snponly.efi",
                "ipxeboot/x86_64-sb/shimx64.efi",
                "ipxeboot/arm64-sb/snponly.efi",
                "ipxeboot/arm64-sb/shimaa64.efi",
            ][..],
            &[
                "ipxeboot/x86_64/undionly.kpxe",
                "ipxeboot/x86_64/snponly.efi",
                "ipxeboot/arm64/snponly.efi",
            ],
        ] {
            for member in wanted(architecture, names)
                .expect("each once")
                .expect("it is there")
            {
                assert!(all.contains(member.place), "{member:?}");
            }
        }
    }
}

#[test]
fn a_member_that_is_another_thing_than_its_name_says_is_refused() {
    let loader = Member {
        name: "ipxeboot/x86_64-sb/snponly.efi",
        place: "x86_64-sb/snponly.efi",
    };
    let told = |bytes: &[u8]| is_as_named(&loader, BootArchitecture::X86_64, bytes);
    assert!(told(&ipxe(X86_64, true)).is_ok());
    for bytes in [ipxe(ARM64, true), shim(X86_64, IPXE_SHIM), Vec::new()] {
        assert!(told(&bytes).is_err());
    }
}

/// Problems and commands of x86-64 machines, when these files are there.
fn problems(
    main: &Main,
    files: &[(&str, Vec<u8>)],
) -> (Option<String>, Vec<String>, Option<String>) {
    let found = files
        .iter()
        .map(|(name, bytes)| ((*name).to_owned(), examined(bytes)))
        .collect();
    let servable: BTreeSet<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    let handout = handouts(main, &found, &servable)
        .into_iter()
        .find(|handout| handout.architecture == BootArchitecture::X86_64)
        .expect("one for each");
    (handout.file, handout.problems, handout.command)
}

#[test]
fn what_machines_get_comes_with_what_is_wrong_and_what_helps() {
    let main = Main::default();
    let fetch = || Some("kickstand boot-files fetch x86_64".to_owned());
    let shim_file = "x86_64-sb/snponly-shim.efi";
    let loader = "x86_64-sb/snponly.efi";

    let (file, wrong, command) = problems(&main, &[]);
    assert_eq!((file, wrong.len(), command), (None, 1, fetch()));

    let good = [
        (shim_file, shim(X86_64, IPXE_SHIM)),
        (loader, ipxe(X86_64, true)),
    ];
    assert_eq!(
        problems(&main, &good),
        (Some(shim_file.to_owned()), vec![], None)
    );

    let (file, wrong, command) = problems(&main, &[("snponly.efi", ipxe(X86_64, false))]);
    assert_eq!((file.as_deref(), command), (Some("snponly.efi"), None));
    assert!(wrong[0].contains("Secure Boot"), "{wrong:?}");

    for (files, text) in [
        (
            vec![("snponly.efi", ipxe(ARM64, false))],
            "is for UEFI machines (arm64)",
        ),
        (vec![("snponly.efi", b"<html>".to_vec())], "is a web page"),
        (
            vec![
                (shim_file, shim(X86_64, DEBIAN_SHIM)),
                (loader, ipxe(X86_64, true)),
            ],
            "snponly-shim.efi is shim for GRUB",
        ),
        (
            vec![
                (shim_file, shim(X86_64, IPXE_SHIM)),
                (loader, ipxe(ARM64, true)),
            ],
            "x86_64-sb/snponly.efi is for UEFI machines (arm64)",
        ),
    ] {
        let (_, wrong, command) = problems(&main, &files);
        assert!(wrong[0].contains(text), "{wrong:?}");
        assert_eq!(command, fetch());
    }

    let chosen = Main {
        boot_files: BTreeMap::from([(BootArchitecture::X86_64, "my.efi".to_owned())]),
        ..Main::default()
    };
    let (file, wrong, command) = problems(&chosen, &good);
    assert_eq!(file, None);
    assert!(
        wrong[0].contains("boot_file_x86_64 chooses my.efi"),
        "{wrong:?}"
    );
    assert_eq!(
        command.as_deref(),
        Some("uci delete kickstand.main.boot_file_x86_64")
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
        let _ = placed("x.efi", &bytes, &[], true);
    }
}
