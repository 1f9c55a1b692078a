//! Shells around what the router has. Each reads or does one thing and decides nothing.

pub mod paths;
pub mod ubus;
