//! `kickstand hardware`: what a host's machine has, and what to write into its options.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::output::{print, table};
use super::{Failure, Invocation, client};
use crate::core::hardware::{Disk, Hardware, Port};

/// Bytes of a gigabyte, as makers of disks count.
const GIGABYTE: u64 = 1_000_000_000;

pub fn run(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let paths = invocation.paths.clone();
    let as_json = invocation.json;
    let host = invocation.word("the host's name")?;
    invocation.end()?;
    let reply: Value = client::ask(&paths, "hardware", &json!({ "host": host }))?;
    print(&match as_json {
        true => format!("{reply:#}\n"),
        false => words(
            reply["host"].as_str().unwrap_or_default(),
            &Hardware::from_value(&reply["hardware"]),
        ),
    });
    Ok(ExitCode::SUCCESS)
}

fn words(host: &str, hardware: &Hardware) -> String {
    let level = match hardware.cpu_level {
        0 => "level not known".to_owned(),
        level => format!("x86-64-v{level}"),
    };
    let disks: Vec<_> = hardware.disks.iter().map(disk_row).collect();
    let ports: Vec<_> = hardware.ports.iter().map(port_row).collect();
    let mut text = format!(
        "{host}: {} {}, serial number {}\nfirmware  {} {} {}\nprocessor {} x {}, {level}\nmemory    {} MiB\n\n{}\n{}",
        hardware.manufacturer,
        hardware.product,
        hardware.serial,
        hardware.firmware,
        hardware.firmware_vendor,
        hardware.firmware_version,
        hardware.cpus,
        hardware.cpu,
        hardware.memory_mib,
        table(
            &["OPTION DISK", "SIZE", "KIND", "MODEL", "SERIAL NUMBER"],
            &disks
        ),
        table(&["PORT", "MAC", "LINK", "DRIVER"], &ports),
    );
    if hardware.cut {
        text.push_str("There is more than is kept.\n");
    }
    text
}

fn disk_row(disk: &Disk) -> Vec<String> {
    let kind = match (disk.removable, disk.rotational) {
        (true, _) => "removable",
        (false, true) => "rotating",
        (false, false) => "solid state",
    };
    vec![
        disk.best_name(),
        format!("{} GB", disk.bytes / GIGABYTE),
        kind.to_owned(),
        disk.model.clone(),
        disk.serial.clone(),
    ]
}

fn port_row(port: &Port) -> Vec<String> {
    let link = match (port.link, port.speed) {
        (false, _) => "none".to_owned(),
        (true, 0) => "up".to_owned(),
        (true, speed) => format!("{speed} Mbit/s"),
    };
    vec![
        port.name.clone(),
        port.mac.clone(),
        link,
        port.driver.clone(),
    ]
}
