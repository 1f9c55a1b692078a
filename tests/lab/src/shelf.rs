//! Folders with what is installed once and kept: Python environments, node modules.
//!
//! Not its job: what is put into them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::process::{Context, Result};

/// The folder `name` on the shelf, which `install` fills where it stays, unless somebody did before; others wait meanwhile.
///
/// # Errors
///
/// When it cannot be made, and those of `install`.
pub fn installed(
    shelf: &Path,
    name: &str,
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let place = shelf.join(name);
    let finished = place.join("complete");
    if finished.exists() {
        return Ok(place);
    }
    fs::create_dir_all(shelf).context(format!("make {}", shelf.display()))?;
    let path = shelf.join(format!("{name}.lock"));
    let lock = File::create(&path).context(format!("write {}", path.display()))?;
    lock.lock().context(format!("lock {}", path.display()))?;
    if !finished.exists() {
        eprintln!("installing {name}, once …");
        let _ = fs::remove_dir_all(&place);
        install(&place)?;
        File::create(&finished).context(format!("write {}", finished.display()))?;
    }
    Ok(place)
}
