use super::super::super::check;
use super::super::super::finding::codes;
use super::super::Surroundings;
use super::*;
use crate::core::hardware::Port;

const CODES: [&str; 6] = [
    "no-such-disk",
    "no-such-port",
    "processor-too-old",
    "too-little-memory",
    "little-memory",
    "disk-too-small",
];

fn hardware() -> Hardware {
    let disk = |name: &str, path: &str, bytes| Disk {
        name: name.to_owned(),
        path: path.to_owned(),
        bytes,
        ..Disk::default()
    };
    let port = |name: &str, mac: &str| Port {
        name: name.to_owned(),
        mac: mac.to_owned(),
        ..Port::default()
    };
    Hardware {
        memory_mib: 7900,
        cpu_level: 2,
        disks: vec![
            disk("sda", "/dev/disk/by-path/pci-0000:00:1f.2-ata-1", 100 << 30),
            disk("sdb", "/dev/disk/by-path/pci-0000:00:1f.2-ata-2", 10 << 30),
        ],
        ports: vec![port("eno1", "b8:ca:3a:00:00:01"), port("eno2", "")],
        ..Hardware::default()
    }
}

/// Codes of this module, with their lines.
fn found(text: &str, release: Release, hardware: &Hardware) -> Vec<(String, usize)> {
    let surroundings = Surroundings {
        hardware: Some(hardware),
        ..Surroundings::default()
    };
    let found = codes(check(text, release, surroundings));
    let mine = |(code, _): &(String, usize)| CODES.contains(&code.as_str());
    found.into_iter().filter(mine).collect()
}

fn on_9(text: &str) -> Vec<(String, usize)> {
    found(text, Release::Rhel9, &hardware())
}

fn one(code: &str, line: usize) -> Vec<(String, usize)> {
    vec![(code.to_owned(), line)]
}

#[test]
fn a_disk_that_the_machine_does_not_have_is_an_error() {
    for there in [
        "ignoredisk --only-use=sda",
        "ignoredisk --only-use=/dev/disk/by-path/pci-0000:00:1f.2-ata-1",
        "ignoredisk --only-use=disk/by-path/pci-0000:00:1f.2-ata-2.0,sda",
        // What a discovery does not see is believed.
        "ignoredisk --only-use=/dev/disk/by-id/wwn-0x5000",
        "ignoredisk --only-use=disk/by-path/*-ata-9",
        "clearpart --all --drives=$disk",
    ] {
        assert_eq!(on_9(there), [], "{there}");
    }
    for missing in [
        "ignoredisk --only-use=sdc",
        "ignoredisk --drives=nvme0n1",
        "ignoredisk --only-use=sda,/dev/disk/by-path/pci-0000:00:1f.2-ata-3",
        "clearpart --all --drives=vda",
        "bootloader --boot-drive=sdc",
        "part / --size=5000 --ondisk=sdc",
    ] {
        assert_eq!(on_9(missing), one("no-such-disk", 1), "{missing}");
    }
    let cut = Hardware {
        cut: true,
        ..hardware()
    };
    assert_eq!(found("ignoredisk --only-use=sdz", Release::Rhel9, &cut), []);
}

#[test]
fn a_port_that_the_machine_does_not_have_is_an_error() {
    for there in [
        "network --device=eno1",
        "network --device=B8:CA:3A:00:00:01",
        "network --device=link",
        "network --device=bond0 --bondslaves=eno1,eno2",
        "network --device=bond0 --bondslaves=eno1,eno2\nnetwork --device=bond0 --vlanid=7",
        "network --hostname=a",
    ] {
        assert_eq!(on_9(there), [], "{there}");
    }
    for missing in [
        "network --device=eth0",
        "network --device=52:54:00:00:00:01",
        "network --device=bond0 --bondslaves=eno1,eno3",
    ] {
        assert_eq!(on_9(missing), one("no-such-port", 1), "{missing}");
    }
}

#[test]
fn release_10_wants_a_processor_of_level_3() {
    let text = "text\nurl --url=http://m/10/BaseOS/x86_64/os\n";
    assert_eq!(
        found(text, Release::Rhel10, &hardware()),
        one("processor-too-old", 2)
    );
    let v2 = text.replace("x86_64", "x86_64_v2");
    assert_eq!(found(&v2, Release::Rhel10, &hardware()), []);
    assert_eq!(on_9(text), []);
    for cpu_level in [0, 3, 4] {
        let hardware = Hardware {
            cpu_level,
            ..hardware()
        };
        assert_eq!(found(text, Release::Rhel10, &hardware), [], "{cpu_level}");
    }
}

#[test]
fn memory_below_the_minimum_is_an_error_and_little_is_a_warning() {
    for (memory_mib, code) in [
        (1024, Some("too-little-memory")),
        (1450, Some("little-memory")),
        (2048, Some("little-memory")),
        (2900, None),
        (0, None),
    ] {
        let hardware = Hardware {
            memory_mib,
            ..hardware()
        };
        let expected = code.map(|code| (code.to_owned(), 1));
        let found = found("text\n", Release::Rhel9, &hardware);
        assert_eq!(found, Vec::from_iter(expected), "{memory_mib}");
    }
}

#[test]
fn sizes_that_no_disk_holds_are_an_error_at_the_largest() {
    let plan = |first: u64| {
        format!(
            "ignoredisk --only-use=sdb\npart /boot --size={first} --ondisk=sdb\npart / --size=5000 --grow\n"
        )
    };
    assert_eq!(on_9(&plan(5240)), [], "they fill it");
    assert_eq!(on_9(&plan(5241)), one("disk-too-small", 2));
    let anywhere = "part / --size=900000\n";
    assert_eq!(on_9(anywhere), [], "nobody knows on which disk");
    let mut single = hardware();
    single.disks.truncate(1);
    assert_eq!(
        found(anywhere, Release::Rhel9, &single),
        one("disk-too-small", 1)
    );
    let overflow = "part / --size=9223372036854775807 --ondisk=sda\npart /a --size=9223372036854775807 --ondisk=sda\n";
    assert_eq!(on_9(overflow), one("disk-too-small", 1));
}
