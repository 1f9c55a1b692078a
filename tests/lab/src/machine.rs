//! A virtual server: QEMU with a firmware, disks and one network card.
//!
//! Not its job: the network it is plugged into, or what is on its disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use crate::disk::Disk;
use crate::network::Network;
use crate::process::{Context, Process, Result};

/// Where the first disk sits on the PCI bus, so that its name in /dev/disk/by-path is known before it starts. Others
/// follow in the next slots.
pub const DISK_SLOT: usize = 4;

/// The name under which a kickstart finds the first disk.
pub const DISK_PATH: &str = "/dev/disk/by-path/pci-0000:00:04.0";

/// How the machine starts from the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firmware {
    /// UEFI whose ROM asks DHCP and loads by TFTP.
    Uefi,
    /// UEFI that loads by HTTP and knows no TFTP.
    UefiHttp,
    /// A BIOS with iPXE in the card's ROM, as QEMU brings it.
    Bios,
}

/// What the firmware tries first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootOrder {
    /// The disk, and the network when the disk does not start.
    DiskFirst,
    /// The network, and the disk when the network says so.
    NetworkFirst,
}

/// A machine that can be switched on, and what it tells about itself.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The card's address, lower case with colons.
    pub mac: String,
    /// The UUID of its SMBIOS.
    pub uuid: String,
    /// The manufacturer of its SMBIOS.
    pub manufacturer: String,
    /// The product of its SMBIOS.
    pub product: String,
    /// The serial number of its SMBIOS.
    pub serial: String,
    /// How it starts from the network.
    pub firmware: Firmware,
    /// What it tries first.
    pub order: BootOrder,
    /// Whether a reboot starts it again; else a reboot ends it.
    pub reboots: bool,
}

impl Machine {
    /// A UEFI machine that tries the network first and may reboot.
    pub fn new(mac: &str) -> Self {
        Machine {
            mac: mac.to_owned(),
            uuid: "11112222-3333-4444-5555-666677778888".to_owned(),
            manufacturer: "Dell Inc.".to_owned(),
            product: "PowerEdge R220".to_owned(),
            serial: "SN12345".to_owned(),
            firmware: Firmware::Uefi,
            order: BootOrder::NetworkFirst,
            reboots: true,
        }
    }

    /// Switches it on; it may start from the first of `disks`. `folder` takes the firmware's variables and the console's
    /// log, one for each time. Each line of the console goes to `on_line`, without the sequences that move a cursor.
    pub fn power_on(
        &self,
        network: &Network,
        disks: &[&Disk],
        folder: &Path,
        mut on_line: impl FnMut(&str) + Send + 'static,
    ) -> Result<Running> {
        let tap = network.tap()?;
        let mut command = network.command("qemu-system-x86_64");
        // KVM is not asked for: nested in another virtual machine it is absent or kills the firmware.
        // Nehalem is the least that today's kernels need; richer models start seconds later.
        command.args("-accel tcg,thread=multi -cpu Nehalem -M q35 -m 768 -smp 1".split(' '));
        command.args("-nodefaults -display none -monitor none -serial stdio".split(' '));
        command.args(["-device", "virtio-rng-pci"]);
        self.add_identity(&mut command);
        self.add_firmware(&mut command, folder)?;
        self.add_card(&mut command, &tap);
        self.add_disks(&mut command, disks);
        if !self.reboots {
            command.arg("-no-reboot");
        }
        let console = next_console(folder);
        let process = Process::start("the machine", &command, &console, move |line| {
            on_line(&plain(line));
        })?;
        Ok(Running { process })
    }

    fn add_identity(&self, command: &mut Command) {
        // A comma separates QEMU's options; two stand for one.
        let [manufacturer, product, serial] =
            [&self.manufacturer, &self.product, &self.serial].map(|text| text.replace(',', ",,"));
        command.args(["-uuid", &self.uuid, "-smbios"]);
        command.arg(format!(
            "type=1,manufacturer={manufacturer},product={product},serial={serial}"
        ));
    }

    fn add_firmware(&self, command: &mut Command, folder: &Path) -> Result<()> {
        const FIRMWARE: &str = "/usr/share/OVMF";
        if self.firmware == Firmware::Bios {
            return Ok(());
        }
        // The variables are what the machine remembers: a fresh copy for a machine that was never on.
        let variables = folder.join("variables.fd");
        if !variables.exists() {
            fs::copy(format!("{FIRMWARE}/OVMF_VARS_4M.fd"), &variables)
                .context("copy the firmware's variables")?;
        }
        command.args([
            "-drive",
            &format!("if=pflash,unit=0,format=raw,readonly=on,file={FIRMWARE}/OVMF_CODE_4M.fd"),
            "-drive",
            &format!("if=pflash,unit=1,format=raw,file={}", variables.display()),
        ]);
        if self.firmware == Firmware::UefiHttp {
            // With PXE switched off the firmware's next choice on the card is HTTP.
            for version in ["IPv4", "IPv6"] {
                let name = format!("name=opt/org.tianocore/{version}PXESupport,string=n");
                command.args(["-fw_cfg", &name]);
            }
        }
        Ok(())
    }

    fn add_card(&self, command: &mut Command, tap: &str) {
        // Without `romfile=` QEMU's card carries iPXE, and the UEFI firmware's own network code would not be seen.
        let rom = match self.firmware {
            Firmware::Bios => "",
            Firmware::Uefi | Firmware::UefiHttp => ",romfile=",
        };
        let (mac, order) = (&self.mac, self.boot_index(BootOrder::NetworkFirst));
        command.args([
            "-netdev",
            &format!("tap,id=n0,ifname={tap},script=no,downscript=no"),
            "-device",
            &format!("virtio-net-pci,netdev=n0,mac={mac},bootindex={order}{rom}"),
        ]);
    }

    fn add_disks(&self, command: &mut Command, disks: &[&Disk]) {
        for (number, disk) in disks.iter().enumerate() {
            let path = disk.path().display();
            let slot = DISK_SLOT + number;
            let order = match number {
                0 => format!(",bootindex={}", self.boot_index(BootOrder::DiskFirst)),
                _ => String::new(),
            };
            // What the machine writes need not survive a crash of the host.
            command.args([
                "-drive",
                &format!("if=none,id=d{number},format=raw,cache=unsafe,file={path}"),
                "-device",
                &format!(
                    "virtio-blk-pci,drive=d{number},addr={slot:#x},serial=disk-{number}{order}"
                ),
            ]);
        }
    }

    /// 0 when the machine's order is this one, which is what QEMU's firmware tries first.
    fn boot_index(&self, first: BootOrder) -> u8 {
        u8::from(self.order != first)
    }
}

/// `console-1.log`, or the next number that is free: a second power on keeps the log of the first.
fn next_console(folder: &Path) -> PathBuf {
    let mut number = 1;
    loop {
        let path = folder.join(format!("console-{number}.log"));
        if !path.exists() {
            return path;
        }
        number += 1;
    }
}

/// A machine that is on. Dropping it takes its power away.
#[derive(Debug)]
pub struct Running {
    process: Process,
}

impl Running {
    /// Waits until it has switched itself off (or, when it may not reboot, has tried to).
    pub fn wait_until_off(&mut self, limit: Duration) -> Result<ExitStatus> {
        self.process.wait(limit)
    }

    /// Whether it has switched itself off.
    pub fn is_off(&mut self) -> bool {
        self.process.ended().is_some()
    }

    /// Takes its power away.
    pub fn power_off(&mut self) {
        self.process.kill();
    }

    /// Everything that its console has shown, for reading after a failure.
    pub fn console(&self) -> String {
        plain(&self.process.log())
    }
}

/// A console's text without escape sequences: firmware paints its lines.
fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            // ESC [ numbers and semicolons, then one letter: ECMA-48. Others have one letter.
            '\u{1b}' => {
                if letters.next() == Some('[') {
                    letters.find(|end| end.is_ascii_alphabetic());
                }
            }
            '\r' => (),
            other => shown.push(other),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::words;

    #[test]
    fn a_painted_line_is_read_as_text() {
        assert_eq!(plain("\u{1b}[2J\u{1b}[01;33miPXE\u{1b}[0m ok\r"), "iPXE ok");
    }

    #[test]
    fn a_comma_in_a_serial_number_stays_in_it() {
        let mut machine = Machine::new("52:54:00:00:00:01");
        machine.serial = "a,b".to_owned();
        let mut command = words("true");
        machine.add_identity(&mut command);
        let last = command.get_args().last().map(|text| text.to_os_string());
        assert!(last.is_some_and(|text| text.to_string_lossy().ends_with("serial=a,,b")));
    }
}
