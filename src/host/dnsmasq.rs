//! Puts changes of `dhcp` into effect, or takes them back: stage, verify, commit, reload, watch, roll back.
//!
//! The network's DNS and DHCP outlive kickstand's mistakes: when dnsmasq does not come up with the new file, the old one
//! is put back.
//!
//! Not its job: what to change ([`crate::core::dnsmasq`]).

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::core::dnsmasq::{self as rules, PACKAGE};
use crate::core::uci::{self, Document, changes, wording};

use super::paths::Paths;
use super::replacement::{self, Sync};
use super::uci_command::UciCommand;

/// How long dnsmasq is watched after a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Between two looks.
    pub between: Duration,
    /// It counts as up when it was up at every look for so long.
    pub steady: Duration,
    /// It counts as down when that was not so by then.
    pub limit: Duration,
}

impl Default for Patience {
    /// procd starts a service that ended again after five seconds, so one that ends at once is never up for three; and
    /// it gives the old process up to five seconds to end, which the limit leaves room for.
    fn default() -> Self {
        Patience {
            between: Duration::from_millis(250),
            steady: Duration::from_secs(3),
            limit: Duration::from_secs(12),
        }
    }
}

/// dnsmasq, as its init script shows it.
#[derive(Debug, Clone)]
pub struct Service {
    script: PathBuf,
    instance: Option<String>,
    patience: Patience,
}

impl Service {
    /// `instance` names the one that counts, when there are several.
    pub fn new(paths: &Paths, instance: Option<String>, patience: Patience) -> Self {
        Service {
            script: paths.dnsmasq_init(),
            instance,
            patience,
        }
    }

    fn call(&self, action: &str, instance: Option<&str>) -> Result<bool, String> {
        Command::new(&self.script)
            .arg(action)
            .args(instance)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map(|status| status.success())
            .map_err(|error| format!("{} {action} does not run: {error}.", self.script.display()))
    }

    /// Whether it runs now.
    ///
    /// # Errors
    ///
    /// One sentence, when the init script does not run.
    pub fn running(&self) -> Result<bool, String> {
        self.call("running", self.instance.as_deref())
    }

    /// Has it read its configuration anew. What the script's exit code says is known from [`Self::comes_up`].
    ///
    /// # Errors
    ///
    /// One sentence, when the init script does not run.
    pub fn reload(&self) -> Result<(), String> {
        self.call("reload", None).map(|_| ())
    }

    /// Whether it is up and stays up.
    ///
    /// # Errors
    ///
    /// One sentence, when the init script does not run.
    pub fn comes_up(&self) -> Result<bool, String> {
        let start = Instant::now();
        let mut since = None;
        while start.elapsed() < self.patience.limit {
            if self.running()? {
                let up = *since.get_or_insert_with(Instant::now);
                if up.elapsed() >= self.patience.steady {
                    return Ok(true);
                }
            } else {
                since = None;
            }
            thread::sleep(self.patience.between);
        }
        Ok(false)
    }
}

/// How a change of `dhcp` ended, when it took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// dnsmasq runs with it.
    Running,
    /// It is committed; dnsmasq ran neither before nor after.
    NotRunning,
}

/// Stages, verifies, commits, reloads and watches; rolls back when dnsmasq does not come up.
///
/// The old file is kept in RAM until dnsmasq is known to run with the new one, so a run that was killed in between is
/// finished by the next one: see [`is_unproven`].
///
/// # Errors
///
/// What went wrong and how it was left, in sentences.
pub fn put_into_effect(
    paths: &Paths,
    command: &UciCommand,
    before: (&[u8], &Document),
    list: &[changes::Change],
    service: &Service,
) -> Result<Ending, String> {
    let kept = fs::read(paths.unproven()).ok();
    let kept = kept.and_then(|bytes| uci::parse(&bytes).ok().map(|document| (bytes, document)));
    // It did when that was kept; if it is down now, then because of what the earlier run committed.
    let ran_before = service.running()? || kept.is_some();
    let old = match &kept {
        Some((bytes, document)) => (bytes.as_slice(), document),
        None => {
            if ran_before {
                keep(&paths.unproven(), before.0)?;
            }
            before
        }
    };
    if !list.is_empty() {
        stage_and_commit(command, before.1, list).inspect_err(|_| {
            // Nothing came of it; what an earlier run left is still to be proven.
            if kept.is_none() {
                let _ = fs::remove_file(paths.unproven());
            }
        })?;
    }
    let (committed, _) = command.read()?;
    let up = service
        .reload()
        .and_then(|()| service.comes_up())
        .unwrap_or(false);
    let ending = match (ran_before, up) {
        (_, true) => Ok(Ending::Running),
        (false, false) => Ok(Ending::NotRunning),
        (true, false) => Err(roll_back(paths, command, old, &committed, service)),
    };
    let _ = fs::remove_file(paths.unproven());
    ending
}

/// Whether an earlier run ended between its commit and knowing how dnsmasq likes it.
pub fn is_unproven(paths: &Paths) -> bool {
    paths.unproven().exists()
}

fn keep(path: &Path, bytes: &[u8]) -> Result<(), String> {
    replace(path, bytes).map_err(|error| format!("{} cannot be written: {error}.", path.display()))
}

fn stage_and_commit(
    command: &UciCommand,
    before: &Document,
    list: &[changes::Change],
) -> Result<(), String> {
    let expected = changes::applied(before, list);
    let result = command
        .stage(&wording::batch(PACKAGE, list))
        .and_then(|complaint| {
            let staged = command.read_staged()?;
            if complaint.is_empty() && changes::same_meaning(&staged, &expected) {
                return Ok(());
            }
            Err(match complaint.as_str() {
                "" => "uci did not stage what it was told; perhaps somebody changed dhcp meanwhile, so try again."
                    .to_owned(),
                _ => format!("uci refused a change of dhcp: {complaint}."),
            })
        })
        .and_then(|()| command.commit());
    result.map_err(|sentence| match command.revert() {
        Ok(()) => format!("{sentence} dhcp was left as it was."),
        Err(also) => format!("{sentence} {also}"),
    })
}

/// Puts the old file back and says how that went.
fn roll_back(
    paths: &Paths,
    command: &UciCommand,
    (old_bytes, old): (&[u8], &Document),
    committed: &[u8],
    service: &Service,
) -> String {
    let path = paths.config().join(PACKAGE);
    let restored = command.read().and_then(|(now_bytes, now)| {
        if now_bytes == committed {
            return keep(&path, old_bytes);
        }
        // Somebody has changed it since: only what is ours is taken back.
        let target = rules::reversal(old, &now);
        let list = changes::changes(&now, &target, rules::is_ours);
        stage_and_commit(command, &now, &list)
    });
    let failure = "dnsmasq did not stay up with the new configuration.";
    if let Err(sentence) = restored {
        return format!(
            "{failure} Taking it back failed too: {sentence} Run 'kickstand apply --remove', or look at 'uci show dhcp'."
        );
    }
    match service.reload().and_then(|()| service.comes_up()) {
        Ok(true) => format!(
            "{failure} dhcp was put back as it was, and dnsmasq runs again; 'logread -e dnsmasq' tells what it did not \
             like."
        ),
        Ok(false) => format!(
            "{failure} dhcp was put back as it was, but dnsmasq still does not run; look at 'logread -e dnsmasq'."
        ),
        Err(sentence) => format!("{failure} dhcp was put back as it was. {sentence}"),
    }
}

/// Replaces a file in one step that a power cut cannot halve, with the permissions that it has.
///
/// # Errors
///
/// Whatever the file system says.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode() & 0o7777,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0o644,
        Err(error) => return Err(error),
    };
    replace_with_mode(path, content, mode)
}

/// As [`replace`], with these permissions.
///
/// # Errors
///
/// Whatever the file system says.
pub fn replace_with_mode(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // uci takes a file that begins with a dot for no package.
    let partial = folder.join(format!(".{name}.kickstand"));
    replacement::replace(path, &partial, content, mode, Sync::Flash)
}
