//! Debian's registry: installing what a machine lacks.
//!
//! Not its job: knowing what is needed, and for what.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Failure, Result, run, words};

/// apt-get with a folder of its own for what it fetches: two runs that share one delete each other's packages.
#[derive(Debug)]
pub struct Apt {
    asker: &'static str,
    archives: PathBuf,
}

impl Apt {
    /// `asker` is who says what is done; `archives` is made when it is used.
    pub fn new(asker: &'static str, archives: &Path) -> Self {
        Apt {
            asker,
            archives: archives.to_owned(),
        }
    }

    /// Fetches apt's lists when they do not know `package`, as on an image that was shipped without them.
    pub fn refresh_lists(&self, package: &str) -> Result<()> {
        if candidate(package).is_none() {
            let asker = self.asker;
            eprintln!("{asker}: apt does not know {package}; fetches its lists");
            run(&mut words(
                "apt-get update --quiet --option DPkg::Lock::Timeout=600",
            ))?;
        }
        Ok(())
    }

    /// `apt-get install`, to which packages are to be added.
    pub fn install(&self) -> Command {
        let _ = fs::create_dir_all(self.archives.join("partial"));
        // 600 s: the dpkg of somebody else's installation may take minutes. Nothing may be removed to make room: that
        // is for the owner of the machine to decide.
        let mut command = words(
            "apt-get install --yes --no-remove --quiet --no-install-recommends --option DPkg::Lock::Timeout=600",
        );
        command.arg("--option");
        command.arg(format!("Dir::Cache::archives={}", self.archives.display()));
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

/// The version of a package that apt would install.
pub fn candidate(package: &str) -> Option<String> {
    let policy = run(words("apt-cache policy").arg(package).env("LC_ALL", "C")).ok()?;
    let line = policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    (line != "(none)").then(|| line.to_owned())
}

/// The reason why apt-get refused: the last line that it marks as an error; the rest is what it tried.
pub fn reason(failure: &Failure) -> String {
    let text = failure.to_string();
    let last = text.rsplit("E: ").next().unwrap_or_default();
    last.trim().trim_end_matches('.').to_owned()
}
