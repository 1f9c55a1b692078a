//! Shells around what the router has. Each reads or does one thing and decides nothing.

pub mod access;
pub mod boot_archive;
pub mod boot_files;
pub mod clock;
pub mod config;
pub mod dnsmasq;
pub mod hardware;
pub mod interface;
pub mod leases;
pub mod neighbours;
pub mod outcome;
pub mod paths;
pub mod process;
pub mod published;
pub mod replacement;
pub mod served;
pub mod state_file;
pub mod templates;
pub mod tree;
pub mod ubus;
pub mod uci_command;
pub mod wake;
