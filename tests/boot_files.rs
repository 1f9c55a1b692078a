//! Given these files, real ones of Debian's among them, this is what `kickstand boot-files` says and puts in place.
//!
//! Not its job: what dnsmasq is told (the tests of apply).

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use kickstand_lab::scratch::Scratch;
use kickstand_lab::setup::Lab;
use serde_json::Value;

const UNDIONLY: &str = "/usr/lib/ipxe/undionly.kpxe";
const SNPONLY: &str = "/usr/lib/ipxe/snponly.efi";

/// Stands in for OpenWrt's uclient-fetch: curl, with the options and exit codes that kickstand knows.
const FETCH: &str = "#!/bin/sh
# Stands in for uclient-fetch -T SECONDS -O - URL.
PATH=/usr/bin:/bin
[ \"$1 $3 $4\" = '-T -O -' ] || exit 1
curl --silent --show-error --fail --location --max-time \"$2\" \"$5\"
case $? in 0) exit 0 ;; 7) exit 4 ;; 22) exit 8 ;; 60) exit 5 ;; *) exit 1 ;; esac
";

/// A router's files.
struct Router {
    root: Scratch,
}

struct Said {
    code: i32,
    out: String,
    error: String,
}

impl Router {
    fn new() -> Self {
        let router = Router {
            root: Scratch::new("boot"),
        };
        router.configure("");
        let fetch = router.root.write("bin/uclient-fetch", FETCH);
        fs::set_permissions(fetch, fs::Permissions::from_mode(0o755)).expect("it was just made");
        router
    }

    fn configure(&self, options: &str) {
        self.root.write(
            "etc/config/kickstand",
            format!("config kickstand 'main'\n{options}"),
        );
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kickstand"));
        command
            .arg("--root")
            .arg(self.root.path())
            .arg("boot-files");
        said(command.args(arguments))
    }

    /// The same where `tftp_root` is a file system of so many KB, which is gone with the command.
    fn run_on_small_flash(&self, kilobytes: u32, arguments: &[&str]) -> Said {
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

    fn tftp(&self, name: &str) -> PathBuf {
        self.root.join("srv/tftp").join(name)
    }

    fn list(&self) -> Value {
        let said = self.run(&["--json"]);
        assert_eq!(said.code, 0, "{}", said.error);
        serde_json::from_str(&said.out).expect("it is JSON")
    }

    /// Everything that is below `tftp_root`, hidden files too.
    fn everything(&self) -> Vec<String> {
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

    fn nothing_is_left(&self) {
        assert_eq!(self.everything(), Vec::<String>::new());
        assert!(
            !self
                .root
                .join("var/run/kickstand-apply/boot-files")
                .exists()
        );
    }
}

fn said(command: &mut Command) -> Said {
    let output = command.output().expect("it runs");
    Said {
        code: output.status.code().expect("it ended by itself"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        error: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn done(said: &Said) {
    assert_eq!(said.code, 0, "{}{}", said.out, said.error);
}

fn failed(said: &Said, parts: &[&str]) {
    assert_eq!(said.code, 1, "{}{}", said.out, said.error);
    for part in parts {
        assert!(said.error.contains(part), "no {part:?} in {}", said.error);
    }
    assert!(!said.error.contains("panicked"), "{}", said.error);
}

fn unpacked(name: &str) -> PathBuf {
    Lab::set_up()
        .expect("the lab is there")
        .unpacked()
        .join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain name")
}

/// Debian's signed shim under the name that iPXE's gives itself.
fn ipxe_shim() -> Vec<u8> {
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
fn for_arm64(mut bytes: Vec<u8>) -> Vec<u8> {
    let header = u32::from_le_bytes(bytes[0x3c..0x40].try_into().expect("four bytes")) as usize;
    bytes[header + 4..header + 6].copy_from_slice(&0xaa64u16.to_le_bytes());
    bytes
}

/// An archive with the layout of iPXE 2.0.0's (its `util/gensrvimg`): shims are links there. Debian's builds stand in.
fn archive(folder: &Scratch, with_arm64: bool) -> PathBuf {
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

fn pack(folder: &Scratch, arguments: &[&str]) -> PathBuf {
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

const ALL: [&str; 5] = [
    "arm64-sb/snponly-shim.efi",
    "arm64-sb/snponly.efi",
    "undionly.kpxe",
    "x86_64-sb/snponly-shim.efi",
    "x86_64-sb/snponly.efi",
];

#[test]
fn debians_ipxe_is_known_and_put_where_it_is_looked_for() {
    let router = Router::new();
    let said = router.run(&["add", UNDIONLY, SNPONLY]);
    done(&said);
    assert!(
        said.out.contains("/etc/init.d/kickstand reload"),
        "{}",
        said.out
    );
    assert_eq!(router.everything(), ["undionly.kpxe", "x86_64/snponly.efi"]);
    let mode = fs::metadata(router.tftp("x86_64/snponly.efi"))
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644);

    let list = router.list();
    let version = list["files"][1]["version"]
        .as_str()
        .expect("iPXE's version");
    assert!(
        version.starts_with(|c: char| c.is_ascii_digit()),
        "{version}"
    );
    assert_eq!(list["files"][0]["architecture"], "bios");
    assert_eq!(list["files"][1]["signed"], false);
    assert_eq!(list["machines"][1]["file"], "x86_64/snponly.efi");
    assert_eq!(
        list["machines"][2]["command"],
        "kickstand boot-files fetch arm64"
    );
}

#[test]
fn debians_other_boot_loaders_are_named_and_not_taken_for_ipxe() {
    let router = Router::new();
    for (file, parts) in [
        (
            unpacked("usr/lib/shim/shimx64.efi.signed"),
            ["is a shim that loads GRUB", "fetch"],
        ),
        (
            unpacked("usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"),
            ["is GRUB", "localboot.efi"],
        ),
        (
            "/usr/lib/ipxe/ipxe.iso".into(),
            ["is an image of a CD", ".kpxe"],
        ),
        (
            "/boot/ipxe.lkrn".into(),
            ["is a Linux kernel", "nothing was put in place"],
        ),
        (
            "/bin/sh".into(),
            ["is no boot file", "nothing was put in place"],
        ),
        ("/usr/lib/ipxe".into(), ["can not be read", "no file"]),
        (
            "/nowhere/snponly.efi".into(),
            ["/nowhere/snponly.efi", "can not be read"],
        ),
    ] {
        failed(&router.run(&["add", UNDIONLY, text(&file)]), &parts);
        router.nothing_is_left();
    }
    done(&router.run(&[
        "add",
        "--force",
        text(&unpacked(
            "usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed",
        )),
    ]));
    assert_eq!(router.everything(), ["x86_64-sb/grubnetx64.efi.signed"]);
    assert_eq!(router.list()["files"][0]["what"], "GRUB");
}

#[test]
fn what_is_cut_short_or_another_thing_is_refused_even_by_force() {
    let router = Router::new();
    let files = Scratch::new("brought");
    let whole = fs::read(SNPONLY).expect("it is there");
    for (content, part) in [
        (&whole[..whole.len() / 2], "cut short"),
        (b"".as_slice(), "is empty"),
        (b"<!DOCTYPE html><p>Not found", "is a web page"),
    ] {
        let file = files.write("snponly.efi", content);
        failed(&router.run(&["add", "--force", text(&file)]), &[part]);
        router.nothing_is_left();
    }
}

#[test]
fn a_shim_is_named_after_the_loader_that_comes_with_it() {
    let router = Router::new();
    let files = Scratch::new("brought");
    let shim = files.write("shimx64.efi", ipxe_shim());
    let said = router.run(&["add", text(&shim)]);
    done(&said);
    assert_eq!(router.everything(), ["x86_64-sb/snponly-shim.efi"]);
    // Without its loader it is of no use, and the list says so.
    assert_eq!(router.list()["machines"][1]["file"], Value::Null);
}

#[test]
fn names_may_hold_blanks_colons_and_hyphens_where_they_are_not_kept() {
    let router = Router::new();
    let files = Scratch::new("brought");
    let snponly = files.write(
        "my own: snponly build.efi",
        fs::read(SNPONLY).expect("it is there"),
    );
    // Debian's build does not say its name, so it would be kept.
    failed(
        &router.run(&["add", text(&snponly)]),
        &["its name", "rename it"],
    );
    let undionly = files.write("-un dionly.kpxe", fs::read(UNDIONLY).expect("it is there"));
    failed(&router.run(&["add", "--", text(&undionly)]), &["rename it"]);
    let packed = archive(&files, false);
    let renamed = files.join("a b:c.tar.gz");
    fs::rename(packed, &renamed).expect("it is there");
    done(&router.run(&["add", text(&renamed)]));
    assert_eq!(router.run(&["add", "--bogus", UNDIONLY]).code, 2);
    assert_eq!(router.run(&["add"]).code, 2);
    assert_eq!(router.run(&["remove"]).code, 2);
}

#[test]
fn the_release_archive_gives_what_is_wanted_of_it_and_no_more() {
    let router = Router::new();
    let files = Scratch::new("brought");
    let packed = archive(&files, true);
    done(&router.run(&["add", text(&packed)]));
    assert_eq!(router.everything(), ALL);
    let list = router.list();
    for machines in list["machines"].as_array().expect("a list") {
        assert_eq!(machines["command"], Value::Null, "{machines}");
    }
    assert_eq!(list["machines"][1]["file"], "x86_64-sb/snponly-shim.efi");
    let again = router.run(&["add", text(&packed)]);
    done(&again);
    assert_eq!(
        again.out.matches("is there already").count(),
        ALL.len(),
        "{}",
        again.out
    );
}

#[test]
fn an_archive_without_an_architecture_serves_the_others() {
    let router = Router::new();
    let files = Scratch::new("brought");
    let packed = archive(&files, false);
    failed(
        &router.run(&["add", "--only", "arm64", text(&packed)]),
        &["has no ipxeboot/arm64-sb"],
    );
    router.nothing_is_left();
    done(&router.run(&["add", "--only", "bios", text(&packed)]));
    assert_eq!(router.everything(), ["undionly.kpxe"]);
    done(&router.run(&["add", text(&packed)]));
    assert_eq!(router.everything(), &ALL[2..]);
}

#[test]
fn nothing_in_an_archive_reaches_another_file() {
    let router = Router::new();
    let secret = router.root.write("secret", "secret");
    for links in [true, false] {
        let files = Scratch::new("brought");
        archive(&files, false);
        let loader = files.join("ipxeboot/x86_64-sb/snponly.efi");
        fs::remove_file(&loader).expect("it is there");
        if links {
            symlink(&secret, &loader).expect("a link");
        } else {
            fs::create_dir(&loader).expect("a folder");
            files.write("ipxeboot/x86_64-sb/snponly.efi/x", "x");
        }
        let packed = pack(&files, &["ipxeboot"]);
        let said = router.run(&["add", text(&packed)]);
        if links {
            failed(&said, &["snponly.efi in it is empty"]);
            router.nothing_is_left();
        } else {
            // A folder has another name in the list, so it is not taken for the file.
            done(&said);
            assert_eq!(router.everything(), ["undionly.kpxe"]);
        }
    }
    assert_eq!(fs::read_to_string(secret).expect("it is there"), "secret");
}

#[test]
fn broken_archives_are_refused_as_a_whole() {
    let router = Router::new();
    let files = Scratch::new("brought");
    let packed = fs::read(archive(&files, false)).expect("it is there");
    let half = files.write("half.tar.gz", &packed[..packed.len() / 2]);
    failed(&router.run(&["add", text(&half)]), &["is broken"]);
    router.nothing_is_left();
    let mixed = archive_with(
        &files,
        "ipxeboot/x86_64-sb/snponly.efi",
        &for_arm64(fs::read(SNPONLY).expect("it is there")),
    );
    failed(
        &router.run(&["add", text(&mixed)]),
        &["is not to be trusted", "is iPXE for UEFI machines (arm64)"],
    );
    router.nothing_is_left();
    let twice = pack(
        &files,
        &[
            "ipxeboot",
            "ipxeboot/x86_64-sb/shimx64.efi",
            "--hard-dereference",
        ],
    );
    failed(&router.run(&["add", text(&twice)]), &["more than once"]);
    router.nothing_is_left();
    let large = archive_with(&files, "ipxeboot/i386/undionly.kpxe", &vec![0; 9 << 20]);
    failed(&router.run(&["add", text(&large)]), &["more than"]);
    router.nothing_is_left();
}

fn archive_with(files: &Scratch, name: &str, content: &[u8]) -> PathBuf {
    files.write(name, content);
    pack(files, &["ipxeboot"])
}

#[test]
fn a_flash_that_is_too_small_is_left_as_it_is() {
    let router = Router::new();
    let files = Scratch::new("brought");
    let packed = archive(&files, true);
    let said = router.run_on_small_flash(1500, &["add", text(&packed)]);
    failed(
        &said,
        &["KB are missing", "nothing was put in place", "x86_64"],
    );
    assert_eq!(said.out, "");
    let said = router.run_on_small_flash(1800, &["add", "--only", "x86_64", text(&packed)]);
    done(&said);
    assert!(said.out.ends_with("x86_64-sb\n"), "{}", said.out);
}

#[test]
fn links_out_of_tftp_root_are_not_followed() {
    let router = Router::new();
    let elsewhere = Scratch::new("elsewhere");
    fs::create_dir_all(router.tftp("")).expect("it can be made");
    symlink(elsewhere.path(), router.tftp("x86_64")).expect("a link");
    failed(&router.run(&["add", SNPONLY]), &["leads out of"]);
    assert_eq!(
        fs::read_dir(elsewhere.path()).expect("it is there").count(),
        0
    );

    let precious = elsewhere.write("precious", "precious");
    symlink(&precious, router.tftp("undionly.kpxe")).expect("a link");
    done(&router.run(&["add", UNDIONLY]));
    assert_eq!(
        fs::read_to_string(precious).expect("it is there"),
        "precious"
    );
}

#[test]
fn whatever_lies_in_tftp_root_is_listed() {
    let router = Router::new();
    router.root.write("srv/tftp/notes on booting.txt", "hello");
    router.root.write("srv/tftp/autoexec.ipxe", "#!ipxe\n");
    router.root.write(
        "srv/tftp/snponly.efi",
        for_arm64(fs::read(SNPONLY).expect("it is there")),
    );
    // Sparse: an image of 3 GB that nobody reads to the end.
    let image = fs::File::create(router.tftp("large.img")).expect("it can be made");
    image.set_len(3 << 30).expect("it can be sparse");
    symlink("..", router.tftp("loop")).expect("a link");
    symlink("nowhere", router.tftp("dangling.efi")).expect("a link");
    let status = Command::new("mkfifo")
        .arg(router.tftp("pipe.efi"))
        .status()
        .expect("it runs");
    assert!(status.success());

    let list = router.list();
    let what = |name: &str| {
        let files = list["files"].as_array().expect("a list");
        files
            .iter()
            .find(|file| file["file"] == name)
            .map(|file| file["what"].clone())
    };
    assert_eq!(what("notes on booting.txt"), Some("other".into()));
    assert_eq!(what("autoexec.ipxe"), Some("iPXE script".into()));
    assert_eq!(what("large.img"), Some("other".into()));
    assert_eq!(what("dangling.efi"), None);
    assert_eq!(what("pipe.efi"), None);
    assert!(
        list["machines"][1]["problems"][0]
            .as_str()
            .is_some_and(|problem| problem.contains("is for UEFI machines (arm64)")),
        "{list}"
    );
    let table = router.run(&[]);
    done(&table);
    assert!(table.out.contains("UEFI arm64  iPXE "), "{}", table.out);
}

#[test]
fn settings_that_do_not_do_are_named() {
    let router = Router::new();
    for (options, parts) in [
        (
            "\toption tftp_root '/etc'\n",
            ["tftp_root '/etc'", "router's own files"],
        ),
        (
            "\toption boot_files_sha256 'abc'\n",
            ["boot_files_sha256 'abc'", "64 hexadecimal digits"],
        ),
        (
            "\toption boot_files_url 'file:///etc/passwd'\n",
            ["boot_files_url", "the URL of a file"],
        ),
    ] {
        router.configure(options);
        failed(&router.run(&["fetch"]), &parts);
    }
    router.configure("");
    router.root.write("srv/tftp", "a file");
    failed(&router.run(&[]), &["is no folder", "tftp_root"]);
}

/// Serves one file on loopback as `/ipxeboot.tar.gz`, an endless one as `/endless`, and nothing else; gives its base URL.
fn serve(file: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let address = listener.local_addr().expect("it is bound");
    // Ends with the test's process.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut request = [0; 4096];
            let count = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..count]).into_owned();
            let ok = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
            if request.starts_with("GET /ipxeboot.tar.gz ") {
                let bytes = fs::read(&file).unwrap_or_default();
                let _ = write!(stream, "{ok}Content-Length: {}\r\n\r\n", bytes.len());
                let _ = stream.write_all(&bytes);
            } else if request.starts_with("GET /endless ") {
                let _ = write!(stream, "{ok}\r\n");
                while stream.write_all(&[0; 65536]).is_ok() {}
            } else {
                let _ = write!(
                    stream,
                    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
            }
        }
    });
    format!("http://{address}")
}

fn digest(path: &Path) -> String {
    let output = Command::new("sha256sum")
        .arg(path)
        .output()
        .expect("it runs");
    String::from_utf8_lossy(&output.stdout)[..64].to_owned()
}

#[test]
fn a_release_with_the_right_digest_is_fetched() {
    let router = Router::new();
    let files = Scratch::new("served");
    let packed = archive(&files, true);
    let base = serve(packed.clone());
    router.configure(&format!(
        "\toption boot_files_url '{base}/ipxeboot.tar.gz'\n\toption boot_files_sha256 '{}'\n",
        digest(&packed).to_uppercase()
    ));
    let said = router.run(&["fetch", "x86_64", "bios"]);
    done(&said);
    assert!(
        said.out.contains("/etc/init.d/kickstand reload"),
        "{}",
        said.out
    );
    assert_eq!(router.everything(), &ALL[2..]);
    done(&router.run(&["fetch"]));
    assert_eq!(router.everything(), ALL);
    assert!(
        !router
            .root
            .join("var/run/kickstand-apply/boot-files")
            .exists()
    );
}

#[test]
fn a_connection_that_breaks_after_the_last_byte_does_no_harm() {
    let router = Router::new();
    let files = Scratch::new("served");
    let packed = archive(&files, false);
    let right = digest(&packed);
    let script = format!(
        "#!/bin/sh\n# Stands in for a broken connection.\ncat '{}'\nexit 4\n",
        packed.display()
    );
    router.root.write("bin/uclient-fetch", script);
    done(&router.run(&["fetch", "--url", "http://x/y", "--sha256", &right]));
    assert_eq!(router.everything(), &ALL[2..]);
}

#[test]
fn the_routers_own_busybox_is_enough() {
    let router = Router::new();
    let files = Scratch::new("served");
    let packed = archive(&files, true);
    let right = digest(&packed);
    let url = format!("{}/ipxeboot.tar.gz", serve(packed));
    let busybox = Lab::set_up().expect("the lab is there").busybox();
    let applets = Scratch::new("busybox");
    for applet in ["tar", "gzip", "gunzip", "df", "sha256sum"] {
        symlink(&busybox, applets.join(applet)).expect("a link");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_kickstand"));
    command
        .env("PATH", applets.path())
        .arg("--root")
        .arg(router.root.path())
        .args(["boot-files", "fetch", "--url", &url, "--sha256", &right]);
    done(&said(&mut command));
    assert_eq!(router.everything(), ALL);
}

#[test]
fn what_is_not_what_was_expected_is_not_unpacked() {
    let router = Router::new();
    let files = Scratch::new("served");
    let packed = archive(&files, true);
    let right = digest(&packed);
    let base = serve(packed);
    let url = format!("{base}/ipxeboot.tar.gz");
    let wrong = "0".repeat(64);
    let missing = format!("{base}/missing");
    let endless = format!("{base}/endless");
    for (arguments, code, parts) in [
        (
            vec!["--url", &url, "--sha256", &wrong],
            1,
            vec![right.as_str(), &wrong, "nothing was unpacked"],
        ),
        // The digest that is built in is another file's.
        (
            vec!["--url", &url],
            1,
            vec!["there is no digest", "boot_files_sha256"],
        ),
        (
            vec!["--url", &missing, "--sha256", &wrong],
            1,
            vec!["no such file"],
        ),
        (
            vec!["--url", &endless, "--sha256", &wrong],
            1,
            vec!["was stopped after"],
        ),
        (
            vec!["--url", "http://127.0.0.1:9/x", "--sha256", &wrong],
            1,
            vec!["can not be reached"],
        ),
        (
            vec!["--url", "-O/etc/passwd", "--sha256", &wrong],
            2,
            vec!["--url must be"],
        ),
        (vec!["--sha256", "1"], 2, vec!["--sha256 must be"]),
        (vec!["sparc"], 2, vec!["bios, x86_64 and arm64"]),
    ] {
        let said = router.run(&[vec!["fetch"], arguments].concat());
        assert_eq!(said.code, code, "{}", said.error);
        for part in parts {
            assert!(said.error.contains(part), "no {part:?} in {}", said.error);
        }
        router.nothing_is_left();
    }
    fs::remove_file(router.root.join("bin/uclient-fetch")).expect("it is there");
    failed(
        &router.run(&["fetch", "--url", &url, "--sha256", &right]),
        &["install the package uclient-fetch"],
    );
}

#[test]
fn where_ram_is_short_the_archive_lies_beside_the_boot_files_or_nowhere() {
    let router = Router::new();
    let files = Scratch::new("served");
    let packed = archive(&files, false);
    let right = digest(&packed);
    let url = format!("{}/ipxeboot.tar.gz", serve(packed));
    let fetch = ["fetch", "--url", &url, "--sha256", &right, "x86_64"];
    router.root.write(
        "proc/meminfo",
        "MemTotal: 60000 kB\nMemAvailable: 20000 kB\n",
    );
    let said = router.run_on_small_flash(8000, &fetch);
    failed(&said, &["neither RAM nor", "boot-files add"]);
    assert_eq!(said.out, "");
    let said = router.run_on_small_flash(20_000, &fetch);
    done(&said);
    assert!(
        said.out.ends_with("x86_64-sb\n"),
        "the archive is gone: {}",
        said.out
    );
}
