//! Runs the router's `uci` on one package: looks for what others have staged, stages, reads back, commits.
//!
//! Our changes are staged in a folder of our own, so reverting them never touches anybody else's, and a run that was
//! killed leaves nothing that looks like the user's unsaved work.
//!
//! Not its job: what to change ([`crate::core::dnsmasq`]).

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::core::uci::{self, Document};

use super::paths::Paths;

/// The `uci` command on one package.
#[derive(Debug)]
pub struct UciCommand {
    program: PathBuf,
    config: PathBuf,
    everybodys: PathBuf,
    ours: PathBuf,
    package: &'static str,
    lock: Option<File>,
}

impl UciCommand {
    /// For that package below the root of `paths`.
    pub fn new(paths: &Paths, package: &'static str) -> Self {
        UciCommand {
            program: paths.uci_command(),
            config: paths.config(),
            everybodys: paths.uci_staged(),
            ours: paths.apply().join("uci"),
            package,
            lock: None,
        }
    }

    /// The same, and every `uci` that it starts shares this lock: when this process is killed, the next one waits until what
    /// it started has ended too.
    pub fn holding(self, lock: Option<File>) -> Self {
        UciCommand { lock, ..self }
    }

    /// The committed file, as bytes and as a document.
    ///
    /// # Errors
    ///
    /// One sentence, when it cannot be read or is not UCI.
    pub fn read(&self) -> Result<(Vec<u8>, Document), String> {
        let path = self.config.join(self.package);
        let text = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!(
                "There is no {}: install the package again that it comes with.",
                path.display()
            ),
            _ => format!("{} cannot be read: {error}.", path.display()),
        })?;
        let document = uci::parse(&text).map_err(|error| {
            format!(
                "{}, line {}: {}; uci cannot read it either, so correct it first.",
                path.display(),
                error.line,
                error.reason
            )
        })?;
        Ok((text, document))
    }

    /// Changes that others have staged and not committed, as `uci changes` prints them.
    ///
    /// # Errors
    ///
    /// One sentence, when `uci` does not run.
    pub fn staged_by_others(&self) -> Result<String, String> {
        let mut command = self.command();
        command.arg("-t").arg(&self.everybodys);
        let output = self.finished(command.args(["changes", self.package]).output())?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Stages a batch. What `uci` complained about comes back, since its exit code does not tell.
    ///
    /// # Errors
    ///
    /// One sentence, when `uci` does not run.
    pub fn stage(&self, batch: &str) -> Result<String, String> {
        self.revert()?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.ours)
            .map_err(|error| format!("{} cannot be made: {error}.", self.ours.display()))?;
        let input = self.ours.with_extension("batch");
        fs::write(&input, batch)
            .map_err(|error| format!("{} cannot be written: {error}.", input.display()))?;
        let mut command = self.staging_command();
        command.arg("-f").arg(&input).arg("batch");
        let output = self.finished(command.output());
        let _ = fs::remove_file(&input);
        let output = output?;
        Ok(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }

    /// The package with what is staged, as `uci` itself sees it.
    ///
    /// # Errors
    ///
    /// One sentence, when `uci` does not run or prints what is not UCI.
    pub fn read_staged(&self) -> Result<Document, String> {
        let mut command = self.staging_command();
        let output = self.finished(command.args(["export", self.package]).output())?;
        uci::parse(&output.stdout).map_err(|error| {
            format!(
                "uci export {} printed no UCI: {}.",
                self.package, error.reason
            )
        })
    }

    /// Commits what [`Self::stage`] staged.
    ///
    /// # Errors
    ///
    /// One sentence, when `uci` fails.
    pub fn commit(&self) -> Result<(), String> {
        let mut command = self.staging_command();
        let output = self.finished(command.args(["commit", self.package]).output())?;
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if !output.status.success() || !complaint.is_empty() {
            return Err(format!("uci commit {} failed: {complaint}.", self.package));
        }
        self.revert()
    }

    /// Forgets what [`Self::stage`] staged.
    ///
    /// # Errors
    ///
    /// One sentence, when the file cannot be removed.
    pub fn revert(&self) -> Result<(), String> {
        let staged = self.ours.join(self.package);
        match fs::remove_file(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(format!("{} cannot be removed: {error}.", staged.display()))
            }
            _ => Ok(()),
        }
    }

    fn command(&self) -> Command {
        // Nothing is read from there: it is how a child holds the lock.
        let lock = self.lock.as_ref().and_then(|lock| lock.try_clone().ok());
        let mut command = Command::new(&self.program);
        command.arg("-c").arg(&self.config);
        command.stdin(lock.map_or_else(Stdio::null, Stdio::from));
        command
    }

    /// `-t` names where changes are staged; `-P` would too, and would make commit do nothing. `-p` has uci take note of
    /// everybody's staged changes, as it does by itself on a router.
    fn staging_command(&self) -> Command {
        let mut command = self.command();
        command.arg("-p").arg(&self.everybodys);
        command.arg("-t").arg(&self.ours);
        command
    }

    fn finished(&self, result: io::Result<Output>) -> Result<Output, String> {
        result.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!(
                "There is no uci command at {}: settings can be written on an OpenWrt router only.",
                self.program.display()
            ),
            _ => format!("{} does not run: {error}.", self.program.display()),
        })
    }
}
