//! ipk, the package format of opkg: a gzip'd tar of `./debian-binary`, `./data.tar.gz` and `./control.tar.gz`, in this order.
//!
//! Rules: OpenWrt's scripts/ipkg-build and include/package-pack.mk of 24.10. Why each is there: docs/packaging.md.
//!
//! Not its job: what a package is ([`crate::package`]), and lists of packages ([`crate::feed`]).

use std::fmt::Write as _;
use std::io::{self, Read as _};

use crate::archive;
use crate::package::{Package, ipk_scripts};
use crate::tree::{FILE_MODE, PROGRAM_MODE, Tree};

/// Version of the format, as opkg and dpkg know it.
const FORMAT: &[u8] = b"2.0\n";

/// Bytes that a control file may have: ours has less than two thousand.
const CONTROL_LIMIT: u64 = 1 << 20;
/// Bytes that a package may unpack to: more than the largest router's flash.
const PACKAGE_LIMIT: u64 = 256 << 20;

/// The compressed contents: the same for every architecture that has the same binary, and what takes long to make.
#[derive(Debug, Clone)]
pub struct Data {
    archive: Vec<u8>,
    /// Bytes of the tar, which opkg compares with what is free.
    installed_size: u64,
}

impl Data {
    /// Compresses a tree.
    ///
    /// # Errors
    ///
    /// When a path is longer than tar takes.
    pub fn new(tree: &Tree, date: u64) -> io::Result<Self> {
        let tar = archive::tar(tree, date)?;
        Ok(Data {
            archive: archive::gzip(&tar)?,
            installed_size: tar.len() as u64,
        })
    }
}

/// What the file is called.
pub fn file_name(package: &Package) -> String {
    let (recipe, architecture) = (&package.recipe, &package.architecture);
    format!("{}_{}_{architecture}.ipk", recipe.name, recipe.version())
}

/// Writes a package, whose contents were compressed before.
///
/// # Errors
///
/// When a name is longer than tar takes.
pub fn write(package: &Package, data: &Data) -> io::Result<Vec<u8>> {
    let control = control_archive(package, data)?;
    let parts = vec![
        ("debian-binary", FORMAT.to_vec()),
        ("data.tar.gz", data.archive.clone()),
        ("control.tar.gz", control),
    ];
    archive::gzip_again(&archive::tar_of_files(parts, package.date)?)
}

fn control_archive(package: &Package, data: &Data) -> io::Result<Vec<u8>> {
    let mut tree = Tree::new();
    let mut put = |name: &str, mode: u32, text: String| {
        tree.insert_file(name, mode, text).map_err(io::Error::other)
    };
    put("control", FILE_MODE, control(package, data.installed_size))?;
    let files = package.configuration_files();
    if !files.is_empty() {
        put("conffiles", FILE_MODE, files.join("\n") + "\n")?;
    }
    for (name, text) in ipk_scripts(&package.recipe) {
        put(name, PROGRAM_MODE, text)?;
    }
    archive::gzip(&archive::tar(&tree, package.date)?)
}

/// The control file: a field a line, no empty fields; the description last.
fn control(package: &Package, installed_size: u64) -> String {
    let recipe = &package.recipe;
    let mut text = String::new();
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{name}: {value}");
        }
    };
    field("Package", &recipe.name);
    field("Version", &recipe.version());
    field("Depends", &recipe.depends.join(", "));
    field("Conflicts", &recipe.conflicts.join(", "));
    field("Provides", &recipe.provides.join(", "));
    field("Source", &recipe.source);
    field("SourceName", &recipe.name);
    field("License", &recipe.license);
    field("LicenseFiles", &recipe.license_files);
    field("Section", &recipe.section);
    field("Require-User", &recipe.users);
    field("SourceDateEpoch", &package.date.to_string());
    field("URL", &recipe.url);
    field("Maintainer", &recipe.maintainer);
    field("Architecture", &package.architecture);
    field("Installed-Size", &installed_size.to_string());
    // Every line begins with a blank, the first too: that is how ipkg-build folds it.
    let lines = recipe.description.iter().map(|line| format!(" {line}\n"));
    let _ = write!(text, "Description: {}", lines.collect::<String>());
    text
}

/// The control file of a package.
///
/// # Errors
///
/// When the bytes are no ipk.
pub fn read_control(ipk: &[u8]) -> io::Result<String> {
    let parts = archive::gunzip(ipk, PACKAGE_LIMIT)?;
    let archive = member(&parts, "control.tar.gz")?;
    let control = member(&archive::gunzip(&archive, CONTROL_LIMIT)?, "control")?;
    String::from_utf8(control).map_err(io::Error::other)
}

fn member(tar: &[u8], name: &str) -> io::Result<Vec<u8>> {
    for entry in tar::Archive::new(tar).entries()? {
        let mut entry = entry?;
        let path = entry.path()?;
        if path.strip_prefix(".").unwrap_or(&path).to_str() == Some(name) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            return Ok(bytes);
        }
    }
    Err(io::Error::other(format!("there is no {name} in it")))
}
