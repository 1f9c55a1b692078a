//! kickstand turns an OpenWrt router into a zero-touch provisioning appliance.
//!
//! The parts, from the inside out; each may use those above it in this list, never those below:
//!
//! - [`core`]: pure. What a text means, what a machine is told, what an event changes. No files, no clock, no network.
//! - [`kickstart`]: pure, too. What is wrong with an answer file.
//! - [`host`]: shells around what the router has: files, commands, clock, neighbour table, ubus socket.
//! - [`serve`]: the running service: HTTP, the ubus object, and the one place that steps the lifecycle.
//! - [`cli`]: one file per command.

pub mod cli;
pub mod core;
pub mod host;
pub mod kickstart;
pub mod serve;
