//! The static binaries: for which processors, with which tools, and what of them goes to the router.
//!
//! Not its job: packing them.

pub mod architectures;
pub mod build;
pub mod loadable;
pub mod toolchain;
