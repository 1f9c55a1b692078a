//! The network, the router and the machines that kickstand's tests and demo run on.
//!
//! From the outside in: [`story`] plays a whole installation; [`router`] runs dnsmasq and kickstand, [`machine`] a
//! virtual server, both in a [`network`] of their own; [`image`] and [`loader`] make what the machine boots from what
//! [`setup`] has put in place; [`timeline`] puts in plain words what all of them say. [`parts`] builds the router's own
//! programs, [`dnsmasq_init`] stands in for the one script that cannot be had, [`netboot_client`] asks dnsmasq what a
//! machine would ask.

pub mod apt;
pub mod disk;
pub mod dnsmasq_init;
pub mod flash;
pub mod hostile;
pub mod http;
pub mod image;
#[cfg(test)]
mod installer;
pub mod loader;
pub mod machine;
pub mod netboot_client;
pub mod network;
pub mod parts;
pub mod process;
pub mod python;
pub mod reading;
pub mod requests;
pub mod router;
pub mod scratch;
pub mod service;
pub mod setup;
pub mod shelf;
pub mod story;
pub mod timeline;
