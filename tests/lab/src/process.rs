//! Commands, long-running processes, and waiting. What any part of the lab needs and none owns.
//!
//! Not its job: knowing any of the programs that it runs.

use std::fmt::{self, Display};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Between two looks: short enough not to be noticed in a test's time, long enough to cost no processor time.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Why the lab could not do something, as a sentence that names the file or the command. Nobody branches on it.
#[derive(Debug, Clone)]
pub struct Failure(String);

/// What most functions of the lab give back.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Failure(text.into())
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Says what was being done when an error came.
pub trait Context<T> {
    /// `text` is what was tried: "read /x/y".
    fn context(self, text: impl Display) -> Result<T>;
}

impl<T, E: Display> Context<T> for std::result::Result<T, E> {
    fn context(self, text: impl Display) -> Result<T> {
        self.map_err(|error| Failure(format!("{text}: {error}")))
    }
}

/// Runs a command to its end and gives its output; anything but success is a failure that quotes what it said.
pub fn run(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = command
        .stdin(Stdio::null())
        .output()
        .context(format!("start {shown}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure(format!(
        "{shown}: {}: {}",
        output.status,
        said.trim()
    )))
}

/// A command given as one line of words without quotes: `words("ip link show")`.
pub fn words(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

/// [`wait_until`] as a result: `what` completes "waited in vain for …".
pub fn wait_for(limit: Duration, what: &str, done: impl FnMut() -> bool) -> Result<()> {
    if wait_until(limit, done) {
        return Ok(());
    }
    Err(Failure(format!(
        "waited {} s in vain for {what}",
        limit.as_secs()
    )))
}

/// A child process that is killed, by its own id, and waited for when this value is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts a command.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Self {
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Running { child }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// The child itself, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again until `done` says yes. False if that takes longer than `limit`.
pub fn wait_until(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if done() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}

/// Whether a name is `prefix`, a process id and a hyphen, and that process is no more: the lab's names tell who made them.
pub(crate) fn owner_is_gone(name: &str, prefix: &str) -> bool {
    let owner = name
        .strip_prefix(prefix)
        .and_then(|rest| rest.split('-').next())
        .and_then(|owner| owner.parse::<u32>().ok());
    owner.is_some_and(|owner| !Path::new(&format!("/proc/{owner}")).exists())
}

/// A running program. Its output goes line by line to a file and to a callback; dropping it kills it by its own id.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts `command` with nothing to read. The kernel kills it when the thread that calls this is gone, so that a
    /// lab that was killed leaves no machine behind: start it from a thread that lives as long as the process should.
    /// (A program that drops privileges, as dnsmasq does, also drops this: see [`crate::network::Network::new`].)
    pub fn start(
        name: &str,
        command: &Command,
        log: &Path,
        mut on_line: impl FnMut(&str) + Send + 'static,
    ) -> Result<Self> {
        let (reader, writer) = std::io::pipe().context("make a pipe")?;
        let mut file = File::create(log).context(format!("write {}", log.display()))?;
        let mut bound = Command::new("setpriv");
        bound
            .args(["--pdeathsig", "KILL", "--"])
            .arg(command.get_program());
        bound.args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => bound.env(key, value),
                None => bound.env_remove(key),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            bound.current_dir(folder);
        }
        let errors = writer.try_clone().context("copy a pipe")?;
        let child = bound
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(errors)
            .spawn()
            .context(format!("start {name}"))?;
        // `bound` holds the pipe's other ends: the reader would never see the end of it.
        drop(bound);
        let reader = thread::spawn(move || {
            let mut reader = BufReader::new(reader);
            let mut bytes = Vec::new();
            while matches!(reader.read_until(b'\n', &mut bytes), Ok(count) if count > 0) {
                let _ = file.write_all(&bytes);
                on_line(String::from_utf8_lossy(&bytes).trim_end());
                bytes.clear();
            }
        });
        Ok(Process {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
            reader: Some(reader),
        })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything that it has said so far.
    pub fn log(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How it ended, or nothing while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end, for at most `limit`.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let what = format!("the end of {}", self.name);
        let mut status = None;
        wait_for(limit, &what, || {
            status = self.ended();
            status.is_some()
        })?;
        self.finish_reading();
        status.ok_or(Failure(what))
    }

    /// Ends it now.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.finish_reading();
    }

    /// Lets the reader take in the last lines. Not for ever: a child of the process may hold the pipe open.
    fn finish_reading(&mut self) {
        const LIMIT: Duration = Duration::from_secs(2);
        let Some(reader) = self.reader.take() else {
            return;
        };
        if wait_until(LIMIT, || reader.is_finished()) {
            let _ = reader.join();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Tells each line that is added to a file, until it is dropped.
#[derive(Debug)]
pub struct Follower {
    ended: Arc<AtomicBool>,
}

impl Follower {
    /// Follows the file at `path` from its beginning.
    pub fn new(path: &Path, mut on_line: impl FnMut(&str) + Send + 'static) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let (stop, path) = (Arc::clone(&ended), path.to_owned());
        thread::spawn(move || {
            let Ok(file) = File::open(path) else { return };
            let mut reader = BufReader::new(file);
            let mut bytes = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                match reader.read_until(b'\n', &mut bytes) {
                    Ok(count) if count > 0 && bytes.ends_with(b"\n") => {
                        on_line(String::from_utf8_lossy(&bytes).trim_end());
                        bytes.clear();
                    }
                    _ => thread::sleep(BETWEEN_LOOKS),
                }
            }
        });
        Follower { ended }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::sync::mpsc;

    #[test]
    fn every_line_reaches_the_callback_and_the_file() {
        let folder = Scratch::new("process");
        let (sender, lines) = mpsc::channel();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2"]);
        let log = folder.path().join("log");
        let mut process = Process::start("sh", &command, &log, move |line| {
            let _ = sender.send(line.to_owned());
        })
        .expect("starts");
        let status = process.wait(Duration::from_secs(10)).expect("ends");
        assert!(status.success());
        assert_eq!(lines.iter().collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(process.log(), "one\ntwo\n");
    }

    #[test]
    fn a_dropped_process_is_gone() {
        let folder = Scratch::new("process");
        let log = folder.path().join("log");
        let process = Process::start("sleep", &words("sleep 60"), &log, |_| ()).expect("starts");
        let entry = PathBuf::from(format!("/proc/{}", process.id()));
        assert!(entry.exists());
        drop(process);
        assert!(!entry.exists());
    }

    #[test]
    fn a_child_that_stays_behind_does_not_hold_up_the_end() {
        let folder = Scratch::new("process");
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 20 & wait"]);
        let log = folder.path().join("log");
        let process = Process::start("sh", &command, &log, |_| ()).expect("starts");
        let start = Instant::now();
        drop(process);
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_failed_command_is_quoted() {
        let failure = run(&mut words("ls /does-not-exist")).expect_err("fails");
        assert!(failure.to_string().contains("does-not-exist"));
    }
}
