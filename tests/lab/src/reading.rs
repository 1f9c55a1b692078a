//! Reads the lines that dnsmasq, the machine's console and the listener write, and says what they mean.
//!
//! Pure. Lines that say nothing new to a person mean nothing here.

use std::collections::HashMap;

use crate::timeline::{Client, Fact};

/// Reads dnsmasq's log with `log-dhcp`. Several lines belong to one answer; a transaction number ties them together.
#[derive(Debug, Default)]
pub struct Dnsmasq {
    transactions: HashMap<String, Transaction>,
    last_sent: Option<Fact>,
}

#[derive(Debug, Default)]
struct Transaction {
    vendor: String,
    is_ipxe: bool,
    acknowledged: Option<(String, String, Option<String>)>,
    boot_file: Option<String>,
}

impl Dnsmasq {
    /// What this line means, if it completes something.
    pub fn read(&mut self, line: &str) -> Option<Fact> {
        if let Some((_, rest)) = line.split_once("dnsmasq-tftp") {
            // UEFI firmware fetches its file twice: to learn its size, and to have it.
            let fact = sent(rest)?;
            let is_new = self.last_sent.as_ref() != Some(&fact);
            self.last_sent = Some(fact.clone());
            return is_new.then_some(fact);
        }
        let (_, rest) = line.split_once("dnsmasq-dhcp")?;
        let (_, rest) = rest.split_once(": ")?;
        let (number, rest) = rest.split_once(' ')?;
        let transaction = self.transactions.entry(number.to_owned()).or_default();
        if let Some(vendor) = rest.strip_prefix("vendor class: ") {
            transaction.vendor = vendor.to_owned();
        } else if rest.starts_with("user class: iPXE") {
            transaction.is_ipxe = true;
        } else if let Some(file) = rest.strip_prefix("bootfile name: ") {
            transaction.boot_file = Some(file.to_owned());
        } else if rest.starts_with("sent size:") && rest.contains("option: 67 ") {
            // Not in the header: it was asked for as an option. The offer told it before the acknowledgement does.
            transaction.boot_file = rest.split_whitespace().last().map(str::to_owned);
        } else if rest.starts_with("DHCPACK(") {
            let mut words = rest.split_whitespace().skip(1).map(str::to_owned);
            transaction.acknowledged = Some((words.next()?, words.next()?, words.next()));
        }
        // The options that were sent come last: from the first of them on nothing new is said.
        if rest.starts_with("sent size:") && transaction.acknowledged.is_some() {
            self.last_sent = None;
            return self.transactions.remove(number).and_then(leased);
        }
        None
    }
}

fn leased(transaction: Transaction) -> Option<Fact> {
    let (address, mac, name) = transaction.acknowledged?;
    let mut vendor = transaction.vendor.split(':');
    let kind = vendor.next().unwrap_or_default();
    let arch = vendor.nth(1).and_then(|number| number.parse().ok());
    let client = match (transaction.is_ipxe, kind, arch) {
        (true, _, _) => Client::Ipxe,
        (_, "PXEClient", Some(arch)) => Client::Pxe(arch),
        (_, "HTTPClient", Some(arch)) => Client::Http(arch),
        _ => Client::System,
    };
    Some(Fact::Leased {
        mac,
        address,
        client,
        boot_file: transaction.boot_file,
        name,
    })
}

fn sent(rest: &str) -> Option<Fact> {
    let (path, address) = rest.split_once("sent ")?.1.rsplit_once(" to ")?;
    Some(Fact::Sent {
        file: path.rsplit('/').next()?.to_owned(),
        address: address.to_owned(),
    })
}

/// What a line on the machine's console means.
pub fn console(line: &str) -> Option<Fact> {
    if let Some((_, text)) = line.split_once("INSTALLER: ") {
        return Some(Fact::Installer(text.to_owned()));
    }
    for mark in ["kickstand-lab: ", "kickstand: "] {
        if let Some((_, text)) = line.split_once(mark) {
            return Some(Fact::Said(text.to_owned()));
        }
    }
    let said = |text: String| Some(Fact::Said(text));
    if let Some((_, option)) = line.split_once("BdsDxe: starting ") {
        let name = option.split('"').nth(1).unwrap_or(option);
        return said(format!("the firmware starts {name}"));
    }
    if line.contains("Open Source Network Boot Firmware") {
        return said("iPXE has started".to_owned());
    }
    let failed = [
        "Kernel panic",
        "No bootable",
        "PXE-E",
        "Operation not permitted",
    ];
    if failed.iter().any(|mark| line.contains(mark)) {
        return said(line.trim().to_owned());
    }
    None
}

/// What a line of kickstand's log means: `LEVEL [module] what happened`. Of its finest level, only who fetches what and
/// what happens again.
pub fn kickstand(line: &str) -> Option<Fact> {
    let (head, text) = line.split_once("] ")?;
    let finest = head.starts_with("DEBUG");
    let told = !finest || text.contains(" fetches ") || text.ends_with(" (again)");
    told.then(|| Fact::Said(text.to_owned()))
}

/// What a line of the listener means: a web server that logs `url:/booted/HOSTNAME/MAC` of each request.
pub fn listener(line: &str) -> Option<Fact> {
    let (_, path) = line.split_once("url:/booted/")?;
    let (hostname, mac) = path.trim().split_once('/')?;
    Some(Fact::Reported {
        hostname: hostname.to_owned(),
        mac: mac.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_once_with_all_that_its_lines_say() {
        let mut dnsmasq = Dnsmasq::default();
        let lines = [
            "dnsmasq-dhcp: 3724 vendor class: PXEClient:Arch:00007:UNDI:003000",
            "dnsmasq-dhcp: 3724 DHCPREQUEST(br-lan) 10.33.1.117 52:54:00:00:00:01",
            "dnsmasq-dhcp: 3724 tags: ks_x64, br-lan",
            "dnsmasq-dhcp: 3724 DHCPACK(br-lan) 10.33.1.117 52:54:00:00:00:01",
            "dnsmasq-dhcp: 3724 bootfile name: snponly.efi",
            "dnsmasq-dhcp: 3724 sent size:  1 option: 53 message-type  5",
            "dnsmasq-dhcp: 3724 sent size:  4 option: 54 server-identifier  10.33.1.1",
        ];
        let facts: Vec<_> = lines.iter().filter_map(|line| dnsmasq.read(line)).collect();
        assert_eq!(facts.len(), 1, "{facts:?}");
        assert_eq!(
            facts[0].to_string(),
            "gave 10.33.1.117 to 52:54:00:00:00:01 (UEFI x64 ROM) and told it to boot snponly.efi"
        );
    }

    #[test]
    fn a_boot_file_may_be_an_option_of_the_offer() {
        let mut dnsmasq = Dnsmasq::default();
        let lines = [
            "dnsmasq-dhcp[1]: 7 vendor class: PXEClient:Arch:00007:UNDI:003000",
            "dnsmasq-dhcp[1]: 7 DHCPOFFER(br-lan) 10.33.1.117 52:54:00:00:00:01",
            "dnsmasq-dhcp[1]: 7 sent size: 12 option: 67 bootfile-name  snponly.efi",
            "dnsmasq-dhcp[1]: 7 DHCPACK(br-lan) 10.33.1.117 52:54:00:00:00:01",
            "dnsmasq-dhcp[1]: 7 sent size:  1 option: 53 message-type  5",
        ];
        let facts: Vec<_> = lines.iter().filter_map(|line| dnsmasq.read(line)).collect();
        let told =
            "gave 10.33.1.117 to 52:54:00:00:00:01 (UEFI x64 ROM) and told it to boot snponly.efi";
        assert_eq!(
            facts.iter().map(Fact::to_string).collect::<Vec<_>>(),
            [told]
        );
    }

    #[test]
    fn a_file_that_was_sent_to_its_end_is_told() {
        let line = "dnsmasq-tftp: sent /x/srv/tftp/snponly.efi to 10.33.1.117";
        let mut dnsmasq = Dnsmasq::default();
        let fact = dnsmasq.read(line);
        let file = "snponly.efi".to_owned();
        let address = "10.33.1.117".to_owned();
        assert_eq!(fact, Some(Fact::Sent { file, address }));
        assert_eq!(dnsmasq.read(line), None, "twice is once");
    }

    #[test]
    fn a_report_is_read_from_the_request() {
        let line = "10.33.1.118:41234: url:/booted/r220a/52:54:00:00:00:01";
        let hostname = "r220a".to_owned();
        let mac = "52:54:00:00:00:01".to_owned();
        assert_eq!(listener(line), Some(Fact::Reported { hostname, mac }));
    }
}
