//! Packages as others read them: GNU tar, Python's tarfile, a second reader of apk's format, openssl.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use kickstand_lab::process::run;
use kickstand_lab::scratch::Scratch;
use kickstand_packager::pack::apk;
use kickstand_packager::pack::feed::{Listed, packages};
use kickstand_packager::pack::ipk::{self, Data};
use kickstand_packager::pack::package::Package;
use kickstand_packager::pack::recipe::Recipe;
use kickstand_packager::pack::signature::{ApkKey, UsignKey};
use kickstand_packager::pack::tree::Tree;
use sha2::{Digest, Sha256, Sha512};

mod reader;

/// A time that everything in an ipk is dated.
const TIME: u64 = 1_800_000_000;
const MAKEFILE: &str = "\
PKG_VERSION:=0.1.0
PKG_RELEASE:=1
PKG_LICENSE:=Apache-2.0
PKG_MAINTAINER:=Somebody <somebody@example.org>
define Package/kickstand
  SECTION:=net
  TITLE:=Provisioning
  DEPENDS:=$(RUST_ARCH_DEPENDS) +ubus +uci
  USERID:=kickstand=451:kickstand=451
endef
define Package/kickstand/description
  One line.
  Another line.
endef
define Package/kickstand/conffiles
/etc/config/kickstand
/etc/kickstand/
endef
define Package/kickstand/postinst
#!/bin/sh
echo \"after $$1\"
endef
";

fn scratch() -> Scratch {
    let scratch = Scratch::new("packages");
    scratch.write("etc/config/kickstand", "config kickstand 'main'\n");
    scratch.write("etc/init.d/kickstand", "#!/bin/sh /etc/rc.common\n");
    scratch.write("usr/sbin/kickstand", vec![7; 300_000]);
    scratch.write("usr/share/kickstand/empty", "");
    std::os::unix::fs::symlink("kickstand", scratch.join("usr/sbin/ks"))
        .expect("the folder is there");
    scratch
}

fn package() -> Package {
    let mut tree = Tree::default();
    tree.add(scratch().path(), "").expect("it can be read");
    let recipe = Recipe::parse(MAKEFILE).expect("it is a Makefile");
    Package::new(&recipe, "kickstand", "mipsel_24kc", tree).expect("it is a package")
}

fn ipk() -> Vec<u8> {
    let package = package();
    let data = Data::new(&package.tree, TIME).expect("it can be archived");
    ipk::write(&package, &data, TIME).expect("it can be packed")
}

#[test]
fn the_same_tree_makes_the_same_packages_whatever_its_times_and_modes() {
    let (first, second) = (ipk(), ipk());
    assert_eq!(first, second);
    let apk = || apk::write(&package()).expect("it can be packed");
    assert_eq!(apk(), apk());
}

#[test]
fn gnu_tar_finds_the_three_parts_in_their_order_and_folders_before_files() {
    let scratch = Scratch::new("ipk");
    let file = scratch.write("k.ipk", ipk());
    let list = |archive: &str, words: &[&str]| {
        let mut tar = Command::new("tar");
        tar.current_dir(scratch.path()).args(words).arg(archive);
        run(&mut tar).expect("GNU tar reads it")
    };
    assert_eq!(
        list(&file.display().to_string(), &["-tzf"]),
        "./debian-binary\n./data.tar.gz\n./control.tar.gz\n"
    );
    list("k.ipk", &["-xzf"]);
    let data = list("data.tar.gz", &["--numeric-owner", "--utc", "-tvzf"]);
    let mut folders = vec![String::new()];
    for line in data.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(
            (words[1], words[3], words[4]),
            ("0/0", "2027-01-15", "08:00"),
            "{line}"
        );
        let path = words[5].trim_end_matches('/');
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        assert!(
            folders.contains(&above.to_owned()),
            "{line}: its folder came not before it"
        );
        if line.starts_with('d') {
            assert!(line.starts_with("drwxr-xr-x"), "{line}");
            folders.push(path.to_owned());
        }
    }
    let mode_of = |path: &str| {
        let line = data.lines().find(|line| line.contains(path));
        line.map(|line| line[..10].to_owned()).unwrap_or_default()
    };
    assert_eq!(mode_of("./etc/config/kickstand"), "-rw-------");
    assert_eq!(mode_of("./usr/sbin/ks -> kickstand"), "lrwxrwxrwx");
    let size = run(Command::new("gzip")
        .args(["-dc", "data.tar.gz"])
        .current_dir(scratch.path()))
    .expect("gzip reads it")
    .len();
    let control = list("control.tar.gz", &["--to-stdout", "-xzf"]);
    assert!(
        control.contains(&format!("Installed-Size: {size}\n")),
        "{control}"
    );
}

#[test]
fn no_pax_header_is_in_it_and_python_reads_it() {
    let scratch = Scratch::new("ipk-python");
    let file = scratch.write("k.ipk", ipk());
    let script = "import io,sys,tarfile\n\
        for name, member in [(sys.argv[1], None)]:\n\
        \touter = tarfile.open(name)\n\
        \tfor part in ('./data.tar.gz', './control.tar.gz'):\n\
        \t\tinner = tarfile.open(fileobj=io.BytesIO(outer.extractfile(part).read()))\n\
        \t\tassert not inner.pax_headers, inner.pax_headers\n\
        \t\tfor entry in inner: print(entry.type.decode(), entry.name, not entry.pax_headers)\n";
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(file);
    let told = run(&mut python).expect("Python reads it");
    assert!(
        told.contains("0 ./usr/sbin/kickstand True") && !told.contains("False"),
        "{told}"
    );
}

#[test]
fn control_says_what_the_makefile_says() {
    let package = package();
    let text = ipk::description(&package, 1234, TIME);
    let expected = "Package: kickstand\nVersion: 0.1.0-r1\nDepends: ubus, uci\nSource: feeds/kickstand/kickstand\n\
        SourceName: kickstand\nLicense: Apache-2.0\nSection: net\nRequire-User: kickstand=451:kickstand=451\n\
        SourceDateEpoch: 1800000000\nMaintainer: Somebody <somebody@example.org>\nArchitecture: mipsel_24kc\n\
        Installed-Size: 1234\nDescription:  One line.\n Another line.\n";
    assert_eq!(text, expected);
    let file = ipk();
    let listed = packages(&[Listed {
        package: &package,
        file: &file,
        size: 1234,
        time: TIME,
    }]);
    let sum = apk::hex(&Sha256::digest(&file));
    assert!(
        listed.contains(&format!(
            "Filename: kickstand_0.1.0-r1_mipsel_24kc.ipk\nSize: {}\nSHA256sum: {sum}\nDescription:  One line.\n",
            file.len()
        )),
        "{listed}"
    );
}

#[test]
fn a_second_reader_finds_every_file_with_its_bytes_in_the_apk() {
    let package = package();
    let file = apk::uncompressed(&package);
    let read = reader::Package::read(&file).expect("it can be read");
    assert_eq!(read.texts[&1], "kickstand");
    assert_eq!(read.texts[&2], "0.1.0-r1");
    assert_eq!(read.texts[&5], "mipsel_24kc");
    let files: BTreeMap<&str, &[u8]> = read
        .files
        .iter()
        .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
        .collect();
    assert_eq!(files["usr/sbin/kickstand"], vec![7; 300_000]);
    assert_eq!(files["usr/share/kickstand/empty"], b"");
    assert_eq!(files["lib/upgrade/keep.d/kickstand"], b"/etc/kickstand/\n");
    assert_eq!(
        files["lib/apk/packages/kickstand.rusers"],
        b"kickstand=451:kickstand=451\n"
    );
    let list = String::from_utf8_lossy(files["lib/apk/packages/kickstand.list"]).into_owned();
    assert!(
        list.contains("/etc/init.d/kickstand\n") && list.contains("/usr/sbin/ks\n"),
        "{list}"
    );
    let upgrade = &read.scripts[6];
    assert!(
        upgrade.starts_with("#!/bin/sh\nexport PKG_UPGRADE=1\n")
            && upgrade.ends_with("default_postinst\necho \"after $1\"\n"),
        "{upgrade}"
    );
    assert_eq!(read.modes["etc/config/kickstand"], 0o600);
}

#[test]
fn a_changed_byte_is_found() {
    let mut file = apk::uncompressed(&package());
    let last = file
        .iter()
        .rposition(|byte| *byte == 7)
        .expect("the binary's bytes");
    file[last] = 8;
    let found = reader::Package::read(&file).expect_err("its hash is another");
    assert!(found.contains("usr/sbin/kickstand"), "{found}");
}

/// openssl is the second implementation of both algorithms.
fn openssl(scratch: &Scratch, words: &str) -> bool {
    let mut command = Command::new("openssl");
    command
        .current_dir(scratch.path())
        .args(words.split_whitespace());
    command.output().is_ok_and(|output| output.status.success())
}

#[test]
fn openssl_accepts_the_signature_of_opkgs_index_and_no_other() {
    let (key, other) = (
        UsignKey::fresh().expect("random"),
        UsignKey::fresh().expect("random"),
    );
    let text = b"Package: kickstand\n";
    let decoded = |text: &str| {
        let line = text.lines().nth(1).expect("a second line");
        let mut base64 = Command::new("openssl");
        base64.args(["enc", "-d", "-a", "-A"]);
        kickstand_pipe(&mut base64, line.as_bytes())
    };
    let scratch = Scratch::new("usign");
    scratch.write("text", text);
    for (signer, accepted) in [(&key, true), (&other, false)] {
        let (signature, public) = (decoded(&signer.sign(text)), decoded(&key.public()));
        assert_eq!(signature[..2], *b"Ed");
        assert_eq!(
            signature[2..10] == public[2..10],
            accepted,
            "they name the same key"
        );
        scratch.write("signature", &signature[10..]);
        // SubjectPublicKeyInfo of RFC 8410 before the key's own bytes.
        let head = [
            0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
        ];
        scratch.write("public", [&head, &public[10..]].concat());
        let words =
            "pkeyutl -verify -rawin -pubin -inkey public -keyform DER -sigfile signature -in text";
        assert_eq!(openssl(&scratch, words), accepted);
    }
}

#[test]
fn openssl_accepts_the_signature_of_apks_index_and_no_other() {
    let (key, other) = (
        ApkKey::fresh().expect("random"),
        ApkKey::fresh().expect("random"),
    );
    let values = b"values";
    let scratch = Scratch::new("apk-key");
    scratch.write("public", key.public().expect("PEM"));
    for (signer, accepted) in [(&key, true), (&other, false)] {
        let signature = signer.sign(0x7864_6e69, values).expect("it signs");
        let said = [
            b"indx".as_slice(),
            &signature[..18],
            &Sha512::digest(values),
        ]
        .concat();
        scratch.write("said", said);
        scratch.write("signature", &signature[18..]);
        assert_eq!(
            openssl(
                &scratch,
                "dgst -sha512 -verify public -signature signature said"
            ),
            accepted
        );
    }
}

#[test]
fn an_index_names_each_package_with_its_size() {
    let package = package();
    let file = apk::write(&package).expect("it can be packed");
    let entry = apk::Entry::new(&package, file.len() as u64);
    let index = apk::index(&[entry], None).expect("it can be written");
    assert_eq!(index[..4], *b"ADBd");
    let scratch = Scratch::new("index");
    let path = scratch.write("packages.adb", &index);
    let mut python = Command::new("python3");
    python.args(["-c", "import sys,zlib\nsys.stdout.buffer.write(zlib.decompress(open(sys.argv[1],'rb').read()[4:], -15))"]).arg(path);
    let plain = python.output().expect("Python is there").stdout;
    assert_eq!(
        reader::sizes(&plain),
        Ok(vec![("kickstand".to_owned(), file.len() as u64)])
    );
    fs::remove_file(scratch.join("packages.adb")).expect("it was written");
}

fn kickstand_pipe(command: &mut Command, input: &[u8]) -> Vec<u8> {
    use std::io::Write;
    use std::process::Stdio;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends").stdout
}
