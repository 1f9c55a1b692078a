//! Findings: what is wrong, where, what happens if it stays, and how to mend it.
//!
//! Not its job: deciding what is wrong, or how a finding is printed (`cli::check`).

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::core::replies::Problem;
pub use crate::core::replies::Severity;

/// Most findings that one file gets: who has this many has another kind of file, and a router has little memory.
const MOST_FINDINGS: usize = 200;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Short name that does not change between versions, such as `no-reboot`.
    pub code: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Characters that are to blame, from `column` on; may be 0.
    #[serde(skip)]
    pub width: usize,
    /// What is wrong and what happens if it stays.
    pub message: String,
    /// How to mend it.
    pub help: String,
}

impl From<Finding> for Problem {
    fn from(finding: Finding) -> Self {
        let Finding {
            severity,
            code,
            line,
            column,
            width,
            message,
            help,
        } = finding;
        Problem {
            line,
            column: Some(column),
            width,
            severity,
            code,
            text: message,
            help,
        }
    }
}

impl From<Problem> for Finding {
    fn from(problem: Problem) -> Self {
        let Problem {
            line,
            column,
            width,
            severity,
            code,
            text,
            help,
        } = problem;
        Finding {
            severity,
            code,
            line,
            column: column.unwrap_or(1),
            width,
            message: text,
            help,
        }
    }
}

/// Codes and lines, for tests to compare.
#[cfg(test)]
pub(super) fn codes(findings: Vec<Finding>) -> Vec<(String, usize)> {
    let code = |finding: Finding| (finding.code, finding.line);
    findings.into_iter().map(code).collect()
}

/// A place in a text: a line, and bytes in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Bytes of that line.
    pub bytes: Range<usize>,
}

impl Place {
    /// Some bytes of a line.
    pub fn new(line: usize, bytes: Range<usize>) -> Self {
        Place { line, bytes }
    }
}

/// Collects findings about one text.
#[derive(Debug)]
pub struct Findings<'t> {
    lines: Vec<&'t str>,
    found: Vec<Finding>,
    full: bool,
}

impl<'t> Findings<'t> {
    /// Findings about that text; lines end at `\n`.
    pub fn new(text: &'t str) -> Self {
        Findings {
            lines: text.split('\n').collect(),
            found: Vec::new(),
            full: false,
        }
    }

    /// The lines of the text, without their `\n`.
    pub fn lines(&self) -> &[&'t str] {
        &self.lines
    }

    /// The last line that has anything on it: where "something is missing" is shown.
    pub fn last_line(&self) -> Place {
        let said = |line: &&str| !line.trim().is_empty();
        let index = self.lines.iter().rposition(said).unwrap_or(0);
        self.whole_line(index + 1)
    }

    /// A whole line, without the blanks around what it says.
    pub fn whole_line(&self, line: usize) -> Place {
        let text = self.line(line);
        let start = text.len() - text.trim_start().len();
        Place::new(line, start..text.trim_end().len().max(start))
    }

    fn line(&self, number: usize) -> &'t str {
        let index = number.saturating_sub(1);
        self.lines.get(index).copied().unwrap_or_default()
    }

    /// Adds an error.
    pub fn error(&mut self, code: &str, place: &Place, message: fmt::Arguments<'_>, help: &str) {
        self.add(Severity::Error, code, place, message, help);
    }

    /// Adds a warning.
    pub fn warning(&mut self, code: &str, place: &Place, message: fmt::Arguments<'_>, help: &str) {
        self.add(Severity::Warning, code, place, message, help);
    }

    /// Adds a note.
    pub fn note(&mut self, code: &str, place: &Place, message: fmt::Arguments<'_>, help: &str) {
        self.add(Severity::Note, code, place, message, help);
    }

    /// Adds a finding of any severity.
    pub fn add(
        &mut self,
        severity: Severity,
        code: &str,
        place: &Place,
        message: fmt::Arguments<'_>,
        help: &str,
    ) {
        // Before the column is counted: very long lines with very many faults must not cost their product.
        if self.found.len() >= MOST_FINDINGS {
            self.full = true;
            return;
        }
        let line = self.line(place.line);
        let count =
            |bytes: Range<usize>| line.get(bytes).map_or(0, |part: &str| part.chars().count());
        let finding = Finding {
            severity,
            code: code.to_owned(),
            line: place.line,
            column: count(0..place.bytes.start) + 1,
            width: count(place.bytes.clone()),
            message: message.to_string(),
            help: help.to_owned(),
        };
        // Kept in the order of the text: there are few, and sorting would cost more code than it saves time.
        let key = |finding: &Finding| (finding.line, finding.column, finding.severity);
        let before = |other: &Finding| key(other) <= key(&finding);
        let at = self
            .found
            .iter()
            .rposition(before)
            .map_or(0, |index| index + 1);
        if at == 0 || self.found[at - 1] != finding {
            self.found.insert(at, finding);
        }
    }

    /// Whether there are more than anybody reads: reading on would only take time.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Forgets what was found in a line: what comes next says it better.
    pub fn forget_line(&mut self, line: usize) {
        self.found.retain(|finding| finding.line != line);
    }

    /// All of them, in the order of the text.
    pub fn finish(mut self) -> Vec<Finding> {
        if self.full {
            let place = self.last_line();
            let found = Finding {
                severity: Severity::Note,
                code: "too-many".to_owned(),
                line: place.line,
                column: 1,
                width: 0,
                message: format!("there are more findings than the {MOST_FINDINGS} that are shown"),
                help: "mend these first, then check again".to_owned(),
            };
            self.found.push(found);
        }
        self.found
    }
}
