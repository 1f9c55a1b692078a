//! The network, the router and the machines that kickstand's tests and demo run on.

pub mod parts;
pub mod process;
pub mod scratch;
