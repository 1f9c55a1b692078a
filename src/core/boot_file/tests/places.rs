//! Given these files, this is where they go, and what machines get then.

use std::collections::{BTreeMap, BTreeSet};

use super::super::handout::handouts;
use super::super::place::{Member, Source, is_as_named, place, wanted};
use super::*;
use crate::core::settings::Main;

pub(super) fn placed(
    name: &str,
    bytes: &[u8],
    there: &[&str],
    force: bool,
) -> Result<String, String> {
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
