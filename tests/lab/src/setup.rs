//! Puts in place what the lab is made of: Debian's QEMU, OVMF, iPXE and dnsmasq, and some packages that are only unpacked.
//!
//! Silent about what is there. Not its job: making images of them.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::apt::{self, Apt};
use crate::process::{Context, Failure, Result, run, words};

/// A file that shows that something is there, its package, and what it is for.
type Needed = (&'static str, &'static str, &'static str);

/// What must be on the machine.
const NEEDED: [Needed; 14] = [
    (
        "/usr/bin/qemu-system-x86_64",
        "qemu-system-x86",
        "is the machine",
    ),
    (
        "/usr/share/OVMF/OVMF_CODE_4M.fd",
        "ovmf",
        "is its UEFI firmware",
    ),
    (
        "/usr/lib/ipxe/snponly.efi",
        "ipxe",
        "is what it loads first",
    ),
    (
        "/usr/sbin/dnsmasq",
        "dnsmasq-base",
        "answers its DHCP and TFTP",
    ),
    ("/usr/sbin/sfdisk", "fdisk", "partitions its disk"),
    (
        "/usr/sbin/mkfs.vfat",
        "dosfstools",
        "formats its boot partition",
    ),
    ("/usr/sbin/mkfs.ext4", "e2fsprogs", "formats its disk"),
    ("/usr/bin/curl", "curl", "fetches its kickstart"),
    (
        "/usr/bin/openssl",
        "openssl",
        "makes a certificate for who is told by https",
    ),
    ("/usr/bin/cpio", "cpio", "packs the installer"),
    ("/usr/bin/zstd", "zstd", "compresses the installer"),
    ("/usr/bin/xz", "xz-utils", "unpacks kernel modules"),
    ("/usr/bin/ip", "iproute2", "makes the network"),
    (
        "/usr/bin/ssh-keygen",
        "openssh-client",
        "reads its SSH host key",
    ),
];

/// What shows the LuCI application to its tests.
const BROWSER: [Needed; 3] = [
    ("/usr/bin/chromium", "chromium", "shows the LuCI pages"),
    ("/usr/bin/node", "nodejs", "drives the browser"),
    ("/usr/bin/npm", "npm", "fetches what node needs for that"),
];

/// What `make bench` measures with.
const MEASURES: [Needed; 2] = [
    ("/usr/bin/valgrind", "valgrind", "counts instructions"),
    (
        "/usr/bin/taskset",
        "util-linux",
        "gives each process its core",
    ),
];

/// What `make bench` compares with, and what asks them. Unpacked only: installed, the servers would start at once on port 80.
const PEERS: [&str; 4] = ["nginx", "lighttpd", "wrk", "libluajit-5.1-2"];

/// Packages whose files are used without installing them: a kernel, boot loaders and a static busybox would change how
/// the machine that runs the lab boots or works.
const UNPACKED: [&str; 5] = [
    "busybox-static",
    "grub-common",
    "grub-efi-amd64-bin",
    "grub-efi-amd64-signed",
    "shim-signed",
];

/// Depends on the newest kernel of the release; small, and with drivers for virtual hardware only.
const KERNEL: &str = "linux-image-cloud-amd64";

/// What dpkg writes before it reaches the file system; raise it when what is unpacked changes, so that it is made anew.
const UNPACKED_VERSION: &str = "1";

/// Where things were put. All of it can be deleted: the next run makes it again.
#[derive(Debug, Clone)]
pub struct Lab {
    folder: PathBuf,
}

impl Lab {
    /// The lab below cargo's target folder, with everything installed and unpacked that it needs.
    pub fn set_up() -> Result<Self> {
        let lab = Lab::as_root()?;
        let _lock = lab.lock()?;
        lab.install_missing(&NEEDED)?;
        lab.unpack_packages()?;
        Ok(lab)
    }

    /// nginx, lighttpd and wrk, unpacked: the root of their files.
    pub fn set_up_peers() -> Result<PathBuf> {
        let lab = Lab::as_root()?;
        let _lock = lab.lock()?;
        let root = lab.folder.join("peers");
        lab.unpack(&PEERS, None, &root)?;
        Ok(root)
    }

    /// Prometheus' promtool, unpacked: installed, its package would start a server.
    pub fn set_up_promtool() -> Result<PathBuf> {
        let lab = Lab::as_root()?;
        let _lock = lab.lock()?;
        let root = lab.folder.join("prometheus");
        lab.unpack(&["prometheus"], None, &root)?;
        Ok(root.join("usr/bin/promtool"))
    }

    /// valgrind and taskset.
    pub fn set_up_measures() -> Result<()> {
        if missing(&MEASURES).is_empty() {
            return Ok(());
        }
        let lab = Lab::as_root()?;
        let _lock = lab.lock()?;
        lab.install_missing(&MEASURES)
    }

    fn as_root() -> Result<Self> {
        if run(&mut words("id -u"))?.trim() != "0" {
            return Err(Failure::new(
                "The lab must run as root, because it makes network namespaces and installs packages.",
            ));
        }
        let lab = Lab {
            folder: target_folder()?.join("lab"),
        };
        fs::create_dir_all(&lab.folder).context(format!("make {}", lab.folder.display()))?;
        Ok(lab)
    }

    /// A folder of the lab, made when it is not there.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder).context(format!("make {}", folder.display()))?;
        Ok(folder)
    }

    /// The root of the files of the unpacked packages.
    pub fn unpacked(&self) -> PathBuf {
        self.folder.join("unpacked")
    }

    /// Debian's busybox, which needs no libraries.
    pub fn busybox(&self) -> PathBuf {
        // /bin in Debian 12, /usr/bin since.
        let merged = self.unpacked().join("usr/bin/busybox");
        if merged.exists() {
            return merged;
        }
        self.unpacked().join("bin/busybox")
    }

    /// Held while something below the lab's folder is made: tests run in several processes at once.
    pub fn lock(&self) -> Result<File> {
        let path = self.folder.join("lock");
        let file = File::create(&path).context(format!("write {}", path.display()))?;
        file.lock().context(format!("lock {}", path.display()))?;
        Ok(file)
    }

    fn install_missing(&self, needed: &[Needed]) -> Result<()> {
        let missing = missing(needed);
        if missing.is_empty() {
            return Ok(());
        }
        for (_, package, purpose) in &missing {
            eprintln!("lab: installs {package}, which {purpose}");
        }
        let packages: Vec<&str> = missing.iter().map(|(_, package, _)| *package).collect();
        let apt = Apt::new("lab", &self.folder.join("archives"));
        apt.refresh_lists(packages[0])?;
        let Err(first) = run(apt.install().args(&packages)) else {
            return Ok(());
        };
        // A newer qemu-utils, from backports that apt no longer lists, breaks the release's own QEMU.
        let Some(utils) = matching_utils(&packages) else {
            return Err(first);
        };
        eprintln!(
            "lab: apt-get refused ({}); tries again with {utils}, which belongs to this QEMU",
            apt::reason(&first)
        );
        run(apt
            .install()
            .arg("--allow-downgrades")
            .args(&packages)
            .arg(utils))?;
        Ok(())
    }

    fn unpack_packages(&self) -> Result<()> {
        self.unpack(&UNPACKED, Some(KERNEL), &self.unpacked())
    }

    /// Fetches packages, and that which `newest` depends on, and unpacks them below `root`, unless that was done.
    fn unpack(&self, packages: &[&str], newest: Option<&str>, root: &Path) -> Result<()> {
        let stamp = root.with_extension("stamp");
        let named: Vec<&str> = newest.into_iter().chain(packages.iter().copied()).collect();
        let key = format!("{UNPACKED_VERSION} {}", named.join(" "));
        if fs::read_to_string(&stamp).is_ok_and(|made| made == key) {
            return Ok(());
        }
        eprintln!(
            "lab: fetches and unpacks, without installing: {}",
            named.join(" ")
        );
        Apt::new("lab", &self.folder.join("archives")).refresh_lists(named[0])?;
        let archives = self.folder("packages")?;
        let mut download = words("apt-get download --quiet");
        if newest.is_some() {
            download.arg(kernel_package()?);
        }
        run(download.args(packages).current_dir(&archives))?;
        let _ = fs::remove_dir_all(root);
        for archive in fs::read_dir(&archives).context("list the packages")? {
            let archive = archive.context("list the packages")?.path();
            run(words("dpkg-deb --extract").arg(&archive).arg(root))?;
        }
        fs::remove_dir_all(&archives).context("remove the packages")?;
        fs::write(&stamp, key).context(format!("write {}", stamp.display()))
    }
}

/// Installs a browser and what drives it, where they are missing. Only then it must be root who asks.
///
/// # Errors
///
/// Those of apt-get.
pub fn install_browser() -> Result<()> {
    if missing(&BROWSER).is_empty() {
        return Ok(());
    }
    let lab = Lab::as_root()?;
    let _lock = lab.lock()?;
    lab.install_missing(&BROWSER)
}

fn missing(needed: &[Needed]) -> Vec<&Needed> {
    needed
        .iter()
        .filter(|(file, _, _)| !Path::new(file).exists())
        .collect()
}

/// Cargo's target folder: the one that the running program was built in.
pub fn target_folder() -> Result<PathBuf> {
    let program = env::current_exe().context("find the running program")?;
    // Cargo marks its target folders with this file, so that backups leave them out.
    let target = program
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").exists());
    match target {
        Some(folder) => Ok(folder.to_owned()),
        None => Ok(env::current_dir()
            .context("find the current folder")?
            .join("target")),
    }
}

/// `qemu-utils=VERSION` of the QEMU that is to be installed, where another version of it is in the way.
fn matching_utils(packages: &[&str]) -> Option<String> {
    if !packages.contains(&"qemu-system-x86") {
        return None;
    }
    let installed = run(&mut words(
        "dpkg-query --show --showformat=${Version} qemu-utils",
    ))
    .ok()?;
    let version = apt::candidate("qemu-system-x86")?;
    (!installed.is_empty() && installed != version).then(|| format!("qemu-utils={version}"))
}

fn kernel_package() -> Result<String> {
    let depends = run(words("apt-cache depends").arg(KERNEL).env("LC_ALL", "C"))?;
    depends
        .lines()
        .find_map(|line| line.trim().strip_prefix("Depends: "))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("{KERNEL} depends on no kernel")))
}
