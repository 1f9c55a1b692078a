//! Brackets, operators and redirections.
//!
//! Not its job: quotes (`quotes`), words that open and close (`words`).

use super::{Fault, Frame, Open, Scanner};

impl Scanner<'_> {
    pub(super) fn in_arithmetic(&mut self, c: char, depth: u32) -> Result<(), Fault> {
        match c {
            '(' => self.replace(Frame::Arithmetic(depth + 1)),
            ')' if depth == 1 => {
                self.stack.pop();
            }
            ')' => self.replace(Frame::Arithmetic(depth - 1)),
            '$' => {
                self.dollar();
                return Ok(());
            }
            '`' => return self.backtick(),
            '"' => self.push(Frame::DoubleQuote),
            '\\' => {
                self.skip_escaped();
                return Ok(());
            }
            _ => {}
        }
        self.at += c.len_utf8();
        Ok(())
    }

    /// Commands begin within a word.
    pub(super) fn enter(&mut self) {
        self.forget_word();
        self.command = true;
        self.empty = false;
        self.redirect = false;
    }

    /// And end: the word goes on.
    pub(super) fn leave(&mut self) {
        self.word_at = Some((self.index, self.at));
        self.word.clear();
        self.quoted = true;
        // What kind of word it is within is forgotten: it was no reserved word, as it had an expansion in it.
        self.command = false;
        self.empty = false;
    }

    pub(super) fn operator(&mut self, c: char) -> Result<(), Fault> {
        self.end_word()?;
        if matches!(
            self.top(),
            Some(Frame::Test | Frame::Words | Frame::CasePattern)
        ) {
            self.at += 1;
            return Ok(());
        }
        if c == '&' && self.follows("&>") {
            self.at += 1;
            return Ok(());
        }
        if self.follows(";;") || self.follows(";&") {
            if self.top() != Some(Frame::CaseBody) {
                return Err(match self.stack.last() {
                    Some(open) if self.stack.iter().any(|open| open.frame == Frame::CaseBody) => {
                        self.unclosed(*open)
                    }
                    _ => self.fault("';;' is outside of 'case'".to_owned()),
                });
            }
            self.replace(Frame::CasePattern);
            self.count = 0;
            self.at += if self.follows(";;&") { 3 } else { 2 };
            self.command = true;
            self.empty = false;
            return Ok(());
        }
        let twice = (c == '&' && self.follows("&&"))
            || (c == '|' && (self.follows("||") || self.follows("|&")));
        self.at += if twice { 2 } else { 1 };
        self.command = true;
        Ok(())
    }

    pub(super) fn redirection(&mut self, c: char) -> Result<(), Fault> {
        // `2>` : the number belongs to the redirection.
        let number = !self.quoted && self.word.bytes().all(|byte| byte.is_ascii_digit());
        match number {
            true => self.forget_word(),
            false => self.end_word()?,
        }
        if matches!(self.top(), Some(Frame::Test | Frame::CasePattern)) {
            self.at += 1;
            return Ok(());
        }
        if self.follows("<(") || self.follows(">(") {
            self.begin_word();
            self.quoted = true;
            self.push(Frame::Substitution);
            self.enter();
            self.at += 2;
            return Ok(());
        }
        if c == '<' && self.follows("<<") && !self.follows("<<<") {
            return self.here_document();
        }
        self.at += match () {
            () if self.follows("<<<") => 3,
            () if [">>", ">&", "<&", ">|", "<>"]
                .into_iter()
                .any(|text| self.follows(text)) =>
            {
                2
            }
            () => 1,
        };
        self.redirect = true;
        self.empty = false;
        Ok(())
    }

    pub(super) fn open_bracket(&mut self) -> Result<(), Fault> {
        match self.top() {
            Some(Frame::Test | Frame::Words) => {
                self.end_word()?;
                self.push(Frame::Words);
                self.at += 1;
                return Ok(());
            }
            Some(Frame::CasePattern) if self.word_at.is_none() => {
                self.at += 1;
                return Ok(());
            }
            _ => {}
        }
        if self.word_at.is_some() {
            let glob = self.word.ends_with(['?', '*', '@', '+', '!']);
            if self.word.ends_with('=') || glob {
                self.push(Frame::Words);
                self.quoted = true;
                self.at += 1;
                return Ok(());
            }
        }
        let function = self.rest()[1..].trim_start().starts_with(')');
        let named =
            self.word_at.is_some() && self.command || self.word_at.is_none() && !self.command;
        if function && (named || self.name_follows) {
            self.forget_word();
            self.at += 1;
            self.at += self.rest().find(')').map_or(0, |end| end + 1);
            self.command = true;
            self.name_follows = false;
            return Ok(());
        }
        self.end_word()?;
        if self.follows("((") && (self.command || self.top() == Some(Frame::LoopHead)) {
            self.push(Frame::Arithmetic(2));
            self.at += 2;
            self.command = false;
            self.empty = false;
            return Ok(());
        }
        if !self.command {
            return Err(self.fault("'(' is not allowed here: quote it".to_owned()));
        }
        self.push(Frame::Subshell);
        self.at += 1;
        self.command = true;
        self.empty = true;
        Ok(())
    }

    pub(super) fn close_bracket(&mut self) -> Result<(), Fault> {
        let in_test = self.top() == Some(Frame::Test);
        self.end_word()?;
        match self.top() {
            Some(Frame::Subshell) if self.empty => {
                return Err(self.fault("there is nothing between '(' and ')'".to_owned()));
            }
            Some(Frame::Subshell) => {
                self.stack.pop();
                self.command = false;
            }
            Some(Frame::Words) => {
                self.stack.pop();
                self.leave();
            }
            Some(Frame::Substitution) => {
                self.stack.pop();
                self.leave();
            }
            Some(Frame::CasePattern) => {
                self.replace(Frame::CaseBody);
                self.command = true;
                self.empty = false;
            }
            _ if in_test => {}
            Some(Frame::CaseHead) | None => return Err(self.fault("')' closes nothing".to_owned())),
            Some(_) => {
                let bracket =
                    |open: &&Open| matches!(open.frame, Frame::Subshell | Frame::Substitution);
                return Err(match self.stack.iter().any(|open| bracket(&open)) {
                    true => self.unclosed(*self.stack.last().unwrap_or(&Open {
                        frame: Frame::Brace,
                        line: 0,
                        at: 0,
                    })),
                    false => self.fault("')' closes nothing".to_owned()),
                });
            }
        }
        self.at += 1;
        Ok(())
    }
}
