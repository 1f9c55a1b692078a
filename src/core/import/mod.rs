//! A table of hosts and the settings that are → what to change, or everything that is wrong with the table.
//!
//! What a value may be is not known here: the settings are read as they would be, and what is found then at a host of the
//! table is told with the table's line. Not its job: reading files, writing UCI.

mod csv;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use super::mac::Mac;
use super::machine::clean;
use super::settings;
use super::uci::changes::{Change, differences};
use super::uci::{Document, Section, Setting, Value};

pub use rows::{Row, read, to_csv, to_json};

/// Something wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `line 3` or `entry 2`; empty for the whole file.
    pub place: String,
    /// The column that is to blame.
    pub column: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}

impl Fault {
    fn new(place: impl Into<String>, column: Option<&str>, message: impl Into<String>) -> Self {
        Fault {
            place: place.into(),
            column: column.map(clean),
            message: message.into(),
        }
    }
}

impl fmt::Display for Fault {
    /// `line 3, mac: must be …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.column.as_deref().unwrap_or_default();
        match (self.place.as_str(), column) {
            ("", "") => {}
            ("", column) => write!(f, "{column}: ")?,
            (place, "") => write!(f, "{place}: ")?,
            (place, column) => write!(f, "{place}, {column}: ")?,
        }
        f.write_str(&self.message)
    }
}

/// What a table would change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// In the order of the table.
    pub changes: Vec<Change>,
    /// Names of hosts that are new.
    pub new: Vec<String>,
    /// Names of hosts that change.
    pub changed: Vec<String>,
    /// How many are as the table says already.
    pub same: usize,
}

/// The sections that are there: a table may have thousands of hosts, each of which is looked for.
struct Known<'a> {
    by_name: BTreeMap<&'a str, &'a Section>,
    by_card: BTreeMap<Mac, &'a Section>,
}

impl<'a> Known<'a> {
    fn new(document: &'a Document) -> Self {
        let by_card = document
            .of_kind("host")
            .flat_map(|section| cards(section.option("mac")).map(move |mac| (mac, section)));
        let named = document.sections.iter();
        Known {
            by_card: by_card.collect(),
            by_name: named
                .map(|section| (section.name.as_str(), section))
                .collect(),
        }
    }
}

/// Compares a table with the settings. `update` allows to change hosts that are there.
pub fn plan(document: &Document, table: &[Row], update: bool) -> Result<Plan, Vec<Fault>> {
    let mut faults = Vec::new();
    let known = Known::new(document);
    // Where each host of the table stands, and how it is to be, by the name of its section.
    let mut places: BTreeMap<String, &Row> = BTreeMap::new();
    let mut wanted: BTreeMap<String, Section> = BTreeMap::new();
    let mut plan = Plan::default();
    for row in table {
        let section = match target(&known, row) {
            Ok(section) => section,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        let name = section.name.clone();
        if let Some(other) = places.insert(name.clone(), row) {
            let why = format!(
                "this is host '{}' again, as in {}",
                clean(&name),
                other.place
            );
            faults.push(Fault::new(&row.place, None, why));
            continue;
        }
        match known.by_name.get(name.as_str()) {
            None => {
                plan.new.push(name.clone());
                plan.changes.push(Change::Create(section.clone()));
            }
            Some(is) => match differences(is, &section) {
                none if none.is_empty() => {
                    plan.same += 1;
                    continue;
                }
                changes if update => {
                    plan.changed.push(name.clone());
                    plan.changes.extend(changes);
                }
                _ => {
                    let why = format!(
                        "host '{}' is there already, with other options: --update changes it",
                        clean(&name)
                    );
                    faults.push(Fault::new(&row.place, None, why));
                    continue;
                }
            },
        }
        wanted.insert(name, section);
    }
    faults.extend(found_by_settings(document, wanted, &places));
    if faults.is_empty() {
        Ok(plan)
    } else {
        Err(faults)
    }
}

fn cards(value: Option<&Value>) -> impl Iterator<Item = Mac> {
    let items: &[String] = match value {
        Some(Value::List(items)) => items,
        Some(Value::Text(text)) => std::slice::from_ref(text),
        None => &[],
    };
    items.iter().filter_map(|item| item.parse().ok())
}

/// The section of a row, as it is to be.
fn target(known: &Known<'_>, row: &Row) -> Result<Section, Fault> {
    let mac = row.cells.iter().find(|(column, _)| column == "mac");
    let mac = mac.and_then(|(_, value)| value.as_ref());
    let is = match row.text(rows::NAME) {
        None => cards(mac).find_map(|mac| known.by_card.get(&mac)),
        Some(name) => known.by_name.get(name),
    };
    let mut section = match is {
        Some(is) if is.kind == "host" => Section::clone(is),
        Some(is) => {
            let why = format!(
                "'{}' is the name of a {} already",
                clean(&is.name),
                clean(&is.kind)
            );
            return Err(Fault::new(&row.place, Some(rows::NAME), why));
        }
        None => Section {
            kind: "host".to_owned(),
            name: fresh_name(known, row, mac)?,
            anonymous: false,
            line: 0,
            options: Vec::new(),
        },
    };
    for (option, value) in row.cells.iter().filter(|(column, _)| column != rows::NAME) {
        set(&mut section, option, value.clone());
    }
    Ok(section)
}

fn set(section: &mut Section, name: &str, value: Option<Value>) {
    let at = section
        .options
        .iter()
        .position(|option| option.name == name);
    match (at, value) {
        // One value as `option` and as `list` mean the same.
        (Some(at), Some(value)) if items(&section.options[at].value) == items(&value) => {}
        (Some(at), Some(value)) => section.options[at].value = value,
        (Some(at), None) => drop(section.options.remove(at)),
        (None, Some(value)) => section.options.push(Setting {
            name: name.to_owned(),
            value,
            line: 0,
        }),
        (None, None) => {}
    }
}

fn items(value: &Value) -> &[String] {
    match value {
        Value::Text(text) => std::slice::from_ref(text),
        Value::List(items) => items,
    }
}

/// The name of a new section: the row's, else its hostname's or its first card's letters and digits.
fn fresh_name(known: &Known<'_>, row: &Row, mac: Option<&Value>) -> Result<String, Fault> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(name) = row.text(rows::NAME) {
        return match name.chars().all(plain) {
            true => Ok(name.to_owned()),
            false => {
                let why = "a section's name has letters, digits and '_' only; hostname may have '-' and '.'";
                Err(Fault::new(&row.place, Some(rows::NAME), why))
            }
        };
    }
    let name = match (row.text("hostname"), cards(mac).next()) {
        (Some(hostname), _) => hostname.replace(|c| !plain(c), "_"),
        (None, Some(mac)) => format!("host_{}", mac.to_string().replace(':', "")),
        // What is no card is told with all else that is wrong with the row: by a name that is never written.
        (None, None) if mac.is_some() => row.place.replace(|c| !plain(c), "_"),
        (None, None) => {
            let why =
                "a host needs a mac: each network card that may boot, such as b8:ca:3a:00:00:01";
            return Err(Fault::new(&row.place, Some("mac"), why));
        }
    };
    match known.by_name.get(name.as_str()) {
        None => Ok(name),
        Some(_) => {
            let why = format!(
                "there is a section '{name}' already, with another card: add a column name"
            );
            Err(Fault::new(&row.place, None, why))
        }
    }
}

/// What the settings would be told to be wrong with the hosts of the table. A column that no host knows is told once.
fn found_by_settings(
    document: &Document,
    mut wanted: BTreeMap<String, Section>,
    places: &BTreeMap<String, &Row>,
) -> Vec<Fault> {
    let there = document.sections.iter();
    let there = there.map(|is| wanted.remove(&is.name).unwrap_or_else(|| is.clone()));
    let mut sections: Vec<Section> = there.collect();
    sections.extend(wanted.into_values());
    let mut faults: Vec<Fault> = Vec::new();
    for found in settings::read(&Document { sections }).faults {
        let (kind, name) = found.section_parts();
        let Some(row) = places.get(name).filter(|_| kind == "host") else {
            continue;
        };
        let value = found
            .value
            .as_deref()
            .map(|value| format!("'{}' ", clean(value)));
        let message = format!("{}{}", value.unwrap_or_default(), found.message);
        let column = found.option.as_deref();
        let again = |fault: &Fault| fault.column.as_deref() == column && fault.message == message;
        if message.starts_with("is no option here") && faults.iter().any(again) {
            continue;
        }
        faults.push(Fault::new(&row.place, column, message));
    }
    faults
}
