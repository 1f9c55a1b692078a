//! The tools that build and try the binaries: Debian's newest rustc with the source of std, its user-mode QEMU, and zig from PyPI.
//!
//! rustup's rustc is of no use here: rustup has no std for MIPS any more, and one built from source must be of the compiler's own
//! version. Debian has both in one version (for its web browsers, hence the names). zig brings musl for every target.
//!
//! Not its job: using them ([`super::build`]).

use std::path::PathBuf;
use std::process::Command;

use kickstand_lab::apt::{self, Apt};
use kickstand_lab::process::{Failure, Result, run, words};
use kickstand_lab::python;

use crate::places::Places;

/// Debian's packages, and what each is for.
const PACKAGES: [(&str, &str); 5] = [
    ("rustc-web", "compiles for routers"),
    ("cargo-web", "drives it"),
    (
        "rust-web-src",
        "is the standard library, to be compiled for routers",
    ),
    ("qemu-user", "runs the binaries in tests"),
    ("libfaketime", "shows them other years"),
];

/// zig's version on PyPI. Another one may bring another musl, so the binaries change.
const ZIG: &str = "0.16.0";

/// Where the tools are.
#[derive(Debug)]
pub struct Toolchain {
    /// A Python that has `ziglang`.
    pub zig_python: PathBuf,
}

impl Toolchain {
    /// Debian's cargo. rustup's, which usually goes before it in PATH, would take rustup's rustc.
    pub const CARGO: &str = "/usr/bin/cargo";
    /// Debian's rustc.
    pub const RUSTC: &str = "/usr/bin/rustc";
    /// Debian's rustdoc, which cargo looks for beside rustc.
    pub const RUSTDOC: &str = "/usr/bin/rustdoc";
}

/// Installs what is missing, says what that is, and is quick when nothing is.
///
/// # Errors
///
/// When something is missing and cannot be installed.
pub fn install(places: &Places) -> Result<Toolchain> {
    install_packages(places)?;
    let environment = python::environment(places.package(), "ziglang", ZIG)?;
    Ok(Toolchain {
        zig_python: environment.join("bin/python"),
    })
}

fn install_packages(places: &Places) -> Result<()> {
    let missing: Vec<_> = PACKAGES
        .iter()
        .filter(|(package, _)| !is_installed(package))
        .collect();
    let Some((first, _)) = missing.first() else {
        return Ok(());
    };
    if run(&mut words("id -u"))?.trim() != "0" {
        let names: Vec<_> = missing.iter().map(|(package, _)| *package).collect();
        return Err(Failure::new(format!(
            "Run this as root, or install first: {}",
            names.join(" ")
        )));
    }
    for (package, purpose) in &missing {
        eprintln!("kickstand-packager: installs {package}, which {purpose}");
    }
    let apt = Apt::new("kickstand-packager", &places.package().join("archives"));
    apt.refresh_lists(first)?;
    let mut command: Command = apt.install();
    command.args(missing.iter().map(|(package, _)| package));
    run(&mut command).map(drop).map_err(|failure| {
        Failure::new(format!(
            "apt-get refused ({}): Debian 12 has these packages in its security updates",
            apt::reason(&failure)
        ))
    })
}

fn is_installed(package: &str) -> bool {
    let mut query = words("dpkg-query --show --showformat=${db:Status-Status}");
    run(query.arg(package)).is_ok_and(|status| status == "installed")
}
