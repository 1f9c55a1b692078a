//! Given these files, real ones of Debian's among them, this is what `kickstand boot-files` says and `add` puts in place.
//!
//! Not its job: what dnsmasq is told (the tests of apply), downloads (`boot_files_fetch`).

mod boot_files_support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use boot_files_support::{
    ALL, Router, SNPONLY, UNDIONLY, archive, done, failed, for_arm64, ipxe_shim, pack, unpacked,
};
use kickstand_lab::scratch::Scratch;
use serde_json::Value;

fn list(router: &Router) -> Value {
    let said = router.run(&["--json"]);
    done(&said);
    serde_json::from_str(&said.out).expect("it is JSON")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain name")
}

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

    let list = list(&router);
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
        ("/usr/lib/ipxe".into(), ["cannot be read", "no file"]),
        (
            "/nowhere/snponly.efi".into(),
            ["/nowhere/snponly.efi", "cannot be read"],
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
    assert_eq!(list(&router)["files"][0]["what"], "GRUB");
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
    assert_eq!(list(&router)["machines"][1]["file"], Value::Null);
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
    let list = list(&router);
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

    let list = list(&router);
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
