//! What happened and when: facts from the lines that the programs of the lab write, told as they happen and kept.
//!
//! Not its job: judging. Tests assert on the facts, people read the sentences.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::process::{Result, wait_for};

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The lab itself: power on, power off.
    Lab,
    /// dnsmasq's log.
    Dnsmasq,
    /// kickstand's log.
    Kickstand,
    /// The machine's serial console.
    Console,
    /// The web server to which installed systems report.
    Listener,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// dnsmasq gave a machine an address.
    Leased {
        /// The card.
        mac: String,
        /// Its address.
        address: String,
        /// What asked, told from its DHCP options.
        client: Client,
        /// The file or URL that it was told to boot.
        boot_file: Option<String>,
        /// The name that it gave itself.
        name: Option<String>,
    },
    /// dnsmasq sent a file to its end.
    Sent {
        /// The file's name without its folder.
        file: String,
        /// To whom.
        address: String,
    },
    /// An installed system, started from its disk, reported to the listener.
    Reported {
        /// Its host name.
        hostname: String,
        /// Its card.
        mac: String,
    },
    /// The installer's console says this.
    Installer(String),
    /// Something else, in words that a person can read.
    Said(String),
}

/// What asked for an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Client {
    /// A ROM that loads by TFTP, with its architecture's number in DHCP option 93.
    Pxe(u16),
    /// A UEFI firmware that loads by HTTP, with its architecture's number.
    Http(u16),
    /// iPXE.
    Ipxe,
    /// An operating system.
    System,
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The numbers are IANA's "Processor Architecture Types" for option 93.
        match self {
            Client::Pxe(0) => f.write_str("BIOS ROM"),
            Client::Pxe(7 | 9) => f.write_str("UEFI x64 ROM"),
            Client::Pxe(11) => f.write_str("UEFI arm64 ROM"),
            Client::Pxe(number) => write!(f, "ROM of architecture {number}"),
            Client::Http(16) => f.write_str("UEFI x64 HTTP boot"),
            Client::Http(number) => write!(f, "HTTP boot of architecture {number}"),
            Client::Ipxe => f.write_str("iPXE"),
            Client::System => f.write_str("operating system"),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fact::Leased {
                mac,
                address,
                client,
                boot_file,
                name,
            } => {
                write!(f, "gave {address} to {mac} ({client}")?;
                if let Some(name) = name {
                    write!(f, ", calls itself {name}")?;
                }
                f.write_str(")")?;
                match boot_file {
                    Some(file) => write!(f, " and told it to boot {file}"),
                    None => Ok(()),
                }
            }
            Fact::Sent { file, address } => write!(f, "sent {file} to {address} by TFTP"),
            Fact::Reported { hostname, mac } => {
                write!(
                    f,
                    "{hostname} ({mac}) started from its disk and reports here"
                )
            }
            Fact::Installer(text) => write!(f, "installer: {text}"),
            Fact::Said(text) => f.write_str(text),
        }
    }
}

/// A fact with its time and its source.
#[derive(Debug, Clone)]
pub struct Event {
    /// Since the last power on.
    pub at: Duration,
    /// Who said it.
    pub source: Source,
    /// What happened.
    pub fact: Fact,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self.source {
            Source::Lab => "lab",
            Source::Dnsmasq => "dnsmasq",
            Source::Kickstand => "kickstand",
            Source::Console => "console",
            Source::Listener => "system",
        };
        write!(
            f,
            "{:6.1} s  {source:<9}  {}",
            self.at.as_secs_f64(),
            self.fact
        )
    }
}

/// All events so far. Copies are the same timeline.
#[derive(Debug, Clone)]
pub struct Timeline {
    inner: Arc<Mutex<Inner>>,
    live: bool,
}

#[derive(Debug)]
struct Inner {
    start: Instant,
    events: Vec<Event>,
}

impl Timeline {
    /// An empty timeline; `live` prints each event as it comes.
    pub fn new(live: bool) -> Self {
        Timeline {
            inner: Arc::new(Mutex::new(Inner {
                start: Instant::now(),
                events: Vec::new(),
            })),
            live,
        }
    }

    /// The machine gets power: the clock starts at zero again.
    pub fn power_on(&self, sentence: &str) {
        self.lock().start = Instant::now();
        self.add(Source::Lab, Fact::Said(sentence.to_owned()));
    }

    /// Adds what happened now.
    pub fn add(&self, source: Source, fact: Fact) {
        let mut inner = self.lock();
        let event = Event {
            at: inner.start.elapsed(),
            source,
            fact,
        };
        if self.live {
            println!("{event}");
        }
        inner.events.push(event);
    }

    /// The events so far.
    pub fn events(&self) -> Vec<Event> {
        self.lock().events.clone()
    }

    /// How many events there are: a place to count from.
    pub fn len(&self) -> usize {
        self.lock().events.len()
    }

    /// Whether nothing has happened.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until an event from number `from` on satisfies `wanted`.
    pub fn wait_until(
        &self,
        limit: Duration,
        what: &str,
        from: usize,
        wanted: impl Fn(&Fact) -> bool,
    ) -> Result<()> {
        wait_for(limit, what, || {
            let inner = self.lock();
            inner.events[from..].iter().any(|event| wanted(&event.fact))
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while adding leaves at worst one event out.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
