//! Given a decision or a profile, this script comes out.

use super::*;

fn router() -> Router {
    Router {
        address: [10, 33, 1, 1].into(),
        port: 8067,
    }
}

fn machine() -> Machine {
    Machine::unseen("52:54:00:00:00:01".parse().expect("valid"))
}

#[test]
fn a_why_can_do_nothing_to_ipxe() {
    let script = wait("a\nsanboot ${x} || shell && # `é`", router());
    assert_eq!(
        script.lines().nth(1),
        Some("echo kickstand: a sanboot ??x? ?? shell ?? ? `?`")
    );
    assert_eq!(script.lines().count(), 5);
}

#[test]
fn an_argument_that_ipxe_would_take_for_itself_is_refused() {
    for text in ["a || b", "x ; y", "# comment", "a\nb", "a && b"] {
        assert!(argument(text).is_err(), "{text:?}");
    }
    assert_eq!(
        argument(" ds=nocloud;s=http://x/ ").as_deref(),
        Ok("ds=nocloud;s=http://x/")
    );
    assert!(word("kernel", "http://x/a b").is_err());
}

#[test]
fn every_way_to_the_disk_has_its_words() {
    let last = |leave, platform| {
        let script = local(
            leave,
            "r220a is installed",
            &Machine {
                platform,
                ..machine()
            },
            router(),
        );
        script.lines().last().map(str::to_owned)
    };
    assert_eq!(last(Leave::Exit, Platform::Efi).as_deref(), Some("exit"));
    assert_eq!(last(Leave::Exit1, Platform::Efi).as_deref(), Some("exit 1"));
    let chain = "chain --autofree http://10.33.1.1:8067/boot/localboot.efi || exit 1";
    assert_eq!(last(Leave::Chain, Platform::Efi).as_deref(), Some(chain));
    let sanboot = Some("sanboot --no-describe --drive 0x80 || exit 1");
    assert_eq!(last(Leave::Sanboot, Platform::PcBios).as_deref(), sanboot);
    assert_eq!(last(Leave::Chain, Platform::PcBios).as_deref(), sanboot);
}

fn installer(text: &str) -> Result<Installer, String> {
    let settings =
        crate::core::settings::read(&crate::core::uci::parse(text.as_bytes()).expect("valid UCI"));
    assert_eq!(settings.faults, vec![]);
    let host = settings.hosts.values().next().expect("a host");
    let profile = &settings.profiles[&host.profile];
    let context = Context::new(&settings, host, profile, &machine(), router(), "SECRET");
    let syslog = settings.main.syslog_port;
    Installer::new(profile, &machine(), router(), syslog, "SECRET", &context)
        .map_err(|error| error.text)
}

fn profile_of_kind(kind: &str, more: &str) -> String {
    format!(
        "config profile 'p'\n option kind '{kind}'\n option answer 'x'\n option mirror 'http://m/{{{{ debian_arch }}}}'\n \
         option kernel '{{{{ mirror }}}}/linux'\n list initrd '{{{{ mirror }}}}/initrd.gz'\n{more}\
         config host 'h'\n option mac '52:54:00:00:00:01'\n option profile 'p'\n"
    )
}

#[test]
fn the_script_of_an_installation() {
    let tree = include_str!("../../../tests/trees/r220a/etc/config/kickstand");
    let script = installer(tree)
        .expect("renders")
        .script("ztphostname", router(), &machine());
    assert_eq!(
        script,
        include_str!("../../../tests/golden/r220a.ipxe"),
        "\n{script}"
    );
}

#[test]
fn each_kind_of_installer_is_told_where_its_answers_are_in_its_own_words() {
    let words = |kind| {
        installer(&profile_of_kind(kind, ""))
            .expect("renders")
            .command_line()
    };
    let network = "initrd=kickstand-0.img ip=${netX/ip}::${netX/gateway}:${netX/netmask}:::none ${nameserver} \
                   BOOTIF=01-52-54-00-00-00-01 ";
    for (kind, rest) in [
        (
            "preseed",
            "auto=true priority=critical interface=auto netcfg/get_nameservers=10.33.1.1 \
             url=http://10.33.1.1:8067/preseed/52:54:00:00:00:01?token=SECRET log_host=10.33.1.1 log_port=5140",
        ),
        (
            "autoinstall",
            "autoinstall ds=nocloud-net;s=http://10.33.1.1:8067/autoinstall/52:54:00:00:00:01/SECRET/",
        ),
        (
            "script",
            "kickstand=http://10.33.1.1:8067/ks/52:54:00:00:00:01?token=SECRET",
        ),
    ] {
        assert_eq!(words(kind), format!("{network}{rest}"));
    }
}

#[test]
fn what_the_kernel_would_cut_off_is_refused() {
    let long = format!(" list arg 'x={}'\n", "y".repeat(2000));
    let error = installer(&profile_of_kind("kickstart", &long)).expect_err("too long");
    assert!(error.contains("2047 are the most"), "{error}");
}

#[test]
fn a_url_that_ipxe_would_split_is_refused() {
    let text = profile_of_kind(
        "script",
        " list var 'two=a b'
",
    )
    .replace("/linux", "/{{ var.two | raw }}");
    let error = installer(&text).expect_err("two words");
    assert!(error.contains("must be one URL without blanks"), "{error}");
}

#[test]
fn facts_are_encoded_by_ipxe_itself() {
    let script = first(router());
    for fact in ["serial", "manufacturer", "product"] {
        assert!(
            script.contains(&format!("&{fact}=${{{fact}:uristring}}")),
            "{script}"
        );
    }
}
