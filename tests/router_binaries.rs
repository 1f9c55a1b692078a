//! The binaries that go into packages, each run by an emulator of the weakest processor that it is for: with the real broker and over
//! HTTP, for what only other word sizes, byte orders and C libraries get wrong.
//!
//! `cargo packager build` makes them. Tests of one: `cargo test --test router_binaries mipsel::`.
//!
//! Not its job: what the service decides (the service's own tests).

mod service_support;

use std::env::{self, consts::ARCH};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use kickstand_lab::scratch::Scratch;
use kickstand_lab::service::{Runner, Service};
use kickstand_packager::cross::architectures::{Architecture, named};
use kickstand_packager::places::Places;
use serde_json::{Value, json};
use service_support::{CONFIG, R220A, arm, know_everybody, phase};

/// When routers believe to be, in seconds since 1970: never set, and set wrong (June 2040, which has more than 31 bits).
const TIMES: [u64; 2] = [86_400, 2_222_121_600];

/// A binary, and what runs it.
struct Binary {
    path: PathBuf,
    runner: Runner,
}

impl Binary {
    fn of(architecture: &Architecture) -> Self {
        let places = Places::find().expect("a test knows where its binary is");
        let name = architecture.name;
        let path = places.binary(name);
        assert!(
            path.exists(),
            "{} is missing: cargo packager build --arch {name}",
            path.display()
        );
        let emulator = architecture.emulator;
        let words = [emulator.command, "-cpu", emulator.cpu];
        Binary {
            path,
            runner: Runner {
                words: words.map(str::to_owned).to_vec(),
                environment: Vec::new(),
            },
        }
    }

    /// The same at another time, which goes on from there; what measures time-outs is left alone.
    fn at(mut self, time: u64) -> Self {
        let library = format!("/usr/lib/{ARCH}-linux-gnu/faketime/libfaketime.so.1");
        // Without it, the loader only complains, and the time would be today's.
        assert!(
            Path::new(&library).exists(),
            "cargo packager toolchain installs {library}"
        );
        let environment = [
            ("LD_PRELOAD", library.as_str()),
            ("FAKETIME", &format!("@{time}")),
            ("FAKETIME_FMT", "%s"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        self.runner.environment = environment
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        self
    }

    /// What a command that needs no router prints.
    fn prints(&self, words: &[&str]) -> String {
        let output = self.runner.command(&self.path).args(words).output();
        let output = output.expect("kickstand-packager toolchain installs the emulator");
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A router that runs it as service and as command line.
    fn service(&self) -> Service {
        let path = self.path.to_str().expect("target folders have plain names");
        let mut service = Service::stopped(path, CONFIG);
        service.run_by(self.runner.clone());
        know_everybody(&service);
        service.start();
        service
    }
}

fn commands_that_need_no_router(architecture: &Architecture) {
    let binary = Binary::of(architecture);
    let version = format!("kickstand {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(binary.prints(&["version"]), version);
    assert!(binary.prints(&["--help"]).contains("arm HOST"));
    let scratch = Scratch::new("check");
    let file = scratch.write("x.ks", "netwrok --hostname=a\n%packages\n@core\n%end\n");
    let words = [
        "check",
        &file.display().to_string(),
        "--release",
        "RHEL9",
        "--json",
    ];
    let checked = binary.runner.command(&binary.path).args(words).output();
    let checked = checked.expect("kickstand-packager toolchain installs the emulator");
    let found: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    assert_eq!(
        (checked.status.code(), &found["release"]),
        (Some(1), &json!("RHEL9"))
    );
    assert_eq!(found["findings"][0]["line"], 1, "{found}");
}

fn nothing_of_the_builder_is_inside(architecture: &Architecture) {
    let binary = fs::read(Binary::of(architecture).path).expect("it was just there");
    let places = Places::find().expect("a test knows where its binary is");
    let cargo_home = env::var("CARGO_HOME").unwrap_or_else(|_| "/.cargo/".to_owned());
    let paths = [places.sources(), places.package(), Path::new(&cargo_home)];
    for path in paths {
        let path = path.to_str().expect("target folders have plain names");
        let found = binary
            .windows(path.len())
            .any(|bytes| bytes == path.as_bytes());
        assert!(!found, "{path} is in the binary for {}", architecture.name);
    }
}

/// One installation: each `arm` and `status` is a call over ubus by the binary itself, answered by the binary itself.
fn installation(service: &Service) {
    let idle = R220A.boots(service).text();
    assert!(
        idle.contains("r220a is not armed: booting from the disk"),
        "{idle}"
    );
    arm(service, "r220a");
    assert_eq!(phase(service, "r220a"), "armed");
    let token = R220A.token(service);
    let answer = R220A.answer_file(service, &token).text();
    assert!(
        answer.contains("ignoredisk --only-use=/dev/sda\n"),
        "{answer}"
    );
    assert_eq!(R220A.claims(service, &token, "run-1"), 200);
    assert_eq!(R220A.claims(service, &token, "run-2"), 403, "another run");
    assert_eq!(phase(service, "r220a"), "installing");
    let completed = R220A.reports(service, &token, "event=completed");
    assert_eq!(completed.status, 200);
    assert_eq!(phase(service, "r220a"), "installed");
}

fn one_arm_is_one_installation(architecture: &Architecture) {
    let mut service = Binary::of(architecture).service();
    installation(&service);
    service.crash();
    assert_eq!(phase(&service, "r220a"), "installed", "from its own file");
}

fn the_year_does_not_matter(architecture: &Architecture) {
    for time in TIMES {
        let service = Binary::of(architecture).at(time).service();
        let written = SystemTime::UNIX_EPOCH + Duration::from_secs(time);
        let config = File::options()
            .write(true)
            .open(service.path("etc/config/kickstand"))
            .expect("the service has one");
        config.set_modified(written).expect("any time will do");
        installation(&service);
    }
}

macro_rules! tests_of {
    ($($name:ident)*) => {$(
        mod $name {
            #[test]
            fn commands_that_need_no_router() {
                super::commands_that_need_no_router(super::architecture(stringify!($name)));
            }

            #[test]
            fn nothing_of_the_builder_is_inside() {
                super::nothing_of_the_builder_is_inside(super::architecture(stringify!($name)));
            }

            #[test]
            fn one_arm_is_one_installation() {
                super::one_arm_is_one_installation(super::architecture(stringify!($name)));
            }

            #[test]
            fn the_year_does_not_matter() {
                super::the_year_does_not_matter(super::architecture(stringify!($name)));
            }
        }
    )*};
}

tests_of! { aarch64 armv7 mipsel mips x86_64 riscv64 }

fn architecture(name: &str) -> &'static Architecture {
    named(name).unwrap_or_else(|| panic!("there is no {name}"))
}
