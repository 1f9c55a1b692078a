//! Waking a host over the network: what arrives at a sleeping machine, sent by a service without any privilege.

mod service_support;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use kickstand::core::mac::Mac;
use kickstand::host::wake;
use kickstand_lab::network::{Network, ROUTER};
use kickstand_lab::parts;
use kickstand_lab::process::{Running, run, wait_until, words};
use kickstand_lab::scratch::Scratch;
use service_support::{BINARY, CONFIG};

const LIMIT: Duration = Duration::from_secs(20);
/// The user that the service runs as here; OpenWrt has no `nobody` that could stand for it anywhere else.
const USER: &str = "nobody";
const CARDS: [&str; 2] = ["b8:ca:3a:00:00:01", "b8:ca:3a:00:00:02"];
/// ubusd's rules: root may do everything, others what a file says.
const RULES: &str = r#"{"user": "nobody", "publish": ["kickstand"]}"#;

/// A router whose service runs without privileges in the network.
struct Router {
    tree: Scratch,
    _broker: Running,
    service: Running,
}

impl Router {
    fn new(network: &Network) -> Self {
        let tree = Scratch::new("wake");
        let second = format!("option disk '/dev/sda'\n\tlist mac '{}'", CARDS[1]);
        let config = CONFIG
            .replace("PORT", "8067")
            .replace("option disk '/dev/sda'", &second);
        tree.write("etc/config/kickstand", config);
        tree.write(
            "etc/config/network",
            format!("config interface 'lan'\n\toption ipaddr '{ROUTER}/24'\n"),
        );
        tree.write("rules/kickstand.json", RULES);
        for folder in ["var/run/ubus", "var/run/kickstand", "etc/kickstand"] {
            fs::create_dir_all(tree.join(folder)).expect("the tree was just made");
        }
        for folder in ["var/run/kickstand", "etc/kickstand"] {
            run(words(&format!("chown {USER}")).arg(tree.join(folder))).expect("root");
        }
        let socket = tree.join("var/run/ubus/ubus.sock");
        let broker = Running::start(
            Command::new(parts::ubusd())
                .arg("-s")
                .arg(&socket)
                .arg("-A")
                .arg(tree.join("rules"))
                .stderr(Stdio::null()),
        );
        assert!(wait_until(LIMIT, || UnixStream::connect(&socket).is_ok()));
        fs::set_permissions(&socket, Permissions::from_mode(0o666)).expect("it is there");
        let log = File::create(tree.join("log")).expect("the tree can be written");
        let mut service = network.command("setpriv");
        service
            .args(["--reuid", USER, "--regid", "nogroup", "--clear-groups"])
            .args(["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"])
            .arg(BINARY)
            .arg("--root")
            .arg(tree.path())
            .arg("serve")
            .stderr(log);
        let service = Running::start(&mut service);
        Router {
            tree,
            _broker: broker,
            service,
        }
    }

    fn kickstand(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(BINARY);
        command.arg("--root").arg(self.tree.path()).args(arguments);
        command.output().expect("the binary starts")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.tree.join("log")).unwrap_or_default()
    }
}

#[test]
fn each_card_of_the_host_gets_its_packet_from_a_service_without_privileges() {
    let network = Network::new().expect("root, and iproute2");
    let machine = network
        .client(CARDS[0], Some("10.33.1.9/24"))
        .expect("a client");
    let router = Router::new(&network);
    let serves = || router.kickstand(&["status"]).status.success();
    assert!(wait_until(LIMIT, serves), "{}", router.log());
    let own = fs::read_to_string(format!("/proc/{}/status", router.service.id())).expect("runs");
    assert!(
        own.contains("\nCapEff:\t0000000000000000\n") && own.contains("\nUid:\t65534\t"),
        "{own}"
    );

    let ear = machine.udp(wake::PORT).expect("a socket");
    ear.set_read_timeout(Some(LIMIT)).expect("a time limit");
    let said = router.kickstand(&["wake", "r220a"]);
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "{said:?}\n{}", router.log());
    assert!(
        text.starts_with("r220a was sent a magic packet (2 cards)"),
        "{text}"
    );
    for card in CARDS {
        let due = card.parse::<Mac>().expect("a MAC").magic_packet();
        let mut heard = [0; 1500];
        let (length, from) = ear.recv_from(&mut heard).expect("a packet");
        assert_eq!(
            (&heard[..length], from.ip().to_string().as_str()),
            (due.as_slice(), ROUTER)
        );
    }

    let nobody = router.kickstand(&["wake", "r220b"]);
    assert_eq!(nobody.status.code(), Some(1), "{nobody:?}");
}
