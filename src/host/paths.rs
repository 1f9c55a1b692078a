//! Where things lie on the router, below a root that is `/` in service and a tree of files in a test.

use std::path::{Path, PathBuf};

/// All paths that kickstand knows by itself.
#[derive(Debug, Clone)]
pub struct Paths {
    root: PathBuf,
}

impl Paths {
    /// Paths below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Paths { root: root.into() }
    }

    /// A path that the user configured, absolute on the router.
    pub fn below_root(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.trim_start_matches('/'))
    }

    /// Folder of UCI's files.
    pub fn config(&self) -> PathBuf {
        self.below_root("etc/config")
    }

    /// Folder in which UCI keeps changes that nobody has committed.
    pub fn uci_staged(&self) -> PathBuf {
        self.below_root("tmp/.uci")
    }

    /// The command that reads and writes UCI.
    pub fn uci_command(&self) -> PathBuf {
        self.below_root("sbin/uci")
    }

    /// OpenWrt's own downloader.
    pub fn fetch_command(&self) -> PathBuf {
        self.below_root("bin/uclient-fetch")
    }

    /// Folder in which `kickstand apply` stages its own changes, away from other people's. In RAM, root's alone.
    pub fn apply(&self) -> PathBuf {
        self.below_root("var/run/kickstand-apply")
    }

    /// What the last `kickstand apply` failed of. In the service's own folder, which it can read.
    pub fn failed_apply(&self) -> PathBuf {
        self.run().join("apply.failed")
    }

    /// `dhcp` as it was before changes that are not yet known to suit dnsmasq.
    pub fn unproven(&self) -> PathBuf {
        self.apply().join("dhcp.before")
    }

    /// Answer files that uhttpd may serve while their host is armed.
    pub fn published(&self) -> PathBuf {
        self.run().join("published")
    }

    /// uhttpd's folder.
    pub fn document_root(&self) -> PathBuf {
        self.below_root("www")
    }

    /// Groups of the system, group(5).
    pub fn group(&self) -> PathBuf {
        self.below_root("etc/group")
    }

    /// Users of the system, passwd(5).
    pub fn users(&self) -> PathBuf {
        self.below_root("etc/passwd")
    }

    /// dnsmasq's init script.
    pub fn dnsmasq_init(&self) -> PathBuf {
        self.below_root("etc/init.d/dnsmasq")
    }

    /// dnsmasq's leases, where OpenWrt has them (`leasefile` in /etc/config/dhcp, as it comes).
    pub fn leases(&self) -> PathBuf {
        self.below_root("tmp/dhcp.leases")
    }

    /// What must survive a power cut. On flash.
    pub fn state(&self) -> PathBuf {
        self.below_root("etc/kickstand/state.json")
    }

    /// What hosts have, as they reported it: one file per host. On flash.
    pub fn hardware(&self) -> PathBuf {
        self.below_root("etc/kickstand/hardware")
    }

    /// Answer files as they were served last, without secrets. On flash.
    pub fn served(&self) -> PathBuf {
        self.below_root("etc/kickstand/served")
    }

    /// What must not survive a restart of the router. In RAM.
    pub fn run(&self) -> PathBuf {
        self.below_root("var/run/kickstand")
    }

    /// ubusd's socket.
    pub fn ubus_socket(&self) -> PathBuf {
        self.below_root("var/run/ubus/ubus.sock")
    }

    /// A file of proc(5). A tree of files in a test need not have it: the machine's own is taken then.
    pub fn proc(&self, name: &str) -> PathBuf {
        let below = self.below_root("proc").join(name);
        if below.exists() {
            below
        } else {
            Path::new("/proc").join(name)
        }
    }

    /// The root itself.
    pub fn root(&self) -> &Path {
        &self.root
    }
}
