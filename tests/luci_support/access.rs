//! Who may do what: the files of the LuCI application's access rights and menu, applied as rpcd and LuCI apply them.
//!
//! Not its job: the calls themselves (`bridge`).

// Each test binary uses a part of it.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The application as it is installed.
pub fn application() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("files/luci-app-kickstand")
}

fn json(path: &str) -> Value {
    let path = application().join(path);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `/usr/share/rpcd/acl.d/luci-app-kickstand.json`.
pub fn rights() -> Value {
    json("root/usr/share/rpcd/acl.d/luci-app-kickstand.json")
}

/// `/usr/share/luci/menu.d/luci-app-kickstand.json`.
pub fn menu() -> Value {
    json("root/usr/share/luci/menu.d/luci-app-kickstand.json")
}

/// A user who is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// `list read '*'` and `list write '*'`.
    Root,
    /// `list read 'luci-app-kickstand'`.
    Viewer,
    /// No right that is kickstand's.
    Outsider,
}

impl User {
    /// The user of a ubus session, or of a cookie: both are the user's name here.
    pub fn named(name: &str) -> Option<User> {
        match name {
            "root" => Some(User::Root),
            "viewer" => Some(User::Viewer),
            "outsider" => Some(User::Outsider),
            _ => None,
        }
    }

    fn levels(self) -> &'static [&'static str] {
        match self {
            User::Root => &["read", "write"],
            User::Viewer => &["read"],
            User::Outsider => &[],
        }
    }

    /// Whether the lists of the access rights have it: `scope` is `ubus` or `uci`; for `uci`, `function` is `read` or `write`.
    pub fn may(self, scope: &str, object: &str, function: &str) -> bool {
        if scope == "ubus" && object == "uci" {
            return match function {
                // What LuCI's own group gives to everybody who is logged in.
                "get" | "changes" => true,
                "add" | "set" | "delete" | "apply" | "confirm" => self == User::Root,
                _ => false,
            };
        }
        let rights = rights();
        let groups = rights.as_object().expect("groups by name");
        let lists = |level: &str| {
            let level = level.to_owned();
            groups.values().map(move |group| &group[&level][scope])
        };
        let has = |list: &Value, word: &str| {
            list.as_array()
                .is_some_and(|items| items.iter().any(|item| item == word))
        };
        match scope {
            "ubus" => self
                .levels()
                .iter()
                .any(|level| lists(level).any(|objects| has(&objects[object], function))),
            "uci" => {
                self.levels().contains(&function) && lists(function).any(|list| has(list, object))
            }
            _ => false,
        }
    }

    /// The view behind a menu entry, and whether this user may only read there; None when the entry is not for this user.
    pub fn view(self, path: &str) -> Option<(String, bool)> {
        let menu = menu();
        let entry = menu.get(path)?;
        let rights = rights();
        let groups = entry["depends"]["acl"].as_array()?;
        let has_level = |level: &str| {
            self.levels().contains(&level)
                && groups
                    .iter()
                    .filter_map(Value::as_str)
                    .any(|group| rights[group].get(level).is_some())
        };
        has_level("read").then_some(())?;
        let view = entry["action"]["path"].as_str()?;
        Some((view.to_owned(), !has_level("write")))
    }
}
