//! What the service says as a note and what as a fault: procd logs standard output as the one and standard error as the other.

mod service_support;

use std::fs::{self, File};
use std::process::Stdio;
use std::time::Duration;

use kickstand_lab::process::{Running, wait_until};
use kickstand_lab::service::{ROUTER, Service};
use service_support::{BINARY, CONFIG, R220A};

const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn notes_go_to_standard_output_and_faults_to_standard_error() {
    let service = Service::stopped(
        BINARY,
        &CONFIG.replace("option disk '/dev/vda'", "option disk 'vda; x'"),
    );
    let (notes, faults) = (service.path("notes"), service.path("faults"));
    let mut command = service.command(&["serve"]);
    command
        .stdin(Stdio::null())
        .stdout(File::create(&notes).expect("the tree can be written"))
        .stderr(File::create(&faults).expect("the tree can be written"));
    let _running = Running::start(&mut command);
    assert!(wait_until(LIMIT, || service
        .get(ROUTER, "/healthz")
        .is_ok()));
    service.commit("config host 'half\n");
    R220A.get(&service, "/boot.ipxe");
    let lines = |path| {
        let text = fs::read_to_string(path).expect("it was made");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (notes, faults) = (lines(&notes), lines(&faults));
    assert!(
        notes.iter().any(|line| line.contains("serving at http://")),
        "{notes:?}"
    );
    assert!(
        notes
            .iter()
            .all(|line| line.starts_with("INFO  [kickstand")),
        "{notes:?}"
    );
    assert!(
        faults
            .iter()
            .any(|line| line.starts_with("WARN ") && line.contains("option disk 'vda; x'")),
        "{faults:?}"
    );
    assert!(
        faults.iter().any(|line| line.starts_with("ERROR ")),
        "{faults:?}"
    );
    assert!(
        faults.iter().all(|line| !line.starts_with("INFO")),
        "{faults:?}"
    );
}
