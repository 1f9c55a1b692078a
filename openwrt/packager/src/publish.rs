//! From packages to feeds that a web server can serve, and the keys that routers trust them by.
//!
//! `feed/24.10/ARCHITECTURE` for opkg, `feed/25.12/ARCHITECTURE` for apk. Not its job: making the packages, and what an index looks like.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use kickstand_lab::process::{Context, Failure, Result};

use crate::adb::Schema;
use crate::cross::architectures::ARCHITECTURES;
use crate::package::EVERY_ARCHITECTURE;
use crate::places::Places;
use crate::signature::{APK_RANDOMNESS, ApkKey, USIGN_RANDOMNESS, UsignKey};
use crate::{apk, archive, feed};

/// The release whose packages are ipk, and later ones until the next.
const OPKG: &str = "24.10";
/// The release whose packages are apk, and later ones.
const APK: &str = "25.12";

/// Files of a folder of keys: what `key` writes and `feed --key` reads.
const USIGN_SECRET: &str = "usign-secret.key";
const USIGN_PUBLIC: &str = "usign-public.key";
const APK_SECRET: &str = "apk-secret.pem";
const APK_PUBLIC: &str = "apk-public.pem";

/// What routers fetch once, before they trust a feed.
const FOR_OPKG: &str = "kickstand-feed.pub";
/// The same for apk, which takes only files of this ending.
const FOR_APK: &str = "kickstand-feed.pem";

/// Both keys of a feed.
#[derive(Debug, Clone)]
pub struct Keys {
    usign: UsignKey,
    apk: ApkKey,
}

impl Keys {
    /// Reads a folder that [`new_keys`] made.
    ///
    /// # Errors
    ///
    /// When one of them is not there, or no key.
    pub fn read(folder: &Path) -> Result<Self> {
        let text = |name: &str| {
            let path = folder.join(name);
            let shown = path.display().to_string();
            let text = fs::read_to_string(path).context(format!("read {shown}"));
            text.map(|text| (text, shown))
        };
        let (usign, usign_path) = text(USIGN_SECRET)?;
        let (apk, apk_path) = text(APK_SECRET)?;
        Ok(Keys {
            usign: UsignKey::parse(&usign).context(usign_path)?,
            apk: ApkKey::parse(&apk).context(apk_path)?,
        })
    }
}

/// Makes a new pair of keys in a folder, which must not have any.
///
/// # Errors
///
/// When there are keys already, or the folder cannot be written.
pub fn new_keys(folder: &Path) -> Result<()> {
    let usign = UsignKey::new(random::<USIGN_RANDOMNESS>()?);
    let apk = ApkKey::new(random::<APK_RANDOMNESS>()?).context("make a key")?;
    fs::create_dir_all(folder).context(format!("make {}", folder.display()))?;
    let apk_secret = apk.secret_file().context("write down a key")?;
    let apk_public = apk.public_file().context("write down a key")?;
    for (name, mode, text) in [
        (USIGN_SECRET, 0o600, usign.secret_file()),
        (USIGN_PUBLIC, 0o644, usign.public_file()),
        (APK_SECRET, 0o600, apk_secret),
        (APK_PUBLIC, 0o644, apk_public),
    ] {
        let path = folder.join(name);
        // A key that is lost cannot be had again, and routers trust it.
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(mode).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .context(format!("write {}", path.display()))?;
    }
    println!(
        "{USIGN_SECRET} and {APK_SECRET} in {} are secret: whoever has them can install anything on routers that trust this feed.",
        folder.display()
    );
    Ok(())
}

fn random<const SIZE: usize>() -> Result<[u8; SIZE]> {
    let mut bytes = [0; SIZE];
    getrandom::fill(&mut bytes).context("ask for randomness")?;
    Ok(bytes)
}

/// Makes the feeds of all packages that are there.
///
/// # Errors
///
/// When there are none, one is no package, or the folder cannot be written.
pub fn command(places: &Places, keys: Option<&Keys>) -> Result<()> {
    let _ = fs::remove_dir_all(places.feed());
    let strings = ARCHITECTURES.iter().flat_map(|one| one.openwrt);
    let mut made = 0;
    for openwrt in strings {
        let ipks = collect(&places.ipks(openwrt), &places.ipks(EVERY_ARCHITECTURE))?;
        let apks = collect(&places.apks(openwrt), &places.apks(EVERY_ARCHITECTURE))?;
        if ipks.is_empty() || apks.is_empty() {
            continue;
        }
        for_opkg(&places.feed().join(OPKG).join(openwrt), &ipks, keys)?;
        for_apk(&places.feed().join(APK).join(openwrt), &apks, keys)?;
        made += 1;
    }
    let shown = places.feed();
    let shown = shown.display();
    if made == 0 {
        return Err(Failure::new(
            "There are no packages: run `kickstand-packager package` first",
        ));
    }
    println!("{shown}: feeds for {made} architectures, OpenWrt {OPKG} (opkg) and {APK} (apk)");
    match keys {
        Some(keys) => public_keys(places, keys),
        None => {
            println!(
                "They are not signed: routers refuse them unless told not to check (docs/packaging.md). \
                 `kickstand-packager key FOLDER` makes keys, `feed --key FOLDER` signs."
            );
            Ok(())
        }
    }
}

/// The package of this architecture and those of every one; nothing when there is none of this.
fn collect(own: &Path, general: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = list(own)?;
    if !paths.is_empty() {
        paths.extend(list(general)?);
    }
    Ok(paths)
}

/// The files of a folder, by their names; none when it is not there.
fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.context(format!("read {}", folder.display()))?,
    };
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()
        .context(format!("read {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

/// Puts packages into a folder, as hard links where that is possible; their names and bytes.
fn gather(folder: &Path, packages: &[PathBuf]) -> Result<Vec<(String, Vec<u8>)>> {
    fs::create_dir_all(folder).context(format!("make {}", folder.display()))?;
    let mut files = Vec::new();
    for path in packages {
        let name = path.file_name().unwrap_or_default();
        let place = folder.join(name);
        let bytes = fs::read(path).context(format!("read {}", path.display()))?;
        fs::hard_link(path, &place)
            .or_else(|_| fs::write(&place, &bytes))
            .context(format!("write {}", place.display()))?;
        files.push((name.to_string_lossy().into_owned(), bytes));
    }
    Ok(files)
}

fn for_opkg(folder: &Path, packages: &[PathBuf], keys: Option<&Keys>) -> Result<()> {
    let files = gather(folder, packages)?;
    let text = feed::packages(&files).context(folder.display())?;
    let small = archive::gzip(text.as_bytes()).context("compress Packages")?;
    put(&folder.join("Packages"), text.as_bytes())?;
    put(&folder.join("Packages.gz"), &small)?;
    match keys {
        Some(keys) => put(
            &folder.join("Packages.sig"),
            keys.usign.sign(text.as_bytes()).as_bytes(),
        ),
        None => Ok(()),
    }
}

fn for_apk(folder: &Path, packages: &[PathBuf], keys: Option<&Keys>) -> Result<()> {
    let files = gather(folder, packages)?;
    let packages: Vec<_> = files.into_iter().map(|(_, bytes)| bytes).collect();
    let index = apk::index(&packages, |values| match keys {
        Some(keys) => keys.apk.sign(Schema::Index, values).map(Some),
        None => Ok(None),
    });
    let index = index.context(folder.display())?;
    put(&folder.join("packages.adb"), &index)
}

fn public_keys(places: &Places, keys: &Keys) -> Result<()> {
    let feed = places.feed();
    let usign = keys.usign.public_file();
    put(&feed.join(OPKG).join(FOR_OPKG), usign.as_bytes())?;
    let apk = keys.apk.public_file().context("write down a key")?;
    put(&feed.join(APK).join(FOR_APK), apk.as_bytes())?;
    println!("signed; opkg knows the key as {}", keys.usign.fingerprint());
    Ok(())
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).context(format!("write {}", path.display()))
}
