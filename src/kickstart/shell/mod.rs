//! Finds broken syntax in sh and bash scripts: quotes, here-documents, brackets, and if/fi, do/done, case/esac.
//!
//! A scanner with a stack, not a parser: it follows the shell grammar of POSIX (XCU 2) with bash's `[[`, `((`, arrays and
//! process substitution, and says nothing where it is not sure. It stops at the first fault, as a shell does.
//! Not its job: what the commands do.

mod brackets;
mod quotes;
mod words;

use super::finding::Place;

/// Deepest nesting that is followed: no person writes deeper, and what is not followed is not judged.
const DEEPEST: usize = 100;

/// What is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// `if` or `elif`, until `then`.
    IfCondition,
    /// After `then` or `else`.
    IfBody,
    /// `for`, `while`, `until`, `select`, until `do`.
    LoopHead,
    LoopBody,
    /// `case WORD`, until `in`.
    CaseHead,
    CasePattern,
    CaseBody,
    Brace,
    /// `(`: a subshell.
    Subshell,
    /// `$(`, `<(`, `>(`.
    Substitution,
    Backtick,
    DoubleQuote,
    /// `${`.
    Parameter,
    /// `((` or `$((`, with the brackets that are open in it.
    Arithmetic(u32),
    /// `[[`.
    Test,
    /// `(` of an array or of a glob: words, no commands.
    Words,
}

impl Frame {
    /// What opens and what closes it.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Frame::IfCondition => ("if", "then"),
            Frame::IfBody => ("if", "fi"),
            Frame::LoopHead => ("loop", "do"),
            Frame::LoopBody => ("loop", "done"),
            Frame::CaseHead => ("case", "in"),
            Frame::CasePattern | Frame::CaseBody => ("case", "esac"),
            Frame::Brace => ("{", "}"),
            Frame::Subshell | Frame::Words => ("(", ")"),
            Frame::Substitution => ("$(", ")"),
            Frame::Backtick => ("`", "`"),
            Frame::DoubleQuote => ("\"", "\""),
            Frame::Parameter => ("${", "}"),
            Frame::Arithmetic(_) => ("((", "))"),
            Frame::Test => ("[[", "]]"),
        }
    }
}

/// A fault, and where it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line of the kickstart, and bytes in it.
    pub place: Place,
    /// What is wrong.
    pub message: String,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    frame: Frame,
    line: usize,
    at: usize,
}

/// A here-document that begins after the line that is read.
struct Pending {
    delimiter: String,
    tabs: bool,
    line: usize,
    at: usize,
}

struct Scanner<'s> {
    lines: &'s [&'s str],
    /// Number of the first line in the kickstart.
    first: usize,
    index: usize,
    at: usize,
    stack: Vec<Open>,
    pending: Vec<Pending>,
    /// Whether the next word is a command's name or a reserved word.
    command: bool,
    /// Whether nothing came since the word that opened what is open.
    empty: bool,
    /// The unquoted text of the word that is being read.
    word: String,
    /// Where it began; none between words.
    word_at: Option<(usize, usize)>,
    /// Whether a part of it was quoted or expanded.
    quoted: bool,
    /// Whether the next word is a file's name.
    redirect: bool,
    /// Whether the word before was `function`.
    name_follows: bool,
    /// Words since `for`, or of a pattern of `case`.
    count: usize,
}

/// The first fault of a script. `first` is the number of its first line.
pub fn check(lines: &[&str], first: usize) -> Result<(), Fault> {
    let mut scanner = Scanner {
        lines,
        first,
        index: 0,
        at: 0,
        stack: Vec::new(),
        pending: Vec::new(),
        command: true,
        empty: false,
        word: String::new(),
        word_at: None,
        quoted: false,
        redirect: false,
        name_follows: false,
        count: 0,
    };
    scanner.run()
}

impl<'s> Scanner<'s> {
    fn run(&mut self) -> Result<(), Fault> {
        while self.index < self.lines.len() {
            if self.stack.len() > DEEPEST {
                return Ok(());
            }
            match self.rest().chars().next() {
                Some(c) => self.step(c)?,
                None => self.end_line()?,
            }
        }
        self.end_word()?;
        match self.stack.last() {
            Some(open) => Err(self.unclosed(*open)),
            None => Ok(()),
        }
    }

    fn rest(&self) -> &'s str {
        let line = self.lines.get(self.index).copied().unwrap_or_default();
        line.get(self.at..).unwrap_or_default()
    }

    fn follows(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    fn top(&self) -> Option<Frame> {
        self.stack.last().map(|open| open.frame)
    }

    fn push(&mut self, frame: Frame) {
        self.stack.push(Open {
            frame,
            line: self.index,
            at: self.at,
        });
    }

    fn replace(&mut self, frame: Frame) {
        if let Some(open) = self.stack.last_mut() {
            open.frame = frame;
        }
    }

    fn place(&self, index: usize, at: usize, width: usize) -> Place {
        let length = self.lines.get(index).map_or(0, |line| line.len());
        Place::new(self.first + index, at.min(length)..(at + width).min(length))
    }

    fn fault(&self, message: String) -> Fault {
        let (index, at) = self.word_at.unwrap_or((self.index, self.at));
        Fault {
            place: self.place(index, at, self.word.len().max(1)),
            message,
        }
    }

    fn unclosed(&self, open: Open) -> Fault {
        let (begin, end) = open.frame.words();
        Fault {
            place: self.place(open.line, open.at, begin.len()),
            message: format!("'{begin}' has no '{end}'"),
        }
    }

    fn step(&mut self, c: char) -> Result<(), Fault> {
        match self.top() {
            Some(Frame::DoubleQuote) => self.in_text(c, '"'),
            Some(Frame::Parameter) => self.in_text(c, '}'),
            Some(Frame::Arithmetic(depth)) => self.in_arithmetic(c, depth),
            _ => self.in_commands(c),
        }
    }

    fn in_commands(&mut self, c: char) -> Result<(), Fault> {
        match c {
            ' ' | '\t' => {
                self.end_word()?;
                self.at += 1;
            }
            '#' if self.word_at.is_none() => {
                self.at = self.lines.get(self.index).map_or(0, |line| line.len())
            }
            '\\' => {
                // At the end of a line it is nothing but a way to go on in the next.
                if self.rest().len() > 1 {
                    self.begin_word();
                    self.quoted = true;
                }
                self.skip_escaped();
            }
            '\'' => {
                self.begin_word();
                self.quoted = true;
                self.single_quote(1)?;
            }
            '"' => {
                self.begin_word();
                self.quoted = true;
                self.push(Frame::DoubleQuote);
                self.at += 1;
            }
            '$' => {
                self.begin_word();
                self.quoted = true;
                if self.follows("$'") {
                    self.ansi_quote()?;
                } else {
                    self.dollar();
                }
            }
            '`' => {
                if !self.stack.iter().any(|open| open.frame == Frame::Backtick) {
                    self.begin_word();
                    self.quoted = true;
                }
                self.backtick()?;
            }
            ';' | '&' | '|' => self.operator(c)?,
            '<' | '>' => self.redirection(c)?,
            '(' => self.open_bracket()?,
            ')' => self.close_bracket()?,
            c => {
                self.begin_word();
                self.word.push(c);
                self.at += c.len_utf8();
            }
        }
        Ok(())
    }
}
