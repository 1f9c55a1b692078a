//! `kickstand apply` on routers below a folder, with the real `uci` and the real dnsmasq.

mod router;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

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

#[test]
fn a_second_run_changes_nothing() {
    let mut router = router("twice", router::STOCK);
    router.boot_files(&["undionly.kpxe", "x86_64/snponly.efi"]);
    router.settings.hosts = BTreeMap::from([("r".into(), host("r", &["b8:ca:3a:00:00:01"]))]);
    let said = router.apply();
    for line in [
        "+ dhcp.kickstand_boot_x64=boot",
        "+ dhcp.kickstand_boot_x64.filename='x86_64/snponly.efi'",
        "+ dhcp.cfg01411c.enable_tftp='1'",
        "+ dhcp.kickstand_boot_ipxe.dhcp_option='encap:175,176,1b'",
        "dhcp is committed and dnsmasq runs with it.",
    ] {
        contains(&said, line);
    }
    let before = everything(&router);
    let inode = |name: &str| fs::metadata(router.path(name)).expect("there").ino();
    let written = ["etc/config/dhcp", "srv/tftp/autoexec.ipxe"].map(inode);
    assert_eq!(router.init.calls("reload"), 1);
    let said = router.apply();
    contains(&said, "dhcp is as it should be.");
    assert!(!said.contains('+') && !said.contains('~'), "{said}");
    assert_eq!(router.init.calls("reload"), 1);
    assert_eq!(everything(&router), before);
    assert_eq!(
        ["etc/config/dhcp", "srv/tftp/autoexec.ipxe"].map(inode),
        written
    );
}

#[test]
fn only_what_differs_is_changed() {
    let mut router = router("minimal", router::STOCK);
    router.boot_files(&["snponly.efi"]);
    router.apply();
    router.settings.main.port = 8080;
    let said = router.apply();
    let changed: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with(['+', '-', '~']) && line.contains("dhcp."))
        .collect();
    assert_eq!(
        changed,
        [
            "- dhcp.kickstand_boot_http_x64.filename='http://10.33.1.1:8067/boot/snponly.efi'",
            "+ dhcp.kickstand_boot_http_x64.filename='http://10.33.1.1:8080/boot/snponly.efi'",
            "- dhcp.kickstand_boot_ipxe.filename='http://10.33.1.1:8067/boot.ipxe'",
            "+ dhcp.kickstand_boot_ipxe.filename='http://10.33.1.1:8080/boot.ipxe'",
        ]
    );
    contains(
        &router.text("srv/tftp/autoexec.ipxe"),
        "chain --autofree --replace http://10.33.1.1:8080/boot.ipxe",
    );
}

#[test]
fn a_dry_run_shows_everything_and_changes_nothing() {
    let mut router = router("dry", router::STOCK);
    router.boot_files(&["snponly.efi"]);
    router.settings.hosts = BTreeMap::from([("r".into(), host("r", &["b8:ca:3a:00:00:01"]))]);
    let before = everything(&router);
    let (well, said) = router.run(true, false);
    assert!(well, "{said}");
    for part in [
        "+ dhcp.kickstand_boot_x64=boot",
        "srv/tftp/autoexec.ipxe",
        "/www/kickstand/",
        "kickstart-b8:ca:3a",
    ] {
        contains(&said, part);
    }
    contains(&said, "Nothing was changed");
    assert_eq!(everything(&router), before);
    assert_eq!(router.init.calls("reload"), 0);

    router.apply();
    let before = everything(&router);
    let (well, said) = router.run(true, true);
    assert!(well, "{said}");
    contains(&said, "- dhcp.kickstand_boot_x64=boot");
    assert_eq!(everything(&router), before);
}

#[test]
fn changes_that_somebody_else_has_staged_are_respected() {
    let router = router("staged", router::STOCK);
    router.uci(&["set", "dhcp.lan.limit=99"]);
    let before = router.text("etc/config/dhcp");
    let (well, said) = router.run(false, false);
    assert!(!well, "{said}");
    contains(&said, "uci commit dhcp");
    contains(&said, "uci revert dhcp");
    contains(&said, "dhcp.lan.limit='99'");
    assert_eq!(router.text("etc/config/dhcp"), before);
    assert_eq!(router.uci(&["changes", "dhcp"]), "dhcp.lan.limit='99'\n");
    assert_eq!(router.init.calls("reload"), 0);
    router.uci(&["commit", "dhcp"]);
    router.apply();
    contains(&router.show(), "dhcp.lan.limit='99'");
}

#[test]
fn a_configuration_that_dnsmasq_does_not_start_with_is_rolled_back() {
    let router = router("rollback", router::STOCK);
    let before = router.text("etc/config/dhcp");
    router.init.refuse("tftp-no-fail");
    let (well, said) = router.run(false, false);
    assert!(!well, "{said}");
    contains(&said, "dhcp was put back as it was, and dnsmasq runs again");
    assert_eq!(
        router.text("etc/config/dhcp"),
        before,
        "byte for byte, comments too"
    );
    assert!(router.init.call("running"));
    assert_eq!(router.uci(&["changes", "dhcp"]), "");

    router.init.refuse("");
    router.apply();
    // The same on the way back, from a file of uci's making.
    let before = router.text("etc/config/dhcp");
    router.init.refuse("authoritative");
    let (well, said) = router.run(false, true);
    assert!(!well, "{said}");
    contains(
        &said,
        "dhcp was put back as it was, but dnsmasq still does not run",
    );
    assert_eq!(router.text("etc/config/dhcp"), before);
}

#[test]
fn what_others_wrote_meanwhile_survives_a_rollback() {
    let router = router("inverse", router::SEED);
    let show = router.show();
    // The stand-in's `reload` is where somebody else's commit happens.
    let text = router.text("etc/init.d/dnsmasq");
    let meddle = format!(
        "#!/bin/sh\n[ \"$1\" = reload ] && [ ! -e '{0}/lab/met' ] && {{ touch '{0}/lab/met'; \
         '{0}/sbin/uci' -c '{0}/etc/config' -t '{0}/lab/uci' set dhcp.lan.limit=42; \
         '{0}/sbin/uci' -c '{0}/etc/config' -t '{0}/lab/uci' commit dhcp; }}\n",
        router.root.path().display()
    );
    let meddling = text.replacen("#!/bin/sh\n", &meddle, 1);
    router.root.write_program("etc/init.d/dnsmasq", meddling);
    router.init.refuse("ks_ipxe");
    let (well, said) = router.run(false, false);
    assert!(!well, "{said}");
    contains(&said, "dhcp was put back as it was, and dnsmasq runs again");
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let expected = show.replace("dhcp.lan.limit='150'", "dhcp.lan.limit='42'");
    assert_eq!(sorted(&router.show()), sorted(&expected));
}

#[test]
fn a_run_that_was_cut_short_after_its_commit_is_finished_by_the_next() {
    let router = router("cut", router::STOCK);
    let stock = router.text("etc/config/dhcp");
    router.apply();
    assert_eq!(router.init.calls("reload"), 1);
    // As a killed run leaves it.
    let unproven = router
        .root
        .write("var/run/kickstand-apply/dhcp.before", &stock);
    contains(&router.apply(), "An earlier run was cut short");
    assert_eq!(router.init.calls("reload"), 2);
    assert!(!exists(&unproven));

    // The same, and dnsmasq is down because of it.
    router
        .root
        .write("var/run/kickstand-apply/dhcp.before", &stock);
    router.init.refuse("ks_ipxe");
    router.init.call("stop");
    let (well, said) = router.run(false, false);
    assert!(!well, "{said}");
    contains(&said, "dhcp was put back as it was, and dnsmasq runs again");
    assert_eq!(router.text("etc/config/dhcp"), stock);
    assert!(!exists(&unproven));
}

#[test]
fn a_run_that_is_killed_at_any_moment_leaves_one_state_or_the_other() {
    let router = router("killed", router::SEED);
    router.boot_files(&["snponly.efi"]);
    let before = router.show();
    router.apply();
    let after = router.show();
    assert_ne!(before, after);
    let command = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kickstand"));
        command.arg("--root").arg(router.root.path()).args(words);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    // From before its first step to long after its commit: it watches dnsmasq for seconds then.
    for moment in 0..60_u64 {
        let words: &[&str] = match moment % 2 {
            0 => &["apply", "--remove"],
            _ => &["apply"],
        };
        let mut run = command(words).spawn().expect("it was built");
        thread::sleep(Duration::from_micros(600 * moment));
        run.kill().expect("it is ours");
        run.wait().expect("it is ours");
        let show = router.show();
        assert!(show == before || show == after, "moment {moment}:\n{show}");
    }
    assert!(
        command(&["apply"])
            .status()
            .expect("it was built")
            .success()
    );
    assert_eq!(router.show(), after);
    router.remove();
    assert_eq!(router.show(), before);
}

#[test]
fn a_dnsmasq_that_did_not_run_before_is_no_reason_to_roll_back() {
    let router = router("down", router::STOCK);
    router.init.call("stop");
    router.init.refuse("dhcp");
    let said = router.apply();
    contains(&said, "dnsmasq did not run before and does not run now");
    contains(&router.show(), "dhcp.kickstand_boot_ipxe=boot");
}

#[test]
fn removal_leaves_dhcp_as_it_was_found() {
    let cases = [
        ("stock", router::STOCK),
        ("seed", router::SEED),
        ("two", router::TWO_INSTANCES),
        ("foreign", router::FOREIGN_RULES),
        ("guests", router::GUESTS),
    ];
    for (name, dhcp) in cases {
        let mut router = router(name, dhcp);
        let before = router.show();
        router.boot_files(&["snponly.efi", "undionly.kpxe"]);
        router.apply();
        assert_ne!(router.show(), before, "{name}");
        // A few more runs with other settings leave nothing behind either.
        router.settings.main.tftp_root = "/srv/other".to_owned();
        router.apply();
        router.settings.main.tftp_root = "/srv/tftp".to_owned();
        router.boot_files(&["arm64/snponly.efi"]);
        router.apply();
        let (well, said) = router.run_with(Err("kickstand is broken".into()), false, true);
        assert!(well, "{said}");
        assert_eq!(router.show(), before, "{name}");
        assert!(router.init.call("running"), "{name}");
        assert!(!exists(&router.path("srv/tftp/autoexec.ipxe")), "{name}");
        assert!(
            !exists(&router.path("srv/tftp/arm64/autoexec.ipxe")),
            "{name}"
        );
        assert!(exists(&router.path("srv/tftp/snponly.efi")), "{name}");
        let said = router.remove();
        contains(&said, "dhcp is as it should be.");
    }
}

#[test]
fn what_the_user_changed_since_is_left_alone_at_removal() {
    let router = router("changed", router::SEED);
    router.apply();
    router.uci(&["set", "dhcp.@dnsmasq[0].tftp_root=/mnt/usb/tftp"]);
    router.uci(&["set", "dhcp.@dnsmasq[0].domain=home"]);
    router.uci(&["add", "dhcp", "host"]);
    router.uci(&["commit", "dhcp"]);
    let said = router.remove();
    contains(
        &said,
        "dhcp.cfg01411c.tftp_root was changed since kickstand set it: it stays",
    );
    let show = router.show();
    contains(&show, "tftp_root='/mnt/usb/tftp'");
    contains(&show, "domain='home'");
    contains(&show, "enable_tftp='1'");
    contains(&show, "dhcp.@host[1]=host");
    assert!(
        !show.contains("kickstand") && !show.contains("tftp_no_fail"),
        "{show}"
    );
}

#[test]
fn what_the_user_changed_since_is_what_a_later_removal_gives_back() {
    let router = router("later", router::SEED);
    contains(
        &router.apply(),
        "TFTP now serves /srv/tftp instead of /root/tftp",
    );
    router.uci(&["set", "dhcp.@dnsmasq[0].tftp_root=/mnt/usb/tftp"]);
    router.uci(&["commit", "dhcp"]);
    contains(
        &router.apply(),
        "TFTP now serves /srv/tftp instead of /mnt/usb/tftp",
    );
    router.remove();
    contains(&router.show(), "tftp_root='/mnt/usb/tftp'");
}

#[test]
fn the_rule_for_ipxe_stays_last_when_a_boot_file_comes_later() {
    let router = router("last", router::STOCK);
    router.boot_files(&["snponly.efi"]);
    router.apply();
    router.uci(&["set", "dhcp.mine=host"]);
    router.uci(&["commit", "dhcp"]);
    router.boot_files(&["undionly.kpxe"]);
    let said = router.apply();
    contains(&said, "~ dhcp.kickstand_boot_ipxe moves to the end");
    let show = router.show();
    let boots: Vec<&str> = show
        .lines()
        .filter(|line| line.ends_with("=boot"))
        .collect();
    assert_eq!(
        boots.last(),
        Some(&"dhcp.kickstand_boot_ipxe=boot"),
        "{show}"
    );
    assert_eq!(boots.len(), 4, "{show}");

    fs::remove_file(router.path("srv/tftp/undionly.kpxe")).expect("there");
    let said = router.apply();
    contains(&said, "- dhcp.kickstand_boot_bios=boot");
    assert!(!said.contains('~'), "{said}");
}

#[test]
fn switched_off_is_removed() {
    let mut router = router("off", router::SEED);
    let before = router.show();
    router.apply();
    router.settings.main.enabled = false;
    contains(&router.apply(), "taking back");
    assert_eq!(router.show(), before);
}

#[test]
fn a_uci_that_fails_midway_leaves_nothing_staged() {
    let router = router("midway", router::STOCK);
    let before = router.text("etc/config/dhcp");
    let real = fs::canonicalize(router.path("sbin/uci")).expect("a link");
    fs::remove_file(router.path("sbin/uci")).expect("there");
    // Half of the batch arrives.
    let half = format!(
        "#!/bin/sh\ncase \"$*\" in *batch) head -n 9 | '{0}' \"$@\";; *) exec '{0}' \"$@\";; esac\n",
        real.display()
    );
    router.root.write_program("sbin/uci", half);
    let (well, said) = router.run(false, false);
    assert!(!well, "{said}");
    contains(&said, "dhcp was left as it was");
    assert_eq!(router.text("etc/config/dhcp"), before);
    assert_eq!(router.uci(&["changes", "dhcp"]), "");
    assert_eq!(
        fs::read_dir(router.path("var/run/kickstand-apply/uci"))
            .expect("ours")
            .count(),
        0
    );
    assert_eq!(router.init.calls("reload"), 0);
}
