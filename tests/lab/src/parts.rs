//! The real parts of a router that tests talk to, built on first use and kept below cargo's target folder.
//!
//! Versions are those of `tests/lab/parts/Cargo.toml` and its lock file. A part that was built once needs no network.
//! `UCI_COMMAND` and `UBUSD_COMMAND` in the environment name other builds to test with, such as OpenWrt's newest.
//!
//! Not its job: running the parts.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, io};

use crate::process::{self, Context};
use crate::{python, setup, shelf};

/// Path of OpenWrt's `uci` command: libuci as crate libuci-sys ships it, compiled by `cc`.
///
/// # Panics
///
/// If it can neither be found nor built; the message says what failed.
pub fn uci() -> PathBuf {
    if let Some(path) = env::var_os("UCI_COMMAND") {
        return path.into();
    }
    part("uci-1.0.5", "uci", |folder| {
        let sources = source_of("libuci-sys");
        // cmake would fill in a template; without debugging nothing of it is left.
        fs::write(folder.join("uci_config.h"), "").expect("the folder was just made");
        let binary = folder.join("uci");
        let mut cc = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
        cc.args(["-O1", "-w", "-std=gnu99", "-o"]).arg(&binary);
        cc.arg("-I").arg(folder);
        cc.arg("-I").arg(&sources);
        cc.arg("-I").arg(sources.join("uci"));
        for name in ["libuci", "file", "util", "delta", "parse", "blob", "cli"] {
            cc.arg(sources.join(format!("uci/{name}.c")));
        }
        for name in ["blob", "blobmsg"] {
            cc.arg(sources.join(format!("libubox/{name}.c")));
        }
        run(cc.arg("-ldl"));
        binary
    })
}

/// Path of `ubusd`, the broker of crate ubusd.
///
/// # Panics
///
/// If it can neither be found nor built; the message says what failed.
pub fn ubusd() -> PathBuf {
    if let Some(path) = env::var_os("UBUSD_COMMAND") {
        return path.into();
    }
    tool("ubusd", "0.5.0")
}

/// Path of `ubus-client`, the command of the same project, which takes the words of OpenWrt's `ubus`.
///
/// # Panics
///
/// If it can neither be found nor built; the message says what failed.
pub fn ubus() -> PathBuf {
    tool("ubus-client", "0.5.0")
}

/// A program that is a crate.
fn tool(name: &str, version: &str) -> PathBuf {
    part(&format!("{name}-{version}"), name, |folder| {
        let target = folder.join("build");
        run(cargo("build")
            .args(["--release", "-p", name, "--bin", name])
            .arg("--target-dir")
            .arg(&target));
        target.join("release").join(name)
    })
}

/// Version of pykickstart that judges kickstarts, as PyPI has it.
const PYKICKSTART: &str = "3.78";

/// Path of `ksvalidator`, from PyPI's pykickstart, in a Python environment of its own.
///
/// # Panics
///
/// If it cannot be installed; the message says what failed.
pub fn ksvalidator() -> PathBuf {
    let shelf = target_folder().join("parts");
    let made = python::environment(&shelf, "pykickstart", PYKICKSTART);
    let place = made.unwrap_or_else(|failure| panic!("{failure}"));
    place.join("bin/ksvalidator")
}

/// Folder of the node modules that drive Debian's Chromium, as `package-lock.json` in `sources` pins them. Chromium, node and
/// npm are installed when they are missing.
///
/// # Panics
///
/// If something cannot be installed; the message says what failed.
pub fn browser(sources: &Path) -> PathBuf {
    if let Err(failure) = setup::install_browser() {
        panic!("the tests need a browser: {failure}");
    }
    let lock = fs::read(sources.join("package-lock.json")).expect("the lock file is committed");
    let mut version = DefaultHasher::new();
    version.write(&lock);
    let name = format!("browser-{:016x}", version.finish());
    let made = shelf::installed(&target_folder().join("parts"), &name, |place| {
        fs::create_dir_all(place).context(format!("make {}", place.display()))?;
        for name in ["package.json", "package-lock.json"] {
            fs::copy(sources.join(name), place.join(name)).context(format!("copy {name}"))?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(place);
        process::run(&mut npm).map(drop)
    });
    let place = made.unwrap_or_else(|failure| panic!("{failure}"));
    place.join("node_modules")
}

/// Path of a binary that `build` makes in the folder it is given, unless somebody did before.
fn part(version: &str, binary: &str, build: impl FnOnce(&Path) -> PathBuf) -> PathBuf {
    let shelf = target_folder().join("parts");
    fs::create_dir_all(&shelf).expect("the target folder can be written");
    let finished = shelf.join(version).join(binary);
    if finished.exists() {
        return finished;
    }
    // Test binaries run at the same time: the first one builds, the others wait.
    let lock =
        File::create(shelf.join(format!("{version}.lock"))).expect("the shelf was just made");
    lock.lock().expect("the kernel can lock a file");
    if !finished.exists() {
        eprintln!("building {version} for the tests, once …");
        let workshop = shelf.join(format!("{version}.building"));
        let _ = fs::remove_dir_all(&workshop);
        fs::create_dir_all(&workshop).expect("the shelf was just made");
        let made = build(&workshop);
        let partial = shelf.join(version).join(format!("{binary}.partial"));
        fs::create_dir_all(shelf.join(version))
            .and_then(|()| fs::copy(&made, &partial))
            .and_then(|_| fs::rename(&partial, &finished))
            .unwrap_or_else(|error| panic!("cannot keep {}: {error}", made.display()));
        let _ = fs::remove_dir_all(&workshop);
    }
    finished
}

/// Cargo's target folder: the one above this test binary that cargo has marked.
fn target_folder() -> PathBuf {
    let binary = env::current_exe().expect("a test knows where its binary is");
    binary
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").exists())
        .unwrap_or_else(|| panic!("{} is below no target folder", binary.display()))
        .to_owned()
}

/// Folder of a package's sources, as cargo has unpacked them.
fn source_of(package: &str) -> PathBuf {
    // Downloads what is missing, too.
    let metadata = run(cargo("metadata").args(["--format-version", "1"]));
    let metadata: serde_json::Value =
        serde_json::from_slice(&metadata).expect("cargo metadata writes JSON");
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|found| found["name"] == package)
        .and_then(|found| found["manifest_path"].as_str())
        .unwrap_or_else(|| panic!("{package} is not in tests/lab/parts/Cargo.toml"));
    Path::new(manifest)
        .parent()
        .expect("a manifest lies in a folder")
        .to_owned()
}

/// A command of cargo on the manifest of the parts, exactly as locked.
fn cargo(command: &str) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .arg(command)
        .args(["--locked", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/parts/Cargo.toml"));
    // Flags that were meant for kickstand, such as a target or a linker, are not meant for a tool of this machine.
    for name in ["RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_ENCODED_RUSTFLAGS"] {
        cargo.env_remove(name);
    }
    cargo
}

/// Runs a command to its end and gives what it wrote.
fn run(command: &mut Command) -> Vec<u8> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{}", cannot_start(command.get_program(), &error)));
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn cannot_start(program: &OsStr, error: &io::Error) -> String {
    format!("the tests need the command {program:?}, which does not start: {error}")
}
