//! From packages to feeds: what opkg and apk fetch, and whom they trust.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use kickstand_packager::cross::architectures::named;
use kickstand_packager::publish::{self, Keys};
use kickstand_packager::{apk, pack};
use support::{Checkout, VERSION, everything, is_good, second_reader};

fn packed() -> Checkout {
    packed_for(&["mipsel"])
}

fn packed_for(names: &[&str]) -> Checkout {
    let checkout = Checkout::new();
    let architectures: Vec<_> = names.iter().filter_map(|name| named(name)).collect();
    pack::command(&checkout.places, &architectures).expect("it can be packed");
    checkout
}

fn keys(checkout: &Checkout, name: &str) -> (PathBuf, Keys) {
    let folder = checkout.path(name);
    publish::new_keys(&folder).expect("a scratch folder");
    let keys = Keys::read(&folder).expect("they were just made");
    (folder, keys)
}

fn opkg(checkout: &Checkout, name: &str) -> PathBuf {
    checkout.places.feed().join("24.10/mipsel_24kc").join(name)
}

fn sum(path: &std::path::Path) -> String {
    let output = Command::new("sha256sum").arg(path).output();
    let text = String::from_utf8(output.expect("every Debian has it").stdout);
    text.expect("text")
        .split(' ')
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn opkg_finds_every_package_with_its_size_and_sum() {
    let checkout = packed();
    publish::command(&checkout.places, None).expect("a feed");
    let text = fs::read_to_string(opkg(&checkout, "Packages")).expect("it is there");
    let paragraphs: Vec<_> = text.trim_end().split("\n\n").collect();
    assert_eq!(paragraphs.len(), 2, "{text}");
    let name = format!("kickstand_{VERSION}-r1_mipsel_24kc.ipk");
    let path = opkg(&checkout, &name);
    let size = fs::metadata(&path).expect("it is there").len();
    for line in [
        "Package: kickstand".to_owned(),
        format!("Filename: {name}"),
        format!("Size: {size}"),
        format!("SHA256sum: {}", sum(&path)),
        "Architecture: mipsel_24kc".to_owned(),
    ] {
        assert!(paragraphs[0].lines().any(|there| there == line), "{line}");
    }
    assert!(!text.contains("Maintainer:"), "{text}");
    assert!(paragraphs[1].starts_with("Package: luci-app-kickstand\n"));
    let output = Command::new("gzip")
        .args(["--decompress", "--stdout"])
        .arg(opkg(&checkout, "Packages.gz"))
        .output()
        .expect("every Debian has gzip");
    assert_eq!(output.stdout, text.as_bytes());
}

#[test]
fn every_architecture_of_openwrt_has_a_feed_for_both_package_managers() {
    let checkout = packed_for(&["mipsel", "riscv64"]);
    publish::command(&checkout.places, None).expect("a feed");
    for release in ["24.10", "25.12"] {
        let folder = checkout.places.feed().join(release);
        let mut names: Vec<_> = fs::read_dir(folder)
            .expect("it is there")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        names.sort();
        let wanted = [
            "mipsel_24kc",
            "mipsel_24kc_24kf",
            "mipsel_74kc",
            "riscv64_generic",
            "riscv64_riscv64",
        ];
        assert_eq!(names, wanted, "{release}");
    }
    assert!(!opkg(&checkout, "Packages.sig").exists(), "nobody signed");
}

#[test]
fn apk_finds_every_package_with_its_size_and_identity() {
    let checkout = packed();
    publish::command(&checkout.places, None).expect("a feed");
    let folder = checkout.places.feed().join("25.12/mipsel_24kc");
    let index = second_reader("adb", &folder.join("packages.adb"));
    assert_eq!(index["schema"], "indx");
    assert_eq!(index["signatures"], serde_json::json!([]));
    let packages = index["root"][1].as_array().expect("a list");
    let names: Vec<_> = packages.iter().map(|info| info[0].as_str()).collect();
    assert_eq!(names, [Some("kickstand"), Some("luci-app-kickstand")]);
    for info in packages {
        let name = info[0].as_str().expect("a name");
        let path = folder.join(format!("{name}-{VERSION}-r1.apk"));
        let size = fs::metadata(&path).expect("beside the index").len();
        assert_eq!(info[12], size);
        let identity: String = info[2]
            .as_str()
            .expect("a hash")
            .chars()
            .map(|letter| format!("{:02x}", letter as u32))
            .collect();
        assert_eq!(second_reader("adb", &path)["sha256"], identity);
    }
}

#[test]
fn another_implementation_takes_the_signatures_for_good_and_no_other_key_does() {
    let checkout = packed();
    let (folder, keys_) = keys(&checkout, "keys");
    let (others, _) = keys(&checkout, "others");
    publish::command(&checkout.places, Some(&keys_)).expect("a feed");

    let (packages, signature) = (opkg(&checkout, "Packages"), opkg(&checkout, "Packages.sig"));
    let feed = checkout.places.feed();
    let for_routers = feed.join("24.10/kickstand-feed.pub");
    for public in [folder.join("usign-public.key"), for_routers] {
        assert!(
            is_good("usign", &[&public, &packages, &signature]),
            "{}",
            public.display()
        );
    }
    let other = others.join("usign-public.key");
    assert!(!is_good("usign", &[&other, &packages, &signature]));
    let changed = checkout.path("changed");
    let text = fs::read_to_string(&packages).expect("it is there");
    fs::write(&changed, text.replace("Size: ", "Size: 1")).expect("a scratch folder");
    let public = folder.join("usign-public.key");
    assert!(!is_good("usign", &[&public, &changed, &signature]));

    let index = feed.join("25.12/mipsel_24kc/packages.adb");
    let for_routers = feed.join("25.12/kickstand-feed.pem");
    for public in [folder.join("apk-public.pem"), for_routers] {
        assert!(
            is_good("apk-signature", &[&public, &index]),
            "{}",
            public.display()
        );
    }
    let other = others.join("apk-public.pem");
    assert!(!is_good("apk-signature", &[&other, &index]));
}

#[test]
fn the_same_packages_and_keys_make_the_same_feed() {
    let checkout = packed();
    let (_, keys) = keys(&checkout, "keys");
    publish::command(&checkout.places, Some(&keys)).expect("a feed");
    let first = everything(&checkout.places.feed());
    publish::command(&checkout.places, Some(&keys)).expect("a feed");
    assert!(first == everything(&checkout.places.feed()));
}

#[test]
fn keys_are_secret_and_never_overwritten() {
    let checkout = Checkout::new();
    let (folder, _) = keys(&checkout, "keys");
    for (name, mode) in [("usign-secret.key", 0o600), ("apk-secret.pem", 0o600)] {
        let metadata = fs::metadata(folder.join(name)).expect("it is there");
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{name}");
    }
    let before = everything(&folder);
    let error = publish::new_keys(&folder).expect_err("there are keys");
    assert!(error.to_string().contains("usign-secret.key"), "{error}");
    assert!(before == everything(&folder));
}

#[test]
fn keys_that_openssl_makes_are_taken() {
    let checkout = packed();
    let (folder, _) = keys(&checkout, "keys");
    let path = folder.join("apk-secret.pem");
    let made = Command::new("openssl")
        .args([
            "ecparam",
            "-name",
            "prime256v1",
            "-genkey",
            "-noout",
            "-out",
        ])
        .arg(&path)
        .status();
    assert!(made.expect("Debian's base has it").success());
    let keys = Keys::read(&folder).expect("a key");
    publish::command(&checkout.places, Some(&keys)).expect("a feed");
    let feed = checkout.places.feed().join("25.12");
    let public = feed.join("kickstand-feed.pem");
    assert!(is_good(
        "apk-signature",
        &[&public, &feed.join("mipsel_74kc/packages.adb")]
    ));
}

#[test]
fn without_packages_the_user_is_told_what_to_run() {
    let checkout = Checkout::new();
    let error = publish::command(&checkout.places, None).expect_err("there are none");
    assert!(
        error
            .to_string()
            .contains("run `kickstand-packager package` first"),
        "{error}"
    );
}

#[test]
fn an_older_package_does_not_stay_in_the_feed() {
    let checkout = packed();
    let old = checkout
        .places
        .apks("mipsel_24kc")
        .join("kickstand-0.0.1-r1.apk");
    fs::copy(checkout.apk("mipsel_24kc"), &old).expect("a scratch folder");
    pack::command(&checkout.places, &[named("mipsel").expect("it is there")]).expect("packed");
    assert!(!old.exists());
}

#[test]
fn what_is_no_package_stops_the_feed() {
    let checkout = packed();
    let path = checkout.apk("mipsel_24kc");
    let mut bytes = fs::read(&path).expect("it was packed");
    bytes.truncate(bytes.len() / 2);
    assert!(apk::unpack(&bytes).is_err());
    fs::write(&path, bytes).expect("a scratch folder");
    assert!(publish::command(&checkout.places, None).is_err());
}
