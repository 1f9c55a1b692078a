//! Shells around what the router has. Each reads or does one thing and decides nothing.

pub mod dnsmasq;
pub mod interface;
pub mod paths;
pub mod tree;
pub mod uci_command;
