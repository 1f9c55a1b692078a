//! ADB, the container of apk v3: blocks, each padded to eight bytes. Layout: docs/packaging.md, from apk-tools' doc/apk-v3.5.scd,
//! src/adb.h and src/adb.c.
//!
//! Not its job: the schemas of packages and indexes ([`crate::apk`]).

pub mod read;
pub mod write;

/// First bytes of the container.
pub const MAGIC: &[u8; 4] = b"ADB.";
/// First bytes of a container that is compressed with deflate.
pub const MAGIC_DEFLATE: &[u8; 4] = b"ADBd";

/// Every block begins at a multiple of this many bytes.
pub const ALIGNMENT: usize = 8;

/// The four most significant bits of a value say what it is.
pub mod kind {
    /// Nothing, true or false.
    pub const SPECIAL: u32 = 0x0;
    /// A number below 2^28, in the value itself.
    pub const INT: u32 = 0x1;
    /// Where four bytes of a number are.
    pub const INT_32: u32 = 0x2;
    /// Where eight bytes of a number are.
    pub const INT_64: u32 = 0x3;
    /// Where bytes are, behind one byte that counts them.
    pub const BLOB_8: u32 = 0x8;
    /// Where bytes are, behind two bytes that count them.
    pub const BLOB_16: u32 = 0x9;
    /// Where bytes are, behind four bytes that count them.
    pub const BLOB_32: u32 = 0xa;
    /// Where values of one sort are, behind their number plus one.
    pub const ARRAY: u32 = 0xd;
    /// Where values are, behind their number plus one.
    pub const OBJECT: u32 = 0xe;
}

/// Bits of a value that are not its kind.
pub const VALUE_BITS: u32 = 28;

/// What a block is: the two most significant bits of its first word; the others are its bytes, these four included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Block {
    /// Values. The first block, and the only one of its kind.
    Adb = 0,
    /// A signature of it.
    Signature = 1,
    /// Contents of a file.
    Data = 2,
}

/// Bits of a block's first word that are its size.
pub const BLOCK_SIZE_BITS: u32 = 30;

/// What the values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// A package.
    Package,
    /// An index of packages.
    Index,
}

impl Schema {
    /// As it stands in the container.
    pub fn code(self) -> &'static [u8; 4] {
        match self {
            Schema::Package => b"pckg",
            Schema::Index => b"indx",
        }
    }
}

/// Kinds of digests, as apk numbers them: SHA-512, which is what is signed.
pub const SHA512: u8 = 4;

/// Bytes of what names the key that signed.
pub const KEY_ID_SIZE: usize = 16;
