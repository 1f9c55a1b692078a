//! `kickstand boot-files fetch`: iPXE's signed release, checked against its digest before a byte of it is unpacked.

use std::process::ExitCode;

use super::super::{Failure, Invocation, output};
use super::{add, architectures, lock, next_step, put, settings};
use crate::core::settings::{Main, download_url, sha256};
use crate::host::boot_archive::{self, Workshop};

pub(super) fn run(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let url: Option<String> = invocation.arguments.opt_value_from_str("--url")?;
    let digest: Option<String> = invocation.arguments.opt_value_from_str("--sha256")?;
    let paths = invocation.paths.clone();
    let only = architectures(&invocation.words()?)?;
    let (main, root) = settings(&paths)?;
    let (url, digest) = source(&main, url, digest)?;
    let _lock = lock(&paths)?;
    let workshop = Workshop::new(&paths, &root).map_err(Failure::Failed)?;
    let (archive, complaint) = workshop.download(&paths, &url).map_err(Failure::Failed)?;
    let found = boot_archive::sha256(&archive).map_err(Failure::Failed)?;
    if found != digest {
        if let Some(complaint) = complaint {
            return Err(Failure::Failed(complaint));
        }
        return Err(Failure::Failed(format!(
            "{url} is not what it should be, so nothing was unpacked: its SHA-256 is {found}, and {digest} is expected. \
             If you trust a new release, set kickstand.main.boot_files_sha256 to the digest that its makers publish"
        )));
    }
    output::print("The SHA-256 is right.\n");
    let ready = add::unpack(&archive, &url, &only)?;
    put(&main, &root, &ready)?;
    next_step(&main, &root);
    Ok(ExitCode::SUCCESS)
}

/// URL and digest: the command line's, else those of the settings. A digest belongs to the URL that it was given with.
fn source(
    main: &Main,
    url: Option<String>,
    digest: Option<String>,
) -> Result<(String, String), Failure> {
    let url = match url {
        Some(url) => Some(
            download_url(&url)
                .map_err(|allowed| Failure::Usage(format!("--url must be {allowed}")))?,
        ),
        None => None,
    };
    let digest = match digest {
        Some(digest) => Some(
            sha256(&digest)
                .map_err(|allowed| Failure::Usage(format!("--sha256 must be {allowed}")))?,
        ),
        None => None,
    };
    let configured = url.as_ref().is_none_or(|url| *url == main.boot_files_url);
    let known = main.boot_files_sha256.clone().filter(|_| configured);
    let url = url.unwrap_or_else(|| main.boot_files_url.clone());
    match digest.or(known) {
        Some(digest) => Ok((url, digest)),
        None => Err(Failure::Failed(format!(
            "there is no digest to check {url} against, so it was not downloaded. Take the SHA-256 that its makers \
             publish (GitHub shows one beside each file of a release), or run sha256sum on a copy that you trust, then: \
             uci set kickstand.main.boot_files_sha256=DIGEST, or use --sha256 DIGEST"
        ))),
    }
}
