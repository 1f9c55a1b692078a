//! Finds broken syntax in sh and bash scripts: quotes, here-documents, brackets, and if/fi, do/done, case/esac.
//!
//! A scanner with a stack, not a parser: it follows the shell grammar of POSIX (XCU 2) with bash's `[[`, `((`, arrays and
//! process substitution, and says nothing where it is not sure. It stops at the first fault, as a shell does.
//! Not its job: what the commands do.

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

    /// Within double quotes or `${…}`.
    fn in_text(&mut self, c: char, end: char) -> Result<(), Fault> {
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
    fn closes_soon(&self) -> bool {
        let mut rest = self.rest().chars().skip(1).take(80);
        rest.find(|c| matches!(c, '\'' | '}' | '"')) == Some('\'')
    }

    fn in_arithmetic(&mut self, c: char, depth: u32) -> Result<(), Fault> {
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

    fn begin_word(&mut self) {
        if self.word_at.is_none() {
            self.word_at = Some((self.index, self.at));
        }
    }

    /// A backslash and what it escapes; at the end of a line, the line goes on.
    fn skip_escaped(&mut self) {
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
    fn dollar(&mut self) {
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

    /// Commands begin within a word.
    fn enter(&mut self) {
        self.forget_word();
        self.command = true;
        self.empty = false;
        self.redirect = false;
    }

    /// And end: the word goes on.
    fn leave(&mut self) {
        self.word_at = Some((self.index, self.at));
        self.word.clear();
        self.quoted = true;
        // What kind of word it is within is forgotten: it was no reserved word, as it had an expansion in it.
        self.command = false;
        self.empty = false;
    }

    fn backtick(&mut self) -> Result<(), Fault> {
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
    fn single_quote(&mut self, width: usize) -> Result<(), Fault> {
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
    fn ansi_quote(&mut self) -> Result<(), Fault> {
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

    fn operator(&mut self, c: char) -> Result<(), Fault> {
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

    fn redirection(&mut self, c: char) -> Result<(), Fault> {
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

    /// `<<WORD`: reads the word; the document follows the line.
    fn here_document(&mut self) -> Result<(), Fault> {
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

    fn open_bracket(&mut self) -> Result<(), Fault> {
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

    fn close_bracket(&mut self) -> Result<(), Fault> {
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

    fn forget_word(&mut self) {
        self.word.clear();
        self.word_at = None;
        self.quoted = false;
    }

    /// The word is complete: a reserved word, a command's name, or one of its words.
    fn end_word(&mut self) -> Result<(), Fault> {
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
    fn reserved(&mut self, line: usize, at: usize) -> Result<bool, Fault> {
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

    fn turn(&mut self, from: &[Frame], to: Frame) -> Result<(), Fault> {
        if !self.top().is_some_and(|top| from.contains(&top)) {
            return Err(self.misplaced());
        }
        self.not_empty()?;
        self.replace(to);
        self.command = true;
        self.empty = true;
        Ok(())
    }

    fn close(&mut self, frame: Frame) -> Result<(), Fault> {
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

    fn not_empty(&self) -> Result<(), Fault> {
        match self.empty {
            true => Err(self.fault(format!("there is no command before '{}'", self.word))),
            false => Ok(()),
        }
    }

    /// A reserved word where another one had to come first.
    fn misplaced(&self) -> Fault {
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
    fn end_line(&mut self) -> Result<(), Fault> {
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
