//! Settings: what `/etc/config/kickstand` means, with every default filled in.
//!
//! Document → settings in one pass that reports all faults at once. Nothing after this module sees a raw option.
//! Not its job: the syntax of UCI ([`super::uci`]).

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::mac::Mac;
use super::release::Release;
use super::verify::Verify;
use super::webhook::Webhook;

mod check;
mod network;
mod read;
mod section;
mod webhook;

#[cfg(test)]
mod tests;

pub use check::{LONGEST_WINDOW, SHORTEST_WINDOW, download_url, sha256};
pub use read::read;

/// Everything that the user configured and that can be used, and what cannot be used, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// `config kickstand 'main'`.
    pub main: Main,
    /// Profiles without a fault, by section name.
    pub profiles: BTreeMap<String, Profile>,
    /// Hosts without a fault, by section name.
    pub hosts: BTreeMap<String, Host>,
    /// Every host section, usable or not, and whether it is set to `install 'once'`.
    pub configured: BTreeMap<String, bool>,
    /// Names of all sections, of whatever kind: a new one must have another.
    pub sections: BTreeSet<String>,
    /// Whose card a MAC is, among all host sections.
    pub macs: BTreeMap<Mac, String>,
    /// Accounts, in the order of the file.
    pub accounts: Vec<Account>,
    /// Whether an account has faults. No answer file is made then: an account left out could be the only one to log in with.
    pub accounts_faulty: bool,
    /// Webhooks without a fault, in the order of the file.
    pub webhooks: Vec<Webhook>,
    /// Everything that is wrong, in the order of the file.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Type and name of the section, as in `host 'r220a'`.
    pub section: String,
    /// The option, when one is to blame.
    pub option: Option<String>,
    /// The value that was found, when there is one.
    pub value: Option<String>,
    /// What is allowed, or what to do.
    pub message: String,
    /// Line in `/etc/config/kickstand`, from 1; 0 when no line is to blame.
    pub line: usize,
}

/// `config kickstand 'main'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Main {
    /// Whether anything is served at all.
    pub enabled: bool,
    /// Name of the network in `/etc/config/network` that is served.
    pub interface: String,
    /// TCP port of the HTTP service.
    pub port: u16,
    /// Folder with the boot files, absolute.
    pub tftp_root: String,
    /// Folder with `answers`, `files` and the users' own kickstarts, absolute.
    pub www: String,
    /// What a machine that is no host is told.
    pub unknown: Unknown,
    /// Seconds that an arm lives.
    pub window: u32,
    /// Installer starts allowed within one arm.
    pub attempts: u32,
    /// UDP port for the installers' logs.
    pub syslog_port: u16,
    /// Networks that may read status besides the router itself.
    pub allow: Vec<Network>,
    /// Boot file by architecture where the user chose one, relative to `tftp_root`.
    pub boot_files: BTreeMap<BootArchitecture, String>,
    /// Where iPXE's release archive is fetched from.
    pub boot_files_url: String,
    /// SHA-256 of the archive there, in lower case; without one, nothing is fetched from there.
    pub boot_files_sha256: Option<String>,
    /// Whether each installation gets an SSH host key that is known before the first login.
    pub ssh_host_keys: bool,
}

/// Architectures that have a boot file of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BootArchitecture {
    /// BIOS PCs (client architecture 0 of RFC 4578).
    Bios,
    /// 64-bit x86 UEFI (7, 9; 16 over HTTP).
    X86_64,
    /// 64-bit ARM UEFI (11; 19 over HTTP).
    Arm64,
}

impl BootArchitecture {
    /// As the options `boot_file_…` and the command line name it.
    pub fn word(self) -> &'static str {
        match self {
            BootArchitecture::Bios => "bios",
            BootArchitecture::X86_64 => "x86_64",
            BootArchitecture::Arm64 => "arm64",
        }
    }
}

/// An address range, as in `192.0.2.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Any address of the range.
    pub address: Ipv4Addr,
    /// Bits that must match, 0 to 32.
    pub prefix: u8,
}

/// The bits of an IPv4 address that tell machines of one network apart; `prefix` is 0 to 32.
pub fn host_bits(prefix: u8) -> u32 {
    u32::MAX.checked_shr(prefix.into()).unwrap_or(0)
}

impl Network {
    /// Whether an address lies in it.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        let host_bits = host_bits(self.prefix);
        u32::from(self.address) | host_bits == u32::from(address) | host_bits
    }
}

/// What a machine that is no host is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Ask again in a while: somebody may adopt it.
    Wait,
    /// Boot from your own disk.
    Local,
    /// Stop.
    Refuse,
}

/// `config profile`: an operating system to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// For people.
    pub title: String,
    /// Which answer file its installer reads.
    pub kind: AnswerKind,
    /// Release that its kickstart is checked as; without it, what its mirror and its title speak of.
    pub release: Option<Release>,
    /// Base URL, available as `{{ mirror }}`.
    pub mirror: String,
    /// Template of the kernel's URL.
    pub kernel: String,
    /// Templates of the initrds' URLs.
    pub initrd: Vec<String>,
    /// Templates of kernel arguments.
    pub arguments: Vec<String>,
    /// Name of the answer file's template.
    pub answer: String,
    /// What the installer adds to the minimum: `list package`.
    pub packages: Vec<String>,
    /// `list var 'name=value'`.
    pub vars: BTreeMap<String, String>,
}

/// Kind of answer file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// Anaconda.
    Kickstart,
    /// debian-installer.
    Preseed,
    /// Ubuntu's subiquity.
    Autoinstall,
    /// Anything that fetches a text.
    Script,
}

/// `config host`: a machine that the user configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Section name.
    pub name: String,
    /// Its network cards, at least one.
    pub macs: Vec<Mac>,
    /// Name that the installed system gets.
    pub hostname: String,
    /// Section name of its profile, which exists in [`Settings::profiles`].
    pub profile: String,
    /// The only disk that may be written, as an absolute path below `/dev`; without it, the only fixed disk there is.
    pub disk: Option<String>,
    /// Serial number of that disk: the installation of another one is refused.
    pub disk_serial: Option<String>,
    /// Addresses of the installed system; without one, DHCP.
    pub network: HostNetwork,
    /// How it leaves iPXE for its disk; without it, the way that suits its firmware.
    pub leave: Option<Leave>,
    /// Who arms it.
    pub install: Install,
    /// What must know the address that asks in its name; without it, the strictest that the network allows.
    pub verify: Option<Verify>,
    /// Networks that it may ask from; empty: any.
    pub allow: Vec<Network>,
    /// Whether its answer file is readable through uhttpd while it is armed.
    pub publish: bool,
    /// Groups of the inventory that it belongs to.
    pub groups: Vec<String>,
    /// `list package`, added to the profile's.
    pub packages: Vec<String>,
    /// `list var 'name=value'`, over the profile's.
    pub vars: BTreeMap<String, String>,
}

/// The installed system's network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostNetwork {
    /// Address and prefix length.
    pub address: Option<(Ipv4Addr, u8)>,
    /// Gateway.
    pub gateway: Option<Ipv4Addr>,
    /// IPv6 address and prefix length.
    pub address6: Option<(Ipv6Addr, u8)>,
    /// IPv6 gateway.
    pub gateway6: Option<Ipv6Addr>,
    /// Name servers, either family.
    pub dns: Vec<std::net::IpAddr>,
    /// Network card by kernel name, when there is no bond and the booting card is not meant.
    pub device: Option<String>,
    /// Name of the bond.
    pub bond: Option<String>,
    /// Kernel names of its ports.
    pub bond_ports: Vec<String>,
    /// Options of the bond, as the kernel words them.
    pub bond_opts: Option<String>,
}

/// How a machine leaves iPXE for its own disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// `exit`: back to the firmware, as a success.
    Exit,
    /// `exit 1`: back to the firmware, as a failure; UEFI then tries the next boot option.
    Exit1,
    /// `sanboot`: boot the first disk.
    Sanboot,
    /// Chain a small loader that the router serves.
    Chain,
}

/// Who arms a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Install {
    /// Only the user.
    Manual,
    /// By itself, the first time that it is seen.
    Once,
}

/// `config account`: put into every answer file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Login name: the section's name.
    pub name: String,
    /// crypt(3) hash.
    pub password_hash: Option<String>,
    /// Public keys.
    pub ssh_keys: Vec<String>,
    /// Full name.
    pub gecos: String,
    /// Whether it may become root.
    pub sudo: Sudo,
}

/// What an account may do as root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sudo {
    /// Nothing.
    No,
    /// Anything, after its password.
    Password,
    /// Anything, without a password.
    Nopasswd,
}

impl std::fmt::Display for Fault {
    /// `host 'r220a', option mac 'zz' (line 12): must be …`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.section)?;
        if let Some(option) = &self.option {
            write!(f, ", option {option}")?;
        }
        if let Some(value) = &self.value {
            write!(f, " '{}'", super::machine::clean(value))?;
        }
        if self.line > 0 {
            write!(f, " (line {})", self.line)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl Fault {
    /// Type and name of the section: `host 'r220a'` → `("host", "r220a")`.
    pub fn section_parts(&self) -> (&str, &str) {
        let (kind, name) = self.section.split_once(' ').unwrap_or((&self.section, ""));
        (kind, name.trim_matches('\''))
    }
}

impl Settings {
    /// The usable host that a user means: section name, hostname or MAC.
    pub fn find_host(&self, word: &str) -> Result<&Host, String> {
        if let Some(host) = self.hosts.get(word) {
            return Ok(host);
        }
        let by_mac = word
            .parse::<Mac>()
            .ok()
            .and_then(|mac| self.macs.get(&mac))
            .and_then(|name| self.hosts.get(name));
        if let Some(host) = by_mac {
            return Ok(host);
        }
        let named: Vec<&Host> = self
            .hosts
            .values()
            .filter(|host| host.hostname == word)
            .collect();
        match named.as_slice() {
            [host] => Ok(host),
            [] if self.configured.contains_key(word) => {
                let faults = self
                    .faults_of(word)
                    .map(|fault| fault.to_string())
                    .collect::<Vec<_>>()
                    .join("; ");
                Err(format!("host '{word}' cannot be used: {faults}"))
            }
            [] if self.hosts.is_empty() => Err(format!(
                "there is no host '{word}', and no other: add a `config host` section"
            )),
            [] => {
                let names = self
                    .hosts
                    .keys()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(", ");
                let names: String = names.chars().take(NAMES_SHOWN).collect();
                Err(format!("there is no host '{word}' (hosts: {names})"))
            }
            _ => Err(format!(
                "several hosts have the hostname '{word}': use the section's name"
            )),
        }
    }

    /// What is wrong with a host's section.
    pub fn faults_of<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Fault> {
        let section = format!("host '{name}'");
        self.faults
            .iter()
            .filter(move |fault| fault.section == section)
    }
}

/// Characters of the list of hosts in an error: enough for a dozen names, and one line of a terminal or two.
const NAMES_SHOWN: usize = 160;

/// iPXE 2.0.0 of March 2026, the first release with builds that Microsoft's key signs: 12,002,760 bytes.
pub const RELEASE_URL: &str =
    "https://github.com/ipxe/ipxe/releases/download/v2.0.0/ipxeboot.tar.gz";
/// Its SHA-256, as six public projects have pinned it (docs/verification.md).
const RELEASE_SHA256: &str = "01a526d4cc791fc30362259c609d6c506cc64a7bdff51b9a5eb788354e17eee1";

impl Default for Main {
    fn default() -> Self {
        Main {
            enabled: true,
            interface: "lan".to_owned(),
            port: 8067,
            tftp_root: "/srv/tftp".to_owned(),
            www: "/www/kickstand".to_owned(),
            unknown: Unknown::Wait,
            window: 7200,
            attempts: 2,
            syslog_port: 5140,
            allow: Vec::new(),
            boot_files: BTreeMap::new(),
            boot_files_url: RELEASE_URL.to_owned(),
            boot_files_sha256: Some(RELEASE_SHA256.to_owned()),
            ssh_host_keys: true,
        }
    }
}
