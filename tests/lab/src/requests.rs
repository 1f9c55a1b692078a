//! Two machines and the requests that their iPXE and their installers make of a [`Service`].
//!
//! Not its job: booting anything ([`crate::machine`]).

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::http::{Reply, exchange};
use crate::service::{ROUTER, Service};

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

/// A configuration with both hosts.
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

/// The router's neighbour table has all three.
pub fn know_everybody(service: &Service) {
    let all = [R220A, WEB, STRANGER];
    service.set_neighbours(&all.map(|machine| (machine.address, machine.card)));
}

/// A computer on the network.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// Its address.
    pub address: Ipv4Addr,
    /// Its MAC.
    pub card: &'static str,
}

impl Machine {
    /// GET.
    ///
    /// # Panics
    ///
    /// When nothing comes back, with the service's log; so do the others.
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
        token_in(&script).unwrap_or_else(|| panic!("no token: {script}"))
    }

    /// Its answer file.
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

    /// Claims the arm; the status code.
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

/// The token in an iPXE script; none when it installs nothing.
pub fn token_in(script: &str) -> Option<String> {
    let (_, rest) = script.split_once("?token=")?;
    rest.split_whitespace().next().map(str::to_owned)
}
