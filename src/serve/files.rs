//! Files below a folder: boot files and install media, with ranges and tags (RFC 9110, sections 8.8.3 and 14).
//!
//! Symbolic links are followed: only root can make them, and media on a USB disk are reached by one.
//! Not its job: decoding paths; names come in checked.

use std::fs::File;
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
    /// First byte to send.
    pub first: u64,
    /// Bytes to send.
    pub length: u64,
    /// Type by the file's name.
    pub content_type: &'static str,
    /// The file.
    pub file: File,
    /// Who watches it on its way.
    pub transfer: Option<Transfer>,
}

/// What a request says about the file that it wants: values of its headers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conditions {
    /// `Range`
    pub range: Option<String>,
    /// `If-Range`
    pub if_range: Option<String>,
    /// `If-None-Match`
    pub if_none_match: Option<String>,
}

/// Why a file is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// For the reason that this status code gives.
    Status(u16),
    /// It has so many bytes, and none of the range.
    Range(u64),
}

impl Conditions {
    /// Whether the client has the file with this tag already. The comparison is the weak one (RFC 9110, section 13.1.2).
    fn is_known(&self, etag: &str) -> bool {
        let same =
            |tag: &str| matches!(tag.trim(), "*") || tag.trim().trim_start_matches("W/") == etag;
        let tags = self.if_none_match.as_deref();
        tags.is_some_and(|tags| tags.split(',').any(same))
    }

    /// The part that is asked for, of a file with this tag and length. A client that goes on with what it has of another file gets
    /// all of this one (section 13.1.5: the strong comparison; a date is never that of the file, which is sent without one).
    fn part(&self, etag: &str, whole: u64) -> Asked {
        let same = |tag: &str| tag.trim() == etag;
        match &self.range {
            Some(range) if self.if_range.as_deref().is_none_or(same) => asked(range, whole),
            _ => Asked::Whole,
        }
    }
}

/// Opens a file for a request.
pub fn open(folder: &Path, names: &[&str], conditions: &Conditions) -> Result<FileAnswer, Refused> {
    if names.is_empty() {
        return Err(Refused::Status(404));
    }
    let path = names
        .iter()
        .fold(folder.to_owned(), |path, name| path.join(name));
    // Looked at before it is opened: opening a FIFO would wait for ever.
    match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(Refused::Status(404)),
        Err(error) => return Err(status_of(&error)),
    }
    let file = File::open(&path).map_err(|error| status_of(&error))?;
    let found = file.metadata().map_err(|_| Refused::Status(500))?;
    let etag = format!(
        "\"{:x}-{:x}.{:x}-{:x}\"",
        found.ino(),
        found.mtime(),
        found.mtime_nsec(),
        found.len()
    );
    let whole = found.len();
    let (status, content_range, first, length) = if conditions.is_known(&etag) {
        (304, None, 0, 0)
    } else {
        match conditions.part(&etag, whole) {
            Asked::Whole => (200, None, 0, whole),
            Asked::None => return Err(Refused::Range(whole)),
            Asked::Part(first, last) => {
                let content_range = format!("bytes {first}-{last}/{whole}");
                (206, Some(content_range), first, last - first + 1)
            }
        }
    };
    Ok(FileAnswer {
        status,
        etag,
        content_range,
        first,
        length,
        content_type: content_type(names.last().unwrap_or(&"")),
        file,
        transfer: None,
    })
}

fn status_of(error: &std::io::Error) -> Refused {
    use std::io::ErrorKind;
    Refused::Status(match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => 404,
        ErrorKind::PermissionDenied => 403,
        _ => 500,
    })
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
