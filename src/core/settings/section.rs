//! Reading one section: each option is asked for once, by name and type; what was not asked for is unknown.
//!
//! Not its job: which options a section has (`read`), what their values may be (`check`).

use super::Fault;
use super::check::Check;
use crate::core::uci::{Section, Value};

/// A section while it is read, and what was found wrong with it.
pub struct Reader<'a> {
    section: &'a Section,
    title: String,
    asked: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// A reader of that section; `name` is the one that faults show.
    pub fn new(section: &'a Section, name: &str) -> Self {
        let title = format!("{} '{name}'", section.kind);
        Reader {
            section,
            title,
            asked: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Something is wrong with an option, or with the section when `option` is empty.
    pub fn fault(&mut self, option: &str, value: Option<&str>, message: impl Into<String>) {
        let setting = self
            .section
            .options
            .iter()
            .find(|setting| setting.name == option);
        self.faults.push(Fault {
            section: self.title.clone(),
            option: (!option.is_empty()).then(|| option.to_owned()),
            value: value.map(str::to_owned),
            message: message.into(),
            line: setting.map_or(self.section.line, |setting| setting.line),
        });
    }

    /// Whether anything is wrong so far.
    pub fn faulty(&self) -> bool {
        !self.faults.is_empty()
    }

    /// All values of an option. An `option` where a `list` is due is one value, as OpenWrt's own scripts take it; an empty
    /// value is none, as with `uci set x.y.z=`.
    fn values(&mut self, name: &'static str) -> Vec<&'a str> {
        self.asked.push(name);
        match self.section.option(name) {
            None => Vec::new(),
            Some(Value::Text(text)) if text.is_empty() => Vec::new(),
            Some(Value::Text(text)) => vec![text.as_str()],
            Some(Value::List(items)) => items
                .iter()
                .map(String::as_str)
                .filter(|item| !item.is_empty())
                .collect(),
        }
    }

    /// A list option whose items must pass a check.
    pub fn list<T>(&mut self, name: &'static str, check: Check<T>) -> Vec<T> {
        let values = self.values(name);
        values
            .into_iter()
            .filter_map(|value| self.checked(name, value, check))
            .collect()
    }

    /// An option whose value must pass a check.
    pub fn option<T>(&mut self, name: &'static str, check: Check<T>) -> Option<T> {
        let values = self.values(name);
        match values.as_slice() {
            [] => None,
            [value] => self.checked(name, value, check),
            _ => {
                self.fault(
                    name,
                    None,
                    "takes one value: use `option`, not several `list` lines",
                );
                None
            }
        }
    }

    /// An option that must be there.
    pub fn required<T>(&mut self, name: &'static str, check: Check<T>, hint: &str) -> Option<T> {
        let before = self.faults.len();
        let value = self.option(name, check);
        if value.is_none() && self.faults.len() == before {
            self.fault(name, None, format!("is missing: {hint}"));
        }
        value
    }

    fn checked<T>(&mut self, name: &'static str, value: &str, check: Check<T>) -> Option<T> {
        let plain = |c: char| !c.is_control() && c != char::REPLACEMENT_CHARACTER;
        if !value.chars().all(plain) {
            self.fault(name, Some(value), "must be one line of UTF-8 text");
            return None;
        }
        match check(value) {
            Ok(checked) => Some(checked),
            Err(allowed) => {
                self.fault(name, Some(value), format!("must be {allowed}"));
                None
            }
        }
    }

    /// Reports the options that nobody asked for, and gives back all faults.
    pub fn finish(mut self) -> Vec<Fault> {
        let unknown: Vec<_> = self
            .section
            .options
            .iter()
            .filter(|setting| !self.asked.contains(&setting.name.as_str()))
            .collect();
        for setting in unknown {
            let near = self
                .asked
                .iter()
                .find(|known| is_near(known, &setting.name));
            let message = match near {
                Some(known) => format!("is no option here; did you mean '{known}'?"),
                None => format!("is no option here (there are: {})", self.asked.join(", ")),
            };
            self.fault(&setting.name, None, message);
        }
        self.faults
    }
}

/// Whether two names differ by a slip: one letter more, less or other, or a singular for a plural.
fn is_near(known: &str, found: &str) -> bool {
    let common = known
        .bytes()
        .zip(found.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let tail = known
        .bytes()
        .rev()
        .zip(found.bytes().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let longer = known.len().max(found.len());
    let close = common + tail + 1 >= longer && known.len().abs_diff(found.len()) <= 1;
    close
        || found
            .replace('_', "")
            .eq_ignore_ascii_case(&known.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn slips_are_recognised() {
        for (known, found) in [
            ("mac", "macs"),
            ("hostname", "hostnam"),
            ("gateway", "gatevay"),
            ("bond_port", "bondport"),
        ] {
            assert!(is_near(known, found), "{known} {found}");
        }
        assert!(!is_near("mac", "disk"));
        assert!(!is_near("dns", "leave"));
    }
}
