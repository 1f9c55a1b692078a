//! The pure core: every function here depends on its arguments alone.
//!
//! Time, randomness and file contents are arguments. `tests/purity.rs` holds that nothing here imports a shell.

pub mod answer;
pub mod decision;
pub mod dnsmasq;
pub mod ipxe;
pub mod lifecycle;
pub mod mac;
pub mod machine;
pub mod release;
pub mod replies;
pub mod settings;
pub mod state;
pub mod target;
pub mod token;
pub mod uci;
