//! The running service.

pub mod boot;
pub mod engine;
mod events;
mod files;
mod http;
mod metrics;
pub mod object;
pub mod routes;
mod strangers;
