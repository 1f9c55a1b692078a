//! The steps `package`, `feed` and `key`: from the sources and the binaries to files below `target/package`.
//!
//! Not its job: formats.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use kickstand_lab::process::{Context, Failure, Result, run};

use super::feed::{Listed, packages};
use super::ipk::Data;
use super::package::Package;
use super::recipe::Recipe;
use super::signature::{ApkKey, UsignKey};
use super::tree::Tree;
use super::{apk, ipk};
use crate::cross::architectures::Architecture;
use crate::places::Places;

/// The service.
const KICKSTAND: &str = "kickstand";
/// The page.
const PAGE: &str = "luci-app-kickstand";
/// Releases of OpenWrt that opkg's packages are for, and apk's; the feed's folders are named so.
const OPKG_RELEASE: &str = "24.10";
const APK_RELEASE: &str = "25.12";
/// Files of a feed's keys.
const USIGN_KEY: &str = "usign.key";
const APK_KEY: &str = "apk.pem";

/// Every package, in both formats, for every one of OpenWrt's architectures.
///
/// # Errors
///
/// When a binary or a Makefile is not there, or something cannot be written.
pub fn package(places: &Places, architectures: &[&Architecture]) -> Result<()> {
    let time = time(places)?;
    println!("{:>8} {:>8}  package", "ipk", "apk");
    let mut archived: Vec<(Tree, Data)> = Vec::new();
    for (architecture, openwrt) in strings(architectures) {
        for package in packages_for(places, architecture, openwrt)? {
            let data = match archived.iter().find(|(tree, _)| *tree == package.tree) {
                Some((_, data)) => data.clone(),
                None => Data::new(&package.tree, time)?,
            };
            let ipk_file = ipk::write(&package, &data, time)?;
            if !archived.iter().any(|(tree, _)| *tree == package.tree) {
                archived.push((package.tree.clone(), data));
            }
            let apk_file = apk::write(&package)?;
            write(
                &places.ipks(openwrt).join(ipk::file_name(&package)),
                &ipk_file,
            )?;
            write(
                &places.apks(openwrt).join(apk::file_name(&package)),
                &apk_file,
            )?;
            println!(
                "{:>8} {:>8}  {} {} for {openwrt}",
                ipk_file.len(),
                apk_file.len(),
                package.name,
                package.version
            );
        }
    }
    Ok(())
}

/// Both feeds, of the packages that there are.
///
/// # Errors
///
/// As for [`package`], and when there is no key in `keys`.
pub fn feed(places: &Places, architectures: &[&Architecture], keys: Option<&Path>) -> Result<()> {
    let time = time(places)?;
    let keys = keys.map(read_keys).transpose()?;
    for (architecture, openwrt) in strings(architectures) {
        let all = packages_for(places, architecture, openwrt)?;
        let (opkg, apk_folder) = (
            places.feed(OPKG_RELEASE, openwrt),
            places.feed(APK_RELEASE, openwrt),
        );
        let mut files = Vec::new();
        let mut entries = Vec::new();
        for package in &all {
            let name = ipk::file_name(package);
            let file = read(&places.ipks(openwrt).join(&name))?;
            write(&opkg.join(&name), &file)?;
            files.push(file);
            let name = apk::file_name(package);
            let file = read(&places.apks(openwrt).join(&name))?;
            write(&apk_folder.join(&name), &file)?;
            entries.push(apk::Entry::new(package, file.len() as u64));
        }
        let listed: Vec<Listed<'_>> = all
            .iter()
            .zip(&files)
            .map(|(package, file)| {
                Ok(Listed {
                    package,
                    file,
                    size: ipk::installed_size(package, time)?,
                    time,
                })
            })
            .collect::<Result<_>>()?;
        let text = packages(&listed);
        write(&opkg.join("Packages"), text.as_bytes())?;
        write(&opkg.join("Packages.gz"), &ipk::gzip(text.as_bytes())?)?;
        if let Some((usign, _)) = &keys {
            write(
                &opkg.join("Packages.sig"),
                usign.sign(text.as_bytes()).as_bytes(),
            )?;
        }
        let key = keys.as_ref().map(|(_, apk)| apk);
        write(
            &apk_folder.join("packages.adb"),
            &apk::index(&entries, key)?,
        )?;
    }
    println!("{}", places.package().join("feed").display());
    if keys.is_none() {
        println!(
            "The feeds are not signed: routers take nothing from them unless told to trust anybody. Make keys with `kickstand-packager key DIR`, and \
             give them with --key DIR."
        );
    }
    Ok(())
}

/// Two keys in a folder: those that sign, for their owner alone, and those that routers get.
///
/// # Errors
///
/// When there are keys already, or they cannot be written.
pub fn keys(folder: &Path) -> Result<()> {
    if folder.join(USIGN_KEY).exists() || folder.join(APK_KEY).exists() {
        return Err(Failure::new(format!(
            "{} has keys already: routers that trust them would trust nothing new",
            folder.display()
        )));
    }
    let (usign, apk) = (UsignKey::fresh()?, ApkKey::fresh()?);
    secret(&folder.join(USIGN_KEY), usign.secret().as_bytes())?;
    secret(&folder.join(APK_KEY), apk.secret()?.as_bytes())?;
    let (opkg_public, apk_public) = (
        folder.join(usign.fingerprint()),
        folder.join("kickstand.pem"),
    );
    write(&opkg_public, usign.public().as_bytes())?;
    write(&apk_public, apk.public()?.as_bytes())?;
    println!("keep to yourself: {USIGN_KEY}, {APK_KEY}");
    println!(
        "for routers with opkg: {} → /etc/opkg/keys/{}",
        opkg_public.display(),
        usign.fingerprint()
    );
    println!(
        "for routers with apk:  {} → /etc/apk/keys/kickstand.pem",
        apk_public.display()
    );
    Ok(())
}

fn read_keys(folder: &Path) -> Result<(UsignKey, ApkKey)> {
    let text = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).context(format!(
            "read {}: make keys with `kickstand-packager key DIR`",
            path.display()
        ))
    };
    Ok((
        UsignKey::parse(&text(USIGN_KEY)?)?,
        ApkKey::parse(&text(APK_KEY)?)?,
    ))
}

fn strings<'a>(
    architectures: &'a [&Architecture],
) -> impl Iterator<Item = (&'a str, &'static str)> {
    architectures
        .iter()
        .flat_map(|one| one.openwrt.iter().map(|openwrt| (one.name, *openwrt)))
}

/// The packages for one of OpenWrt's architectures.
///
/// # Errors
///
/// When a binary, a tree or a Makefile cannot be read.
pub fn packages_for(places: &Places, architecture: &str, openwrt: &str) -> Result<Vec<Package>> {
    let binary = places.binary(architecture);
    let bytes = fs::read(&binary).context(format!(
        "read {}: run `kickstand-packager build --arch {architecture}` first",
        binary.display()
    ))?;
    let files = places.sources().join("files");
    let mut tree = Tree::default();
    tree.add(&files.join(KICKSTAND), "")?;
    tree.file("usr/sbin/kickstand", true, bytes);
    let mut all = vec![described(places, KICKSTAND, openwrt, tree)?];
    let page = files.join(PAGE);
    if page.exists() {
        let mut tree = Tree::default();
        // As luci.mk installs them.
        for (folder, at) in [("root", ""), ("htdocs", "www")] {
            if page.join(folder).exists() {
                tree.add(&page.join(folder), at)?;
            }
        }
        all.push(described(places, PAGE, "all", tree)?);
    }
    Ok(all)
}

fn described(places: &Places, name: &str, architecture: &str, tree: Tree) -> Result<Package> {
    let path = places.sources().join("openwrt").join(name).join("Makefile");
    let text = fs::read_to_string(&path).context(format!("read {}", path.display()))?;
    let recipe = Recipe::parse(&text);
    let package = recipe.and_then(|recipe| Package::new(&recipe, name, architecture, tree));
    package.context(path.display())
}

/// Of the last commit, in seconds since 1970, so that the same sources make the same packages; `SOURCE_DATE_EPOCH` overrules it.
fn time(places: &Places) -> Result<u64> {
    let text = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text,
        Err(_) => {
            let mut git = std::process::Command::new("git");
            git.arg("-C")
                .arg(places.sources())
                .args(["log", "-1", "--format=%ct"]);
            run(&mut git).context("set SOURCE_DATE_EPOCH where there is no git")?
        }
    };
    text.trim()
        .parse()
        .context(format!("'{}' is no time in seconds", text.trim()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).context(format!(
        "read {}: run `kickstand-packager package` first",
        path.display()
    ))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let what = format!("write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).context(&what)?;
    }
    fs::write(path, bytes).context(&what)
}

fn secret(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, &[])?;
    let own = fs::Permissions::from_mode(0o600);
    fs::set_permissions(path, own).context(format!("protect {}", path.display()))?;
    write(path, bytes)
}
