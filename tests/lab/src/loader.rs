//! Builds `localboot.efi`: a small GRUB that looks for the loader of the installed system and starts it.
//!
//! For firmware that does not go on to the disk when iPXE leaves. Not its job: deciding who gets it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Context, Result, run, words};
use crate::scratch::Scratch;
use crate::setup::Lab;

/// What it does when it runs.
const CONFIGURATION: &str = include_str!("../../../files/boot/localboot.cfg");

/// GRUB's modules for it, and no more: 500 kB instead of the 4 MB of Debian's signed GRUB. Neither network nor Linux.
/// `normal` is half of it and buys `if`: without it every loader that is not there is an error on the screen. `minicmd`
/// has the `exit` that goes back to the firmware.
const MODULES: &str =
    "part_gpt part_msdos fat regexp test chain boot echo sleep minicmd normal memdisk tar";

/// Makes it in `folder` and gives its path.
pub fn build(lab: &Lab, folder: &Path) -> Result<PathBuf> {
    let work = Scratch::new("loader");
    let configuration = work.path().join("boot/grub/grub.cfg");
    fs::create_dir_all(work.path().join("boot/grub")).context("make a folder for GRUB's script")?;
    fs::write(&configuration, CONFIGURATION)
        .context(format!("write {}", configuration.display()))?;
    // GRUB reads its script from a small archive inside the image.
    run(words("tar --create --file memdisk.tar boot").current_dir(work.path()))?;
    let loader = folder.join("localboot.efi");
    let unpacked = lab.unpacked();
    let mut command = Command::new(unpacked.join("usr/bin/grub-mkimage"));
    command.arg("--directory");
    command.arg(unpacked.join("usr/lib/grub/x86_64-efi"));
    // The memdisk makes (memdisk)/boot/grub the place of the script.
    command.args(["--format", "x86_64-efi"]);
    command
        .arg("--memdisk")
        .arg(work.path().join("memdisk.tar"));
    command.arg("--output").arg(&loader);
    run(command.args(MODULES.split_whitespace()))?;
    Ok(loader)
}
