//! UCI text → document: reads what libuci reads and refuses what libuci refuses.
//!
//! The reference is libuci as OpenWrt has shipped it since 23.05. Older ones differ in two points: an option that is set
//! again moved to the end of its section, and options below the third opening of a named section were refused.
//! `tests/uci.rs` compares with the real command.
//!
//! Not its job: what a section or an option means (that is [`super::settings`]), writing UCI (the router's own `uci` does).

mod build;
pub mod changes;
mod source;
mod statement;
pub mod wording;
mod words;

/// One file of `/etc/config`, as read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// In the order of the file. Sections of the same name are merged, as libuci does.
    pub sections: Vec<Section>,
}

/// `config <kind> ['<name>']` and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// `host` in `config host 'r220a'`.
    pub kind: String,
    /// `r220a`; for an anonymous section the name that libuci makes up (`cfg01411c`).
    pub name: String,
    /// Whether the file gave no name.
    pub anonymous: bool,
    /// Line of the `config` word, from 1.
    pub line: usize,
    /// In the order of the file.
    pub options: Vec<Setting>,
}

/// `option <name> '<value>'`, or all `list <name> …` of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Name of the option.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Line on which it was last set, from 1.
    pub line: usize,
}

/// What an option holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// From `option`.
    Text(String),
    /// From one or more `list`.
    List(Vec<String>),
}

/// Why a text is not UCI. libuci refuses the whole file then, and so do we.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong there, in words.
    pub reason: String,
}

/// Reads the text of a config file. Bytes that are not UTF-8 become U+FFFD.
///
/// Accepts what nobody would write on purpose, because libuci does: `c`, `o`, `l` and `p` for the four commands, several
/// commands on a line after a quoted value and `;`, and `package` lines, which change nothing here.
pub fn parse(text: &[u8]) -> Result<Document, SyntaxError> {
    let mut words = words::Words::new(text);
    let mut builder = build::Builder::default();
    while let Some(line) = words.next_line() {
        statement::read_line(&mut words, &mut builder, line).map_err(|reason| SyntaxError {
            line,
            reason: reason.to_owned(),
        })?;
    }
    Ok(builder.finish())
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for SyntaxError {}

impl Document {
    /// Sections of a kind, in the order of the file.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Section> {
        self.sections
            .iter()
            .filter(move |section| section.kind == kind)
    }

    /// The section of that name.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }
}

impl Section {
    /// The option of that name.
    pub fn option(&self, name: &str) -> Option<&Value> {
        self.options
            .iter()
            .find(|option| option.name == name)
            .map(|option| &option.value)
    }
}

#[cfg(test)]
mod tests;
