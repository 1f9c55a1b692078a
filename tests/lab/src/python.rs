//! PyPI: packages in Python environments of their own, made once.
//!
//! Not its job: what the packages do.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Result, run};
use crate::shelf;

/// The environment `NAME-VERSION` in the folder `shelf`, with that package of PyPI; made when it is not there, while others wait.
///
/// # Errors
///
/// When it cannot be made, with what was said.
pub fn environment(shelf: &Path, name: &str, version: &str) -> Result<PathBuf> {
    // Stays where it is made: an environment knows its own path.
    shelf::installed(shelf, &format!("{name}-{version}"), |place| {
        run(Command::new("python3").args(["-m", "venv"]).arg(place))?;
        let mut pip = Command::new(place.join("bin/pip"));
        run(pip
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .arg(format!("{name}=={version}")))?;
        Ok(())
    })
}
