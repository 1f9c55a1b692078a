//! A flash that takes nothing more, for a service below a folder that is its root; for root too, who may write anywhere.
//!
//! Not its job: a flash that loses what it took.

use std::fs;
use std::path::Path;

const STATE: &str = "etc/kickstand/state.json";
/// What a new state is written to.
pub const NEW: &str = "etc/kickstand/state.json.new";

/// Makes every write of the state fail, and leaves it as it is.
pub fn block(root: &Path) {
    let (state, new) = (root.join(STATE), root.join(NEW));
    // To a file that is not its own, the service adds nothing.
    let _ = fs::copy(&state, &new).and_then(|_| fs::rename(&new, &state));
    fs::create_dir_all(new.join("in the way")).expect("a folder can be made");
}

/// Makes them succeed again.
pub fn free(root: &Path) {
    fs::remove_dir_all(root.join(NEW)).expect("it was blocked");
}
