//! Two machines and the requests that their iPXE and their installers make, for the tests of the running service.

// Each test binary uses a part of it.
#![allow(dead_code)]

use std::net::{Ipv4Addr, SocketAddrV4};

use kickstand_lab::http::{Reply, exchange};
use kickstand_lab::service::{ROUTER, Service};

pub const BINARY: &str = env!("CARGO_BIN_EXE_kickstand");

/// The machine of host `r220a`.
pub const R220A: Machine = Machine {
    address: Ipv4Addr::new(127, 0, 0, 11),
    card: "b8:ca:3a:00:00:01",
};
/// The machine of host `web`.
pub const WEB: Machine = Machine {
    address: Ipv4Addr::new(127, 0, 0, 12),
    card: "52:54:00:00:00:02",
};
/// A machine that nobody configured.
pub const STRANGER: Machine = Machine {
    address: Ipv4Addr::new(127, 0, 0, 66),
    card: "52:54:00:00:00:66",
};

pub const CONFIG: &str = "
config kickstand 'main'
	option port 'PORT'

config profile 'almalinux9'
	option title 'AlmaLinux 9'
	option mirror 'http://mirror.example/9'
	option kernel '{{ mirror }}/vmlinuz'
	list initrd '{{ mirror }}/initrd.img'

config host 'r220a'
	list mac 'b8:ca:3a:00:00:01'
	option profile 'almalinux9'
	option disk '/dev/sda'

config host 'web'
	list mac '52:54:00:00:00:02'
	option profile 'almalinux9'
	option disk '/dev/vda'

config account 'kenneth'
	option ssh_key 'ssh-ed25519 AAAA kenneth'
";

/// [`CONFIG`] with more options in a section.
pub fn config_with(section: &str, options: &str) -> String {
    assert!(CONFIG.contains(section), "{section}");
    CONFIG.replace(section, &format!("{section}\n{options}"))
}

pub fn service_with(config: &str) -> Service {
    let service = Service::new(BINARY, config);
    know_everybody(&service);
    service
}

pub fn service() -> Service {
    service_with(CONFIG)
}

pub fn know_everybody(service: &Service) {
    let all = [R220A, WEB, STRANGER];
    service.set_neighbours(&all.map(|machine| (machine.address, machine.card)));
}

/// A computer on the network.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    pub address: Ipv4Addr,
    pub card: &'static str,
}

impl Machine {
    pub fn get(&self, service: &Service, target: &str) -> Reply {
        let reply = service.get(self.address, target);
        reply.unwrap_or_else(|error| panic!("{target}: {error}\n{}", service.log()))
    }

    /// The first script from another port than the service's own; None when nobody listens there.
    pub fn get_at(&self, port: u16) -> Option<Reply> {
        let to = SocketAddrV4::new(ROUTER, port);
        let request = b"GET /boot.ipxe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        exchange(self.address, to, request).ok()
    }

    /// What its iPXE is told when it asks for the first time after a start.
    pub fn boots(&self, service: &Service) -> Reply {
        self.get(
            service,
            &format!(
                "/v1/boot?mac={}&platform=efi&buildarch=x86_64&try=1",
                self.card
            ),
        )
    }

    /// The token in the script that it is told to run.
    pub fn token(&self, service: &Service) -> String {
        let script = self.boots(service).text();
        let (_, rest) = script
            .split_once("?token=")
            .unwrap_or_else(|| panic!("no token: {script}"));
        rest.split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    pub fn answer_file(&self, service: &Service, token: &str) -> Reply {
        self.get(service, &format!("/ks/{}?token={token}", self.card))
    }

    /// A report by POST, as curl in the installer makes it.
    pub fn reports(&self, service: &Service, token: &str, more: &str) -> Reply {
        let body = format!("mac={}&token={token}&{more}", self.card);
        let form = ["Content-Type: application/x-www-form-urlencoded"];
        let reply = service.send(self.address, "POST", "/v1/report", &form, &body);
        reply.unwrap_or_else(|error| panic!("{more}: {error}\n{}", service.log()))
    }

    pub fn claims(&self, service: &Service, token: &str, nonce: &str) -> u16 {
        self.reports(
            service,
            token,
            &format!("event=claim&nonce={nonce}&blank=0"),
        )
        .status
    }

    /// Whether it is told to install.
    pub fn is_installed_by(&self, service: &Service) -> bool {
        self.boots(service).text().contains("\nkernel ")
    }
}

pub fn arm(service: &Service, host: &str) {
    let output = service.kickstand(&["arm", host]);
    assert!(output.status.success(), "{output:?}\n{}", service.log());
}

/// Arms a host whose answer file is none that would install anything.
pub fn arm_unchecked(service: &Service, host: &str) {
    let output = service.kickstand(&["arm", host, "--force"]);
    assert!(output.status.success(), "{output:?}\n{}", service.log());
}

/// One host's line of status, as JSON.
pub fn status(service: &Service, host: &str) -> serde_json::Value {
    let all = status_of_all(service);
    let hosts = all["hosts"].as_array().expect("hosts");
    hosts
        .iter()
        .find(|found| found["name"] == host)
        .cloned()
        .unwrap_or_default()
}

pub fn status_of_all(service: &Service) -> serde_json::Value {
    let output = service.kickstand(&["status", "--json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

pub fn phase(service: &Service, host: &str) -> String {
    status(service, host)["phase"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
