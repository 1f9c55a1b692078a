//! What the running service may do, looked at from outside: as procd starts it, as far as that can be had here.
//!
//! It cannot show the jail, in which nothing else of the router is there at all (docs/verification.md has that by hand).

mod package_support;

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::time::Duration;

use kickstand_lab::process::wait_until;
use package_support::Router;

const BINARY: &str = env!("CARGO_BIN_EXE_kickstand");
/// More than anything that is waited for takes, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);
/// What the service's user does, as `rc.common` beside the package's tests starts the service.
const AS_SERVICE: &str = "/usr/bin/setpriv --reuid kickstand --regid kickstand --clear-groups --no-new-privs /lab/busybox ash";

/// A router with the package, whose service answers and has a host that publishes its file.
fn router() -> Router {
    let router = Router::with_service(BINARY);
    let set = "uci batch <<'E'\nset kickstand.web=host\nset kickstand.web.mac=52:54:00:00:00:01\nset kickstand.web.profile=almalinux9\n\
               set kickstand.web.publish=1\nset kickstand.a=account\nset kickstand.a.ssh_key='ssh-ed25519 AAAA a'\ncommit kickstand\nE";
    router.done(set);
    router.init("reload");
    router.done("kickstand arm web");
    router
}

/// A file of `/proc` of the service's process.
fn of_process(router: &Router, name: &str) -> String {
    let id = router.service().expect("it runs");
    router.read(&format!("proc/{id}/{name}"))
}

#[test]
fn it_is_a_user_of_its_own_without_groups_and_capabilities() {
    let router = router();
    let status = of_process(&router, "status");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let words = line.unwrap_or_else(|| panic!("no {name} in {status}"));
        words
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(field("Uid:"), ["8067"; 4]);
    assert_eq!(field("Gid:"), ["8067"; 4]);
    assert_eq!(field("Groups:"), Vec::<String>::new());
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
        assert_eq!(field(set), ["0000000000000000"], "{set}");
    }
    assert_eq!(field("NoNewPrivs:"), ["1"]);
    assert_eq!(field("Threads:"), ["1"]);
}

/// What the descriptors in such a folder of `/proc` lead to, as proc(5) names it.
fn descriptors(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("root may look").flatten();
    let links = entries.filter_map(|entry| fs::read_link(entry.path()).ok());
    links
        .map(|link| link.to_string_lossy().into_owned())
        .collect()
}

/// What the service has open, but for what this test had inherited itself and passed on.
fn open_files(router: &Router) -> Vec<String> {
    let id = router.service().expect("it runs");
    let mut found = descriptors(&router.path(&format!("proc/{id}/fd")));
    let inherited = descriptors(Path::new("/proc/self/fd"));
    found.retain(|name| !(name.starts_with("pipe:") && inherited.contains(name)));
    found
}

#[test]
fn it_has_open_only_its_log_its_lock_its_clock_and_its_sockets() {
    let router = router();
    let mut unexpected = open_files(&router);
    unexpected.retain(|name| {
        let expected = name.starts_with("socket:[")
            || name.starts_with("anon_inode:[event")
            || [
                "/dev/null",
                "/lab/kickstand.log",
                "/run/kickstand/lock",
                "/proc/uptime",
            ]
            .iter()
            .any(|end| name.ends_with(end));
        !expected
    });
    assert_eq!(unexpected, Vec::<String>::new());
}

/// Sockets of a protocol that wait for anybody: `/proc/net/tcp` and its kin (proc(5)). Each with its inode.
fn waiting(table: &str, state: &str) -> Vec<(String, String)> {
    let rows = table
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|words| words.get(3) == Some(&state))
        .map(|words| (words[1].to_owned(), words[9].to_owned()))
        .collect()
}

/// `0101210A:1F83`: an address in the machine's byte order, and a port.
fn address(hexadecimal: &str) -> SocketAddrV4 {
    let (address, port) = hexadecimal.split_once(':').expect("address and port");
    let address = u32::from_str_radix(address, 16)
        .expect("hexadecimal")
        .to_ne_bytes();
    SocketAddrV4::new(
        Ipv4Addr::from(address),
        u16::from_str_radix(port, 16).expect("hexadecimal"),
    )
}

#[test]
fn it_listens_on_the_served_address_alone() {
    let router = router();
    let own: BTreeSet<String> = open_files(&router).into_iter().collect();
    let mut found = Vec::new();
    // 0A is a socket that listens; one of UDP is in state 07 while it has no peer (net/tcp_states.h).
    for (protocol, state) in [("tcp", "0A"), ("udp", "07")] {
        for (local, inode) in waiting(&of_process(&router, &format!("net/{protocol}")), state) {
            assert!(
                own.contains(&format!("socket:[{inode}]")),
                "{protocol} {local} is not the service's"
            );
            found.push(format!("{protocol} {}", address(&local)));
        }
        let six = of_process(&router, &format!("net/{protocol}6"));
        assert_eq!(waiting(&six, state), Vec::new(), "{protocol}6");
    }
    found.sort();
    assert_eq!(
        found,
        [
            "tcp 10.33.1.1:5140",
            "tcp 10.33.1.1:8067",
            "udp 10.33.1.1:5140"
        ]
    );
    let raw = of_process(&router, "net/raw") + &of_process(&router, "net/packet");
    assert_eq!(raw.lines().count(), 2, "headings only: {raw}");
}

/// Folders in which the service's user can make a file, and files that it can open for writing, by trying.
fn writable(router: &Router) -> BTreeSet<String> {
    // Not the folders of this machine that no router has.
    let script = "\
        find /etc /lib/upgrade /run /srv /tmp /usr/sbin /usr/share/acl.d /var /www -xdev \\( -type d -o -type f \\) 2>/dev/null |
        while read -r name; do
            if [ -d \"$name\" ]; then
                ( : >\"$name/.tried\" ) 2>/dev/null && rm \"$name/.tried\" && echo \"$name\"
            else
                ( : >>\"$name\" ) 2>/dev/null && echo \"$name\"
            fi
        done; true";
    router.write("lab/try", script, 0o755);
    let said = router.done(&format!("{AS_SERVICE} /lab/try"));
    said.lines().map(str::to_owned).collect()
}

#[test]
fn it_can_write_its_state_and_what_it_runs_on_and_nothing_else() {
    let router = router();
    let published = "/run/kickstand/published/kickstart-52:54:00:00:00:01.cfg";
    assert!(wait_until(LIMIT, || router.path(&published[1..]).exists()));
    let found = writable(&router);
    // Everybody's, on every system; the jail has neither.
    let everybodys = |name: &String| ["/tmp", "/var/tmp"].contains(&name.as_str());
    let own: Vec<&String> = found.iter().filter(|name| !everybodys(name)).collect();
    assert_eq!(
        own,
        [
            "/etc/kickstand",
            "/etc/kickstand/state.json",
            "/run/kickstand",
            "/run/kickstand/lock",
            "/run/kickstand/published",
            published,
            "/run/kickstand/written",
        ]
    );
    for secret in ["/etc/shadow", "/etc/config/dhcp"] {
        let read = router.shell(&format!("{AS_SERVICE} -c 'cat {secret}'"));
        assert!(!read.status.success(), "{secret}");
    }
}
