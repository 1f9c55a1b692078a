//! What installers say, without what must not be shown: an installer logs its kernel's command line, in which its token stands,
//! and may log its answer file.
//!
//! Not its job: texts that are ours; they have no secrets in them.

use super::engine::Engine;
use crate::core::token;

impl Engine {
    /// A text of a host's machine without the host's tokens and the password hashes of accounts.
    pub(super) fn without_secrets(&self, name: &str, text: &str) -> String {
        let text = match self.known(name) {
            Some(record) => record.hide_tokens(text),
            None => text.to_owned(),
        };
        let accounts = self.settings.accounts.iter();
        let hashes = accounts.filter_map(|account| account.password_hash.as_deref());
        hashes.fold(text, |text, hash| token::hide(hash, &text))
    }
}
