//! Writing settings: stages lines for `uci batch` and commits them, beside whatever else is going on.
//!
//! Not its job: what to write.

use super::Failure;
use crate::host::paths::Paths;
use crate::host::uci_command::UciCommand;

/// Package of UCI with kickstand's settings.
pub const PACKAGE: &str = "kickstand";

/// Commits these lines. Nothing is written when somebody has staged changes: they would be committed along.
pub fn commit(paths: &Paths, batch: &str) -> Result<(), Failure> {
    let uci = UciCommand::new(paths, PACKAGE);
    let staged = uci.staged_by_others().map_err(Failure::Failed)?;
    if !staged.is_empty() {
        let why = "somebody has staged changes in kickstand: `uci commit kickstand` or `uci revert kickstand` first";
        return Err(Failure::Failed(why.to_owned()));
    }
    let complaint = uci.stage(batch).map_err(Failure::Failed)?;
    if !complaint.is_empty() {
        uci.revert().map_err(Failure::Failed)?;
        return Err(Failure::Failed(format!("uci refused: {complaint}")));
    }
    uci.commit().map_err(Failure::Failed)
}
