//! The stand-in's actions: start, stop, reload, running.
//!
//! Not its job: what dnsmasq is told ([`super::translate`]).

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::process::wait_until;
use crate::scratch::write_program;

use super::translate;

/// Environment of the stand-in: the router's root, its namespace, the real `uci`, what to do and with which instance.
const ENVIRONMENT: [&str; 5] = [
    "KICKSTAND_LAB_ROOT",
    "KICKSTAND_LAB_NAMESPACE",
    "KICKSTAND_LAB_UCI",
    "KICKSTAND_LAB_ACTION",
    "KICKSTAND_LAB_INSTANCE",
];

/// Below the root: what dnsmasq calls when it has given away an address or a file.
const DHCP_SCRIPT: &str = "lab/dhcp-script";
/// Below the root: its leases, where OpenWrt has them.
const LEASES: &str = "tmp/dhcp.leases";

/// Below the root: arguments that every dnsmasq gets besides, one a line.
const EXTRA: &str = "lab/arguments";

/// Stands in for libubox's jshn.sh, which the scripts below `/etc/hotplug.d` read.
pub const JSHN: &str = include_str!("jshn.sh");

/// As procd's `term_timeout`.
const TERM_TIMEOUT: Duration = Duration::from_secs(5);

/// The stand-in for `/etc/init.d/dnsmasq` below a root. Stops what it started when dropped.
#[derive(Debug)]
pub struct InitScript {
    root: PathBuf,
}

impl InitScript {
    /// Writes the script. It runs this very program again with the words of `entry`, which must lead to [`act_if_asked`]:
    /// in a test binary `--exact NAME --nocapture`, the name being that of a test that calls it. `extra` is what every
    /// dnsmasq is told besides, on its command line.
    ///
    /// # Panics
    ///
    /// If the file cannot be written.
    pub fn install(root: &Path, namespace: &str, uci: &Path, entry: &str, extra: &[&str]) -> Self {
        let path = root.join("etc/init.d/dnsmasq");
        fs::create_dir_all(root.join("lab")).expect("the root can be written");
        let [in_root, in_namespace, in_uci, action, instance] = ENVIRONMENT;
        let binary = std::env::current_exe().expect("a test knows where its binary is");
        let script = format!(
            "#!/bin/sh\nexport {in_root}='{}' {in_namespace}='{namespace}' {in_uci}='{}' {action}=\"$1\" {instance}=\"$2\"\n\
             exec '{}' {entry} >/dev/null 2>>'{}'\n",
            root.display(),
            uci.display(),
            binary.display(),
            root.join("lab/init.log").display(),
        );
        write_program(&path, script);
        fs::write(root.join(EXTRA), extra.join("\n")).expect("the root can be written");
        fs::create_dir_all(root.join("tmp")).expect("the root can be written");
        InitScript {
            root: root.to_owned(),
        }
    }

    /// Has dnsmasq tell the scripts below `/etc/hotplug.d` what it did, from its next start on. They call `ubus`, the command.
    ///
    /// # Panics
    ///
    /// If a file cannot be written.
    pub fn tell_hotplug(&self, ubus: &Path, socket: &Path) {
        let script = format!(
            "#!/bin/sh\nROOT='{}' UBUS='{}' SOCKET='{}'\n{}",
            self.root.display(),
            ubus.display(),
            socket.display(),
            include_str!("dhcp-script.sh"),
        );
        write_program(&self.root.join(DHCP_SCRIPT), script);
        fs::write(self.root.join("lab/jshn.sh"), JSHN).expect("the root can be written");
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
    /// If the file cannot be written.
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
        let told = root.join(DHCP_SCRIPT);
        let told = told
            .exists()
            .then(|| format!("--dhcp-script={}", told.display()));
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
            .args(["--except-interface=lo", "--pid-file="])
            .arg(format!("--dhcp-leasefile={}", root.join(LEASES).display()))
            .args(told)
            .args(
                fs::read_to_string(root.join(EXTRA))
                    .unwrap_or_default()
                    .lines(),
            )
            .arg(format!("--log-facility={}", log.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("ip(8) and dnsmasq are installed");
        fs::write(root.join(format!("lab/{name}.pid")), child.id().to_string())
            .expect("the root can be written");
        // Until it has become dnsmasq or ended: before that nobody would recognise it to stop it.
        wait_until(TERM_TIMEOUT, || {
            is_dnsmasq(child.id()) || has_ended(child.id())
        });
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
    let command = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    command == "dnsmasq\n" && !has_ended(pid)
}

/// Whether it is gone, or only its parent has not looked yet.
fn has_ended(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().unwrap_or_default();
    state.is_empty() || state.starts_with('Z')
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
