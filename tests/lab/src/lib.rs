//! The network, the router and the machines that kickstand's tests and demo run on.
//!
//! From the outside in: [`story`] plays a whole installation; [`router`] runs dnsmasq and kickstand, [`machine`] a
//! virtual server, both in a [`network`] of their own; [`image`] and [`loader`] make what the machine boots from what
//! [`setup`] has put in place; [`timeline`] puts in plain words what all of them say.

pub mod disk;
pub mod image;
#[cfg(test)]
mod installer;
pub mod loader;
pub mod machine;
pub mod network;
pub mod process;
pub mod reading;
pub mod router;
pub mod setup;
pub mod story;
pub mod timeline;
