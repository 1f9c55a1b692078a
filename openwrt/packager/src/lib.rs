//! Builds kickstand's packages for OpenWrt: static binaries, `.ipk`, `.apk` and the feeds that serve them.
//!
//! Not its job: what is in a package (`files/`) and what a package says of itself (`openwrt/*/Makefile`, which the SDK reads too).

pub mod cross;
pub mod places;
pub mod sizes;
