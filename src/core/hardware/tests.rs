use super::*;

const V2: &str =
    "fpu cx8 cmov mmx fxsr sse sse2 syscall lm pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm";
const V3: &str = "abm avx xsave f16c movbe fma bmi1 avx2 bmi2";

#[test]
fn the_level_is_the_last_one_whose_flags_are_all_there() {
    assert_eq!(level(""), 0);
    assert_eq!(level("fpu cx8 cmov mmx fxsr sse sse2 syscall lm"), 1);
    assert_eq!(level(V2), 2);
    assert_eq!(level(&format!("{V2} {V3}")), 3);
    let without = format!("{V2} {V3}").replace(" fma", "");
    assert_eq!(level(&without), 2, "one is missing");
    let all = format!("{V2} {V3} avx512f avx512bw avx512cd avx512dq avx512vl");
    assert_eq!(level(&all), 4);
}

#[test]
fn a_report_is_cut_and_cleaned() {
    let text = format!(
        r#"{{"firmware":"uefi","at":5,"cut":true,"cpu_level":4,"flags":"{V2}","product":"R\u001b[31m220\u202e","unknown":[1],
        "disks":[{{"name":"sda","serial":" WD-1 ","bytes":1000}},{{"name":"sdb","serial":"{}"}}]}}"#,
        "x".repeat(65)
    );
    let hardware = Hardware::from_report(&text, Some(7)).expect("a report");
    assert_eq!(hardware.at, Some(7));
    assert_eq!((hardware.cpu_level, hardware.cut), (2, false));
    assert_eq!(hardware.product, "R [31m220");
    assert_eq!(hardware.disks[0].serial, "WD-1");
    assert_eq!(hardware.disks[1].serial, "", "cut, it could be another's");
    let odd = r#"{"disks":3,"ports":[7,{"name":"a","speed":-1}],"cpus":"x","memory_mib":1e99}"#;
    let odd = Hardware::from_report(odd, None).expect("a report");
    assert_eq!((odd.disks.len(), odd.ports.len()), (0, 1));
    assert_eq!((odd.ports[0].speed, odd.cpus, odd.memory_mib), (0, 0, 0));
    for wrong in ["", "[]x", "[]", "null"] {
        assert!(Hardware::from_report(wrong, None).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_kept_is_bounded_and_says_what_it_left_out() {
    let disk = Disk {
        name: "sda".to_owned(),
        path: "p".repeat(PATH_LENGTH),
        ..Disk::default()
    };
    let many = Hardware {
        disks: vec![disk; MOST],
        ..Hardware::default()
    };
    let text = many.to_stored();
    assert!(text.len() <= STORED_LENGTH);
    let kept = Hardware::from_stored(text.as_bytes()).expect("what was kept");
    assert!(kept.cut && !kept.disks.is_empty());
    let one = Hardware {
        cpus: 4,
        ..Hardware::default()
    };
    let text = one.to_stored();
    assert_eq!(Hardware::from_stored(text.as_bytes()), Some(one));
}

#[test]
fn the_target_disk_is_the_named_one_or_the_only_fixed_one() {
    let disk = |name: &str, path: &str, removable| Disk {
        name: name.to_owned(),
        path: path.to_owned(),
        serial: format!("serial-{name}"),
        bytes: 1,
        removable,
        ..Disk::default()
    };
    let mut hardware = Hardware {
        disks: vec![
            disk("sda", "/dev/disk/by-path/pci-1", false),
            disk("sdb", "", true),
        ],
        ..Hardware::default()
    };
    assert_eq!(hardware.serial_of(None), Some("serial-sda"));
    for named in [
        "/dev/sda",
        "sda",
        "/dev/disk/by-path/pci-1",
        "disk/by-path/pci-1",
    ] {
        assert_eq!(
            hardware.serial_of(Some(named)),
            Some("serial-sda"),
            "{named}"
        );
    }
    assert_eq!(hardware.serial_of(Some("/dev/sdc")), None);
    assert_eq!(hardware.serial_of(Some("/dev/")), None);
    hardware.disks.push(disk("sdc", "", false));
    assert_eq!(hardware.serial_of(None), None, "nobody knows which");
}
