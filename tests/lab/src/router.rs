//! A stand-in for the router: a tree of its files, and the real programs that serve them on the lab's network.
//!
//! Not its job: what is in the configuration. Tests and the story write that.

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::dnsmasq_init::InitScript;
use crate::network::{Network, ROUTER};
use crate::parts;
use crate::process::{Context, Follower, Process, Result, run, wait_for};

/// The port of kickstand's HTTP service, its default.
pub const PORT: u16 = 8067;

/// How long a service may take until it listens. Two busy cores need a second at most.
const START_LIMIT: Duration = Duration::from_secs(15);

/// What dnsmasq says besides in the lab: OpenWrt's odhcpd would send router advertisements, and without them iPXE waits
/// 16 s at every boot.
const ROUTER_ADVERTISEMENTS: [&str; 2] = ["--enable-ra", "--dhcp-range=fd33:1::,ra-only,64"];

/// Files that the package installs.
const PACKAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../files/kickstand");

/// Folders that every OpenWrt router has, or that kickstand's package makes.
const FOLDERS: [&str; 12] = [
    "etc/config",
    "etc/init.d",
    "etc/kickstand",
    "proc/net",
    "sbin",
    "srv/tftp",
    "tmp/.uci",
    "var/run/kickstand",
    "var/run/ubus",
    "www/kickstand/answers",
    "www/kickstand/files",
    "log",
];

/// A router: its files and its running services. Dropping it ends the services.
#[derive(Debug)]
pub struct Router<'network> {
    network: &'network Network,
    tree: PathBuf,
    // Dropped in this order: nobody loses what it still talks to.
    kickstand: Option<Process>,
    listener: Option<Process>,
    web: Option<Process>,
    ubusd: Option<Process>,
    dnsmasq_log: Option<Follower>,
    dnsmasq: Option<InitScript>,
}

impl<'network> Router<'network> {
    /// A router with an empty configuration, whose root is `tree`.
    pub fn new(network: &'network Network, tree: &Path) -> Result<Self> {
        for folder in FOLDERS {
            let folder = tree.join(folder);
            fs::create_dir_all(&folder).context(format!("make {}", folder.display()))?;
        }
        // Read inside the namespace, this is the lab's neighbour table.
        let neighbours = tree.join("proc/net/arp");
        if !neighbours.exists() {
            symlink("/proc/net/arp", &neighbours)
                .context(format!("make {}", neighbours.display()))?;
        }
        Ok(Router {
            network,
            tree: tree.to_owned(),
            dnsmasq: None,
            dnsmasq_log: None,
            ubusd: None,
            kickstand: None,
            listener: None,
            web: None,
        })
    }

    /// The root of its files.
    pub fn tree(&self) -> &Path {
        &self.tree
    }

    /// Folder of what the machines fetch by TFTP, and by HTTP below /boot.
    pub fn tftp(&self) -> PathBuf {
        self.tree.join("srv/tftp")
    }

    /// Folder of what kickstand serves below /files.
    pub fn files(&self) -> PathBuf {
        self.tree.join("www/kickstand/files")
    }

    /// Writes a file of its configuration: `name` is that of the UCI package.
    pub fn configure(&self, name: &str, text: &str) -> Result<()> {
        let path = self.tree.join("etc/config").join(name);
        fs::write(&path, text).context(format!("write {}", path.display()))
    }

    /// Puts a file where the machines can fetch it, without taking its room twice where the file systems allow.
    pub fn offer(&self, file: &Path, to: &Path) -> Result<()> {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).context(format!("make {}", folder.display()))?;
        }
        let _ = fs::remove_file(to);
        if fs::hard_link(file, to).is_ok() {
            return Ok(());
        }
        let what = format!("copy {} to {}", file.display(), to.display());
        fs::copy(file, to).context(what).map(drop)
    }

    /// Starts dnsmasq on what `/etc/config/dhcp` says, with the stand-in for its init script and the real `uci`.
    /// `init_entry` is for [`InitScript::install`].
    pub fn start_dnsmasq(
        &mut self,
        init_entry: &str,
        on_line: impl FnMut(&str) + Send + 'static,
    ) -> Result<()> {
        let uci = parts::uci();
        let link = self.tree.join("sbin/uci");
        symlink(&uci, &link).context(format!("make {}", link.display()))?;
        let name = self.network.name();
        let init = InitScript::install(&self.tree, name, &uci, init_entry, &ROUTER_ADVERTISEMENTS);
        self.install_hotplug_scripts()?;
        init.tell_hotplug(&parts::ubus(), &self.ubus_socket());
        init.call("start");
        wait_for(START_LIMIT, "dnsmasq to start", || {
            init.log().contains("started, version")
        })?;
        self.dnsmasq_log = Some(Follower::new(&self.tree.join("lab/dnsmasq.log"), on_line));
        self.dnsmasq = Some(init);
        Ok(())
    }

    /// Puts the package's scripts for procd's hotplug where they belong.
    fn install_hotplug_scripts(&self) -> Result<()> {
        for kind in ["dhcp", "tftp"] {
            let name = format!("etc/hotplug.d/{kind}/50-kickstand");
            let to = self.tree.join(&name);
            let from = Path::new(PACKAGE).join(&name);
            let what = format!("copy {} to {}", from.display(), to.display());
            fs::create_dir_all(to.parent().unwrap_or(&to))
                .and_then(|()| fs::copy(&from, &to))
                .context(what)?;
        }
        Ok(())
    }

    /// Starts a real ubusd on the socket where the router's programs look for it.
    pub fn start_ubusd(&mut self, ubusd: &Path) -> Result<()> {
        self.ubusd = None;
        let socket = self.ubus_socket();
        let mut command = self.network.command(ubusd);
        command.arg("-s").arg(&socket);
        let process = Process::start("ubusd", &command, &self.log_path("ubusd"), |_| ())?;
        wait_for(START_LIMIT, "ubusd to listen", || socket.exists())?;
        self.ubusd = Some(process);
        Ok(())
    }

    /// ubusd's socket.
    pub fn ubus_socket(&self) -> PathBuf {
        self.tree.join("var/run/ubus/ubus.sock")
    }

    /// Starts `kickstand serve`, or starts it again, and waits until it listens.
    pub fn start_kickstand(
        &mut self,
        kickstand: &Path,
        on_line: impl FnMut(&str) + Send + 'static,
    ) -> Result<()> {
        self.kickstand = None;
        let mut command = self.kickstand_command(kickstand);
        command.args(["serve", "--verbose"]);
        let log = self.log_path("kickstand");
        let process = Process::start("kickstand", &command, &log, on_line)?;
        self.kickstand = Some(process);
        self.wait_for_port(PORT)
    }

    /// Ends kickstand as a power cut would: at once.
    pub fn stop_kickstand(&mut self) {
        self.kickstand = None;
    }

    /// Runs a command of kickstand on the router: `kickstand(binary, &["arm", "r220a"])`.
    pub fn kickstand(&self, kickstand: &Path, arguments: &[&str]) -> Result<String> {
        run(self.kickstand_command(kickstand).args(arguments))
    }

    /// What a service has said: `ubusd`, `kickstand` or `listener`.
    pub fn log(&self, service: &str) -> String {
        let bytes = fs::read(self.log_path(service)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Starts a web server with nothing to serve. It logs who asks for what: installed systems report here.
    pub fn start_listener(
        &mut self,
        busybox: &Path,
        port: u16,
        on_line: impl FnMut(&str) + Send + 'static,
    ) -> Result<()> {
        let mut command = self.network.command(busybox);
        let folder = self.tree.join("var/run");
        command.args([
            "httpd",
            "-f",
            "-vv",
            "-p",
            &format!("{ROUTER}:{port}"),
            "-h",
        ]);
        command.arg(folder);
        let log = self.log_path("listener");
        self.listener = Some(Process::start("the listener", &command, &log, on_line)?);
        self.wait_for_port(port)
    }

    /// Starts a web server on port 80 that serves /www, as uhttpd does: it follows links. It does not look at modes.
    pub fn start_web(&mut self, busybox: &Path) -> Result<()> {
        let mut command = self.network.command(busybox);
        command.args(["httpd", "-f", "-p", &format!("{ROUTER}:80"), "-h"]);
        command.arg(self.tree.join("www"));
        self.web = Some(Process::start(
            "the web server",
            &command,
            &self.log_path("web"),
            |_| (),
        )?);
        self.wait_for_port(80)
    }

    /// Changes a line of the committed `dhcp` and has dnsmasq run with it, as a user would.
    pub fn change_dhcp(&self, assignment: &str) -> Result<()> {
        let uci = || {
            let mut uci = Command::new(self.tree.join("sbin/uci"));
            uci.arg("-c").arg(self.tree.join("etc/config"));
            uci.arg("-t").arg(self.tree.join("tmp/.uci"));
            uci
        };
        run(uci().args(["set", &format!("dhcp.{assignment}")]))?;
        run(uci().args(["commit", "dhcp"]))?;
        run(Command::new(self.tree.join("etc/init.d/dnsmasq")).arg("reload")).map(drop)
    }

    fn kickstand_command(&self, kickstand: &Path) -> Command {
        let mut command = self.network.command(kickstand);
        command.arg("--root").arg(&self.tree);
        command
    }

    fn log_path(&self, service: &str) -> PathBuf {
        self.tree.join("log").join(format!("{service}.log"))
    }

    /// Waits until something listens on a port of the router: in the kernel's table, so that no connection disturbs it.
    fn wait_for_port(&self, port: u16) -> Result<()> {
        // proc(5): addresses are hexadecimal in the machine's byte order, and 0A is a listening socket.
        let octets = ROUTER.parse::<Ipv4Addr>().context("read an address")?;
        let address = format!("{:08X}:{port:04X}", u32::from_ne_bytes(octets.octets()));
        wait_for(START_LIMIT, &format!("port {port} of the router"), || {
            let table = run(self.network.command("cat").arg("/proc/net/tcp")).unwrap_or_default();
            table.lines().any(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                words.get(1).is_some_and(|local| {
                    *local == address || *local == format!("00000000:{port:04X}")
                }) && words.get(3) == Some(&"0A")
            })
        })
    }
}

/// Copies the logs of a router to a folder that outlives it.
pub fn keep_logs(tree: &Path, folder: &Path) -> Result<()> {
    // The stand-in init script keeps its own apart.
    let of_init = ["dnsmasq.log", "init.log"].map(|name| tree.join("lab").join(name));
    let of_services = fs::read_dir(tree.join("log")).context("list the logs")?;
    let paths = of_services
        .flatten()
        .map(|entry| entry.path())
        .chain(of_init);
    for path in paths.filter(|path| path.exists()) {
        let name = path.file_name().unwrap_or_default();
        let mut from = File::open(&path).context(format!("read {}", path.display()))?;
        let to = folder.join(name);
        let mut to = File::create(&to).context(format!("write {}", to.display()))?;
        std::io::copy(&mut from, &mut to).context("copy a log")?;
    }
    Ok(())
}
