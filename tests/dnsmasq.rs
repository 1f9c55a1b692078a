//! What machines are told by the real dnsmasq, configured by `kickstand apply` through the real `uci`.

mod router;

use kickstand_lab::netboot_client::{Answer, Machine};
use router::Router;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Not a test: this is what the router's stand-in init script starts.
#[test]
fn stand_in_for_the_init_script() {
    kickstand_lab::dnsmasq_init::act_if_asked();
}

const STAND_IN: &str = "stand_in_for_the_init_script";
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 33, 1, 1);
const BOOT_SCRIPT: &str = "http://10.33.1.1:8067/boot.ipxe";

/// iPXE's setting 176, one byte, on: no wait for a ProxyDHCP server. dnsmasq ends encapsulated options with 255.
const NO_PROXY_DHCP: [u8; 4] = [176, 1, 1, 255];

/// Firmware of that architecture, as OVMF words it.
fn firmware(number: u8, architecture: u16, protocol: &str) -> Machine {
    Machine {
        number,
        architecture: Some(architecture),
        vendor_class: Some(format!(
            "{protocol}Client:Arch:{architecture:05}:UNDI:003000"
        )),
        asks_for_boot_file: true,
        ..Machine::default()
    }
}

fn pxe(number: u8, architecture: u16) -> Machine {
    firmware(number, architecture, "PXE")
}

fn http(number: u8, architecture: u16) -> Machine {
    firmware(number, architecture, "HTTP")
}

fn ask(router: &Router, machine: &Machine) -> Answer {
    let answer = router.lan.ask(0, machine);
    answer.unwrap_or_else(|| panic!("no answer to {machine:?}\n{}", router.init.log()))
}

fn boot_file(router: &Router, machine: &Machine) -> String {
    ask(router, machine).boot_file()
}

/// All three architectures have a boot file.
fn complete(name: &str) -> Router {
    let router = Router::new(name, router::STOCK, STAND_IN);
    router.boot_files(&["undionly.kpxe", "snponly.efi", "arm64/snponly.efi"]);
    router.apply();
    router
}

#[test]
fn every_architecture_gets_its_boot_file_from_this_router() {
    let router = complete("architectures");
    let expected = [
        (0, "undionly.kpxe"),
        (7, "snponly.efi"),
        (9, "snponly.efi"),
        (11, "arm64/snponly.efi"),
        (6, ""),
    ];
    for (number, (architecture, file)) in (1..).zip(expected) {
        let answer = ask(&router, &pxe(number, architecture));
        assert_eq!(answer.boot_file(), file, "architecture {architecture}");
        assert_eq!(answer.server, ROUTER, "architecture {architecture}");
        assert_ne!(answer.vendor_class().as_deref(), Some("HTTPClient"));
    }
}

#[test]
fn old_firmware_finds_the_boot_file_in_the_header() {
    let router = complete("header");
    let machine = Machine {
        asks_for_boot_file: false,
        ..pxe(1, 0)
    };
    let answer = ask(&router, &machine);
    assert_eq!(answer.file_field, "undionly.kpxe");
    assert_eq!(answer.options.get(&67), None);
}

#[test]
fn http_boot_gets_a_url_and_its_vendor_class_back() {
    let router = complete("http");
    for (number, architecture, file) in [(1, 16, "snponly.efi"), (2, 19, "arm64/snponly.efi")] {
        let answer = ask(&router, &http(number, architecture));
        assert_eq!(
            answer.boot_file(),
            format!("http://10.33.1.1:8067/boot/{file}")
        );
        assert_eq!(answer.vendor_class().as_deref(), Some("HTTPClient"));
    }
}

#[test]
fn a_laptop_that_boots_from_its_disk_is_told_nothing() {
    let router = complete("laptop");
    let answer = ask(
        &router,
        &Machine {
            number: 1,
            ..Machine::default()
        },
    );
    assert_eq!(answer.boot_file(), "");
    assert_eq!(answer.vendor_class(), None);
    assert_eq!(answer.options.get(&175), None);
}

#[test]
fn ipxe_gets_the_script_however_it_says_who_it_is() {
    let router = complete("ipxe");
    let mut number = 0;
    for architecture in [0, 7, 9, 11, 16] {
        for by_class in [true, false] {
            number += 1;
            let machine = Machine {
                user_class: by_class.then(|| "iPXE".to_owned()),
                ipxe: (!by_class).then(|| vec![0xb1, 6, 1, 0x80, 0x86, 0x10, 0x0e, 0]),
                ..pxe(number, architecture)
            };
            let answer = ask(&router, &machine);
            let said = format!("architecture {architecture}, by class: {by_class}");
            assert_eq!(answer.boot_file(), BOOT_SCRIPT, "{said}");
            assert_eq!(
                answer.options.get(&175),
                Some(&NO_PROXY_DHCP.to_vec()),
                "{said}"
            );
        }
    }
}

#[test]
fn an_architecture_without_a_boot_file_is_told_none() {
    let router = Router::new("missing", router::STOCK, STAND_IN);
    router.boot_files(&["snponly.efi"]);
    let said = router.apply();
    assert!(said.contains("BIOS machines get no boot file"), "{said}");
    assert!(
        said.contains("UEFI machines (arm64) get no boot file"),
        "{said}"
    );
    assert_eq!(boot_file(&router, &pxe(1, 0)), "");
    assert_eq!(boot_file(&router, &pxe(2, 11)), "");
    assert_eq!(boot_file(&router, &http(3, 19)), "");
    assert_eq!(boot_file(&router, &pxe(4, 7)), "snponly.efi");

    // The rule that comes later must not win over the one for iPXE.
    router.boot_files(&["undionly.kpxe"]);
    router.apply();
    assert_eq!(boot_file(&router, &pxe(5, 0)), "undionly.kpxe");
    let ipxe = Machine {
        user_class: Some("iPXE".to_owned()),
        ..pxe(6, 0)
    };
    assert_eq!(boot_file(&router, &ipxe), BOOT_SCRIPT);
}

#[test]
fn tftp_serves_the_boot_file_and_the_script_beside_it() {
    let mut router = Router::new("tftp", router::STOCK, STAND_IN);
    router.settings.main.boot_files = BTreeMap::from([(
        kickstand::core::settings::BootArchitecture::X86_64,
        "my/own.efi".to_owned(),
    )]);
    router.apply();
    let large: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
    router.root.write("srv/tftp/my/own.efi", &large);
    router.apply();
    let file = boot_file(&router, &pxe(1, 7));
    assert_eq!(file, "my/own.efi");
    assert_eq!(router.lan.tftp(0, &file).expect("served"), large);
    let script = router.lan.tftp(0, "my/autoexec.ipxe").expect("served");
    let script = String::from_utf8(script).expect("a script is text");
    assert!(script.starts_with("#!ipxe\n"), "{script}");
    assert!(
        script.contains(&format!("\nchain --autofree --replace {BOOT_SCRIPT} ")),
        "{script}"
    );
    assert!(router.lan.tftp(0, "../../etc/config/dhcp").is_err());
}

#[test]
fn guests_on_another_network_are_told_nothing() {
    for (name, dhcp) in [("guests", router::GUESTS), ("two", router::TWO_INSTANCES)] {
        let router = Router::new(name, dhcp, STAND_IN);
        router.boot_files(&["snponly.efi"]);
        router.apply();
        assert_eq!(boot_file(&router, &pxe(1, 7)), "snponly.efi", "{name}");
        let answer = ask(&router, &http(2, 16));
        assert_eq!(answer.boot_file(), "http://10.33.1.1:8067/boot/snponly.efi");
        assert_eq!(answer.vendor_class().as_deref(), Some("HTTPClient"));
        let ipxe = Machine {
            user_class: Some("iPXE".to_owned()),
            ..pxe(3, 7)
        };
        let answer = ask(&router, &ipxe);
        assert_eq!(answer.boot_file(), BOOT_SCRIPT, "{name}");
        assert_eq!(
            answer.options.get(&175),
            Some(&NO_PROXY_DHCP.to_vec()),
            "{name}"
        );
        for machine in [pxe(4, 7), http(5, 16), ipxe] {
            let answer = router.lan.ask(1, &machine).expect("guests get addresses");
            assert_eq!(answer.boot_file(), "", "{name}");
        }
    }
}

#[test]
fn rules_of_the_user_hold_where_kickstand_has_none() {
    let router = Router::new("foreign", router::FOREIGN_RULES, STAND_IN);
    assert_eq!(boot_file(&router, &pxe(1, 7)), "grubx64.efi");
    router.apply();
    assert_eq!(boot_file(&router, &pxe(2, 7)), "grubx64.efi");
    assert_eq!(boot_file(&router, &pxe(3, 0)), "pxelinux.0");
    router.boot_files(&["snponly.efi"]);
    router.apply();
    assert_eq!(boot_file(&router, &pxe(4, 7)), "snponly.efi");
    assert_eq!(boot_file(&router, &pxe(5, 0)), "pxelinux.0");
    router.remove();
    assert_eq!(boot_file(&router, &pxe(6, 7)), "grubx64.efi");
}
