//! What dnsmasq's TFTP options were before kickstand set them, kept in a section of ours in `dhcp` itself, so that it is
//! committed together with what it remembers.
//!
//! Not its job: deciding what the options become ([`super`]).

use crate::core::uci::{Document, Section, Setting, Value};

use crate::core::uci::changes::WantedOption;

/// Name of the section. dnsmasq's init script does not read sections of this type.
pub const SECTION: &str = "kickstand_before";

/// Type of the section.
pub const KIND: &str = "kickstand";

/// Options of `config dnsmasq` that kickstand sets, in the order in which it sets them.
pub const OPTIONS: [&str; 3] = ["enable_tftp", "tftp_root", "tftp_no_fail"];

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Memory {
    /// Name of the `config dnsmasq` section.
    pub instance: String,
    /// For each of [`OPTIONS`]: its value before, none when it was not set.
    pub before: [Option<Value>; 3],
    /// `tftp_root` as kickstand set it.
    pub tftp_root: String,
    /// Names of the section's options in their order, when setting ours may have changed it.
    pub order: Vec<String>,
    /// The `autoexec.ipxe` files that kickstand keeps, relative to `tftp_root`.
    pub autoexec: Vec<String>,
}

impl Memory {
    /// Reads it back; none when kickstand's section is not there.
    pub fn read(document: &Document) -> Option<Memory> {
        let section = document.section(SECTION)?;
        let text = |name: &str| match section.option(name) {
            Some(Value::Text(text)) => text.clone(),
            Some(Value::List(_)) | None => String::new(),
        };
        let list = |name: &str| match section.option(name) {
            Some(Value::List(items)) => items.clone(),
            Some(Value::Text(_)) | None => Vec::new(),
        };
        Some(Memory {
            instance: text("instance"),
            before: OPTIONS.map(|name| section.option(name).cloned()),
            tftp_root: text("kickstand_tftp_root"),
            order: list("order"),
            autoexec: list("autoexec"),
        })
    }

    /// As the section that is written.
    pub fn section(&self) -> Section {
        let mut section = super::section(KIND, SECTION, &[("instance", &self.instance)]);
        for (name, value) in OPTIONS.into_iter().zip(&self.before) {
            if let Some(value) = value {
                section.options.push(setting(name, value.clone()));
            }
        }
        let tftp_root = Value::Text(self.tftp_root.clone());
        section
            .options
            .push(setting("kickstand_tftp_root", tftp_root));
        for (name, items) in [("order", &self.order), ("autoexec", &self.autoexec)] {
            if !items.is_empty() {
                section
                    .options
                    .push(setting(name, Value::List(items.clone())));
            }
        }
        section
    }

    /// The values that kickstand set, in the order of [`OPTIONS`].
    pub fn set(&self) -> [Value; 3] {
        let on = || Value::Text("1".to_owned());
        [on(), Value::Text(self.tftp_root.clone()), on()]
    }

    /// The section with the options. libuci makes up names of anonymous sections from their position, so the only section
    /// with our `tftp_root` is meant before the one of that name.
    pub fn find<'a>(&self, document: &'a Document) -> Option<&'a Section> {
        let ours = Value::Text(self.tftp_root.clone());
        let named = document
            .section(&self.instance)
            .filter(|section| section.kind == "dnsmasq");
        let has_ours = |section: &&Section| section.option("tftp_root") == Some(&ours);
        if named.as_ref().is_some_and(has_ours) {
            return named;
        }
        let mut matching = document.of_kind("dnsmasq").filter(has_ours);
        match (matching.next(), matching.next()) {
            (Some(only), None) => Some(only),
            _ => named,
        }
    }

    /// Gives back what was before, except where the user has set something else since, and says where that is.
    pub fn restore(&self, document: &Document) -> (Vec<WantedOption>, Vec<String>) {
        let (mut options, mut notes) = (Vec::new(), Vec::new());
        let Some(section) = self.find(document) else {
            notes.push(format!(
                "The dnsmasq section '{}' is gone, so its TFTP options were not restored; look at enable_tftp and \
                 tftp_root with 'uci show dhcp'.",
                self.instance
            ));
            return (options, notes);
        };
        for ((name, before), set) in OPTIONS.into_iter().zip(&self.before).zip(self.set()) {
            let is = section.option(name);
            if is == Some(&set) {
                options.push(WantedOption {
                    section: section.name.clone(),
                    option: name.to_owned(),
                    value: before.clone(),
                });
            } else if is != before.as_ref() {
                notes.push(format!(
                    "dhcp.{}.{name} was changed since kickstand set it: it stays as it is.",
                    section.name
                ));
            }
        }
        (options, notes)
    }
}

fn setting(name: &str, value: Value) -> Setting {
    Setting {
        name: name.to_owned(),
        value,
        line: 0,
    }
}
