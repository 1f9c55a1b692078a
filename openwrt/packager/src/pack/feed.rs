//! What a router downloads from: the index of a folder of packages.
//!
//! For opkg `Packages`, as OpenWrt's `scripts/ipkg-make-index.sh` writes it; for apk see [`super::apk::index`].
//! Not its job: the files themselves (`make`).

use sha2::{Digest, Sha256};

use super::apk::hex;
use super::ipk::{description, fields, file_name};
use super::package::Package;

/// An ipk, as the index names it.
#[derive(Debug, Clone)]
pub struct Listed<'a> {
    /// The package.
    pub package: &'a Package,
    /// Its file.
    pub file: &'a [u8],
    /// Bytes that it takes when installed.
    pub size: usize,
    /// What it is dated, in seconds since 1970.
    pub time: u64,
}

/// The text of `Packages`: each package's own fields, and before its description the file's name, size and SHA-256.
pub fn packages(listed: &[Listed<'_>]) -> String {
    let entry = |one: &Listed<'_>| {
        let own = fields(one.package, one.size, one.time);
        let whole = description(one.package, one.size, one.time);
        let description = whole.strip_prefix(own.as_str()).unwrap_or_default();
        format!(
            "{own}Filename: {}\nSize: {}\nSHA256sum: {}\n{description}\n",
            file_name(one.package),
            one.file.len(),
            hex(&Sha256::digest(one.file)),
        )
    };
    listed.iter().map(entry).collect()
}
