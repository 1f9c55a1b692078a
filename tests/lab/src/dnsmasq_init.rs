//! Stands in for OpenWrt's dnsmasq.init: UCI's `dhcp` → dnsmasq.conf → a running dnsmasq. It can not show procd (respawn,
//! debounce, triggers), the jail and its mounts, the user `dnsmasq`, DNS, DHCPv6 and router advertisements, the probe for
//! other DHCP servers, hotplug scripts, nor what the init script does with options that are not translated here.
//!
//! Translated: TFTP, `dhcp_boot`, `dhcp_option[_force]`, sections boot, match, userclass, vendorclass, mac, tag, host and
//! dhcp, each filtered by `option instance`, in the order in which the init script writes them.
//!
//! The script itself starts the test's own binary, which needs a test that calls [`act_if_asked`].

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::process::wait_until;

/// Environment of the stand-in: the router's root, its namespace, the real `uci`, what to do and with which instance.
const ENVIRONMENT: [&str; 5] = [
    "KICKSTAND_LAB_ROOT",
    "KICKSTAND_LAB_NAMESPACE",
    "KICKSTAND_LAB_UCI",
    "KICKSTAND_LAB_ACTION",
    "KICKSTAND_LAB_INSTANCE",
];

/// As procd's `term_timeout`.
const TERM_TIMEOUT: Duration = Duration::from_secs(5);

/// A section as `uci show` prints it. Options of one value have one item.
struct Section {
    name: String,
    kind: String,
    options: BTreeMap<String, Vec<String>>,
}

impl Section {
    fn text(&self, option: &str) -> Option<String> {
        self.options.get(option).map(|items| items.join(" "))
    }

    fn list(&self, option: &str) -> &[String] {
        self.options.get(option).map_or(&[], Vec::as_slice)
    }

    fn is_on(&self, option: &str) -> bool {
        let text = self.text(option).unwrap_or_default();
        ["1", "on", "true", "yes", "enabled"].contains(&text.as_str())
    }
}

/// The sections of a package, read by the real `uci`.
fn sections(uci: &Path, root: &Path, package: &str) -> Vec<Section> {
    let output = Command::new(uci)
        .arg("-c")
        .arg(root.join("etc/config"))
        .args(["-X", "show", package])
        .output()
        .expect("the real uci runs");
    let mut sections: Vec<Section> = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let (path, value) = line.split_once('=').expect("uci show prints path=value");
        let mut parts = path.splitn(3, '.').skip(1);
        let name = parts.next().expect("a section").to_owned();
        match (parts.next(), sections.last_mut()) {
            (Some(option), Some(section)) => {
                let quoted = value.trim_matches('\'');
                let items = quoted.split("' '").map(|item| item.replace(r"'\''", "'"));
                section.options.insert(option.to_owned(), items.collect());
            }
            _ => sections.push(Section {
                name,
                kind: value.to_owned(),
                options: BTreeMap::new(),
            }),
        }
    }
    sections
}

/// dnsmasq.conf of every enabled instance, by the name of its section.
pub fn translate(uci: &Path, root: &Path) -> BTreeMap<String, String> {
    let dhcp = sections(uci, root, "dhcp");
    let network = sections(uci, root, "network");
    dhcp.iter()
        .filter(|section| section.kind == "dnsmasq" && !section.is_on("disabled"))
        .map(|instance| {
            let config = translate_instance(instance, &dhcp, &network, root);
            (instance.name.clone(), config)
        })
        .collect()
}

fn translate_instance(
    instance: &Section,
    dhcp: &[Section],
    network: &[Section],
    root: &Path,
) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (option, line) in [
        ("authoritative", "dhcp-authoritative"),
        ("logdhcp", "log-dhcp"),
        ("quietdhcp", "quiet-dhcp"),
        ("tftp_no_fail", "tftp-no-fail"),
    ] {
        if instance.is_on(option) {
            lines.push(line.to_owned());
        }
    }
    if let Some(tftp_root) = instance.text("tftp_root") {
        let below = root.join(tftp_root.trim_start_matches('/'));
        fs::create_dir_all(&below).expect("the init script makes tftp_root");
        if instance.is_on("enable_tftp") {
            lines.push("enable-tftp".to_owned());
        }
        lines.push(format!("tftp-root={}", below.display()));
    }
    for (option, line) in [
        ("interface", "interface"),
        ("notinterface", "except-interface"),
    ] {
        for network_name in instance.list(option) {
            lines.push(format!("{line}={}", device(network, network_name)));
        }
    }
    if let Some(boot) = instance.text("dhcp_boot") {
        lines.push(format!("dhcp-boot={boot}"));
    }
    options(instance, "", &mut lines);
    forced_options(instance, "", &mut lines);
    let here = |kind: &'static str| {
        dhcp.iter().filter(move |section| {
            let bound = section.text("instance");
            section.kind == kind && bound.is_none_or(|bound| bound == instance.name)
        })
    };
    here("host").for_each(|section| host(section, &mut lines));
    here("boot").for_each(|section| boot(section, &mut lines));
    for (kind, separator) in [
        ("mac", ""),
        ("tag", ""),
        ("vendorclass", "set:"),
        ("userclass", "set:"),
        ("match", "set:"),
    ] {
        here(kind).for_each(|section| client(section, separator, &mut lines));
    }
    here("dhcp").for_each(|section| pool(section, network, &mut lines));
    lines.join("\n") + "\n"
}

fn options(section: &Section, tag: &str, lines: &mut Vec<String>) {
    let force = if section.is_on("force") && section.kind != "dhcp" && section.kind != "mac" {
        "-force"
    } else {
        ""
    };
    let comma = if tag.is_empty() { "" } else { "," };
    for option in section.list("dhcp_option") {
        lines.push(format!("dhcp-option{force}={tag}{comma}{option}"));
    }
}

fn forced_options(section: &Section, tag: &str, lines: &mut Vec<String>) {
    let comma = if tag.is_empty() { "" } else { "," };
    for option in section.list("dhcp_option_force") {
        lines.push(format!("dhcp-option-force={tag}{comma}{option}"));
    }
}

fn boot(section: &Section, lines: &mut Vec<String>) {
    let tag = section.text("networkid");
    let Some(filename) = section.text("filename") else {
        return;
    };
    let name = section.text("servername");
    let address = section.text("serveraddress");
    if address.is_some() && name.is_none() {
        return;
    }
    let mut line = "dhcp-boot=".to_owned();
    if let Some(tag) = &tag {
        let _ = write!(line, "tag:{tag},");
    }
    line += &filename;
    for part in [name, address].into_iter().flatten() {
        let _ = write!(line, ",{part}");
    }
    lines.push(line);
    options(section, tag.as_deref().unwrap_or_default(), lines);
}

/// Sections that tell clients by something they send. A `mac` line is written without `set:`, a `tag` has no line at all.
fn client(section: &Section, set: &str, lines: &mut Vec<String>) {
    if section.kind == "tag" {
        let force = if section.is_on("force") { "-force" } else { "" };
        for option in section.list("dhcp_option") {
            lines.push(format!("dhcp-option{force}=tag:{},{option}", section.name));
        }
        return;
    }
    let (Some(tag), Some(value)) = (section.text("networkid"), section.text(&section.kind)) else {
        return;
    };
    lines.push(format!("dhcp-{}={set}{tag},{value}", section.kind));
    options(section, &tag, lines);
}

fn host(section: &Section, lines: &mut Vec<String>) {
    let (ip, name) = (section.text("ip"), section.text("name"));
    let Some(mac) = section
        .text("mac")
        .filter(|_| ip.is_some() || name.is_some())
    else {
        return;
    };
    let mut line = format!("dhcp-host={}", mac.replace(' ', ","));
    if let Some(tag) = section.text("networkid") {
        let _ = write!(line, ",set:{tag}");
    }
    for tag in section.list("tag") {
        let _ = write!(line, ",set:{tag}");
    }
    for part in [ip, name, section.text("leasetime")].into_iter().flatten() {
        let _ = write!(line, ",{part}");
    }
    lines.push(line);
}

fn pool(section: &Section, network: &[Section], lines: &mut Vec<String>) {
    let Some(name) = section.text("interface") else {
        return;
    };
    if section.is_on("ignore") {
        lines.push(format!("no-dhcp-interface={}", device(network, &name)));
        return;
    }
    let interface = network.iter().find(|section| section.name == name);
    let Some(address) = interface.and_then(|section| section.text("ipaddr")) else {
        return;
    };
    let address: Ipv4Addr = address.parse().expect("the test's network has an address");
    // Every network of the lab is a /24.
    let [a, b, c, _] = address.octets();
    let number = |option: &str, otherwise: u32| -> u32 {
        let text = section.text(option);
        text.map_or(otherwise, |text| text.parse().expect("a number"))
    };
    let first = number("start", 100);
    let last = (first + number("limit", 150) - 1).min(254);
    let tag = section.text("networkid").unwrap_or(name);
    let lease = section.text("leasetime").unwrap_or("12h".to_owned());
    lines.push(format!(
        "dhcp-range=set:{tag},{a}.{b}.{c}.{first},{a}.{b}.{c}.{last},255.255.255.0,{lease}"
    ));
    options(section, &tag, lines);
    forced_options(section, &tag, lines);
}

fn device(network: &[Section], name: &str) -> String {
    let section = network.iter().find(|section| section.name == name);
    let device = section.and_then(|section| section.text("device"));
    device.unwrap_or_else(|| name.to_owned())
}

/// The stand-in for `/etc/init.d/dnsmasq` below a root. Stops what it started when dropped.
#[derive(Debug)]
pub struct InitScript {
    root: PathBuf,
}

impl InitScript {
    /// Writes the script. `test` is the name of the test that calls [`act_if_asked`] in the running test binary.
    ///
    /// # Panics
    ///
    /// If the file can not be written.
    pub fn install(root: &Path, namespace: &str, uci: &Path, test: &str) -> Self {
        let path = root.join("etc/init.d/dnsmasq");
        fs::create_dir_all(root.join("etc/init.d")).expect("the root can be written");
        fs::create_dir_all(root.join("lab")).expect("the root can be written");
        let [in_root, in_namespace, in_uci, action, instance] = ENVIRONMENT;
        let binary = std::env::current_exe().expect("a test knows where its binary is");
        let script = format!(
            "#!/bin/sh\nexport {in_root}='{}' {in_namespace}='{namespace}' {in_uci}='{}' {action}=\"$1\" {instance}=\"$2\"\n\
             exec '{}' --exact {test} --nocapture >/dev/null 2>>'{}'\n",
            root.display(),
            uci.display(),
            binary.display(),
            root.join("lab/init.log").display(),
        );
        fs::write(&path, script).expect("the script can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        InitScript {
            root: root.to_owned(),
        }
    }

    /// Calls the script and says whether it succeeded.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn call(&self, action: &str) -> bool {
        Command::new(self.root.join("etc/init.d/dnsmasq"))
            .arg(action)
            .status()
            .expect("the script was just written")
            .success()
    }

    /// dnsmasq refuses every configuration that contains this text from now on; an empty text: none.
    ///
    /// # Panics
    ///
    /// If the file can not be written.
    pub fn refuse(&self, text: &str) {
        fs::write(self.root.join("lab/refuse"), text).expect("the root can be written");
    }

    /// How often the script was called with that action.
    pub fn calls(&self, action: &str) -> usize {
        let calls = fs::read_to_string(self.root.join("lab/calls")).unwrap_or_default();
        calls.lines().filter(|line| *line == action).count()
    }

    /// What dnsmasq wrote to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.root.join("lab/dnsmasq.log")).unwrap_or_default()
    }
}

impl Drop for InitScript {
    fn drop(&mut self) {
        stop_all(&self.root);
    }
}

/// Does what the script was called for and ends the process, if this process was started by the script.
///
/// # Panics
///
/// If the stand-in itself is broken: it must not pass for dnsmasq's failure.
pub fn act_if_asked() {
    let [Ok(root), Ok(namespace), Ok(uci), Ok(action), Ok(instance)] =
        ENVIRONMENT.map(std::env::var)
    else {
        return;
    };
    let root = PathBuf::from(root);
    let calls = fs::read_to_string(root.join("lab/calls")).unwrap_or_default();
    fs::write(root.join("lab/calls"), calls + &action + "\n").expect("the root can be written");
    let succeeded = match action.as_str() {
        "start" | "reload" => {
            start_changed(&root, &namespace, Path::new(&uci));
            true
        }
        "stop" => {
            stop_all(&root);
            true
        }
        "running" => running(&root, &instance),
        _ => false,
    };
    process::exit(i32::from(!succeeded));
}

#[expect(
    clippy::zombie_processes,
    reason = "dnsmasq outlives this process, which ends at once"
)]
/// As procd does it: an instance whose configuration changed or that does not run is started anew.
fn start_changed(root: &Path, namespace: &str, uci: &Path) {
    let wanted = translate(uci, root);
    for (name, pid) in instances(root) {
        if !wanted.contains_key(&name) {
            stop(root, &name, pid);
        }
    }
    let refused = fs::read_to_string(root.join("lab/refuse")).unwrap_or_default();
    for (name, mut config) in wanted {
        if !refused.is_empty() && config.contains(&refused) {
            config += "this-is-no-option-of-dnsmasq\n";
        }
        let path = root.join(format!("lab/{name}.conf"));
        let pid = pid_of(root, &name);
        if let Some(pid) = pid {
            if fs::read_to_string(&path).is_ok_and(|is| is == config) && is_dnsmasq(pid) {
                continue;
            }
            stop(root, &name, pid);
        }
        fs::write(&path, config).expect("the root can be written");
        let log = root.join("lab/dnsmasq.log");
        let child = Command::new("ip")
            .args(["netns", "exec", namespace, "dnsmasq", "-k", "-C"])
            .arg(&path)
            .args([
                "--port=0",
                "--bind-dynamic",
                "--no-ping",
                "--user=root",
                "--group=root",
            ])
            .args(["--except-interface=lo", "--leasefile-ro", "--pid-file="])
            .arg(format!("--log-facility={}", log.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("ip(8) and dnsmasq are installed");
        fs::write(root.join(format!("lab/{name}.pid")), child.id().to_string())
            .expect("the root can be written");
    }
}

fn pid_of(root: &Path, name: &str) -> Option<u32> {
    let text = fs::read_to_string(root.join(format!("lab/{name}.pid"))).ok()?;
    text.parse().ok()
}

fn instances(root: &Path) -> Vec<(String, u32)> {
    let entries = fs::read_dir(root.join("lab"))
        .into_iter()
        .flatten()
        .flatten();
    let names = entries.filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.strip_suffix(".pid").map(str::to_owned)
    });
    names
        .filter_map(|name| pid_of(root, &name).map(|pid| (name, pid)))
        .collect()
}

fn running(root: &Path, instance: &str) -> bool {
    instances(root)
        .into_iter()
        .any(|(name, pid)| (instance.is_empty() || instance == name) && is_dnsmasq(pid))
}

/// Whether that process is a dnsmasq that has not ended. `ip netns exec` becomes the command that it runs.
fn is_dnsmasq(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let zombie = stat
        .rsplit(") ")
        .next()
        .is_some_and(|rest| rest.starts_with('Z'));
    stat.contains("(dnsmasq)") && !zombie
}

fn stop_all(root: &Path) {
    for (name, pid) in instances(root) {
        stop(root, &name, pid);
    }
}

fn stop(root: &Path, name: &str, pid: u32) {
    if is_dnsmasq(pid)
        && let Some(process) = i32::try_from(pid).ok().and_then(Pid::from_raw)
    {
        let _ = kill_process(process, Signal::TERM);
        if !wait_until(TERM_TIMEOUT, || !is_dnsmasq(pid)) {
            let _ = kill_process(process, Signal::KILL);
        }
    }
    let _ = fs::remove_file(root.join(format!("lab/{name}.pid")));
}
