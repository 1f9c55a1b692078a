//! Where things lie: the sources, and what is made of them below `target/package`.
//!
//! Not its job: making any of it.

use std::path::{Path, PathBuf};

use kickstand_lab::process::Result;
use kickstand_lab::setup::target_folder;

/// The folders that the steps share.
#[derive(Debug, Clone)]
pub struct Places {
    sources: PathBuf,
    package: PathBuf,
}

impl Places {
    /// The checkout that this program was compiled in, and cargo's target folder that it runs from.
    ///
    /// # Errors
    ///
    /// When the running program cannot be found.
    pub fn find() -> Result<Self> {
        let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let sources = crate_folder.ancestors().nth(2).unwrap_or(crate_folder);
        Ok(Places {
            sources: sources.to_owned(),
            package: target_folder()?.join("package"),
        })
    }

    /// Another checkout, and another folder for what is made of it.
    pub fn new(sources: &Path, package: &Path) -> Self {
        Places {
            sources: sources.to_owned(),
            package: package.to_owned(),
        }
    }

    /// The checkout.
    pub fn sources(&self) -> &Path {
        &self.sources
    }

    /// All that packaging makes: `target/package`.
    pub fn package(&self) -> &Path {
        &self.package
    }

    /// cargo's target folder for routers. Its own, because another compiler builds for this machine.
    pub fn cargo(&self) -> PathBuf {
        self.package.join("cargo")
    }

    /// The binary for an architecture, by its name.
    pub fn binary(&self, architecture: &str) -> PathBuf {
        self.package
            .join("bin")
            .join(architecture)
            .join("kickstand")
    }

    /// The ipk for one of OpenWrt's architectures.
    pub fn ipk(&self, openwrt: &str) -> PathBuf {
        let name = format!("kickstand_{}-r1_{openwrt}.ipk", env!("CARGO_PKG_VERSION"));
        self.ipks(openwrt).join(name)
    }

    /// The folder of the ipk for one of OpenWrt's architectures.
    pub fn ipks(&self, openwrt: &str) -> PathBuf {
        self.package.join("ipk").join(openwrt)
    }

    /// The folder of the apk for one of OpenWrt's architectures.
    pub fn apks(&self, openwrt: &str) -> PathBuf {
        self.package.join("apk").join(openwrt)
    }

    /// What a web server can serve.
    pub fn feed(&self) -> PathBuf {
        self.package.join("feed")
    }

    /// The Makefile that the SDK builds a package with.
    pub fn recipe(&self, name: &str) -> PathBuf {
        self.sources.join("openwrt").join(name).join("Makefile")
    }

    /// The files that a package puts on the router.
    pub fn files(&self, name: &str) -> PathBuf {
        self.sources.join("files").join(name)
    }
}
