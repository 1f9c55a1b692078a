//! Builds what the machine boots: the stand-in installer's initrd and the archive of the system that it installs.
//!
//! Everything comes from the scripts of this crate and from Debian's packages. Not its job: what the scripts do.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::loader;
use crate::process::{Context, Failure, Result, run, words};
use crate::scratch::Scratch;
use crate::setup::Lab;

/// The installer's scripts: where they go in its initrd, and their text.
const INSTALLER: [(&str, &str); 7] = [
    ("init", include_str!("../installer/init")),
    ("lib/standin/log.sh", include_str!("../installer/log.sh")),
    (
        "lib/standin/network.sh",
        include_str!("../installer/network.sh"),
    ),
    (
        "lib/standin/kickstart.sh",
        include_str!("../installer/kickstart.sh"),
    ),
    (
        "lib/standin/storage.sh",
        include_str!("../installer/storage.sh"),
    ),
    (
        "lib/standin/commands.sh",
        include_str!("../installer/commands.sh"),
    ),
    (
        "lib/standin/target.sh",
        include_str!("../installer/target.sh"),
    ),
];

const SYSTEM_INITRD_INIT: &str = include_str!("../system/initrd-init");
const SYSTEM_INIT: &str = include_str!("../system/init");
const SYSTEM_LEASE: &str = include_str!("../system/lease");

/// Programs that the installer shares with Anaconda, taken from this machine with their libraries.
const PROGRAMS: [&str; 5] = [
    "/usr/bin/curl",
    "/usr/bin/lsblk",
    "/usr/sbin/sfdisk",
    "/usr/sbin/mkfs.vfat",
    "/usr/sbin/mkfs.ext4",
];

/// Drivers of the machine's disk and card, and the file system of its boot partition. Debian's kernel has ext4 built in.
const MODULES: [&str; 7] = [
    "virtio_pci",
    "virtio_net",
    "virtio_blk",
    "vfat",
    "nls_cp437",
    "nls_ascii",
    "efivarfs",
];

/// The files that were built.
#[derive(Debug, Clone)]
pub struct Images {
    /// Debian's kernel, of the installer and of the installed system.
    pub kernel: PathBuf,
    /// The stand-in installer.
    pub initrd: PathBuf,
    /// What it installs; it asks for `system.tar.gz` in the folder of `inst.repo`.
    pub system: PathBuf,
    /// The small GRUB that starts the installed system.
    pub localboot: PathBuf,
}

impl Images {
    /// Builds them, or takes those of an earlier run with the same scripts and packages.
    pub fn build(lab: &Lab) -> Result<Self> {
        let _lock = lab.lock()?;
        let kernel = one_file(&lab.unpacked().join("boot"), "vmlinuz-")?;
        let folder = lab.folder("images")?;
        let images = Images {
            kernel: folder.join("vmlinuz"),
            initrd: folder.join("initrd.img"),
            system: folder.join("system.tar.gz"),
            localboot: folder.join("localboot.efi"),
        };
        let stamp = folder.join("stamp");
        let key = key(&kernel)?;
        if fs::read_to_string(&stamp).is_ok_and(|made| made == key) {
            return Ok(images);
        }
        eprintln!("lab: builds the stand-in installer and the system that it installs");
        copy(&kernel, &images.kernel)?;
        build_installer(lab, &images.initrd)?;
        build_system(lab, &kernel, &images.system)?;
        loader::build(lab, &folder)?;
        fs::write(&stamp, key).context(format!("write {}", stamp.display()))?;
        Ok(images)
    }
}

fn build_installer(lab: &Lab, initrd: &Path) -> Result<()> {
    let tree = Tree::new(lab)?;
    for (path, text) in INSTALLER {
        tree.text(path, text, 0o755)?;
    }
    for program in PROGRAMS {
        tree.program(Path::new(program))?;
    }
    tree.modules(lab)?;
    tree.pack_initrd(initrd)
}

fn build_system(lab: &Lab, kernel: &Path, archive: &Path) -> Result<()> {
    let tree = Tree::new(lab)?;
    tree.text("sbin/init", SYSTEM_INIT, 0o755)?;
    tree.text("etc/kickstand-lab/lease", SYSTEM_LEASE, 0o755)?;
    tree.file(kernel, "boot/vmlinuz")?;
    let own_initrd = Tree::new(lab)?;
    own_initrd.text("init", SYSTEM_INITRD_INIT, 0o755)?;
    own_initrd.modules(lab)?;
    own_initrd.pack_initrd(&tree.path("boot/initrd.img"))?;
    let usr = lab.unpacked().join("usr/lib");
    let folder = "boot/efi/EFI/debian";
    tree.file(
        &usr.join("shim/shimx64.efi.signed"),
        &format!("{folder}/shimx64.efi"),
    )?;
    tree.file(
        &usr.join("grub/x86_64-efi-signed/grubx64.efi.signed"),
        &format!("{folder}/grubx64.efi"),
    )?;
    tree.add_applets()?;
    tree.pack_archive(archive)
}

/// The files of an initrd or a system, on their way into an archive. Begins with busybox and empty mount points.
struct Tree(Scratch);

impl Tree {
    fn new(lab: &Lab) -> Result<Self> {
        let tree = Tree(Scratch::new("tree"));
        for folder in ["bin", "dev", "etc", "new", "proc", "sys", "tmp"] {
            let folder = tree.path(folder);
            fs::create_dir(&folder).context(format!("make {}", folder.display()))?;
        }
        tree.file(&lab.busybox(), "bin/busybox")?;
        Ok(tree)
    }

    /// Where `path`, given without its first slash, lies for now.
    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn text(&self, path: &str, text: &str, mode: u32) -> Result<()> {
        let path = self.path(path);
        make_parent(&path)?;
        fs::write(&path, text).context(format!("write {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
            .context(format!("set the mode of {}", path.display()))
    }

    fn file(&self, from: &Path, path: &str) -> Result<()> {
        let path = self.path(path);
        make_parent(&path)?;
        copy(from, &path)
    }

    /// A program of this machine and the libraries that it loads, at the paths where they are here.
    fn program(&self, program: &Path) -> Result<()> {
        let listing = run(words("ldd").arg(program))?;
        let libraries = listing
            .split_whitespace()
            .filter(|word| word.starts_with('/'));
        for file in libraries.chain([program.to_str().unwrap_or_default()]) {
            self.file(Path::new(file), file.trim_start_matches('/'))?;
        }
        Ok(())
    }

    /// The drivers and what they depend on, and `lib/modules/order`: their paths in the order to load them.
    fn modules(&self, lab: &Lab) -> Result<()> {
        let releases = lab.unpacked().join("lib/modules");
        let releases = if releases.exists() {
            releases
        } else {
            lab.unpacked().join("usr/lib/modules")
        };
        let work = Scratch::new("modules");
        let mut order = Vec::new();
        for name in MODULES {
            load_after_dependencies(name, &releases, work.path(), &mut order)?;
        }
        let mut listing = String::new();
        for name in &order {
            let path = format!("lib/modules/{name}.ko");
            self.file(&work.path().join(format!("{name}.ko")), &path)?;
            listing.push_str(&format!("/{path}\n"));
        }
        self.text("lib/modules/order", &listing, 0o644)
    }

    /// Links to busybox under the names of its programs. An initrd makes them itself; a chroot finds them there.
    fn add_applets(&self) -> Result<()> {
        for applet in
            run(std::process::Command::new(self.path("bin/busybox")).arg("--list"))?.lines()
        {
            let link = self.path("bin").join(applet);
            if !link.exists() {
                symlink("busybox", &link).context(format!("make {}", link.display()))?;
            }
        }
        Ok(())
    }

    fn pack_initrd(&self, to: &Path) -> Result<()> {
        let script =
            "find . | cpio --quiet --create --format newc --owner 0:0 | zstd -q -10 -f -o \"$1\"";
        self.pack(script, to)
    }

    fn pack_archive(&self, to: &Path) -> Result<()> {
        let script = "tar --create --gzip --owner 0 --group 0 --file \"$1\" .";
        self.pack(script, to)
    }

    fn pack(&self, script: &str, to: &Path) -> Result<()> {
        make_parent(to)?;
        let mut command = words("sh -e -c");
        command.arg(script).arg("sh").arg(to);
        run(command.current_dir(self.0.path())).map(drop)
    }
}

/// Puts a module and, before it, those that it needs into `work` and `order`, unless they are built into the kernel.
fn load_after_dependencies(
    name: &str,
    releases: &Path,
    work: &Path,
    order: &mut Vec<String>,
) -> Result<()> {
    if order.iter().any(|loaded| loaded == name) {
        return Ok(());
    }
    // Files have hyphens where the names of modules have underscores, and need not.
    let pattern = format!("{}.ko*", name.replace('_', "?"));
    let found = run(words("find").arg(releases).args(["-name", &pattern]))?;
    let Some(source) = found.lines().next() else {
        return Ok(());
    };
    let target = work.join(format!("{name}.ko"));
    if source.ends_with(".xz") {
        let script = "xz --decompress --stdout \"$1\" >\"$2\"";
        run(words("sh -c")
            .arg(script)
            .arg("sh")
            .arg(source)
            .arg(&target))?;
    } else {
        copy(Path::new(source), &target)?;
    }
    for dependency in dependencies(&target)? {
        load_after_dependencies(&dependency, releases, work, order)?;
    }
    order.push(name.to_owned());
    Ok(())
}

/// The names after `depends=` in a module's .modinfo section, which ends with a zero byte.
fn dependencies(module: &Path) -> Result<Vec<String>> {
    const MARK: &[u8] = b"\0depends=";
    let bytes = fs::read(module).context(format!("read {}", module.display()))?;
    let Some(at) = bytes.windows(MARK.len()).position(|window| window == MARK) else {
        return Ok(Vec::new());
    };
    let text = bytes[at + MARK.len()..].split(|byte| *byte == 0).next();
    let text = String::from_utf8_lossy(text.unwrap_or_default()).into_owned();
    Ok(text
        .split(',')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect())
}

/// Changes when the images must be built anew. File times stand for the programs: hashing them would take longer.
fn key(kernel: &Path) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    include_str!("image.rs").hash(&mut hasher);
    include_str!("loader.rs").hash(&mut hasher);
    include_str!("../../../files/boot/localboot.cfg").hash(&mut hasher);
    (INSTALLER, SYSTEM_INITRD_INIT, SYSTEM_INIT, SYSTEM_LEASE).hash(&mut hasher);
    for file in PROGRAMS.iter().map(Path::new).chain([kernel]) {
        let data = fs::metadata(file).context(format!("read {}", file.display()))?;
        (file, data.len(), data.modified().ok()).hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// The only file in `folder` whose name begins with `prefix`.
fn one_file(folder: &Path, prefix: &str) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).context(format!("list {}", folder.display()))?;
    entries
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .ok_or_else(|| Failure::new(format!("no {prefix}… in {}", folder.display())))
}

fn make_parent(path: &Path) -> Result<()> {
    match path.parent() {
        Some(parent) => fs::create_dir_all(parent).context(format!("make {}", parent.display())),
        None => Ok(()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let what = format!("copy {} to {}", from.display(), to.display());
    fs::copy(from, to).context(what).map(drop)
}
