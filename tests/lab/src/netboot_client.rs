//! Machines that boot over the network, as far as DHCP and TFTP see them, on a network of their own.
//!
//! Not its job: what they should be told.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::network::inside;
use crate::process::wait_until;

/// dnsmasq answers within milliseconds; the rest is for a machine under load.
const ANSWER: Duration = Duration::from_secs(1);

/// How often a client asks before it gives up.
const ATTEMPTS: usize = 5;

/// RFC 2131: what makes the rest of a BOOTP packet DHCP options.
const COOKIE: [u8; 4] = [99, 130, 83, 99];

/// Starting a process takes milliseconds, on a busy machine a second.
const PORT_LIMIT: Duration = Duration::from_secs(10);

/// Length of the fixed part of a DHCP packet, RFC 2131.
const HEADER: usize = 236;

/// A router's namespace with one device per network, and for each a namespace with the machines on it.
#[derive(Debug)]
pub struct Lan {
    name: String,
    networks: usize,
}

impl Lan {
    /// Network `n` is 10.33.n+1.0/24: the router's device is `devices[n]` with address .1, the machines' has .250.
    ///
    /// # Panics
    ///
    /// If ip(8) fails: making namespaces needs root.
    pub fn new(devices: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let lan = Lan {
            name: format!("ks-boot-{}-{count}", std::process::id()),
            networks: devices.len(),
        };
        let router = lan.router().to_owned();
        ip(&format!("netns add {router}"));
        ip(&format!("-n {router} link set lo up"));
        for (number, device) in devices.iter().enumerate() {
            let machines = lan.machines(number);
            let third = number + 1;
            ip(&format!("netns add {machines}"));
            ip(&format!(
                "-n {router} link add {device} type veth peer name eth0 netns {machines}"
            ));
            for (namespace, device, last) in [(&router, *device, 1), (&machines, "eth0", 250)] {
                ip(&format!(
                    "-n {namespace} addr add 10.33.{third}.{last}/24 dev {device}"
                ));
                ip(&format!("-n {namespace} link set {device} up"));
            }
            // What a machine sends to everybody needs a way out, and the router's answer a way back.
            ip(&format!("-n {machines} route add default dev eth0"));
        }
        lan
    }

    /// Name of the router's namespace.
    pub fn router(&self) -> &str {
        &self.name
    }

    fn machines(&self, network: usize) -> String {
        format!("{}-{network}", self.name)
    }

    /// Runs something on the machines' side of a network.
    fn on<T: Send + 'static>(
        &self,
        network: usize,
        run: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        inside(&self.machines(network), run)
    }

    /// What a machine is told: DISCOVER and REQUEST. None when nobody answers.
    ///
    /// # Panics
    ///
    /// If the network of the lab is broken, or offer and acknowledgement differ in what to boot.
    pub fn ask(&self, network: usize, machine: &Machine) -> Option<Answer> {
        let machine = machine.clone();
        self.on(network, move || converse(&machine))
            .expect("the lab's network works")
    }

    /// Reads a file from the router over TFTP.
    ///
    /// # Errors
    ///
    /// What the server says, or that it says nothing.
    pub fn tftp(&self, network: usize, file: &str) -> io::Result<Vec<u8>> {
        let server = Ipv4Addr::new(10, 33, u8::try_from(network + 1).expect("few networks"), 1);
        let file = file.to_owned();
        self.on(network, move || read(server, &file))
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for network in 0..self.networks {
            let _ = Command::new("ip")
                .args(["netns", "del", &self.machines(network)])
                .status();
        }
        let _ = Command::new("ip")
            .args(["netns", "del", &self.name])
            .status();
    }
}

fn ip(line: &str) {
    let output = Command::new("ip")
        .args(line.split(' '))
        .output()
        .expect("ip(8) is installed");
    assert!(
        output.status.success(),
        "ip {line}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The port of DHCP clients. A process that another test is just starting holds a copy of the last question's socket until
/// it has become another program, so the port may be taken for a moment.
fn client_port() -> io::Result<UdpSocket> {
    let mut socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 68));
    wait_until(PORT_LIMIT, || {
        if socket
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
        {
            socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 68));
            return false;
        }
        true
    });
    socket
}

/// What a machine says about itself.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    /// Last byte of its MAC.
    pub number: u8,
    /// Option 93.
    pub architecture: Option<u16>,
    /// Option 60.
    pub vendor_class: Option<String>,
    /// Option 77, as raw bytes: iPXE sends no length before them.
    pub user_class: Option<String>,
    /// Option 175, iPXE's own.
    pub ipxe: Option<Vec<u8>>,
    /// Whether options 66 and 67 are asked for: old firmware reads the fields of the header only.
    pub asks_for_boot_file: bool,
}

/// What a machine was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The field `siaddr`.
    pub server: Ipv4Addr,
    /// The field `file`.
    pub file_field: String,
    /// Options by number.
    pub options: BTreeMap<u8, Vec<u8>>,
}

impl Answer {
    /// What to boot: option 67, else the field; empty for nothing.
    pub fn boot_file(&self) -> String {
        let option = self.options.get(&67);
        option.map_or_else(|| self.file_field.clone(), |bytes| text(bytes))
    }

    /// Option 60.
    pub fn vendor_class(&self) -> Option<String> {
        self.options.get(&60).map(|bytes| text(bytes))
    }
}

/// Up to the first zero.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]).into_owned()
}

fn converse(machine: &Machine) -> io::Result<Option<Answer>> {
    let socket = client_port()?;
    socket.set_broadcast(true)?;
    socket.set_read_timeout(Some(ANSWER))?;
    let transaction = u32::from(machine.number) << 8 | 0x4b53_0001;
    let to = (Ipv4Addr::BROADCAST, 67);
    // As every client: a server that is just starting hears the next one.
    let mut offer = None;
    for _ in 0..ATTEMPTS {
        socket.send_to(&packet(machine, transaction, 1, None), to)?;
        offer = receive(&socket, transaction)?;
        if offer.is_some() {
            break;
        }
    }
    let Some((offered, offer)) = offer else {
        return Ok(None);
    };
    let server = offer.options.get(&54).cloned().unwrap_or_default();
    let request = packet(machine, transaction, 3, Some((offered, &server)));
    socket.send_to(&request, to)?;
    let acknowledgement = receive(&socket, transaction)?;
    let (_, acknowledgement) =
        acknowledgement.ok_or_else(|| io::Error::other("an offer, but no acknowledgement"))?;
    assert_eq!(offer.boot_file(), acknowledgement.boot_file());
    assert_eq!(offer.vendor_class(), acknowledgement.vendor_class());
    Ok(Some(acknowledgement))
}

fn packet(
    machine: &Machine,
    transaction: u32,
    kind: u8,
    chosen: Option<(Ipv4Addr, &[u8])>,
) -> Vec<u8> {
    let mut packet = vec![0; HEADER];
    // A request, Ethernet, six bytes of address; the answer goes to everybody, since the address is not ours yet.
    packet[..3].copy_from_slice(&[1, 1, 6]);
    packet[4..8].copy_from_slice(&transaction.to_be_bytes());
    packet[10] = 0x80;
    packet[28..34].copy_from_slice(&[0x52, 0x54, 0, 0, 1, machine.number]);
    packet.extend_from_slice(&COOKIE);
    let mut option = |number: u8, value: &[u8]| {
        let length = u8::try_from(value.len()).expect("options of a test are short");
        packet.extend_from_slice(&[number, length]);
        packet.extend_from_slice(value);
    };
    option(53, &[kind]);
    if let Some((address, server)) = chosen {
        option(50, &address.octets());
        option(54, server);
    }
    let mut asked = vec![1, 3, 6, 12, 15, 43, 60, 175];
    if machine.asks_for_boot_file {
        asked.extend_from_slice(&[66, 67]);
    }
    option(55, &asked);
    if let Some(class) = &machine.vendor_class {
        option(60, class.as_bytes());
    }
    if let Some(class) = &machine.user_class {
        option(77, class.as_bytes());
    }
    if let Some(architecture) = machine.architecture {
        option(93, &architecture.to_be_bytes());
        option(94, &[1, 3, 0]);
        option(97, &[[0].as_slice(), &[7; 16]].concat());
    }
    if let Some(features) = &machine.ipxe {
        option(175, features);
    }
    packet.push(255);
    packet
}

fn receive(socket: &UdpSocket, transaction: u32) -> io::Result<Option<(Ipv4Addr, Answer)>> {
    let mut buffer = [0; 1500];
    loop {
        let length = match socket.recv_from(&mut buffer) {
            Ok((length, _)) => length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        };
        let packet = &buffer[..length];
        if length > HEADER + 4 && packet[4..8] == transaction.to_be_bytes() {
            let address = |at: usize| {
                Ipv4Addr::new(packet[at], packet[at + 1], packet[at + 2], packet[at + 3])
            };
            let answer = Answer {
                server: address(20),
                file_field: text(&packet[108..HEADER]),
                options: options(&packet[HEADER + 4..]),
            };
            return Ok(Some((address(16), answer)));
        }
    }
}

fn options(mut bytes: &[u8]) -> BTreeMap<u8, Vec<u8>> {
    let mut options = BTreeMap::new();
    while let [number, length, rest @ ..] = bytes {
        if *number == 255 {
            break;
        }
        let (value, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        options.insert(*number, value.to_vec());
        bytes = rest;
    }
    options
}

/// RFC 1350, blocks of 512 bytes.
fn read(server: Ipv4Addr, file: &str) -> io::Result<Vec<u8>> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.set_read_timeout(Some(ANSWER))?;
    let request = [b"\0\x01", file.as_bytes(), b"\0octet\0"].concat();
    socket.send_to(&request, SocketAddr::from((server, 69)))?;
    let (mut content, mut expected) = (Vec::new(), 1_u16);
    let mut buffer = [0; 516];
    loop {
        let (length, from) = socket.recv_from(&mut buffer)?;
        match &buffer[..length] {
            [0, 3, high, low, block @ ..] => {
                let number = u16::from_be_bytes([*high, *low]);
                if number == expected {
                    content.extend_from_slice(block);
                    expected += 1;
                }
                socket.send_to(&[0, 4, *high, *low], from)?;
                if number + 1 == expected && block.len() < 512 {
                    return Ok(content);
                }
            }
            [0, 5, _, _, message @ ..] => return Err(io::Error::other(text(message))),
            _ => return Err(io::Error::other("no TFTP")),
        }
    }
}
