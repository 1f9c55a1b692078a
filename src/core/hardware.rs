//! The hardware of a host, as the installer's own environment reported it.
//!
//! All of it is untrusted text from the network: cut, cleaned and counted before anything else looks at it.
//! Not its job: files (`host::hardware`), what it means for an answer file (`kickstart::meaning::hardware`).

use serde_json::{Value, json};

use super::machine::{clean, clean_to};

/// Longest serial number that is compared, in characters: NVMe has 20, SCSI's vital product data up to 64 by custom. A longer
/// one counts as none: cut, two disks could look like one.
pub const SERIAL_LENGTH: usize = 64;
/// Longest form that is kept on flash, in bytes.
pub const STORED_LENGTH: usize = 8 * 1024;
/// Longest path of a disk, in characters: those through several bridges and a SAS expander have about 100.
const PATH_LENGTH: usize = 160;
/// Most disks and most ports that are looked at, each: what does not fit [`STORED_LENGTH`] is left out besides.
const MOST: usize = 64;
/// Bytes of a mebibyte.
pub const MEBIBYTE: u64 = 1024 * 1024;

/// What a machine has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hardware {
    /// Seconds since 1970 at which it was reported, when the clock was set.
    pub at: Option<u64>,
    /// `uefi` or `bios`.
    pub firmware: String,
    /// Vendor of the firmware (SMBIOS).
    pub firmware_vendor: String,
    /// Version of the firmware (SMBIOS).
    pub firmware_version: String,
    /// Manufacturer of the system (SMBIOS).
    pub manufacturer: String,
    /// Product name of the system (SMBIOS).
    pub product: String,
    /// Serial number of the system (SMBIOS).
    pub serial: String,
    /// Model of the processor.
    pub cpu: String,
    /// Level of the x86-64 psABI, 1 to 4; 0 when it is no x86-64 or not known.
    pub cpu_level: u8,
    /// Processors that the kernel sees, threads counted.
    pub cpus: u32,
    /// Memory that the kernel has, in MiB: a little less than what is built in.
    pub memory_mib: u64,
    /// Its disks.
    pub disks: Vec<Disk>,
    /// Its network ports.
    pub ports: Vec<Port>,
    /// Whether disks or ports were left out, because there were too many.
    pub cut: bool,
}

/// A disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Disk {
    /// Kernel name, such as `sda`. Changes between starts.
    pub name: String,
    /// Link in `/dev/disk/by-path`, absolute; may be empty.
    pub path: String,
    /// Model.
    pub model: String,
    /// Serial number; may be empty.
    pub serial: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Whether it turns.
    pub rotational: bool,
    /// Whether its medium can be taken out, or it hangs on USB.
    pub removable: bool,
}

/// A network port.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Port {
    /// Kernel name, such as `enp1s0f0`.
    pub name: String,
    /// Its address.
    pub mac: String,
    /// Whether a cable with something alive at its end is plugged in.
    pub link: bool,
    /// Speed in Mbit/s; 0 without a link or when not known.
    pub speed: u32,
    /// Driver of the kernel.
    pub driver: String,
}

impl Hardware {
    /// Reads the report of `discover.ks`, JSON: the fields of [`Hardware::to_value`], with `flags` of the processor in place of
    /// its level. An error is one sentence.
    pub fn from_report(text: &str, at: Option<u64>) -> Result<Self, String> {
        let found: Value = serde_json::from_str(text)
            .map_err(|error| format!("hardware is not as discover.ks words it: {error}"))?;
        if !found.is_object() {
            return Err("hardware is not as discover.ks words it: no object".to_owned());
        }
        Ok(Hardware {
            at,
            cpu_level: level(found["flags"].as_str().unwrap_or_default()),
            cut: false,
            ..Hardware::from_value(&found)
        }
        .bounded())
    }

    /// Reads what [`Hardware::to_value`] gave. What is missing or of another type is as if it were not known.
    pub fn from_value(value: &Value) -> Self {
        let disk = |disk: &Value| Disk {
            name: text(disk, "name"),
            path: clean_to(disk["path"].as_str().unwrap_or_default(), PATH_LENGTH),
            model: text(disk, "model"),
            serial: disk["serial"]
                .as_str()
                .and_then(serial_number)
                .unwrap_or_default(),
            bytes: number(disk, "bytes"),
            rotational: flag(disk, "rotational"),
            removable: flag(disk, "removable"),
        };
        let port = |port: &Value| Port {
            name: text(port, "name"),
            mac: text(port, "mac"),
            link: flag(port, "link"),
            speed: number(port, "speed"),
            driver: text(port, "driver"),
        };
        Hardware {
            at: value["at"].as_u64(),
            firmware: text(value, "firmware"),
            firmware_vendor: text(value, "firmware_vendor"),
            firmware_version: text(value, "firmware_version"),
            manufacturer: text(value, "manufacturer"),
            product: text(value, "product"),
            serial: text(value, "serial"),
            cpu: text(value, "cpu"),
            cpu_level: number(value, "cpu_level"),
            cpus: number(value, "cpus"),
            memory_mib: number(value, "memory_mib"),
            disks: list(value, "disks").map(disk).collect(),
            ports: list(value, "ports").map(port).collect(),
            cut: flag(value, "cut"),
        }
        .bounded()
    }

    /// As JSON. Written by hand: serde's own way for these three types costs 29 KB, compressed.
    pub fn to_value(&self) -> Value {
        let disk = |disk: &Disk| {
            json!({
                "name": disk.name, "path": disk.path, "model": disk.model, "serial": disk.serial,
                "bytes": disk.bytes, "rotational": disk.rotational, "removable": disk.removable,
            })
        };
        let port = |port: &Port| {
            json!({
                "name": port.name, "mac": port.mac, "link": port.link, "speed": port.speed, "driver": port.driver,
            })
        };
        let mut value = json!({
            "firmware": self.firmware, "firmware_vendor": self.firmware_vendor, "firmware_version": self.firmware_version,
            "manufacturer": self.manufacturer, "product": self.product, "serial": self.serial,
            "cpu": self.cpu, "cpu_level": self.cpu_level, "cpus": self.cpus, "memory_mib": self.memory_mib,
        });
        value["disks"] = self.disks.iter().map(disk).collect();
        value["ports"] = self.ports.iter().map(port).collect();
        if let Some(at) = self.at {
            value["at"] = at.into();
        }
        if self.cut {
            value["cut"] = true.into();
        }
        value
    }

    /// Reads what was kept.
    pub fn from_stored(text: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(text).ok()?;
        value.is_object().then(|| Hardware::from_value(&value))
    }

    /// The form that is kept, at most [`STORED_LENGTH`] bytes: disks and ports that do not fit are left out, the last first.
    pub fn to_stored(&self) -> String {
        let mut hardware = self.clone();
        loop {
            let text = hardware.to_value().to_string();
            // Without disks and ports it fits, however long its texts are.
            if text.len() <= STORED_LENGTH || hardware.disks.len() + hardware.ports.len() == 0 {
                return text;
            }
            hardware.cut = true;
            match hardware.disks.len() > hardware.ports.len() {
                true => drop(hardware.disks.pop()),
                false => drop(hardware.ports.pop()),
            }
        }
    }

    fn bounded(mut self) -> Self {
        self.cut |= self.disks.len() > MOST || self.ports.len() > MOST;
        self.disks.truncate(MOST);
        self.ports.truncate(MOST);
        self.disks.retain(|disk| !disk.name.is_empty());
        self.ports.retain(|port| !port.name.is_empty());
        self
    }

    /// The disk that a path means, as `option disk` and a kickstart name disks; none when it has no such disk, or when the
    /// path is of a form that was not reported (`/dev/disk/by-id/…`).
    pub fn disk(&self, named: &str) -> Option<&Disk> {
        let name = named.strip_prefix("/dev/").unwrap_or(named);
        self.disks.iter().find(|disk| {
            disk.name == name
                || (!disk.path.is_empty() && disk.path.strip_prefix("/dev/") == Some(name))
        })
    }

    /// The disks that can hold a system: those that cannot be taken out.
    pub fn fixed_disks(&self) -> impl Iterator<Item = &Disk> {
        self.disks
            .iter()
            .filter(|disk| !disk.removable && disk.bytes > 0)
    }

    /// The serial number of the disk that a host installs to: the one that is named, else the only fixed one.
    pub fn serial_of(&self, named: Option<&str>) -> Option<&str> {
        let mut fixed = self.fixed_disks();
        let disk = match named {
            Some(named) => self.disk(named),
            None => fixed.next().filter(|_| fixed.next().is_none() && !self.cut),
        };
        disk.map(|disk| disk.serial.as_str())
            .filter(|serial| !serial.is_empty())
    }

    /// In a few words.
    pub fn words(&self) -> String {
        let some = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            count => format!("{count} {what}s"),
        };
        format!(
            "discovered: {}, {}, {} MiB of memory",
            some(self.disks.len(), "disk"),
            some(self.ports.len(), "network port"),
            self.memory_mib
        )
    }
}

impl Disk {
    /// What to write into `option disk`.
    pub fn best_name(&self) -> String {
        match self.path.is_empty() {
            true => format!("/dev/{}", self.name),
            false => self.path.clone(),
        }
    }

    /// Size in MiB.
    pub fn mebibytes(&self) -> u64 {
        self.bytes / MEBIBYTE
    }
}

fn text(value: &Value, name: &str) -> String {
    clean(value[name].as_str().unwrap_or_default())
}

fn number<N: TryFrom<u64> + Default>(value: &Value, name: &str) -> N {
    let number = value[name]
        .as_u64()
        .and_then(|number| N::try_from(number).ok());
    number.unwrap_or_default()
}

fn flag(value: &Value, name: &str) -> bool {
    value[name] == true
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    // One more than is kept shows that there were more.
    value[name].as_array().into_iter().flatten().take(MOST + 1)
}

/// A disk's serial number as it is compared: without the blanks around it; none when it is empty, too long or not of
/// printable ASCII.
pub fn serial_number(text: &str) -> Option<String> {
    let serial = text.trim();
    let fits = !serial.is_empty()
        && serial.len() <= SERIAL_LENGTH
        && serial.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    fits.then(|| serial.to_owned())
}

/// Level of the x86-64 psABI (System V ABI, AMD64 supplement, section 3.1.1), by the flags of `/proc/cpuinfo`; 0 without `lm`.
fn level(flags: &str) -> u8 {
    /// Flags that each level adds, in the kernel's words: `pni` is SSE3, `abm` is LZCNT, `lahf_lm` LAHF in long mode. The kernel
    /// has no word for OSXSAVE: `xsave` with `avx` means that it is on.
    const LEVELS: [&[&str]; 4] = [
        &[
            "lm", "cmov", "cx8", "fpu", "fxsr", "mmx", "syscall", "sse", "sse2",
        ],
        &[
            "cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3",
        ],
        &[
            "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave",
        ],
        &["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"],
    ];
    let given: Vec<&str> = flags.split_whitespace().collect();
    let has = |flags: &&&[&str]| flags.iter().all(|flag| given.contains(flag));
    LEVELS.iter().take_while(has).count() as u8
}

#[cfg(test)]
mod tests;
