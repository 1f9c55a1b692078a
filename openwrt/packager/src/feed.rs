//! What a feed says of its packages: opkg's `Packages`. (apk's `packages.adb` is [`crate::apk::index`].)
//!
//! Fields and their order: OpenWrt's scripts/ipkg-make-index.sh and package/Makefile.
//!
//! Not its job: signing it ([`crate::signature`]), and where the files lie.

use std::io;

use sha2::{Digest, Sha256};

use crate::ipk;
use crate::signature::usign_padding;

/// Fields of a control file that routers are not sent: they would only take room in their memory.
const LEFT_OUT: [&str; 6] = [
    "Maintainer",
    "LicenseFiles",
    "Source",
    "SourceName",
    "Require-User",
    "SourceDateEpoch",
];

/// `Packages` for these files: name and bytes of each.
///
/// # Errors
///
/// With the name of the first that is no ipk.
pub fn packages(files: &[(String, Vec<u8>)]) -> io::Result<String> {
    let mut text = String::new();
    for (name, bytes) in files {
        let control = ipk::read_control(bytes)
            .map_err(|error| io::Error::other(format!("{name}: {error}")))?;
        text.push_str(&paragraph(name, bytes, &control));
        text.push('\n');
    }
    let padding = usign_padding(text.len());
    text.push_str(&"\n".repeat(padding));
    Ok(text)
}

/// The control file with what is needed to fetch and check the package, before the description.
fn paragraph(name: &str, bytes: &[u8], control: &str) -> String {
    let sum: String = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut text = String::new();
    for line in control.lines() {
        let field = line.split(':').next().unwrap_or_default();
        if LEFT_OUT.contains(&field) {
            continue;
        }
        if field == "Description" {
            let size = bytes.len();
            text.push_str(&format!(
                "Filename: {name}\nSize: {size}\nSHA256sum: {sum}\n"
            ));
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_has_what_fetching_needs_and_not_what_it_does_not() {
        let control = "Package: x\nSource: feeds/x\nSourceName: x\nMaintainer: A <a@b>\nArchitecture: all\nDescription:  One\n Maintainer: is a word here\n";
        let text = paragraph("x_1_all.ipk", b"abc", control);
        assert_eq!(
            text,
            "Package: x\nArchitecture: all\nFilename: x_1_all.ipk\nSize: 3\n\
             SHA256sum: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n\
             Description:  One\n Maintainer: is a word here\n"
        );
    }

    #[test]
    fn what_is_no_package_is_named() {
        let files = [("x.ipk".to_owned(), b"nothing".to_vec())];
        let error = packages(&files).expect_err("it is no gzip").to_string();
        assert!(error.starts_with("x.ipk: "), "{error}");
    }
}
