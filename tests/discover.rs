//! A look at a host's hardware, as the machine, the installer's environment and the user see it; and the guard of its disk.

mod service_support;

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use kickstand_lab::scratch::Scratch;
use kickstand_lab::service::Service;
use serde_json::{Value, json};
use service_support::{CONFIG, R220A, WEB, arm, config_with, phase, service, service_with, status};

/// A report of a machine with one disk and one port.
const REPORT: &str = r#"{"firmware":"uefi","product":"PowerEdge","memory_mib":7900,"cpus":4,"flags":"lm",
"disks":[{"name":"sda","path":"/dev/disk/by-path/pci-0000:00:1f.2-ata-1","serial":"WD-1","bytes":500000000000}],
"ports":[{"name":"eno1","mac":"b8:ca:3a:00:00:01","link":true,"speed":1000,"driver":"tg3"}]}"#;

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn discover(service: &Service, host: &str) {
    let output = service.kickstand(&["arm", "--discover", host]);
    assert!(output.status.success(), "{output:?}\n{}", service.log());
}

fn reports_hardware(service: &Service, token: &str, report: &str) -> u16 {
    let more = format!("event=hardware&hardware={}", encoded(report));
    R220A.reports(service, token, &more).status
}

fn claims_with(service: &Service, token: &str, serial: &str) -> kickstand_lab::http::Reply {
    let more =
        format!("event=claim&nonce=1&blank=0&disk=/dev/sda&bytes=500000000000&serial={serial}");
    R220A.reports(service, token, &more)
}

fn hardware(service: &Service, host: &str) -> Value {
    let output = service.kickstand(&["hardware", host, "--json"]);
    serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default()["hardware"].take()
}

#[test]
fn a_look_reports_the_hardware_and_wipes_nothing() {
    let mut service = service();
    discover(&service, "r220a");
    assert_eq!(phase(&service, "r220a"), "armed");
    let token = R220A.token(&service);
    let answer = R220A.answer_file(&service, &token);
    assert_eq!(answer.status, 200);
    let answer = answer.text();
    for wiping in [
        "clearpart",
        "ignoredisk",
        "\npart ",
        "autopart",
        "zerombr",
        "event=claim",
    ] {
        assert!(!answer.contains(wiping), "{wiping}");
    }
    assert_eq!(R220A.claims(&service, &token, "run-1"), 403);
    assert_eq!(
        phase(&service, "r220a"),
        "booting",
        "a claim does not end it"
    );
    assert_eq!(reports_hardware(&service, &token, "no JSON"), 400);
    assert_eq!(reports_hardware(&service, &token, REPORT), 200);
    assert_eq!(phase(&service, "r220a"), "idle");
    let note = &status(&service, "r220a")["note"];
    assert_eq!(
        note,
        "discovered: 1 disk, 1 network port, 7900 MiB of memory"
    );
    assert_eq!(hardware(&service, "r220a")["disks"][0]["serial"], "WD-1");
    assert_eq!(R220A.claims(&service, &token, "run-1"), 403, "it is over");
    assert_eq!(reports_hardware(&service, &token, REPORT), 403);
    assert!(!R220A.is_installed_by(&service));

    service.restart_router();
    assert_eq!(hardware(&service, "r220a")["cpu_level"], 0, "it is kept");
    let shown = service.kickstand(&["hardware", "r220a"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.contains("/dev/disk/by-path/pci-0000:00:1f.2-ata-1  500 GB"),
        "{shown}"
    );

    let config = CONFIG.replace("config host 'r220a'", "config host 'other'");
    service.commit(&config);
    assert_eq!(hardware(&service, "other"), Value::Null);
    let kept = service.tree().join("etc/kickstand/hardware/r220a.json");
    assert!(!kept.exists(), "forgotten with its host");
}

#[test]
fn a_look_goes_back_to_the_phase_that_was() {
    let mut service = service();
    arm(&service, "r220a");
    let output = service.kickstand(&["arm", "--discover", "r220a"]);
    assert_eq!(
        output.status.code(),
        Some(1),
        "an arm to install is not taken away"
    );
    let token = R220A.token(&service);
    assert_eq!(R220A.claims(&service, &token, "run-1"), 200);
    R220A.reports(&service, &token, "event=completed");
    discover(&service, "r220a");
    service.restart_router();
    assert_eq!(
        phase(&service, "r220a"),
        "installed",
        "its window ended with the router"
    );
    discover(&service, "r220a");
    let output = service.kickstand(&["disarm", "r220a"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(phase(&service, "r220a"), "installed");
}

#[test]
fn a_token_that_was_to_look_wipes_nothing_when_the_host_is_armed_later() {
    let service = service();
    discover(&service, "r220a");
    let token = R220A.token(&service);
    arm(&service, "r220a");
    assert_eq!(R220A.claims(&service, &token, "run-1"), 403);
    assert_eq!(R220A.answer_file(&service, &token).status, 403);
    assert_ne!(R220A.token(&service), token);
}

#[test]
fn the_users_own_files_do_not_take_the_place_of_the_look() {
    let service = service();
    let wiping = "clearpart --all\n";
    let www = service.tree().join("www/kickstand");
    std::fs::create_dir_all(www.join("answers")).expect("a folder");
    for name in [
        "kickstart-b8:ca:3a:00:00:01.cfg",
        "answers/discover.ks",
        "answers/disks.sh",
    ] {
        std::fs::write(www.join(name), wiping).expect("written");
    }
    discover(&service, "r220a");
    let token = R220A.token(&service);
    assert!(!R220A.answer_file(&service, &token).text().contains(wiping));
}

#[test]
fn only_kickstart_can_look() {
    let config = config_with(
        "config profile 'almalinux9'",
        "\toption kind 'preseed'\n\toption answer 'x'",
    );
    let service = service_with(&config);
    let output = service.kickstand(&["arm", "--discover", "web"]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("only installers that read a kickstart"),
        "{told}"
    );
}

#[test]
fn a_disk_with_another_serial_number_is_not_claimed() {
    let service = service_with(&config_with(
        "option disk '/dev/sda'",
        "\toption disk_serial 'WD-1'",
    ));
    arm(&service, "r220a");
    let token = R220A.token(&service);
    let refused = claims_with(&service, &token, "WD-2");
    assert_eq!(refused.status, 403);
    for serial in ["WD-1", "WD-2"] {
        assert!(refused.text().contains(serial), "{}", refused.text());
    }
    assert_eq!(phase(&service, "r220a"), "failed");
    assert_eq!(
        claims_with(&service, &token, "WD-1").status,
        403,
        "the arm ended"
    );
    arm(&service, "r220a");
    let token = R220A.token(&service);
    assert_eq!(claims_with(&service, &token, "WD-1").status, 200);
}

#[test]
fn an_installer_that_cannot_tell_the_serial_number_is_refused() {
    let service = service_with(&config_with(
        "option disk '/dev/sda'",
        "\toption disk_serial 'WD-1'",
    ));
    arm(&service, "r220a");
    let token = R220A.token(&service);
    assert_eq!(R220A.claims(&service, &token, "run-1"), 403);
    assert_eq!(phase(&service, "r220a"), "failed");
}

#[test]
fn a_disk_that_was_discovered_is_guarded_by_a_later_arm() {
    let service = service();
    discover(&service, "r220a");
    let token = R220A.token(&service);
    assert_eq!(reports_hardware(&service, &token, REPORT), 200);
    arm(&service, "r220a");
    let token = R220A.token(&service);
    assert_eq!(claims_with(&service, &token, "WD-2").status, 403);
    assert_eq!(phase(&service, "r220a"), "failed");
}

#[test]
fn a_host_whose_answer_file_names_what_it_does_not_have_is_not_armed() {
    let service = service();
    discover(&service, "r220a");
    let token = R220A.token(&service);
    let other = REPORT.replace("\"sda\"", "\"nvme0n1\"");
    assert_eq!(reports_hardware(&service, &token, &other), 200);
    let checked = service.kickstand(&["check", "r220a"]);
    let told = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!(checked.status.code(), Some(1), "{told}");
    assert!(
        told.contains(
            "this machine has no disk /dev/sda; it has /dev/disk/by-path/pci-0000:00:1f.2-ata-1"
        ),
        "{told}"
    );
    let output = service.kickstand(&["arm", "r220a"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(phase(&service, "r220a"), "idle");
    let output = service.kickstand(&["arm", "r220a", "--force"]);
    assert!(output.status.success(), "{output:?}");
}

/// The script as the service hands it out, run by this machine's bash; what would switch the machine off is replaced.
#[test]
fn the_script_finds_what_this_machine_has() {
    let service = service();
    discover(&service, "r220a");
    let token = R220A.token(&service);
    let answer = R220A.answer_file(&service, &token).text();
    let script: Vec<&str> = answer
        .lines()
        .skip_while(|line| !line.starts_with("%pre"))
        .skip(1)
        .take_while(|line| *line != "%end")
        .collect();
    let script = script.join("\n");
    assert_eq!(script.matches("/proc/sysrq-trigger").count(), 1);
    let tools = Scratch::new("discover-tools");
    let harmless = script
        .replace("/proc/sysrq-trigger", "/dev/null")
        .replace("/proc/sys/kernel/sysrq", "/dev/null")
        .replace("while :; do sleep 60; done", "exit 9");
    assert!(!harmless.contains("sysrq"), "{harmless}");
    let off = tools.join("off");
    for (name, text) in [
        (
            "poweroff",
            format!("#!/bin/sh\necho \"$*\" >{}\nkill -9 $PPID\n", off.display()),
        ),
        ("ip", "#!/bin/sh\n".to_owned()),
        ("sync", "#!/bin/sh\n".to_owned()),
        ("sleep", "#!/bin/sh\n".to_owned()),
        // The address that the service takes for the machine's own.
        (
            "curl",
            format!(
                "#!/bin/sh\nexec {} --interface {} \"$@\"\n",
                which("curl"),
                R220A.address
            ),
        ),
    ] {
        let path = tools.write(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a file");
    }
    let path = format!(
        "{}:{}",
        tools.path().display(),
        std::env::var("PATH").expect("PATH")
    );
    let ended = Command::new("bash")
        .args(["-c", &harmless])
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    let off = std::fs::read_to_string(off).unwrap_or_default();
    assert_eq!(off, "-f\n", "it switches off: {ended:?}\n{}", service.log());
    let found = hardware(&service, "r220a");
    let cpus = std::fs::read_to_string("/proc/cpuinfo").expect("proc");
    let cpus = cpus
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    assert_eq!(found["cpus"], json!(cpus), "{found}\n{ended:?}");
    assert!(found["memory_mib"].as_u64().is_some_and(|mib| mib > 100));
    assert!(["uefi", "bios"].contains(&found["firmware"].as_str().unwrap_or_default()));
    assert!(!WEB.is_installed_by(&service));
}

fn which(name: &str) -> String {
    let path = std::env::var("PATH").expect("PATH");
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.exists());
    found.expect("it is installed").display().to_string()
}
