//! Sections: their headers, where they end, and the lines of `%packages`.

use super::super::finding::{Findings, Place};
use super::super::grammar::{Spec, Standing};
use super::super::words::{Word, split};
use super::arguments::Reader;
use super::nearest::nearest;
use super::{Givens, Parser, Section, rules, says_nothing};

impl Parser<'_, '_, '_> {
    /// Reads a section from its header on; answers with the line after it.
    pub(super) fn section(&mut self, number: usize, words: &[Word]) -> usize {
        let Some(first) = words.first() else {
            return number + 1;
        };
        let place = Place::new(number, first.bytes.clone());
        let Some(spec) = self.grammar.section(&first.text) else {
            return self.unknown_section(number, &first.text, &place);
        };
        if spec.standing == Standing::Deprecated {
            let message = format_args!(
                "{} is deprecated in {}: a later release will refuse it",
                first.text, self.grammar.release
            );
            self.findings
                .warning("deprecated-section", &place, message, "use %onerror");
        }
        let givens = match spec.raw {
            true => Givens::default(),
            false => Reader::new(spec, number, words, self.findings).read(),
        };
        let end = self.find_end(number, spec);
        let section = Section {
            name: spec.names[0],
            place,
            givens,
            first: number + 1,
            end,
        };
        rules::check_section(&section, self.grammar.release, self.findings);
        if section.name == "%packages" {
            for line in section.first..section.end {
                check_package(line, self.lines[line - 1], self.findings);
            }
        }
        if section.name == "%certificate"
            && (section.first..section.end).all(|line| self.lines[line - 1].trim().is_empty())
        {
            self.findings.error(
                "empty-certificate",
                &section.place,
                format_args!("this %certificate is empty: the installer stops at it"),
                "put the certificate in it, or remove it",
            );
        }
        self.document.sections.push(section);
        // Where %end is missing, the line that showed it begins a section itself.
        let ended = self
            .lines
            .get(end - 1)
            .is_some_and(|line| first_word(line) == "%end");
        if ended { end + 1 } else { end }
    }

    /// The line of its `%end`, or the one where it must have ended.
    fn find_end(&mut self, header: usize, spec: &Spec) -> usize {
        let name = spec.names[0];
        for number in header + 1..=self.lines.len() {
            let line = self.lines[number - 1];
            let word = first_word(line);
            let comment = name == "%packages" && says_nothing(line);
            if !word.starts_with('%') || comment {
                continue;
            }
            match word {
                "%end" => return number,
                "%include" => {
                    let words = split(line.trim_end(), false).unwrap_or_default();
                    self.include(number, &words, Some(name));
                }
                word if self.grammar.section(word).is_some() => {
                    self.missing_end(header, name, number);
                    return number;
                }
                _ => {}
            }
        }
        self.missing_end(header, name, self.lines.len() + 1);
        self.lines.len() + 1
    }

    fn missing_end(&mut self, header: usize, name: &str, before: usize) {
        let place = self.findings.whole_line(header);
        let until = match before > self.lines.len() {
            true => "the end of the file".to_owned(),
            false => format!("line {before}"),
        };
        let message =
            format_args!("{name} has no %end before {until}: the installer stops reading here");
        self.findings.error(
            "missing-end",
            &place,
            message,
            "write %end in a line of its own after its last line",
        );
    }

    /// What begins with a `%` that nothing knows, up to its `%end`.
    fn unknown_section(&mut self, number: usize, name: &str, place: &Place) -> usize {
        if name == "%end" {
            let message = format_args!("this %end ends nothing: the installer stops reading here");
            self.findings.error(
                "stray-end",
                place,
                message,
                "remove it, or write the section's first line",
            );
            return number + 1;
        }
        let names = self.grammar.specs().iter().map(|spec| spec.names[0]);
        let help = match nearest(name, names.filter(|name| name.starts_with('%'))) {
            Some(near) => format!("did you mean {near}?"),
            None => "remove it, up to its %end".to_owned(),
        };
        let shown: String = name.chars().take(60).collect();
        let message = format_args!("there is no section {shown}: the installer stops reading here");
        self.findings
            .error("unknown-section", place, message, &help);
        for number in number + 1..=self.lines.len() {
            match first_word(self.lines[number - 1]) {
                "%end" => return number + 1,
                word if self.grammar.section(word).is_some() => return number,
                _ => {}
            }
        }
        self.lines.len() + 1
    }
}

fn first_word(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

/// A line of `%packages`: a package, `@group`, `@^environment`, each with `-` before it to leave it out.
fn check_package(number: usize, line: &str, findings: &mut Findings<'_>) {
    let text = line.split('#').next().unwrap_or_default();
    let name = text.trim();
    if name.is_empty() || name.starts_with('%') {
        return;
    }
    let start = text.len() - text.trim_start().len();
    let place = Place::new(number, start..start + name.len());
    if name == "-" {
        findings.error(
            "empty-package",
            &place,
            format_args!("a package's name is missing after '-': the installer stops reading here"),
            "write the name, or remove the line",
        );
    }
    if let Some(group) = name
        .strip_prefix('@')
        .filter(|group| !group.starts_with('^'))
    {
        let has = |option: &str| group.split_whitespace().any(|word| word == option);
        if has("--nodefaults") && has("--optional") {
            findings.error("conflicting-options", &place, format_args!("a group takes --nodefaults or --optional, not both: the installer stops reading here"), "keep one of them");
        }
    }
}
