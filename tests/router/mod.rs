//! A router below a folder: its configuration, the real `uci`, the stand-in init script with the real dnsmasq.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use kickstand::cli::apply::{Arguments, apply};
use kickstand::core::settings::{Host, HostNetwork, Install, Settings};
use kickstand::host::dnsmasq::Patience;
use kickstand::host::paths::Paths;
use kickstand_lab::dnsmasq_init::InitScript;
use kickstand_lab::netboot_client::Lan;
use kickstand_lab::parts;
use kickstand_lab::scratch::Scratch;

/// The file that OpenWrt 24.10 ships, comments and all.
pub const STOCK: &str = include_str!("dhcp.stock");

/// The seed's router: TFTP switched on in LuCI, with a boot file for everybody.
pub const SEED: &str = "
config dnsmasq
\toption domainneeded '1'
\toption enable_tftp '1'
\toption tftp_root '/root/tftp'
\toption dhcp_boot 'ipxe.efi'
\toption leasefile '/tmp/dhcp.leases'
\tlist server '8.8.8.8'
\tlist server '1.1.1.1'

config dhcp 'lan'
\toption interface 'lan'
\toption start '100'
\toption limit '150'
\toption leasetime '12h'
\tlist dhcp_option '6,10.33.1.1'

config host
\toption name 'printer'
\toption description 'it'\\''s in the hall'
\toption mac '00:11:22:33:44:55'
\toption ip '10.33.1.9'
";

/// Two instances, each bound to its network.
pub const TWO_INSTANCES: &str = "
config dnsmasq 'lan_dns'
\tlist interface 'lan'
\tlist notinterface 'loopback'
\toption tftp_no_fail '0'

config dnsmasq 'guest_dns'
\tlist interface 'guest'

config dhcp 'lan'
\toption instance 'lan_dns'
\toption interface 'lan'
\toption start '100'

config dhcp 'guest'
\toption instance 'guest_dns'
\toption interface 'guest'
\toption start '100'
";

/// Somebody who already boots machines with rules of their own.
pub const FOREIGN_RULES: &str = "
config dnsmasq
\toption authoritative '1'

config boot 'linux'
\toption filename 'pxelinux.0'
\toption serveraddress '10.33.1.77'
\toption servername 'pxe'

config match
\toption networkid 'efi64'
\toption match 'option:client-arch,7'

config boot
\toption filename 'grubx64.efi'
\toption networkid 'efi64'
\tlist dhcp_option '209,grub.cfg'

config dhcp 'lan'
\toption interface 'lan'
\toption start '100'
";

/// One network with a pool for guests on the same instance.
pub const GUESTS: &str = "
config dnsmasq

config dhcp 'lan'
\toption interface 'lan'
\toption start '100'

config dhcp 'guest'
\toption interface 'guest'
\toption start '100'
";

/// A router, started. Everything is gone when it is dropped.
pub struct Router {
    // Before the folder and the network that its processes use.
    pub init: InitScript,
    pub lan: Lan,
    pub root: Scratch,
    pub paths: Paths,
    pub settings: Settings,
}

impl Router {
    /// With this `/etc/config/dhcp`. `stand_in` names the test that acts as the init script.
    pub fn new(name: &str, dhcp: &str, stand_in: &str) -> Self {
        let lan = Lan::new(&["br-lan", "br-guest"]);
        let root = Scratch::new(name);
        root.write("etc/config/dhcp", dhcp);
        root.write("etc/config/network", NETWORK);
        root.write("etc/config/kickstand", "config kickstand 'main'\n");
        for folder in ["sbin", "www", "tmp", "var/run"] {
            fs::create_dir_all(root.join(folder)).expect("a fresh folder");
        }
        let uci = parts::uci();
        symlink(&uci, root.join("sbin/uci")).expect("a fresh folder");
        let init = InitScript::install(
            root.path(),
            lan.router(),
            &uci,
            &format!("--exact {stand_in} --nocapture"),
            &[],
        );
        init.call("start");
        let paths = Paths::new(root.path());
        Router {
            init,
            lan,
            root,
            paths,
            settings: Settings::default(),
        }
    }

    /// Boot files below `/srv/tftp`, each with its own name as content.
    pub fn boot_files(&self, names: &[&str]) -> &Self {
        for name in names {
            self.root.write(&format!("srv/tftp/{name}"), name);
        }
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn mode(&self, name: &str) -> u32 {
        let metadata = fs::symlink_metadata(self.path(name));
        let metadata = metadata.unwrap_or_else(|error| panic!("{name}: {error}"));
        metadata.permissions().mode() & 0o7777
    }

    /// Whether it went well, and everything that was said.
    pub fn run(&self, dry_run: bool, remove: bool) -> (bool, String) {
        self.run_with(Ok(&self.settings), dry_run, remove)
    }

    pub fn run_with(
        &self,
        settings: Result<&Settings, String>,
        dry_run: bool,
        remove: bool,
    ) -> (bool, String) {
        let arguments = Arguments {
            dry_run,
            remove,
            patience: PATIENCE,
        };
        let mut out = Vec::new();
        let result = apply(&self.paths, settings, &arguments, &mut out);
        let mut said = String::from_utf8(out).expect("all that is said is text");
        if let Err(sentence) = &result {
            said += sentence;
        }
        (result.is_ok(), said)
    }

    /// `apply`, which must go well.
    pub fn apply(&self) -> String {
        let (well, said) = self.run(false, false);
        assert!(well, "{said}");
        said
    }

    /// `apply --remove`, which must go well.
    pub fn remove(&self) -> String {
        let (well, said) = self.run(false, true);
        assert!(well, "{said}");
        said
    }

    /// The real `uci` with these words, and what it printed.
    pub fn uci(&self, words: &[&str]) -> String {
        let output = Command::new(parts::uci())
            .arg("-c")
            .arg(self.path("etc/config"))
            .arg("-t")
            .arg(self.path("tmp/.uci"))
            .args(words)
            .output()
            .expect("the real uci runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(complaint.is_empty(), "uci {words:?}: {complaint}");
        String::from_utf8(output.stdout).expect("the tests' files are text")
    }

    pub fn show(&self) -> String {
        self.uci(&["show", "dhcp"])
    }
}

/// The stand-in does not start what ended again, and starts at once: shorter than on a router.
const PATIENCE: Patience = Patience {
    between: Duration::from_millis(50),
    steady: Duration::from_millis(600),
    limit: Duration::from_secs(4),
};

const NETWORK: &str = "
config interface 'lan'
\toption device 'br-lan'
\toption proto 'static'
\toption ipaddr '10.33.1.1'
\toption netmask '255.255.255.0'

config interface 'guest'
\toption device 'br-guest'
\toption proto 'static'
\toption ipaddr '10.33.2.1'
\toption netmask '255.255.255.0'
";

/// Whether something is there, links that lead nowhere included.
pub fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

pub fn contains(text: &str, part: &str) {
    assert!(text.contains(part), "no {part:?} in:\n{text}");
}

/// A host that publishes its answer file.
pub fn host(name: &str, macs: &[&str]) -> Host {
    Host {
        name: name.to_owned(),
        macs: macs.iter().map(|mac| mac.parse().expect("valid")).collect(),
        hostname: name.to_owned(),
        profile: "almalinux9".to_owned(),
        disk: None,
        disk_serial: None,
        network: HostNetwork::default(),
        leave: None,
        install: Install::Manual,
        verify: None,
        allow: Vec::new(),
        groups: Vec::new(),
        publish: true,
        packages: Vec::new(),
        vars: BTreeMap::new(),
    }
}

/// Every file below the router's root but those of the lab, with mode and content.
pub fn everything(router: &Router) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![router.root.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = path.strip_prefix(router.root.path()).expect("below");
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("lab") || name.starts_with("var/run/kickstand-apply") {
                continue;
            }
            let metadata = fs::symlink_metadata(&path).expect("it is there");
            if metadata.is_dir() {
                folders.push(path.clone());
            }
            let content = if metadata.is_file() {
                fs::read(&path).expect("readable")
            } else {
                Vec::new()
            };
            found.insert(name, (metadata.permissions().mode(), content));
        }
    }
    found
}
