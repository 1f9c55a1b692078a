//! Words after a command → options and arguments, as Python's `argparse` (3.11) reads them, which pykickstart uses.
//!
//! Options may be shortened while they stay unique, a value follows `=` or is the next word, and words without an
//! option are shared out from left to right. Not its job: what options mean together (`rules`).

use super::super::finding::{Findings, Place};
use super::super::grammar::{ArgumentSpec, Count, OptionSpec, Spec, Value};
use super::super::words::Word;
use super::given::{Given, Givens};
use super::nearest::nearest;
use super::values::{check, example};

/// Characters of a wrong value that are shown.
const SHOWN: usize = 60;

/// What a word is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Argument,
    /// Index of the option, and where its value begins in the word if it has one there.
    Option(usize, Option<usize>),
    UnknownOption,
    /// Everything after it is an argument.
    Separator,
}

/// Reads the words after the name of a command or section.
pub struct Reader<'a, 'f, 't> {
    spec: &'a Spec,
    /// As it is spelled in the file.
    name: &'a str,
    line: usize,
    words: &'a [Word],
    sorts: Vec<Sort>,
    givens: Givens,
    extras: Vec<usize>,
    next_argument: usize,
    findings: &'f mut Findings<'t>,
}

impl<'a, 'f, 't> Reader<'a, 'f, 't> {
    /// A reader of `words`: the name and what follows it.
    pub fn new(
        spec: &'a Spec,
        line: usize,
        words: &'a [Word],
        findings: &'f mut Findings<'t>,
    ) -> Self {
        Reader {
            spec,
            name: words.first().map_or("", |word| word.text.as_str()),
            line,
            words,
            sorts: Vec::new(),
            givens: Givens::default(),
            extras: Vec::new(),
            next_argument: 0,
            findings,
        }
    }

    /// Reads them all, and says what is wrong with each.
    pub fn read(mut self) -> Givens {
        self.sorts = self.sort();
        let mut at = 1;
        while at < self.words.len() {
            match self.sorts[at] {
                Sort::Argument | Sort::Separator => at = self.read_arguments(at),
                Sort::Option(index, value_at) => at = self.read_option(at, index, value_at),
                Sort::UnknownOption => {
                    self.unknown_option(at);
                    at += 1;
                }
            }
        }
        self.place_extras();
        self.say_missing();
        self.givens
    }

    fn place(&self, index: usize) -> Place {
        let bytes = self
            .words
            .get(index)
            .map_or(0..0, |word| word.bytes.clone());
        Place::new(self.line, bytes)
    }

    fn sort(&mut self) -> Vec<Sort> {
        let mut separated = false;
        let mut sorts = Vec::with_capacity(self.words.len());
        for index in 0..self.words.len() {
            let text = self.words[index].text.as_str();
            sorts.push(match text {
                _ if separated => Sort::Argument,
                "--" => {
                    separated = true;
                    Sort::Separator
                }
                _ => self.sort_one(index, text),
            });
        }
        sorts
    }

    fn sort_one(&mut self, index: usize, text: &str) -> Sort {
        if !text.starts_with('-') || text.len() == 1 {
            return Sort::Argument;
        }
        if let Some(option) = self.exact(text) {
            return Sort::Option(option, None);
        }
        let (name, value_at) = match text.find('=') {
            Some(equals) => (&text[..equals], Some(equals + 1)),
            None => (text, None),
        };
        if value_at.is_some()
            && let Some(option) = self.exact(name)
        {
            return Sort::Option(option, value_at);
        }
        let mut fitting = self
            .spec
            .options
            .iter()
            .enumerate()
            .flat_map(|(index, option)| option.names.iter().map(move |name| (index, *name)))
            .filter(|(_, full)| name.starts_with("--") && full.starts_with(name));
        match (fitting.next(), fitting.next()) {
            (Some((option, _)), None) => return Sort::Option(option, value_at),
            (Some((_, first)), Some((_, second))) => {
                let message = format_args!(
                    "{name} could be {first} or {second}: the installer stops at this line"
                );
                let place = self.place(index);
                self.findings.error(
                    "ambiguous-option",
                    &place,
                    message,
                    "write the option in full",
                );
                return Sort::Option(usize::MAX, value_at);
            }
            _ => {}
        }
        // A negative number is a value, and so is a quoted text with blanks in it.
        let number = text[1..].parse::<f64>().is_ok() && !text.contains(['e', 'E', 'n', 'N']);
        if number || text.contains(' ') {
            return Sort::Argument;
        }
        Sort::UnknownOption
    }

    fn exact(&self, name: &str) -> Option<usize> {
        let named = |option: &OptionSpec| option.names.contains(&name);
        self.spec.options.iter().position(named)
    }

    /// Reads an option and its value; answers with the index after them.
    fn read_option(&mut self, at: usize, index: usize, value_at: Option<usize>) -> usize {
        let Some(option) = self.spec.options.get(index).cloned() else {
            return at + 1;
        };
        let word = &self.words[at];
        let mut place = self.place(at);
        if option.deprecated {
            self.findings.warning(
                "deprecated-option",
                &place,
                format_args!(
                    "{} of {} is deprecated: it does nothing, or soon will be refused",
                    option.names[0], self.name
                ),
                "remove it",
            );
        }
        let takes_none = option.value == Value::Flag;
        let (value, value_place, next) = match value_at {
            Some(_) if takes_none => {
                let message = format_args!(
                    "{} takes no value: the installer stops at this line",
                    option.names[0]
                );
                let help = format!("write just {}", option.names[0]);
                self.findings
                    .error("unwanted-value", &place, message, &help);
                return at + 1;
            }
            Some(start) => (
                word.text[start..].to_owned(),
                after_equals(word, &place),
                at + 1,
            ),
            None if takes_none => (String::new(), place.clone(), at + 1),
            None if self.sorts.get(at + 1) == Some(&Sort::Argument) => {
                let value_place = self.place(at + 1);
                place.bytes.end = value_place.bytes.end;
                (self.words[at + 1].text.clone(), value_place, at + 2)
            }
            None if option.value == Value::Maybe => (String::new(), place.clone(), at + 1),
            None => {
                let message = format_args!(
                    "{} wants a value: the installer stops at this line",
                    option.names[0]
                );
                let help = format!("write {}={}", option.names[0], example(option.value));
                self.findings.error("missing-value", &place, message, &help);
                return at + 1;
            }
        };
        self.check_value(option.names[0], option.value, &value, &value_place);
        self.givens.push(Given {
            name: option.names[0],
            value,
            place,
            value_place,
        });
        next
    }

    fn check_value(&mut self, name: &str, kind: Value, value: &str, place: &Place) {
        if let Err((wanted, help)) = check(name, kind, value) {
            let shown: String = value.chars().take(SHOWN).collect();
            let message = format_args!(
                "{name} must be {wanted}, not '{shown}': the installer stops at this line"
            );
            self.findings.error("bad-value", place, message, &help);
        }
    }

    /// Shares out the words up to the next option; answers with the index after them.
    fn read_arguments(&mut self, at: usize) -> usize {
        let is_argument = |sort: &Sort| matches!(sort, Sort::Argument | Sort::Separator);
        let count = self.sorts[at..]
            .iter()
            .take_while(|sort| is_argument(sort))
            .count();
        let end = at + count;
        let mut left: Vec<usize> = (at..end)
            .filter(|index| self.sorts[*index] == Sort::Argument)
            .collect();
        let waiting = &self.spec.arguments[self.next_argument.min(self.spec.arguments.len())..];
        // As many of the waiting arguments as can be served at once; the others wait for the words after the option.
        let needed = |arguments: &[ArgumentSpec]| {
            arguments
                .iter()
                .filter(|argument| argument.count == Count::One)
                .count()
        };
        let served = (0..=waiting.len())
            .rev()
            .find(|served| needed(&waiting[..*served]) <= left.len());
        let waiting = &waiting[..served.unwrap_or(0)];
        self.next_argument += waiting.len();
        for (position, argument) in waiting.iter().enumerate() {
            let free = left.len() - needed(&waiting[position..]).min(left.len());
            let take = match argument.count {
                Count::One => 1,
                Count::Optional => free.min(1),
                Count::Many => free,
            };
            let rest = left.split_off(take.min(left.len()));
            for index in std::mem::replace(&mut left, rest) {
                self.give(argument, index);
            }
        }
        self.extras.extend(left);
        end
    }

    fn give(&mut self, argument: &ArgumentSpec, index: usize) {
        let place = self.place(index);
        let value = self.words[index].text.clone();
        self.check_value(argument.name, argument.value, &value, &place);
        self.givens.push(Given {
            name: argument.name,
            value,
            place: place.clone(),
            value_place: place,
        });
    }

    /// Words that nothing has taken: members of raid, volgroup and the like, else a mistake.
    fn place_extras(&mut self) {
        let extras = std::mem::take(&mut self.extras);
        let separated = self.sorts.contains(&Sort::Separator);
        let members = match self.spec.names[0] {
            "raid" | "volgroup" | "stratispool" | "btrfs" => self.spec.arguments.last(),
            _ => None,
        };
        if let Some(members) = members.filter(|_| !separated) {
            for index in extras {
                self.give(members, index);
            }
            return;
        }
        let Some(first) = extras.first() else { return };
        let (text, place) = (self.words[*first].text.as_str(), self.place(*first));
        let shown: String = text.chars().take(60).collect();
        let message = format_args!(
            "{} has no use for '{shown}': the installer stops at this line",
            self.name
        );
        let help = match self.name {
            "sshkey" => "put the whole key in quotes",
            _ => {
                "remove it, write it as --option=value, or put a value with blanks in it in quotes"
            }
        };
        self.findings
            .error("unexpected-word", &place, message, help);
    }

    fn unknown_option(&mut self, at: usize) {
        let text = self.words[at].text.as_str();
        let name = text.split('=').next().unwrap_or(text);
        let shown: String = name.chars().take(60).collect();
        let place = self.place(at);
        let elsewhere = self.spec.elsewhere.iter().find(|(other, _)| *other == name);
        let message = match elsewhere {
            Some((_, releases)) => format!(
                "{} has no option {shown} in this release ({} have it): the installer stops at this line",
                self.name,
                releases.words()
            ),
            None => format!(
                "{} has no option {shown}: the installer stops at this line",
                self.name
            ),
        };
        let names = self
            .spec
            .options
            .iter()
            .flat_map(|option| option.names.iter().copied());
        let help = match nearest(name, names) {
            Some(near) => format!("did you mean {near}?"),
            None => "remove it".to_owned(),
        };
        self.findings
            .error("unknown-option", &place, format_args!("{message}"), &help);
    }

    fn say_missing(&mut self) {
        let place = self.place(0);
        let missing = self
            .spec
            .options
            .iter()
            .filter(|option| option.required && !self.givens.has(option.names[0]));
        for option in missing {
            let message = format_args!(
                "{} must have {}: the installer stops at this line",
                self.name, option.names[0]
            );
            let help = format!("add {}={}", option.names[0], example(option.value));
            self.findings
                .error("missing-option", &place, message, &help);
        }
        let missing = self
            .spec
            .arguments
            .iter()
            .filter(|argument| argument.count == Count::One && !self.givens.has(argument.name));
        for argument in missing {
            let message = format_args!(
                "{} wants its {}: the installer stops at this line",
                self.name, argument.name
            );
            self.findings.error(
                "missing-argument",
                &place,
                message,
                "write it after the command",
            );
        }
    }
}

/// Where the value stands in `--name=value`.
fn after_equals(word: &Word, place: &Place) -> Place {
    // A quote before the sign is so rare that the whole word may be shown for it.
    let name = word.text.find('=').map_or(0, |equals| equals + 1);
    let start = (place.bytes.start + name).min(place.bytes.end);
    Place::new(place.line, start..place.bytes.end)
}
