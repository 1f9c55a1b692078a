//! Indexes: `packages.adb`, what a feed has.

use std::fmt;
use std::io;

use super::{index_field, info_field, unpack};
use crate::adb::read::{Malformed, Value as Read};
use crate::adb::write::{NULL, Value, Values, block, header};
use crate::adb::{Block, MAGIC_DEFLATE, Schema};
use crate::archive;
use crate::signature::BadKey;

/// Why an index cannot be made.
#[derive(Debug)]
pub enum NoIndex {
    /// One of the packages is none.
    Package(Malformed),
    /// It could not be signed.
    Key(BadKey),
    /// It could not be compressed.
    Compression(io::Error),
}

impl fmt::Display for NoIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoIndex::Package(why) => why.fmt(f),
            NoIndex::Key(why) => why.fmt(f),
            NoIndex::Compression(why) => write!(f, "compress the index: {why}"),
        }
    }
}

impl std::error::Error for NoIndex {}

/// An index of packages, given as the bytes of their files; `sign` gives the payload of a signature block for the values of the
/// index, or nothing.
///
/// # Errors
///
/// With the first package that is none, and what `sign` says.
pub fn index(
    packages: &[Vec<u8>],
    sign: impl FnOnce(&[u8]) -> Result<Option<Vec<u8>>, BadKey>,
) -> Result<Vec<u8>, NoIndex> {
    let mut infos = Vec::new();
    for bytes in packages {
        let package = unpack(bytes).map_err(NoIndex::Package)?;
        infos.push((package.info, package.identity, bytes.len() as u64));
    }
    // apk looks a package up by halving the list.
    infos.sort_by_key(|(info, ..)| {
        let text = |field: usize| info.field(field).bytes().to_vec();
        (text(info_field::NAME), text(info_field::VERSION))
    });
    let mut values = Values::default();
    let mut written = Vec::new();
    for (info, identity, size) in &infos {
        let mut fields: Vec<Value> = (1..=info_field::COUNT)
            .map(|field| match field {
                info_field::HASHES => NULL,
                _ => copy(&mut values, info.field(field)),
            })
            .collect();
        fields[info_field::FILE_SIZE - 1] = values.int(*size);
        fields[info_field::HASHES - 1] = values.blob(identity);
        written.push(values.object(&fields));
    }
    let mut fields = [NULL; index_field::COUNT];
    fields[index_field::PACKAGES - 1] = values.object(&written);
    let root = values.object(&fields);
    values.set_root(root);

    let mut bytes = header(Schema::Index);
    bytes.extend(block(Block::Adb, &[values.bytes()]));
    if let Some(signature) = sign(values.bytes()).map_err(NoIndex::Key)? {
        bytes.extend(block(Block::Signature, &[&signature]));
    }
    let compressed = archive::deflate(&bytes).map_err(NoIndex::Compression)?;
    Ok([&MAGIC_DEFLATE[..], &compressed].concat())
}

fn copy(values: &mut Values, value: &Read) -> Value {
    match value {
        Read::Null => NULL,
        Read::Int(number) => values.int(*number),
        Read::Blob(bytes) => values.blob(bytes),
        Read::Fields(fields) => {
            let fields: Vec<_> = fields.iter().map(|field| copy(values, field)).collect();
            values.object(&fields)
        }
    }
}
