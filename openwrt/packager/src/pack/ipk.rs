//! Packages for opkg: OpenWrt to 24.10, and the firmware of vendors.
//!
//! The format is that of OpenWrt's `scripts/ipkg-build`: a gzipped tar of `debian-binary`, `data.tar.gz` and `control.tar.gz`, in that
//! order. Busybox's tar and opkg's own know no pax headers, so a path that needs one is an error. Not its job: what is in it.

use std::io;
use std::num::NonZeroU64;

use kickstand_lab::process::{Context, Failure, Result};
use tar::{Builder, EntryType, Header};
use zopfli::{Format, Options};

use super::package::Package;
use super::tree::{FOLDER_MODE, Node, Tree};

/// Longest path in a tar header, in bytes, without an extension (POSIX ustar).
const LONGEST_PATH: usize = 100;

/// Name of the file that a package goes into.
pub fn file_name(package: &Package) -> String {
    format!(
        "{}_{}_{}.ipk",
        package.name, package.version, package.architecture
    )
}

/// A package's files, archived. Packages that differ in nothing but the word for their architecture share them, which saves time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    compressed: Vec<u8>,
    size: usize,
}

impl Data {
    /// The archive. `time`: seconds since 1970 that everything in it is dated.
    ///
    /// # Errors
    ///
    /// When a path is too long.
    pub fn new(tree: &Tree, time: u64) -> Result<Self> {
        let archive = archive(tree, time)?;
        Ok(Data {
            compressed: gzip(&archive)?,
            size: archive.len(),
        })
    }
}

/// The package.
///
/// # Errors
///
/// When a path is too long.
pub fn write(package: &Package, data: &Data, time: u64) -> Result<Vec<u8>> {
    let mut control = Tree::default();
    control.file(
        "control",
        false,
        description(package, data.size, time).into_bytes(),
    );
    let scripts = [
        ("postinst", POSTINST.to_owned()),
        ("prerm", PRERM.to_owned()),
        ("postinst-pkg", package.postinst.clone()),
        ("prerm-pkg", package.prerm.clone()),
        ("postrm", package.postrm.clone()),
    ];
    for (name, script) in scripts.iter().filter(|(_, script)| !script.is_empty()) {
        let end = if script.ends_with('\n') { "" } else { "\n" };
        control.file(name, true, format!("{script}{end}").into_bytes());
    }
    if !package.conffiles.is_empty() {
        let lines: String = package
            .conffiles
            .iter()
            .map(|path| format!("{path}\n"))
            .collect();
        control.file("conffiles", false, lines.into_bytes());
    }
    let mut outer = Builder::new(Vec::new());
    let control = gzip(&archive(&control, time)?)?;
    let parts: [(&str, &[u8]); 3] = [
        ("debian-binary", b"2.0\n"),
        ("data.tar.gz", &data.compressed),
        ("control.tar.gz", &control),
    ];
    for (name, bytes) in parts {
        append(&mut outer, name, EntryType::Regular, 0o644, bytes, time)?;
    }
    // Compressed once already: what is left are the heads.
    let outer = outer.into_inner().context("end the archive")?;
    compress(Format::Gzip, ONCE, &outer)
}

/// Bytes that a package takes, as opkg compares them with what is free: those of the archive of its files.
///
/// # Errors
///
/// As for [`write`].
pub fn installed_size(package: &Package, time: u64) -> Result<usize> {
    archive(&package.tree, time).map(|archive| archive.len())
}

/// The stub that opkg runs; it runs the package's own script too, before it starts the service.
const POSTINST: &str = "#!/bin/sh\n[ \"${IPKG_NO_SCRIPT}\" = \"1\" ] && exit 0\n[ -s ${IPKG_INSTROOT}/lib/functions.sh ] || exit 0\n. ${IPKG_INSTROOT}/lib/functions.sh\ndefault_postinst $0 $@\n";
const PRERM: &str = "#!/bin/sh\n[ -s ${IPKG_INSTROOT}/lib/functions.sh ] || exit 0\n. ${IPKG_INSTROOT}/lib/functions.sh\ndefault_prerm $0 $@\n";

/// The fields of `control`, which the index of a feed repeats.
pub fn fields(package: &Package, size: usize, time: u64) -> String {
    let size = size.to_string();
    let time = time.to_string();
    let source = format!("feeds/kickstand/{}", package.name);
    let fields = [
        ("Package", package.name.as_str()),
        ("Version", &package.version),
        ("Depends", &package.depends.join(", ")),
        ("Source", &source),
        ("SourceName", &package.name),
        ("License", &package.license),
        ("Section", &package.section),
        ("Require-User", &package.users),
        ("SourceDateEpoch", &time),
        ("URL", &package.url),
        ("Maintainer", &package.maintainer),
        ("Architecture", &package.architecture),
        ("Installed-Size", &size),
    ];
    fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect()
}

/// The text of `control`. Lines of the description after its first begin with a space.
pub fn description(package: &Package, size: usize, time: u64) -> String {
    let lines: String = package
        .description
        .trim()
        .lines()
        .map(|line| format!(" {}\n", line.trim_start()))
        .collect();
    format!("{}Description: {lines}", fields(package, size, time))
}

fn archive(tree: &Tree, time: u64) -> Result<Vec<u8>> {
    let mut builder = Builder::new(Vec::new());
    // As GNU tar does for `.`; opkg makes nothing of it but the root.
    append(
        &mut builder,
        "",
        EntryType::Directory,
        FOLDER_MODE,
        &[],
        time,
    )?;
    for (path, node) in tree.iter() {
        match node {
            Node::Folder => append(
                &mut builder,
                path,
                EntryType::Directory,
                FOLDER_MODE,
                &[],
                time,
            )?,
            Node::File { mode, bytes } => {
                append(&mut builder, path, EntryType::Regular, *mode, bytes, time)?;
            }
            Node::Link(target) => append(
                &mut builder,
                path,
                EntryType::Symlink,
                0o777,
                target.as_bytes(),
                time,
            )?,
        }
    }
    builder.into_inner().context("end the archive")
}

/// Adds an entry. The bytes of a link are its target.
fn append(
    builder: &mut Builder<Vec<u8>>,
    path: &str,
    kind: EntryType,
    mode: u32,
    bytes: &[u8],
    time: u64,
) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(time);
    let end = if kind == EntryType::Directory && !path.is_empty() {
        "/"
    } else {
        ""
    };
    let shown = format!("./{path}{end}");
    let data = if kind == EntryType::Symlink {
        &[]
    } else {
        bytes
    };
    header.set_size(data.len() as u64);
    let old = header.as_old_mut();
    if shown.len() > LONGEST_PATH || (kind == EntryType::Symlink && bytes.len() > LONGEST_PATH) {
        return Err(Failure::new(format!(
            "{shown}: longer than {LONGEST_PATH} bytes"
        )));
    }
    // Not set_path, which takes away the "./" that opkg's lists of files are made of.
    old.name[..shown.len()].copy_from_slice(shown.as_bytes());
    if kind == EntryType::Symlink {
        old.linkname[..bytes.len()].copy_from_slice(bytes);
    }
    header
        .set_username("root")
        .and_then(|()| header.set_groupname("root"))
        .context("name root")?;
    header.set_cksum();
    builder
        .append(&header, data)
        .context(format!("add {shown}"))
}

/// Compressed as small as gzip can be, without name and time.
pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    compress(Format::Gzip, THOROUGH, bytes)
}

/// The same without any head: a bare deflate stream (RFC 1951).
pub fn deflate(bytes: &[u8]) -> Result<Vec<u8>> {
    compress(Format::Deflate, THOROUGH, bytes)
}

/// Rounds of zopfli's search. More take longer and gain some hundred bytes.
const THOROUGH: u64 = 5;
const ONCE: u64 = 1;

fn compress(format: Format, rounds: u64, bytes: &[u8]) -> Result<Vec<u8>> {
    let options = Options {
        iteration_count: NonZeroU64::new(rounds).unwrap_or(NonZeroU64::MIN),
        ..Options::default()
    };
    let mut compressed = Vec::new();
    let written: io::Result<()> = zopfli::compress(options, format, bytes, &mut compressed);
    written.context("compress")?;
    Ok(compressed)
}
