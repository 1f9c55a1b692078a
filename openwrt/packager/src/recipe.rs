//! What a package says of itself, read from the Makefile that the SDK builds it with: nothing is said twice.
//!
//! Names of variables and defaults: OpenWrt's include/package.mk, package-defaults.mk and package-pack.mk; for LuCI applications luci.mk.
//!
//! Not its job: the grammar ([`crate::makefile`]), and what a package contains.

use std::fmt;

use crate::makefile::{Fault, Makefile};

mod install;

use install::installed;
pub use install::{Contents, Origin};

/// What luci.mk runs after a LuCI application came: menus are read again, and rpcd its permissions.
const LUCI_POSTINST: &str = "\
[ -n \"${IPKG_INSTROOT}\" ] || {
\trm -f /tmp/luci-indexcache.*
\trm -rf /tmp/luci-modulecache/
\t/etc/init.d/rpcd reload 2>/dev/null
\texit 0
}";

/// What the SDK sets and packages refer to; none of it changes what is said of them here.
const OF_THE_SDK: &[(&str, &str)] = &[
    ("TOPDIR", ""),
    ("INCLUDE_DIR", ""),
    // Conditions on the architecture ("@(…)"), which dependencies of a package do not show.
    ("RUST_ARCH_DEPENDS", ""),
    ("PKG_RELEASE", "1"),
];

/// Why a recipe cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// The Makefile was not understood.
    Makefile(Fault),
    /// A variable that every package needs.
    Missing(&'static str),
    /// A dependency that only menuconfig could resolve.
    Dependency(String),
    /// A line of `install` that is not understood.
    Install(String),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Makefile(fault) => fault.fmt(f),
            Unusable::Missing(name) => write!(f, "{name} is not set"),
            Unusable::Dependency(word) => write!(
                f,
                "DEPENDS '{word}': a condition that only menuconfig can answer"
            ),
            Unusable::Install(line) => write!(
                f,
                "install '{line}': only INSTALL_DIR, INSTALL_BIN, INSTALL_DATA and INSTALL_CONF of files by their names are read"
            ),
        }
    }
}

impl std::error::Error for Unusable {}

impl From<Fault> for Unusable {
    fn from(fault: Fault) -> Self {
        Unusable::Makefile(fault)
    }
}

/// Shell scripts of a package, without those that OpenWrt adds; None where it has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scripts {
    /// Before it is unpacked.
    pub preinst: Option<String>,
    /// After it is unpacked.
    pub postinst: Option<String>,
    /// Before it is removed.
    pub prerm: Option<String>,
    /// After it is removed.
    pub postrm: Option<String>,
}

/// What a package says of itself. Empty where the Makefile says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipe {
    /// Of the package.
    pub name: String,
    /// Of the program: `1.2.3`.
    pub upstream_version: String,
    /// Which packaging of it: a number.
    pub release: String,
    /// Where the feed keeps the recipe.
    pub source: String,
    /// SPDX.
    pub license: String,
    /// Names of files of the sources.
    pub license_files: String,
    /// As in menuconfig.
    pub section: String,
    /// Who asks questions about it are sent to.
    pub maintainer: String,
    /// Of the project.
    pub url: String,
    /// Users to be made, `NAME=ID:GROUP=ID`.
    pub users: String,
    /// Names of packages that must be there.
    pub depends: Vec<String>,
    /// Names that it answers to besides its own.
    pub provides: Vec<String>,
    /// Names of packages that must not be there.
    pub conflicts: Vec<String>,
    /// Whether it runs on any processor.
    pub for_every_architecture: bool,
    /// For people; lines.
    pub description: Vec<String>,
    /// Paths, with a leading slash, that the user may change: files of the package, or what a firmware upgrade must keep.
    pub conffiles: Vec<String>,
    /// Its own.
    pub scripts: Scripts,
    /// What it contains.
    pub contents: Contents,
}

impl Recipe {
    /// Reads the recipe of the one package that a Makefile makes. `folder` is the name of the folder that it lies in, which
    /// names LuCI applications.
    ///
    /// # Errors
    ///
    /// When something would be packed differently from what the SDK does, or is not said at all.
    pub fn parse(text: &str, folder: &str) -> Result<Self, Unusable> {
        let mut makefile = Makefile::parse(text)?;
        for (name, value) in OF_THE_SDK {
            makefile.provide(name, value);
        }
        let luci = makefile
            .includes()
            .iter()
            .any(|path| path.ends_with("/luci.mk"));
        if luci {
            provide_luci(&mut makefile, folder);
        }
        let name = needed(&makefile, "PKG_NAME")?;
        let definition = makefile.define(&format!("Package/{name}"));
        let package = makefile.with(definition.unwrap_or_default())?;
        let mut recipe = read(&package, name)?;
        recipe.source = format!("feeds/kickstand/{folder}");
        let part = |part: &str| makefile.define(&format!("Package/{}/{part}", recipe.name));
        let script = |name: &str| part(name).map(|body| in_shell(&package, body)).transpose();
        recipe.scripts = Scripts {
            preinst: script("preinst")?,
            postinst: script("postinst")?,
            prerm: script("prerm")?,
            postrm: script("postrm")?,
        };
        if luci && recipe.scripts.postinst.is_none() {
            recipe.scripts.postinst = Some(LUCI_POSTINST.to_owned());
        }
        if let Some(body) = part("conffiles") {
            recipe.conffiles = words(&package.expand(body)?);
        }
        if let Some(body) = part("description") {
            let text = package.expand(body)?;
            let lines = text.lines().map(str::trim);
            recipe.description = lines
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect();
        }
        recipe.contents = match part("install") {
            Some(body) => Contents::Installed(installed(&package, body)?),
            None if luci => Contents::Luci,
            None => return Err(Unusable::Missing("Package/…/install")),
        };
        Ok(recipe)
    }

    /// As packages of releases 24.10 and later are versioned.
    pub fn version(&self) -> String {
        format!("{}-r{}", self.upstream_version, self.release)
    }
}

/// What luci.mk makes of a LuCI application's own variables.
fn provide_luci(makefile: &mut Makefile, folder: &str) {
    for (name, value) in [
        ("LUCI_NAME", folder),
        ("LUCI_PKGARCH", "all"),
        ("LUCI_SECTION", "luci"),
        ("LUCI_URL", "https://github.com/openwrt/luci"),
        ("LUCI_MAINTAINER", "OpenWrt LuCI community"),
        ("LUCI_DEPENDS", ""),
        ("LUCI_DESCRIPTION", "$(LUCI_TITLE)"),
        ("PKG_NAME", "$(LUCI_NAME)"),
        ("SECTION", "$(LUCI_SECTION)"),
        ("TITLE", "$(LUCI_TITLE)"),
        ("DEPENDS", "$(LUCI_DEPENDS)"),
        ("PKGARCH", "$(LUCI_PKGARCH)"),
        ("URL", "$(LUCI_URL)"),
        ("PKG_MAINTAINER", "$(LUCI_MAINTAINER)"),
        ("DESCRIPTION", "$(LUCI_DESCRIPTION)"),
    ] {
        makefile.provide(name, value);
    }
}

/// The variables of a package, with the defaults of OpenWrt.
fn read(package: &Makefile, name: String) -> Result<Recipe, Unusable> {
    let one = |name: &str| -> Result<String, Unusable> {
        Ok(package.variable(name)?.unwrap_or_default())
    };
    let or = |name: &str, general: &str| -> Result<String, Unusable> {
        let own = one(name)?;
        if own.is_empty() {
            return one(general);
        }
        Ok(own)
    };
    let description = or("DESCRIPTION", "TITLE")?;
    Ok(Recipe {
        name,
        upstream_version: needed(package, "PKG_VERSION")?,
        release: needed(package, "PKG_RELEASE")?,
        license: or("LICENSE", "PKG_LICENSE")?,
        license_files: or("LICENSE_FILES", "PKG_LICENSE_FILES")?,
        section: one("SECTION")?,
        maintainer: or("MAINTAINER", "PKG_MAINTAINER")?,
        url: or("URL", "PKG_URL")?,
        users: or("USERID", "PKG_USERID")?,
        depends: dependencies(&one("DEPENDS")?)?,
        provides: words(&one("PROVIDES")?),
        conflicts: words(&one("CONFLICTS")?),
        for_every_architecture: or("PKGARCH", "PKG_ARCH")? == "all",
        description: vec![description],
        ..Recipe::default()
    })
}

fn needed(makefile: &Makefile, name: &'static str) -> Result<String, Unusable> {
    let value = makefile.variable(name)?;
    value
        .filter(|value| !value.is_empty())
        .ok_or(Unusable::Missing(name))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// `+NAME` selects a package, `NAME` waits for it, `@CONDITION` hides this one: the package on the router depends on the first two.
fn dependencies(text: &str) -> Result<Vec<String>, Unusable> {
    let mut names: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        if word.starts_with('@') || word.starts_with("+@") {
            continue;
        }
        let name = word.trim_start_matches('+');
        if name.is_empty() || name.contains([':', '!', '(', '|', '&']) {
            return Err(Unusable::Dependency(word.to_owned()));
        }
        if !names.iter().any(|there| there == name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// A script as make exports it: `$$` is the shell's dollar, and the blank lines at both ends are the Makefile's.
fn in_shell(package: &Makefile, body: &str) -> Result<String, Unusable> {
    Ok(package.expand(body)?.trim_matches('\n').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: &str = "\
include $(TOPDIR)/rules.mk

PKG_NAME:=kickstand
PKG_VERSION:=0.1.0
PKG_RELEASE:=2
PKG_MAINTAINER:=A Person <a@example.org>
PKG_LICENSE:=Apache-2.0
PKG_BUILD_DEPENDS:=rust/host

include $(INCLUDE_DIR)/package.mk
include $(TOPDIR)/feeds/packages/lang/rust/rust-package.mk

define Package/kickstand
  SECTION:=net
  CATEGORY:=Network
  TITLE:=Zero-touch provisioning
  URL:=https://example.org/#kickstand
  DEPENDS:=$(RUST_ARCH_DEPENDS) @HAS_FPU +dnsmasq uci +dnsmasq
  USERID:=kickstand=876:kickstand=876
endef

define Package/kickstand/description
  Turns a router into an appliance.

  Version $(PKG_VERSION).
endef

define Package/kickstand/conffiles
/etc/config/kickstand
/etc/kickstand/
endef

define Package/kickstand/postinst
#!/bin/sh
[ -n \"$${IPKG_INSTROOT}\" ] || echo \"$$1\"
endef

define Package/kickstand/install
\t$(INSTALL_DIR) $(1)/usr/sbin $(1)/etc
\t$(INSTALL_BIN) $(PKG_INSTALL_DIR)/bin/kickstand $(1)/usr/sbin/
endef

$(eval $(call RustBinPackage,kickstand))
$(eval $(call BuildPackage,kickstand))
";

    #[test]
    fn a_usual_recipe() {
        let recipe = Recipe::parse(USUAL, "kickstand").expect("a recipe");
        assert_eq!(recipe.name, "kickstand");
        assert_eq!(recipe.version(), "0.1.0-r2");
        assert_eq!(recipe.depends, ["dnsmasq", "uci"]);
        assert_eq!(recipe.url, "https://example.org/#kickstand");
        assert_eq!(recipe.users, "kickstand=876:kickstand=876");
        assert_eq!(
            recipe.conffiles,
            ["/etc/config/kickstand", "/etc/kickstand/"]
        );
        assert_eq!(
            recipe.description,
            ["Turns a router into an appliance.", "Version 0.1.0."]
        );
        assert_eq!(
            recipe.scripts.postinst.as_deref(),
            Some("#!/bin/sh\n[ -n \"${IPKG_INSTROOT}\" ] || echo \"$1\"")
        );
        assert_eq!(recipe.scripts.prerm, None);
        let Contents::Installed(files) = &recipe.contents else {
            panic!("it has an install section");
        };
        assert_eq!(files.len(), 3);
        assert!(!recipe.for_every_architecture);
    }

    #[test]
    fn a_luci_application_takes_what_luci_mk_gives() {
        let text = "\
include $(TOPDIR)/rules.mk
LUCI_TITLE:=LuCI page for kickstand
LUCI_DEPENDS:=+luci-base +kickstand
PKG_VERSION:=0.1.0
PKG_LICENSE:=Apache-2.0
include $(TOPDIR)/feeds/luci/luci.mk
# call BuildPackage - OpenWrt buildroot signature
";
        let recipe = Recipe::parse(text, "luci-app-kickstand").expect("a recipe");
        assert_eq!(recipe.name, "luci-app-kickstand");
        assert_eq!(recipe.version(), "0.1.0-r1");
        assert_eq!(recipe.depends, ["luci-base", "kickstand"]);
        assert_eq!(recipe.section, "luci");
        assert_eq!(recipe.description, ["LuCI page for kickstand"]);
        assert!(recipe.for_every_architecture);
        assert_eq!(recipe.contents, Contents::Luci);
        let postinst = recipe.scripts.postinst.expect("luci.mk's");
        assert!(postinst.contains("/etc/init.d/rpcd reload"), "{postinst}");
    }

    #[test]
    fn what_cannot_be_packed_as_the_sdk_would_is_refused() {
        let conditional = USUAL.replace("+dnsmasq uci", "+IPV6:odhcpd");
        assert_eq!(
            Recipe::parse(&conditional, "kickstand"),
            Err(Unusable::Dependency("+IPV6:odhcpd".into()))
        );
        let empty = USUAL.replace("Package/kickstand/install", "Package/other/install");
        assert!(matches!(
            Recipe::parse(&empty, "kickstand"),
            Err(Unusable::Missing(_))
        ));
        let nameless = USUAL.replace("PKG_VERSION:=0.1.0", "");
        assert_eq!(
            Recipe::parse(&nameless, "kickstand"),
            Err(Unusable::Missing("PKG_VERSION"))
        );
        let conditional = format!("{USUAL}\nifdef X\n");
        assert!(matches!(
            Recipe::parse(&conditional, "kickstand"),
            Err(Unusable::Makefile(Fault::Line(..)))
        ));
    }
}
