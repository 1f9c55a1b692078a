//! apk's binary format: what packages and indexes of apk-tools 3 are written in.
//!
//! A tree of values, each a 32-bit word: a type in the upper 4 bits, in the lower 28 a small number or the place of something larger. Words
//! and numbers are little-endian; places count from the start of the block and are aligned to the size of what is there. An array or object
//! is a count of its words, itself included, and then its words; missing ones at the end are left out. Equal things are written once.
//!
//! The source is apk-tools: `doc/apk-v3.5.scd`, and where that is silent `src/adb.h` and `src/adb.c`.
//! Not its job: which fields a package or an index has (`apk`).

use std::collections::HashMap;

/// A value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value(u32);

impl Value {
    /// Nothing.
    pub const NULL: Value = Value(0);
}

const INT: u32 = 0x1000_0000;
const INT_32: u32 = 0x2000_0000;
const INT_64: u32 = 0x3000_0000;
const BLOB_8: u32 = 0x8000_0000;
const BLOB_16: u32 = 0x9000_0000;
const BLOB_32: u32 = 0xa000_0000;
const OBJECT: u32 = 0xe000_0000;
/// Bytes of the head: two version numbers, two bytes of nothing, the root's word.
const HEAD: usize = 8;
/// Smallest number that does not fit beside its type.
const LARGE: u64 = 0x1000_0000;

/// A block that is being written.
#[derive(Debug, Clone)]
pub struct Block {
    bytes: Vec<u8>,
    /// Where something was written last.
    places: HashMap<Vec<u8>, usize>,
}

impl Default for Block {
    fn default() -> Self {
        Block {
            bytes: vec![0; HEAD],
            places: HashMap::new(),
        }
    }
}

impl Block {
    /// A number.
    pub fn int(&mut self, number: u64) -> Value {
        if number < LARGE {
            return Value(INT | low(number));
        }
        match u32::try_from(number) {
            Ok(small) => Value(INT_32 | self.once(&small.to_le_bytes(), 4)),
            // Aligned to 4, not 8: so does apk.
            Err(_) => Value(INT_64 | self.once(&number.to_le_bytes(), 4)),
        }
    }

    /// Bytes; nothing when there are none.
    pub fn blob(&mut self, bytes: &[u8]) -> Value {
        let (kind, align, text) = counted(bytes);
        if bytes.is_empty() {
            return Value::NULL;
        }
        Value(kind | self.once(&text, align))
    }

    /// Bytes that are changed later: written apart from any that are equal. Their place comes with them.
    pub fn own_blob(&mut self, bytes: &[u8]) -> (Value, usize) {
        let (kind, align, text) = counted(bytes);
        let place = self.write(&text, align);
        (
            Value(kind | low(place as u64)),
            place + text.len() - bytes.len(),
        )
    }

    /// An object or an array; nothing when all its values are. apk's own writer marks both as objects, but for what it makes of old
    /// packages, and reads either.
    pub fn object(&mut self, values: &[Value]) -> Value {
        let count = values.iter().rposition(|value| *value != Value::NULL);
        let Some(last) = count else {
            return Value::NULL;
        };
        let words = std::iter::once(low(last as u64 + 2))
            .chain(values[..=last].iter().map(|value| value.0));
        let text: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
        Value(OBJECT | self.once(&text, 4))
    }

    /// Overwrites bytes of an [`Block::own_blob`].
    pub fn replace(&mut self, place: usize, bytes: &[u8]) {
        self.bytes[place..place + bytes.len()].copy_from_slice(bytes);
    }

    /// The block, with its root.
    pub fn end(&mut self, root: Value) -> &[u8] {
        self.bytes[4..HEAD].copy_from_slice(&root.0.to_le_bytes());
        &self.bytes
    }

    fn once(&mut self, text: &[u8], align: usize) -> u32 {
        if let Some(place) = self.places.get(text).filter(|place| *place % align == 0) {
            return low(*place as u64);
        }
        let place = self.write(text, align);
        self.places.insert(text.to_vec(), place);
        low(place as u64)
    }

    fn write(&mut self, text: &[u8], align: usize) -> usize {
        let place = self.bytes.len().next_multiple_of(align);
        self.bytes.resize(place, 0);
        self.bytes.extend_from_slice(text);
        place
    }
}

/// The lower 28 bits. A package of 256 MiB would not go onto any router.
fn low(number: u64) -> u32 {
    u32::try_from(number % LARGE).unwrap_or(0)
}

/// Bytes after their count, with the type that says how wide that is and how it is aligned.
fn counted(bytes: &[u8]) -> (u32, usize, Vec<u8>) {
    let length = bytes.len() as u64;
    let (kind, width) = match length {
        0..=0xff => (BLOB_8, 1),
        0x100..=0xffff => (BLOB_16, 2),
        _ => (BLOB_32, 4),
    };
    let mut text = length.to_le_bytes()[..width].to_vec();
    text.extend_from_slice(bytes);
    (kind, width, text)
}

/// Kind of a block in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The tree of values.
    Adb = 0,
    /// A signature of it.
    Signature = 1,
    /// A file's bytes.
    Data = 2,
}

/// First four bytes of a file: `ADB.`.
const MAGIC: u32 = 0x2e42_4441;
/// Blocks begin at multiples of so many bytes.
const BLOCK_ALIGNMENT: usize = 8;

/// A file of that schema with these blocks, not compressed.
pub fn file(schema: u32, blocks: &[(Kind, &[u8])]) -> Vec<u8> {
    let mut file = MAGIC.to_le_bytes().to_vec();
    file.extend_from_slice(&schema.to_le_bytes());
    for (kind, payload) in blocks {
        let size = low(payload.len() as u64 + 4);
        file.extend_from_slice(&((*kind as u32) << 30 | size).to_le_bytes());
        file.extend_from_slice(payload);
        file.resize(file.len().next_multiple_of(BLOCK_ALIGNMENT), 0);
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_stand_in_their_word_and_larger_ones_elsewhere() {
        let mut block = Block::default();
        assert_eq!(block.int(0), Value(0x1000_0000));
        assert_eq!(block.int(0o755), Value(0x1000_01ed));
        assert_eq!(block.int(0x1000_0000), Value(0x2000_0008));
        assert_eq!(block.int(0x1_0000_0000), Value(0x3000_000c));
        assert_eq!(
            block.end(Value::NULL)[8..],
            [0, 0, 0, 0x10, 0, 0, 0, 0, 1, 0, 0, 0]
        );
    }

    #[test]
    fn equal_things_are_written_once() {
        let mut block = Block::default();
        let root = block.blob(b"root");
        assert_eq!(root, Value(0x8000_0008));
        assert_eq!(block.blob(b"root"), root);
        assert_eq!(block.blob(b""), Value::NULL);
        let (own, place) = block.own_blob(b"root");
        assert_eq!((own, place), (Value(0x8000_000d), 14));
        let object = block.object(&[Value::NULL, root, Value::NULL]);
        assert_eq!(object, Value(0xe000_0014));
        assert_eq!(block.object(&[Value::NULL]), Value::NULL);
        assert_eq!(
            block.end(object)[20..],
            [3, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0x80]
        );
    }

    #[test]
    fn blocks_are_aligned_and_say_their_size() {
        let file = file(7, &[(Kind::Adb, b"12345"), (Kind::Data, b"x")]);
        assert_eq!(file[..8], *b"ADB.\x07\0\0\0");
        assert_eq!(file[8..24], *b"\x09\x00\x00\x0012345\0\0\0\0\0\0\0");
        assert_eq!(file[24..], *b"\x05\0\0\x80x\0\0\0");
    }
}
