//! Reads what apk-tools 3 reads, as its `doc/apk-v3.5.scd` describes it: a second view of what the packager writes.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// What was found in a package.
#[derive(Debug, Default)]
pub struct Package {
    /// Fields of `pkginfo` that are texts, by number.
    pub texts: BTreeMap<u32, String>,
    /// Files by path, each with the bytes that its hash is of.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Their modes.
    pub modes: BTreeMap<String, u64>,
    /// Scripts in the order of the schema.
    pub scripts: Vec<String>,
}

struct Blocks<'a> {
    values: &'a [u8],
    data: BTreeMap<(u32, u32), &'a [u8]>,
}

fn word(bytes: &[u8], at: usize) -> Result<u32, String> {
    let four = bytes.get(at..at + 4).ok_or("it ends early")?;
    Ok(u32::from_le_bytes(
        four.try_into().map_err(|_| "four bytes")?,
    ))
}

fn blocks<'a>(file: &'a [u8], schema: &[u8]) -> Result<Blocks<'a>, String> {
    if file.get(..4) != Some(b"ADB.") || file.get(4..8) != Some(schema) {
        return Err("another magic or schema".to_owned());
    }
    let (mut values, mut data, mut at) = (None, BTreeMap::new(), 8);
    while at < file.len() {
        let head = word(file, at)?;
        let size = (head & 0x3fff_ffff) as usize;
        let payload = file.get(at + 4..at + size).ok_or("a block ends early")?;
        match head >> 30 {
            0 => values = Some(payload),
            2 => drop(data.insert((word(payload, 0)?, word(payload, 4)?), &payload[8..])),
            1 => {}
            _ => return Err("a block of no known kind".to_owned()),
        }
        at += size.next_multiple_of(8);
    }
    Ok(Blocks {
        values: values.ok_or("no values")?,
        data,
    })
}

impl<'a> Blocks<'a> {
    fn root(&self) -> Result<Vec<u32>, String> {
        self.object(word(self.values, 4)?)
    }

    /// Words of an object from 1; word 0 is their count.
    fn object(&self, value: u32) -> Result<Vec<u32>, String> {
        if value == 0 {
            return Ok(vec![1]);
        }
        if !matches!(value >> 28, 0xd | 0xe) {
            return Err(format!("{value:x} is no object"));
        }
        let at = (value & 0x0fff_ffff) as usize;
        let count = word(self.values, at)?;
        (0..count as usize)
            .map(|index| word(self.values, at + 4 * index))
            .collect()
    }

    fn int(&self, value: u32) -> Result<u64, String> {
        match value >> 28 {
            1 => Ok((value & 0x0fff_ffff).into()),
            2 => word(self.values, (value & 0x0fff_ffff) as usize).map(u64::from),
            _ => Err(format!("{value:x} is no number")),
        }
    }

    fn blob(&self, value: u32) -> Result<&'a [u8], String> {
        let width = match value >> 28 {
            0 if value == 0 => return Ok(&[]),
            8 => 1,
            9 => 2,
            0xa => 4,
            _ => return Err(format!("{value:x} is no blob")),
        };
        let at = (value & 0x0fff_ffff) as usize;
        let count = self.values.get(at..at + width).ok_or("a blob ends early")?;
        let length = count
            .iter()
            .rev()
            .fold(0, |length, byte| length << 8 | usize::from(*byte));
        self.values
            .get(at + width..at + width + length)
            .ok_or_else(|| "a blob ends early".to_owned())
    }

    fn text(&self, value: u32) -> Result<String, String> {
        String::from_utf8(self.blob(value)?.to_vec()).map_err(|error| error.to_string())
    }
}

fn slot(object: &[u32], index: usize) -> u32 {
    object.get(index).copied().unwrap_or(0)
}

impl Package {
    pub fn read(file: &[u8]) -> Result<Self, String> {
        let blocks = blocks(file, b"pckg")?;
        let root = blocks.root()?;
        let mut package = Package::default();
        let info = blocks.object(slot(&root, 1))?;
        for number in [1, 2, 4, 5, 6, 7, 8, 9] {
            package
                .texts
                .insert(number, blocks.text(slot(&info, number as usize))?);
        }
        for (folder, value) in (1_u32..).zip(blocks.object(slot(&root, 2))?.into_iter().skip(1)) {
            let entry = blocks.object(value)?;
            let path = blocks.text(slot(&entry, 1))?;
            for (number, value) in
                (1_u32..).zip(blocks.object(slot(&entry, 3))?.into_iter().skip(1))
            {
                let file = blocks.object(value)?;
                let name = blocks.text(slot(&file, 1))?;
                let path = if path.is_empty() {
                    name
                } else {
                    format!("{path}/{name}")
                };
                let acl = blocks.object(slot(&file, 2))?;
                package
                    .modes
                    .insert(path.clone(), blocks.int(slot(&acl, 1))?);
                if slot(&file, 6) != 0 {
                    continue;
                }
                let bytes = blocks
                    .data
                    .get(&(folder, number))
                    .copied()
                    .unwrap_or_default();
                if blocks.int(slot(&file, 3))? != bytes.len() as u64
                    || *blocks.blob(slot(&file, 5))? != *Sha256::digest(bytes)
                {
                    return Err(format!("{path}: another size or hash"));
                }
                package.files.insert(path, bytes.to_vec());
            }
        }
        let scripts = blocks.object(slot(&root, 3))?;
        package.scripts = (1..=7)
            .map(|index| blocks.text(slot(&scripts, index)))
            .collect::<Result<_, _>>()?;
        Ok(package)
    }
}

/// Names and sizes of files in an index.
pub fn sizes(file: &[u8]) -> Result<Vec<(String, u64)>, String> {
    let blocks = blocks(file, b"indx")?;
    let packages = blocks.object(slot(&blocks.root()?, 2))?;
    let one = |value: &u32| {
        let info = blocks.object(*value)?;
        Ok((blocks.text(slot(&info, 1))?, blocks.int(slot(&info, 13))?))
    };
    packages[1..].iter().map(one).collect()
}
