//! What Prometheus gets of the running service, read by Prometheus' own promtool.

mod service_support;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use kickstand_lab::process::run;
use kickstand_lab::scratch::Scratch;
use kickstand_lab::service::ROUTER;
use kickstand_lab::service::Service;
use kickstand_lab::setup::Lab;
use service_support::{CONFIG, R220A, STRANGER, WEB, arm, discover_r220a, service, service_with};

fn metrics(service: &Service) -> String {
    let reply = service.get(ROUTER, "/metrics").expect("answers");
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    reply.text()
}

/// The value of a series, with its labels as they are written.
fn value(metrics: &str, series: &str) -> u64 {
    let mut lines = metrics.lines();
    let found = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let found = found.unwrap_or_else(|| panic!("no {series}:\n{metrics}"));
    found.parse().expect("a whole number")
}

/// `promtool check metrics`: it is Prometheus' own parser, and complains of names and kinds that are not as they should be.
fn check(metrics: &str) {
    let promtool = Lab::set_up_promtool().expect("Debian has it");
    let mut promtool = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut input = promtool.stdin.take().expect("it reads");
    input.write_all(metrics.as_bytes()).expect("it reads all");
    drop(input);
    let output = promtool.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.is_empty(),
        "{said}\n{metrics}"
    );
}

fn installs(service: &Service) {
    arm(service, "r220a");
    let token = R220A.token(service);
    assert_eq!(R220A.answer_file(service, &token).status, 200);
    assert_eq!(R220A.claims(service, &token, "run-1"), 200);
    service.set_uptime(1100);
    R220A.reports(service, &token, "event=progress&percent=7");
    check(&metrics(service));
    assert_eq!(
        value(
            &metrics(service),
            "kickstand_host_installing_seconds{host=\"r220a\"}"
        ),
        100
    );
    assert!(metrics(service).contains("\nkickstand_host_progress_ratio{host=\"r220a\"} 0.07\n"));
    service.set_uptime(1400);
    R220A.reports(service, &token, "event=completed");
}

#[test]
fn what_happens_is_counted() {
    let service = service();
    service
        .tree()
        .write("www/kickstand/files/initrd", vec![1; 5000]);
    let before = metrics(&service);
    check(&before);
    assert_eq!(value(&before, "kickstand_hosts{phase=\"idle\"}"), 2);
    assert_eq!(
        value(&before, "kickstand_decisions_total{decision=\"install\"}"),
        0
    );
    // Else the first failure would be no increase.
    let failed = "kickstand_installations_total{profile=\"almalinux9\",result=\"failed\"}";
    assert_eq!(value(&before, failed), 0);

    installs(&service);
    arm(&service, "web");
    let token = WEB.token(&service);
    assert_eq!(WEB.claims(&service, &token, "run-1"), 200);
    assert_eq!(WEB.claims(&service, &token, "another"), 403);
    WEB.reports(&service, &token, "event=failed&reason=no+disk");
    STRANGER.get(&service, "/v1/boot?mac=52:54:00:00:00:99&platform=efi");
    STRANGER.get(&service, "/files/initrd");
    STRANGER.get(&service, "/no/such/path");

    let after = metrics(&service);
    check(&after);
    for (series, expected) in [
        ("kickstand_hosts{phase=\"installed\"}", 1),
        ("kickstand_hosts{phase=\"failed\"}", 1),
        (
            "kickstand_host_phase{host=\"r220a\",phase=\"installed\"}",
            1,
        ),
        ("kickstand_unknown_machines", 1),
        ("kickstand_decisions_total{decision=\"install\"}", 2),
        ("kickstand_decisions_total{decision=\"wait\"}", 1),
        ("kickstand_claims_total{result=\"granted\"}", 2),
        ("kickstand_claims_total{result=\"refused\"}", 1),
        (
            "kickstand_installations_total{profile=\"almalinux9\",result=\"installed\"}",
            1,
        ),
        (
            "kickstand_installations_total{profile=\"almalinux9\",result=\"failed\"}",
            1,
        ),
        (
            "kickstand_installation_duration_seconds_sum{profile=\"almalinux9\"}",
            400,
        ),
        (
            "kickstand_installation_duration_seconds_bucket{profile=\"almalinux9\",le=\"600\"}",
            1,
        ),
        (
            "kickstand_http_requests_total{route=\"answer\",code=\"200\"}",
            1,
        ),
        (
            "kickstand_http_requests_total{route=\"/v1/report\",code=\"403\"}",
            1,
        ),
        (
            "kickstand_http_requests_total{route=\"other\",code=\"404\"}",
            1,
        ),
        ("kickstand_file_sent_bytes_total", 5000),
        ("kickstand_state_writes_total{result=\"failed\"}", 0),
        ("kickstand_apply_failed", 0),
    ] {
        assert_eq!(value(&after, series), expected, "{series}\n{after}");
    }
    let writes = "kickstand_state_writes_total{result=\"written\"}";
    assert!(value(&after, writes) >= value(&before, writes) + 6);
    assert!(!after.contains("no/such"), "{after}");
    assert!(!after.contains(&token), "{after}");
}

#[test]
fn a_look_at_the_hardware_is_no_installation() {
    let service = service();
    installs(&service);
    R220A.boots(&service);
    discover_r220a(&service);
    R220A.boots(&service);
    for command in [&["arm", "--discover", "r220a"][..], &["disarm", "r220a"]] {
        assert!(service.kickstand(command).status.success());
    }
    let ended = "kickstand_installations_total{profile=\"almalinux9\",result=\"installed\"}";
    assert_eq!(value(&metrics(&service), ended), 1);
    // Nor does the installed system start for the first time after it.
    let output = service.kickstand(&["status", "r220a"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        told.matches("came back for the first time").count(),
        1,
        "{told}"
    );
}

#[test]
fn a_disabled_host_a_fault_and_a_webhook_show() {
    let config = CONFIG.replace("option disk '/dev/vda'", "option disk 'vda'");
    let webhook = "config webhook 'chat'\n\toption url 'http://127.0.0.1:1/x'\n";
    let service = service_with(&(config + webhook));
    let metrics = metrics(&service);
    check(&metrics);
    assert_eq!(value(&metrics, "kickstand_hosts{phase=\"disabled\"}"), 1);
    assert_eq!(
        value(
            &metrics,
            "kickstand_host_phase{host=\"web\",phase=\"disabled\"}"
        ),
        1
    );
    assert_eq!(value(&metrics, "kickstand_faults"), 1);
    let failed = "kickstand_webhook_deliveries_total{webhook=\"chat\",result=\"failed\"}";
    assert_eq!(value(&metrics, failed), 0);
}

/// The families of a text, or of a page's table.
fn families<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    lines.map(str::to_owned).collect()
}

const PAGE: &str = include_str!("../docs/monitoring.md");

#[test]
fn the_page_names_each_family_and_no_other() {
    let service = service();
    let metrics = metrics(&service);
    let told = families(
        metrics
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()),
    );
    // Where the kernel's proc(5) is; in a test's tree it is not.
    let known = told
        .into_iter()
        .chain(["process_resident_memory_bytes".to_owned()])
        .collect();
    let page = families(
        PAGE.lines()
            .filter_map(|line| line.strip_prefix("| `")?.split(['`', '{']).next()),
    );
    assert_eq!(page, known);
}

#[test]
fn the_rules_on_the_page_are_rules() {
    let promtool = Lab::set_up_promtool().expect("Debian has it");
    let folder = Scratch::new("rules");
    let mut blocks = PAGE.split("```yaml\n").skip(1);
    let mut block = || {
        let text = blocks.next().and_then(|rest| rest.split("```").next());
        text.expect("a block of YAML").to_owned()
    };
    let config = folder.write("prometheus.yml", block());
    let rules = folder.write("kickstand.yml", block());
    run(Command::new(&promtool).args(["check", "rules"]).arg(&rules)).expect("they are rules");
    run(Command::new(&promtool)
        .args(["check", "config"])
        .arg(&config))
    .expect("it is a configuration");
    // Each series that a rule looks at is one of the page's.
    let words = fs_words(&rules);
    let named: BTreeSet<String> = families(
        PAGE.lines()
            .filter_map(|line| line.strip_prefix("| `")?.split(['`', '{']).next()),
    );
    assert!(!words.is_empty());
    for word in words {
        assert!(named.contains(&word), "{word}");
    }
}

fn fs_words(path: &std::path::Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(path).expect("it was just written");
    let expressions = text.lines().filter(|line| line.contains("expr:"));
    expressions
        .flat_map(|line| line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')))
        .filter(|word| word.starts_with("kickstand_"))
        .map(str::to_owned)
        .collect()
}
