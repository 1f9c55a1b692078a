//! The grammar of kickstarts: which commands, sections and options there are in a release, and what they take.
//!
//! The facts are in `commands.txt`, which says how to read it; this module reads it. It stays text in the binary: a
//! table of Rust structs with its pointers would be several times as large. Not its job: reading kickstarts.

use std::collections::BTreeMap;

use super::release::{RELEASES, Release};

const COMMANDS: &str = include_str!("commands.txt");

/// A set of releases: one bit for each, in the order of [`RELEASES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Releases(u8);

impl Releases {
    const ALL: Releases = Releases(u8::MAX);
    const NONE: Releases = Releases(0);

    /// Reads `8-10,43`.
    fn parse(text: &str) -> Option<Releases> {
        let mut bits = 0;
        for range in text.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last) = (index_of(first)?, index_of(last)?);
            for index in first..=last {
                bits |= 1 << index;
            }
        }
        Some(Releases(bits))
    }

    /// Whether a release is among them.
    pub fn contains(self, release: Release) -> bool {
        self.0 & (1 << release as u8) != 0
    }

    /// Their names, as in `RHEL10, F43 to F46`.
    pub fn words(self) -> String {
        let inside: Vec<&str> = RELEASES
            .iter()
            .filter(|release| self.contains(**release))
            .map(|release| release.name())
            .collect();
        inside.join(", ")
    }
}

fn index_of(number: &str) -> Option<usize> {
    let name = |release: &Release| {
        release
            .name()
            .trim_start_matches(|c: char| !c.is_ascii_digit())
    };
    RELEASES.iter().position(|release| name(release) == number)
}

/// How a release stands to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It knows it.
    Known,
    /// It takes it with a warning; it does nothing, or soon will not.
    Deprecated,
    /// It stops at it.
    Removed,
    /// It never had it, or not yet.
    Absent,
}

/// What an option or an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Flag,
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// on, off, yes, no, true, false, 1, 0.
    Boolean,
    /// Texts with commas between.
    List,
    /// A text, or nothing.
    Maybe,
    /// One of some words, with `|` between.
    OneOf(&'static str),
    /// The same, in upper or lower case.
    AnyCase(&'static str),
}

/// An option of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionSpec {
    /// Its spellings; the first is the one by which checks name it.
    pub names: Vec<&'static str>,
    /// What it takes.
    pub value: Value,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it is taken with a warning.
    pub deprecated: bool,
}

/// Words of a command that belong to no option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentSpec {
    /// What it is, in a word.
    pub name: &'static str,
    /// How many.
    pub count: Count,
    /// What each may be.
    pub value: Value,
}

/// How many words an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Exactly one.
    One,
    /// One or none.
    Optional,
    /// Any number.
    Many,
}

/// What holds between options of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// At most one of them.
    Exclusive(Vec<&'static str>),
    /// Exactly one of them.
    One(Vec<&'static str>),
    /// At least one of them.
    Some(Vec<&'static str>),
    /// The first only with one of the others.
    Needs(Vec<&'static str>),
}

/// A command or a section, as one release has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Its names; the first is the one by which checks name it.
    pub names: Vec<&'static str>,
    /// Whether the release has it.
    pub standing: Standing,
    /// Releases that know it, deprecated or not.
    pub known_in: Releases,
    /// Whether its words are not parsed as options.
    pub raw: bool,
    /// Commands that may not be in the same file.
    pub conflicts: Vec<&'static str>,
    /// Words without an option, in order.
    pub arguments: Vec<ArgumentSpec>,
    /// Options of this release.
    pub options: Vec<OptionSpec>,
    /// Options that only other releases have, with those.
    pub elsewhere: Vec<(&'static str, Releases)>,
    /// What holds between the options.
    pub rules: Vec<Rule>,
    /// Options and arguments that tell two of them apart; empty when any number is fine.
    pub unique: Vec<&'static str>,
    /// A first argument that may be repeated.
    pub unique_except: Option<&'static str>,
}

impl Spec {
    /// The option of that spelling.
    pub fn option(&self, name: &str) -> Option<&OptionSpec> {
        self.options
            .iter()
            .find(|option| option.names.contains(&name))
    }
}

/// Everything that one release knows.
#[derive(Debug)]
pub struct Grammar {
    /// The release.
    pub release: Release,
    specs: Vec<Spec>,
    index: BTreeMap<&'static str, usize>,
}

impl Grammar {
    /// The grammar of a release.
    pub fn of(release: Release) -> Self {
        let (specs, _) = read(COMMANDS, release);
        let mut index = BTreeMap::new();
        for (number, spec) in specs.iter().enumerate() {
            for name in &spec.names {
                index.insert(*name, number);
            }
        }
        Grammar {
            release,
            specs,
            index,
        }
    }

    /// A command, or a section with its `%`, whatever its standing.
    pub fn find(&self, name: &str) -> Option<&Spec> {
        self.index
            .get(name)
            .and_then(|index| self.specs.get(*index))
    }

    /// Every command and section that the release has or had.
    pub fn specs(&self) -> &[Spec] {
        &self.specs
    }

    /// The section of that name, when the release has it.
    pub fn section(&self, name: &str) -> Option<&Spec> {
        self.find(name).filter(|_| name.starts_with('%'))
    }
}

/// Reads the table for a release. The second part has the lines that could not be read: none, as a test holds.
fn read(table: &'static str, release: Release) -> (Vec<Spec>, Vec<&'static str>) {
    let mut specs: Vec<Spec> = Vec::new();
    let mut faults = Vec::new();
    for line in table.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let entry = Entry::read(line);
        let read = match (entry, specs.last_mut()) {
            (Some(entry), _) if matches!(entry.kind, "command" | "section") => {
                specs.push(entry.spec(release));
                true
            }
            (Some(entry), Some(spec)) => entry.add_to(spec, release),
            _ => false,
        };
        if !read {
            faults.push(line);
        }
    }
    (specs, faults)
}

/// A line of the table: its kind, its words, and what is annotated.
struct Entry {
    kind: &'static str,
    words: Vec<&'static str>,
    value: Value,
    inside: Releases,
    required: Releases,
    deprecated: Releases,
    removed: Releases,
    raw: bool,
    except: Option<&'static str>,
}

impl Entry {
    fn read(line: &'static str) -> Option<Entry> {
        let mut words = line.split_whitespace();
        let mut entry = Entry {
            kind: words.next()?,
            words: Vec::new(),
            value: Value::Flag,
            inside: Releases::ALL,
            required: Releases::NONE,
            deprecated: Releases::NONE,
            removed: Releases::NONE,
            raw: false,
            except: None,
        };
        for word in words {
            let (name, set) = word.split_once(':').unwrap_or((word, ""));
            let releases = || match set {
                "" => Some(Releases::ALL),
                set => Releases::parse(set),
            };
            match name {
                "in" => entry.inside = releases()?,
                "required" => entry.required = releases()?,
                "deprecated" => entry.deprecated.0 |= releases()?.0,
                "removed" => entry.removed = releases()?,
                "raw" => entry.raw = true,
                "except" => entry.except = Some(set),
                "=text" => entry.value = Value::Text,
                "=integer" => entry.value = Value::Integer,
                "=boolean" => entry.value = Value::Boolean,
                "=list" => entry.value = Value::List,
                "=maybe" => entry.value = Value::Maybe,
                "=one" => entry.value = Value::OneOf(set),
                "=anycase" => entry.value = Value::AnyCase(set),
                _ if name.starts_with('=') => return None,
                _ => entry.words.push(word),
            }
        }
        (!entry.words.is_empty()).then_some(entry)
    }

    fn spec(self, release: Release) -> Spec {
        let standing = match () {
            () if !self.inside.contains(release) => Standing::Absent,
            () if self.removed.contains(release) => Standing::Removed,
            () if self.deprecated.contains(release) => Standing::Deprecated,
            () => Standing::Known,
        };
        Spec {
            names: self.words,
            standing,
            known_in: Releases(self.inside.0 & !self.removed.0),
            raw: self.raw,
            conflicts: Vec::new(),
            arguments: Vec::new(),
            options: Vec::new(),
            elsewhere: Vec::new(),
            rules: Vec::new(),
            unique: Vec::new(),
            unique_except: None,
        }
    }

    /// Adds it to its command; false when it cannot be read.
    fn add_to(self, spec: &mut Spec, release: Release) -> bool {
        if !self.inside.contains(release) {
            if self.kind == "option" {
                let named = self.words.into_iter().map(|name| (name, self.inside));
                spec.elsewhere.extend(named);
            }
            return true;
        }
        match self.kind {
            "option" => spec.options.push(OptionSpec {
                names: self.words,
                value: self.value,
                required: self.required.contains(release),
                deprecated: self.deprecated.contains(release),
            }),
            "argument" => spec.arguments.push(ArgumentSpec {
                name: self.words.first().copied().unwrap_or_default(),
                count: match self.words.get(1) {
                    None => Count::One,
                    Some(&"?") => Count::Optional,
                    Some(&"*") => Count::Many,
                    Some(_) => return false,
                },
                value: match self.value {
                    Value::Flag => Value::Text,
                    value => value,
                },
            }),
            "conflicts" => spec.conflicts.extend(self.words),
            "exclusive" => spec.rules.push(Rule::Exclusive(self.words)),
            "one" => spec.rules.push(Rule::One(self.words)),
            "some" => spec.rules.push(Rule::Some(self.words)),
            "needs" => spec.rules.push(Rule::Needs(self.words)),
            "unique" => {
                spec.unique = self.words;
                spec.unique_except = self.except;
            }
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests;
