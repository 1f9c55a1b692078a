//! From a checkout to ipk and apk: given these recipes and files, these packages come out, whoever reads them.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use kickstand_packager::adb::MAGIC_DEFLATE;
use kickstand_packager::cross::architectures::{Architecture, named};
use kickstand_packager::places::Places;
use kickstand_packager::tree::Kind;
use kickstand_packager::{apk, archive, pack, sources};
use serde_json::Value;
use support::{Checkout, VERSION, everything, second_reader};

/// More than anything here unpacks to, in bytes.
const LIMIT: u64 = 1 << 20;

fn mipsel() -> &'static Architecture {
    named("mipsel").expect("there is a mipsel")
}

fn packed() -> Checkout {
    let checkout = Checkout::new();
    pack::command(&checkout.places, &[mipsel()]).expect("it can be packed");
    checkout
}

/// The members of an archive within an ipk, as Python reads them.
fn members(checkout: &Checkout, archive: &str) -> Vec<Value> {
    let outer = second_reader("tar", &checkout.ipk("mipsel_24kc"));
    let outer = outer.as_array().expect("a list").clone();
    if archive.is_empty() {
        return outer;
    }
    let inner = outer.iter().find(|member| member["name"] == archive);
    let text = inner.expect("it is there")["text"]
        .as_str()
        .expect("a file");
    // Latin-1: a character is a byte.
    let bytes: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
    let path = checkout.path("inner.tar.gz");
    fs::write(&path, bytes).expect("a scratch folder");
    let members = second_reader("tar", &path);
    members.as_array().expect("a list").clone()
}

fn names(members: &[Value]) -> Vec<&str> {
    let names = members.iter().map(|member| member["name"].as_str());
    names.map(Option::unwrap_or_default).collect()
}

fn text<'a>(members: &'a [Value], name: &str) -> &'a str {
    let member = members.iter().find(|member| member["name"] == name);
    member.expect("it is there")["text"]
        .as_str()
        .expect("a file")
}

#[test]
fn an_ipk_is_three_files_in_the_order_of_opkg() {
    let checkout = packed();
    let outer = members(&checkout, "");
    assert_eq!(
        names(&outer),
        ["./debian-binary", "./data.tar.gz", "./control.tar.gz"]
    );
    assert_eq!(text(&outer, "./debian-binary"), "2.0\n");
}

#[test]
fn the_data_of_an_ipk_has_directories_first_and_belongs_to_root() {
    let checkout = packed();
    let data = members(&checkout, "./data.tar.gz");
    // Python takes the slash off directories.
    let shown: Vec<_> = data
        .iter()
        .map(|member| {
            let word = |name: &str| member[name].as_str().unwrap_or_default().to_owned();
            [word("name"), word("type"), word("mode")].join(" ")
        })
        .collect();
    assert_eq!(
        shown,
        [
            ". 5 0o755",
            "./etc 5 0o755",
            "./etc/config 5 0o755",
            "./etc/config/kickstand 0 0o600",
            "./etc/empty 0 0o644",
            "./lib 5 0o755",
            "./lib/upgrade 5 0o755",
            "./lib/upgrade/keep.d 5 0o755",
            "./lib/upgrade/keep.d/kickstand 0 0o644",
            "./srv 5 0o755",
            "./usr 5 0o755",
            "./usr/sbin 5 0o755",
            "./usr/sbin/kickstand 0 0o755",
        ]
    );
    for archive in ["", "./data.tar.gz", "./control.tar.gz"] {
        for member in members(&checkout, archive) {
            assert_eq!(member["pax"], serde_json::json!({}), "{member}");
            assert_eq!(
                member["owner"],
                serde_json::json!([0, 0, "root", "root"]),
                "{member}"
            );
            assert_eq!(member["mtime"], 1_793_491_200, "{member}");
        }
    }
    assert_eq!(
        text(&data, "./lib/upgrade/keep.d/kickstand"),
        "/etc/kickstand/\n"
    );
}

#[test]
fn the_control_file_says_what_the_recipe_says() {
    let checkout = packed();
    let control = members(&checkout, "./control.tar.gz");
    assert_eq!(
        names(&control),
        [
            ".",
            "./conffiles",
            "./control",
            "./postinst",
            "./postinst-pkg",
            "./prerm",
            "./prerm-pkg"
        ]
    );
    let outer = members(&checkout, "");
    let data: Vec<u8> = text(&outer, "./data.tar.gz")
        .chars()
        .map(|letter| letter as u8)
        .collect();
    let size = archive::gunzip(&data, LIMIT).expect("a gzip").len();
    assert_eq!(
        text(&control, "./control"),
        format!(
            "\
Package: kickstand
Version: {VERSION}-r1
Depends: uci, dnsmasq
Source: feeds/kickstand/kickstand
SourceName: kickstand
License: Apache-2.0
LicenseFiles: LICENSE
Section: net
Require-User: kickstand=8067:kickstand=8067
SourceDateEpoch: 1793491200
URL: https://example.org/
Maintainer: A Person <a@example.org>
Architecture: mipsel_24kc
Installed-Size: {size}
Description:  One line.
 Another.
"
        )
    );
    assert_eq!(text(&control, "./conffiles"), "/etc/config/kickstand\n");
    assert_eq!(
        text(&control, "./postinst-pkg"),
        "#!/bin/sh\necho \"$0 came\"\n"
    );
}

#[test]
fn gnu_tar_reads_an_ipk_without_a_word() {
    let checkout = packed();
    let output = Command::new("tar")
        .args(["--list", "--gzip", "--file"])
        .arg(checkout.ipk("mipsel_24kc"))
        .output()
        .expect("every Debian has tar");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}

#[test]
fn an_apk_gives_back_its_tree_its_scripts_and_what_it_says_of_itself() {
    let checkout = packed();
    let bytes = fs::read(checkout.apk("mipsel_24kc")).expect("it was packed");
    let package = apk::unpack(&bytes).expect("sound");
    let tree = &package.tree;
    assert_eq!(
        tree.file("etc/config/kickstand"),
        Some(&b"config kickstand 'main'\n"[..])
    );
    assert_eq!(
        tree.get("etc/config/kickstand").map(|entry| entry.mode),
        Some(0o600)
    );
    assert_eq!(tree.file("etc/empty"), Some(&b""[..]));
    let binary = fs::read(checkout.places.binary("mipsel")).expect("it is there");
    assert_eq!(tree.file("usr/sbin/kickstand"), Some(&binary[..]));
    assert_eq!(
        tree.file("lib/apk/packages/kickstand.rusers"),
        Some(&b"kickstand=8067:kickstand=8067\n"[..])
    );
    let list = tree
        .file("lib/apk/packages/kickstand.list")
        .expect("it is there");
    assert_eq!(
        String::from_utf8_lossy(list),
        "/etc/config/kickstand\n/etc/empty\n/lib/apk/packages/kickstand.rusers\n\
         /lib/upgrade/keep.d/kickstand\n/usr/sbin/kickstand\n"
    );
    let names: Vec<_> = package.scripts.keys().copied().collect();
    assert_eq!(names, ["post-install", "post-upgrade", "pre-deinstall"]);
    assert!(package.scripts["post-install"].ends_with("default_postinst\necho \"$0 came\"\n"));
}

#[test]
fn another_reader_finds_the_same_in_an_apk() {
    let checkout = packed();
    let apk = second_reader("adb", &checkout.apk("mipsel_24kc"));
    assert_eq!(apk["schema"], "pckg");
    let info = &apk["root"][0];
    // Fields count from 1 in apk-tools, from 0 here.
    for (field, value) in [
        (0, "kickstand".to_owned()),
        (1, format!("{VERSION}-r1")),
        (3, "One line. Another.".into()),
        (4, "mipsel_24kc".into()),
        (5, "Apache-2.0".into()),
        (6, "feeds/kickstand/kickstand".into()),
        (7, "A Person <a@example.org>".into()),
        (8, "https://example.org/".into()),
    ] {
        assert_eq!(info[field], value);
    }
    assert_eq!(
        info[14],
        serde_json::json!([["dnsmasq"], ["uci"]]),
        "sorted"
    );
    assert_eq!(info[20], serde_json::json!(["openwrt:section=net"]));
    let directories = apk["root"][1].as_array().expect("paths");
    let paths: Vec<_> = directories.iter().map(|one| one[0].as_str()).collect();
    let wanted = ["etc", "etc/config", "lib", "lib/apk", "lib/apk/packages"];
    assert_eq!(paths[0], None, "the root has no name");
    assert_eq!(paths[1..6], wanted.map(Some));
    // Every data block has the hash that the values promise; empty files have none.
    let mut blocks = apk["data"].as_array().expect("blocks").iter();
    for (path_number, directory) in (1..).zip(directories) {
        let files = directory.get(2).and_then(Value::as_array);
        for (file_number, file) in (1..).zip(files.into_iter().flatten()) {
            if file[2] == 0 {
                continue;
            }
            let block = blocks.next().expect("a block for each file");
            assert_eq!(block[0], path_number);
            assert_eq!(block[1], file_number);
            let promised: String = file[4]
                .as_str()
                .expect("a hash")
                .chars()
                .map(|letter| format!("{:02x}", letter as u32))
                .collect();
            assert_eq!(block[2], promised);
        }
    }
    assert!(blocks.next().is_none());
}

#[test]
fn pages_go_where_luci_mk_puts_them_and_run_anywhere() {
    let checkout = packed();
    let name = format!("luci-app-kickstand-{VERSION}-r1.apk");
    let path = checkout.places.apks("all").join(name);
    let package = apk::unpack(&fs::read(path).expect("it was packed")).expect("sound");
    assert_eq!(package.info.field(5).text(), "noarch");
    let tree = package.tree;
    assert!(tree.file("www/luci-static/x.js").is_some());
    assert_eq!(tree.get("usr/bin/run").map(|entry| entry.mode), Some(0o755));
    let link = tree.get("usr/bin/link").expect("it is there");
    assert_eq!(link.kind, Kind::Link("run".into()));
}

#[test]
fn every_recipe_of_this_repository_is_read_and_has_the_program_s_version() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let places = Places::new(sources.expect("the checkout"), Path::new("unused"));
    for name in ["kickstand", "luci-app-kickstand"] {
        if places.recipe(name).exists() {
            let recipe = sources::recipe(&places, name).expect("as the SDK reads it");
            assert_eq!(recipe.name, name);
            assert_eq!(recipe.upstream_version, VERSION);
            // The tracked sizes find the packages under this number.
            assert_eq!(recipe.release, "1");
        }
    }
}

/// A checkout with the same files, made in another order with other permissions.
fn made_otherwise() -> Checkout {
    let checkout = Checkout::new();
    let path = checkout.sources("files/kickstand/etc");
    fs::remove_dir_all(&path).expect("it is there");
    checkout.write("files/kickstand/etc/empty", "");
    checkout.write(
        "files/kickstand/etc/config/kickstand",
        "config kickstand 'main'\n",
    );
    checkout.mode("files/kickstand/etc/config/kickstand", 0o600);
    checkout.mode("files/kickstand/etc/config", 0o700);
    let pages = "openwrt/luci-app-kickstand";
    checkout.mode(&format!("{pages}/htdocs/luci-static/x.js"), 0o666);
    checkout.mode(&format!("{pages}/root/usr/bin/run"), 0o700);
    checkout.write(&format!("{pages}/root/usr/bin/run~"), "what an editor left");
    // Another time, long ago.
    let touched = Command::new("find")
        .arg(checkout.places.sources())
        .args(["-exec", "touch", "--no-dereference", "--date=@1", "{}", "+"])
        .status();
    assert!(touched.expect("every Debian has find").success());
    checkout
}

#[test]
fn two_builds_are_the_same_bytes_whatever_made_the_files() {
    let (first, second) = (packed(), made_otherwise());
    pack::command(&second.places, &[mipsel()]).expect("it can be packed");
    let relative = |checkout: &Checkout| {
        let root = checkout.places.package();
        let all = everything(root).into_iter();
        let all = all.map(|(path, bytes)| (path.strip_prefix(root).map(Path::to_owned), bytes));
        all.collect::<Vec<_>>()
    };
    assert!(relative(&first) == relative(&second));
}

#[test]
fn a_file_that_was_changed_in_an_apk_is_found() {
    let checkout = packed();
    let bytes = fs::read(checkout.apk("mipsel_24kc")).expect("it was packed");
    let plain = archive::inflate(&bytes[MAGIC_DEFLATE.len()..], LIMIT).expect("deflate");
    // A container need not be compressed.
    let good = apk::unpack(&plain).expect("sound");
    let needle = b"binary for mipsel";
    let start = plain
        .windows(needle.len())
        .position(|window| window == needle);
    for place in [start.expect("the binary"), plain.len() - 1] {
        let mut bad = plain.clone();
        bad[place] ^= 1;
        match apk::unpack(&bad) {
            Err(_) => {}
            // The last byte may be padding, which is nothing.
            Ok(package) => assert_eq!((place, package), (plain.len() - 1, good.clone())),
        }
    }
    // What an index knows the package by covers all values.
    let name = plain.windows(10).position(|window| window == b"Apache-2.0");
    let mut other = plain.clone();
    other[name.expect("the licence")] ^= 1;
    let other = apk::unpack(&other).expect("sound, but another");
    assert_ne!(other.identity, good.identity);
}

#[test]
fn what_is_missing_is_said_with_what_to_do() {
    let checkout = Checkout::new();
    let x86 = named("x86_64").expect("there is one");
    let error = pack::command(&checkout.places, &[x86]).expect_err("there is no binary");
    assert!(
        error
            .to_string()
            .contains("run `kickstand-packager build` first"),
        "{error}"
    );

    checkout.write("files/kickstand/etc/forgotten", "x");
    let error = pack::command(&checkout.places, &[mipsel()]).expect_err("not installed");
    assert!(
        error
            .to_string()
            .contains("etc/forgotten is not installed by"),
        "{error}"
    );

    let checkout = Checkout::new();
    let other = support::recipe().replace(VERSION, "99.0.0");
    checkout.write("openwrt/kickstand/Makefile", other);
    let error = pack::command(&checkout.places, &[mipsel()]).expect_err("another version");
    assert!(
        error.to_string().contains("PKG_VERSION is 99.0.0"),
        "{error}"
    );

    let checkout = Checkout::new();
    let page = checkout.sources("openwrt/luci-app-kickstand/htdocs/a b");
    symlink("x", page).expect("a scratch folder");
    let error = pack::command(&checkout.places, &[mipsel()]).expect_err("a blank");
    assert!(error.to_string().contains("cannot be packed"), "{error}");
}
