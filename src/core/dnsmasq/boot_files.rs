//! Which boot file a machine gets, and where people put boot files.
//!
//! Not its job: looking into the folder (the caller says what exists), the rules for dnsmasq ([`super`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::core::settings::BootArchitecture;

/// A place where a boot file is looked for when the user chose none, relative to `tftp_root`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// What the firmware loads.
    pub file: &'static str,
    /// What that file loads from beside itself: without it, the candidate is of no use.
    pub needs: Option<&'static str>,
}

const fn plain(file: &'static str) -> Candidate {
    Candidate { file, needs: None }
}

const fn signed(file: &'static str, needs: &'static str) -> Candidate {
    Candidate {
        file,
        needs: Some(needs),
    }
}

// The folders are those of iPXE's release archive `ipxeboot.tar.gz` (iPXE 2.0.0, `src/util/gensrvimg`), unpacked into
// `tftp_root` with or without its own top folder `ipxeboot`. There, `x86_64-sb/snponly-shim.efi` is a link to `shimx64.efi`
// beside it, and the shim loads what its name without `-shim` says (ipxe/shim, `automatic_next_path`).

/// undionly.kpxe keeps to the card's own driver, as snponly.efi does. The build for 32 bits runs on every processor.
const BIOS: [Candidate; 6] = [
    plain("undionly.kpxe"),
    plain("i386/undionly.kpxe"),
    plain("x86_64/undionly.kpxe"),
    plain("ipxeboot/i386/undionly.kpxe"),
    plain("ipxeboot/x86_64/undionly.kpxe"),
    plain("ipxe.pxe"),
];

/// The signed shim first: it starts with Secure Boot on and off. Then snponly before ipxe: it keeps to the firmware's
/// network driver, and iPXE's own does not get a lease on the Broadcom cards of Dell's servers.
///
/// A signed iPXE without a shim is for those whose machines trust its key, or have Secure Boot off.
const X86_64: [Candidate; 14] = [
    signed("x86_64-sb/snponly-shim.efi", "x86_64-sb/snponly.efi"),
    signed(
        "ipxeboot/x86_64-sb/snponly-shim.efi",
        "ipxeboot/x86_64-sb/snponly.efi",
    ),
    plain("x86_64/snponly.efi"),
    plain("ipxeboot/x86_64/snponly.efi"),
    plain("snponly.efi"),
    plain("snponly-x86_64.efi"),
    plain("x86_64-sb/snponly.efi"),
    signed("x86_64-sb/ipxe-shim.efi", "x86_64-sb/ipxe.efi"),
    signed(
        "ipxeboot/x86_64-sb/ipxe-shim.efi",
        "ipxeboot/x86_64-sb/ipxe.efi",
    ),
    plain("x86_64/ipxe.efi"),
    plain("ipxeboot/x86_64/ipxe.efi"),
    plain("ipxe.efi"),
    plain("ipxe-x86_64.efi"),
    plain("x86_64-sb/ipxe.efi"),
];

/// The same order as for x86-64; a bare `snponly.efi` is x86-64 by custom, so it is no candidate here.
const ARM64: [Candidate; 12] = [
    signed("arm64-sb/snponly-shim.efi", "arm64-sb/snponly.efi"),
    signed(
        "ipxeboot/arm64-sb/snponly-shim.efi",
        "ipxeboot/arm64-sb/snponly.efi",
    ),
    plain("arm64/snponly.efi"),
    plain("ipxeboot/arm64/snponly.efi"),
    plain("snponly-arm64.efi"),
    plain("arm64-sb/snponly.efi"),
    signed("arm64-sb/ipxe-shim.efi", "arm64-sb/ipxe.efi"),
    signed(
        "ipxeboot/arm64-sb/ipxe-shim.efi",
        "ipxeboot/arm64-sb/ipxe.efi",
    ),
    plain("arm64/ipxe.efi"),
    plain("ipxeboot/arm64/ipxe.efi"),
    plain("ipxe-arm64.efi"),
    plain("arm64-sb/ipxe.efi"),
];

/// Every architecture, in the order in which they are reported.
pub const ARCHITECTURES: [BootArchitecture; 3] = [
    BootArchitecture::Bios,
    BootArchitecture::X86_64,
    BootArchitecture::Arm64,
];

/// Where a boot file for that architecture is looked for, the preferred place first.
pub fn candidates(architecture: BootArchitecture) -> &'static [Candidate] {
    match architecture {
        BootArchitecture::Bios => &BIOS,
        BootArchitecture::X86_64 => &X86_64,
        BootArchitecture::Arm64 => &ARM64,
    }
}

/// What people call machines of that architecture.
pub fn words(architecture: BootArchitecture) -> &'static str {
    match architecture {
        BootArchitecture::Bios => "BIOS machines",
        BootArchitecture::X86_64 => "UEFI machines (x86-64)",
        BootArchitecture::Arm64 => "UEFI machines (arm64)",
    }
}

/// Every path below `tftp_root` whose existence matters.
pub fn wanted(chosen: &BTreeMap<BootArchitecture, String>) -> BTreeSet<String> {
    ARCHITECTURES
        .iter()
        .flat_map(|architecture| candidates(*architecture))
        .flat_map(|candidate| std::iter::once(candidate.file).chain(candidate.needs))
        .map(str::to_owned)
        .chain(
            chosen
                .values()
                .filter(|file| name_fault(file).is_none())
                .cloned(),
        )
        .collect()
}

/// The boot file of that architecture, or a sentence that says which one is missing and where to put it.
pub fn choose(
    architecture: BootArchitecture,
    chosen: &BTreeMap<BootArchitecture, String>,
    existing: &BTreeSet<String>,
    tftp_root: &str,
) -> Result<String, String> {
    let words = words(architecture);
    if let Some(file) = chosen.get(&architecture) {
        if let Some(fault) = name_fault(file) {
            return Err(format!(
                "{words} get no boot file: the chosen name '{file}' {fault}."
            ));
        }
        if existing.contains(file) {
            return Ok(file.clone());
        }
        return Err(format!(
            "{words} get no boot file: the chosen {file} is not below {tftp_root}; put it there and run \
             'kickstand apply' again."
        ));
    }
    let all = candidates(architecture);
    let exists = |candidate: &&Candidate| {
        existing.contains(candidate.file)
            && candidate
                .needs
                .is_none_or(|needed| existing.contains(needed))
    };
    if let Some(candidate) = all.iter().find(exists) {
        return Ok(candidate.file.to_owned());
    }
    let places: Vec<String> = all
        .iter()
        .filter(|candidate| !candidate.file.starts_with("ipxeboot/"))
        .take(3)
        .map(|candidate| match candidate.needs {
            Some(needed) => format!("{} with {needed}", candidate.file),
            None => candidate.file.to_owned(),
        })
        .collect();
    Err(format!(
        "{words} get no boot file: none is below {tftp_root}; run 'kickstand boot-files fetch {}', or put iPXE there as {}, and run \
         'kickstand apply' again.",
        architecture.word(),
        places.join(", or ")
    ))
}

/// Why a name relative to `tftp_root` cannot be announced, if it cannot.
///
/// The name ends up in a line of dnsmasq's configuration, where commas, quotes and `#` mean something, and in a URL.
pub fn name_fault(file: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '/');
    if file.is_empty() || !file.chars().all(plain) {
        return Some("may hold letters, digits and . _ - + / only");
    }
    let climbs = |part: &str| part.is_empty() || part == "." || part == "..";
    if file.split('/').any(climbs) {
        return Some("must be relative to tftp_root, without empty parts, '.' or '..'");
    }
    // RFC 2131: the header field `file` holds 128 bytes with its final zero.
    if file.len() > 127 {
        return Some("is longer than the 127 bytes that DHCP can carry");
    }
    None
}

/// Why a folder cannot be the root of TFTP, if it cannot.
///
/// It becomes a line of dnsmasq's configuration (a comma would begin a second field) and a mount of its jail (a blank would
/// make two of it), and everything below it that the world may read is sent to whoever asks.
pub fn tftp_root_fault(folder: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '/');
    if !folder.starts_with('/') || !folder.chars().all(plain) {
        return Some("must be an absolute path of letters, digits and . _ - + /");
    }
    let parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if parts.iter().any(|part| matches!(*part, "." | "..")) {
        return Some("must not contain '.' or '..'");
    }
    match parts.as_slice() {
        []
        | ["home" | "media" | "mnt" | "opt" | "overlay" | "root" | "srv" | "tmp" | "var" | "www"]
        | [
            "bin" | "boot" | "dev" | "etc" | "lib" | "proc" | "rom" | "sbin" | "sys" | "usr",
            ..,
        ] => Some("would give the router's own files to everybody; use a folder such as /srv/tftp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(files: &[&str]) -> BTreeSet<String> {
        files.iter().map(|file| (*file).to_owned()).collect()
    }

    fn x64(files: &[&str]) -> Result<String, String> {
        choose(
            BootArchitecture::X86_64,
            &BTreeMap::new(),
            &set(files),
            "/srv/tftp",
        )
    }

    #[test]
    fn snponly_is_preferred_and_the_shim_needs_its_loader() {
        assert_eq!(x64(&["ipxe.efi", "snponly.efi"]), Ok("snponly.efi".into()));
        assert_eq!(
            x64(&["x86_64-sb/snponly-shim.efi", "x86_64/ipxe.efi"]),
            Ok("x86_64/ipxe.efi".into())
        );
        assert_eq!(
            x64(&["x86_64-sb/snponly-shim.efi", "x86_64-sb/snponly.efi"]),
            Ok("x86_64-sb/snponly-shim.efi".into())
        );
    }

    #[test]
    fn what_is_missing_is_named_with_its_place() {
        let sentence = x64(&[]).expect_err("nothing exists");
        assert!(sentence.contains("/srv/tftp"), "{sentence}");
        assert!(sentence.contains("x86_64/snponly.efi"), "{sentence}");
    }

    #[test]
    fn a_chosen_file_is_taken_or_missed_but_never_replaced() {
        let chosen = BTreeMap::from([(BootArchitecture::Bios, "my/boot.0".to_owned())]);
        let bios = |existing: &[&str]| {
            choose(BootArchitecture::Bios, &chosen, &set(existing), "/srv/tftp")
        };
        assert_eq!(bios(&["my/boot.0"]), Ok("my/boot.0".to_owned()));
        assert!(bios(&["undionly.kpxe"]).is_err());
    }

    #[test]
    fn names_that_would_change_the_meaning_of_a_line_are_refused() {
        for name in [
            "",
            "/etc/shadow",
            "../x",
            "a//b",
            "a/./b",
            "a,b",
            "a b",
            "a#b",
            "a\"b",
            "a\nb",
            "é",
        ] {
            assert!(name_fault(name).is_some(), "{name:?}");
        }
        assert_eq!(name_fault("x86_64-sb/snponly-shim.efi"), None);
        for architecture in ARCHITECTURES {
            for candidate in candidates(architecture) {
                assert_eq!(name_fault(candidate.file), None);
            }
        }
    }

    #[test]
    fn folders_that_hold_more_than_boot_files_are_no_tftp_root() {
        for folder in [
            "/srv/tftp",
            "/root/tftp",
            "/tftp",
            "/mnt/sda1",
            "/tmp/tftp/",
        ] {
            assert_eq!(tftp_root_fault(folder), None, "{folder}");
        }
        for folder in [
            "",
            "tftp",
            "/",
            "//",
            "/etc",
            "/etc/config",
            "/root/",
            "/srv/../etc",
            "/a b",
            "/a,b",
            "/a#b",
        ] {
            assert!(tftp_root_fault(folder).is_some(), "{folder}");
        }
    }
}
