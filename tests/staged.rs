//! Somebody has changes in `dhcp` that are staged and not committed: they are never lost, and everybody is told what to do.

mod package_support;

use std::time::Duration;

use kickstand_lab::process::wait_until;
use package_support::{DHCP, Package, Router};

const BINARY: &str = env!("CARGO_BIN_EXE_kickstand");
/// More than anything that is waited for takes, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);
const STAGED: &str = "dhcp.lan.start='50'";

fn router() -> Router {
    Router::with_service(BINARY)
}

fn stage(router: &Router) {
    router.done(&format!("uci set {}", STAGED.replace('\'', "")));
}

fn assert_staged(router: &Router) {
    assert_eq!(router.done("uci changes dhcp").trim(), STAGED);
}

#[test]
fn a_reload_moves_the_service_and_status_says_that_dnsmasq_was_not_told() {
    let router = router();
    let warned = || router.done("kickstand status").contains("uci revert dhcp");
    assert!(!warned());
    let before = router.read("etc/config/dhcp");
    router.done("uci set kickstand.main.port=8068; uci commit kickstand");
    stage(&router);
    for action in ["reload", "restart"] {
        router.init(action);
        router.answers();
        assert_eq!(router.read("etc/config/dhcp"), before, "{action}");
        assert_staged(&router);
        let serves = "/lab/busybox wget -q -O - http://10.33.1.1:8068/boot.ipxe";
        assert!(
            wait_until(LIMIT, || router.shell(serves).status.success()),
            "{action}"
        );
        let status = router.done("kickstand status");
        for part in [
            "where nobody listens",
            "uci commit dhcp",
            "uci revert dhcp",
            "kickstand apply",
        ] {
            assert!(status.contains(part), "{action}: no {part} in\n{status}");
        }
    }
    router.done("uci commit dhcp");
    router.init("reload");
    assert!(!warned());
    assert!(
        router
            .read("etc/config/dhcp")
            .contains("http://10.33.1.1:8068/boot.ipxe")
    );
    assert_eq!(router.done("uci get dhcp.lan.start").trim(), "50");
}

#[test]
fn a_removal_that_is_refused_fails_and_names_the_commands_that_end_it() {
    for then in ["uci revert dhcp", "uci commit dhcp"] {
        let router = Router::new(DHCP);
        let found = router.done("uci show dhcp");
        router.install(&Package::under_test(BINARY), None);
        router.answers();
        let rules = router.read("etc/config/dhcp");
        stage(&router);
        let said = router.shell("export PKG_UPGRADE=0; ( . /lab/prerm )");
        assert_eq!(said.status.code(), Some(1), "{said:?}");
        let text = String::from_utf8_lossy(&said.stderr).into_owned();
        let last = "/var/run/kickstand-apply/kickstand apply --remove";
        for part in ["NOT REMOVED", "uci commit dhcp", "uci revert dhcp", last] {
            assert!(text.contains(part), "no {part} in\n{text}");
        }
        assert_staged(&router);
        assert_eq!(router.read("etc/config/dhcp"), rules);
        // apk takes the program away all the same.
        router.done("rm /usr/sbin/kickstand");
        router.done(then);
        router.done(last);
        let expected = match then {
            "uci revert dhcp" => found,
            _ => found.replace("dhcp.lan.start='100'", STAGED),
        };
        // uci puts an option that was changed at the end.
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        let left = router.done("uci show dhcp");
        assert_eq!(sorted(&left), sorted(&expected), "{then}");
    }
}
