//! Words that open and close something: if/fi, do/done, case/esac; and where a line ends.
//!
//! Not its job: finding the words.

use super::{Fault, Frame, Open, Scanner};

impl Scanner<'_> {
    pub(super) fn begin_word(&mut self) {
        if self.word_at.is_none() {
            self.word_at = Some((self.index, self.at));
        }
    }

    pub(super) fn forget_word(&mut self) {
        self.word.clear();
        self.word_at = None;
        self.quoted = false;
    }

    /// The word is complete: a reserved word, a command's name, or one of its words.
    pub(super) fn end_word(&mut self) -> Result<(), Fault> {
        let Some((line, at)) = self.word_at else {
            return Ok(());
        };
        let plain = !self.quoted;
        if self.redirect {
            self.redirect = false;
            self.forget_word();
            return Ok(());
        }
        if self.top() == Some(Frame::Words) {
            self.forget_word();
            return Ok(());
        }
        if plain && self.reserved(line, at)? {
            self.forget_word();
            return Ok(());
        }
        let assignment = self.command && self.word.contains('=') && !self.word.starts_with('=');
        // `function NAME` is followed by a command, mostly `{`.
        if !assignment {
            self.command = self.name_follows;
        }
        self.count += 1;
        self.name_follows = false;
        self.empty = false;
        self.forget_word();
        Ok(())
    }

    /// Does what a reserved word does; false when it is none here.
    pub(super) fn reserved(&mut self, line: usize, at: usize) -> Result<bool, Fault> {
        let word = self.word.clone();
        let top = self.top();
        match (top, word.as_str()) {
            (Some(Frame::Test), "]]") => {
                self.stack.pop();
                self.command = false;
                return Ok(true);
            }
            (Some(Frame::Test), _) => return Ok(true),
            (Some(Frame::CaseHead), "in") if !self.command => {
                self.replace(Frame::CasePattern);
                self.count = 0;
                return Ok(true);
            }
            (Some(Frame::CasePattern), "esac") => {
                self.stack.pop();
                self.command = false;
                self.empty = false;
                return Ok(true);
            }
            (Some(Frame::CasePattern), _) => {
                self.count += 1;
                return Ok(true);
            }
            // `for NAME do` goes over the script's arguments.
            (Some(Frame::LoopHead), "do") if !self.command && self.count == 1 => {
                self.turn(&[Frame::LoopHead], Frame::LoopBody)?;
                return Ok(true);
            }
            _ if !self.command => return Ok(false),
            _ => {}
        }
        let open = |scanner: &mut Self, frame| {
            scanner.stack.push(Open { frame, line, at });
            scanner.command = true;
            scanner.empty = true;
        };
        match word.as_str() {
            "if" => open(self, Frame::IfCondition),
            "while" | "until" => open(self, Frame::LoopHead),
            "for" | "select" => {
                open(self, Frame::LoopHead);
                self.command = false;
                self.empty = false;
                self.count = 0;
            }
            "case" => {
                open(self, Frame::CaseHead);
                self.command = false;
                self.empty = false;
            }
            "{" => open(self, Frame::Brace),
            "[[" => {
                open(self, Frame::Test);
                self.empty = false;
            }
            "then" => self.turn(&[Frame::IfCondition], Frame::IfBody)?,
            "else" => self.turn(&[Frame::IfBody], Frame::IfBody)?,
            "elif" => self.turn(&[Frame::IfBody], Frame::IfCondition)?,
            "do" => self.turn(&[Frame::LoopHead], Frame::LoopBody)?,
            "fi" => self.close(Frame::IfBody)?,
            "done" => self.close(Frame::LoopBody)?,
            "esac" => self.close(Frame::CaseBody)?,
            "}" => self.close(Frame::Brace)?,
            "function" => {
                self.command = false;
                self.name_follows = true;
            }
            "!" | "time" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn turn(&mut self, from: &[Frame], to: Frame) -> Result<(), Fault> {
        if !self.top().is_some_and(|top| from.contains(&top)) {
            return Err(self.misplaced());
        }
        self.not_empty()?;
        self.replace(to);
        self.command = true;
        self.empty = true;
        Ok(())
    }

    pub(super) fn close(&mut self, frame: Frame) -> Result<(), Fault> {
        if self.top() != Some(frame) {
            return Err(self.misplaced());
        }
        if frame != Frame::CaseBody {
            self.not_empty()?;
        }
        self.stack.pop();
        self.command = false;
        self.empty = false;
        Ok(())
    }

    pub(super) fn not_empty(&self) -> Result<(), Fault> {
        match self.empty {
            true => Err(self.fault(format!("there is no command before '{}'", self.word))),
            false => Ok(()),
        }
    }

    /// A reserved word where another one had to come first.
    pub(super) fn misplaced(&self) -> Fault {
        let word = &self.word;
        self.fault(match self.stack.last() {
            Some(open) => {
                let (begin, end) = open.frame.words();
                let line = self.first + open.line;
                format!("'{word}' comes before the '{end}' of the '{begin}' in line {line}")
            }
            None => format!("'{word}' ends or continues nothing"),
        })
    }

    /// A line's end: a command's end, and where here-documents begin.
    pub(super) fn end_line(&mut self) -> Result<(), Fault> {
        let inside = matches!(
            self.top(),
            Some(Frame::DoubleQuote | Frame::Parameter | Frame::Arithmetic(_))
        );
        if !inside {
            let place = (self.index, self.at);
            self.end_word()?;
            if self.top() == Some(Frame::CasePattern) && self.count > 0 {
                let place = self.place(place.0, place.1.saturating_sub(1), 1);
                return Err(Fault {
                    place,
                    message: "this pattern of 'case' has no ')'".to_owned(),
                });
            }
            // `case x` and its `in` may be in two lines.
            self.command = !matches!(self.top(), Some(Frame::CaseHead));
            self.redirect = false;
        }
        self.index += 1;
        self.at = 0;
        for document in std::mem::take(&mut self.pending) {
            let ends = |line: &&str| match document.tabs {
                true => line.trim_start_matches('\t') == document.delimiter,
                false => *line == document.delimiter,
            };
            let lines = self.lines.get(self.index..).unwrap_or_default();
            match lines.iter().position(ends) {
                Some(end) => self.index += end + 1,
                None => {
                    let message = format!(
                        "this here-document has no line '{}' that ends it: it swallows the rest of the script",
                        document.delimiter
                    );
                    let place =
                        self.place(document.line, document.at, 2 + document.delimiter.len());
                    return Err(Fault { place, message });
                }
            }
        }
        Ok(())
    }
}
