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
        self.package.join("ipk").join(openwrt).join(name)
    }
}
