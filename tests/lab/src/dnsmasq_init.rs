//! Stands in for OpenWrt's dnsmasq.init: UCI's `dhcp` → dnsmasq.conf → a running dnsmasq. It cannot show procd (respawn,
//! debounce, triggers), the jail and its mounts, the user `dnsmasq`, DNS, DHCPv6 and router advertisements, the probe for
//! other DHCP servers, nor what the init script does with options that are not translated here.
//!
//! Translated: TFTP, `dhcp_boot`, `dhcp_option[_force]`, sections boot, match, userclass, vendorclass, mac, tag, host and
//! dhcp, each filtered by `option instance`, in the order in which the init script writes them.
//!
//! The script itself starts the test's own binary, which needs a test that calls [`act_if_asked`].

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

mod script;

pub use script::{InitScript, JSHN, act_if_asked};

/// A section as `uci show` prints it. Options of one value have one item.
struct Section {
    name: String,
    kind: String,
    options: BTreeMap<String, Vec<String>>,
}

impl Section {
    fn text(&self, option: &str) -> Option<String> {
        self.options.get(option).map(|items| items.join(" "))
    }

    fn list(&self, option: &str) -> &[String] {
        self.options.get(option).map_or(&[], Vec::as_slice)
    }

    fn is_on(&self, option: &str) -> bool {
        let text = self.text(option).unwrap_or_default();
        ["1", "on", "true", "yes", "enabled"].contains(&text.as_str())
    }
}

/// The sections of a package, read by the real `uci`.
fn sections(uci: &Path, root: &Path, package: &str) -> Vec<Section> {
    let output = Command::new(uci)
        .arg("-c")
        .arg(root.join("etc/config"))
        .args(["-X", "show", package])
        .output()
        .expect("the real uci runs");
    let mut sections: Vec<Section> = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let (path, value) = line.split_once('=').expect("uci show prints path=value");
        let mut parts = path.splitn(3, '.').skip(1);
        let name = parts.next().expect("a section").to_owned();
        match (parts.next(), sections.last_mut()) {
            (Some(option), Some(section)) => {
                let quoted = value.trim_matches('\'');
                let items = quoted.split("' '").map(|item| item.replace(r"'\''", "'"));
                section.options.insert(option.to_owned(), items.collect());
            }
            _ => sections.push(Section {
                name,
                kind: value.to_owned(),
                options: BTreeMap::new(),
            }),
        }
    }
    sections
}

/// dnsmasq.conf of every enabled instance, by the name of its section.
pub fn translate(uci: &Path, root: &Path) -> BTreeMap<String, String> {
    let dhcp = sections(uci, root, "dhcp");
    let network = sections(uci, root, "network");
    dhcp.iter()
        .filter(|section| section.kind == "dnsmasq" && !section.is_on("disabled"))
        .map(|instance| {
            let config = translate_instance(instance, &dhcp, &network, root);
            (instance.name.clone(), config)
        })
        .collect()
}

fn translate_instance(
    instance: &Section,
    dhcp: &[Section],
    network: &[Section],
    root: &Path,
) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (option, line) in [
        ("authoritative", "dhcp-authoritative"),
        ("logdhcp", "log-dhcp"),
        ("quietdhcp", "quiet-dhcp"),
        ("tftp_no_fail", "tftp-no-fail"),
    ] {
        if instance.is_on(option) {
            lines.push(line.to_owned());
        }
    }
    if let Some(tftp_root) = instance.text("tftp_root") {
        let below = root.join(tftp_root.trim_start_matches('/'));
        fs::create_dir_all(&below).expect("the init script makes tftp_root");
        if instance.is_on("enable_tftp") {
            lines.push("enable-tftp".to_owned());
        }
        lines.push(format!("tftp-root={}", below.display()));
    }
    for (option, line) in [
        ("interface", "interface"),
        ("notinterface", "except-interface"),
    ] {
        for network_name in instance.list(option) {
            lines.push(format!("{line}={}", device(network, network_name)));
        }
    }
    if let Some(boot) = instance.text("dhcp_boot") {
        lines.push(format!("dhcp-boot={boot}"));
    }
    options(instance, "", &mut lines);
    forced_options(instance, "", &mut lines);
    let here = |kind: &'static str| {
        dhcp.iter().filter(move |section| {
            let bound = section.text("instance");
            section.kind == kind && bound.is_none_or(|bound| bound == instance.name)
        })
    };
    here("host").for_each(|section| host(section, &mut lines));
    here("boot").for_each(|section| boot(section, &mut lines));
    for (kind, separator) in [
        ("mac", ""),
        ("tag", ""),
        ("vendorclass", "set:"),
        ("userclass", "set:"),
        ("match", "set:"),
    ] {
        here(kind).for_each(|section| client(section, separator, &mut lines));
    }
    here("dhcp").for_each(|section| pool(section, network, &mut lines));
    lines.join("\n") + "\n"
}

fn options(section: &Section, tag: &str, lines: &mut Vec<String>) {
    let force = if section.is_on("force") && section.kind != "dhcp" && section.kind != "mac" {
        "-force"
    } else {
        ""
    };
    let comma = if tag.is_empty() { "" } else { "," };
    for option in section.list("dhcp_option") {
        lines.push(format!("dhcp-option{force}={tag}{comma}{option}"));
    }
}

fn forced_options(section: &Section, tag: &str, lines: &mut Vec<String>) {
    let comma = if tag.is_empty() { "" } else { "," };
    for option in section.list("dhcp_option_force") {
        lines.push(format!("dhcp-option-force={tag}{comma}{option}"));
    }
}

fn boot(section: &Section, lines: &mut Vec<String>) {
    let tag = section.text("networkid");
    let Some(filename) = section.text("filename") else {
        return;
    };
    let name = section.text("servername");
    let address = section.text("serveraddress");
    if address.is_some() && name.is_none() {
        return;
    }
    let mut line = "dhcp-boot=".to_owned();
    if let Some(tag) = &tag {
        let _ = write!(line, "tag:{tag},");
    }
    line += &filename;
    for part in [name, address].into_iter().flatten() {
        let _ = write!(line, ",{part}");
    }
    lines.push(line);
    options(section, tag.as_deref().unwrap_or_default(), lines);
}

/// Sections that tell clients by something they send. A `mac` line is written without `set:`, a `tag` has no line at all.
fn client(section: &Section, set: &str, lines: &mut Vec<String>) {
    if section.kind == "tag" {
        let force = if section.is_on("force") { "-force" } else { "" };
        for option in section.list("dhcp_option") {
            lines.push(format!("dhcp-option{force}=tag:{},{option}", section.name));
        }
        return;
    }
    let (Some(tag), Some(value)) = (section.text("networkid"), section.text(&section.kind)) else {
        return;
    };
    lines.push(format!("dhcp-{}={set}{tag},{value}", section.kind));
    options(section, &tag, lines);
}

fn host(section: &Section, lines: &mut Vec<String>) {
    let (ip, name) = (section.text("ip"), section.text("name"));
    let Some(mac) = section
        .text("mac")
        .filter(|_| ip.is_some() || name.is_some())
    else {
        return;
    };
    let mut line = format!("dhcp-host={}", mac.replace(' ', ","));
    if let Some(tag) = section.text("networkid") {
        let _ = write!(line, ",set:{tag}");
    }
    for tag in section.list("tag") {
        let _ = write!(line, ",set:{tag}");
    }
    for part in [ip, name, section.text("leasetime")].into_iter().flatten() {
        let _ = write!(line, ",{part}");
    }
    lines.push(line);
}

fn pool(section: &Section, network: &[Section], lines: &mut Vec<String>) {
    let Some(name) = section.text("interface") else {
        return;
    };
    if section.is_on("ignore") {
        lines.push(format!("no-dhcp-interface={}", device(network, &name)));
        return;
    }
    let interface = network.iter().find(|section| section.name == name);
    let Some(address) = interface.and_then(|section| section.text("ipaddr")) else {
        return;
    };
    let address: Ipv4Addr = address.parse().expect("the test's network has an address");
    // Every network of the lab is a /24.
    let [a, b, c, _] = address.octets();
    let number = |option: &str, otherwise: u32| -> u32 {
        let text = section.text(option);
        text.map_or(otherwise, |text| text.parse().expect("a number"))
    };
    let first = number("start", 100);
    let last = (first + number("limit", 150) - 1).min(254);
    let tag = section.text("networkid").unwrap_or(name);
    let lease = section.text("leasetime").unwrap_or("12h".to_owned());
    lines.push(format!(
        "dhcp-range=set:{tag},{a}.{b}.{c}.{first},{a}.{b}.{c}.{last},255.255.255.0,{lease}"
    ));
    options(section, &tag, lines);
    forced_options(section, &tag, lines);
}

fn device(network: &[Section], name: &str) -> String {
    let section = network.iter().find(|section| section.name == name);
    let device = section.and_then(|section| section.text("device"));
    device.unwrap_or_else(|| name.to_owned())
}
