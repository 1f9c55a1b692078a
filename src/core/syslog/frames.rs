//! Where a line of syslog ends in a stream: RFC 6587.
//!
//! Not its job: what a line says.

use super::LINE_BYTES;

/// Largest count that another digit may follow, in bytes: a line of a million bytes would be nobody's.
const LARGEST_COUNT: usize = 99_999;

/// Cuts a stream into lines. rsyslog's `@@` ends each with a line feed (RFC 6587, 3.4.2); others count their bytes first
/// (3.4.1). The first byte of the stream says which: a line begins with `<`, a count with a digit.
#[derive(Debug, Default)]
pub struct Frames {
    /// The line that has not ended yet, as far as it is looked at.
    line: Vec<u8>,
    way: Way,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Way {
    /// Nothing came yet.
    #[default]
    Unknown,
    /// Until the next line feed.
    LineFeed,
    /// A count is being read.
    Count(usize),
    /// As many bytes are left of a counted line.
    Counted(usize),
}

impl Frames {
    /// Takes the next bytes, and gives each line that ends in them, cut to [`LINE_BYTES`].
    pub fn take(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        for byte in bytes {
            match self.way {
                Way::Unknown if byte.is_ascii_digit() => {
                    self.way = Way::Count(0);
                    self.count(*byte);
                }
                Way::Unknown => {
                    self.way = Way::LineFeed;
                    self.until_line_feed(*byte, &mut each);
                }
                Way::LineFeed => self.until_line_feed(*byte, &mut each),
                Way::Count(_) => self.count(*byte),
                Way::Counted(left) => {
                    self.keep(*byte);
                    self.way = Way::Counted(left - 1);
                    if left == 1 {
                        each(&std::mem::take(&mut self.line));
                        self.way = Way::Count(0);
                    }
                }
            }
        }
    }

    /// The stream ended: what was begun is a line too.
    pub fn end(&mut self, each: impl FnOnce(&[u8])) {
        if !self.line.is_empty() {
            each(&std::mem::take(&mut self.line));
        }
    }

    fn until_line_feed(&mut self, byte: u8, each: &mut impl FnMut(&[u8])) {
        if byte != b'\n' {
            self.keep(byte);
        } else if !self.line.is_empty() {
            each(&self.line);
            self.line.clear();
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.line.len() < LINE_BYTES {
            self.line.push(byte);
        }
    }

    fn count(&mut self, byte: u8) {
        let Way::Count(count) = self.way else {
            return;
        };
        self.way = match byte {
            b'0'..=b'9' if count <= LARGEST_COUNT => {
                Way::Count(count * 10 + usize::from(byte - b'0'))
            }
            b' ' if count > 0 => Way::Counted(count),
            // Senders that count and end their lines besides.
            b'\n' if count == 0 => Way::Count(0),
            // It was no count after all.
            _ => {
                self.keep(byte);
                Way::LineFeed
            }
        };
    }
}
