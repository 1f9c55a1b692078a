//! What installers write when it goes wrong: words of a line → one sentence and one action.
//!
//! The more special a signature, the further up it stands: the first that fits any line counts. Sources: branches rhel-8 to rhel-10 of
//! rhinstaller/anaconda, dnf's librepo, the kernel, debian-installer's packages; recorded lines are in tests/doctor.

use super::Diagnosis;

/// Words that stand in one line in this order, and what they mean.
pub struct Signature {
    /// Short name that does not change between versions.
    pub code: &'static str,
    /// Words that a line holds, in this order; any of these lines will do.
    lines: &'static [&'static [&'static str]],
    sentence: &'static str,
    action: &'static str,
}

/// All of them, the most special first.
pub const SIGNATURES: [Signature; 24] = [
    Signature {
        code: "processor-too-old",
        lines: &[
            &["CPU does not support x86-64-v"],
            &["CPU ISA level is lower than required"],
        ],
        sentence: "the processor is older than this release needs (x86-64-v3: 2013 or later)",
        action: "install AlmaLinux 9, or AlmaLinux 10's build for x86_64_v2, on this machine",
    },
    Signature {
        code: "out-of-memory",
        lines: &[
            &["Out of memory: Killed process"],
            &["oom-kill:"],
            &["Cannot allocate memory"],
        ],
        sentence: "the machine ran out of memory while it installed",
        action: "give it 3 GB of memory (RHEL 9, 10), or boot the second stage from a mirror that it need not hold in memory",
    },
    Signature {
        code: "clock-wrong",
        lines: &[
            &["certificate is not yet valid"],
            &["certificate has expired"],
        ],
        sentence: "the machine's clock is wrong, so it takes no certificate for valid",
        action: "set the clock in its firmware, or use a mirror with http:",
    },
    Signature {
        code: "certificate-refused",
        lines: &[
            &["SSL certificate problem"],
            &["SSL peer certificate or SSH remote key was not OK"],
        ],
        sentence: "the installer does not trust the mirror's certificate",
        action: "use a mirror with http:, or add --noverifyssl to url and repo",
    },
    Signature {
        code: "name-not-resolved",
        lines: &[
            &["Could not resolve host"],
            &["Couldn't resolve host"],
            &["Temporary failure in name resolution"],
            &["wget: bad address"],
        ],
        sentence: "the installer cannot find the mirror's name: it has no name server that answers",
        action: "set `list dns` of the host, and see that DHCP gives a name server",
    },
    Signature {
        code: "mirror-404",
        lines: &[
            &["Status code: 404 for"],
            &["requested URL returned error: 404"],
            &["wget: server returned error: HTTP/1.1 404"],
        ],
        sentence: "the mirror does not have what the installer asks for: its path is wrong, or the release has moved",
        action: "open the URL in the log, and correct `option mirror` of the profile",
    },
    Signature {
        code: "mirror-unreachable",
        lines: &[
            &["Connection timed out after"],
            &["Failed to connect to"],
            &["Operation too slow"],
            &["Curl error (28)"],
            &["Curl error (7)"],
        ],
        sentence: "the mirror does not answer, or far too slowly",
        action: "see that the LAN reaches the Internet, or copy the installation media to the router's files",
    },
    Signature {
        code: "repository-broken",
        lines: &[
            &["Failed to download metadata for repo"],
            &["Failed to download metadata (baseurl"],
            &["repomd.xml parser error"],
            &["Error setting up software source"],
            &["Error downloading package metadata"],
        ],
        sentence: "a package repository cannot be read",
        action: "open the repository's URL with /repodata/repomd.xml at its end; correct url and repo of the kickstart, or the profile's mirror",
    },
    Signature {
        code: "package-missing",
        lines: &[
            &["No match for argument"],
            &["No packages matching"],
            &["missing packages, groups or modules"],
            &["Unable to locate package"],
            &["Missing specs"],
        ],
        sentence: "a package or group of the answer file is not in any repository",
        action: "correct the name in %packages or `list package`, or add the repository that has it",
    },
    Signature {
        code: "package-signature",
        lines: &[
            &["GPG check FAILED"],
            &["Public key for", "is not installed"],
            &["Package", "is not signed"],
            &["The following signatures were invalid"],
        ],
        sentence: "a package's signature is not trusted",
        action: "see that mirror and release belong together",
    },
    Signature {
        code: "kickstart-error",
        lines: &[
            &["problem occurred on line", "of the kickstart file"],
            &["Unknown command:"],
            &["kickstart parsing failed"],
            &["Kickstart file has errors"],
        ],
        sentence: "the installer does not understand the kickstart",
        action: "`kickstand check HOST` names the line",
    },
    Signature {
        code: "disk-missing",
        lines: &[
            &["Disk", "given in", "command does not exist"],
            &["Specified nonexistent disk"],
            &["there is no disk", "in this machine"],
        ],
        sentence: "the disk that the answer file names is not in this machine",
        action: "set `option disk` of the host to one that it has (`kickstand hardware HOST` after `kickstand arm --discover HOST`)",
    },
    Signature {
        code: "several-disks",
        lines: &[
            &["there are several disks"],
            &["several disks: set option disk"],
        ],
        sentence: "the machine has several disks, and nobody said which one may be wiped",
        action: "set `option disk` of the host",
    },
    Signature {
        code: "no-disk",
        lines: &[
            &["there is no fixed disk in this machine"],
            &["No disk drive was detected"],
            &["No usable disks"],
        ],
        sentence: "the installer sees no disk: a controller without a driver, or in RAID mode",
        action: "set the controller to AHCI or HBA mode in the firmware",
    },
    Signature {
        code: "disk-too-small",
        lines: &[
            &["ot enough free space on"],
            &["ot enough space in file systems"],
            &["Unable to allocate requested partition scheme"],
            &["No space left on device"],
        ],
        sentence: "the disk, or a file system on it, is too small for what is planned",
        action: "plan smaller partitions (`list var 'swap_mb=…'`), or fewer packages",
    },
    Signature {
        code: "disk-in-use",
        lines: &[
            &["device is in use"],
            &["Device or resource busy"],
            &["partition", "is currently in use"],
        ],
        sentence: "something on the disk is in use: LVM or RAID of an earlier system",
        action: "wipe the disk's first and last megabyte once (wipefs -a), then arm again",
    },
    Signature {
        code: "no-root-file-system",
        lines: &[
            &["No root file system is defined"],
            &["You have not defined a root partition"],
        ],
        sentence: "the disk plan has no root file system",
        action: "`kickstand check HOST`",
    },
    Signature {
        code: "boot-loader",
        lines: &[
            &["boot loader install failed"],
            &["Failed to set new efi boot target"],
            &["Failed to write boot loader configuration"],
            &["occurred while installing the boot loader"],
            &["grub-install", "failed"],
        ],
        sentence: "the boot loader could not be installed",
        action: "see that firmware and disk plan agree (UEFI needs /boot/efi), and delete old entries in the firmware's boot menu",
    },
    Signature {
        code: "claim-refused",
        lines: &[&["the claim was refused"]],
        sentence: "the installer asked to begin, and was refused",
        action: "arm the host again; `kickstand status HOST` says what the refusal was",
    },
    Signature {
        code: "script-failed",
        lines: &[
            &["running the kickstart script at line"],
            &["command", "late_command", "failed"],
            &["running preseed command", "failed"],
        ],
        sentence: "a script of the answer file failed",
        action: "the line is in the log; try that script on a machine like this one",
    },
    Signature {
        code: "bad-archive-mirror",
        lines: &[
            &["Bad archive mirror"],
            &["choose-mirror", "failed"],
            &["mirror does not support the specified release"],
        ],
        sentence: "Debian's installer does not accept the mirror",
        action: "correct `option mirror` of the profile: it holds dists/ and pool/",
    },
    Signature {
        code: "preseed-not-fetched",
        lines: &[
            &["preconfiguration file", "could not be retrieved"],
            &["failed to retrieve the preconfiguration file"],
        ],
        sentence: "Debian's installer did not get its preseed",
        action: "`kickstand explain HOST` says why it would be refused",
    },
    Signature {
        code: "waits-for-input",
        lines: &[
            &["installation stopped for info"],
            &["mandatory spokes are not completed"],
            &["incomplete spokes detected"],
            &["User interaction required on spoke"],
            &["there cannot be any questions in cmdline mode"],
        ],
        sentence: "the installer wants to ask a person something that the answer file leaves open",
        action: "`kickstand check HOST` says what is missing, such as rootpw",
    },
    Signature {
        code: "installer-broke",
        lines: &[
            &["Traceback (most recent call last)"],
            &["An unknown error has occurred"],
            &["failed with error code"],
            &["Non interactive installation failed"],
        ],
        sentence: "the installer itself broke off",
        action: "the last lines of its log say at what",
    },
];

impl Signature {
    fn fits(&self, line: &str) -> bool {
        self.lines.iter().any(|words| {
            let mut rest = line;
            words.iter().all(|word| match rest.split_once(word) {
                Some((_, after)) => {
                    rest = after;
                    true
                }
                None => false,
            })
        })
    }
}

/// What the end of an installer's log says, and the line that says it.
pub fn diagnose(log: &str) -> Option<(Diagnosis, &str)> {
    SIGNATURES.iter().find_map(|signature| {
        let line = log.lines().find(|line| signature.fits(line))?;
        let diagnosis = Diagnosis::new(signature.code, signature.sentence, signature.action);
        Some((diagnosis, line))
    })
}
