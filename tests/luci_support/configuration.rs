//! The ubus object `uci` as rpcd provides it, over the real `uci` command: changes in a session, apply with rollback.
//!
//! What it cannot show: several users at once, reordering and renaming.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use kickstand::core::uci::{self, Value as Setting};
use kickstand_lab::parts;
use serde_json::{Map, Value, json};

const CONFIG: &str = "kickstand";
/// ubus status codes.
const OK: i32 = 0;
const INVALID_ARGUMENT: i32 = 2;
const NO_DATA: i32 = 5;

/// The configuration of one router, and one session's changes.
pub struct Configuration {
    folder: PathBuf,
    changes: PathBuf,
    /// What was before an apply that nobody has confirmed yet, and until when.
    before: Option<(String, Instant)>,
}

impl Configuration {
    /// That of the router in `tree`.
    pub fn new(tree: &Path) -> Self {
        let changes = tree.join("var/run/rpcd/uci");
        fs::create_dir_all(&changes).expect("the tree can be written");
        Configuration {
            folder: tree.join("etc/config"),
            changes,
            before: None,
        }
    }

    /// Answers a call: the status code, and the reply, null when there is none.
    pub fn call(&mut self, method: &str, arguments: &Value) -> (i32, Value) {
        self.roll_back();
        let text = |name: &str| arguments[name].as_str().unwrap_or_default().to_owned();
        let section = format!("{CONFIG}.{}", text("section"));
        let status = match method {
            "changes" => return (OK, json!({"changes": self.changed()})),
            "get" => match self.values() {
                Some(values) => return (OK, json!({"values": values})),
                None => NO_DATA,
            },
            "add" => self.write(&[
                "set",
                &format!("{CONFIG}.{}={}", text("name"), text("type")),
            ]),
            "set" => {
                let values = arguments["values"].as_object().cloned().unwrap_or_default();
                let set = |(name, value): (&String, &Value)| self.set(&section, name, value);
                values.iter().map(set).max().unwrap_or(OK)
            }
            "delete" => match arguments["options"].as_array() {
                None => self.write(&["delete", &section]),
                Some(options) => {
                    let names = options.iter().filter_map(Value::as_str);
                    let delete = |name| self.write(&["delete", &format!("{section}.{name}")]);
                    names.map(delete).max().unwrap_or(OK)
                }
            },
            "apply" => self.apply(arguments["timeout"].as_u64().unwrap_or(30)),
            "confirm" => self.before.take().map_or(NO_DATA, |_| OK),
            _ => INVALID_ARGUMENT,
        };
        (status, Value::Null)
    }

    fn uci(&self, words: &[&str]) -> Output {
        let mut uci = Command::new(parts::uci());
        uci.arg("-q").arg("-c").arg(&self.folder);
        uci.arg("-t").arg(&self.changes).args(words);
        uci.output().expect("uci starts")
    }

    fn write(&self, words: &[&str]) -> i32 {
        match self.uci(words).status.success() {
            true => OK,
            false => INVALID_ARGUMENT,
        }
    }

    fn set(&self, section: &str, name: &str, value: &Value) -> i32 {
        let option = format!("{section}.{name}");
        let Some(items) = value.as_array() else {
            let value = value.as_str().unwrap_or_default();
            return self.write(&["set", &format!("{option}={value}")]);
        };
        self.uci(&["delete", &option]);
        let items = items.iter().filter_map(Value::as_str);
        let add = |item| self.write(&["add_list", &format!("{option}={item}")]);
        items.map(add).max().unwrap_or(OK)
    }

    /// Changes that are not applied yet, by configuration; the page looks at whether there are any.
    fn changed(&self) -> Value {
        let output = self.uci(&["changes"]);
        let mut changes: Map<String, Value> = Map::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let line = line.trim_start_matches(['-', '+']);
            let (config, change) = line.split_once('.').unwrap_or((line, ""));
            let list = changes.entry(config).or_insert_with(|| json!([]));
            let section = change.split(['.', '=']).next();
            list.as_array_mut()
                .expect("just made")
                .push(json!(["set", section]));
        }
        changes.into()
    }

    fn values(&self) -> Option<Value> {
        let output = self.uci(&["export", CONFIG]);
        let document = uci::parse(&output.stdout).ok()?;
        let sections = document.sections.iter().enumerate();
        let value = |value: &Setting| match value {
            Setting::Text(text) => json!(text),
            Setting::List(items) => json!(items),
        };
        Some(Value::Object(
            sections
                .map(|(index, section)| {
                    let mut entry: Map<String, Value> = section
                        .options
                        .iter()
                        .map(|option| (option.name.clone(), value(&option.value)))
                        .collect();
                    entry.insert(".name".into(), json!(section.name));
                    entry.insert(".type".into(), json!(section.kind));
                    entry.insert(".anonymous".into(), json!(section.anonymous));
                    entry.insert(".index".into(), json!(index));
                    (section.name.clone(), Value::Object(entry))
                })
                .collect(),
        ))
    }

    fn apply(&mut self, seconds: u64) -> i32 {
        let before = fs::read_to_string(self.folder.join(CONFIG)).expect("the router has it");
        let result = self.write(&["commit"]);
        self.before = Some((before, Instant::now() + Duration::from_secs(seconds)));
        result
    }

    /// Undoes an apply that was not confirmed in time.
    fn roll_back(&mut self) {
        let over = |(_, until): &mut (String, Instant)| *until <= Instant::now();
        if let Some((before, _)) = self.before.take_if(over) {
            let new = self.folder.join("kickstand.new");
            fs::write(&new, before).expect("the folder can be written");
            fs::rename(&new, self.folder.join(CONFIG)).expect("the folder can be written");
        }
    }
}
