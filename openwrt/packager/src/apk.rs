//! apk v3, the package format of OpenWrt 25.12: one container of values (what it is, paths, scripts) and a data block for each file.
//!
//! Fields: apk-tools' src/apk_adb.h and apk_adb.c; what OpenWrt puts into a package: include/package-pack.mk. docs/packaging.md has both.
//!
//! Not its job: the container ([`crate::adb`]), signing ([`crate::signature`]).

mod index;
mod package;

pub use index::index;
pub use package::{Data, Unpacked, file_name, unpack, write};

/// Fields of a package.
mod package_field {
    pub const INFO: usize = 1;
    pub const PATHS: usize = 2;
    pub const SCRIPTS: usize = 3;
    pub const COUNT: usize = 5;
}

/// Fields of what a package says of itself.
mod info_field {
    pub const NAME: usize = 1;
    pub const VERSION: usize = 2;
    /// In a package: 20 bytes that name it. In an index: SHA-256 of the package's values.
    pub const HASHES: usize = 3;
    pub const DESCRIPTION: usize = 4;
    pub const ARCH: usize = 5;
    pub const LICENSE: usize = 6;
    pub const ORIGIN: usize = 7;
    pub const MAINTAINER: usize = 8;
    pub const URL: usize = 9;
    pub const INSTALLED_SIZE: usize = 12;
    pub const FILE_SIZE: usize = 13;
    pub const DEPENDS: usize = 15;
    pub const PROVIDES: usize = 16;
    pub const TAGS: usize = 21;
    pub const COUNT: usize = 21;
}

/// Fields of a directory.
mod directory_field {
    pub const NAME: usize = 1;
    pub const ACL: usize = 2;
    pub const FILES: usize = 3;
    pub const COUNT: usize = 3;
}

/// Fields of a file.
mod file_field {
    pub const NAME: usize = 1;
    pub const ACL: usize = 2;
    pub const SIZE: usize = 3;
    pub const MTIME: usize = 4;
    pub const HASH: usize = 5;
    /// Two bytes of kind, then where a symbolic link leads.
    pub const TARGET: usize = 6;
    pub const COUNT: usize = 6;
}

/// Fields of modes and owners.
mod acl_field {
    pub const MODE: usize = 1;
}

/// Names of the scripts, in the order of their fields.
const SCRIPTS: [&str; 7] = [
    "trigger",
    "pre-install",
    "post-install",
    "pre-deinstall",
    "post-deinstall",
    "pre-upgrade",
    "post-upgrade",
];

/// Fields of an index.
mod index_field {
    pub const PACKAGES: usize = 2;
    pub const COUNT: usize = 3;
}
