//! Text → commands and sections, with everything that Anaconda's own parser (pykickstart) would say about them.
//!
//! Unlike that parser it goes on after a mistake, so that one reading tells of all. Lines end at `\n`; white space, quotes
//! and comments are shlex's (`words`). Not its job: whether what the file says will work (`meaning`).

use std::collections::BTreeSet;
use std::vec::IntoIter;

use super::finding::{Findings, Place};
use super::grammar::{Grammar, Spec, Standing};
use super::words::{SplitError, Word, split};
use arguments::Reader;

mod arguments;
mod given;
mod nearest;
mod rules;
mod sections;
mod values;

pub use given::{Givens, Index, integer};
pub use nearest::nearest;

/// A command that the release has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The first of its names in the grammar: `part` for `partition`, `reboot` for `halt`.
    pub name: &'static str,
    /// The name that is in the file.
    pub spelled: String,
    /// Where that name stands.
    pub place: Place,
    /// Its options and arguments.
    pub givens: Givens,
}

impl Command {
    /// Where the value of an option stands, else the command itself.
    pub fn at(&self, name: &str) -> &Place {
        self.givens
            .get(name)
            .map_or(&self.place, |given| &given.value_place)
    }
}

/// A section: `%pre`, `%packages`, …
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name, with the `%`.
    pub name: &'static str,
    /// Where that name stands.
    pub place: Place,
    /// Its options.
    pub givens: Givens,
    /// Line after its header.
    pub first: usize,
    /// Line of its `%end`, or the one after its last.
    pub end: usize,
}

/// `%include` and `%ksappend`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// What is included: a path or a URL.
    pub path: String,
    /// Where that stands.
    pub place: Place,
    /// The section that it is in.
    pub section: Option<&'static str>,
}

/// A kickstart, read.
#[derive(Debug, Default)]
pub struct Document {
    /// Commands in order, without those that the release does not have.
    pub commands: Vec<Command>,
    /// Sections in order.
    pub sections: Vec<Section>,
    /// What is read in from elsewhere.
    pub includes: Vec<Include>,
}

impl Document {
    /// Every command of one of these names (first names of the grammar).
    pub fn all(&self, names: &[&str]) -> IntoIter<&Command> {
        let named = self
            .commands
            .iter()
            .filter(|command| names.contains(&command.name));
        named.collect::<Vec<_>>().into_iter()
    }

    /// Every value that such commands have in their lists of that option.
    pub fn values(&self, names: &[&str], option: &str) -> Index<'_> {
        let mut values = Index::new();
        for command in self.all(names) {
            for value in command.givens.list(option) {
                values.insert(value, command.place.line);
            }
        }
        values
    }

    /// The last command of that name: the one that counts where only one can.
    pub fn last(&self, name: &str) -> Option<&Command> {
        self.commands
            .iter()
            .rev()
            .find(|command| command.name == name)
    }

    /// Every section of that name.
    pub fn sections_of(&self, name: &str) -> IntoIter<&Section> {
        let named = self.sections.iter().filter(|section| section.name == name);
        named.collect::<Vec<_>>().into_iter()
    }
}

/// Reads a kickstart.
pub fn read<'t>(grammar: &Grammar, findings: &mut Findings<'t>) -> Document {
    let lines = findings.lines().to_vec();
    let mut parser = Parser {
        grammar,
        lines,
        findings,
        document: Document::default(),
        seen: Index::new(),
        keys: BTreeSet::new(),
    };
    parser.commands();
    parser.document
}

struct Parser<'g, 'f, 't> {
    grammar: &'g Grammar,
    lines: Vec<&'t str>,
    findings: &'f mut Findings<'t>,
    document: Document,
    /// First names of the commands so far.
    seen: Index<'static>,
    /// What makes commands of a kind one and the same.
    keys: BTreeSet<String>,
}

/// Whether a line says nothing, outside of scripts.
fn says_nothing(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

impl Parser<'_, '_, '_> {
    fn commands(&mut self) {
        let mut number = 1;
        while let Some(line) = self.lines.get(number - 1).copied() {
            if self.findings.is_full() {
                return;
            }
            let mut next = number + 1;
            if !says_nothing(line)
                && let Some(words) = self.split(number, line)
            {
                let name = words.first().map_or("", |word| word.text.as_str());
                match name {
                    "%include" | "%ksappend" => self.include(number, &words, None),
                    name if name.starts_with('%') => next = self.section(number, &words),
                    _ => self.command(number, &words),
                }
            }
            number = next;
        }
    }

    /// The words of a line, or none when it cannot be split.
    fn split(&mut self, number: usize, line: &str) -> Option<Vec<Word>> {
        // A carriage return is white space to Anaconda; a backslash before it is not less wrong for that.
        match split(line.trim_end_matches('\r'), true) {
            Ok(words) => (!words.is_empty()).then_some(words),
            Err(SplitError::Quote(at)) => {
                let message =
                    "this quote is not closed on its line: the installer stops reading here";
                let place = Place::new(number, at..line.trim_end().len());
                self.findings.error(
                    "unclosed-quote",
                    &place,
                    format_args!("{message}"),
                    "close it, or write \\ before it",
                );
                None
            }
            Err(SplitError::Backslash(at)) => {
                let message = "a kickstart's line cannot go on in the next one: the installer stops reading here";
                let place = Place::new(number, at..at + 1);
                self.findings.error(
                    "line-continuation",
                    &place,
                    format_args!("{message}"),
                    "put it all in one line",
                );
                None
            }
        }
    }

    fn include(&mut self, number: usize, words: &[Word], section: Option<&'static str>) {
        let name = words.first().map_or("", |word| word.text.as_str());
        let place = |word: &Word| Place::new(number, word.bytes.clone());
        match words.get(1).filter(|word| !word.text.is_empty()) {
            Some(word) => self.document.includes.push(Include {
                path: word.text.clone(),
                place: place(word),
                section,
            }),
            None => {
                let message = format_args!("{name} wants a path: the installer stops reading here");
                let place = words
                    .first()
                    .map_or_else(|| Place::new(number, 0..0), place);
                self.findings.error(
                    "include-path",
                    &place,
                    message,
                    "write the path of the file, or remove the line",
                );
            }
        }
    }

    fn command(&mut self, number: usize, words: &[Word]) {
        let Some(first) = words.first() else { return };
        let place = Place::new(number, first.bytes.clone());
        let Some(spec) = self.grammar.find(&first.text) else {
            return self.unknown_command(&first.text, &place);
        };
        let release = self.grammar.release;
        let shown = &first.text;
        match spec.standing {
            Standing::Known => {}
            Standing::Deprecated => {
                let message = format_args!(
                    "{shown} is deprecated in {release}: it does nothing, or soon will be refused"
                );
                self.findings
                    .warning("deprecated-command", &place, message, "remove it");
            }
            Standing::Removed | Standing::Absent => {
                let message = format_args!(
                    "{release} has no command {shown} ({} have it): the installer stops at this line",
                    spec.known_in.words()
                );
                let help = instead_of(spec.names[0]);
                self.findings
                    .error("removed-command", &place, message, help);
                return;
            }
        }
        self.check_conflicts(spec, shown, &place);
        self.seen.insert(spec.names[0], number);
        // pykickstart does not look at the options of what it ignores.
        let parsed = !spec.raw && spec.standing == Standing::Known;
        let givens = match parsed {
            true => Reader::new(spec, number, words, self.findings).read(),
            false => Givens::default(),
        };
        let command = Command {
            name: spec.names[0],
            spelled: first.text.clone(),
            place,
            givens,
        };
        if parsed {
            rules::check(spec, &command, release, self.findings);
            self.check_duplicate(spec, &command);
        } else if spec.raw {
            let earlier = self.document.last(command.name).is_some();
            rules::check_raw(&command, self.lines[number - 1], earlier, self.findings);
        }
        self.document.commands.push(command);
    }

    fn unknown_command(&mut self, name: &str, place: &Place) {
        let mut names = self
            .grammar
            .specs()
            .iter()
            .flat_map(|spec| spec.names.iter().copied());
        let shown: String = name.chars().take(60).collect();
        let lower = name.to_ascii_lowercase();
        let help = match () {
            () if name.starts_with('\u{feff}') => {
                "save the file without a byte order mark".to_owned()
            }
            () if name != lower && names.clone().any(|known| known == lower) => {
                format!("commands are written in lower case: {lower}")
            }
            () => match nearest(name, names.by_ref().filter(|name| !name.starts_with('%'))) {
                Some(near) => format!("did you mean {near}?"),
                None => "remove it, or put # before it".to_owned(),
            },
        };
        let message = format_args!("there is no command {shown}: the installer stops at this line");
        self.findings
            .error("unknown-command", place, message, &help);
    }

    fn check_conflicts(&mut self, spec: &Spec, name: &str, place: &Place) {
        let canonical = |name: &&'static str| {
            let other = self.grammar.find(name)?;
            Some(other.names[0])
        };
        let seen = |name: &&str| self.seen.contains_key(*name);
        let clash = spec.conflicts.iter().filter_map(canonical).find(seen);
        if let Some(other) = clash {
            let message = format_args!(
                "{name} and {other} may not be in the same kickstart: the installer stops at this line"
            );
            self.findings.error(
                "conflicting-commands",
                place,
                message,
                &format!("keep either {name} or {other}"),
            );
        }
    }

    fn check_duplicate(&mut self, spec: &Spec, command: &Command) {
        if spec.unique.is_empty() {
            return;
        }
        let value = |name: &&'static str| command.givens.value(name).unwrap_or_default();
        let values: Vec<&str> = spec.unique.iter().map(value).collect();
        if spec.unique_except.is_some_and(|word| values == [word]) {
            return;
        }
        let key = format!("{}\0{}", spec.names[0], values.join("\0"));
        if !self.keys.insert(key) {
            let which = values.iter().copied().find(|value| !value.is_empty());
            let message = match which {
                Some(which) => format!(
                    "there is a {} {which} already: which of the two counts is not said",
                    command.spelled
                ),
                None => format!(
                    "there is a {} without {} already: which of the two counts is not said",
                    command.spelled, spec.unique[0]
                ),
            };
            let help = match command.name {
                "snapshot" => {
                    let message = format_args!("{message}: the installer stops at this line");
                    self.findings.error(
                        "duplicate",
                        &command.place,
                        message,
                        "give it another name",
                    );
                    return;
                }
                "network" if which.is_none() => {
                    "put its options in one line, or name the --device of each"
                }
                "sshkey" => "add further keys in %post, to ~/.ssh/authorized_keys",
                _ => "keep one of them",
            };
            self.findings
                .warning("duplicate", &command.place, format_args!("{message}"), help);
        }
    }
}

/// What took the place of a command that newer releases do not have.
fn instead_of(name: &str) -> &'static str {
    match name {
        "auth" => "use authselect",
        "install" => "remove it: a kickstart always installs",
        "autostep" | "device" | "deviceprobe" | "dmraid" | "multipath" | "method" => "remove it",
        "vnc" => "use rdp, or read the log of inst.syslog",
        "timesource" => "use timezone --ntpservers=… or --nontp",
        _ => "remove it, or install another release",
    }
}
