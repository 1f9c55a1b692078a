//! Packages and indexes for apk-tools 3: OpenWrt from 25.12.
//!
//! Numbers of fields are those of `src/apk_adb.h` of apk-tools; the order of writing is that of its `mkpkg` and `mkndx`, so that the same
//! package comes out byte for byte. Files and scripts beside the package's own are those of OpenWrt's `include/package-pack.mk`.
//! Not its job: the format of values and blocks (`adb`).

use sha2::{Digest, Sha256};

use kickstand_lab::process::Result;

use super::adb::{Block, Kind, Value, file};
use super::ipk::deflate;
use super::package::{Package, body};
use super::signature::ApkKey;
use super::tree::{FOLDER_MODE, Node, Tree};

/// `pckg`.
const PACKAGE: u32 = 0x676b_6370;
/// `indx`.
const INDEX: u32 = 0x7864_6e69;
/// Before a bare deflate stream. OpenWrt's apk has no other compression.
const DEFLATED: &[u8] = b"ADBd";
/// Bytes of the unique id of a package: the begin of a SHA-256 that is as long as a SHA-1.
const ID: usize = 20;
/// Time of everything in a package, in seconds since 1970. OpenWrt's own packages have the same.
const TIME: u64 = 0;
/// Where a link's target is kept with its type, as `st_mode` of inode(7).
const LINK_TYPE: u16 = 0o120_000;

/// What an index says of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    package: Package,
    installed_size: u64,
    /// SHA-256 of the package's block of values.
    identity: Vec<u8>,
    file_size: u64,
}

/// Name of the file that a package goes into.
pub fn file_name(package: &Package) -> String {
    format!("{}-{}.apk", package.name, package.version)
}

/// The package, with what OpenWrt adds to its files.
///
/// # Errors
///
/// Those of the compression.
pub fn write(package: &Package) -> Result<Vec<u8>> {
    let mut compressed = DEFLATED.to_vec();
    compressed.extend(deflate(&uncompressed(package))?);
    Ok(compressed)
}

/// The package before it is compressed.
pub fn uncompressed(package: &Package) -> Vec<u8> {
    let (values, tree) = values(package);
    let data = data(&tree);
    let mut blocks = vec![(Kind::Adb, values.as_slice())];
    blocks.extend(data.iter().map(|data| (Kind::Data, data.as_slice())));
    file(PACKAGE, &blocks)
}

impl Entry {
    /// The entry of a package that [`write`] made a file of so many bytes of.
    pub fn new(package: &Package, file_size: u64) -> Self {
        let (values, tree) = values(package);
        Entry {
            package: package.clone(),
            installed_size: tree.size(),
            identity: Sha256::digest(&values).to_vec(),
            file_size,
        }
    }
}

fn values(package: &Package) -> (Vec<u8>, Tree) {
    let tree = with_lists(package);
    let mut block = Block::default();
    let mut info = information(&mut block, package);
    let paths = folders(&mut block, &tree);
    info.installed_size = block.int(tree.size());
    let (hashes, place) = block.own_blob(&[0; ID]);
    info.hashes = hashes;
    let info = info.object(&mut block);
    let paths = block.object(&paths);
    let scripts = scripts(package).map(|script| block.blob(script.as_bytes()));
    let scripts = block.object(&scripts);
    let root = block.object(&[info, paths, scripts]);
    let digest = Sha256::digest(block.end(root));
    block.replace(place, &digest[..ID]);
    (block.end(root).to_vec(), tree)
}

/// `pkginfo`: fields by number.
#[derive(Default)]
struct Information {
    fields: [Option<Value>; 22],
    hashes: Value,
    installed_size: Value,
    file_size: Value,
}

impl Default for Value {
    fn default() -> Self {
        Value::NULL
    }
}

impl Information {
    fn object(&self, block: &mut Block) -> Value {
        let mut values: Vec<Value> = self.fields[1..]
            .iter()
            .map(|field| field.unwrap_or(Value::NULL))
            .collect();
        values[2] = self.hashes;
        values[11] = self.installed_size;
        values[12] = self.file_size;
        block.object(&values)
    }
}

/// Name 1, version 2, description 4, architecture 5, license 6, origin 7, maintainer 8, url 9, depends 15, tags 21; the others come later.
fn information(block: &mut Block, package: &Package) -> Information {
    let architecture = match package.architecture.as_str() {
        "all" => "noarch",
        other => other,
    };
    let origin = format!("feeds/kickstand/{}", package.name);
    // As make's strip does.
    let description = package
        .description
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let mut info = Information::default();
    for (number, text) in [
        (1, package.name.as_str()),
        (2, &package.version),
        (4, &description),
        (5, architecture),
        (6, &package.license),
        (7, &origin),
        (8, &package.maintainer),
        (9, &package.url),
    ] {
        info.fields[number] = Some(block.blob(text.as_bytes()));
    }
    let mut depends = package.depends.clone();
    depends.sort();
    depends.dedup();
    let depends: Vec<Value> = depends
        .iter()
        .map(|name| {
            let name = block.blob(name.as_bytes());
            block.object(&[name])
        })
        .collect();
    info.fields[15] = Some(block.object(&depends));
    if !package.section.is_empty() {
        let tag = block.blob(format!("openwrt:section={}", package.section).as_bytes());
        info.fields[21] = Some(block.object(&[tag]));
    }
    info
}

/// Folders with their files: name 1, acl 2, files 3. The root is the first, without a name.
fn folders(block: &mut Block, tree: &Tree) -> Vec<Value> {
    let names = sorted_folders(tree);
    names
        .into_iter()
        .map(|folder| {
            let files: Vec<Value> = files_of(tree, &folder)
                .map(|(name, node)| one_file(block, name, node))
                .collect();
            let name = block.blob(folder.as_bytes());
            let acl = acl(block, FOLDER_MODE);
            let files = block.object(&files);
            block.object(&[name, acl, files])
        })
        .collect()
}

/// By the bytes of their paths, as strcmp(3) does.
fn sorted_folders(tree: &Tree) -> Vec<String> {
    let below = tree.iter().filter(|(_, node)| **node == Node::Folder);
    let mut names: Vec<String> = below.map(|(path, _)| path.to_owned()).collect();
    names.push(String::new());
    names.sort();
    names
}

fn files_of<'a>(tree: &'a Tree, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a Node)> {
    tree.iter().filter_map(move |(path, node)| {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        (above == folder && *node != Node::Folder).then_some((name, node))
    })
}

/// Name 1, acl 2, size 3, time 4, SHA-256 5, target 6.
fn one_file(block: &mut Block, name: &str, node: &Node) -> Value {
    let name = block.blob(name.as_bytes());
    let (mode, size, hash, target) = match node {
        Node::File { mode, bytes } => {
            let hash = block.blob(&Sha256::digest(bytes));
            (*mode, bytes.len() as u64, hash, Value::NULL)
        }
        Node::Link(target) => {
            let mut text = LINK_TYPE.to_le_bytes().to_vec();
            text.extend_from_slice(target.as_bytes());
            (0o777, target.len() as u64, Value::NULL, block.blob(&text))
        }
        Node::Folder => (FOLDER_MODE, 0, Value::NULL, Value::NULL),
    };
    let (time, size) = (block.int(TIME), block.int(size));
    let acl = acl(block, mode);
    block.object(&[name, acl, size, time, hash, target])
}

/// Mode 1, user 2, group 3.
fn acl(block: &mut Block, mode: u32) -> Value {
    let (mode, root) = (block.int(mode.into()), block.blob(b"root"));
    block.object(&[mode, root, root])
}

/// Files' bytes, each after the numbers of its folder and of itself in the block of values, from 1.
fn data(tree: &Tree) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    for (folder, path) in (1_u32..).zip(sorted_folders(tree)) {
        for (number, (_, node)) in (1_u32..).zip(files_of(tree, &path)) {
            if let Node::File { bytes, .. } = node
                && !bytes.is_empty()
            {
                let mut block = [folder.to_le_bytes(), number.to_le_bytes()].concat();
                block.extend_from_slice(bytes);
                blocks.push(block);
            }
        }
    }
    blocks
}

/// OpenWrt's own lists of a package's files: without `.list`, its functions.sh would enable nothing.
fn with_lists(package: &Package) -> Tree {
    let mut tree = package.tree.clone();
    let place = |kind: &str| format!("lib/apk/packages/{}.{kind}", package.name);
    if !package.users.is_empty() {
        tree.file(
            &place("rusers"),
            false,
            format!("{}\n", package.users).into_bytes(),
        );
    }
    let listed: String = tree
        .iter()
        .filter(|(_, node)| **node != Node::Folder)
        .map(|(path, _)| format!("/{path}\n"))
        .collect();
    tree.file(&place("list"), false, listed.into_bytes());
    if !package.conffiles.is_empty() {
        let lines: String = package
            .conffiles
            .iter()
            .map(|path| format!("{path}\n"))
            .collect();
        let sums: String = package
            .conffiles
            .iter()
            .filter_map(|path| match package.tree.get(path) {
                Some(Node::File { bytes, .. }) => {
                    Some(format!("{path} {}\n", hex(&Sha256::digest(bytes))))
                }
                _ => None,
            })
            .collect();
        tree.file(&place("conffiles"), false, lines.into_bytes());
        if !sums.is_empty() {
            tree.file(&place("conffiles_static"), false, sums.into_bytes());
        }
    }
    tree
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Scripts by number: trigger, pre-install, post-install, pre-deinstall, post-deinstall, pre-upgrade, post-upgrade.
fn scripts(package: &Package) -> [String; 7] {
    let functions = "[ -s ${IPKG_INSTROOT}/lib/functions.sh ] || exit 0\n. ${IPKG_INSTROOT}/lib/functions.sh\nexport root=\"${IPKG_INSTROOT}\"\n";
    let name = format!("export pkgname=\"{}\"\n", package.name);
    let own = body(&package.postinst);
    let install = format!(
        "[ \"${{IPKG_NO_SCRIPT}}\" = \"1\" ] && exit 0\n{functions}{name}add_group_and_user\ndefault_postinst\n{own}"
    );
    let remove = format!(
        "#!/bin/sh\n{functions}{name}default_prerm\n{}",
        body(&package.prerm)
    );
    let removed = match package.postrm.as_str() {
        "" => String::new(),
        script => format!("{script}\n"),
    };
    [
        String::new(),
        String::new(),
        format!("#!/bin/sh\n{install}"),
        remove,
        removed,
        String::new(),
        format!("#!/bin/sh\nexport PKG_UPGRADE=1\n{install}"),
    ]
}

/// An index of packages, signed when there is a key.
///
/// # Errors
///
/// Those of the compression and of the key.
pub fn index(entries: &[Entry], key: Option<&ApkKey>) -> Result<Vec<u8>> {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by(|a, b| {
        (&a.package.name, &a.package.version).cmp(&(&b.package.name, &b.package.version))
    });
    let mut block = Block::default();
    let packages: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let mut info = information(&mut block, &entry.package);
            info.installed_size = block.int(entry.installed_size);
            info.file_size = block.int(entry.file_size);
            info.hashes = block.blob(&entry.identity);
            info.object(&mut block)
        })
        .collect();
    let packages = block.object(&packages);
    let root = block.object(&[Value::NULL, packages]);
    let values = block.end(root).to_vec();
    let signature = key.map(|key| key.sign(INDEX, &values)).transpose()?;
    let mut blocks = vec![(Kind::Adb, values.as_slice())];
    if let Some(signature) = &signature {
        blocks.push((Kind::Signature, signature));
    }
    let mut compressed = DEFLATED.to_vec();
    compressed.extend(deflate(&file(INDEX, &blocks))?);
    Ok(compressed)
}
