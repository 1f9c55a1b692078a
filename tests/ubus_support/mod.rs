//! What the tests of ubus need.

// Each test binary uses a part of it.
#![allow(dead_code)]

pub mod asking;
pub mod fake;
pub mod listener;
pub mod place;
