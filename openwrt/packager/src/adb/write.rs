//! Writing values and blocks, in the order and with the sharing of apk-tools: `apk mkpkg` makes the same bytes of the same files.
//!
//! Not its job: compression, and reading them again.

use std::collections::HashMap;

use super::{ALIGNMENT, BLOCK_SIZE_BITS, Block, MAGIC, Schema, VALUE_BITS, kind};

/// Version of the format that a reader must know and that it was written with, two reserved bytes, the root value.
const HEADER: [u8; 8] = [0; 8];
/// Where the root value stands.
const ROOT: std::ops::Range<usize> = 4..8;

/// A value: its kind, and itself or where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value(u32);

/// Nothing.
pub const NULL: Value = Value(0);

impl Value {
    fn new(kind: u32, rest: u32) -> Self {
        Value((kind << VALUE_BITS) | rest)
    }
}

/// Values that are being written.
#[derive(Debug)]
pub struct Values {
    bytes: Vec<u8>,
    /// What was written before, and where: the same bytes are written once.
    shared: HashMap<Vec<u8>, usize>,
}

impl Default for Values {
    fn default() -> Self {
        Values {
            bytes: HEADER.to_vec(),
            shared: HashMap::new(),
        }
    }
}

impl Values {
    fn append(&mut self, bytes: &[u8], alignment: usize) -> usize {
        let place = self.bytes.len().next_multiple_of(alignment);
        self.bytes.resize(place, 0);
        self.bytes.extend_from_slice(bytes);
        place
    }

    fn share(&mut self, bytes: Vec<u8>, alignment: usize) -> u32 {
        let place = match self.shared.get(&bytes) {
            Some(place) if place % alignment == 0 => *place,
            _ => {
                let place = self.append(&bytes, alignment);
                self.shared.insert(bytes, place);
                place
            }
        };
        // A place has 28 bits: 256 MiB of values, of which a package has some kilobytes.
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// A number.
    pub fn int(&mut self, number: u64) -> Value {
        if number < 1 << VALUE_BITS {
            return Value::new(kind::INT, number as u32);
        }
        match u32::try_from(number) {
            Ok(number) => {
                let place = self.share(number.to_le_bytes().to_vec(), 4);
                Value::new(kind::INT_32, place)
            }
            Err(_) => {
                let place = self.share(number.to_le_bytes().to_vec(), 4);
                Value::new(kind::INT_64, place)
            }
        }
    }

    /// Bytes or text; nothing when there are none.
    pub fn blob(&mut self, bytes: &[u8]) -> Value {
        if bytes.is_empty() {
            return NULL;
        }
        let (kind, count) = counted(bytes.len());
        let alignment = count.len();
        let place = self.share([&count, bytes].concat(), alignment);
        Value::new(kind, place)
    }

    /// Bytes below 256 that are filled in later, where nothing else points to: the value, and where they are.
    pub fn room(&mut self, size: u8) -> (Value, usize) {
        let place = self.append(&[size], 1);
        self.append(&vec![0; usize::from(size)], 1);
        let value = Value::new(kind::BLOB_8, u32::try_from(place).unwrap_or(u32::MAX));
        (value, place + 1)
    }

    /// Fills room.
    pub fn fill(&mut self, place: usize, bytes: &[u8]) {
        self.bytes[place..place + bytes.len()].copy_from_slice(bytes);
    }

    /// An object of these fields, the first of them field 1; or a list: apk-tools marks most of its lists as objects too.
    /// Nothing when all fields are nothing.
    pub fn object(&mut self, fields: &[Value]) -> Value {
        let used = fields.iter().rposition(|field| *field != NULL);
        let Some(last) = used else { return NULL };
        let count = u32::try_from(last + 2).unwrap_or(u32::MAX);
        let words = [count].into_iter();
        let words = words.chain(fields[..=last].iter().map(|field| field.0));
        let bytes = words.flat_map(u32::to_le_bytes).collect();
        let place = self.share(bytes, 4);
        Value::new(kind::OBJECT, place)
    }

    /// Names the value that everything hangs on.
    pub fn set_root(&mut self, root: Value) {
        self.bytes[ROOT].copy_from_slice(&root.0.to_le_bytes());
    }

    /// All values as the payload of their block.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The kind of a blob of that size, and how it is counted.
fn counted(size: usize) -> (u32, Vec<u8>) {
    if let Ok(size) = u8::try_from(size) {
        (kind::BLOB_8, vec![size])
    } else if let Ok(size) = u16::try_from(size) {
        (kind::BLOB_16, size.to_le_bytes().to_vec())
    } else {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        (kind::BLOB_32, size.to_le_bytes().to_vec())
    }
}

/// The first eight bytes of a container, before it is compressed.
pub fn header(schema: Schema) -> Vec<u8> {
    [&MAGIC[..], schema.code()].concat()
}

/// One block, with its padding.
pub fn block(kind: Block, payload: &[&[u8]]) -> Vec<u8> {
    let payload = payload.concat();
    // 30 bits: 1 GiB, more than any router has.
    let size = u32::try_from(payload.len() + 4).unwrap_or(u32::MAX);
    let word = ((kind as u32) << BLOCK_SIZE_BITS) | size;
    let mut block = [&word.to_le_bytes()[..], &payload].concat();
    block.resize(block.len().next_multiple_of(ALIGNMENT), 0);
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_counts_its_own_first_word_but_not_its_padding() {
        assert_eq!(block(Block::Adb, &[b"12345678"]).len(), 16);
        let block = block(Block::Data, &[b"ab", b"c"]);
        assert_eq!(block, [7, 0, 0, 0x80, b'a', b'b', b'c', 0]);
    }

    #[test]
    fn numbers_take_the_room_that_they_need() {
        let mut values = Values::default();
        assert_eq!(values.int(0x0fff_ffff), Value(0x1fff_ffff));
        assert_eq!(values.int(0x1000_0000), Value(0x2000_0008));
        assert_eq!(values.int(0x1_0000_0000), Value(0x3000_000c));
        assert_eq!(values.bytes()[8..], [0, 0, 0, 0x10, 0, 0, 0, 0, 1, 0, 0, 0]);
    }

    #[test]
    fn the_same_bytes_are_written_once() {
        let mut values = Values::default();
        let first = values.blob(b"root");
        let written = values.bytes().len();
        assert_eq!(values.blob(b"root"), first);
        assert_eq!(values.bytes().len(), written);
    }

    #[test]
    fn an_object_ends_with_its_last_field() {
        let mut values = Values::default();
        let number = values.int(5);
        assert_eq!(values.object(&[NULL, NULL]), NULL);
        let object = values.object(&[NULL, number, NULL]);
        assert_eq!(object, Value(0xe000_0008));
        assert_eq!(values.bytes()[8..], [3, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0x10]);
    }

    #[test]
    fn long_blobs_are_counted_with_more_bytes_and_aligned_to_them() {
        let mut values = Values::default();
        values.blob(b"x");
        let value = values.blob(&[7; 256]);
        assert_eq!(value.0 >> VALUE_BITS, kind::BLOB_16);
        assert_eq!(value.0 & 1, 0);
        let value = values.blob(&[7; 65536]);
        assert_eq!(value.0 >> VALUE_BITS, kind::BLOB_32);
        assert_eq!(value.0 & 3, 0);
    }
}
