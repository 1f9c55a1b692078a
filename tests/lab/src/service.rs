//! The real binary as a running service, in a tree of files: its ubus broker, its clock and its neighbours are the test's.
//!
//! The time that the service sees stands still until a test moves it.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::http::{Reply, exchange};
use crate::parts;
use crate::process::{Running, wait_until};
use crate::scratch::Scratch;

/// More than anything that is waited for takes, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);
/// The router, as machines see it.
pub const ROUTER: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// A router with a service on it.
pub struct Service {
    tree: Scratch,
    binary: PathBuf,
    port: u16,
    syslog_port: u16,
    broker: Option<Running>,
    running: Option<Running>,
    runner: Runner,
}

/// What starts the binary when it is for another processor or another time: an emulator with its options, and variables.
#[derive(Debug, Clone, Default)]
pub struct Runner {
    /// Command and options that go before the binary; none: it is started itself.
    pub words: Vec<String>,
    /// Environment variables.
    pub environment: Vec<(String, String)>,
}

impl Runner {
    /// A command that runs the binary, without its arguments.
    pub fn command(&self, binary: &Path) -> Command {
        let mut command = match self.words.split_first() {
            Some((program, options)) => {
                let mut command = Command::new(program);
                command.args(options).arg(binary);
                command
            }
            None => Command::new(binary),
        };
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Service {
    /// A router with that `/etc/config/kickstand` (`PORT` stands for a free port), and the service, which answers already.
    pub fn new(binary: &str, config: &str) -> Self {
        let mut service = Service::stopped(binary, config);
        service.start();
        service
    }

    /// As [`Service::new`], with the service not yet started.
    pub fn stopped(binary: &str, config: &str) -> Self {
        let tree = Scratch::new("service");
        let port = free_port();
        tree.write(
            "etc/config/network",
            format!("config interface 'lan'\n\toption ipaddr '{ROUTER}/8'\n"),
        );
        tree.write("proc/uptime", "1000.00 1.00\n");
        tree.write("proc/stat", "btime 1800000000\n");
        tree.write("proc/sys/kernel/random/boot_id", "first start\n");
        tree.write(
            "proc/net/arp",
            "IP address HW type Flags HW address Mask Device\n",
        );
        for folder in ["sbin", "var/run/ubus", "tmp/.uci", "www"] {
            fs::create_dir_all(tree.join(folder)).expect("the tree was just made");
        }
        symlink(parts::uci(), tree.join("sbin/uci")).expect("the tree was just made");
        let mut service = Service {
            tree,
            binary: binary.into(),
            port,
            syslog_port: free_port(),
            broker: None,
            running: None,
            runner: Runner::default(),
        };
        service.start_broker();
        service.commit(config);
        service
    }

    /// Starts the ubus broker and waits until it accepts.
    pub fn start_broker(&mut self) {
        let socket = self.socket();
        let mut ubusd = Command::new(parts::ubusd());
        ubusd.arg("-s").arg(&socket).stderr(Stdio::null());
        self.broker = Some(Running::start(&mut ubusd));
        assert!(
            wait_until(LIMIT, || UnixStream::connect(&socket).is_ok()),
            "the broker does not start"
        );
    }

    /// Kills the ubus broker as a crash would.
    pub fn kill_broker(&mut self) {
        self.broker = None;
        let _ = fs::remove_file(self.socket());
    }

    /// The ubus broker's socket.
    pub fn socket(&self) -> PathBuf {
        self.tree.join("var/run/ubus/ubus.sock")
    }

    /// Process id of the service.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn id(&self) -> u32 {
        self.running.as_ref().expect("it runs").id()
    }

    /// From now on, service and commands are started by that.
    pub fn run_by(&mut self, runner: Runner) {
        self.runner = runner;
    }

    /// The router's files.
    pub fn tree(&self) -> &Scratch {
        &self.tree
    }

    /// The port that `PORT` stands for.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port to which installers send their logs, by UDP and by TCP.
    pub fn syslog_port(&self) -> u16 {
        self.syslog_port
    }

    /// Takes another port for the configurations that follow.
    pub fn take_port(&mut self) {
        self.port = free_port();
    }

    /// Writes `/etc/config/kickstand` as `uci commit` does: in one step, as a new file.
    pub fn commit(&self, config: &str) {
        // In the same line, so that a test can count the lines of its own text.
        let both = format!(
            "option port 'PORT'; option syslog_port '{}'",
            self.syslog_port
        );
        let text = config
            .replace("option port 'PORT'", &both)
            .replace("PORT", &self.port.to_string());
        let new = self.tree.write("etc/config/kickstand.new", text);
        fs::rename(new, self.tree.join("etc/config/kickstand")).expect("the folder is there");
    }

    /// Starts the service and waits until it answers, on HTTP and on ubus.
    pub fn start(&mut self) {
        self.spawn();
        let answers =
            || self.get(ROUTER, "/healthz").is_ok() && self.kickstand(&["status"]).status.success();
        assert!(
            wait_until(LIMIT, answers),
            "the service does not answer:\n{}",
            self.log()
        );
    }

    /// Starts the service.
    pub fn spawn(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.tree.join("log"))
            .expect("the tree can be written");
        let mut command = self.command(&["serve"]);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the tree can be written"))
            .stderr(log);
        self.running = Some(Running::start(&mut command));
    }

    /// Kills the service as a crash would.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Kills the service and starts it again.
    pub fn crash(&mut self) {
        self.kill();
        self.start();
    }

    /// Kills the service and starts the router again: what was in RAM is gone, and its clock begins anew.
    pub fn restart_router(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(self.tree.join("var/run/kickstand"));
        self.tree
            .write("proc/sys/kernel/random/boot_id", "another start\n");
        self.set_uptime(20);
        self.start();
    }

    /// Sends the service a signal by its name, as in `HUP`.
    pub fn signal(&self, name: &str) {
        let id = self.id();
        let sent = Command::new("kill")
            .args(["-s", name, &id.to_string()])
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "kill -s {name} {id}"
        );
    }

    /// Waits for the service to end by itself.
    pub fn ends(&mut self) -> bool {
        let Some(running) = &mut self.running else {
            return true;
        };
        wait_until(LIMIT, || running.has_ended())
    }

    /// What the service wrote to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.tree.join("log")).unwrap_or_default()
    }

    /// Seconds since the router started, from now on.
    pub fn set_uptime(&self, seconds: u64) {
        let file = self
            .tree
            .write("proc/uptime.new", format!("{seconds}.00 1.00\n"));
        fs::rename(file, self.tree.join("proc/uptime")).expect("the folder is there");
    }

    /// The router's neighbour table, from now on.
    pub fn set_neighbours(&self, neighbours: &[(Ipv4Addr, &str)]) {
        let mut table = "IP address HW type Flags HW address Mask Device\n".to_owned();
        for (address, card) in neighbours {
            table += &format!("{address} 0x1 0x2 {card} * br-lan\n");
        }
        self.tree.write("proc/net/arp", table);
    }

    /// Sends a request as it stands.
    ///
    /// # Errors
    ///
    /// When nobody listens, or nothing comes back.
    pub fn exchange(&self, from: Ipv4Addr, request: &[u8]) -> io::Result<Reply> {
        exchange(from, SocketAddrV4::new(ROUTER, self.port), request)
    }

    /// GET.
    ///
    /// # Errors
    ///
    /// As for [`Service::exchange`].
    pub fn get(&self, from: Ipv4Addr, target: &str) -> io::Result<Reply> {
        self.send(from, "GET", target, &[], "")
    }

    /// Any request.
    ///
    /// # Errors
    ///
    /// As for [`Service::exchange`].
    pub fn send(
        &self,
        from: Ipv4Addr,
        method: &str,
        target: &str,
        headers: &[&str],
        body: &str,
    ) -> io::Result<Reply> {
        let mut request =
            format!("{method} {target} HTTP/1.1\r\nHost: {ROUTER}\r\nConnection: close\r\n");
        for header in headers {
            request += &format!("{header}\r\n");
        }
        if !body.is_empty() {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        self.exchange(from, format!("{request}\r\n{body}").as_bytes())
    }

    /// A command of the CLI, not yet run.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.runner.command(&self.binary);
        command.arg("--root").arg(self.tree.path()).args(words);
        command
    }

    /// Runs a command of the CLI to its end.
    pub fn kickstand(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the binary starts")
    }

    /// Path of a file on the router.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.tree.join(name)
    }
}

/// A port of the loopback that nobody listens on, and that no other test of this process is given.
///
/// Below the range from which the kernel takes ports by itself (32768 on): one that it gave away and took back may be
/// another test's a moment later.
pub fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 22_000;
    // Far apart for processes that run at the same time.
    const STRIDE: u32 = 97;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = process::id()
            .wrapping_mul(STRIDE)
            .wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + number % COUNT).expect("the range ends below 65536");
        if TcpListener::bind((ROUTER, port)).is_ok() {
            return port;
        }
    }
}
