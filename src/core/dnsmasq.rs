//! What kickstand wants of `/etc/config/dhcp`: TFTP on, and rules that tell every kind of machine its boot file.
//!
//! dnsmasq takes the last boot line of which all tags match, and sections become lines in the order of the file. So the
//! rule for iPXE, which also matches the tag of its architecture, stands last.
//!
//! Not its job: reading and writing files, running commands (`host` does), deciding what a machine boots (the service
//! does, over HTTP: these rules are the same for every machine, so a host never restarts the network's DNS).

pub mod boot_files;
pub mod instance;
pub mod memory;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crate::core::settings::{BootArchitecture, Main};
use crate::core::uci::changes::{Target, WantedOption};
use crate::core::uci::{Document, Section, Setting, Value};

use instance::Instance;
use memory::Memory;

/// Package of UCI that all of this is about.
pub const PACKAGE: &str = "dhcp";

/// Every section of ours begins so.
const PREFIX: &str = "kickstand_";

/// Name that iPXE looks for beside its own file.
pub const AUTOEXEC_NAME: &str = "autoexec.ipxe";

/// What is to be done, and what the user should know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// What `dhcp` is to hold.
    pub target: Target,
    /// Name of the instance that is changed, when there are several.
    pub instance: Option<String>,
    /// `autoexec.ipxe` files that are to exist, relative to `tftp_root`.
    pub autoexec: Vec<String>,
    /// What the user should know, one sentence each.
    pub notes: Vec<String>,
}

/// One kind of client: what it says in DHCP option 93, and what it is told.
struct Client {
    /// Part of section names and tags.
    name: &'static str,
    /// Client architectures of RFC 4578 and IANA's registry. By number: dnsmasq's names of 7 and 9 are swapped.
    numbers: &'static [u16],
    /// Whether the firmware speaks HTTP instead of TFTP.
    http: bool,
    architecture: BootArchitecture,
}

const CLIENTS: [Client; 5] = [
    Client {
        name: "bios",
        numbers: &[0],
        http: false,
        architecture: BootArchitecture::Bios,
    },
    // RFC 4578 gave x86-64 the number 9, the UEFI specification 7: firmware sends either.
    Client {
        name: "x64",
        numbers: &[7, 9],
        http: false,
        architecture: BootArchitecture::X86_64,
    },
    Client {
        name: "arm64",
        numbers: &[11],
        http: false,
        architecture: BootArchitecture::Arm64,
    },
    Client {
        name: "http_x64",
        numbers: &[16],
        http: true,
        architecture: BootArchitecture::X86_64,
    },
    Client {
        name: "http_arm64",
        numbers: &[19],
        http: true,
        architecture: BootArchitecture::Arm64,
    },
];

/// Whether a section is kickstand's own.
pub fn is_ours(section: &Section) -> bool {
    !section.anonymous && section.name.starts_with(PREFIX)
}

/// The plan for these settings. `existing` are those of [`boot_files::wanted`] that exist below `tftp_root`.
///
/// # Errors
///
/// One sentence, when no instance serves the network or a setting cannot be written into dnsmasq's configuration.
pub fn plan(
    document: &Document,
    main: &Main,
    address: Ipv4Addr,
    existing: &BTreeSet<String>,
) -> Result<Plan, String> {
    if let Some(fault) = boot_files::tftp_root_fault(&main.tftp_root) {
        return Err(format!(
            "kickstand.main.tftp_root '{}' {fault}.",
            main.tftp_root
        ));
    }
    let found = instance::find(document, &main.interface)?;
    let mut notes = instance::obstacles(document, &main.interface);
    let mut chosen = Vec::new();
    for architecture in boot_files::ARCHITECTURES {
        match boot_files::choose(architecture, &main.boot_files, existing, &main.tftp_root) {
            Ok(file) => chosen.push((architecture, file)),
            Err(sentence) => notes.push(sentence),
        }
    }
    let autoexec: BTreeSet<String> = chosen.iter().map(|(_, file)| autoexec_of(file)).collect();
    let autoexec: Vec<String> = autoexec.into_iter().collect();

    let (memory, mut options) = remember(document, &found, main, &autoexec, &mut notes);
    for (option, value) in memory::OPTIONS.into_iter().zip(memory.set()) {
        options.push(WantedOption {
            section: found.name.clone(),
            option: option.to_owned(),
            value: Some(value),
        });
    }
    let mut sections = vec![memory.section()];
    sections.extend(rules(&found, &chosen, address, main.port));
    Ok(Plan {
        target: Target {
            sections,
            options,
            orders: Vec::new(),
        },
        instance: found.one_of_several.then_some(found.name),
        autoexec,
        notes,
    })
}

/// The plan that leaves `dhcp` as it was before kickstand. Needs no settings.
pub fn removal(document: &Document) -> Plan {
    let mut plan = Plan::default();
    if let Some(memory) = Memory::read(document) {
        (plan.target.options, plan.notes) = memory.restore(document);
        if let Some(section) = memory.find(document) {
            let name = section.name.clone();
            let several = document.of_kind("dnsmasq").count() > 1;
            plan.instance = several.then(|| name.clone());
            plan.target.orders = vec![(name, memory.order)];
        }
    }
    plan
}

/// The plan that takes back what led from one document to another, whatever else has changed since.
pub fn reversal(before: &Document, now: &Document) -> Target {
    let is_there = |section: &&Section| now.section(&section.name).is_some();
    let mut target = Target {
        sections: before
            .sections
            .iter()
            .filter(|s| is_ours(s))
            .cloned()
            .collect(),
        ..Target::default()
    };
    for section in before.of_kind("dnsmasq").filter(is_there) {
        for option in memory::OPTIONS {
            target.options.push(WantedOption {
                section: section.name.clone(),
                option: option.to_owned(),
                value: section.option(option).cloned(),
            });
        }
    }
    target
}

/// What is to be remembered from now on, and what a former memory of another instance gives back.
fn remember(
    document: &Document,
    found: &Instance,
    main: &Main,
    autoexec: &[String],
    notes: &mut Vec<String>,
) -> (Memory, Vec<WantedOption>) {
    let mut memory = Memory {
        instance: found.name.clone(),
        tftp_root: main.tftp_root.clone(),
        autoexec: autoexec.to_vec(),
        ..Memory::default()
    };
    let mut options = Vec::new();
    let former = Memory::read(document);
    let Some(section) = document.section(&found.name) else {
        return (memory, options);
    };
    let same = former.as_ref().filter(|former| {
        former
            .find(document)
            .is_some_and(|is| is.name == found.name)
    });
    if let (Some(former), None) = (&former, same) {
        (options, *notes) = {
            let (options, sentences) = former.restore(document);
            (options, notes.drain(..).chain(sentences).collect())
        };
    }
    for (index, option) in memory::OPTIONS.into_iter().enumerate() {
        let is = section.option(option);
        // A value that is not the one kickstand set is the user's latest word: removal gives back that one.
        memory.before[index] = match same {
            Some(former) if is == Some(&former.set()[index]) => former.before[index].clone(),
            Some(_) | None => is.cloned(),
        };
    }
    memory.order = match same {
        Some(former) if !former.order.is_empty() => former.order.clone(),
        Some(_) | None => order_at_stake(section, &memory),
    };
    if let Some(Value::Text(before)) = &memory.before[1]
        && *before != main.tftp_root
    {
        notes.push(format!(
            "TFTP now serves {} instead of {before}: move your boot files there, or set kickstand.main.tftp_root={before}.",
            main.tftp_root
        ));
    }
    (memory, options)
}

/// Names of the section's own options in their order, when setting ours can change it: libuci before 23.05 moves an option
/// that gets another value to the end.
fn order_at_stake(section: &Section, memory: &Memory) -> Vec<String> {
    let pairs = || memory.before.iter().zip(memory.set());
    let replaced =
        pairs().any(|(before, set)| before.as_ref().is_some_and(|before| *before != set));
    if !replaced {
        return Vec::new();
    }
    let mut names: Vec<String> = section.options.iter().map(|o| o.name.clone()).collect();
    for (name, before) in memory::OPTIONS.into_iter().zip(&memory.before) {
        if before.is_none() {
            names.retain(|other| other != name);
        }
    }
    names
}

/// Our rules in their order: who is who, then boot files, iPXE last.
fn rules(
    found: &Instance,
    chosen: &[(BootArchitecture, String)],
    address: Ipv4Addr,
    port: u16,
) -> Vec<Section> {
    let mut sections = Vec::new();
    for client in &CLIENTS {
        let tag = format!("ks_{}", client.name);
        for number in client.numbers {
            let name = match client.numbers {
                [_] => format!("kickstand_match_{}", client.name),
                _ => format!("kickstand_match_{}_{number}", client.name),
            };
            let matches = format!("option:client-arch,{number}");
            let options = [("networkid", tag.as_str()), ("match", matches.as_str())];
            sections.push(section("match", &name, &options));
        }
    }
    sections.push(section(
        "userclass",
        "kickstand_match_ipxe_class",
        &[("networkid", "ks_ipxe"), ("userclass", "iPXE")],
    ));
    // Option 175 holds iPXE's own settings: builds with another user class send it too.
    sections.push(section(
        "match",
        "kickstand_match_ipxe_option",
        &[("networkid", "ks_ipxe"), ("match", "175")],
    ));
    for client in &CLIENTS {
        let file = chosen
            .iter()
            .find(|(architecture, _)| *architecture == client.architecture);
        if let Some((_, file)) = file {
            sections.push(boot(client, file, found, address, port));
        }
    }
    let mut ipxe = section(
        "boot",
        "kickstand_boot_ipxe",
        &[
            ("networkid", &tags("ks_ipxe", found)),
            ("filename", &format!("http://{address}:{port}/boot.ipxe")),
        ],
    );
    // iPXE's setting 176 (0xb0), no-pxedhcp: it need not wait seconds for a ProxyDHCP server.
    push_list(&mut ipxe, "dhcp_option", "encap:175,176,1b");
    sections.push(ipxe);
    if found.one_of_several {
        for section in &mut sections {
            let instance = Value::Text(found.name.clone());
            section.options.push(setting("instance", instance));
        }
    }
    sections
}

fn boot(client: &Client, file: &str, found: &Instance, address: Ipv4Addr, port: u16) -> Section {
    let filename = if client.http {
        format!("http://{address}:{port}/boot/{file}")
    } else {
        file.to_owned()
    };
    let name = format!("kickstand_boot_{}", client.name);
    let tags = tags(&format!("ks_{}", client.name), found);
    let mut section = section(
        "boot",
        &name,
        &[("networkid", &tags), ("filename", &filename)],
    );
    if client.http {
        // Firmware ignores an offer for HTTP boot that does not repeat this vendor class, asked for or not.
        section
            .options
            .push(setting("force", Value::Text("1".to_owned())));
        push_list(&mut section, "dhcp_option", "60,HTTPClient");
    }
    section
}

/// The tag, and where addresses are given on other networks too, that of our network: the service listens only there.
fn tags(tag: &str, found: &Instance) -> String {
    match &found.network_tag {
        Some(network) => format!("{tag},tag:{network}"),
        None => tag.to_owned(),
    }
}

/// Where iPXE looks for its script when it was loaded as that file.
fn autoexec_of(file: &str) -> String {
    match file.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{AUTOEXEC_NAME}"),
        None => AUTOEXEC_NAME.to_owned(),
    }
}

fn section(kind: &str, name: &str, options: &[(&str, &str)]) -> Section {
    let text = |(name, text): &(&str, &str)| setting(name, Value::Text((*text).to_owned()));
    Section {
        kind: kind.to_owned(),
        name: name.to_owned(),
        anonymous: false,
        line: 0,
        options: options.iter().map(text).collect(),
    }
}

fn push_list(section: &mut Section, name: &str, item: &str) {
    let list = Value::List(vec![item.to_owned()]);
    section.options.push(setting(name, list));
}

fn setting(name: &str, value: Value) -> Setting {
    Setting {
        name: name.to_owned(),
        value,
        line: 0,
    }
}

#[cfg(test)]
mod tests;
