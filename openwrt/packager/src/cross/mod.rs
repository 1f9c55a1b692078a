//! The static binaries: for which processors, with which tools, and where they lie.
//!
//! Not its job: packing them.

pub mod architectures;
