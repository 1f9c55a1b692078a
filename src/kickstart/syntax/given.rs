//! What a line gives: its options and arguments, by the names that the grammar has for them.

use std::collections::BTreeMap;
use std::vec::IntoIter;

use super::super::finding::Place;

/// Names, each with a number. One kind of map for all of this checker: each further kind costs 4 KB of code.
pub type Index<'n> = BTreeMap<&'n str, usize>;

/// An option or an argument with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The first spelling of the option, or the name of the argument.
    pub name: &'static str,
    /// Its value; empty for options that take none.
    pub value: String,
    /// Where it stands, with its value.
    pub place: Place,
    /// Where its value stands.
    pub value_place: Place,
}

/// All that a line gives, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Givens(Vec<Given>);

impl Givens {
    /// Adds one.
    pub fn push(&mut self, given: Given) {
        self.0.push(given);
    }

    /// Every one of that name.
    pub fn all(&self, name: &str) -> IntoIter<&Given> {
        let named = self.0.iter().filter(|given| given.name == name);
        named.collect::<Vec<_>>().into_iter()
    }

    /// The one that counts: the last of that name.
    pub fn get(&self, name: &str) -> Option<&Given> {
        self.0.iter().rev().find(|given| given.name == name)
    }

    /// Whether it is there.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Its value, unless that is empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name)
            .map(|given| given.value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Its value as a number, when it is one.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.value(name).and_then(integer)
    }

    /// The parts of its value between commas, without blanks and empty ones.
    pub fn list(&self, name: &str) -> IntoIter<&str> {
        let parts = self.value(name).unwrap_or_default().split(',');
        let parts = parts.map(str::trim).filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().into_iter()
    }
}

/// A whole number as Python's `int()` reads it, which Anaconda uses; far too large ones are the largest.
pub fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let parts = || digits.split('_');
    if !parts().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    let magnitude: i64 = parts().collect::<String>().parse().unwrap_or(i64::MAX);
    Some(if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_python() {
        assert_eq!(integer(" +1_000 "), Some(1000));
        assert_eq!(integer("-5"), Some(-5));
        assert_eq!(integer("99999999999999999999"), Some(i64::MAX));
        for text in ["", "1.5", "1GB", "_1", "1__0", "0x10", "-"] {
            assert_eq!(integer(text), None, "{text}");
        }
    }
}
