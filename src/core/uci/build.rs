//! Sections and options as statements bring them: merging, and names for sections that have none.
//!
//! Not its job: reading text.

use std::collections::HashMap;

use super::words::Reason;
use super::{Document, Section, Setting, Value};

/// The document so far, and the section that options go to.
#[derive(Default)]
pub(super) struct Builder {
    document: Document,
    current: Option<usize>,
    /// Where the first section of a name stands: files have thousands.
    named: HashMap<String, usize>,
}

impl Builder {
    /// Whether an option has a section to go to.
    pub(super) fn has_section(&self) -> bool {
        self.current.is_some()
    }

    /// `config`: a new section, or again the one of that name. An empty name asks for a new anonymous section.
    pub(super) fn open(&mut self, kind: String, name: String, line: usize) -> Result<(), Reason> {
        let sections = &mut self.document.sections;
        // No name is empty, so an empty one is never found. Names that were made up count as well.
        if let Some(&index) = self.named.get(&name) {
            if sections[index].kind != kind {
                return Err("a section of this name, but of another type, stands further up");
            }
            self.current = Some(index);
            return Ok(());
        }
        let index = sections.len();
        self.current = Some(index);
        let anonymous = name.is_empty();
        let name = if anonymous {
            anonymous_name(index + 1, &kind)
        } else {
            name
        };
        self.named.entry(name.clone()).or_insert(index);
        sections.push(Section {
            name,
            kind,
            anonymous,
            line,
            options: Vec::new(),
        });
        Ok(())
    }

    /// `option`. An empty value sets nothing, not even to nothing: an earlier value stays.
    pub(super) fn set(&mut self, name: String, value: String, line: usize) {
        if !value.is_empty() {
            self.change(name, line, |_| Value::Text(value));
        }
    }

    /// `list`. An empty value is an element like any other; a value that `option` set becomes the first element.
    pub(super) fn add(&mut self, name: String, value: String, line: usize) {
        self.change(name, line, |before| {
            let mut elements = match before {
                None => Vec::new(),
                Some(Value::Text(text)) => vec![text],
                Some(Value::List(elements)) => elements,
            };
            elements.push(value);
            Value::List(elements)
        });
    }

    /// The document.
    pub(super) fn finish(self) -> Document {
        self.document
    }

    /// Gives an option its new value, where it stands or else at the end of the section.
    fn change(&mut self, name: String, line: usize, value: impl FnOnce(Option<Value>) -> Value) {
        let Some(section) = self
            .current
            .and_then(|index| self.document.sections.get_mut(index))
        else {
            return;
        };
        let options = &mut section.options;
        match options.iter_mut().find(|option| option.name == name) {
            Some(option) => {
                // An empty list takes the place of the value while it is being changed.
                let before = std::mem::replace(&mut option.value, Value::List(Vec::new()));
                option.value = value(Some(before));
                option.line = line;
            }
            None => options.push(Setting {
                name,
                value: value(None),
                line,
            }),
        }
    }
}

/// `cfg`, how many sections there are with this one (two hexadecimal digits at least), and a hash of its type.
fn anonymous_name(count: usize, kind: &str) -> String {
    // Bernstein's hash, as libuci starts it. Types are ASCII, so C's signed characters do not matter.
    let hash = kind.bytes().fold(5381_u32, |hash, byte| {
        hash.wrapping_mul(33).wrapping_add(u32::from(byte))
    });
    format!("cfg{count:02x}{:04x}", hash & 0xffff)
}
