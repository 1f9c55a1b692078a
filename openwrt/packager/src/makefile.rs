//! The grammar of OpenWrt's package Makefiles, as far as metadata needs it: variables, `define … endef`, references.
//!
//! What would need make itself (conditionals, functions of make) is refused by line, never guessed: what is packed here must
//! be what the SDK would pack.
//!
//! Not its job: what the variables mean ([`crate::recipe`]).

use std::collections::BTreeMap;
use std::fmt;

/// References within references: more is a variable that names itself.
const DEEPEST: usize = 16;

/// Why a Makefile was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Only make could tell what this line means. Lines are counted from 1.
    Line(usize, String),
    /// `define NAME` without its `endef`.
    Unfinished(String),
    /// A reference to something that is set neither here nor by the SDK as we know it.
    Unknown(String),
    /// A reference that never ends.
    Circular(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Line(number, line) => {
                write!(
                    f,
                    "line {number}, '{line}': only make could tell what it means"
                )
            }
            Fault::Unfinished(name) => write!(f, "define {name} has no endef"),
            Fault::Unknown(name) => write!(f, "$({name}) is not known here"),
            Fault::Circular(name) => write!(f, "$({name}) leads to itself"),
        }
    }
}

impl std::error::Error for Fault {}

/// What a Makefile sets.
#[derive(Debug, Clone, Default)]
pub struct Makefile {
    variables: BTreeMap<String, String>,
    defines: BTreeMap<String, String>,
    includes: Vec<String>,
}

impl Makefile {
    /// Reads a whole Makefile. Recipes of rules (lines that begin with a tab) and `$(eval …)` lines say nothing about a package.
    ///
    /// # Errors
    ///
    /// With the first line that only make could understand.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut makefile = Makefile::default();
        let mut lines = text.lines().enumerate();
        while let Some((index, first)) = lines.next() {
            if first.starts_with('\t') {
                continue;
            }
            if let Some(name) = first.trim().strip_prefix("define ") {
                let body = body(&mut lines, name.trim())?;
                makefile.defines.insert(name.trim().to_owned(), body);
                continue;
            }
            let mut line = first.to_owned();
            while line.ends_with('\\') {
                line.pop();
                let Some((_, next)) = lines.next() else { break };
                line.truncate(line.trim_end().len());
                line.push(' ');
                line.push_str(next.trim_start());
            }
            makefile
                .line(&line)
                .ok_or_else(|| Fault::Line(index + 1, first.to_owned()))?;
        }
        Ok(makefile)
    }

    /// A body of `KEY:=value` lines, such as that of `define Package/NAME`, on top of this Makefile's variables.
    ///
    /// # Errors
    ///
    /// With the first line that is none.
    pub fn with(&self, body: &str) -> Result<Self, Fault> {
        let mut all = self.clone();
        for (index, line) in body.lines().enumerate() {
            let included = line
                .trim()
                .strip_prefix("$(call ")
                .and_then(|rest| rest.strip_suffix(')'));
            match included {
                Some(name) => {
                    let body = self.defines.get(name.trim());
                    let body = body.ok_or_else(|| Fault::Unknown(name.to_owned()))?;
                    all = all.with(body)?;
                }
                None => all
                    .line(line)
                    .ok_or_else(|| Fault::Line(index + 1, line.to_owned()))?,
            }
        }
        Ok(all)
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let line = line.trim();
        // Within a value, # begins a comment only after a blank: URLs have it in the middle.
        let line = line.split(" #").next().unwrap_or_default().trim_end();
        if line.is_empty() || line.starts_with('#') || line.starts_with("$(eval ") {
            return Some(());
        }
        if let Some(path) = line.strip_prefix("include ") {
            self.includes.push(path.trim().to_owned());
            return Some(());
        }
        let (left, value) = line.split_once('=')?;
        let (name, operator) = match left.as_bytes().last()? {
            b':' | b'?' | b'+' => left.split_at(left.len() - 1),
            _ => (left, "="),
        };
        let (name, value) = (name.trim(), value.trim());
        let plain =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(plain) {
            return None;
        }
        let there = self.variables.get(name);
        let value = match (operator, there) {
            ("?", Some(_)) => return Some(()),
            ("+", Some(there)) => format!("{there} {value}"),
            _ => value.to_owned(),
        };
        self.variables.insert(name.to_owned(), value);
        Some(())
    }

    /// The file names that are included, with their references.
    pub fn includes(&self) -> &[String] {
        &self.includes
    }

    /// Sets a variable unless the Makefile does: what the SDK's own files would set.
    pub fn provide(&mut self, name: &str, value: &str) {
        let there = self.variables.entry(name.to_owned());
        there.or_insert_with(|| value.to_owned());
    }

    /// A variable with all references resolved.
    ///
    /// # Errors
    ///
    /// When one cannot be.
    pub fn variable(&self, name: &str) -> Result<Option<String>, Fault> {
        let value = self.variables.get(name);
        value.map(|value| self.expand(value)).transpose()
    }

    /// The body of a `define`, as it is written.
    pub fn define(&self, name: &str) -> Option<&str> {
        self.defines.get(name).map(String::as_str)
    }

    /// The names of all `define`s.
    pub fn defines(&self) -> impl Iterator<Item = &str> {
        self.defines.keys().map(String::as_str)
    }

    /// Resolves `$(NAME)` and `${NAME}`, and `$$`, which is a dollar.
    ///
    /// # Errors
    ///
    /// When a name is not known, or leads to itself.
    pub fn expand(&self, text: &str) -> Result<String, Fault> {
        self.expand_within(text, 0)
    }

    fn expand_within(&self, text: &str, depth: usize) -> Result<String, Fault> {
        if depth > DEEPEST {
            return Err(Fault::Circular(text.to_owned()));
        }
        let mut done = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            done.push_str(before);
            let (name, next) = match after.as_bytes().first() {
                Some(b'$') => {
                    done.push('$');
                    rest = &after[1..];
                    continue;
                }
                Some(b'(') => after[1..].split_once(')'),
                Some(b'{') => after[1..].split_once('}'),
                _ => None,
            }
            .ok_or_else(|| Fault::Unknown(after.chars().take(8).collect()))?;
            let value = self.variables.get(name);
            let value = value.ok_or_else(|| Fault::Unknown(name.to_owned()))?;
            let value = self.expand_within(value, depth + 1);
            done.push_str(&value.map_err(|fault| match fault {
                Fault::Circular(_) => Fault::Circular(name.to_owned()),
                other => other,
            })?);
            rest = next;
        }
        done.push_str(rest);
        Ok(done)
    }
}

/// The lines up to the `endef` of this `define`, those of inner ones included.
fn body<'a>(
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    name: &str,
) -> Result<String, Fault> {
    let mut body = Vec::new();
    let mut open = 1;
    for (_, line) in lines {
        match line.split_whitespace().next() {
            Some("define") => open += 1,
            Some("endef") => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Ok(body.join("\n"));
        }
        body.push(line);
    }
    Err(Fault::Unfinished(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(text: &str, name: &str) -> Result<Option<String>, Fault> {
        Makefile::parse(text)?.variable(name)
    }

    #[test]
    fn every_way_to_set_a_variable() {
        for (text, value) in [
            ("A:=1", "1"),
            ("A = 1 # why", "1"),
            ("A=1\nA?=2", "1"),
            ("A?=2", "2"),
            ("A:=1\nA+=2", "1 2"),
            ("A:=1 \\\n   2 \\\n\t3", "1 2 3"),
            ("A:=http://host/#part", "http://host/#part"),
            ("B:=x\nA:=$(B)-${B}$$", "x-x$"),
            ("A=$(B)\nB=later", "later"),
            ("all:\n\tcc -o x\nA:=1", "1"),
        ] {
            // A rule itself is a line that only make understands; only its recipe is skipped.
            let read = variable(&text.replace("all:\n", ""), "A");
            assert_eq!(read, Ok(Some(value.to_owned())), "{text}");
        }
        assert_eq!(variable("B:=1", "A"), Ok(None));
    }

    #[test]
    fn what_only_make_can_tell_is_named_by_its_line() {
        let fault = |text: &str| Makefile::parse(text).map(drop);
        assert_eq!(
            fault("A:=1\nifeq ($(A),1)\nB:=2\nendif"),
            Err(Fault::Line(2, "ifeq ($(A),1)".into()))
        );
        assert_eq!(
            fault("all: x"),
            Err(Fault::Line(1, "all: x".into())),
            "a rule"
        );
        assert_eq!(
            fault("define X\nbody"),
            Err(Fault::Unfinished("X".to_owned()))
        );
    }

    #[test]
    fn a_reference_that_leads_nowhere_is_an_error_only_where_it_is_read() {
        let text = "A:=$(shell date)\nB:=$(C)\nC:=$(B)\nD:=fine";
        assert_eq!(
            variable(text, "A"),
            Err(Fault::Unknown("shell date".into()))
        );
        assert!(matches!(variable(text, "B"), Err(Fault::Circular(_))));
        assert_eq!(variable(text, "D"), Ok(Some("fine".into())));
    }

    #[test]
    fn a_define_keeps_its_body_and_may_include_another() {
        let text = "define Package/x/Default\n  SECTION:=net\nendef\ndefine Package/x\n$(call Package/x/Default)\n  TITLE:=X\nendef\n";
        let makefile = Makefile::parse(text).expect("a Makefile");
        let body = makefile.define("Package/x").expect("it is there");
        let package = makefile.with(body).expect("KEY:=value lines");
        assert_eq!(package.variable("SECTION"), Ok(Some("net".into())));
        assert_eq!(package.variable("TITLE"), Ok(Some("X".into())));
        assert_eq!(makefile.variable("TITLE"), Ok(None));
    }
}
