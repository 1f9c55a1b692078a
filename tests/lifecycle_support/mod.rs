//! What `tests/lifecycle.rs` needs.

pub mod crash;
pub mod driver;
pub mod engine;
pub mod ghost;
pub mod operations;
pub mod shell;
pub mod system;
