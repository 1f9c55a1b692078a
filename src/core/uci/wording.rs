//! Changes as text: for `uci batch`, and for people.
//!
//! Not its job: finding them ([`super::changes`]).

use super::changes::{Change, differences};
use super::{Section, Value};

/// Input of `uci batch` that stages the changes in that package.
pub fn batch(package: &str, changes: &[Change]) -> String {
    let mut lines = Vec::new();
    for change in changes {
        match change {
            Change::Create(section) => create(package, section, &mut lines),
            Change::Recreate { before, after } => {
                lines.push(format!("delete {package}.{}", before.name));
                create(package, after, &mut lines);
            }
            Change::Delete(section) => lines.push(format!("delete {package}.{}", section.name)),
            Change::Set {
                section,
                option,
                before,
                after,
            } => {
                let path = format!("{package}.{section}.{option}");
                // A list grows by add_list, so the old one must go first; a text replaces by itself.
                let replaces = matches!((before, after), (Some(Value::Text(_)), Value::Text(_)));
                if before.is_some() && !replaces {
                    lines.push(format!("delete {path}"));
                }
                set(&path, after, &mut lines);
            }
            Change::Unset {
                section, option, ..
            } => lines.push(format!("delete {package}.{section}.{option}")),
            Change::Again {
                section,
                option,
                value,
            } => {
                let path = format!("{package}.{section}.{option}");
                lines.push(format!("delete {path}"));
                set(&path, value, &mut lines);
            }
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

fn create(package: &str, section: &Section, lines: &mut Vec<String>) {
    lines.push(format!("set {package}.{}={}", section.name, section.kind));
    for option in &section.options {
        let path = format!("{package}.{}.{}", section.name, option.name);
        set(&path, &option.value, lines);
    }
}

fn set(path: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Text(text) => lines.push(format!("set {path}={}", quoted(text))),
        Value::List(items) => {
            let add = |item: &String| format!("add_list {path}={}", quoted(item));
            lines.extend(items.iter().map(add));
        }
    }
}

/// Quoted as `uci batch` and a shell read it: everything is literal but the quote itself.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The changes for people: `+` for what comes, `-` for what goes, `~` for what moves.
pub fn difference(package: &str, changes: &[Change]) -> Vec<String> {
    let mut lines = Vec::new();
    for change in changes {
        match change {
            Change::Create(section) => section_lines('+', package, section, &mut lines),
            Change::Delete(section) => section_lines('-', package, section, &mut lines),
            Change::Recreate { before, after } => {
                lines.push(format!("~ {package}.{} moves to the end", after.name));
                let inner = differences(before, after);
                lines.extend(difference(package, &inner));
            }
            Change::Set {
                section,
                option,
                before,
                after,
            } => {
                let path = format!("{package}.{section}.{option}");
                if let Some(before) = before {
                    lines.push(format!("- {path}={}", shown(before)));
                }
                lines.push(format!("+ {path}={}", shown(after)));
            }
            Change::Unset {
                section,
                option,
                before,
            } => lines.push(format!("- {package}.{section}.{option}={}", shown(before))),
            // Nothing that means anything.
            Change::Again { .. } => {}
        }
    }
    lines
}

fn section_lines(sign: char, package: &str, section: &Section, lines: &mut Vec<String>) {
    lines.push(format!(
        "{sign} {package}.{}={}",
        section.name, section.kind
    ));
    for option in &section.options {
        lines.push(format!(
            "{sign} {package}.{}.{}={}",
            section.name,
            option.name,
            shown(&option.value)
        ));
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
            items.join(" ")
        }
    }
}
