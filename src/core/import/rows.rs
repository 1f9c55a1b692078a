//! A table of hosts, as CSV or as JSON → rows of options, and back.
//!
//! Not its job: whether the values are good (`settings`), what is there already (`import`).

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::Fault;
use super::csv;
use crate::core::uci::{Section, Value};

/// Name of the column with the section's name.
pub const NAME: &str = "name";
/// Options of a host that are lists (docs: README, `config host`).
const LISTS: [&str; 7] = [
    "mac",
    "dns",
    "bond_port",
    "allow",
    "group",
    "package",
    "var",
];
/// Those whose items may hold blanks.
const WITH_BLANKS: [&str; 2] = ["package", "var"];
/// Most hosts of one file: what the service is measured with.
const MOST: usize = 10_000;

/// One host of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it stands: `line 3`, `entry 2`.
    pub place: String,
    /// Columns with their values; none where the cell is empty.
    pub cells: Vec<(String, Option<Value>)>,
}

impl Row {
    /// A cell's text, when it holds one.
    pub fn text(&self, column: &str) -> Option<&str> {
        let cell = self.cells.iter().find(|(name, _)| name == column);
        match cell {
            Some((_, Some(Value::Text(text)))) => Some(text),
            _ => None,
        }
    }
}

/// Reads a table: JSON when it begins as JSON does.
pub fn read(text: &str) -> Result<Vec<Row>, Vec<Fault>> {
    let is_json = text.trim_start().starts_with(['[', '{']);
    let rows = if is_json { of_json(text) } else { of_csv(text) }?;
    match rows.len() {
        0 => Err(vec![Fault::new("", None, "there are no hosts in it")]),
        1..=MOST => Ok(rows),
        more => {
            let why = format!("{more} hosts; {MOST} are the most: divide the file");
            Err(vec![Fault::new("", None, why)])
        }
    }
}

fn of_csv(text: &str) -> Result<Vec<Row>, Vec<Fault>> {
    let lines = csv::lines(text).map_err(|line| {
        let why = "a field opens a quote that is never closed";
        vec![Fault::new(format!("line {line}"), None, why)]
    })?;
    let Some(((head_line, head), rows)) = lines.split_first() else {
        return Ok(Vec::new());
    };
    let columns: Vec<String> = head.iter().map(|name| column(name)).collect();
    let place = format!("line {head_line}");
    let mut faults = Vec::new();
    if !columns.iter().any(|column| column == "mac") {
        let why =
            "the first line names the columns, and mac must be one of them: mac,hostname,profile,…";
        faults.push(Fault::new(&place, None, why));
    }
    for (index, column) in columns.iter().enumerate() {
        if !column.is_empty() && columns[..index].contains(column) {
            faults.push(Fault::new(&place, Some(column), "is there twice"));
        }
    }
    let mut read = Vec::with_capacity(rows.len());
    for (number, fields) in rows {
        let place = format!("line {number}");
        if fields.len() > columns.len() {
            let why = format!(
                "has {} fields, and there are {} columns: a comma in a value wants quotes around it",
                fields.len(),
                columns.len()
            );
            faults.push(Fault::new(&place, None, why));
            continue;
        }
        let cells = columns.iter().zip(fields);
        let cells = cells.filter(|(column, _)| !column.is_empty());
        let cells = cells.map(|(column, field)| (column.clone(), cell(column, field)));
        read.push(Row {
            place,
            cells: cells.collect(),
        });
    }
    if faults.is_empty() {
        Ok(read)
    } else {
        Err(faults)
    }
}

/// A column's name as an option's: people write `Bond ports` and `MAC`.
fn column(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

/// A list's items are separated by `;`, those that hold no blanks by blanks too. `\;` is no separator, `\\` one `\`.
fn cell(column: &str, field: &str) -> Option<Value> {
    let field = field.trim();
    if !LISTS.contains(&column) {
        return (!field.is_empty()).then(|| Value::Text(field.to_owned()));
    }
    let blanks = !WITH_BLANKS.contains(&column);
    let mut items = vec![String::new()];
    let mut letters = field.chars().peekable();
    while let Some(letter) = letters.next() {
        let last = items.last_mut();
        match (letter, last) {
            ('\\', Some(item)) => {
                let escaped = letters.next_if(|next| matches!(next, ';' | '\\'));
                item.push(escaped.unwrap_or('\\'));
            }
            (';', _) => items.push(String::new()),
            (c, _) if blanks && c.is_whitespace() => items.push(String::new()),
            (c, Some(item)) => item.push(c),
            (_, None) => {}
        }
    }
    let items: Vec<String> = items.iter().map(|item| item.trim().to_owned()).collect();
    let items: Vec<String> = items.into_iter().filter(|item| !item.is_empty()).collect();
    (!items.is_empty()).then_some(Value::List(items))
}

fn of_json(text: &str) -> Result<Vec<Row>, Vec<Fault>> {
    let wrong = |why: String| vec![Fault::new("", None, why)];
    let json: Json =
        serde_json::from_str(text).map_err(|error| wrong(format!("this is no JSON: {error}")))?;
    let entries = match json {
        Json::Array(entries) => entries,
        Json::Object(mut object) => match object.remove("hosts") {
            Some(Json::Array(entries)) => entries,
            _ => return Err(wrong("there is no list of hosts in it".to_owned())),
        },
        _ => return Err(wrong("this is no list of hosts".to_owned())),
    };
    let mut faults = Vec::new();
    let mut rows = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        let place = format!("entry {}", index + 1);
        let Json::Object(options) = entry else {
            faults.push(Fault::new(
                place,
                None,
                "must be an object with a host's options",
            ));
            continue;
        };
        let mut cells = Vec::new();
        for (option, value) in options {
            match of_value(&option, value) {
                Ok(value) => cells.push((option, value)),
                Err(why) => faults.push(Fault::new(&place, Some(&option), why)),
            }
        }
        rows.push(Row { place, cells });
    }
    if faults.is_empty() {
        Ok(rows)
    } else {
        Err(faults)
    }
}

fn of_value(option: &str, value: Json) -> Result<Option<Value>, &'static str> {
    let is_list = LISTS.contains(&option);
    let word = |value: Json| match value {
        Json::String(text) => Ok(text),
        Json::Number(number) => Ok(number.to_string()),
        Json::Bool(yes) => Ok(if yes { "1" } else { "0" }.to_owned()),
        _ => Err("must be a text, or a list of texts where the option is a list"),
    };
    let value = match value {
        Json::Null => None,
        Json::Array(items) if is_list => {
            let items: Result<Vec<String>, _> = items.into_iter().map(word).collect();
            Some(Value::List(items?)).filter(|value| *value != Value::List(Vec::new()))
        }
        one => {
            let text = word(one)?;
            let text = Some(text).filter(|text| !text.is_empty());
            text.map(|text| match is_list {
                true => Value::List(vec![text]),
                false => Value::Text(text),
            })
        }
    };
    Ok(value)
}

/// The options of these sections that have a value, in the order of their first use; mac, hostname and profile first.
fn used_columns(sections: &[&Section]) -> Vec<String> {
    let mut columns: Vec<String> = ["mac", "hostname", "profile"].map(str::to_owned).into();
    for option in sections.iter().flat_map(|section| &section.options) {
        if !columns.contains(&option.name) {
            columns.push(option.name.clone());
        }
    }
    columns
}

/// The hosts as a CSV table that [`read`] gives back.
pub fn to_csv(sections: &[&Section]) -> String {
    let columns = used_columns(sections);
    let head = std::iter::once(NAME).chain(columns.iter().map(String::as_str));
    let mut text = csv::line(head);
    for section in sections {
        let cells = columns.iter().map(|column| match section.option(column) {
            None => String::new(),
            // What is written as `option` where a list belongs is a list of one.
            Some(Value::Text(text)) if LISTS.contains(&column.as_str()) => escaped(text),
            Some(Value::Text(text)) => text.clone(),
            Some(Value::List(items)) => {
                let items = items.iter().map(|item| escaped(item));
                items.collect::<Vec<_>>().join(";")
            }
        });
        let cells: Vec<String> = std::iter::once(own_name(section).to_owned())
            .chain(cells)
            .collect();
        text.push_str(&csv::line(cells.iter().map(String::as_str)));
    }
    text
}

/// An item of a list, so that what separates items is none in it.
fn escaped(item: &str) -> String {
    item.replace('\\', "\\\\").replace(';', "\\;")
}

/// The hosts as JSON that [`read`] gives back.
pub fn to_json(sections: &[&Section]) -> Json {
    let entry = |section: &&Section| {
        let mut entry = Map::new();
        let options: BTreeMap<&str, &Value> = (section.options.iter())
            .map(|option| (option.name.as_str(), &option.value))
            .collect();
        if !own_name(section).is_empty() {
            entry.insert(NAME.to_owned(), Json::from(own_name(section)));
        }
        for (option, value) in options {
            let value = match value {
                Value::Text(text) => Json::from(text.as_str()),
                Value::List(items) => Json::from(items.clone()),
            };
            entry.insert(option.to_owned(), value);
        }
        Json::from(entry)
    };
    sections.iter().map(entry).collect()
}

/// The name that the file gives a section; libuci makes another one up each time for one without.
fn own_name(section: &Section) -> &str {
    if section.anonymous { "" } else { &section.name }
}
