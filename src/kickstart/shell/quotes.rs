//! Quotes, `$…`, backticks and here-documents: text in which the shell's words mean something else, or nothing.
//!
//! Not its job: commands (`words`), brackets (`brackets`).

use super::{Fault, Frame, Pending, Scanner};

impl Scanner<'_> {
    /// Within double quotes or `${…}`.
    pub(super) fn in_text(&mut self, c: char, end: char) -> Result<(), Fault> {
        match c {
            c if c == end => {
                self.stack.pop();
                self.at += 1;
            }
            '\\' => self.skip_escaped(),
            '$' => self.dollar(),
            '`' => self.backtick()?,
            '"' => {
                self.push(Frame::DoubleQuote);
                self.at += 1;
            }
            '\'' if end == '}' && self.closes_soon() => self.single_quote(1)?,
            c => self.at += c.len_utf8(),
        }
        Ok(())
    }

    /// Whether a single quote within `${…}` is closed before that ends: else it is only an apostrophe.
    pub(super) fn closes_soon(&self) -> bool {
        let mut rest = self.rest().chars().skip(1).take(80);
        rest.find(|c| matches!(c, '\'' | '}' | '"')) == Some('\'')
    }

    /// A backslash and what it escapes; at the end of a line, the line goes on.
    pub(super) fn skip_escaped(&mut self) {
        let escaped = self.rest().chars().nth(1);
        match escaped {
            Some(c) => self.at += 1 + c.len_utf8(),
            None => {
                self.index += 1;
                self.at = 0;
            }
        }
    }

    /// `$`, and what it opens.
    pub(super) fn dollar(&mut self) {
        let (frame, width) = match () {
            () if self.follows("$((") => (Some(Frame::Arithmetic(2)), 3),
            () if self.follows("$(") => (Some(Frame::Substitution), 2),
            () if self.follows("${") => (Some(Frame::Parameter), 2),
            () if self.follows("$#") || self.follows("$$") => (None, 2),
            () => (None, 1),
        };
        if let Some(frame) = frame {
            self.push(frame);
        }
        if frame == Some(Frame::Substitution) {
            self.enter();
        }
        self.at += width;
    }

    pub(super) fn backtick(&mut self) -> Result<(), Fault> {
        let open = self
            .stack
            .iter()
            .rposition(|open| open.frame == Frame::Backtick);
        match open {
            Some(index) => {
                self.end_word()?;
                if let Some(inner) = self.stack.get(index + 1) {
                    return Err(self.unclosed(*inner));
                }
                self.stack.pop();
                self.leave();
            }
            None => {
                self.push(Frame::Backtick);
                self.enter();
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Skips `'…'`, which may go over several lines. `width` is that of what opens it.
    pub(super) fn single_quote(&mut self, width: usize) -> Result<(), Fault> {
        let (line, at) = (self.index, self.at);
        self.at += width;
        while self.index < self.lines.len() {
            if let Some(end) = self.rest().find('\'') {
                self.at += end + 1;
                return Ok(());
            }
            self.index += 1;
            self.at = 0;
        }
        let place = self.place(line, at, width);
        Err(Fault {
            place,
            message: "this ' is not closed".to_owned(),
        })
    }

    /// Skips `$'…'`, in which a backslash escapes.
    pub(super) fn ansi_quote(&mut self) -> Result<(), Fault> {
        let (line, at) = (self.index, self.at);
        self.at += 2;
        while self.index < self.lines.len() {
            match self.rest().chars().next() {
                Some('\'') => {
                    self.at += 1;
                    return Ok(());
                }
                Some('\\') => self.skip_escaped(),
                Some(c) => self.at += c.len_utf8(),
                None => {
                    self.index += 1;
                    self.at = 0;
                }
            }
        }
        let place = self.place(line, at, 2);
        Err(Fault {
            place,
            message: "this $' is not closed".to_owned(),
        })
    }

    /// `<<WORD`: reads the word; the document follows the line.
    pub(super) fn here_document(&mut self) -> Result<(), Fault> {
        let (line, at) = (self.index, self.at);
        self.at += 2;
        let tabs = self.follows("-");
        if tabs {
            self.at += 1;
        }
        let blanks = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
        self.at += blanks;
        let mut delimiter = String::new();
        let mut quote = None;
        while let Some(c) = self.rest().chars().next() {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some(_), c) => delimiter.push(c),
                (None, '\'' | '"') => quote = Some(c),
                (None, '\\') => {}
                (None, ' ' | '\t' | ';' | '&' | '|' | '<' | '>' | '(' | ')' | '`') => break,
                (None, c) => delimiter.push(c),
            }
            self.at += c.len_utf8();
        }
        if delimiter.is_empty() {
            let place = self.place(line, at, 2);
            return Err(Fault {
                place,
                message: "'<<' wants a word".to_owned(),
            });
        }
        self.pending.push(Pending {
            delimiter,
            tabs,
            line,
            at,
        });
        self.empty = false;
        Ok(())
    }
}
