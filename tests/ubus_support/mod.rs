//! What `tests/ubus.rs` needs.

pub mod fake;
pub mod listener;
pub mod place;
