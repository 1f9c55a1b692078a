//! Files below a folder: boot files and install media, with ranges and tags (RFC 9110, sections 8.8.3 and 14).
//!
//! Symbolic links are followed: only root can make them, and media on a USB disk are reached by one.
//! Not its job: decoding paths; names come in checked.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::watch::Transfer;

/// A file, or a part of it, ready to be sent.
#[derive(Debug)]
pub struct FileAnswer {
    /// 200, 206 or 304.
    pub status: u16,
    /// Strong tag.
    pub etag: String,
    /// `Content-Range`, with 206.
    pub content_range: Option<String>,
    /// Bytes to send.
    pub length: u64,
    /// Type by the file's name.
    pub content_type: &'static str,
    /// The file, at the first byte to send.
    pub file: File,
    /// Who watches it on its way.
    pub transfer: Option<Transfer>,
}

impl FileAnswer {
    /// The next piece, of `most` bytes or fewer; empty at the end.
    pub fn read(&mut self, most: usize) -> std::io::Result<Vec<u8>> {
        let wanted = usize::try_from(self.length).unwrap_or(usize::MAX).min(most);
        let mut piece = vec![0; wanted];
        let count = self.file.read(&mut piece)?;
        if count == 0 && wanted > 0 {
            // Cut short under our hands. The client must not take what it has for the whole.
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        piece.truncate(count);
        self.length -= count as u64;
        if let Some(transfer) = &mut self.transfer {
            transfer.sent += count as u64;
        }
        Ok(piece)
    }
}

/// Opens a file for a request. The error is a status code.
pub fn open(
    folder: &Path,
    names: &[&str],
    range: Option<&str>,
    if_none_match: Option<&str>,
) -> Result<FileAnswer, u16> {
    if names.is_empty() {
        return Err(404);
    }
    let path = names
        .iter()
        .fold(folder.to_owned(), |path, name| path.join(name));
    // Looked at before it is opened: opening a FIFO would wait for ever.
    match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(404),
        Err(error) => return Err(status_of(&error)),
    }
    let mut file = File::open(&path).map_err(|error| status_of(&error))?;
    let found = file.metadata().map_err(|_| 500_u16)?;
    let etag = format!(
        "\"{:x}-{:x}-{:x}\"",
        found.ino(),
        found.mtime(),
        found.len()
    );
    let content_type = content_type(names.last().unwrap_or(&""));
    // The comparison is the weak one here (RFC 9110, section 13.1.2).
    let same = |tag: &str| matches!(tag.trim(), "*") || tag.trim().trim_start_matches("W/") == etag;
    if if_none_match.is_some_and(|tags| tags.split(',').any(same)) {
        return Ok(FileAnswer {
            status: 304,
            etag,
            content_range: None,
            length: 0,
            content_type,
            file,
            transfer: None,
        });
    }
    let whole = found.len();
    match range.map_or(Asked::Whole, |range| asked(range, whole)) {
        Asked::Whole => Ok(FileAnswer {
            status: 200,
            etag,
            content_range: None,
            length: whole,
            content_type,
            file,
            transfer: None,
        }),
        Asked::None => Err(416),
        Asked::Part(first, last) => {
            file.seek(SeekFrom::Start(first)).map_err(|_| 500_u16)?;
            let content_range = Some(format!("bytes {first}-{last}/{whole}"));
            Ok(FileAnswer {
                status: 206,
                etag,
                content_range,
                length: last - first + 1,
                content_type,
                file,
                transfer: None,
            })
        }
    }
}

fn status_of(error: &std::io::Error) -> u16 {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => 404,
        ErrorKind::PermissionDenied => 403,
        _ => 500,
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        // UEFI HTTP boot tells an image from a text by its type or its name.
        Some("efi") => "application/efi",
        Some("ipxe" | "cfg" | "ks" | "txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(u64, u64),
    None,
}

/// One range. Several, or what is no range, mean the whole file, as RFC 9110 allows.
fn asked(range: &str, whole: u64) -> Asked {
    let Some((first, last)) = range
        .trim()
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
    else {
        return Asked::Whole;
    };
    let number = |text: &str| -> Option<u64> {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())?
    };
    match (first, last, number(first), number(last)) {
        ("", _, _, Some(0)) => Asked::None,
        ("", _, _, Some(_)) if whole == 0 => Asked::None,
        ("", _, _, Some(count)) => Asked::Part(whole.saturating_sub(count), whole - 1),
        (_, "", Some(first), _) if first < whole => Asked::Part(first, whole - 1),
        (_, _, Some(first), Some(last)) if first <= last && first < whole => {
            Asked::Part(first, last.min(whole - 1))
        }
        (_, "", Some(_), _) => Asked::None,
        (_, _, Some(first), Some(last)) if first <= last => Asked::None,
        _ => Asked::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_rfc_9110() {
        for (range, expected) in [
            ("bytes=0-0", Asked::Part(0, 0)),
            ("bytes=5-", Asked::Part(5, 9)),
            ("bytes=-3", Asked::Part(7, 9)),
            ("bytes=-30", Asked::Part(0, 9)),
            ("bytes=2-100", Asked::Part(2, 9)),
            ("bytes=10-", Asked::None),
            ("bytes=10-12", Asked::None),
            ("bytes=-0", Asked::None),
            ("bytes=3-2", Asked::Whole),
            ("bytes=0-1,3-4", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("bytes=99999999999999999999-", Asked::Whole),
            ("lines=1-2", Asked::Whole),
            ("", Asked::Whole),
        ] {
            assert_eq!(asked(range, 10), expected, "{range}");
        }
        assert_eq!(asked("bytes=0-", 0), Asked::None);
        assert_eq!(asked("bytes=-1", 0), Asked::None);
    }
}
