//! The pure core: every function here depends on its arguments alone.
//!
//! Time, randomness and file contents are arguments. `tests/purity.rs` holds that nothing here imports a shell.

pub mod actions;
pub mod answer;
pub mod boot_file;
pub mod decision;
pub mod difference;
pub mod dnsmasq;
pub mod doctor;
pub mod hardware;
pub mod host_key;
pub mod import;
pub mod installer_log;
pub mod inventory;
pub mod ipxe;
pub mod lifecycle;
pub mod listing;
pub mod mac;
pub mod machine;
pub mod metrics;
pub mod progress;
pub mod release;
pub mod replies;
pub mod secrets;
pub mod settings;
pub mod state;
pub mod syslog;
pub mod target;
pub mod token;
pub mod uci;
pub mod verify;
pub mod watched;
pub mod webhook;
