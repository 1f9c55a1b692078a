//! A checkout with packages of its own, and a reader that shares nothing with the packager.
#![allow(dead_code, reason = "each test program uses its part of it")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kickstand_lab::python;
use kickstand_lab::scratch::Scratch;
use kickstand_lab::setup::target_folder;
use kickstand_packager::places::Places;
use serde_json::Value;

/// Of PyPI's package with the second implementation of signatures.
const CRYPTOGRAPHY: &str = "50.0.2";

/// What the workspace is at: the program's version, which recipes must have.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A recipe as they are, with everything that a package can have.
pub fn recipe() -> String {
    format!(
        "\
include $(TOPDIR)/rules.mk
PKG_NAME:=kickstand
PKG_VERSION:={VERSION}
PKG_RELEASE:=1
PKG_MAINTAINER:=A Person <a@example.org>
PKG_LICENSE:=Apache-2.0
PKG_LICENSE_FILES:=LICENSE
include $(INCLUDE_DIR)/package.mk
define Package/kickstand
  SECTION:=net
  TITLE:=Servers that install themselves
  URL:=https://example.org/
  DEPENDS:=$(RUST_ARCH_DEPENDS) +uci dnsmasq
  USERID:=kickstand=8067:kickstand=8067
endef
define Package/kickstand/description
  One line.
  Another.
endef
define Package/kickstand/conffiles
/etc/config/kickstand
/etc/kickstand/
endef
define Package/kickstand/postinst
#!/bin/sh
echo \"$$0 came\"
endef
define Package/kickstand/prerm
#!/bin/sh
echo \"it goes\"
endef
define Package/kickstand/install
\t$(INSTALL_DIR) $(1)/usr/sbin $(1)/etc/config $(1)/srv
\t$(INSTALL_BIN) $(PKG_INSTALL_DIR)/bin/kickstand $(1)/usr/sbin/
\t$(INSTALL_CONF) $(PKG_BUILD_DIR)/files/kickstand/etc/config/kickstand $(1)/etc/config/
\t$(INSTALL_DATA) $(PKG_BUILD_DIR)/files/kickstand/etc/empty $(1)/etc/
endef
$(eval $(call BuildPackage,kickstand))
"
    )
}

fn pages_recipe() -> String {
    format!(
        "\
include $(TOPDIR)/rules.mk
PKG_VERSION:={VERSION}
PKG_LICENSE:=Apache-2.0
LUCI_TITLE:=Pages
LUCI_DEPENDS:=+luci-base +kickstand
include $(TOPDIR)/feeds/luci/luci.mk
"
    )
}

/// A checkout: recipes, files, and binaries of two architectures that are none.
pub struct Checkout {
    folder: Scratch,
    /// Where its things lie.
    pub places: Places,
}

impl Checkout {
    pub fn new() -> Self {
        let folder = Scratch::new("packager");
        let places = Places::new(&folder.join("sources"), &folder.join("package"));
        let checkout = Checkout { folder, places };
        checkout.write("openwrt/kickstand/Makefile", recipe());
        checkout.write("openwrt/luci-app-kickstand/Makefile", pages_recipe());
        checkout.write(
            "files/kickstand/etc/config/kickstand",
            "config kickstand 'main'\n",
        );
        checkout.write("files/kickstand/etc/empty", "");
        let pages = "openwrt/luci-app-kickstand";
        checkout.write(
            &format!("{pages}/htdocs/luci-static/x.js"),
            "'use strict';\n",
        );
        checkout.write(&format!("{pages}/root/usr/bin/run"), "#!/bin/sh\n");
        checkout.mode(&format!("{pages}/root/usr/bin/run"), 0o755);
        symlink(
            "run",
            checkout.sources(&format!("{pages}/root/usr/bin/link")),
        )
        .expect("the folder was just made");
        for name in ["mipsel", "riscv64"] {
            let binary = checkout.places.binary(name);
            fs::create_dir_all(binary.parent().expect("a folder")).expect("a scratch folder");
            fs::write(&binary, format!("binary for {name}").repeat(100)).expect("a scratch folder");
        }
        checkout
    }

    pub fn sources(&self, path: &str) -> PathBuf {
        self.places.sources().join(path)
    }

    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) {
        self.folder.write(&format!("sources/{path}"), contents);
    }

    pub fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.sources(path), fs::Permissions::from_mode(mode))
            .expect("it was just written");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The ipk of an architecture of OpenWrt.
    pub fn ipk(&self, openwrt: &str) -> PathBuf {
        let name = format!("kickstand_{VERSION}-r1_{openwrt}.ipk");
        self.places.ipks(openwrt).join(name)
    }

    /// The apk of an architecture of OpenWrt.
    pub fn apk(&self, openwrt: &str) -> PathBuf {
        let name = format!("kickstand-{VERSION}-r1.apk");
        self.places.apks(openwrt).join(name)
    }
}

/// Every file below a folder with its bytes, by its path.
pub fn everything(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(everything(&path));
        } else {
            let bytes = fs::read(&path).expect("a file");
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

/// What the second reader says of a file.
pub fn second_reader(what: &str, path: &Path) -> Value {
    let output = reader("python3".as_ref(), what, &[path]);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// Whether the second implementation takes a signature for good.
pub fn is_good(what: &str, paths: &[&Path]) -> bool {
    let shelf = target_folder().expect("tests run in it").join("parts");
    let environment = python::environment(&shelf, "cryptography", CRYPTOGRAPHY);
    let environment = environment.unwrap_or_else(|failure| panic!("{failure}"));
    let output = reader(&environment.join("bin/python3"), what, paths);
    let said = String::from_utf8_lossy(&output.stderr);
    // Anything else that goes wrong must not look like a bad signature.
    let refused = said.contains("InvalidSignature") || said.contains("signed by another key");
    assert!(output.status.success() || refused, "{said}");
    output.status.success()
}

fn reader(python: &Path, what: &str, paths: &[&Path]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second_reader.py");
    let mut command = Command::new(python);
    command.arg(script).arg(what).args(paths);
    command.output().expect("Python is there, for pip")
}
