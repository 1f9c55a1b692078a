//! From the sources to `target/package/bin/NAME/kickstand`: cargo for every target at once, then what the kernel loads of it.
//!
//! cargo decides what must be compiled again, in a target folder of its own. Nothing of the builder's environment reaches the
//! compiler, and no path does: two checkouts give the same bytes.
//!
//! Not its job: how each target is linked (`.cargo/config.toml`), and the profile (`Cargo.toml`).

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use kickstand_lab::process::{Context, Failure, Result};

use super::architectures::Architecture;
use super::loadable::loadable_part;
use super::toolchain::{self, Toolchain};
use crate::places::Places;

/// What makes the binary small and takes paths out of it, none of it stable yet. Sizes: docs/decisions.md.
const UNSTABLE: [&str; 6] = [
    // std made for size, and no more of it than is used.
    "-Zbuild-std=std,panic_abort",
    "-Zbuild-std-features=optimize_for_size",
    // A panic ends the process at once: no message is put together.
    "-Zpanic-immediate-abort",
    "--config=profile.release.panic=\"immediate-abort\"",
    // Paths of sources become names of packages.
    "-Ztrim-paths",
    "--config=profile.release.trim-paths=\"all\"",
];

/// Builds the binaries of these architectures.
///
/// # Errors
///
/// When the tools cannot be had or the sources do not compile.
pub fn build(places: &Places, architectures: &[&Architecture]) -> Result<()> {
    let toolchain = toolchain::install(places)?;
    let targets = targets(architectures);
    if linker_is_newer(places, architectures) {
        run_cargo(places, &toolchain, &["clean"], &targets)?;
    }
    let build = ["build", "--locked", "--quiet", "--bin", "kickstand"];
    run_cargo(places, &toolchain, &build, &targets)?;
    for architecture in architectures {
        let binary = places.binary(architecture.name);
        keep(&built(places, architecture), &binary)?;
    }
    Ok(())
}

fn targets(architectures: &[&Architecture]) -> Vec<&'static str> {
    let words = architectures
        .iter()
        .map(|one| ["--target", one.rust_target]);
    words.flatten().collect()
}

/// Where cargo leaves a binary.
fn built(places: &Places, architecture: &Architecture) -> PathBuf {
    let target = places.cargo().join(architecture.rust_target);
    target.join("release/kickstand")
}

/// Whether the linker changed since something was linked, which cargo does not look for.
fn linker_is_newer(places: &Places, architectures: &[&Architecture]) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    let parts = ["zigcc", "clock.c"].map(|name| places.sources().join(".cargo").join(name));
    let linker = parts.iter().filter_map(|path| changed(path)).max();
    let linked = architectures
        .iter()
        .filter_map(|one| changed(&built(places, one)));
    linked.min().is_some_and(|oldest| linker > Some(oldest))
}

fn run_cargo(
    places: &Places,
    toolchain: &Toolchain,
    words: &[&str],
    targets: &[&str],
) -> Result<()> {
    let mut command = cargo(places, toolchain);
    command
        .args(words)
        .args(["--release", "--package", "kickstand"]);
    command
        .args(targets)
        .arg("--target-dir")
        .arg(places.cargo());
    // Its own output is the user's to read: it may take minutes, or complain about the sources.
    let status = command.status().context("start cargo")?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(
        "cargo could not build the binaries; it says why above",
    ))
}

/// Debian's cargo in the sources' folder, with nothing of the builder's own settings but how to reach registries.
fn cargo(places: &Places, toolchain: &Toolchain) -> Command {
    let mut command = Command::new(Toolchain::CARGO);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(changes_a_build) {
            command.env_remove(name);
        }
    }
    let zig_cache = places.package().join("zig-cache");
    command
        .current_dir(places.sources())
        .args(UNSTABLE)
        .env("RUSTC", Toolchain::RUSTC)
        .env("RUSTDOC", Toolchain::RUSTDOC)
        // Debian's compiler is a stable one; it takes unstable options all the same.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("ZIG_PYTHON", &toolchain.zig_python)
        .env("ZIG_GLOBAL_CACHE_DIR", &zig_cache)
        .env("ZIG_LOCAL_CACHE_DIR", &zig_cache);
    command
}

/// Whether a variable of the environment is read by cargo or rustc, and not only to reach a registry or a home folder.
fn changes_a_build(name: &str) -> bool {
    const KEPT: [&str; 7] = [
        "CARGO_HOME",
        "CARGO_HTTP",
        "CARGO_NET",
        "CARGO_REGISTR",
        "CARGO_SOURCE",
        "CARGO_TERM",
        "CARGO_BUILD_JOBS",
    ];
    let read = ["CARGO", "RUST", "CC", "CFLAGS", "SOURCE_DATE_EPOCH"];
    read.iter().any(|prefix| name.starts_with(prefix))
        && !KEPT.iter().any(|prefix| name.starts_with(prefix))
}

/// Writes what the kernel loads of a program, unless it is there already.
fn keep(built: &Path, binary: &Path) -> Result<()> {
    let program = fs::read(built).context(format!("read {}", built.display()))?;
    let program = loadable_part(program)
        .map_err(|why| Failure::new(format!("{} is no program: {why:?}", built.display())))?;
    if fs::read(binary).is_ok_and(|there| there == program) {
        return Ok(());
    }
    let folder = binary.parent().unwrap_or(binary);
    let new = binary.with_extension("new");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&new, program))
        // As in the package: everybody may run it.
        .and_then(|()| fs::set_permissions(&new, fs::Permissions::from_mode(0o755)))
        .and_then(|()| fs::rename(&new, binary))
        .context(format!("write {}", binary.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cross::architectures::ARCHITECTURES;

    #[test]
    fn the_builders_settings_stay_outside() {
        for name in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "RUSTC_WRAPPER",
        ] {
            assert!(changes_a_build(name), "{name}");
        }
        for name in [
            "CARGO_HOME",
            "CARGO_HTTP_PROXY",
            "CARGO_NET_OFFLINE",
            "PATH",
            "HOME",
        ] {
            assert!(!changes_a_build(name), "{name}");
        }
    }

    #[test]
    fn cargo_knows_how_to_link_every_target() {
        let settings = include_str!("../../../../.cargo/config.toml");
        for architecture in ARCHITECTURES {
            let section = format!("[target.{}]", architecture.rust_target);
            assert!(settings.contains(&section), "{section}");
        }
    }
}
