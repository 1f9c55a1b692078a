//! Packages: writing and unpacking.

use std::collections::BTreeMap;
use std::io;

use sha2::{Digest, Sha256};

use super::{SCRIPTS, acl_field, directory_field, file_field, info_field, package_field};
use crate::adb::read::{Container, Malformed, Value as Read};
use crate::adb::write::{NULL, Value, Values, block, header};
use crate::adb::{Block, MAGIC_DEFLATE, Schema};
use crate::archive;
use crate::package::{EVERY_ARCHITECTURE, Package, apk_scripts};
use crate::tree::{BadPath, FILE_MODE, Kind, Tree};

/// apk's word for a package that runs on any processor.
const NOARCH: &str = "noarch";
/// Time of every file in seconds since 1970: OpenWrt packs with SOURCE_DATE_EPOCH=0, and nothing on the router reads it.
const MTIME: u64 = 0;
/// What a target begins with when it is a symbolic link's: S_IFLNK of stat(2).
const SYMBOLIC_LINK: u16 = 0o120_000;
/// Bytes of what names a package: the beginning of the SHA-256 of its values.
const UNIQUE_ID_SIZE: u8 = 20;

/// What the file is called.
pub fn file_name(package: &Package) -> String {
    format!("{}-{}.apk", package.recipe.name, package.recipe.version())
}

/// The contents with OpenWrt's lists, and their compressed data blocks: the same for every architecture that has the same
/// binary, and what takes long to make.
#[derive(Debug, Clone)]
pub struct Data {
    tree: Tree,
    blocks: Vec<u8>,
}

impl Data {
    /// Compresses the contents of a package.
    ///
    /// # Errors
    ///
    /// When a list has no place in the tree.
    pub fn new(package: &Package) -> io::Result<Self> {
        let tree = with_lists(package).map_err(io::Error::other)?;
        let mut blocks = Vec::new();
        for (path_number, (_, files)) in (1_u32..).zip(directories(&tree)) {
            for (file_number, (_, entry)) in (1_u32..).zip(files) {
                match &entry.kind {
                    Kind::File(bytes) if !bytes.is_empty() => {
                        let numbers = [path_number.to_le_bytes(), file_number.to_le_bytes()];
                        blocks.extend(block(Block::Data, &[&numbers.concat(), bytes]));
                    }
                    _ => {}
                }
            }
        }
        Ok(Data {
            tree,
            blocks: archive::deflate(&blocks)?,
        })
    }
}

/// `lib/apk/packages/NAME.…`: OpenWrt's functions read which users, init scripts and configuration files a package has.
fn with_lists(package: &Package) -> Result<Tree, BadPath> {
    let recipe = &package.recipe;
    let mut tree = package.tree.clone();
    let put = |kind: &str, text: String, tree: &mut Tree| {
        let path = format!("lib/apk/packages/{}.{kind}", recipe.name);
        tree.insert_file(&path, FILE_MODE, text)
    };
    if !recipe.users.is_empty() {
        put("rusers", format!("{}\n", recipe.users), &mut tree)?;
    }
    let files = tree
        .iter()
        .filter(|(_, entry)| entry.kind != Kind::Directory);
    let list = files.fold(String::new(), |text, (path, _)| text + "/" + path + "\n");
    put("list", list, &mut tree)?;
    if !recipe.conffiles.is_empty() {
        put("conffiles", recipe.conffiles.join("\n") + "\n", &mut tree)?;
    }
    let mut sums = String::new();
    for path in package.configuration_files() {
        let bytes = package.tree.file(&path[1..]).unwrap_or_default();
        sums.push_str(&format!("{path} {}\n", hex(&Sha256::digest(bytes))));
    }
    if !sums.is_empty() {
        put("conffiles_static", sums, &mut tree)?;
    }
    Ok(tree)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

type Files<'a> = Vec<(&'a str, &'a crate::tree::Entry)>;

/// Every directory with its files, the root first, both in the order of their bytes: data blocks come in this order.
fn directories(tree: &Tree) -> BTreeMap<&str, Files<'_>> {
    let mut directories = BTreeMap::from([("", Files::new())]);
    for (path, entry) in tree.iter() {
        if entry.kind == Kind::Directory {
            directories.entry(path).or_default();
        } else {
            let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
            let files = directories.entry(directory).or_default();
            files.push((name, entry));
        }
    }
    directories
}

/// Writes a package, whose contents were compressed before. Unsigned: it is the index that is signed, and knows the package's hash.
///
/// # Errors
///
/// When the compressor refuses.
pub fn write(package: &Package, data: &Data) -> io::Result<Vec<u8>> {
    let values = values(package, &data.tree);
    let mut beginning = header(Schema::Package);
    beginning.extend(block(Block::Adb, &[&values]));
    let beginning = archive::deflate_beginning(&beginning)?;
    Ok([&MAGIC_DEFLATE[..], &beginning, &data.blocks].concat())
}

fn values(package: &Package, tree: &Tree) -> Vec<u8> {
    let mut values = Values::default();
    let mut info = info(&mut values, package);
    let paths = paths(&mut values, tree);
    // What takes no room still has a size, or apk takes the package for a virtual one.
    let size = installed_size(tree).max(1);
    info[info_field::INSTALLED_SIZE - 1] = values.int(size);
    let (id, place) = values.room(UNIQUE_ID_SIZE);
    info[info_field::HASHES - 1] = id;

    let mut fields = [NULL; package_field::COUNT];
    fields[package_field::INFO - 1] = values.object(&info);
    fields[package_field::PATHS - 1] = values.object(&paths);
    let mut scripts = [NULL; SCRIPTS.len()];
    let texts = apk_scripts(&package.recipe);
    for (field, wanted) in scripts.iter_mut().zip(SCRIPTS) {
        if let Some((_, text)) = texts.iter().find(|(name, _)| *name == wanted) {
            *field = values.blob(text.as_bytes());
        }
    }
    fields[package_field::SCRIPTS - 1] = values.object(&scripts);
    let root = values.object(&fields);
    values.set_root(root);
    let digest = Sha256::digest(values.bytes());
    values.fill(place, &digest[..usize::from(UNIQUE_ID_SIZE)]);
    values.bytes().to_vec()
}

fn info(values: &mut Values, package: &Package) -> [Value; info_field::COUNT] {
    let recipe = &package.recipe;
    let architecture = match package.architecture.as_str() {
        EVERY_ARCHITECTURE => NOARCH,
        other => other,
    };
    let mut fields = [NULL; info_field::COUNT];
    let texts = [
        (info_field::NAME, recipe.name.clone()),
        (info_field::VERSION, recipe.version()),
        (info_field::DESCRIPTION, recipe.description.join(" ")),
        (info_field::ARCH, architecture.to_owned()),
        (info_field::LICENSE, recipe.license.clone()),
        (info_field::ORIGIN, recipe.source.clone()),
        (info_field::MAINTAINER, recipe.maintainer.clone()),
        (info_field::URL, recipe.url.clone()),
    ];
    for (field, text) in texts {
        fields[field - 1] = values.blob(text.as_bytes());
    }
    fields[info_field::DEPENDS - 1] = names(values, &recipe.depends);
    fields[info_field::PROVIDES - 1] = names(values, &recipe.provides);
    if !recipe.section.is_empty() {
        let tag = values.blob(format!("openwrt:section={}", recipe.section).as_bytes());
        fields[info_field::TAGS - 1] = values.object(&[tag]);
    }
    fields
}

/// Names of packages, any version of them, in the order of their bytes.
fn names(values: &mut Values, names: &[String]) -> Value {
    let mut written: Vec<_> = names
        .iter()
        .map(|name| {
            let blob = values.blob(name.as_bytes());
            (name, values.object(&[blob]))
        })
        .collect();
    written.sort_by_key(|(name, _)| *name);
    written.dedup();
    let objects: Vec<_> = written.into_iter().map(|(_, object)| object).collect();
    values.object(&objects)
}

fn paths(values: &mut Values, tree: &Tree) -> Vec<Value> {
    let mut paths = Vec::new();
    for (directory, files) in directories(tree) {
        let mut written = Vec::new();
        for (name, entry) in files {
            written.push(file(values, name, entry));
        }
        let mut fields = [NULL; directory_field::COUNT];
        fields[directory_field::NAME - 1] = values.blob(directory.as_bytes());
        let mode = tree.get(directory).map_or(0o755, |entry| entry.mode);
        fields[directory_field::ACL - 1] = acl(values, mode);
        fields[directory_field::FILES - 1] = values.object(&written);
        paths.push(values.object(&fields));
    }
    paths
}

fn file(values: &mut Values, name: &str, entry: &crate::tree::Entry) -> Value {
    let mut fields = [NULL; file_field::COUNT];
    fields[file_field::NAME - 1] = values.blob(name.as_bytes());
    let size = match &entry.kind {
        Kind::File(bytes) => {
            fields[file_field::HASH - 1] = values.blob(&Sha256::digest(bytes));
            bytes.len()
        }
        Kind::Link(target) => {
            let target = [&SYMBOLIC_LINK.to_le_bytes()[..], target.as_bytes()].concat();
            fields[file_field::TARGET - 1] = values.blob(&target);
            target.len() - 2
        }
        Kind::Directory => 0,
    };
    fields[file_field::MTIME - 1] = values.int(MTIME);
    fields[file_field::SIZE - 1] = values.int(size as u64);
    fields[file_field::ACL - 1] = acl(values, entry.mode);
    values.object(&fields)
}

fn acl(values: &mut Values, mode: u32) -> Value {
    let mode = values.int(u64::from(mode));
    let root = values.blob(b"root");
    values.object(&[mode, root, root])
}

fn installed_size(tree: &Tree) -> u64 {
    let sizes = tree.iter().map(|(_, entry)| match &entry.kind {
        Kind::File(bytes) => bytes.len() as u64,
        _ => 0,
    });
    sizes.sum()
}

/// A package, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// What it says of itself: fields as in `info_field`.
    pub info: Read,
    /// What it puts on the router.
    pub tree: Tree,
    /// By their names.
    pub scripts: BTreeMap<&'static str, String>,
    /// SHA-256 of its values, by which an index knows it.
    pub identity: [u8; 32],
}

/// Takes a package apart and compares every file with its hash, every data block with its file.
///
/// # Errors
///
/// When anything does not fit.
pub fn unpack(apk: &[u8]) -> Result<Unpacked, Malformed> {
    let container = Container::read(apk, Schema::Package)?;
    let mut data = container.data.iter();
    let mut tree = Tree::new();
    let paths = container.root.field(package_field::PATHS);
    for (path_number, directory) in (1_u32..).zip(paths.members()) {
        let path = directory.field(directory_field::NAME).text();
        if !path.is_empty() {
            put(
                &mut tree,
                &path,
                mode(directory.field(directory_field::ACL)),
                Kind::Directory,
            )?;
        }
        let files = directory.field(directory_field::FILES).members();
        for (file_number, file) in (1_u32..).zip(files) {
            let name = file.field(file_field::NAME).text();
            let path = if path.is_empty() {
                name
            } else {
                format!("{path}/{name}")
            };
            let kind = contents(file, [path_number, file_number], &mut data)
                .ok_or_else(|| Malformed(format!("{path} is not what its hash says")))?;
            put(&mut tree, &path, mode(file.field(file_field::ACL)), kind)?;
        }
    }
    if data.next().is_some() {
        return Err(Malformed("it has more data than files".into()));
    }
    let scripts = container.root.field(package_field::SCRIPTS);
    let scripts = SCRIPTS.into_iter().zip(scripts.members());
    Ok(Unpacked {
        info: container.root.field(package_field::INFO).clone(),
        tree,
        scripts: scripts
            .filter(|(_, text)| **text != Read::Null)
            .map(|(name, text)| (name, text.text()))
            .collect(),
        identity: Sha256::digest(&container.values).into(),
    })
}

fn mode(acl: &Read) -> u32 {
    acl.field(acl_field::MODE).int() as u32
}

fn put(tree: &mut Tree, path: &str, mode: u32, kind: Kind) -> Result<(), Malformed> {
    let put = tree.insert(path, mode, kind);
    put.map_err(|bad| Malformed(bad.to_string()))
}

/// What a file is; None when its data block is another's, or has another hash or size.
fn contents<'a>(
    file: &Read,
    numbers: [u32; 2],
    data: &mut impl Iterator<Item = &'a Vec<u8>>,
) -> Option<Kind> {
    let target = file.field(file_field::TARGET).bytes();
    if let Some((kind, target)) = target.split_first_chunk() {
        let target = String::from_utf8(target.to_vec()).ok()?;
        return (u16::from_le_bytes(*kind) == SYMBOLIC_LINK).then_some(Kind::Link(target));
    }
    let size = file.field(file_field::SIZE).int();
    let bytes = match size {
        0 => Vec::new(),
        _ => {
            let numbers = numbers.map(u32::to_le_bytes).concat();
            data.next()?.strip_prefix(&numbers[..])?.to_vec()
        }
    };
    let hash = file.field(file_field::HASH).bytes();
    let fits = bytes.len() as u64 == size && Sha256::digest(&bytes)[..] == *hash;
    fits.then_some(Kind::File(bytes))
}
