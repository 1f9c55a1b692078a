//! A broker, a provider and a folder for their socket.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use kickstand::host::ubus::{ArgumentKind, CallError, MethodSpec, Notifier, Provider, Right, call};
use kickstand_lab::parts;
use kickstand_lab::process::{Running, wait_until};
use kickstand_lab::scratch::Scratch;
use serde_json::{Value, json};
use tokio::sync::oneshot;

pub const OBJECT: &str = "kickstand-test";

const METHODS: &[MethodSpec] = &[
    MethodSpec {
        name: "echo",
        arguments: &[],
        right: Right::Read,
    },
    MethodSpec {
        name: "fill",
        arguments: &[("bytes", ArgumentKind::Integer)],
        right: Right::Read,
    },
    MethodSpec {
        name: "arm",
        arguments: &[
            ("host", ArgumentKind::Text),
            ("window", ArgumentKind::Integer),
            ("force", ArgumentKind::Flag),
            ("names", ArgumentKind::List),
            ("options", ArgumentKind::Table),
        ],
        right: Right::Write,
    },
];

/// More than the longest pause between two attempts to connect.
pub const LIMIT: Duration = Duration::from_secs(15);

/// A folder with a socket of a broker.
pub struct Place {
    scratch: Scratch,
}

impl Place {
    pub fn new() -> Self {
        listen_to_log();
        Place {
            scratch: Scratch::new("ubus"),
        }
    }

    pub fn socket(&self) -> PathBuf {
        self.scratch.join("ubus.sock")
    }

    /// Starts a broker and waits until it accepts.
    pub fn broker(&self) -> Running {
        let mut command = Command::new(parts::ubusd());
        command.arg("-s").arg(self.socket());
        let broker = Running::start(command.stderr(Stdio::null()));
        let accepts = || UnixStream::connect(self.socket()).is_ok();
        assert!(wait_until(LIMIT, accepts), "the broker does not start");
        broker
    }

    /// A provider on a thread of its own, as `kickstand serve` has one.
    pub fn provider(&self) -> Provided {
        Provided::start(self.socket())
    }

    pub fn call(&self, method: &str, arguments: Value) -> Result<Value, CallError> {
        call(&self.socket(), OBJECT, method, &arguments)
    }

    pub fn echoes(&self) -> bool {
        self.call("echo", json!({})).is_ok()
    }

    pub fn wait_for_provider(&self) {
        assert!(wait_until(LIMIT, || self.echoes()), "no provider");
    }
}

/// A running provider; stopped when dropped.
pub struct Provided {
    pub notifier: Notifier,
    /// The thread's number, for its entry in /proc.
    task: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Provided {
    fn start(socket: PathBuf) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (started, start) = mpsc::channel();
        let thread = thread::spawn(move || {
            let (provider, notifier) = Provider::new(socket, OBJECT, METHODS);
            let task = fs::read_link("/proc/thread-self").expect("/proc is mounted");
            started.send((notifier, task)).expect("the test waits");
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime can be made");
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    never = provider.run(handle) => match never {},
                }
            });
        });
        let (notifier, task) = start.recv().expect("the thread starts");
        let task = task.file_name().expect("ends in the thread's number");
        Provided {
            notifier,
            task: task.to_string_lossy().into_owned(),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// How often the thread has gone to sleep so far.
    pub fn sleeps(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/self/task/{}/status", self.task))
            .expect("the thread runs");
        status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))
            .and_then(|count| count.trim().parse().ok())
            .expect("the kernel counts")
    }
}

impl Drop for Provided {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been printed already.
            let _ = thread.join();
        }
    }
}

fn handle(method: &str, arguments: Value) -> Value {
    match method {
        "echo" => arguments,
        "fill" => json!({"text": "x".repeat(arguments["bytes"].as_u64().unwrap_or(0) as usize)}),
        _ => json!({"method": method, "arguments": arguments}),
    }
}

/// What was logged, by all tests of this process.
fn logged() -> &'static Mutex<Vec<String>> {
    static LINES: OnceLock<Mutex<Vec<String>>> = OnceLock::new();
    LINES.get_or_init(Mutex::default)
}

fn listen_to_log() {
    struct Listener;
    impl log::Log for Listener {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &log::Record<'_>) {
            let line = format!("{}: {}", record.level(), record.args());
            logged().lock().expect("nobody panics here").push(line);
        }
        fn flush(&self) {}
    }
    // Another test may have set it already.
    let _ = log::set_logger(&Listener);
    log::set_max_level(log::LevelFilter::Info);
}

/// Everything that was logged so far.
pub fn log_lines() -> Vec<String> {
    logged().lock().expect("nobody panics here").clone()
}

/// The warnings that name a socket.
pub fn warnings_about(path: &Path) -> Vec<String> {
    let path = path.display().to_string();
    let mut lines = log_lines();
    lines.retain(|line| line.starts_with("WARN") && line.contains(&path));
    lines
}
