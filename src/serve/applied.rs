//! Whether dnsmasq was told what the service does: `kickstand apply` is another process, and may have been refused.
//!
//! Not its job: `dhcp` itself, which the service may not even read.

use super::engine::Engine;
use crate::host::outcome;

impl Engine {
    /// Warns while the last apply is one that failed.
    pub(super) fn look_at_apply(&mut self) {
        let Some(failure) = outcome::told(&self.paths) else {
            self.warnings.remove("apply");
            return;
        };
        let warning = format!(
            "dnsmasq was not told of the settings, so machines may be sent where nobody listens; `kickstand apply` said: {failure}"
        );
        let told = self.warnings.insert("apply", warning);
        if told.is_none() {
            log::warn!("the last `kickstand apply` failed: `kickstand status` says why");
        }
    }
}
