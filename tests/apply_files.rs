//! The files and folders that `kickstand apply` keeps, on routers below a folder, with the real `uci` and the real dnsmasq.

mod router;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use kickstand::core::settings::{BootArchitecture, Fault, Settings};
use router::{Router, contains, everything, exists, host};

/// Not a test: this is what the router's stand-in init script starts.
#[test]
fn stand_in_for_the_init_script() {
    kickstand_lab::dnsmasq_init::act_if_asked();
}

const STAND_IN: &str = "stand_in_for_the_init_script";

fn router(name: &str, dhcp: &str) -> Router {
    Router::new(name, dhcp, STAND_IN)
}

const MARK: &str = "# Written by kickstand apply.";

fn fault(section: &str, option: &str) -> Fault {
    Fault {
        section: section.to_owned(),
        option: Some(option.to_owned()),
        value: Some("x".to_owned()),
        message: "must be something else".to_owned(),
        line: 3,
    }
}

#[test]
fn scripts_of_the_user_are_kept() {
    let mut router = router("scripts", router::STOCK);
    router.boot_files(&["snponly.efi", "x/own.efi"]);
    router
        .root
        .write("srv/tftp/autoexec.ipxe", "#!ipxe\nmine\n");
    let said = router.apply();
    contains(
        &said,
        "srv/tftp/autoexec.ipxe is your own and stays as it is",
    );
    assert_eq!(router.text("srv/tftp/autoexec.ipxe"), "#!ipxe\nmine\n");

    router.settings.main.boot_files =
        BTreeMap::from([(BootArchitecture::X86_64, "x/own.efi".to_owned())]);
    router.apply();
    contains(&router.text("srv/tftp/x/autoexec.ipxe"), MARK);
    router.settings.main.boot_files.clear();
    router.apply();
    assert!(
        !exists(&router.path("srv/tftp/x/autoexec.ipxe")),
        "no longer used"
    );
    router.remove();
    assert_eq!(router.text("srv/tftp/autoexec.ipxe"), "#!ipxe\nmine\n");
}

#[test]
fn hosts_are_published_by_links_and_only_by_links() {
    let mut router = router("publish", router::STOCK);
    let link = |mac: &str| format!("www/kickstart-{mac}.cfg");
    let (one, two, three) = (
        "b8:ca:3a:00:00:01",
        "b8:ca:3a:00:00:02",
        "b8:ca:3a:00:00:03",
    );
    router.settings.hosts = BTreeMap::from([("r".into(), host("r", &[one, two, three]))]);
    router.root.write(&link(two), "the user's own");
    symlink("/mnt/usb/ks.cfg", router.path(&link(three))).expect("fresh");
    let said = router.apply();
    contains(
        &said,
        "kickstart-b8:ca:3a:00:00:02.cfg is your own and stays",
    );
    contains(
        &said,
        "kickstart-b8:ca:3a:00:00:03.cfg is your own and stays",
    );
    let target = fs::read_link(router.path(&link(one))).expect("a link");
    assert_eq!(
        target,
        router
            .paths
            .published()
            .join("kickstart-b8:ca:3a:00:00:01.cfg")
    );
    assert_eq!(router.text(&link(two)), "the user's own");

    router.settings.hosts.get_mut("r").expect("there").publish = false;
    router.apply();
    assert!(!exists(&router.path(&link(one))));
    assert!(exists(&router.path(&link(two))) && exists(&router.path(&link(three))));

    router.settings.hosts.get_mut("r").expect("there").publish = true;
    router.apply();
    router.remove();
    assert!(!exists(&router.path(&link(one))));
    assert_eq!(router.text(&link(two)), "the user's own");
}

#[test]
fn answer_files_are_closed_to_the_web_server() {
    let router = router("modes", router::STOCK);
    router
        .root
        .write("etc/group", "root:x:0:\nkickstand:x:4321:\n");
    router.apply();
    for folder in [
        "www/kickstand",
        "www/kickstand/answers",
        "www/kickstand/files",
    ] {
        assert_eq!(router.mode(folder), 0o750, "{folder}");
    }
    let script = router.root.write("www/kickstand/answers/my.ks", "rootpw x");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("ours");
    let secret = router
        .root
        .write("www/kickstand/kickstart-x.cfg", "rootpw x");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("ours");
    router
        .root
        .write("www/kickstand/files/el9/vmlinuz", "kernel");
    router.root.write("www/index.html", "LuCI");
    symlink("/www/index.html", router.path("www/kickstand/files/link")).expect("fresh");
    let others = ["www", "www/index.html"].map(|name| router.mode(name));
    let said = router.apply();
    contains(&said, "my.ks mode 0755 -> 0640");
    assert_eq!(router.mode("www/kickstand/answers/my.ks"), 0o640);
    assert_eq!(
        router.mode("www/kickstand/kickstart-x.cfg"),
        0o600,
        "narrower stays"
    );
    assert_eq!(router.mode("www/kickstand/files/el9"), 0o750);
    assert_eq!(router.mode("www/kickstand/files/el9/vmlinuz"), 0o640);
    assert_eq!(
        ["www", "www/index.html"].map(|name| router.mode(name)),
        others
    );
    let group = fs::metadata(script).expect("there").gid();
    assert_eq!(group, 4321, "the tests run as root");
}

#[test]
fn folders_of_the_router_itself_are_never_closed_or_given_away() {
    let mut router = router("folders", router::STOCK);
    let before = everything(&router);
    for (www, tftp_root) in [
        ("/www", "/srv/tftp"),
        ("/www/luci-static", "/srv/tftp"),
        ("/etc/kickstand", "/srv/tftp"),
        ("/www/kickstand", "/"),
        ("/www/kickstand", "/etc/config"),
        ("/www/kickstand", "/root"),
        ("/www/kickstand", "/srv/tftp,br-lan"),
        ("/www/kickstand", "/srv/a b"),
    ] {
        router.settings.main.www = www.to_owned();
        router.settings.main.tftp_root = tftp_root.to_owned();
        let (well, said) = router.run(false, false);
        assert!(!well, "{www} {tftp_root}: {said}");
    }
    assert_eq!(everything(&router), before);
}

#[test]
fn faults_are_printed_and_only_decisive_ones_stop() {
    let mut router = router("faults", router::STOCK);
    router.settings.faults = vec![
        fault("host 'r220a'", "mac"),
        fault("kickstand 'main'", "colour"),
    ];
    let said = router.apply();
    contains(
        &said,
        "! host 'r220a', option mac 'x' (line 3): must be something else",
    );
    contains(&said, "kickstand 'main', option colour 'x'");
    let before = everything(&router);
    router
        .settings
        .faults
        .push(fault("kickstand 'main'", "port"));
    let (well, said) = router.run(false, false);
    assert!(!well, "{said}");
    contains(&said, "nothing was changed");
    assert_eq!(everything(&router), before);
}

#[test]
fn what_is_missing_on_the_router_is_named() {
    let router = router("absent", router::STOCK);
    let missing = "There is no /etc/config/kickstand: install the package anew.";
    let (well, said) = router.run_with(Err(missing.to_owned()), false, false);
    assert_eq!((well, said.as_str()), (false, missing));

    let mut settings = Settings::default();
    settings.main.interface = "wlan".to_owned();
    let (well, said) = router.run_with(Ok(&settings), false, false);
    assert!(!well);
    contains(
        &said,
        "has no interface 'wlan'; set kickstand.main.interface to one of: lan, guest.",
    );

    fs::remove_file(router.path("sbin/uci")).expect("there");
    let (well, said) = router.run(false, false);
    assert!(!well);
    contains(&said, "There is no uci command at");
    fs::remove_file(router.path("etc/config/dhcp")).expect("there");
    let (well, said) = router.run(false, true);
    assert!(!well);
    contains(&said, "etc/config/dhcp: install the package again");
}
