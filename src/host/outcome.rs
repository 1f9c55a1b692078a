//! What the last `kickstand apply` failed of, for the service to show: dnsmasq may announce another address than it listens on.
//!
//! In RAM: the router's start runs apply again. Not its job: what is wrong with `dhcp` (`cli::apply` says it).

use std::fs;

use super::paths::Paths;
use super::replacement::{Sync, replace};

/// Longest sentence that is read, in bytes: one with somebody's staged changes in it.
const LONGEST: usize = 4096;

/// Keeps the sentence of a failure, or forgets that of an earlier one. Nobody is left to tell when that fails.
pub fn tell(paths: &Paths, failure: Option<&str>) {
    let _ = match failure {
        None => fs::remove_file(paths.failed_apply()),
        // Written in root's own folder: what lies in the service's may be a link.
        Some(sentence) => replace(
            &paths.failed_apply(),
            &paths.apply().join("failed.new"),
            sentence.as_bytes(),
            0o644,
            Sync::Ram,
        ),
    };
}

/// The sentence of the last run, when it failed.
pub fn told(paths: &Paths) -> Option<String> {
    let bytes = fs::read(paths.failed_apply()).ok()?;
    let bytes = bytes.get(..LONGEST).unwrap_or(&bytes);
    Some(String::from_utf8_lossy(bytes).into_owned())
}
