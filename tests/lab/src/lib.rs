//! The network, the router and the machines that kickstand's tests and demo run on.

pub mod dnsmasq_init;
pub mod http;
pub mod netboot_client;
pub mod parts;
pub mod process;
pub mod scratch;
pub mod service;
