//! What a template can name: the host, its profile, `main`, and this arm's token.
//!
//! Not its job: a machine's texts. What a stranger says about itself never reaches a template; only its card, its
//! architecture and its kind of firmware do, each one of a few known values.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use minijinja::value::{Serde, Value};
use serde::Serialize;

use crate::core::mac::Mac;
use crate::core::machine::{Architecture, Machine, Platform};
use crate::core::settings::{Account, Host, Profile, Settings, Sudo, host_bits};

/// Where the service is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Router {
    /// Address of the served interface.
    pub address: Ipv4Addr,
    /// TCP port of HTTP.
    pub port: u16,
}

impl Router {
    /// Base of every URL that kickstand gives out, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}:{}", self.address, self.port)
    }
}

/// Values of a template. Names are those of the UCI options.
#[derive(Debug, Clone, Serialize)]
pub struct Context {
    router: String,
    address: String,
    syslog: String,
    report_url: String,
    firmware: &'static str,
    arch: &'static str,
    debian_arch: &'static str,
    mirror: Option<String>,
    mirror_host: Option<String>,
    mirror_path: Option<String>,
    mac: String,
    token: String,
    ssh_host_key: Option<KeyValues>,
    window: u32,
    host: HostValues,
    profile: ProfileValues,
    accounts: Vec<AccountValues>,
    var: BTreeMap<String, String>,
    /// All of them as templates want them. Made once: a boot script is some ten templates of a line each.
    #[serde(skip)]
    made: OnceCell<Value>,
}

#[derive(Debug, Clone, Serialize)]
struct HostValues {
    name: String,
    hostname: String,
    macs: Vec<String>,
    disk: Option<String>,
    address: Option<String>,
    prefix: Option<u8>,
    netmask: Option<String>,
    gateway: Option<String>,
    address6: Option<String>,
    gateway6: Option<String>,
    dns: Vec<String>,
    device: Option<String>,
    bond: Option<String>,
    bond_ports: Vec<String>,
    bond_opts: Option<String>,
    packages: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
struct ProfileValues {
    name: String,
    title: String,
}

#[derive(Clone, Serialize)]
struct KeyValues {
    private: Vec<String>,
    public: String,
}

impl std::fmt::Debug for KeyValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.public)
    }
}

#[derive(Debug, Clone, Serialize)]
struct AccountValues {
    name: String,
    password_hash: Option<String>,
    ssh_keys: Vec<String>,
    gecos: String,
    sudo: &'static str,
}

impl Context {
    /// The values for a host. Of the machine, only its card, architecture and kind of firmware are used. For a preview,
    /// `token` is a word that nobody accepts.
    pub fn new(
        settings: &Settings,
        host: &Host,
        profile: &Profile,
        machine: &Machine,
        router: Router,
        token: &str,
    ) -> Self {
        let architecture = machine.architecture;
        let mut vars = profile.vars.clone();
        vars.extend(host.vars.clone());
        let mirror =
            (!profile.mirror.is_empty()).then(|| in_mirror(&profile.mirror, &router, architecture));
        let (mirror_host, mirror_path) = mirror.as_deref().and_then(host_and_path).unzip();
        Context {
            router: router.url(),
            address: router.address.to_string(),
            syslog: format!("{}:{}", router.address, settings.main.syslog_port),
            report_url: format!("{}/v1/report", router.url()),
            firmware: match machine.platform {
                Platform::Efi => "efi",
                Platform::PcBios => "bios",
            },
            arch: architecture.rpm(),
            debian_arch: architecture.debian(),
            mirror,
            mirror_host,
            mirror_path,
            mac: machine.mac.to_string(),
            token: token.to_owned(),
            ssh_host_key: None,
            window: settings.main.window,
            host: HostValues::new(host, profile),
            profile: ProfileValues {
                name: host.profile.clone(),
                title: profile.title.clone(),
            },
            accounts: settings.accounts.iter().map(AccountValues::new).collect(),
            var: vars,
            made: OnceCell::new(),
        }
    }
}

impl Context {
    /// With the SSH host key that the system is to have: lines of the private key's file, and the public key's line.
    pub fn with_host_key(self, private: Vec<String>, public: String) -> Self {
        Context {
            ssh_host_key: Some(KeyValues { private, public }),
            made: OnceCell::new(),
            ..self
        }
    }

    /// What a template is rendered with.
    pub(super) fn value(&self) -> Value {
        self.made.get_or_init(|| Value::from(Serde(self))).clone()
    }
}

/// A mirror may itself name the router and the architecture; nothing else is known at that point.
fn in_mirror(mirror: &str, router: &Router, architecture: Architecture) -> String {
    let marks = [
        ("router", router.url()),
        ("arch", architecture.rpm().to_owned()),
        ("debian_arch", architecture.debian().to_owned()),
    ];
    marks
        .iter()
        .fold(mirror.to_owned(), |mirror, (name, value)| {
            mirror
                .replace(&format!("{{{{ {name} }}}}"), value)
                .replace(&format!("{{{{{name}}}}}"), value)
        })
}

/// Both parts of a URL, as Debian's installer wants them: the host with its port, and the path with its slash.
fn host_and_path(url: &str) -> Option<(String, String)> {
    let (_, rest) = url.split_once("://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some((host.to_owned(), format!("/{path}")))
}

impl HostValues {
    fn new(host: &Host, profile: &Profile) -> Self {
        let network = &host.network;
        let mut packages = profile.packages.clone();
        packages.extend(
            host.packages
                .iter()
                .filter(|package| !profile.packages.contains(package))
                .cloned(),
        );
        HostValues {
            name: host.name.clone(),
            hostname: host.hostname.clone(),
            macs: host.macs.iter().map(Mac::to_string).collect(),
            disk: host.disk.clone(),
            address: network.address.map(|(address, _)| address.to_string()),
            prefix: network.address.map(|(_, prefix)| prefix),
            netmask: network
                .address
                .map(|(_, prefix)| netmask(prefix).to_string()),
            gateway: network.gateway.map(|gateway| gateway.to_string()),
            address6: network
                .address6
                .map(|(address, prefix)| format!("{address}/{prefix}")),
            gateway6: network.gateway6.map(|gateway| gateway.to_string()),
            dns: network.dns.iter().map(IpAddr::to_string).collect(),
            device: network.device.clone(),
            bond: network.bond.clone(),
            bond_ports: network.bond_ports.clone(),
            bond_opts: network.bond_opts.clone(),
            packages,
        }
    }
}

fn netmask(prefix: u8) -> Ipv4Addr {
    Ipv4Addr::from(!host_bits(prefix))
}

impl AccountValues {
    fn new(account: &Account) -> Self {
        AccountValues {
            name: account.name.clone(),
            password_hash: account.password_hash.clone(),
            ssh_keys: account.ssh_keys.clone(),
            gecos: account.gecos.clone(),
            sudo: match account.sudo {
                Sudo::No => "no",
                Sudo::Password => "password",
                Sudo::Nopasswd => "nopasswd",
            },
        }
    }
}

/// The names in a template's line that have no value, as in `host.disk`.
pub fn missing(line: &str, context: &Context) -> Vec<String> {
    let Ok(values) = serde_json::to_value(context) else {
        return Vec::new();
    };
    let mut missing: Vec<String> = Vec::new();
    for mark in marks(line) {
        for path in paths(mark) {
            let unset = path
                .split('.')
                .try_fold(&values, |value, name| value.get(name))
                .is_none_or(serde_json::Value::is_null);
            if unset && !missing.contains(&path) {
                missing.push(path);
            }
        }
    }
    missing
}

/// The insides of `{{ … }}` and `{% … %}`.
fn marks(line: &str) -> Vec<&str> {
    let mut marks = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let inside = &rest[start + 2..];
        let end = inside
            .find("}}")
            .into_iter()
            .chain(inside.find("%}"))
            .min()
            .unwrap_or(inside.len());
        marks.push(&inside[..end]);
        rest = &inside[end..];
    }
    marks
}

/// Dotted names in an expression, without filters, strings and Jinja's own words.
fn paths(expression: &str) -> Vec<String> {
    const WORDS: [&str; 15] = [
        "if",
        "elif",
        "else",
        "endif",
        "for",
        "in",
        "endfor",
        "is",
        "not",
        "and",
        "or",
        "set",
        "defined",
        "undefined",
        "include",
    ];
    let outside_strings: String = expression
        .split(['\'', '"'])
        .step_by(2)
        .collect::<Vec<_>>()
        .join(" ");
    let mut paths = Vec::new();
    let mut after_pipe = false;
    for word in outside_strings
        .split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
    {
        let name =
            word.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
        let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if named && !after_pipe && !WORDS.contains(&name) {
            paths.push(name.to_owned());
        }
        if named {
            after_pipe = false;
        }
        if word.ends_with('|') {
            after_pipe = true;
        }
    }
    paths
}
