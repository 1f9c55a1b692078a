//! A network of its own: a namespace with the router's bridge, taps for machines, and other clients on veth pairs.
//!
//! Not its job: what runs in it. The host's own network is never touched.

use std::cell::Cell;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::process::{Result, owner_is_gone, run, words};

/// The router's address in the lab. Not a network that homes or offices use, so a leak would be seen.
pub const ROUTER: &str = "10.33.1.1";

/// The router's IPv6 address in the lab, from the range for private use, as OpenWrt gives itself one.
pub const ROUTER_IPV6: &str = "fd33:1::1";

/// The bridge's name, as on OpenWrt.
pub const BRIDGE: &str = "br-lan";

/// How the names of the lab's namespaces begin. The process id and a number follow.
const PREFIX: &str = "kickstand-lab-";

/// The LAN side of a router. Removed, with everything in it, when dropped.
#[derive(Debug)]
pub struct Network {
    name: String,
    links: Cell<u32>,
}

impl Network {
    /// Makes the namespace and the bridge. The name is unique, so any number of tests can run at once. What a lab that
    /// was killed has left behind is removed first.
    pub fn new() -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        sweep();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}", std::process::id());
        run(&mut words(&format!("ip netns add {name}")))?;
        let network = Network {
            name,
            links: Cell::new(0),
        };
        network.ip("link set lo up")?;
        // Spanning tree would hold back the first packets of every link for 30 s.
        network.ip(&format!(
            "link add {BRIDGE} type bridge stp_state 0 forward_delay 0"
        ))?;
        network.ip(&format!("addr add {ROUTER}/24 dev {BRIDGE}"))?;
        network.ip(&format!("link set {BRIDGE} up"))?;
        // iPXE waits 16 s for a router advertisement, and dnsmasq sends them from an address of the prefix only. No
        // search for duplicates: until it ends the address would not count.
        network.ip(&format!("addr add {ROUTER_IPV6}/64 dev {BRIDGE} nodad"))?;
        Ok(network)
    }

    /// The namespace's name, for `ip netns exec`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that runs on the router's side of the network.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = words(&format!("ip netns exec {}", self.name));
        command.arg(program.as_ref());
        command
    }

    /// Runs ip(8) in the namespace with these words.
    pub fn ip(&self, line: &str) -> Result<String> {
        run(&mut words(&format!("ip -n {} {line}", self.name)))
    }

    /// A tap on the bridge for a machine's network card, and its name.
    pub fn tap(&self) -> Result<String> {
        let tap = format!("tap{}", self.next_link());
        self.ip(&format!("tuntap add {tap} mode tap"))?;
        self.ip(&format!("link set {tap} master {BRIDGE}"))?;
        self.ip(&format!("link set {tap} up"))?;
        Ok(tap)
    }

    /// Another client on the LAN: a namespace whose `eth0` has this MAC and, where given, this address with its prefix.
    pub fn client(&self, mac: &str, address: Option<&str>) -> Result<Client> {
        let number = self.next_link();
        let name = format!("{}-client{number}", self.name);
        let port = format!("veth{number}");
        run(&mut words(&format!("ip netns add {name}")))?;
        let client = Client { name };
        self.ip(&format!(
            "link add {port} type veth peer name eth0 address {mac} netns {}",
            client.name
        ))?;
        self.ip(&format!("link set {port} master {BRIDGE}"))?;
        self.ip(&format!("link set {port} up"))?;
        client.ip("link set lo up")?;
        client.ip("link set eth0 up")?;
        if let Some(address) = address {
            client.ip(&format!("addr add {address} dev eth0"))?;
        }
        Ok(client)
    }

    fn next_link(&self) -> u32 {
        let number = self.links.get();
        self.links.set(number + 1);
        number
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = run(&mut words(&format!("ip netns del {}", self.name)));
    }
}

/// A client on the LAN that is no machine: for requests from another address or another card.
#[derive(Debug)]
pub struct Client {
    name: String,
}

impl Client {
    /// A command that runs on this client.
    pub fn command(&self, program: &str) -> Command {
        let mut command = words(&format!("ip netns exec {}", self.name));
        command.arg(program);
        command
    }

    /// Runs ip(8) on this client with these words.
    pub fn ip(&self, line: &str) -> Result<String> {
        run(&mut words(&format!("ip -n {} {line}", self.name)))
    }

    /// A UDP socket of this client, on all its addresses.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn udp(&self, port: u16) -> io::Result<UdpSocket> {
        // A socket stays in the namespace that it was made in.
        inside(&self.name, move || {
            UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port))
        })
    }
}

/// Runs something in a namespace, by its name of ip-netns(8).
pub(crate) fn inside<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let path = Path::new(NAMES).join(name);
    // The namespace is a property of the thread, which ends here.
    thread::spawn(move || {
        let namespace = File::open(path)?;
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
        run()
    })
    .join()
    .expect("what runs there does not panic")
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = run(&mut words(&format!("ip netns del {}", self.name)));
    }
}

/// Where ip-netns(8) keeps its names.
const NAMES: &str = "/run/netns";

/// Removes the namespaces of labs that were killed before they could, and ends what still runs in them.
fn sweep() {
    let Ok(names) = fs::read_dir(NAMES) else {
        return;
    };
    for name in names.flatten() {
        let name = name.file_name().to_string_lossy().into_owned();
        if !owner_is_gone(&name, PREFIX) {
            continue;
        }
        let inside = run(&mut words(&format!("ip netns pids {name}"))).unwrap_or_default();
        for process in inside.split_whitespace() {
            let _ = run(words("kill -KILL").arg(process));
        }
        let _ = run(&mut words(&format!("ip netns del {name}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_reaches_the_router_and_everything_is_removed() {
        let network = Network::new().expect("root, and iproute2");
        let client = network
            .client("02:00:00:00:00:09", Some("10.33.1.9/24"))
            .expect("a client");
        network.tap().expect("a tap");
        let mut ping = client.command("busybox");
        run(ping.args(["ping", "-c", "1", "-w", "5", ROUTER])).expect("the router answers");
        let neighbours = network.ip("neigh show").expect("neighbours");
        assert!(neighbours.contains("02:00:00:00:00:09"), "{neighbours}");
        let names = [network.name().to_owned(), client.name.clone()];
        drop((client, network));
        for name in names {
            assert!(!Path::new("/run/netns").join(name).exists());
        }
    }
}
