//! Words of a line: quotes, escapes, comments and continuation lines.
//!
//! Not its job: what the words mean.

use super::source::Source;

/// Reasons are part of a [`super::SyntaxError`]; all of them are fixed sentences.
pub(super) type Reason = &'static str;

/// One line of the file, with those that continue it, and how far it has been read.
pub(super) struct Words<'a> {
    source: Source<'a>,
    buffer: Vec<u8>,
    position: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Words {
            source: Source::new(text),
            buffer: Vec::new(),
            position: 0,
        }
    }

    /// Goes to the next line of the file and gives its number, or `None` at the end.
    pub(super) fn next_line(&mut self) -> Option<usize> {
        if self.source.is_empty() {
            return None;
        }
        let line = self.source.line();
        self.position = 0;
        self.source.read_line(&mut self.buffer, 0);
        Some(line)
    }

    /// Whether the file cannot be held any more. What was read last is not to be trusted then.
    pub(super) fn is_exhausted(&self) -> bool {
        self.source.is_exhausted()
    }

    /// Skips white space, as isspace(3) knows it in the C locale.
    pub(super) fn skip_space(&mut self) {
        while self.current().is_some_and(is_space) {
            self.position += 1;
        }
    }

    /// The word that says what a statement does: unlike an argument it knows no quotes and ends at a blank or tab only.
    pub(super) fn command(&mut self) -> Option<Command> {
        let rest = &self.buffer[self.position..];
        let start = self.position + rest.iter().position(|byte| !is_blank(*byte))?;
        let end = self.buffer[start..].iter().position(|byte| is_blank(*byte));
        let word = match end {
            Some(length) => &self.buffer[start..start + length],
            None => &self.buffer[start..],
        };
        let command = Command {
            word: word.to_vec(),
            is_last: end.is_none(),
        };
        self.position = start + command.word.len() + 1;
        Some(command)
    }

    /// The next argument: unquoted text and quoted text, joined until white space, `;` or a comment. Empty when there is none.
    pub(super) fn argument(&mut self) -> Result<Vec<u8>, Reason> {
        self.skip_space();
        if self.current() == Some(b';') {
            self.position += 1;
            return Ok(Vec::new());
        }
        let start = self.position;
        let mut text = Vec::new();
        // The first character is looked at even where a continuation line has put white space.
        while let Some(byte) = self.current() {
            match byte {
                b'\'' => self.single_quoted(&mut text)?,
                b'"' => self.double_quoted(&mut text)?,
                b'#' => {
                    self.forget_rest();
                    break;
                }
                b';' => {
                    // libuci ends the word with a NUL, which lands on the `;` when every byte of the word was kept:
                    // `option a b; option c d` loses the second half, `option a 'b'; option c d` does not.
                    if text.len() == self.position - start {
                        self.forget_rest();
                    }
                    return Ok(text);
                }
                b'\\' => {
                    if self.escape() {
                        self.take(&mut text);
                    }
                }
                _ => self.take(&mut text),
            }
            if self.current().is_some_and(is_space) {
                self.position += 1;
                break;
            }
        }
        Ok(text)
    }

    fn single_quoted(&mut self, text: &mut Vec<u8>) -> Result<(), Reason> {
        self.position += 1;
        loop {
            match self.current() {
                Some(b'\'') => {
                    self.position += 1;
                    return Ok(());
                }
                Some(_) => self.take(text),
                None => self.continue_quoted("a ' that opens a value is never closed")?,
            }
        }
    }

    fn double_quoted(&mut self, text: &mut Vec<u8>) -> Result<(), Reason> {
        self.position += 1;
        loop {
            match self.current() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    if self.escape() {
                        self.take(text);
                    }
                }
                Some(_) => self.take(text),
                None => self.continue_quoted("a \" that opens a value is never closed")?,
            }
        }
    }

    /// A quoted value goes on in the next line.
    fn continue_quoted(&mut self, unclosed: Reason) -> Result<(), Reason> {
        self.source.read_line(&mut self.buffer, self.position);
        self.current().map(|_| ()).ok_or(unclosed)
    }

    /// Passes a backslash. True: the character after it is to be taken as it is. False: it was the end of the line, and the
    /// next line follows.
    fn escape(&mut self) -> bool {
        self.position += 1;
        let ends_line = matches!(
            &self.buffer[self.position..],
            [] | [b'\n', ..] | [b'\r', b'\n']
        );
        if ends_line {
            self.source.read_line(&mut self.buffer, self.position);
        }
        !ends_line
    }

    fn current(&self) -> Option<u8> {
        self.buffer.get(self.position).copied()
    }

    fn take(&mut self, text: &mut Vec<u8>) {
        text.extend(self.current());
        self.position += 1;
    }

    fn forget_rest(&mut self) {
        self.buffer.truncate(self.position);
    }
}

/// First word of a statement.
pub(super) struct Command {
    /// The word itself.
    pub(super) word: Vec<u8>,
    /// Whether the line ends right behind it.
    pub(super) is_last: bool,
}

fn is_space(byte: u8) -> bool {
    // u8::is_ascii_whitespace leaves out the vertical tab.
    byte.is_ascii_whitespace() || byte == b'\x0b'
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
