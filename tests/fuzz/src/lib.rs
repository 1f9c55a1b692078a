//! What several targets need: a service without a network, with a host that is armed, and what a script of ours may consist of.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use kickstand::core::answer::Router;
use kickstand::host::paths::Paths;
use kickstand::serve::engine::Engine;
use serde_json::json;

/// Stands in the answer file and nowhere else.
pub const SECRET: &str = "ssh-ed25519 AAAA kenneth";
/// The address of the host's own machine.
pub const OWN: Ipv4Addr = Ipv4Addr::new(10, 33, 1, 11);
/// The router, as machines see it.
pub const ROUTER: Router = Router {
    address: Ipv4Addr::new(10, 33, 1, 1),
    port: 8067,
};

const CONFIG: &str = "
config profile 'p'
	option mirror 'http://m/9'
	option kernel 'http://m/k'
config host 'h'
	option profile 'p'
	option mac '52:54:00:00:00:01'
config account 'kenneth'
	option ssh_key 'ssh-ed25519 AAAA kenneth'
";
const NEIGHBOURS: &str = "IP address HW type Flags HW address Mask Device
10.33.1.11 0x1 0x2 52:54:00:00:00:01 * br-lan
";

/// An engine in a folder of its own, whose host `h` is armed for a week.
pub fn armed_engine() -> Engine {
    let root: PathBuf = std::env::temp_dir().join(format!("ks-fuzz-{}", std::process::id()));
    for (name, text) in [("etc/config/kickstand", CONFIG), ("proc/net/arp", NEIGHBOURS)] {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("the folder can be made");
        std::fs::write(path, text).expect("the file can be written");
    }
    std::fs::create_dir_all(root.join("proc/sys/kernel/random")).expect("the folder can be made");
    std::fs::write(root.join("proc/sys/kernel/random/boot_id"), "a start").expect("the file can be written");
    std::fs::write(root.join("proc/uptime"), "1000.00 1.00").expect("the file can be written");
    let mut engine = Engine::new(&Paths::new(&root)).expect("the engine starts");
    engine.serves_at(ROUTER);
    arm(&mut engine);
    engine
}

/// Arms the host for a week.
pub fn arm(engine: &mut Engine) {
    let told = engine.call("arm", &json!({"host": "h", "window": 604_800}));
    assert_eq!(told["host"], "h", "{told}");
}

/// A line of an iPXE script that begins with no command of ours; none when all do.
pub fn not_a_script(script: &str) -> Option<&str> {
    script.lines().find(|line| {
        let command = line.trim_start().split([' ', '\t']).next().unwrap_or_default();
        !(command.is_empty() || command.starts_with(['#', ':']) || COMMANDS.contains(&command))
    })
}

/// Whether a text would move or hide others where it is shown.
pub fn disturbs(text: &str) -> bool {
    text.contains(|c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c))
}

/// What a line of our scripts begins with.
const COMMANDS: &[&str] = &[
    "echo", "exit", "sanboot", "sleep", "goto", "chain", "set", "isset", "iseq", "ifopen", "ifclose", "ifconf", "dhcp", "imgfree", "inc",
    "reboot", "poweroff", "prompt", "shell", "kernel", "initrd", "boot", "cpuid", "clear", "param", "params",
];
