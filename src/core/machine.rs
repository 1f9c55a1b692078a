//! A machine: what a client tells about itself when its iPXE asks.
//!
//! All of it is untrusted text: cut to a length, cleaned of control characters, and never put into a script, a template or
//! a shell. Not its job: which host a machine is (`decision`).

use serde::{Deserialize, Serialize};

use super::mac::Mac;
use super::target::Query;

/// Longest fact that is kept, in characters: SMBIOS strings are up to 64 by custom, and a table of thousands must stay small.
const FACT_LENGTH: usize = 64;

/// What a machine says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The card that it boots from.
    pub mac: Mac,
    /// SMBIOS UUID. Not unique in practice: shown, never used to tell machines apart.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uuid: String,
    /// SMBIOS serial number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub serial: String,
    /// SMBIOS manufacturer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub manufacturer: String,
    /// SMBIOS product name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub product: String,
    /// What its processor can run.
    pub architecture: Architecture,
    /// What its firmware is.
    pub platform: Platform,
}

/// Processor architectures that profiles can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Architecture {
    /// 64-bit x86. Also assumed when a machine does not say: a server that boots by PXE is one, most likely.
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit ARM.
    #[serde(rename = "aarch64")]
    Aarch64,
    /// 32-bit x86: a processor without long mode. No current installer supports it.
    #[serde(rename = "i386")]
    I386,
}

impl Architecture {
    /// As RPM distributions word it.
    pub fn rpm(self) -> &'static str {
        match self {
            Architecture::X86_64 => "x86_64",
            Architecture::Aarch64 => "aarch64",
            Architecture::I386 => "i386",
        }
    }

    /// As Debian words it.
    pub fn debian(self) -> &'static str {
        match self {
            Architecture::X86_64 => "amd64",
            Architecture::Aarch64 => "arm64",
            Architecture::I386 => "i386",
        }
    }
}

/// Firmware of a machine, as iPXE's `${platform}` words it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// UEFI.
    #[default]
    Efi,
    /// BIOS.
    PcBios,
}

impl Machine {
    /// A machine of which only the MAC is known.
    pub fn unseen(mac: Mac) -> Self {
        Machine {
            mac,
            uuid: String::new(),
            serial: String::new(),
            manufacturer: String::new(),
            product: String::new(),
            architecture: Architecture::default(),
            platform: Platform::default(),
        }
    }

    /// Reads the facts of a `/v1/boot` query. The MAC is the only one that must be there.
    pub fn from_query(query: &Query) -> Result<Self, String> {
        let text = query.get("mac").ok_or("the query names no mac")?;
        let mac = text
            .parse()
            .map_err(|error| format!("mac is not {error}"))?;
        let fact = |name| clean(query.get(name).unwrap_or_default());
        let platform = match query.get("platform") {
            Some("pcbios") => Platform::PcBios,
            _ => Platform::Efi,
        };
        // A BIOS build of iPXE is 32-bit code on any processor, so the script tells the processor's own width in `cpu`.
        let architecture = match (query.get("buildarch"), query.get("cpu")) {
            (Some("arm64"), _) => Architecture::Aarch64,
            (Some("i386"), Some("i386")) => Architecture::I386,
            _ => Architecture::X86_64,
        };
        Ok(Machine {
            mac,
            uuid: fact("uuid"),
            serial: fact("serial"),
            manufacturer: fact("manufacturer"),
            product: fact("product"),
            architecture,
            platform,
        })
    }
}

/// Text from a stranger, fit to be shown: one line, no control or direction-changing characters, cut.
pub fn clean(text: &str) -> String {
    clean_to(text, FACT_LENGTH)
}

/// [`clean`] with another length, in characters.
pub fn clean_to(text: &str, length: usize) -> String {
    let cleaned: String = text.chars().take(length).map(shown).collect();
    cleaned.trim().to_owned()
}

/// The end of a text of many lines, in characters, with the line feeds kept; else as [`clean_to`].
pub fn clean_end(text: &str, length: usize) -> String {
    let skipped = text.chars().count().saturating_sub(length);
    let cleaned = text.chars().skip(skipped);
    cleaned
        // A serial console ends its lines with both.
        .filter(|c| *c != '\r')
        .map(|c| if c == '\n' { c } else { shown(c) })
        .collect()
}

/// A character as it is shown: a blank in place of those that would move or hide others.
fn shown(c: char) -> char {
    match c {
        c if c.is_control() => ' ',
        // Bidirectional controls (Unicode TR9) and line separators would let a serial number rearrange a log line.
        '\u{061c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{2028}'
        | '\u{2029}' => ' ',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(query: &str) -> Result<Machine, String> {
        Machine::from_query(&Query::parse(query))
    }

    #[test]
    fn facts_are_one_cut_line_each() {
        let long = "x".repeat(10_000);
        let machine = machine(&format!(
            "mac=52:54:00:00:00:01&serial=a%0ab%e2%80%aec&product={long}"
        ))
        .expect("valid");
        assert_eq!(machine.serial, "a b c");
        assert_eq!(machine.product.chars().count(), FACT_LENGTH);
    }

    #[test]
    fn a_log_keeps_its_end_and_its_lines_and_nothing_that_moves_them() {
        let log = "old\nab\r\n\x1b[31mred\x00\u{202e}abc\u{2066}\tx\n";
        assert_eq!(clean_end(log, 100), "old\nab\n [31mred  abc  x\n");
        assert_eq!(clean_end(log, 3), " x\n");
        let bidi = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}\u{2028}\u{2029}";
        assert_eq!(clean_to(&format!("a{bidi}b"), 100), "a         b");
    }

    #[test]
    fn architecture_is_the_processors_not_the_boot_files() {
        let architecture = |query: &str| {
            machine(&format!("mac=52:54:00:00:00:01&{query}"))
                .expect("valid")
                .architecture
        };
        assert_eq!(architecture("buildarch=x86_64"), Architecture::X86_64);
        assert_eq!(
            architecture("buildarch=i386&cpu=x86_64"),
            Architecture::X86_64
        );
        assert_eq!(architecture("buildarch=i386&cpu=i386"), Architecture::I386);
        assert_eq!(architecture("buildarch=arm64"), Architecture::Aarch64);
        assert_eq!(architecture(""), Architecture::X86_64);
    }

    #[test]
    fn without_a_usable_mac_there_is_no_machine() {
        assert_eq!(machine("uuid=1"), Err("the query names no mac".to_owned()));
        assert!(machine("mac=52:54:00:00:00:01%0a").is_err());
        assert!(machine("mac=${netX/mac}").is_err());
    }
}
