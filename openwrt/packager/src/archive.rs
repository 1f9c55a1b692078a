//! tar and gzip as opkg wants them: GNU headers without pax, everything root's, one fixed time, no name and time in the gzip header.
//!
//! Not its job: what is in an archive, and in which order.

use std::io::{self, Write};
use std::num::NonZeroU64;

use flate2::{Compress, Compression, FlushCompress, GzBuilder, Status};
use tar::{Builder, EntryType, Header};
use zopfli::{Format, Options};

use crate::tree::{DIRECTORY_MODE, Entry, FILE_MODE, Kind, Tree};

/// How often the compressor tries to do better. Fifteen, its default, take twice as long and give 35 bytes of 545,000.
const ITERATIONS: NonZeroU64 = NonZeroU64::MIN.saturating_add(4);

/// Which system made a gzip, in RFC 1952's numbers.
const UNIX: u8 = 3;

/// Bytes that a name has at most. Longer ones need entries of their own, which no path here does.
const LONGEST_NAME: usize = 100;

/// A tar that grows in memory.
struct Tar {
    builder: Builder<Vec<u8>>,
    date: u64,
}

impl Tar {
    fn new(date: u64) -> Self {
        Tar {
            builder: Builder::new(Vec::new()),
            date,
        }
    }

    /// `name` is written as it is: the crate would take the `./` off that opkg's own packages have.
    fn append(&mut self, name: &str, mode: u32, kind: &Kind) -> io::Result<()> {
        let (entry_type, bytes, target): (_, &[u8], _) = match kind {
            Kind::Directory => (EntryType::Directory, &[], ""),
            Kind::File(bytes) => (EntryType::Regular, bytes, ""),
            Kind::Link(target) => (EntryType::Symlink, &[], target.as_str()),
        };
        if name.len() > LONGEST_NAME || target.len() > LONGEST_NAME {
            return Err(io::Error::other(format!(
                "{name}: names and links have {LONGEST_NAME} bytes at most"
            )));
        }
        let mut header = Header::new_gnu();
        header.set_entry_type(entry_type);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_username("root")?;
        header.set_groupname("root")?;
        header.set_mtime(self.date);
        header.set_size(bytes.len() as u64);
        let fields = header.as_old_mut();
        fields.name[..name.len()].copy_from_slice(name.as_bytes());
        fields.linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_cksum();
        self.builder.append(&header, bytes)
    }
}

/// A tar of a whole tree, its root first.
///
/// # Errors
///
/// When a path is longer than the format takes.
pub fn tar(tree: &Tree, date: u64) -> io::Result<Vec<u8>> {
    let mut tar = Tar::new(date);
    tar.append("./", DIRECTORY_MODE, &Kind::Directory)?;
    for (path, Entry { mode, kind }) in tree.iter() {
        let end = if *kind == Kind::Directory { "/" } else { "" };
        tar.append(&format!("./{path}{end}"), *mode, kind)?;
    }
    tar.builder.into_inner()
}

/// A tar of these files in this order, and nothing else.
///
/// # Errors
///
/// When a name is longer than the format takes.
pub fn tar_of_files(files: Vec<(&str, Vec<u8>)>, date: u64) -> io::Result<Vec<u8>> {
    let mut tar = Tar::new(date);
    for (name, bytes) in files {
        tar.append(&format!("./{name}"), FILE_MODE, &Kind::File(bytes))?;
    }
    tar.builder.into_inner()
}

/// gzip, as small as it gets: packages are unpacked often and flash is small. Seconds for each megabyte.
///
/// # Errors
///
/// Never, in memory.
pub fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    smallest(bytes, Format::Gzip)
}

/// gzip of what is compressed already: quickly, because nothing is to be had.
///
/// # Errors
///
/// Never, in memory.
pub fn gzip_again(bytes: &[u8]) -> io::Result<Vec<u8>> {
    // As gzip -n writes it: neither time nor name, made on Unix.
    let header = GzBuilder::new().mtime(0).operating_system(UNIX);
    let mut writer = header.write(Vec::new(), Compression::default());
    writer.write_all(bytes)?;
    writer.finish()
}

/// A raw deflate stream to its end, as small as it gets.
///
/// # Errors
///
/// Never, in memory.
pub fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    smallest(bytes, Format::Deflate)
}

fn smallest(bytes: &[u8], format: Format) -> io::Result<Vec<u8>> {
    let mut small = Vec::new();
    let options = Options {
        iteration_count: ITERATIONS,
        ..Options::default()
    };
    zopfli::compress(options, format, bytes, &mut small)?;
    Ok(small)
}

/// The beginning of a raw deflate stream: ends on a byte, and another stream goes on from there.
///
/// # Errors
///
/// When the compressor refuses, which it does not.
pub fn deflate_beginning(bytes: &[u8]) -> io::Result<Vec<u8>> {
    const RAW: bool = false;
    let mut compress = Compress::new(Compression::best(), RAW);
    // Deflate at its worst stores: 5 bytes for each 64 KiB, and the mark at the end.
    let mut small = Vec::with_capacity(bytes.len() + bytes.len() / 1024 + 64);
    match compress.compress_vec(bytes, &mut small, FlushCompress::Sync) {
        Ok(Status::Ok) if compress.total_in() == bytes.len() as u64 => Ok(small),
        other => Err(io::Error::other(format!("deflate: {other:?}"))),
    }
}

/// Unpacks gzip, up to a limit in bytes.
///
/// # Errors
///
/// When it is no gzip, or larger than the limit.
pub fn gunzip(bytes: &[u8], limit: u64) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    bounded(flate2::read::GzDecoder::new(bytes), limit, &mut plain)?;
    Ok(plain)
}

/// Unpacks raw deflate, up to a limit in bytes.
///
/// # Errors
///
/// When it is no deflate stream, or larger than the limit.
pub fn inflate(bytes: &[u8], limit: u64) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    bounded(flate2::read::DeflateDecoder::new(bytes), limit, &mut plain)?;
    Ok(plain)
}

fn bounded(reader: impl io::Read, limit: u64, plain: &mut impl Write) -> io::Result<()> {
    let read = io::copy(&mut io::Read::take(reader, limit + 1), plain)?;
    if read > limit {
        return Err(io::Error::other(format!("larger than {limit} bytes")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 1 << 20;

    #[test]
    fn a_stream_goes_on_where_its_beginning_ends() {
        let (first, second) = (b"abcabcabc".repeat(100), vec![7; 1000]);
        let mut stream = deflate_beginning(&first).expect("in memory");
        stream.extend(deflate(&second).expect("in memory"));
        let plain = inflate(&stream, LIMIT).expect("a deflate stream");
        assert_eq!(plain, [first, second].concat());
    }

    #[test]
    fn gzip_has_neither_name_nor_time() {
        for small in [gzip(b"hello"), gzip_again(b"hello")] {
            let small = small.expect("in memory");
            // RFC 1952: ID1 ID2 CM FLG MTIME×4, XFL, OS.
            assert_eq!(small[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
            assert_eq!(small[9], UNIX);
            assert_eq!(gunzip(&small, LIMIT).ok(), Some(b"hello".to_vec()));
        }
    }

    #[test]
    fn what_unpacks_to_more_than_the_limit_is_refused() {
        let small = gzip(&[0; 1001]).expect("in memory");
        assert!(gunzip(&small, 1000).is_err());
        assert!(gunzip(&small, 1001).is_ok());
    }
}
