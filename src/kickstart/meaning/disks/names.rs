//! Names of disks: what they are by their form, and whether two of them may be the same disk.
//!
//! Not its job: commands (`disks`).

use super::super::super::syntax::Index;

/// A disk as it is called, without `/dev/`.
pub fn plain(disk: &str) -> &str {
    disk.strip_prefix("/dev/").unwrap_or(disk)
}

/// Whether a name stands for several disks, or for what only the machine knows.
pub fn is_pattern(disk: &str) -> bool {
    disk.contains(['*', '?', '[', '|']) || disk.contains('=')
}

/// Disks that a command names.
pub struct Set<'d> {
    disks: Index<'d>,
    /// The folder below /dev that all their names are in; none when they cannot be compared with other names.
    folder: Option<&'d str>,
}

fn folder(disk: &str) -> &str {
    disk.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl<'d> Set<'d> {
    /// Those names.
    pub fn new(named: Index<'d>) -> Self {
        let mut disks = Index::new();
        for disk in named.into_keys() {
            disks.insert(plain(disk), 0);
        }
        let first = disks.keys().next().map(|disk| folder(disk));
        let alike = |disk: &&str| !is_pattern(disk) && Some(folder(disk)) == first;
        let folder = first.filter(|_| disks.keys().all(alike));
        Set { disks, folder }
    }

    /// Whether a name is one of them.
    pub fn has(&self, disk: &str) -> bool {
        self.disks.contains_key(disk)
    }

    /// Whether a disk is certainly none of them: two names of the same disk in different folders are not compared.
    pub fn leaves_out(&self, disk: &str) -> bool {
        self.folder == Some(folder(disk)) && !is_pattern(disk) && !self.has(disk)
    }
}

/// What a name is by its form.
#[derive(Debug, PartialEq, Eq)]
pub enum Form {
    /// The kernel's name of a disk: sda, nvme0n1.
    Kernel,
    /// A link that stays with the disk.
    Stable,
    /// A part of a disk.
    Partition,
    /// Something else.
    Unknown,
}

/// What a name, without `/dev/`, is by its form.
pub fn form(name: &str) -> Form {
    if let Some(rest) = name.strip_prefix("disk/by-") {
        let (folder, link) = rest.split_once('/').unwrap_or((rest, ""));
        return match folder {
            _ if link.is_empty() => Form::Unknown,
            "path" | "id" if has_part_number(link) => Form::Partition,
            "path" | "id" | "diskseq" | "uuid" | "label" => Form::Stable,
            "partuuid" | "partlabel" => Form::Partition,
            _ => Form::Unknown,
        };
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let letters = |text: &str| {
        !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    // nvme0n1 and nvme0n1p2, mmcblk0 and mmcblk0p1.
    for (prefix, namespaces) in [
        ("nvme", true),
        ("mmcblk", false),
        ("nbd", false),
        ("loop", false),
        ("pmem", false),
        ("md", false),
    ] {
        let Some(rest) = name.strip_prefix(prefix) else {
            continue;
        };
        let (disk, part) = rest
            .split_once('p')
            .map_or((rest, None), |(disk, part)| (disk, Some(part)));
        let numbered = match disk.split_once('n') {
            Some((controller, namespace)) if namespaces => digits(controller) && digits(namespace),
            None if !namespaces => digits(disk),
            _ => false,
        };
        return match part {
            None if numbered => Form::Kernel,
            Some(part) if numbered && digits(part) => Form::Partition,
            _ => Form::Unknown,
        };
    }
    for prefix in ["dasd", "xvd", "sd", "vd", "hd"] {
        let Some(rest) = name.strip_prefix(prefix) else {
            continue;
        };
        let end = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        return match rest.split_at(end) {
            (disk, "") if letters(disk) => Form::Kernel,
            (disk, part) if letters(disk) && digits(part) => Form::Partition,
            _ => Form::Unknown,
        };
    }
    // Volumes and arrays have names that people choose; WWNs of multipath are long.
    match name {
        _ if name.starts_with("mpath") || name.starts_with("dm-uuid") || name.len() > 15 => {
            Form::Stable
        }
        _ => Form::Unknown,
    }
}

fn has_part_number(link: &str) -> bool {
    link.rsplit_once("-part").is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_and_partitions_are_told_apart() {
        for disk in [
            "sda", "vdb", "nvme0n1", "mmcblk0", "dasda", "sdaa", "xvda", "md127",
        ] {
            assert_eq!(form(disk), Form::Kernel, "{disk}");
        }
        for disk in [
            "disk/by-path/pci-0000:00:1f.2-ata-1",
            "disk/by-id/wwn-0x5000c500",
            "mpatha",
            "3600508b400105e210000900000490000",
        ] {
            assert_eq!(form(disk), Form::Stable, "{disk}");
        }
        for disk in ["sda1", "nvme0n1p2", "mmcblk0p1", "disk/by-id/ata-X-part1"] {
            assert_eq!(form(disk), Form::Partition, "{disk}");
        }
        for disk in ["disk0", "nvme0", "disk/by-path/", "C:", "first"] {
            assert_eq!(form(disk), Form::Unknown, "{disk}");
        }
    }
}
