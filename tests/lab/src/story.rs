//! The whole story: a server with an empty disk gets power, and comes back as an installed system, without a hand on it.
//!
//! Needs a kickstand to ask. Not its job: what kickstand decides; it only writes down what everybody saw.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::disk::Disk;
use crate::image::Images;
use crate::machine::{BootOrder, DISK_PATH, Firmware, Machine, Running};
use crate::network::{Network, ROUTER};
use crate::parts;
use crate::process::{Context, Failure, Result, wait_for};
use crate::reading;
use crate::router::{PORT, Router, keep_logs};
use crate::scratch::Scratch;
use crate::setup::Lab;
use crate::timeline::{Client, Event, Fact, Source, Timeline};

/// The host of the story.
pub const HOST: &str = "demo";

/// Its network card.
pub const MAC: &str = "52:54:00:00:00:01";

/// Where installed systems report.
pub const LISTENER_PORT: u16 = 8068;

/// An installation takes 40 s on two idle cores without KVM; five times that for busy ones.
pub const INSTALL_LIMIT: Duration = Duration::from_secs(240);

/// A start from the disk takes 20 s.
pub const BOOT_LIMIT: Duration = Duration::from_secs(120);

/// MiB: what the kickstart of the story plans, and some to grow into. The file is sparse.
const DISK_SIZE: u64 = 6 * 1024;

/// How to play it.
pub struct Script<'script> {
    /// The kickstand binary.
    pub kickstand: &'script Path,
    /// Words that lead this very program to [`crate::dnsmasq_init::act_if_asked`].
    pub init_entry: &'script str,
    /// What comes after the router's files and before its services: another configuration.
    pub prepare: &'script dyn Fn(&Router) -> Result<()>,
    /// How the machine starts from the network.
    pub firmware: Firmware,
    /// What the machine tries first while it is installed. Afterwards it always tries the network first.
    pub order: BootOrder,
    /// Whether to print what happens.
    pub live: bool,
}

/// What everybody saw.
#[derive(Debug)]
pub struct Outcome {
    /// All events.
    pub events: Vec<Event>,
    /// How many of them belong to the first power on; the rest to the second.
    pub first_power_on: usize,
    /// What `kickstand status` said at the end, of all hosts and then of the one.
    pub status: String,
    /// The host's record at the end, as `kickstand status HOST --json` gives it.
    pub record: serde_json::Value,
    /// Whether the machine's other disk, which the kickstart does not name, had only zeros at the end.
    pub other_disk_is_blank: bool,
}

impl Outcome {
    /// The systems that started from a disk, in order: host name and card.
    pub fn reports(&self) -> Vec<(&str, &str)> {
        self.events
            .iter()
            .filter_map(|event| match &event.fact {
                Fact::Reported { hostname, mac } => Some((hostname.as_str(), mac.as_str())),
                _ => None,
            })
            .collect()
    }

    /// How many leases went to clients of this kind since the second power on.
    pub fn leases_of_second_power_on(&self, wanted: &Client) -> usize {
        self.events[self.first_power_on..]
            .iter()
            .filter(|event| matches!(&event.fact, Fact::Leased { client, .. } if client == wanted))
            .count()
    }

    /// How many times the installer started.
    pub fn installer_starts(&self) -> usize {
        let started =
            |fact: &Fact| matches!(fact, Fact::Installer(text) if text.starts_with("started"));
        self.events
            .iter()
            .filter(|event| started(&event.fact))
            .count()
    }
}

/// Sets everything up, plays the story, and gives what everybody saw. After a failure the logs are in the lab's folder
/// `logs`, and the failure says so.
pub fn play(script: &Script) -> Result<Outcome> {
    let stage = Stage::new()?;
    Scene::open(&stage, script)
        .and_then(|mut scene| scene.play(script))
        .map_err(|failure| Failure::new(format!("{failure}. {}", stage.keep_logs())))
}

/// The router's configuration for the story.
pub fn configuration() -> String {
    let files = format!("http://{ROUTER}:{PORT}/files/{HOST}");
    format!(
        "config kickstand 'main'
	option enabled '1'
	option interface 'lan'

config profile 'standin'
	option title 'a small system, by a stand-in for Anaconda'
	option kind 'kickstart'
	option mirror '{files}'
	option kernel '{{{{ mirror }}}}/vmlinuz'
	list initrd '{{{{ mirror }}}}/initrd.img'
	list arg 'inst.repo={{{{ mirror }}}}/'
	list arg 'console=ttyS0'
	list arg 'quiet'
	list arg 'lab.home=http://{ROUTER}:{LISTENER_PORT}/booted'
	option answer 'almalinux.ks'

config host '{HOST}'
	list mac '{MAC}'
	option hostname '{HOST}'
	option profile 'standin'
	option disk '{DISK_PATH}'
	option leave 'chain'

config account 'kenneth'
	option password_hash '$6$kickstandlab$notahash'
	list ssh_key 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAQ1MiF5sxqA+wsJStuzB0RyP2ZTw+Zej7y4DKygyG18 kenneth@node1'
	option sudo 'nopasswd'
"
    )
}

/// UCI's dhcp package of a router that nobody has configured, with a log of what it does.
pub const DHCP_CONFIGURATION: &str = "config dnsmasq
	option domainneeded '1'
	option authoritative '1'
	option leasefile '/tmp/dhcp.leases'
	option logdhcp '1'

config dhcp 'lan'
	option interface 'lan'
	option start '100'
	option limit '101'
	option leasetime '12h'
	option dhcpv4 'server'
";

/// UCI's network package of a router that has this lab as its LAN.
pub fn network_configuration() -> String {
    format!(
        "config interface 'lan'
	option device 'br-lan'
	option proto 'static'
	option ipaddr '{ROUTER}'
	option netmask '255.255.255.0'
"
    )
}

/// What a scene stands on: images, a network, and a folder for the router's files and the machine's disk.
#[derive(Debug)]
pub struct Stage {
    lab: Lab,
    images: Images,
    network: Network,
    folder: Scratch,
}

impl Stage {
    /// Sets the lab up and makes a network of its own.
    pub fn new() -> Result<Self> {
        let lab = Lab::set_up()?;
        Ok(Stage {
            images: Images::build(&lab)?,
            network: Network::new()?,
            folder: Scratch::new("story"),
            lab,
        })
    }

    /// Debian's busybox, for small servers.
    pub fn busybox(&self) -> PathBuf {
        self.lab.busybox()
    }

    /// The network, for other clients on it.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Copies console and logs to where they outlive the stage, and says where that is.
    pub fn keep_logs(&self) -> String {
        match self.copy_logs() {
            Ok(logs) => format!("The logs are in {}", logs.display()),
            Err(failure) => format!("The logs could not be kept: {failure}"),
        }
    }

    fn copy_logs(&self) -> Result<PathBuf> {
        let logs = self.lab.folder("logs")?.join(self.network.name());
        fs::create_dir_all(&logs).context(format!("make {}", logs.display()))?;
        keep_logs(&self.folder.path().join("router"), &logs)?;
        for entry in fs::read_dir(self.folder.path()).context("list the consoles")? {
            let path = entry.context("list the consoles")?.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let name = path.file_name().unwrap_or_default();
                fs::copy(&path, logs.join(name)).context("copy a console's log")?;
            }
        }
        Ok(logs)
    }
}

/// Everything that is on while a story plays. Tests that need another story than [`play`] use its parts.
#[derive(Debug)]
pub struct Scene<'stage> {
    stage: &'stage Stage,
    /// The router and its services.
    pub router: Router<'stage>,
    /// What has happened.
    pub timeline: Timeline,
    /// The disk that the host is to be installed on, empty at first.
    pub disk: Disk,
    /// A second disk in the same machine, which nobody may touch.
    pub other_disk: Disk,
}

impl<'stage> Scene<'stage> {
    /// Starts the router's services. The host is not armed yet.
    pub fn open(stage: &'stage Stage, script: &Script) -> Result<Self> {
        let folder = stage.folder.path();
        let timeline = Timeline::new(script.live);
        let mut router = Router::new(&stage.network, &folder.join("router"))?;
        router.configure("kickstand", &configuration())?;
        router.configure("network", &network_configuration())?;
        router.configure("dhcp", DHCP_CONFIGURATION)?;
        offer_boot_files(&router, &stage.images)?;
        (script.prepare)(&router)?;
        let mut reader = reading::Dnsmasq::default();
        let told = timeline.clone();
        router.start_dnsmasq(script.init_entry, move |line| {
            if let Some(fact) = reader.read(line) {
                told.add(Source::Dnsmasq, fact);
            }
        })?;
        router.start_ubusd(&parts::ubusd())?;
        let applied = router.kickstand(script.kickstand, &["apply"])?;
        if script.live {
            println!("$ kickstand apply\n{applied}");
        }
        let told = timeline.clone();
        router.start_kickstand(script.kickstand, move |line| {
            if let Some(fact) = reading::kickstand(line) {
                told.add(Source::Kickstand, fact);
            }
        })?;
        let told = timeline.clone();
        router.start_listener(&stage.lab.busybox(), LISTENER_PORT, move |line| {
            if let Some(fact) = reading::listener(line) {
                told.add(Source::Listener, fact);
            }
        })?;
        Ok(Scene {
            stage,
            router,
            timeline,
            disk: Disk::empty(&folder.join("disk"), DISK_SIZE)?,
            other_disk: Disk::empty(&folder.join("other-disk"), DISK_SIZE)?,
        })
    }

    fn play(&mut self, script: &Script) -> Result<Outcome> {
        let armed = self.router.kickstand(script.kickstand, &["arm", HOST])?;
        if script.live {
            println!("$ kickstand arm {HOST}\n{armed}");
        }
        let mut machine = Machine::new(MAC);
        machine.firmware = script.firmware;
        machine.order = script.order;
        let mut running = self.power_on(&machine, "power on: the disk is empty")?;
        self.wait_for_system(&mut running, INSTALL_LIMIT, 0)?;
        running.power_off();
        drop(running);
        let first_power_on = self.timeline.len();
        machine.order = BootOrder::NetworkFirst;
        let sentence = "power on again: the firmware asks the network first";
        let mut running = self.power_on(&machine, sentence)?;
        self.wait_for_system(&mut running, BOOT_LIMIT, first_power_on)?;
        running.power_off();
        let all = self.router.kickstand(script.kickstand, &["status"])?;
        let one = self.router.kickstand(script.kickstand, &["status", HOST])?;
        let record = self
            .router
            .kickstand(script.kickstand, &["status", HOST, "--json"])?;
        Ok(Outcome {
            status: format!("$ kickstand status\n{all}\n$ kickstand status {HOST}\n{one}"),
            record: serde_json::from_str(&record).context("read the host's record")?,
            events: self.timeline.events(),
            first_power_on,
            other_disk_is_blank: self.other_disk.is_blank()?,
        })
    }

    /// Gives a machine power. `sentence` tells so in the timeline, whose clock starts again.
    pub fn power_on(&self, machine: &Machine, sentence: &str) -> Result<Running> {
        let told = self.timeline.clone();
        self.timeline.power_on(sentence);
        let folder = self.stage.folder.path();
        let disks = [&self.disk, &self.other_disk];
        machine.power_on(&self.stage.network, &disks, folder, move |line| {
            if let Some(fact) = reading::console(line) {
                told.add(Source::Console, fact);
            }
        })
    }

    /// Waits until an installed system reports, from event number `from` on.
    pub fn wait_for_system(
        &self,
        running: &mut Running,
        limit: Duration,
        from: usize,
    ) -> Result<()> {
        let mut is_off = false;
        let mut reported = false;
        wait_for(limit, "the installed system to report", || {
            reported = self.timeline.events()[from..]
                .iter()
                .any(|event| matches!(event.fact, Fact::Reported { .. }));
            is_off = running.is_off();
            reported || is_off
        })?;
        if reported {
            return Ok(());
        }
        Err(Failure::new(
            "the machine went off before its installed system reported",
        ))
    }
}

fn offer_boot_files(router: &Router, images: &Images) -> Result<()> {
    let files = router.files().join(HOST);
    router.offer(&images.kernel, &files.join("vmlinuz"))?;
    router.offer(&images.initrd, &files.join("initrd.img"))?;
    router.offer(&images.system, &files.join("system.tar.gz"))?;
    router.offer(&images.localboot, &router.tftp().join("localboot.efi"))?;
    for name in ["snponly.efi", "undionly.kpxe"] {
        let source = Path::new("/usr/lib/ipxe").join(name);
        router.offer(&source, &router.tftp().join(name))?;
    }
    Ok(())
}
