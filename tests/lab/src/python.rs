//! PyPI: packages in Python environments of their own, made once.
//!
//! Not its job: what the packages do.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Context, Result, run};

/// The environment `NAME-VERSION` in the folder `shelf`, with that package of PyPI; made when it is not there, while others wait.
///
/// # Errors
///
/// When it cannot be made, with what was said.
pub fn environment(shelf: &Path, name: &str, version: &str) -> Result<PathBuf> {
    // Stays where it is made: an environment knows its own path.
    let place = shelf.join(format!("{name}-{version}"));
    let finished = place.join("complete");
    if finished.exists() {
        return Ok(place);
    }
    fs::create_dir_all(shelf).context(format!("make {}", shelf.display()))?;
    let path = shelf.join(format!("{name}.lock"));
    let lock = File::create(&path).context(format!("write {}", path.display()))?;
    lock.lock().context(format!("lock {}", path.display()))?;
    if !finished.exists() {
        eprintln!("installing {name} {version} from PyPI, once …");
        let _ = fs::remove_dir_all(&place);
        run(Command::new("python3").args(["-m", "venv"]).arg(&place))?;
        let mut pip = Command::new(place.join("bin/pip"));
        run(pip
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .arg(format!("{name}=={version}")))?;
        File::create(&finished).context(format!("write {}", finished.display()))?;
    }
    Ok(place)
}
