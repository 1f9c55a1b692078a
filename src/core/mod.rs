//! The pure core: every function here depends on its arguments alone.
//!
//! Time, randomness and file contents are arguments. `tests/purity.rs` holds that nothing here imports a shell.

pub mod dnsmasq;
pub mod mac;
pub mod settings;
pub mod uci;
