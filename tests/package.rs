//! The package on a router: installed, used, upgraded, downgraded, removed and installed again, with the init script that it brings.

mod package_support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use kickstand::host::ubus::call;
use kickstand::serve::object::OBJECT;
use kickstand_lab::process::wait_until;
use package_support::{Package, Router, SOURCES, block, files_below};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_kickstand");
/// Number of the service's user and group.
const KICKSTAND: u32 = 8067;
/// More than anything that is waited for takes, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);
const DHCP: &str = "
config dnsmasq
\toption authoritative '1'

config dhcp 'lan'
\toption interface 'lan'
\toption start '100'
\toption limit '150'
";

fn dhcp(router: &Router) -> String {
    router.done("uci show dhcp")
}

/// Runs `uci set` with each of these and commits.
fn set(router: &Router, settings: &[&str]) {
    let lines: Vec<String> = settings
        .iter()
        .map(|s| format!("uci set kickstand.{s}"))
        .collect();
    router.done(&format!("{} && uci commit kickstand", lines.join(" && ")));
}

/// Whether the service is reached at that port, perhaps in a moment.
fn serves(router: &Router, port: u16) -> bool {
    let line = format!("/lab/busybox wget -q -O - http://10.33.1.1:{port}/boot.ipxe");
    wait_until(LIMIT, || router.shell(&line).status.success())
}

/// A version of the package that ships another program and another configuration.
fn other_version(package: &Package) -> Package {
    let mut other = package.clone();
    for (name, addition) in [
        ("usr/sbin/kickstand", "x"),
        ("etc/config/kickstand", "\n# new\n"),
    ] {
        let file = other.files.get_mut(name).expect("shipped");
        file.1.extend_from_slice(addition.as_bytes());
    }
    other
}

#[test]
fn an_installed_package_serves_as_a_user_that_may_do_little() {
    let router = Router::new(DHCP);
    router.install(&Package::under_test(BINARY), None);
    router.answers();
    let status = router.read(&format!(
        "proc/{}/status",
        router.service().expect("it runs")
    ));
    for due in [
        "Uid:\t8067\t8067\t8067\t8067",
        "CapEff:\t0000000000000000",
        "NoNewPrivs:\t1",
    ] {
        assert!(status.contains(due), "{due} in {status}");
    }
    for (name, due) in [
        ("etc/config/kickstand", (0, KICKSTAND, 0o640)),
        ("etc/kickstand", (KICKSTAND, KICKSTAND, 0o750)),
        ("etc/kickstand/state.json", (KICKSTAND, KICKSTAND, 0o600)),
        ("run/kickstand", (KICKSTAND, KICKSTAND, 0o750)),
        ("www/kickstand", (0, KICKSTAND, 0o750)),
        ("www/kickstand/answers", (0, KICKSTAND, 0o750)),
    ] {
        assert_eq!(router.access(name), due, "{name}");
    }
    assert!(
        dhcp(&router)
            .contains("dhcp.kickstand_boot_ipxe.filename='http://10.33.1.1:8067/boot.ipxe'")
    );
    let calls = router.read("lab/dnsmasq");
    assert!(
        calls.contains("reload") && !calls.contains("inherited"),
        "{calls}"
    );
}

#[test]
fn procd_is_told_what_the_service_needs_and_no_more() {
    let router = Router::new(DHCP);
    router.install(&Package::under_test(BINARY), None);
    let told = router.read("lab/procd");
    for due in [
        "param command /usr/sbin/kickstand serve",
        "param user kickstand",
        "param group kickstand",
        // Notes are logged as such, and not as errors.
        "param stdout 1",
        "param stderr 1",
        "param no_new_privs 1",
        // 10,000 hosts take 75 MB while they are read again.
        "param limits as=134217728 134217728 nofile=1472 1472 core=0 0",
        "param respawn 3600 5 0",
        "param file /usr/sbin/kickstand",
        "mount /etc/config /www/kickstand /srv/tftp",
        "mount_rw /etc/kickstand /var/run/kickstand /var/run/ubus",
        "reload on kickstand dhcp",
        "reload on interface lan",
    ] {
        assert!(told.lines().any(|line| line == due), "{due} in\n{told}");
    }
    set(&router, &["main.enabled=0"]);
    router.init("reload");
    assert_eq!(router.service(), None);
    assert!(!dhcp(&router).contains("kickstand"));
    assert!(
        router
            .read("lab/procd")
            .contains("reload on kickstand dhcp"),
        "or nothing would switch it on"
    );
}

#[test]
fn what_root_commits_counts_at_once_and_keeps_arms() {
    let router = Router::new(DHCP);
    router.install(&Package::under_test(BINARY), None);
    router.answers();
    let before = router.service();
    let host = [
        "web=host",
        "web.mac=52:54:00:00:00:01",
        "web.profile=almalinux9",
    ];
    set(
        &router,
        &[&host[..], &["a=account", "a.ssh_key='ssh-ed25519 AAAA a'"]].concat(),
    );
    // uci puts a file of root's group there.
    assert_eq!(router.access("etc/config/kickstand"), (0, 0, 0o640));
    router.done("kickstand arm web");
    set(&router, &["main.port=8068"]);
    router.init("reload");
    assert_eq!(router.access("etc/config/kickstand"), (0, KICKSTAND, 0o640));
    assert!(serves(&router, 8068));
    assert_eq!(router.service(), before, "the same process");
    assert!(router.done("kickstand status web").contains("armed"));
}

#[test]
fn a_reload_with_another_jail_leaves_a_service_that_runs() {
    let router = Router::new(DHCP);
    router.install(&Package::under_test(BINARY), None);
    router.answers();
    let before = router.service();
    router.done("mkdir -p /www/other && chown kickstand /www/other");
    set(&router, &["main.www=/www/other"]);
    router.init("reload");
    assert_ne!(
        router.service(),
        before,
        "another jail wants another process"
    );
    // It has got no signal meant for the one before, of which it would have died.
    router.answers();
}

#[test]
fn upgrade_and_downgrade_keep_what_is_the_users() {
    let router = Router::new(DHCP);
    let old = Package::under_test(BINARY);
    let new = other_version(&old);
    router.install(&old, None);
    router.answers();
    set(&router, &["main.port=8099", "main.unknown=local"]);
    let settings = router.read("etc/config/kickstand");
    let rules = || dhcp(&router).contains("http://10.33.1.1:8099/boot.ipxe");
    for (next, last) in [(&new, &old), (&old, &new)] {
        let before = router.service();
        router.install(next, Some(last));
        router.answers();
        assert_ne!(router.service(), before, "the other program runs");
        assert_eq!(router.read("etc/config/kickstand"), settings);
        assert_eq!(router.access("etc/config/kickstand"), (0, KICKSTAND, 0o640));
        assert!(rules());
    }
    assert!(
        router
            .path("etc/rc.d/S90kickstand")
            .symlink_metadata()
            .is_ok()
    );
    // apk neither stops nor removes: it only starts again.
    let before = router.service();
    let (mode, program) = &new.files["usr/sbin/kickstand"];
    router.write("usr/sbin/kickstand", program, *mode);
    router.init("start");
    router.answers();
    assert_ne!(router.service(), before);
    let same = router.service();
    router.init("start");
    assert_eq!(router.service(), same, "nothing changed");
}

#[test]
fn removal_leaves_dhcp_as_it_was_and_the_users_data() {
    let router = Router::new(DHCP);
    let found = dhcp(&router);
    let package = Package::under_test(BINARY);
    router.install(&package, None);
    router.answers();
    router.write("www/kickstand/answers/mine.ks", "text", 0o644);
    set(&router, &["main.unknown=local"]);
    let said = router.remove(&package);
    assert_eq!(dhcp(&router), found);
    assert_eq!(router.service(), None);
    for kept in [
        "etc/config/kickstand",
        "etc/kickstand/state.json",
        "www/kickstand/answers/mine.ks",
    ] {
        assert!(router.path(kept).exists(), "{kept}");
        let folder = kept.rsplit_once('/').expect("a path").0;
        assert!(
            said.contains(&format!("/{}", folder.trim_end_matches("/answers"))),
            "{said}"
        );
    }
    for gone in [
        "usr/sbin/kickstand",
        "etc/init.d/kickstand",
        "etc/hotplug.d/dhcp/50-kickstand",
    ] {
        assert!(!router.path(gone).exists(), "{gone}");
    }
    assert!(
        router
            .path("etc/rc.d/S90kickstand")
            .symlink_metadata()
            .is_err()
    );
    router.install(&package, None);
    router.answers();
    assert_eq!(
        router.done("uci get kickstand.main.unknown").trim(),
        "local"
    );
}

/// procd runs a reload when anybody commits settings meanwhile; a service that was stopped has no triggers any more.
#[test]
fn nothing_sets_dhcp_up_again_while_the_package_is_removed() {
    let prerm = block("prerm");
    let place = |part: &str| {
        prerm
            .find(part)
            .unwrap_or_else(|| panic!("no {part} in:\n{prerm}"))
    };
    assert!(place("/etc/init.d/kickstand stop") < place("apply --remove"));
}

#[test]
fn a_router_that_boots_machines_already_keeps_its_folder() {
    let router = Router::new(&DHCP.replace("authoritative '1'", "tftp_root '/mnt/boot'"));
    router.done("rm -rf /srv/tftp; mkdir -p /mnt/boot");
    router.install(&Package::under_test(BINARY), None);
    assert_eq!(
        router.done("uci get kickstand.main.tftp_root").trim(),
        "/mnt/boot"
    );
    set(&router, &["main.tftp_root=/mnt/other"]);
    router.done(". /lab/postinst; true");
    let package = Package::under_test(BINARY);
    router.install(&package, Some(&package));
    assert_eq!(
        router.done("uci get kickstand.main.tftp_root").trim(),
        "/mnt/other"
    );
}

/// What a script for hotplug events has said to `ubus`, run as procd runs it.
fn said(router: &Router, kind: &str, environment: &str) -> Vec<Value> {
    let ubus = "#!/bin/sh\nprintf '%s\\n' \"$6\" >>/lab/said\nprintf '%s\\n' \"$*\" >>/lab/ubus\n";
    router.write("bin/ubus", ubus, 0o755);
    router.write(
        "usr/share/libubox/jshn.sh",
        kickstand_lab::dnsmasq_init::JSHN,
        0o644,
    );
    router.write("lab/said", "", 0o644);
    router.done(&format!(
        "export {environment}; . /etc/hotplug.d/{kind}/50-kickstand; wait"
    ));
    let lines = router.read("lab/said");
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[test]
fn hotplug_scripts_say_what_the_service_understands() {
    let router = Router::new(DHCP);
    router.install(&Package::under_test(BINARY), None);
    router.answers();
    let lease = "ACTION=add MACADDR=52:54:00:00:00:01 IPADDR=10.33.1.101 HOSTNAME='\"; reboot; \\' \
                 DNSMASQ_VENDOR_CLASS=PXEClient:Arch:00007:UNDI:003016";
    let reports = said(&router, "dhcp", lease);
    let fields = ["mac", "address", "hostname", "action"].map(|name| reports[0][name].as_str());
    let due = ["52:54:00:00:00:01", "10.33.1.101", "\"; reboot; \\", "add"].map(Some);
    assert_eq!(fields, due);
    let socket = router.path("run/ubus/ubus.sock");
    let reply = call(&socket, OBJECT, "report", &reports[0]).expect("it answers");
    assert_eq!(reply["done"], "noted");
    let transfer = "ACTION=add TFTP_SIZE=300000 TFTP_ADDR=10.33.1.101 TFTP_PATH=/srv/tftp/x.efi";
    let reports = said(&router, "tftp", transfer);
    let reply = call(&socket, OBJECT, "report", &reports[0]).expect("it answers");
    // Understood; only is there no such machine on this network.
    assert_eq!(reply["error"], "the router knows no machine at 10.33.1.101");
    let calls = router.read("lab/ubus");
    assert!(
        calls
            .lines()
            .all(|line| line.starts_with("-t 5 call kickstand report {")),
        "{calls}"
    );
    assert_eq!(
        said(&router, "dhcp", "ACTION=remove MACADDR=52:54:00:00:00:01"),
        Vec::<Value>::new()
    );
}

#[test]
fn the_recipe_installs_every_file_of_the_tree() {
    let install = block("install");
    let files = files_below(&Path::new(SOURCES).join("files/kickstand"));
    assert!(files.len() > 5, "{files:?}");
    for name in files.keys() {
        assert!(
            install.contains(&format!("files/kickstand/{name} ")),
            "{name}"
        );
    }
    for package in ["kickstand", "luci-app-kickstand"] {
        let path = Path::new(SOURCES)
            .join("openwrt")
            .join(package)
            .join("Makefile");
        let makefile = fs::read_to_string(path).expect("the recipe");
        let version = format!("PKG_VERSION:={}\n", env!("CARGO_PKG_VERSION"));
        assert!(makefile.contains(&version), "{package}");
    }
}

/// What the service calls on ubus, and nothing else, is what its user may call.
#[test]
fn the_rules_for_ubus_are_those_of_the_calls_that_are_made() {
    let path = Path::new(SOURCES).join("files/kickstand/usr/share/acl.d/kickstand.json");
    let rules: serde_json::Value =
        serde_json::from_slice(&fs::read(path).expect("rules")).expect("JSON");
    assert_eq!(rules["user"], "kickstand");
    assert_eq!(rules["publish"], serde_json::json!([OBJECT]));
    let access = serde_json::json!({
        "network.interface.*": {"methods": ["status"]},
        "service": {"methods": ["event"]},
    });
    assert_eq!(rules["access"], access);
    let mut calls = Vec::new();
    for folder in ["src/host", "src/serve"] {
        for path in files_below(&Path::new(SOURCES).join(folder)).values() {
            let text = fs::read_to_string(path).expect("a source");
            let text: String = text.split_whitespace().collect();
            let pieces = text.split("ubus::call(&").skip(1);
            calls.extend(pieces.map(|rest| rest.split(')').nth(1).unwrap_or_default().to_owned()));
        }
    }
    calls.sort();
    assert_eq!(
        calls,
        [
            ",\"service\",\"event\",&event",
            ",&object,\"status\",&json!({}"
        ]
    );
    assert!(
        include_str!("../src/host/interface.rs")
            .contains("format!(\"network.interface.{network}\")")
    );
}
