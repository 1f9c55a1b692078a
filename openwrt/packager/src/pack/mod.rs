//! From trees of files to packages and feeds.
//!
//! [`recipe`] reads what a package says of itself, [`tree`] what is in it; [`package`] puts both together, [`ipk`] and [`apk`] write
//! it in the two formats, [`feed`] makes what a router downloads from, signed by [`signature`]. [`make`] does all that on files.
//! Not its job: the binaries (`cross`).

pub mod adb;
pub mod apk;
pub mod feed;
pub mod ipk;
pub mod make;
pub mod package;
pub mod recipe;
pub mod signature;
pub mod tree;
