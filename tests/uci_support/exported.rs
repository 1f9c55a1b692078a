//! Output of `uci export` → sections.
//!
//! Written apart from the reader that is under test. The output has one form only: each value in one pair of single quotes,
//! with `'\''` for a quote in it, so newlines and anything else in a value cannot be mistaken for a line.

use std::collections::BTreeMap;

/// Sections in the order of the file.
pub type Package = Vec<Section>;

/// A section as the command tells it.
#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    pub kind: String,
    pub name: String,
    pub anonymous: bool,
    /// Name, whether it is a list, values.
    pub options: Vec<(String, bool, Vec<String>)>,
}

/// Reads packages. With `-N` anonymous sections have no name.
pub fn read(mut text: &[u8]) -> BTreeMap<String, Package> {
    let mut packages = BTreeMap::new();
    while !text.is_empty() {
        expect(&mut text, "package ");
        let name = until(&mut text, b"\n");
        expect(&mut text, "\n");
        let mut package = Package::new();
        while text.starts_with(b"\nconfig ") {
            expect(&mut text, "\nconfig ");
            package.push(section(&mut text));
        }
        expect(&mut text, "\n");
        packages.insert(name, package);
    }
    packages
}

/// Marks those sections anonymous that have a name in the output of `-n` only.
pub fn join(
    mut named: BTreeMap<String, Package>,
    unnamed: BTreeMap<String, Package>,
) -> BTreeMap<String, Package> {
    assert!(named.keys().eq(unnamed.keys()), "two runs differ");
    for (sections, others) in named.values_mut().zip(unnamed.values()) {
        assert_eq!(sections.len(), others.len(), "two runs differ");
        for (section, other) in sections.iter_mut().zip(others) {
            section.anonymous = other.name.is_empty();
            assert_eq!(section.options, other.options, "two runs differ");
        }
    }
    named
}

/// For a command that does not keep the order of options.
pub fn sort_options(package: &mut Package) {
    for section in package {
        section.options.sort();
    }
}

fn section(text: &mut &[u8]) -> Section {
    let kind = until(text, b" \n").replace(r"'\''", "'");
    let mut section = Section {
        kind,
        name: String::new(),
        anonymous: false,
        options: Vec::new(),
    };
    if text.starts_with(b" ") {
        expect(text, " ");
        section.name = quoted(text);
    }
    expect(text, "\n");
    while text.starts_with(b"\t") {
        expect(text, "\t");
        let is_list = until(text, b" ") == "list";
        expect(text, " ");
        let name = until(text, b" ");
        expect(text, " ");
        let value = quoted(text);
        expect(text, "\n");
        match section.options.last_mut() {
            Some(last) if is_list && last.0 == name => last.2.push(value),
            _ => section.options.push((name, is_list, vec![value])),
        }
    }
    section
}

fn quoted(text: &mut &[u8]) -> String {
    expect(text, "'");
    let mut value = Vec::new();
    loop {
        if text.starts_with(br"'\''") {
            expect(text, r"'\''");
            value.push(b'\'');
        } else if text.starts_with(b"'") {
            expect(text, "'");
            return String::from_utf8_lossy(&value).into_owned();
        } else {
            value.push(*text.first().expect("the quote is closed"));
            *text = &text[1..];
        }
    }
}

fn until(text: &mut &[u8], ends: &[u8]) -> String {
    let length = text
        .iter()
        .position(|byte| ends.contains(byte))
        .expect("the output is complete");
    let (word, rest) = text.split_at(length);
    *text = rest;
    String::from_utf8(word.to_vec()).expect("names are ASCII")
}

fn expect(text: &mut &[u8], prefix: &str) {
    *text = text.strip_prefix(prefix.as_bytes()).unwrap_or_else(|| {
        let near = &text[..text.len().min(80)];
        panic!("{prefix:?} expected at {:?}", String::from_utf8_lossy(near))
    });
}
