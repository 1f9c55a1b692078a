//! What is answered to those who change something.

use serde::{Deserialize, Serialize};

/// `arm`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmReply {
    /// Section name.
    pub host: String,
    /// Name of the system that will be installed.
    #[serde(default)]
    pub hostname: String,
    /// Seconds until the arm ends.
    pub seconds_left: u64,
    /// What will be wiped.
    pub disk: String,
    /// Title of the profile that will be installed.
    pub title: String,
    /// What the user should know besides.
    pub warnings: Vec<String>,
}

/// `disarm`, `forget` and `wake`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoneReply {
    /// What was done, in one sentence.
    pub done: String,
}

/// `adopt`: what to commit so that a machine becomes a host. The service never writes UCI itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptReply {
    /// Section name of the new host.
    pub host: String,
    /// Lines for `uci batch`, without the commit.
    pub uci: Vec<String>,
    /// The same in parts, in this order.
    pub set: Vec<UciSet>,
}

/// One thing to write into `/etc/config/kickstand`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UciSet {
    /// Name of the section.
    pub section: String,
    /// Its type. Without an option, the section itself is to be made.
    #[serde(rename = "type")]
    pub kind: String,
    /// Name of the option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
    /// Its value, for an `option`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Its values, for a `list`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
}

impl UciSet {
    /// The line for `uci batch`. Values are of letters, digits, `-`, `_` and `:` only: nothing to quote.
    pub fn lines(&self) -> Vec<String> {
        let path = match &self.option {
            None => return vec![format!("set kickstand.{}={}", self.section, self.kind)],
            Some(option) => format!("kickstand.{}.{option}", self.section),
        };
        let one = self
            .value
            .iter()
            .map(|value| format!("set {path}='{value}'"));
        let many = self.values.iter().flatten();
        let many = many.map(|value| format!("add_list {path}='{value}'"));
        one.chain(many).collect()
    }
}
