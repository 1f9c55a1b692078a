//! ubus: calling an object, and being one.
//!
//! Both sides sleep in the kernel while nothing happens; the transport that the protocol crate brings looks around twenty
//! times a second, which a router on 400 MHz has no use for.
//!
//! Not its job: what methods mean, and errors of the application: a service answers those as an ordinary reply,
//! `{"error": "a sentence", "code": "a_word"}`.

mod client;
mod encode;
mod frames;
mod link;
mod object;
mod provider;

pub use client::{CallError, call};
pub use encode::bytes;
pub use object::{ArgumentKind, MethodSpec, Right};
pub use provider::{Notifier, Provider};
