//! tar and gzip as opkg wants them: GNU headers without pax, everything root's, one fixed time, no name and time in the gzip header.
//!
//! Not its job: what is in an archive, and in which order.

use std::io::{self, Write};

use flate2::{Compress, Compression, FlushCompress, Status};
use tar::{Builder, EntryType, Header};
use zopfli::{Format, Options};

use crate::tree::{Entry, Kind, PROGRAM_MODE, Tree};

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

    fn header(&self, mode: u32, kind: EntryType, size: usize) -> io::Result<Header> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_username("root")?;
        header.set_groupname("root")?;
        header.set_mtime(self.date);
        header.set_size(size as u64);
        Ok(header)
    }

    /// `path` has no `./` yet; a directory's none `/` at its end.
    fn append(&mut self, path: &str, entry: &Entry) -> io::Result<()> {
        match &entry.kind {
            Kind::Directory => {
                let mut header = self.header(entry.mode, EntryType::Directory, 0)?;
                let path = format!("./{path}/");
                self.builder.append_data(&mut header, path, io::empty())
            }
            Kind::File(bytes) => self.file(path, entry.mode, bytes),
            Kind::Link(target) => {
                let mut header = self.header(entry.mode, EntryType::Symlink, 0)?;
                self.builder
                    .append_link(&mut header, format!("./{path}"), target)
            }
        }
    }

    fn file(&mut self, path: &str, mode: u32, bytes: &[u8]) -> io::Result<()> {
        let mut header = self.header(mode, EntryType::Regular, bytes.len())?;
        self.builder
            .append_data(&mut header, format!("./{path}"), bytes)
    }

    fn root(&mut self) -> io::Result<()> {
        let mut header = self.header(PROGRAM_MODE, EntryType::Directory, 0)?;
        self.builder.append_data(&mut header, "./", io::empty())
    }
}

/// A tar of a whole tree, its root first.
///
/// # Errors
///
/// When a path is longer than the format takes.
pub fn tar(tree: &Tree, date: u64) -> io::Result<Vec<u8>> {
    let mut tar = Tar::new(date);
    tar.root()?;
    for (path, entry) in tree.iter() {
        tar.append(path, entry)?;
    }
    tar.builder.into_inner()
}

/// A tar of these files in this order, and nothing else.
///
/// # Errors
///
/// When a name is longer than the format takes.
pub fn tar_of_files(files: &[(&str, u32, &[u8])], date: u64) -> io::Result<Vec<u8>> {
    let mut tar = Tar::new(date);
    for (path, mode, bytes) in files {
        tar.file(path, *mode, bytes)?;
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
    zopfli::compress(Options::default(), format, bytes, &mut small)?;
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
        let small = gzip(b"hello").expect("in memory");
        // RFC 1952: ID1 ID2 CM FLG MTIME×4.
        assert_eq!(small[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
        assert_eq!(gunzip(&small, LIMIT).ok(), Some(b"hello".to_vec()));
    }

    #[test]
    fn what_unpacks_to_more_than_the_limit_is_refused() {
        let small = gzip(&[0; 1001]).expect("in memory");
        assert!(gunzip(&small, 1000).is_err());
        assert!(gunzip(&small, 1001).is_ok());
    }
}
