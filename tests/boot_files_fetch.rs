//! Given a web server, this is what `kickstand boot-files fetch` takes from it, and what it does not.
//!
//! `uclient-fetch` is a stand-in around curl here.

mod boot_files_support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use boot_files_support::{ALL, Router, archive, done, failed, said};
use kickstand_lab::scratch::Scratch;
use kickstand_lab::setup::Lab;

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
            vec!["cannot be reached"],
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
