//! Builds kickstand's packages for OpenWrt: static binaries, `.ipk`, `.apk` and the feeds that serve them.
//!
//! Not its job: what is in a package (`files/`) and what a package says of itself (`openwrt/*/Makefile`, which the SDK reads too).

pub mod adb;
pub mod apk;
pub mod archive;
pub mod cross;
pub mod feed;
pub mod ipk;
pub mod makefile;
pub mod pack;
pub mod package;
pub mod places;
pub mod publish;
pub mod recipe;
pub mod signature;
pub mod sizes;
pub mod sources;
pub mod tree;
