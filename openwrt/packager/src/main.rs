//! Arguments → one step of packaging → exit code. `make package` calls every step in its order.
//!
//! Not its job: the steps themselves (the library's modules).

use std::convert::Infallible;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::ExitCode;

use kickstand_lab::process::{Failure, Result};
use kickstand_packager::cross::architectures::{ARCHITECTURES, Architecture, named};
use kickstand_packager::cross::{build, toolchain};
use kickstand_packager::places::Places;
use kickstand_packager::publish::{self, Keys};
use kickstand_packager::{pack, sizes};
use pico_args::Arguments;

const USAGE: &str = "\
usage: kickstand-packager STEP [--arch NAME]…     (every architecture when none is named)
  toolchain          install what the builds need: Debian's compiler and QEMU, PyPI's zig
  build              the static binaries: target/package/bin/NAME/kickstand
  package            what was built, as ipk and apk: target/package/ipk, target/package/apk
  feed [--key FOLDER]  the packages as feeds for opkg and apk: target/package/feed
  key FOLDER         new keys to sign feeds with
  sizes [--write]    binaries and packages against openwrt/sizes.txt; --write: keep today's figures there";

fn main() -> ExitCode {
    match run(Arguments::from_env()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
        Err(failure) => {
            eprintln!("kickstand-packager: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// False when the words make no step.
fn run(mut arguments: Arguments) -> Result<bool> {
    let Ok(Some(step)) = arguments.subcommand() else {
        return Ok(false);
    };
    let architectures = chosen(&mut arguments)?;
    let places = Places::find()?;
    let write = step == "sizes" && arguments.contains("--write");
    let folder = match step.as_str() {
        "feed" => arguments.opt_value_from_os_str("--key", folder),
        "key" => arguments.opt_free_from_os_str(folder),
        _ => Ok(None),
    };
    let folder = folder.map_err(|error| Failure::new(error.to_string()))?;
    if let Some(word) = arguments.finish().first() {
        eprintln!("kickstand-packager: {} is not understood", word.display());
        return Ok(false);
    }
    match step.as_str() {
        "toolchain" => toolchain::install(&places).map(drop)?,
        "build" => build::build(&places, &architectures)?,
        "package" => pack::command(&places, &architectures)?,
        "feed" => {
            let keys = folder.as_deref().map(Keys::read).transpose()?;
            publish::command(&places, keys.as_ref())?;
        }
        "key" => match folder {
            Some(folder) => publish::new_keys(&folder)?,
            None => return Ok(false),
        },
        "sizes" => sizes::command(&places, write)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn folder(word: &OsStr) -> std::result::Result<PathBuf, Infallible> {
    Ok(PathBuf::from(word))
}

/// Those that `--arch` names, else all.
fn chosen(arguments: &mut Arguments) -> Result<Vec<&'static Architecture>> {
    let names: Vec<String> = arguments
        .values_from_str("--arch")
        .map_err(|error| Failure::new(error.to_string()))?;
    if names.is_empty() {
        return Ok(ARCHITECTURES.iter().collect());
    }
    names.iter().map(|name| known(name)).collect()
}

fn known(name: &str) -> Result<&'static Architecture> {
    named(name).ok_or_else(|| {
        let names = ARCHITECTURES.map(|known| known.name).join(", ");
        Failure::new(format!("--arch {name}: there are {names}"))
    })
}
