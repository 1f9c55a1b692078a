//! Which `config dnsmasq` section serves a network, and what stands in its way.
//!
//! Follows dnsmasq's init script: the default instance is the first enabled unnamed section, else the first named one; a
//! `config dhcp` section with `option instance` belongs to that instance only.
//!
//! Not its job: changing anything.

use crate::core::uci::{Document, Section, Value};

/// The instance that serves a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Name of its section.
    pub name: String,
    /// Whether there are others.
    pub one_of_several: bool,
    /// The tag that dnsmasq sets for clients of the network, when this instance gives addresses on others too.
    pub network_tag: Option<String>,
}

/// Finds the instance, or says in one sentence why there is none.
pub fn find(document: &Document, network: &str) -> Result<Instance, String> {
    let enabled: Vec<&Section> = document
        .of_kind("dnsmasq")
        .filter(|section| !is_true(section, "disabled"))
        .collect();
    let pool = document
        .of_kind("dhcp")
        .find(|section| text(section, "interface") == Some(network));
    let bound = pool.and_then(|section| text(section, "instance"));
    let default = default_instance(&enabled);
    let serves = |section: &&&Section| {
        bound.is_none_or(|bound| bound == section.name) && listens(section, network)
    };
    let mut candidates = default.iter().chain(enabled.iter()).filter(serves);
    let Some(section) = candidates.next() else {
        return Err(format!(
            "No dnsmasq instance in dhcp serves the network '{network}': look at 'interface', 'notinterface', 'disabled' \
             and 'instance' with 'uci show dhcp', or set kickstand.main.interface to a network that is served."
        ));
    };
    Ok(Instance {
        name: section.name.clone(),
        one_of_several: enabled.len() > 1,
        network_tag: network_tag(document, pool, section, network),
    })
}

fn default_instance<'a>(enabled: &[&'a Section]) -> Option<&'a Section> {
    let unnamed = enabled.iter().find(|section| section.anonymous);
    unnamed.or(enabled.first()).copied()
}

fn listens(section: &Section, network: &str) -> bool {
    let only = list(section, "interface");
    (only.is_empty() || only.contains(&network))
        && !list(section, "notinterface").contains(&network)
}

/// The init script names a pool's tag after its network unless `networkid` says otherwise.
fn network_tag(
    document: &Document,
    pool: Option<&Section>,
    instance: &Section,
    network: &str,
) -> Option<String> {
    let elsewhere = document.of_kind("dhcp").any(|section| {
        let other = text(section, "interface").is_some_and(|interface| interface != network);
        let here = text(section, "instance").is_none_or(|bound| bound == instance.name);
        let off = text(section, "dhcpv4") == Some("disabled");
        other && here && !off && !is_true(section, "ignore")
    });
    let pool = pool.filter(|_| elsewhere)?;
    let tag = text(pool, "networkid").unwrap_or(network);
    Some(tag.to_owned())
}

/// What keeps the network's machines from being told what kickstand means, in sentences.
pub fn obstacles(document: &Document, network: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    if document
        .of_kind("odhcpd")
        .any(|section| is_true(section, "maindhcp"))
    {
        sentences.push(
            "odhcpd is the main DHCP server (option maindhcp), so dnsmasq answers no DHCP request and no machine can boot \
             from this router; set dhcp.odhcpd.maindhcp=0."
                .to_owned(),
        );
    }
    let mut pools = document
        .of_kind("dhcp")
        .filter(|section| text(section, "interface") == Some(network))
        .peekable();
    if pools.peek().is_none() {
        sentences.push(format!(
            "dhcp has no pool for the network '{network}': its machines get no address and no boot file from this router."
        ));
    }
    for section in document.of_kind("dnsmasq") {
        if let Some(file) = text(section, "dhcp_boot") {
            sentences.push(format!(
                "dhcp.{0}.dhcp_boot is '{file}': every machine that no rule is for is told to boot that; if it is a \
                 leftover, run 'uci delete dhcp.{0}.dhcp_boot' and 'uci commit dhcp'.",
                section.name
            ));
        }
    }
    for pool in pools {
        if is_true(pool, "ignore") {
            sentences.push(format!(
                "dhcp.{}.ignore is on: dnsmasq gives neither addresses nor boot files on '{network}'.",
                pool.name
            ));
        } else if text(pool, "dhcpv4") == Some("disabled") {
            sentences.push(format!(
                "dhcp.{}.dhcpv4 is 'disabled': dnsmasq gives no addresses on '{network}'.",
                pool.name
            ));
        }
    }
    sentences
}

/// The option's text; a list counts as its first item.
pub fn text<'a>(section: &'a Section, option: &str) -> Option<&'a str> {
    match section.option(option)? {
        Value::Text(text) => Some(text),
        Value::List(items) => items.first().map(String::as_str),
    }
}

/// As the init script loops over lists: a text with blanks is a list too.
fn list<'a>(section: &'a Section, option: &str) -> Vec<&'a str> {
    match section.option(option) {
        Some(Value::Text(text)) => text.split_whitespace().collect(),
        Some(Value::List(items)) => items.iter().map(String::as_str).collect(),
        None => Vec::new(),
    }
}

/// As `config_get_bool` of OpenWrt's functions.sh reads it.
fn is_true(section: &Section, option: &str) -> bool {
    matches!(
        text(section, option),
        Some("1" | "on" | "true" | "yes" | "enabled")
    )
}
