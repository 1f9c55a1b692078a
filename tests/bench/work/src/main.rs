//! The pure core at work, again and again, for callgrind to count: `kickstand-work WORK ROUNDS`; without arguments it lists the works.
//!
//! Not its job: counting.

use std::env;
use std::hint::black_box;
use std::process::ExitCode;

use kickstand::core::answer::{Context, Router, render_answer};
use kickstand::core::decision;
use kickstand::core::ipxe::Installer;
use kickstand::core::lifecycle::{Arm, ArmedBy, Event, Now, Outcome, Purpose, Record, step};
use kickstand::core::machine::Machine;
use kickstand::core::settings::{self, Host, Profile, Settings};
use kickstand::core::target::Query;
use kickstand::core::token::{TOKEN_BYTES, Token};
use kickstand::core::uci;

/// The article's host, with what people set.
const CONFIG: &str = "
config kickstand 'main'

config profile 'almalinux9'
	option title 'AlmaLinux 9'
	option mirror 'http://mirror.example/9'
	option kernel '{{ mirror }}/BaseOS/{{ arch }}/os/images/pxeboot/vmlinuz'
	list initrd '{{ mirror }}/BaseOS/{{ arch }}/os/images/pxeboot/initrd.img'
	list arg 'inst.repo={{ mirror }}/BaseOS/{{ arch }}/os/'

config host 'r220a'
	list mac 'b8:ca:3a:00:00:01'
	option profile 'almalinux9'
	option disk '/dev/disk/by-path/pci-0000:00:1f.2-ata-1'
	option address '192.0.2.2/24'
	option gateway '192.0.2.1'
	list dns '8.8.8.8'
	option bond 'wan0'
	list bond_port 'enp1s0f0'
	list bond_port 'enp1s0f1'
	list var 'timezone=America/Los_Angeles'

config account 'kenneth'
	option ssh_key 'ssh-ed25519 AAAA kenneth'
";
const QUERY: &str = "mac=b8:ca:3a:00:00:01&uuid=4c4c4544-0042-3510-8054-b2c04f4b5231&serial=B5TKR12&manufacturer=Dell%20Inc.\
&product=PowerEdge%20R220&platform=efi&buildarch=x86_64&try=1";
const ROUTER: Router = Router {
    address: std::net::Ipv4Addr::new(10, 33, 1, 1),
    port: 8067,
};
/// Milliseconds since the router started.
const UPTIME: u64 = 1_000_000;

/// Something that is counted, and its name.
type Work = (&'static str, fn(&Ready));

const WORKS: [Work; 4] = [
    ("settings", |_| drop(black_box(read()))),
    ("decision", decide),
    ("boot-script", script),
    ("kickstart", answer),
];

/// What is there before a machine asks.
struct Ready {
    settings: Settings,
    record: Record,
    machine: Machine,
    now: Now,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [work, rounds] = arguments.as_slice() else {
        for (name, _) in WORKS {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    };
    let found = WORKS.iter().find(|(name, _)| name == work);
    let (Some((_, work)), Ok(rounds)) = (found, rounds.parse::<u32>()) else {
        eprintln!("usage: kickstand-work [WORK ROUNDS]");
        return ExitCode::from(2);
    };
    let ready = Ready::new();
    for _ in 0..rounds {
        work(black_box(&ready));
    }
    ExitCode::SUCCESS
}

fn read() -> Settings {
    settings::read(&uci::parse(black_box(CONFIG).as_bytes()).expect("the configuration is one"))
}

impl Ready {
    fn new() -> Self {
        let settings = read();
        assert!(settings.faults.is_empty(), "{:?}", settings.faults);
        let now = Now {
            router_start: "start".to_owned(),
            uptime: UPTIME,
            wall: None,
        };
        let arm = Arm {
            token: Token::new([7; TOKEN_BYTES]),
            macs: settings.hosts["r220a"].macs.clone(),
            deadline: UPTIME * 2,
            router_start: now.router_start.clone(),
            starts: 0,
            attempts: 2,
            by: ArmedBy::User,
            purpose: Purpose::Install,
            disk_serial: None,
            host_key: None,
        };
        let (record, outcome) = step(&Record::default(), Event::Arm(arm), &now);
        assert!(matches!(outcome, Outcome::Accepted), "{outcome:?}");
        Ready {
            machine: Machine::from_query(&Query::parse(QUERY)).expect("it names a card"),
            settings,
            record,
            now,
        }
    }

    fn host(&self) -> (&Host, &Profile) {
        let host = &self.settings.hosts["r220a"];
        (host, &self.settings.profiles[&host.profile])
    }

    fn context(&self) -> Context {
        let (host, profile) = self.host();
        let token = "0707070707070707";
        Context::new(&self.settings, host, profile, &self.machine, ROUTER, token)
    }
}

/// From the query to the decision, as `/v1/boot` does it without what it renders.
fn decide(ready: &Ready) {
    let machine = Machine::from_query(&Query::parse(black_box(QUERY)));
    let machine = machine.expect("it names a card");
    let decision::Identity::Host(host) = decision::identify(&ready.settings, machine.mac) else {
        panic!("it is a host");
    };
    let asked = Event::Asked {
        mac: machine.mac,
        first_try: true,
    };
    let (record, outcome) = step(&ready.record, asked, &ready.now);
    black_box(decision::for_host(host, &record, &outcome, &machine, false));
}

fn script(ready: &Ready) {
    let (host, profile) = ready.host();
    let installer = Installer::new(
        profile,
        &ready.machine,
        ROUTER,
        5140,
        "token",
        &ready.context(),
    );
    let installer = installer.expect("it can be rendered");
    black_box(installer.script(&host.hostname, ROUTER, &ready.machine));
}

fn answer(ready: &Ready) {
    let (_, profile) = ready.host();
    let context = ready.context();
    let text = render_answer(profile.kind, &profile.answer, &context, |_: &str| Ok(None));
    black_box(text.expect("it can be rendered"));
}
