//! From binaries and recipes to `target/package/ipk` and `target/package/apk`: every package, for every architecture of OpenWrt that it serves.
//!
//! Not its job: the formats ([`crate::ipk`], [`crate::apk`]), making the binaries, and feeds ([`crate::publish`]).

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use kickstand_lab::process::{Context, Failure, Result};

use crate::cross::architectures::Architecture;
use crate::package::{EVERY_ARCHITECTURE, Package};
use crate::places::Places;
use crate::recipe::Recipe;
use crate::tree::Tree;
use crate::{apk, ipk, sources};

/// The package with the program.
const PROGRAM: &str = "kickstand";
/// The package with the pages.
const PAGES: &str = "luci-app-kickstand";

/// Time of everything in the packages, in seconds since 1970: the first of November 2026. A commit's date would make two checkouts
/// of the same files differ.
const DATE: u64 = 1_793_491_200;

/// A package that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// Packs what was built of these architectures, and the pages when there are any; prints what came out.
///
/// # Errors
///
/// When nothing was built, or a package cannot be made.
pub fn command(places: &Places, architectures: &[&Architecture]) -> Result<()> {
    let date = date()?;
    let built = built(places, architectures)?;
    let recipe = sources::recipe(places, PROGRAM)?;
    let mut written = pages(places, date)?;
    // Compression takes seconds for each binary: all at once.
    let results = thread::scope(|scope| {
        let running: Vec<_> = built
            .iter()
            .map(|architecture| {
                let recipe = &recipe;
                scope.spawn(move || {
                    let binary = |_: &str| places.binary(architecture.name);
                    let tree = sources::tree(places, recipe, binary)?;
                    pack(places, recipe, &tree, architecture.openwrt, date)
                })
            })
            .collect();
        let finished = running.into_iter().map(|thread| thread.join());
        finished.collect::<Vec<_>>()
    });
    for result in results {
        let result = result.map_err(|_| Failure::new("a package could not be compressed"))?;
        written.extend(result?);
    }
    print(&written);
    Ok(())
}

/// SOURCE_DATE_EPOCH where it is set, as builds that want to be reproducible agree on.
fn date() -> Result<u64> {
    match env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text
            .parse()
            .context(format!("SOURCE_DATE_EPOCH={text} is no number of seconds")),
        Err(_) => Ok(DATE),
    }
}

fn built<'a>(places: &Places, architectures: &[&'a Architecture]) -> Result<Vec<&'a Architecture>> {
    let (built, missing): (Vec<&Architecture>, Vec<&Architecture>) = architectures
        .iter()
        .partition(|architecture| places.binary(architecture.name).exists());
    let names: Vec<_> = missing
        .iter()
        .map(|architecture| architecture.name)
        .collect();
    let names = names.join(", ");
    if built.is_empty() {
        return Err(Failure::new(format!(
            "There is no binary for {names}: run `kickstand-packager build` first"
        )));
    }
    if !missing.is_empty() {
        eprintln!("left out, because there is no binary: {names}");
    }
    Ok(built)
}

/// The pages for LuCI, when there are any.
fn pages(places: &Places, date: u64) -> Result<Vec<Written>> {
    if !places.recipe(PAGES).exists() {
        return Ok(Vec::new());
    }
    let recipe = sources::recipe(places, PAGES)?;
    let nothing = |name: &str| places.recipe(name);
    let tree = sources::tree(places, &recipe, nothing)?;
    if tree.is_empty() {
        eprintln!("left out, because it has no files: {PAGES}");
        return Ok(Vec::new());
    }
    pack(places, &recipe, &tree, &[EVERY_ARCHITECTURE], date)
}

/// Writes one package in both formats for these architectures of OpenWrt.
fn pack(
    places: &Places,
    recipe: &Recipe,
    tree: &Tree,
    architectures: &[&str],
    date: u64,
) -> Result<Vec<Written>> {
    let name = &recipe.name;
    let made = |architecture: &str| {
        Package::new(recipe.clone(), architecture, tree.clone(), date).context(name)
    };
    let Some(first) = architectures.first() else {
        return Ok(Vec::new());
    };
    let package = made(first)?;
    let ipk_data = ipk::Data::new(&package.tree, date).context(name)?;
    let apk_data = apk::Data::new(&package).context(name)?;
    let mut written = Vec::new();
    for architecture in architectures {
        let package = made(architecture)?;
        let bytes = ipk::write(&package, &ipk_data).context(name)?;
        let folder = places.ipks(architecture);
        written.push(only(&folder, &ipk::file_name(&package), &bytes)?);
        let bytes = apk::write(&package, &apk_data).context(name)?;
        let folder = places.apks(architecture);
        written.push(only(&folder, &apk::file_name(&package), &bytes)?);
    }
    Ok(written)
}

/// Writes a file into a folder of its own: a package of an older version must not get into a feed.
fn only(folder: &Path, name: &str, bytes: &[u8]) -> Result<Written> {
    let path = folder.join(name);
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, bytes))
        .context(format!("write {}", path.display()))?;
    Ok(Written {
        path,
        bytes: bytes.len() as u64,
    })
}

fn print(written: &[Written]) {
    for Written { path, bytes } in written {
        // An apk's name does not tell its architecture: its folder does.
        let parts: Vec<_> = path.iter().rev().take(2).collect();
        let shown: PathBuf = parts.into_iter().rev().collect();
        println!("{bytes:>8}  {}", shown.display());
    }
}
