//! The text of a file, handed out in the pieces in which libuci's line buffer takes it up.
//!
//! Without NUL bytes that is simply line by line. A NUL hides the rest of the piece that it is in, so where pieces end is
//! part of what a file with NUL bytes means.
//!
//! Not its job: quotes, comments, continuation lines.

/// Bytes that libuci's line buffer holds at first. It doubles whenever a line does not fit, or seems not to.
const FIRST_ROOM: usize = 32;

/// Bytes beyond which libuci's buffer cannot grow: its size is handed to fgets(3) as an `int`.
/// Only a file with some 26 NUL bytes, or one line of a gigabyte, gets there; libuci then never ends.
const MOST_ROOM: usize = 1 << 30;

/// What is left to read of a file.
pub(super) struct Source<'a> {
    rest: &'a [u8],
    room: usize,
    /// Newlines taken so far.
    newlines: usize,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Source {
            rest: text,
            room: FIRST_ROOM,
            newlines: 0,
        }
    }

    /// Whether everything was taken, or the file is past what libuci can hold.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Number of the line that comes next, from 1.
    pub(super) fn line(&self) -> usize {
        self.newlines + 1
    }

    /// Whether the file has asked for more room than libuci could give.
    pub(super) fn is_exhausted(&self) -> bool {
        self.room > MOST_ROOM
    }

    /// Replaces what follows `position` in `buffer` with the next line. At the end of the file nothing follows it then.
    pub(super) fn read_line(&mut self, buffer: &mut Vec<u8>, position: usize) {
        buffer.truncate(position);
        // Two bytes are the least that fgets can work with: one to read and one for the NUL.
        if position >= self.room - 1 {
            self.double();
        }
        while !self.is_exhausted() {
            let piece = self.take_piece(self.room - buffer.len() - 1);
            let visible = piece.split(|byte| *byte == 0).next().unwrap_or_default();
            buffer.extend_from_slice(visible);
            if visible.is_empty() || visible.ends_with(b"\n") {
                return;
            }
            self.double();
        }
    }

    /// As fgets(3): at most `most` bytes, and nothing past a newline.
    fn take_piece(&mut self, most: usize) -> &'a [u8] {
        let within = &self.rest[..self.rest.len().min(most)];
        let newline = within.iter().position(|byte| *byte == b'\n');
        let (piece, rest) = self
            .rest
            .split_at(newline.map_or(within.len(), |at| at + 1));
        self.rest = rest;
        self.newlines += usize::from(newline.is_some());
        piece
    }

    fn double(&mut self) {
        self.room = self.room.saturating_mul(2);
    }
}
