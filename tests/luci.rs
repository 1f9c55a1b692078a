//! The LuCI pages as a user meets them: unmodified, in headless Chromium, on a stand-in for LuCI (`tests/luci/stand-in`), before
//! the real service on a real ubus. Each test plays the scenario of its name in `tests/luci/scenarios`.

mod luci_support;
mod service_support;

use std::net::Ipv4Addr;

use kickstand_lab::service::Service;
use luci_support::play;
use service_support::{BINARY, CONFIG, R220A, STRANGER, config_with, know_everybody, service};

fn with_config(config: &str) -> Service {
    let service = Service::new(BINARY, config);
    know_everybody(&service);
    service
}

#[test]
fn an_unknown_machine_is_adopted_armed_installed_and_followed() {
    play("install", service());
}

#[test]
fn what_a_machine_says_is_shown_as_text() {
    let title = format!(
        "<b>bold</b><script>window.pwned=3</script>\u{5d0}\u{5d1} {}",
        "x".repeat(10_000)
    );
    let config = CONFIG
        .replace("AlmaLinux 9", &title)
        .replace("host 'r220a'", "host 'odd'");
    let service = Service::new(BINARY, &config);
    service.set_neighbours(&[R220A, STRANGER].map(|machine| (machine.address, machine.card)));
    play("hostile", service);
}

#[test]
fn the_form_is_as_strict_as_the_service() {
    let broken = "
config host 'broken'
	list mac 'zz'
	option profile 'nosuch'
";
    let config = config_with("config kickstand 'main'", "\toption window '5'") + broken;
    play("settings", with_config(&config));
}

#[test]
fn who_may_only_read_changes_nothing() {
    let service = service();
    STRANGER.boots(&service);
    play("reading", service);
}

#[test]
fn a_stopped_service_and_an_empty_router_say_what_to_do() {
    let config = "
config kickstand 'main'
	option port 'PORT'

config profile 'almalinux9'
	option kernel 'http://mirror.example/vmlinuz'
";
    play("stopped", with_config(config));
}

#[test]
fn a_thousand_hosts_are_shown_by_pages() {
    let hosts = (0..1000).map(|n| {
        let (high, low) = (n / 256, n % 256);
        format!("config host 'n{n:04}'\n\tlist mac '52:54:01:00:{high:02x}:{low:02x}'\n\toption profile 'almalinux9'\n")
    });
    let (before, _) = CONFIG.split_once("config host").expect("it has hosts");
    play(
        "thousand",
        with_config(&format!("{before}{}", hosts.collect::<String>())),
    );
}

#[test]
fn every_phase_and_every_page_can_be_looked_at() {
    let service = Service::new(BINARY, include_str!("luci/tour.config"));
    let machines = (1..=6).map(|n| {
        (
            Ipv4Addr::new(127, 0, 0, 20 + n),
            format!("b8:ca:3a:00:00:0{n}"),
        )
    });
    let machines: Vec<_> = machines.collect();
    let table = machines
        .iter()
        .map(|(address, card)| (*address, card.as_str()));
    service.set_neighbours(&table.collect::<Vec<_>>());
    play("tour", service);
}

#[test]
fn hardware_is_discovered_from_the_page() {
    play("discover", service());
}

#[test]
fn what_is_wrong_with_a_text_stands_at_its_line() {
    let profile = "config profile 'almalinux9'";
    let config = config_with(profile, "\toption answer 'broken.ks'");
    let service = with_config(&config);
    let template = "text\n{{ no.such.value }}\n";
    let folder = service.tree();
    folder.write("www/kickstand/answers/broken.ks", template);
    play("problems", service);
}

#[test]
fn the_checks_of_the_form_agree_with_the_table() {
    play("checks", service());
}
