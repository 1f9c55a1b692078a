//! A router to install packages on: a root of its own over this machine's, in a mount and a network namespace, with the real
//! uci, ubusd and kickstand.
//!
//! What opkg does is done here, in its order. Not its job: OpenWrt's shell functions (`rc.common` beside this file says what
//! stands in for them).

#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use kickstand_lab::network::Network;
use kickstand_lab::parts;
use kickstand_lab::process::{Running, wait_until};
use kickstand_lab::scratch::{Scratch, write_program};
use kickstand_lab::setup::Lab;

/// More than anything that is waited for takes, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);
/// Where the sources are.
pub const SOURCES: &str = env!("CARGO_MANIFEST_DIR");

/// What a package consists of.
#[derive(Debug, Clone)]
pub struct Package {
    /// Mode and bytes of each file, by its path on the router without the leading slash.
    pub files: BTreeMap<String, (u32, Vec<u8>)>,
    /// Bodies of the scripts, by name.
    pub scripts: BTreeMap<String, String>,
    pub conffiles: Vec<String>,
}

/// A block `define Package/kickstand/NAME` of the recipe, as the shell sees it.
pub fn block(name: &str) -> String {
    let path = Path::new(SOURCES).join("openwrt/kickstand/Makefile");
    let makefile = fs::read_to_string(path).expect("the recipe");
    let begin = format!("define Package/kickstand/{name}\n");
    let (_, rest) = makefile.split_once(&begin).expect("such a block");
    let (body, _) = rest.split_once("endef\n").expect("an end");
    body.replace("$$", "$")
}

/// All files below a folder, by their paths in it.
pub fn files_below(folder: &Path) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let inside = path.strip_prefix(folder).expect("it is below");
                files.insert(inside.to_string_lossy().into_owned(), path);
            }
        }
    }
    files
}

impl Package {
    /// The ipk that `KICKSTAND_IPK` in the environment names, made for this machine; without that, what the sources make.
    pub fn under_test(binary: &str) -> Self {
        match env::var_os("KICKSTAND_IPK") {
            Some(ipk) => Package::from_ipk(Path::new(&ipk)),
            None => Package::from_sources(binary),
        }
    }

    /// Unpacked by GNU tar, which is not what packed it.
    fn from_ipk(ipk: &Path) -> Self {
        let scratch = Scratch::new("ipk");
        let unpack = |archive: &Path, name: &str| {
            let folder = scratch.join(name);
            fs::create_dir(&folder).expect("a fresh folder");
            let mut tar = Command::new("tar");
            tar.arg("-xpzf").arg(archive).arg("-C").arg(&folder);
            assert!(
                tar.status().expect("tar").success(),
                "{}",
                archive.display()
            );
            folder
        };
        let outer = unpack(ipk, "outer");
        let data = unpack(&outer.join("data.tar.gz"), "data");
        let control = unpack(&outer.join("control.tar.gz"), "control");
        let text = |name: &str| fs::read_to_string(control.join(name)).expect(name);
        let file = |path: PathBuf| {
            let mode = fs::metadata(&path).expect("there").mode() & 0o7777;
            (mode, fs::read(path).expect("readable"))
        };
        let files = files_below(&data).into_iter();
        Package {
            files: files.map(|(name, path)| (name, file(path))).collect(),
            scripts: ["postinst", "prerm"]
                .map(|name| (name.to_owned(), text(&format!("{name}-pkg"))))
                .into(),
            conffiles: text("conffiles").lines().map(str::to_owned).collect(),
        }
    }

    /// As the sources make it, with the binary that was built for this machine.
    fn from_sources(binary: &str) -> Self {
        let mut files: BTreeMap<String, (u32, Vec<u8>)> =
            files_below(&Path::new(SOURCES).join("files/kickstand"))
                .into_iter()
                .map(|(name, path)| {
                    let runs = fs::metadata(&path).expect("there").mode() & 0o100 != 0;
                    let mode = if runs { 0o755 } else { 0o644 };
                    (name, (mode, fs::read(path).expect("readable")))
                })
                .collect();
        let program = fs::read(binary).expect("cargo has built it");
        files.insert("usr/sbin/kickstand".to_owned(), (0o755, program));
        Package {
            files,
            scripts: ["postinst", "prerm"]
                .map(|name| (name.to_owned(), block(name)))
                .into(),
            conffiles: block("conffiles").lines().map(str::to_owned).collect(),
        }
    }
}

/// `/etc/config/dhcp` of a router with a LAN.
pub const DHCP: &str = "
config dnsmasq

config dhcp 'lan'
\toption interface 'lan'
\toption start '100'
\toption limit '150'
";

/// The router. Everything is gone when it is dropped.
pub struct Router {
    // Before what they use. When the holder ends, all processes on the router do.
    broker: Option<Running>,
    holder: Running,
    _network: Network,
    _scratch: Scratch,
}

impl Router {
    /// A router with [`DHCP`] and the package of that binary, whose service answers.
    pub fn with_service(binary: &str) -> Self {
        let router = Router::new(DHCP);
        router.install(&Package::under_test(binary), None);
        router.answers();
        router
    }

    /// A router on which nothing of kickstand is, with that `/etc/config/dhcp`.
    pub fn new(dhcp: &str) -> Self {
        let lab = Lab::set_up().expect("the lab");
        let network = Network::new().expect("a namespace");
        let scratch = Scratch::new("package");
        for folder in ["ram", "root"] {
            fs::create_dir(scratch.join(folder)).expect("a fresh folder");
        }
        // What is written goes to RAM; this machine's own files are below and stay as they are.
        let script = format!(
            "set -e; cd '{}'; mount -t tmpfs tmpfs ram; mkdir ram/upper ram/work; \
             mount -t overlay overlay -o lowerdir=/,upperdir=ram/upper,workdir=ram/work root; \
             mount -t tmpfs tmpfs root/tmp; mount -t tmpfs -o mode=755 tmpfs root/run; mount --rbind /dev root/dev; \
             mount -t proc proc root/proc; mkdir root/lab; cp '{}' root/lab/busybox; touch root/lab/ready; \
             exec chroot root /lab/busybox ash -c 'sleep infinity & wait'",
            scratch.path().display(),
            lab.busybox().display()
        );
        let mut command = network.command("unshare");
        // Scripts look for processes by name, and must find their own.
        command.args(["--mount", "--propagation", "private"]);
        command.args(["--pid", "--fork", "--kill-child", "sh", "-c", &script]);
        let holder = Running::start(command.stdin(Stdio::null()));
        let mut router = Router {
            broker: None,
            holder,
            _network: network,
            _scratch: scratch,
        };
        let is_ready = wait_until(LIMIT, || router.path("lab/ready").exists());
        assert!(is_ready, "the root's file systems can be mounted");
        router.furnish(dhcp);
        router
    }

    fn furnish(&mut self, dhcp: &str) {
        for folder in ["etc/config", "etc/rc.d", "run/ubus", "var/lock", "www"] {
            fs::create_dir_all(self.path(folder)).expect("RAM");
        }
        for (name, file) in [("sbin/uci", parts::uci()), ("sbin/ubusd", parts::ubusd())] {
            fs::copy(file, self.path(name)).expect("RAM");
        }
        self.write("etc/config/dhcp", dhcp, 0o600);
        let network =
            "config interface 'lan'\n\toption proto 'static'\n\toption ipaddr '10.33.1.1/24'\n";
        self.write("etc/config/network", network, 0o644);
        self.write("etc/rc.common", include_str!("rc.common"), 0o755);
        self.write("etc/init.d/dnsmasq", include_str!("dnsmasq"), 0o755);
        let mut command = self.command("/sbin/ubusd");
        command.args(["-A", "/usr/share/acl.d", "-s", "/var/run/ubus/ubus.sock"]);
        self.broker = Some(Running::start(command.stdin(Stdio::null())));
        let is_there = wait_until(LIMIT, || self.path("run/ubus/ubus.sock").exists());
        assert!(is_there, "ubusd opens its socket");
    }

    /// Process 1 of the router, as the test sees it.
    fn first(&self) -> String {
        let holder = self.holder.id();
        let children = fs::read_to_string(format!("/proc/{holder}/task/{holder}/children"));
        children.unwrap_or_default().trim().to_owned()
    }

    /// Path, as the test sees it, of a file of the router.
    pub fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root/{name}", self.first()))
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>, mode: u32) {
        let path = self.path(name);
        if mode == 0o755 {
            return write_program(&path, content);
        }
        fs::create_dir_all(path.parent().expect("a folder")).expect("RAM");
        // A running program cannot be written to, only replaced.
        let _ = fs::remove_file(&path);
        fs::write(&path, content).expect("RAM");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("ours");
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Owner, group and permissions of a file.
    pub fn access(&self, name: &str) -> (u32, u32, u32) {
        let metadata = fs::symlink_metadata(self.path(name)).expect(name);
        (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777)
    }

    /// A command on the router.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.first(), "--mount", "--pid", "--net"]);
        command.args(["--root", "--wd"]);
        command.arg(program).env_clear();
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    /// Runs a line of busybox's shell on the router, and gives what it wrote.
    pub fn shell(&self, line: &str) -> Output {
        let mut command = self.command("/lab/busybox");
        command.args(["ash", "-c", line]).stdin(Stdio::null());
        command.output().expect("nsenter is part of util-linux")
    }

    /// As [`Router::shell`], for what must succeed.
    pub fn done(&self, line: &str) -> String {
        let output = self.shell(line);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{line}: {out}{err}");
        out
    }

    pub fn init(&self, action: &str) {
        self.done(&format!(
            "/lab/busybox ash /etc/rc.common /etc/init.d/kickstand {action}"
        ));
    }

    /// The process of the service, as the router counts, while it runs.
    pub fn service(&self) -> Option<u32> {
        let inside = fs::read_to_string(self.path("lab/kickstand.pid")).ok()?;
        let id = inside.trim().parse().ok()?;
        self.path(&format!("proc/{id}")).exists().then_some(id)
    }

    /// Waits until the service answers on ubus.
    pub fn answers(&self) {
        let answers = || self.shell("kickstand status").status.success();
        assert!(
            wait_until(LIMIT, answers),
            "{}",
            self.read("lab/kickstand.log")
        );
    }

    /// As opkg: an upgrade's prerm runs first; a configuration that the user changed stays; then the postinst with what
    /// base-files' default_postinst does around it.
    pub fn install(&self, package: &Package, shipped_before: Option<&Package>) {
        let upgrade = i32::from(shipped_before.is_some());
        if shipped_before.is_some() {
            self.leave(upgrade);
        }
        for (name, (mode, bytes)) in &package.files {
            let is_kept = package.conffiles.contains(&format!("/{name}"))
                && fs::read(self.path(name)).is_ok_and(|is| {
                    shipped_before
                        .and_then(|before| before.files.get(name))
                        .is_none_or(|file| file.1 != is)
                });
            if !is_kept {
                self.write(name, bytes, *mode);
            }
        }
        self.write("lab/prerm", &package.scripts["prerm"], 0o755);
        self.write("lab/postinst", &package.scripts["postinst"], 0o755);
        let user = "grep -q ^kickstand: /etc/passwd || { echo kickstand:x:8067: >>/etc/group; \
                    echo kickstand:x:8067:8067:kickstand:/var/run/kickstand:/bin/false >>/etc/passwd; }";
        self.done(user);
        self.done("for i in /etc/uci-defaults/*; do ( . $i ) && rm $i; done; uci commit");
        self.done(&format!(
            "export PKG_UPGRADE={upgrade}; ( . /lab/postinst )"
        ));
        if shipped_before.is_none() {
            self.init("enable");
        }
        self.init("start");
    }

    fn leave(&self, upgrade: i32) -> String {
        let said = self.done(&format!("export PKG_UPGRADE={upgrade}; ( . /lab/prerm )"));
        if upgrade == 0 {
            self.init("disable");
        }
        self.init("stop");
        said
    }

    /// As `opkg remove`: a configuration that the user changed stays. Gives what the user is told.
    pub fn remove(&self, package: &Package) -> String {
        let said = self.leave(0);
        for (name, (_, bytes)) in &package.files {
            let is_kept = package.conffiles.contains(&format!("/{name}"))
                && fs::read(self.path(name)).is_ok_and(|is| is != *bytes);
            if !is_kept {
                let _ = fs::remove_file(self.path(name));
            }
        }
        said
    }
}
