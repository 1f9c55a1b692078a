//! Reading a container: what [`super::write`] and apk-tools write. Nothing in it is believed: every place, count and depth is checked.
//!
//! Not its job: what the fields mean, and whether a signature is good.

use std::fmt;

use super::{ALIGNMENT, BLOCK_SIZE_BITS, Block, MAGIC, MAGIC_DEFLATE, Schema, VALUE_BITS, kind};
use crate::archive;

/// Bytes that a container may unpack to: more than the largest router's flash.
const LIMIT: u64 = 256 << 20;
/// Values within values: a file of a directory of a package is five deep.
const DEEPEST: usize = 16;
/// Values in all: places may be shared, so a small container could otherwise unfold without end.
const MOST: usize = 1 << 20;

/// Why bytes are no container; the text says where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no sound ADB container: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

fn malformed<T>(why: impl Into<String>) -> Result<T, Malformed> {
    Err(Malformed(why.into()))
}

/// A value with everything that hangs on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A number.
    Int(u64),
    /// Bytes or text.
    Blob(Vec<u8>),
    /// The fields of an object, or the members of a list; the first is field 1.
    Fields(Vec<Value>),
}

impl Value {
    /// The field of that number, from 1; nothing when there is none.
    pub fn field(&self, number: usize) -> &Value {
        match self {
            Value::Fields(fields) if number > 0 => fields.get(number - 1).unwrap_or(&Value::Null),
            _ => &Value::Null,
        }
    }

    /// The members of a list.
    pub fn members(&self) -> &[Value] {
        match self {
            Value::Fields(fields) => fields,
            _ => &[],
        }
    }

    /// Its bytes; none when it is no blob.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Value::Blob(bytes) => bytes,
            _ => &[],
        }
    }

    /// Its text; what is no UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// Its number; 0 when it is none, as apk reads it.
    pub fn int(&self) -> u64 {
        match self {
            Value::Int(number) => *number,
            _ => 0,
        }
    }
}

/// A container, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The payload of the first block: what is hashed and signed.
    pub values: Vec<u8>,
    /// What hangs on the root.
    pub root: Value,
    /// The payloads of the signature blocks.
    pub signatures: Vec<Vec<u8>>,
    /// The payloads of the data blocks.
    pub data: Vec<Vec<u8>>,
}

impl Container {
    /// Takes a container apart, compressed or not.
    ///
    /// # Errors
    ///
    /// When it is not sound, or is not of that schema.
    pub fn read(bytes: &[u8], schema: Schema) -> Result<Self, Malformed> {
        let plain = match bytes.strip_prefix(&MAGIC_DEFLATE[..]) {
            Some(stream) => archive::inflate(stream, LIMIT)
                .map_err(|error| Malformed(format!("its compression: {error}")))?,
            None => bytes.to_vec(),
        };
        let Some(rest) = plain.strip_prefix(&MAGIC[..]) else {
            return malformed("it begins with something else");
        };
        let Some(blocks) = rest.strip_prefix(&schema.code()[..]) else {
            return malformed(format!("it is no {schema:?}"));
        };
        let mut container = Container {
            values: Vec::new(),
            root: Value::Null,
            signatures: Vec::new(),
            data: Vec::new(),
        };
        container.blocks(blocks)?;
        container.root = root(&container.values)?;
        Ok(container)
    }

    fn blocks(&mut self, mut rest: &[u8]) -> Result<(), Malformed> {
        let mut last = None;
        while let Some(word) = rest.first_chunk() {
            let word = u32::from_le_bytes(*word);
            let size = (word & ((1 << BLOCK_SIZE_BITS) - 1)) as usize;
            let padded = size.next_multiple_of(ALIGNMENT);
            if size < 4 || padded > rest.len() {
                return malformed("a block ends behind the end");
            }
            let payload = rest[4..size].to_vec();
            let kinds = [Block::Adb, Block::Signature, Block::Data];
            let kind = kinds
                .into_iter()
                .find(|kind| *kind as u32 == word >> BLOCK_SIZE_BITS);
            // Values first and once, then signatures, then data.
            match (kind, last) {
                (Some(Block::Adb), None) => self.values = payload,
                (Some(Block::Signature), Some(Block::Adb | Block::Signature)) => {
                    self.signatures.push(payload);
                }
                (Some(Block::Data), Some(_)) => self.data.push(payload),
                _ => return malformed("its blocks are not in order"),
            }
            last = kind;
            rest = &rest[padded..];
        }
        if !rest.is_empty() || last.is_none() {
            return malformed("it ends within a block");
        }
        Ok(())
    }
}

fn root(values: &[u8]) -> Result<Value, Malformed> {
    let word = match values {
        [0, _, _, _, word @ ..] => word.first_chunk(),
        _ => None,
    };
    let Some(word) = word else {
        return malformed("its version is not known");
    };
    let mut reader = Reader { values, left: MOST };
    reader.value(u32::from_le_bytes(*word), 0)
}

struct Reader<'a> {
    values: &'a [u8],
    left: usize,
}

impl Reader<'_> {
    fn at(&self, place: usize, size: usize) -> Result<&[u8], Malformed> {
        let end = place.checked_add(size);
        let bytes = end.and_then(|end| self.values.get(place..end));
        bytes.ok_or_else(|| Malformed("a value is behind the end".into()))
    }

    /// A little-endian number of that many bytes.
    fn number(&self, place: usize, size: usize) -> Result<u64, Malformed> {
        let bytes = self.at(place, size)?.iter().rev();
        Ok(bytes.fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    fn blob(&self, place: usize, counter: usize) -> Result<Value, Malformed> {
        let size = self.number(place, counter)? as usize;
        Ok(Value::Blob(self.at(place + counter, size)?.to_vec()))
    }

    fn value(&mut self, word: u32, depth: usize) -> Result<Value, Malformed> {
        if depth > DEEPEST || self.left == 0 {
            return malformed("its values have no end");
        }
        self.left -= 1;
        let rest = word & ((1 << VALUE_BITS) - 1);
        let place = rest as usize;
        match word >> VALUE_BITS {
            kind::SPECIAL => Ok(Value::Null),
            kind::INT => Ok(Value::Int(u64::from(rest))),
            kind::INT_32 => Ok(Value::Int(self.number(place, 4)?)),
            kind::INT_64 => Ok(Value::Int(self.number(place, 8)?)),
            kind::BLOB_8 => self.blob(place, 1),
            kind::BLOB_16 => self.blob(place, 2),
            kind::BLOB_32 => self.blob(place, 4),
            kind::ARRAY | kind::OBJECT => {
                let count = self.number(place, 4)? as usize;
                let words = self.at(place, count.saturating_mul(4))?;
                let words: Vec<u32> = words
                    .chunks_exact(4)
                    .skip(1)
                    .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
                    .collect();
                let fields = words.into_iter().map(|word| self.value(word, depth + 1));
                Ok(Value::Fields(fields.collect::<Result<_, _>>()?))
            }
            other => malformed(format!("there are no values of kind {other:#x}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::write::{self, Values};
    use super::*;

    fn sample() -> Vec<u8> {
        let mut values = Values::default();
        let fields = [
            values.blob(b"text"),
            values.int(7),
            values.int(1 << 40),
            values.blob(&[9; 300]),
        ];
        let inner = values.object(&fields);
        let root = values.object(&[write::NULL, inner]);
        values.set_root(root);
        let mut bytes = write::header(Schema::Index);
        bytes.extend(write::block(Block::Adb, &[values.bytes()]));
        bytes.extend(write::block(Block::Signature, &[b"signature"]));
        bytes
    }

    #[test]
    fn what_was_written_is_read() {
        let container = Container::read(&sample(), Schema::Index).expect("sound");
        let inner = container.root.field(2);
        assert_eq!(container.root.field(1), &Value::Null);
        assert_eq!(inner.field(1).text(), "text");
        assert_eq!(inner.field(2).int(), 7);
        assert_eq!(inner.field(3).int(), 1 << 40);
        assert_eq!(inner.field(4).bytes(), [9; 300]);
        assert_eq!(inner.field(5), &Value::Null);
        assert_eq!(container.signatures, [b"signature"]);
    }

    #[test]
    fn another_schema_is_refused() {
        assert!(Container::read(&sample(), Schema::Package).is_err());
    }

    #[test]
    fn no_end_and_no_change_brings_it_down() {
        let good = sample();
        for end in 0..good.len() {
            assert!(
                Container::read(&good[..end], Schema::Index).is_err() || end % 8 == 0,
                "{end}"
            );
        }
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 0xff;
            // Read or refused, but never a panic.
            let _ = Container::read(&bad, Schema::Index);
        }
    }

    #[test]
    fn values_that_hold_themselves_are_refused() {
        let mut values = Values::default();
        // An object of one field at the place 8, whose field is that object.
        let (_, place) = values.room(8);
        assert_eq!(place, 9);
        let object = [2_u32.to_le_bytes(), 0xe000_0009_u32.to_le_bytes()].concat();
        values.fill(place, &object);
        let mut bytes = values.bytes().to_vec();
        bytes[4..8].copy_from_slice(&0xe000_0009_u32.to_le_bytes());
        assert_eq!(root(&bytes), malformed("its values have no end"));
    }
}
