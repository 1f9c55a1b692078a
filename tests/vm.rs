//! Whole installations: a virtual server with an empty disk, through real firmware, dnsmasq, iPXE, uci, ubusd and kickstand.
//!
//! The installer stands in for Anaconda (tests/lab/installer/init says how far). Logs of a run that failed are kept below
//! the lab's folder; the failure names it. What is asserted is what the servers saw, not what a console printed.

mod luci_support;

use std::fs;
use std::path::{Path, PathBuf};

use kickstand_lab::dnsmasq_init::act_if_asked;
use kickstand_lab::machine::{BootOrder, DISK_PATH, Firmware, Machine};
use kickstand_lab::network::ROUTER;
use kickstand_lab::process::{Context, Failure, wait_until};
use kickstand_lab::router::{PORT, Router};
use kickstand_lab::story::{
    self, BOOT_LIMIT, HOST, INSTALL_LIMIT, LISTENER_PORT, MAC, Scene, Script, Stage,
};
use kickstand_lab::timeline::{Client, Fact};

/// Leads the router's init script for dnsmasq back into this binary.
const INIT_ENTRY: &str = "--exact stand_in_for_the_init_script --nocapture";

#[test]
fn stand_in_for_the_init_script() {
    act_if_asked();
}

fn kickstand() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_kickstand"))
}

fn script<'a>(
    kickstand: &'a Path,
    prepare: &'a dyn Fn(&Router) -> Result<(), Failure>,
) -> Script<'a> {
    Script {
        kickstand,
        init_entry: INIT_ENTRY,
        prepare,
        firmware: Firmware::Uefi,
        order: BootOrder::NetworkFirst,
        live: true,
    }
}

/// Plays something in a scene; a failure comes with the place of its logs.
fn in_scene(script: &Script, play: impl FnOnce(&mut Scene<'_>) -> Result<(), Failure>) {
    let stage = Stage::new().expect("the lab can be set up");
    let played = Scene::open(&stage, script).and_then(|mut scene| play(&mut scene));
    if let Err(failure) = played {
        panic!("{failure}. {}", stage.keep_logs());
    }
}

fn assert_installed_once_and_left_alone(outcome: &story::Outcome) {
    assert_eq!(
        outcome.reports(),
        [(HOST, MAC), (HOST, MAC)],
        "it started from its disk after each power on"
    );
    assert_eq!(outcome.installer_starts(), 1);
    assert_eq!(
        outcome.leases_of_second_power_on(&Client::Ipxe),
        1,
        "the second boot went over the network"
    );
    assert_eq!(outcome.record["phase"], "installed");
    assert!(outcome.other_disk_is_blank, "no other disk was touched");
    assert_eq!(
        timeline(outcome),
        TIMELINE.map(|event| event.map(str::to_owned))
    );
}

/// Every step that kickstand knows of, and who says so: all but the power, and what [`on_the_way`] has.
const TIMELINE: [[&str; 3]; 18] = [
    ["user", "armed", "was armed by the user"],
    [
        "observed",
        "install",
        "asked what to boot and was told to install",
    ],
    ["observed", "file", "fetched /files/demo/vmlinuz"],
    ["observed", "file", "fetched /files/demo/initrd.img"],
    ["observed", "answer", "fetched its answer file"],
    [
        "observed",
        "installer",
        "its installer prepares the installation",
    ],
    ["reported", "claim", "claimed"],
    ["observed", "installer", "its installer sets up the disk"],
    ["observed", "installer", "its installer downloads packages"],
    ["observed", "file", "fetched /files/demo/system.tar.gz"],
    ["observed", "installer", "its installer installs packages"],
    [
        "observed",
        "installer",
        "its installer installs the boot loader",
    ],
    [
        "observed",
        "installer",
        "its installer configures the system",
    ],
    [
        "observed",
        "installer",
        "its installer runs the scripts after the installation",
    ],
    ["reported", "completed", "reported that it is installed"],
    [
        "observed",
        "booted",
        "came back for the first time after its installation",
    ],
    [
        "observed",
        "local",
        "asked what to boot and was told to boot from its disk",
    ],
    ["observed", "booted", "its installed system started"],
];

/// Source, kind and the beginning of the text of each event, without numbers and reasons.
fn timeline(outcome: &story::Outcome) -> Vec<[String; 3]> {
    let events = outcome.record["events"].as_array().expect("events");
    let entry = |event: &serde_json::Value| {
        let [source, kind, text] = ["source", "kind", "text"]
            .map(|field| event[field].as_str().unwrap_or_default().to_owned());
        let end = text.find([',', ':', '(']).unwrap_or(text.len());
        [source, kind, text[..end].trim_end().to_owned()]
    };
    // By HTTP boot, the firmware loads its boot file from here too.
    let boot_file = "fetched /boot/";
    let mut told: Vec<_> = events
        .iter()
        .map(entry)
        .filter(|[_, kind, text]| {
            !text.starts_with(boot_file) && !BY_HOTPLUG.contains(&kind.as_str())
        })
        .collect();
    // The second power on ends it with what the first has said.
    let again = told.iter().rposition(|[_, kind, _]| kind == "local");
    told.truncate(again.unwrap_or(told.len()));
    told
}

/// Kinds of what dnsmasq tells through scripts, each a process of its own: they come a moment later than it happened.
const BY_HOTPLUG: [&str; 2] = ["dhcp", "tftp"];

/// The first of what dnsmasq told, with who says so: how the host came to its first question.
fn on_the_way(outcome: &story::Outcome) -> Vec<String> {
    let events = outcome.record["events"].as_array().expect("events");
    let told = events
        .iter()
        .filter(|event| BY_HOTPLUG.iter().any(|kind| event["kind"] == *kind));
    let words = |event: &serde_json::Value| {
        let [source, text] =
            ["source", "text"].map(|field| event[field].as_str().unwrap_or_default());
        let end = text.find(['(', ',']).unwrap_or(text.len());
        format!("{source}: {}", text[..end].trim_end())
    };
    told.map(words).take(3).collect()
}

/// Somebody gave it an address, and it was no installed system.
const BOOTS: &str = "observed: got the address 10.33.1.156 from DHCP to boot from the network";

#[test]
fn an_empty_server_installs_itself_over_tftp_and_is_left_alone_afterwards() {
    let kickstand = kickstand();
    let outcome = story::play(&script(&kickstand, &|_| Ok(()))).expect("the story ends well");
    assert_installed_once_and_left_alone(&outcome);
    let file = "observed: fetched snponly.efi by TFTP";
    assert_eq!(on_the_way(&outcome), [BOOTS, file, BOOTS]);
}

#[test]
fn an_empty_server_installs_itself_by_uefi_http_boot() {
    let kickstand = kickstand();
    let script = Script {
        firmware: Firmware::UefiHttp,
        ..script(&kickstand, &|_| Ok(()))
    };
    let outcome = story::play(&script).expect("the story ends well");
    let by_http = Client::Http(16);
    let asked = |fact: &Fact| matches!(fact, Fact::Leased { client, .. } if *client == by_http);
    assert!(
        outcome.events.iter().any(|event| asked(&event.fact)),
        "the firmware asked as an HTTP client"
    );
    let sent = |fact: &Fact| matches!(fact, Fact::Sent { .. });
    assert!(
        !outcome.events.iter().any(|event| sent(&event.fact)),
        "nothing went over TFTP"
    );
    assert_installed_once_and_left_alone(&outcome);
    assert_eq!(on_the_way(&outcome)[..2], [BOOTS, BOOTS]);
}

/// The story's configuration without its host: nobody knows the machine, and its disk is not named either.
fn forget_host(router: &Router) -> Result<(), Failure> {
    let text = story::configuration();
    let section = text.find("config host").expect("the story has a host");
    let rest = text[section..]
        .find("config account")
        .expect("the story has an account");
    router.configure(
        "kickstand",
        &(text[..section].to_owned() + &text[section + rest..]),
    )
}

#[test]
fn a_server_that_nobody_knows_waits_until_it_is_adopted_and_its_installer_refuses_to_choose_a_disk()
{
    let kickstand = kickstand();
    in_scene(&script(&kickstand, &forget_host), |scene| {
        let machine = Machine::new(MAC);
        let mut running = scene.power_on(&machine, "power on: nobody knows this machine")?;
        let unknown = || {
            scene
                .router
                .kickstand(&kickstand, &["status"])
                .is_ok_and(|status| status.contains(MAC))
        };
        assert!(wait_until(BOOT_LIMIT, unknown), "it asked");
        let adopted = scene
            .router
            .kickstand(&kickstand, &["adopt", MAC, "new-one", "standin"])?;
        assert!(adopted.contains("is host 'new_one' now"), "{adopted}");
        // Two disks, and none is named: the installer must refuse, before it writes.
        scene.router.kickstand(&kickstand, &["arm", "new_one"])?;
        let failed = || {
            scene
                .router
                .kickstand(&kickstand, &["status", "new_one"])
                .is_ok_and(|status| status.contains("there are several disks"))
        };
        assert!(
            wait_until(INSTALL_LIMIT, failed),
            "its installer refused to choose"
        );
        running.power_off();
        assert!(scene.disk.is_blank()? && scene.other_disk.is_blank()?);
        Ok(())
    });
}

#[test]
fn an_installer_whose_claim_is_refused_touches_no_disk() {
    let kickstand = kickstand();
    in_scene(&script(&kickstand, &|_| Ok(())), |scene| {
        scene.router.kickstand(&kickstand, &["arm", HOST])?;
        let machine = Machine::new(MAC);
        let mut running =
            scene.power_on(&machine, "power on: it will be disarmed before it claims")?;
        let timeline = scene.timeline.clone();
        let fetched = || {
            timeline
                .events()
                .iter()
                .any(|event| event.fact.to_string().contains("fetched its answer file"))
        };
        assert!(wait_until(INSTALL_LIMIT, fetched), "it got its answer file");
        scene.router.kickstand(&kickstand, &["disarm", HOST])?;
        running.wait_until_off(INSTALL_LIMIT)?;
        assert!(
            scene.disk.is_blank()? && scene.other_disk.is_blank()?,
            "not a byte was written"
        );
        let status = scene.router.kickstand(&kickstand, &["status", HOST])?;
        assert!(status.contains("not armed"), "{status}");
        Ok(())
    });
}

#[test]
fn a_machine_is_discovered_and_no_disk_is_touched() {
    let kickstand = kickstand();
    in_scene(&script(&kickstand, &|_| Ok(())), |scene| {
        scene
            .router
            .kickstand(&kickstand, &["arm", "--discover", HOST])?;
        let before = [scene.disk.checksum()?, scene.other_disk.checksum()?];
        let machine = Machine::new(MAC);
        let mut running = scene.power_on(&machine, "power on: to be discovered")?;
        running.wait_until_off(INSTALL_LIMIT)?;
        let after = [scene.disk.checksum()?, scene.other_disk.checksum()?];
        assert_eq!(before, after, "not a byte was written");
        let reply = scene
            .router
            .kickstand(&kickstand, &["hardware", HOST, "--json"])?;
        let reply: serde_json::Value = serde_json::from_str(&reply).context("read the hardware")?;
        let found = &reply["hardware"];
        assert_eq!(found["firmware"], "uefi", "{found}");
        assert_eq!(found["cpu_level"], 2, "a Nehalem: {found}");
        let disks = found["disks"].as_array().expect("disks");
        assert_eq!(disks.len(), 2, "{found}");
        assert_eq!(disks[0]["path"], DISK_PATH, "{found}");
        assert_eq!(disks[0]["serial"], "disk-0", "{found}");
        assert_eq!(found["ports"][0]["mac"], MAC, "{found}");
        let record = scene
            .router
            .kickstand(&kickstand, &["status", HOST, "--json"])?;
        assert!(record.contains("\"idle\""), "{record}");
        Ok(())
    });
}

/// Nothing but the page is used; the pages are driven as `tests/luci.rs` does.
#[test]
fn a_server_is_adopted_armed_installed_and_followed_from_the_page_alone() {
    let kickstand = kickstand();
    in_scene(&script(&kickstand, &forget_host), |scene| {
        let machine = Machine::new(MAC);
        let mut running = scene.power_on(&machine, "power on: only the page is used")?;
        luci_support::play_before("vm", scene.router.tree()).map_err(Failure::new)?;
        scene.wait_for_system(&mut running, BOOT_LIMIT, 0)?;
        running.power_off();
        assert!(scene.other_disk.is_blank()?, "no other disk was touched");
        Ok(())
    });
}

/// The article's embedded script, with the lab's mirror in place of AlmaLinux's, and words for the lab's console.
fn script_of_the_article() -> String {
    let repo = format!("http://{ROUTER}:{PORT}/files/{HOST}/");
    format!(
        "#!ipxe

echo Zero Touch Alma Install!

# Have iPXE enable the boot network interface and request a DHCP lease
dhcp

# Copy over all the addressing info from iPXE's DHCP lease for the installer
set ipparam BOOTIF=${{netX/mac}} ip=${{ip}}::${{gateway}}:${{netmask}}:::none nameserver=${{dns}}
# Pick an Alma Repository for the init environment to download the installer from
set repo {repo}
# Set the install mode (which gets overridden by the kickstart file I guess)
set install_mode inst.graphical
# Point the installer at a kickstart URL that's composed from the MAC address of the boot interface
set ks_url http://{ROUTER}/kickstart-${{netX/mac}}.cfg

imgfree
kernel {repo}vmlinuz initrd=initrd.img console=ttyS0 lab.home=http://{ROUTER}:{LISTENER_PORT}/booted inst.repo=${{repo}} ${{install_mode}} inst.ks=${{ks_url}} ${{ipparam}}
initrd {repo}initrd.img

# Send it!
boot
"
    )
}

/// iPXE with the article's script inside cannot be built here; Debian's iPXE is told to fetch that script instead.
#[test]
fn the_articles_own_ipxe_script_finds_its_kickstart_on_port_80_while_armed_and_only_then() {
    let kickstand = kickstand();
    let publish = |router: &Router| {
        let text =
            story::configuration().replace("\toption leave 'chain'\n", "\toption publish '1'\n");
        router.configure("kickstand", &text)
    };
    let script = Script {
        order: BootOrder::DiskFirst,
        ..script(&kickstand, &publish)
    };
    let stage = Stage::new().expect("the lab can be set up");
    let played = Scene::open(&stage, &script).and_then(|mut scene| {
        let published = scene
            .router
            .tree()
            .join("www")
            .join(format!("kickstart-{MAC}.cfg"));
        fs::write(
            scene.router.tree().join("www/almascript.ipxe"),
            script_of_the_article(),
        )
        .expect("the tree can be written");
        scene.router.start_web(&stage.busybox())?;
        scene.router.change_dhcp(&format!(
            "kickstand_boot_ipxe.filename=http://{ROUTER}/almascript.ipxe"
        ))?;
        assert!(!published.exists(), "not armed: not open");
        scene.router.kickstand(&kickstand, &["arm", HOST])?;
        assert!(published.exists(), "armed: open");
        let machine = Machine {
            order: BootOrder::DiskFirst,
            ..Machine::new(MAC)
        };
        let mut running = scene.power_on(&machine, "power on: the article's own way")?;
        scene.wait_for_system(&mut running, INSTALL_LIMIT, 0)?;
        running.power_off();
        assert!(!published.exists(), "claimed: closed");
        let status = scene.router.kickstand(&kickstand, &["status", HOST])?;
        assert!(status.contains("installed"), "{status}");
        assert!(scene.other_disk.is_blank()?);
        Ok(())
    });
    if let Err(failure) = played {
        panic!("{failure}. {}", stage.keep_logs());
    }
}
