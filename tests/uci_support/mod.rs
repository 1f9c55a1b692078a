//! What `tests/uci.rs` needs: files to compare, and a reader of what the real command answers.

pub mod exported;
pub mod files;
