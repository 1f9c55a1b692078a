//! A router's files, Debian's boot files, and archives made of them, for the tests of `kickstand boot-files`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use kickstand_lab::scratch::Scratch;
use kickstand_lab::setup::Lab;

pub const UNDIONLY: &str = "/usr/lib/ipxe/undionly.kpxe";
pub const SNPONLY: &str = "/usr/lib/ipxe/snponly.efi";

/// Stands in for OpenWrt's uclient-fetch: curl, with the options and exit codes that kickstand knows.
pub const FETCH: &str = "#!/bin/sh
# Stands in for uclient-fetch -T SECONDS -O - URL.
PATH=/usr/bin:/bin
[ \"$1 $3 $4\" = '-T -O -' ] || exit 1
curl --silent --show-error --fail --location --max-time \"$2\" \"$5\"
case $? in 0) exit 0 ;; 7) exit 4 ;; 22) exit 8 ;; 60) exit 5 ;; *) exit 1 ;; esac
";

/// A router's files.
pub struct Router {
    pub root: Scratch,
}

pub struct Said {
    pub code: i32,
    pub out: String,
    pub error: String,
}

impl Router {
    pub fn new() -> Self {
        let router = Router {
            root: Scratch::new("boot"),
        };
        router.configure("");
        router.root.write_program("bin/uclient-fetch", FETCH);
        router
    }

    pub fn configure(&self, options: &str) {
        self.root.write(
            "etc/config/kickstand",
            format!("config kickstand 'main'\n{options}"),
        );
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kickstand"));
        command
            .arg("--root")
            .arg(self.root.path())
            .arg("boot-files");
        said(command.args(arguments))
    }

    /// The same where `tftp_root` is a file system of so many KB, which is gone with the command.
    pub fn run_on_small_flash(&self, kilobytes: u32, arguments: &[&str]) -> Said {
        let tftp = self.tftp("");
        fs::create_dir_all(&tftp).expect("it can be made");
        let script = "mount -t tmpfs -o size=\"$1k\" none \"$2\" || exit 99
            shift; tftp=$1; shift; \"$@\"; code=$?; ls -A \"$tftp\"; exit $code";
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-c", script, "sh", &kilobytes.to_string()])
            .arg(tftp)
            .arg(env!("CARGO_BIN_EXE_kickstand"))
            .arg("--root")
            .arg(self.root.path())
            .arg("boot-files");
        said(command.args(arguments))
    }

    pub fn tftp(&self, name: &str) -> PathBuf {
        self.root.join("srv/tftp").join(name)
    }

    /// Everything that is below `tftp_root`, hidden files too.
    pub fn everything(&self) -> Vec<String> {
        let output = Command::new("find")
            .arg(self.tftp(""))
            .args(["!", "-type", "d", "-printf", "%P\n"])
            .output()
            .expect("find runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut names: Vec<String> = text.lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    pub fn nothing_is_left(&self) {
        assert_eq!(self.everything(), Vec::<String>::new());
        assert!(
            !self
                .root
                .join("var/run/kickstand-apply/boot-files")
                .exists()
        );
    }
}

pub fn said(command: &mut Command) -> Said {
    let output = command.output().expect("it runs");
    Said {
        code: output.status.code().expect("it ended by itself"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        error: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

pub fn done(said: &Said) {
    assert_eq!(said.code, 0, "{}{}", said.out, said.error);
}

pub fn failed(said: &Said, parts: &[&str]) {
    assert_eq!(said.code, 1, "{}{}", said.out, said.error);
    for part in parts {
        assert!(said.error.contains(part), "no {part:?} in {}", said.error);
    }
    assert!(!said.error.contains("panicked"), "{}", said.error);
}

pub fn unpacked(name: &str) -> PathBuf {
    Lab::set_up()
        .expect("the lab is there")
        .unpacked()
        .join(name)
}

/// Debian's signed shim under the name that iPXE's gives itself.
pub fn ipxe_shim() -> Vec<u8> {
    let mut bytes = fs::read(unpacked("usr/lib/shim/shimx64.efi.signed")).expect("it is there");
    let (debian, ipxe) = (b"shim.debian,1,Debian", b"shim.ipxe,1,iPXE    ");
    let place = bytes
        .windows(debian.len())
        .position(|window| window == debian)
        .expect("it says whose it is");
    bytes[place..place + ipxe.len()].copy_from_slice(ipxe);
    bytes
}

/// The same program as if it were for arm64.
pub fn for_arm64(mut bytes: Vec<u8>) -> Vec<u8> {
    let header = u32::from_le_bytes(bytes[0x3c..0x40].try_into().expect("four bytes")) as usize;
    bytes[header + 4..header + 6].copy_from_slice(&0xaa64u16.to_le_bytes());
    bytes
}

/// An archive with the layout of iPXE 2.0.0's (its `util/gensrvimg`): shims are links there. Debian's builds stand in.
pub fn archive(folder: &Scratch, with_arm64: bool) -> PathBuf {
    let (shim, snponly) = (ipxe_shim(), fs::read(SNPONLY).expect("it is there"));
    folder.write(
        "ipxeboot/i386/undionly.kpxe",
        fs::read(UNDIONLY).expect("it is there"),
    );
    folder.write("ipxeboot/x86_64-sb/snponly.efi", &snponly);
    folder.write("ipxeboot/x86_64-sb/shimx64.efi", &shim);
    symlink(
        "shimx64.efi",
        folder.join("ipxeboot/x86_64-sb/snponly-shim.efi"),
    )
    .expect("a link");
    symlink("x86_64-sb", folder.join("ipxeboot/sb")).expect("a link");
    if with_arm64 {
        folder.write("ipxeboot/arm64-sb/snponly.efi", for_arm64(snponly));
        folder.write("ipxeboot/arm64-sb/shimaa64.efi", for_arm64(shim));
    }
    pack(folder, &["ipxeboot"])
}

pub fn pack(folder: &Scratch, arguments: &[&str]) -> PathBuf {
    let path = folder.join("ipxeboot.tar.gz");
    let status = Command::new("tar")
        .arg("-czf")
        .arg(&path)
        .arg("-C")
        .arg(folder.path())
        .args(arguments)
        .status()
        .expect("tar runs");
    assert!(status.success());
    path
}

pub const ALL: [&str; 5] = [
    "arm64-sb/snponly-shim.efi",
    "arm64-sb/snponly.efi",
    "undionly.kpxe",
    "x86_64-sb/snponly-shim.efi",
    "x86_64-sb/snponly.efi",
];
