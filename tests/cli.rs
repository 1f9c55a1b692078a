//! Wrong input is met kindly: one clear sentence, and the exit code that says which kind of wrong it is.
//!
//! Not its job: what the service decides (the service's own tests).

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use kickstand_lab::parts;
use kickstand_lab::process::{Running, wait_until};
use kickstand_lab::scratch::Scratch;

const GOOD: &str = include_str!("trees/r220a/etc/config/kickstand");
const LIMIT: Duration = Duration::from_secs(20);

/// What a command said and how it ended.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    error: String,
}

/// The port that kickstand listens on by default.
const PORT: u16 = 8067;

/// A loopback address that no other test uses at the same time, in this process or another: ports need not be sought.
fn own_address() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [_, high, middle, low] = process::id().to_be_bytes();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Ipv4Addr::new(127, high.wrapping_add(middle), low, number)
}

/// A router's files, and what runs on it.
struct Tree {
    services: Vec<Running>,
    root: Scratch,
    address: Ipv4Addr,
}

impl Tree {
    /// With this configuration, and nothing running.
    fn new(config: Option<&str>) -> Self {
        let root = Scratch::new("cli");
        let address = own_address();
        if let Some(config) = config {
            root.write("etc/config/kickstand", config);
        }
        let network = format!(
            "config interface 'lan'
	option proto 'static'
	option ipaddr '{address}'
"
        );
        root.write("etc/config/network", network);
        root.write("tmp/.uci/.keep", "");
        root.write("var/run/ubus/.keep", "");
        Tree {
            services: Vec::new(),
            root,
            address,
        }
    }

    fn socket(&self) -> std::path::PathBuf {
        self.root.join("var/run/ubus/ubus.sock")
    }

    fn with_ubus(mut self) -> Self {
        let socket = self.socket();
        self.services.push(Running::start(
            Command::new(parts::ubusd())
                .arg("-s")
                .arg(&socket)
                .stderr(Stdio::null()),
        ));
        assert!(wait_until(LIMIT, || socket.exists()));
        self
    }

    fn with_service(self) -> Self {
        let mut tree = self.with_ubus();
        let mut command = Command::new(env!("CARGO_BIN_EXE_kickstand"));
        command
            .arg("--root")
            .arg(tree.root.path())
            .arg("serve")
            .stderr(Stdio::null());
        tree.services.insert(0, Running::start(&mut command));
        assert!(
            wait_until(LIMIT, || tree.run(&["status"]).code == 0),
            "{:?}",
            tree.run(&["status"])
        );
        tree
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let root = self
            .root
            .path()
            .to_str()
            .expect("the scratch folder has a plain name");
        run(&[&["--root", root], arguments].concat())
    }

    /// Runs `serve`, which must end by itself.
    fn serve(&self) -> Said {
        self.run(&["serve"])
    }
}

fn run(arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_kickstand"))
        .args(arguments)
        .output()
        .expect("kickstand runs");
    Said {
        code: output.status.code().expect("it ended by itself"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        error: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// It ended with that code, and its last line on standard error holds all of these and no trace of a panic.
fn assert_says(said: &Said, code: i32, parts: &[&str]) {
    assert_eq!(said.code, code, "{said:?}");
    let last = said.error.lines().last().unwrap_or_default();
    for part in parts {
        assert!(last.contains(part), "no {part:?} in: {said:?}");
    }
    assert!(!said.error.contains("panicked"), "{said:?}");
}

#[test]
fn help_and_version_are_there() {
    for arguments in [["--help"], ["-h"], ["help"]] {
        let said = run(&arguments);
        assert_eq!(said.code, 0);
        for command in [
            "status", "watch", "explain", "render", "arm", "disarm", "adopt", "forget", "apply",
            "serve", "version",
        ] {
            assert!(said.out.contains(command), "help names {command}");
        }
    }
    for arguments in [["--version"], ["-V"], ["version"]] {
        assert_eq!(
            run(&arguments).out,
            format!("kickstand {}\n", env!("CARGO_PKG_VERSION"))
        );
    }
}

#[test]
fn wrong_usage_is_named_with_code_2() {
    assert_says(&run(&[]), 2, &["a command is missing", "--help"]);
    assert_says(&run(&["instal"]), 2, &["there is no command 'instal'"]);
    assert_says(&run(&["--nonsense"]), 2, &["there is no option --nonsense"]);
    assert_says(
        &run(&["status", "--nonsense"]),
        2,
        &["there is no option --nonsense"],
    );
    assert_says(
        &run(&["status", "a", "b"]),
        2,
        &["'b' is one word too many"],
    );
    assert_says(&run(&["arm"]), 2, &["the host's name is missing"]);
    assert_says(&run(&["arm", "a", "--window", "soon"]), 2, &["soon"]);
    assert_says(
        &run(&["explain"]),
        2,
        &["the MAC or the host's name is missing"],
    );
    assert_says(
        &run(&["adopt", "52:54:00:00:00:09"]),
        2,
        &["the new host's name is missing"],
    );
    assert_says(&run(&["--root"]), 2, &["--root"]);
}

#[test]
fn without_ubus_or_service_it_says_what_to_start_with_code_3() {
    let tree = Tree::new(Some(GOOD));
    let socket = tree.socket();
    let socket = socket.to_str().expect("a plain name");
    assert_says(
        &tree.run(&["status"]),
        3,
        &["cannot reach ubus at", socket, "is ubusd running?"],
    );
    let tree = tree.with_ubus();
    assert_says(
        &tree.run(&["status"]),
        3,
        &["the service is not running", "/etc/init.d/kickstand start"],
    );
    assert_says(
        &tree.run(&["arm", "r220a"]),
        3,
        &["the service is not running"],
    );
}

#[test]
fn without_a_configuration_apply_says_so_and_the_service_goes_on_without_hosts() {
    let tree = Tree::new(None);
    assert_says(
        &tree.run(&["apply"]),
        1,
        &[
            "there is no",
            "etc/config/kickstand",
            "install the package again",
        ],
    );
    let broken = Tree::new(Some("config host 'a\n"));
    assert_says(
        &broken.run(&["apply"]),
        1,
        &["etc/config/kickstand, line 1"],
    );
}

#[test]
fn a_broken_configuration_is_told_by_status() {
    let tree = Tree::new(Some(GOOD)).with_service();
    tree.root.write("etc/config/kickstand", "config host 'a\n");
    let said = tree.run(&["status"]);
    assert_eq!(said.code, 0);
    assert!(
        said.out.contains("line 1") && said.out.contains("the last good settings are in use"),
        "{said:?}"
    );
    assert!(
        said.out.contains("r220a"),
        "the hosts are still there: {said:?}"
    );
}

#[test]
fn a_port_that_is_taken_is_named_with_the_option_to_change() {
    let tree = Tree::new(Some(GOOD));
    let taken = TcpListener::bind((tree.address, PORT)).expect("the port is free");
    assert_says(
        &tree.serve(),
        1,
        &[
            &format!("port {PORT} of {} is in use", tree.address),
            "kickstand.main.port",
        ],
    );
    drop(taken);
}

#[test]
fn a_service_that_is_switched_off_serves_nothing_and_ends_well() {
    let tree = Tree::new(Some(&GOOD.replace(
        "option interface 'lan'",
        "option interface 'lan'\n\toption enabled '0'",
    )));
    let said = tree.serve();
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.error.contains("kickstand.main.enabled is 0"),
        "{said:?}"
    );
}

#[test]
fn faults_name_section_option_value_and_what_is_allowed_all_at_once() {
    let config = GOOD.to_owned()
        + "config host 'twin'\n\tlist mac 'b8:ca:3a:00:00:01'\n\toption profile 'almalinux9'\n\
           config host 'lost'\n\tlist mac '52:54:00:00:00:02'\n\toption profile 'almalinux99'\n\
           config host 'typo'\n\tlist mac 'zz:54:00:00:00:03'\n\toption profile 'almalinux9'\n\toption adress '1'\n\
           config host 'fine'\n\tlist mac '52:54:00:00:00:04'\n\toption profile 'almalinux9'\n";
    let tree = Tree::new(Some(&config)).with_service();
    let said = tree.run(&["status"]);
    for part in [
        "host 'twin', option mac 'b8:ca:3a:00:00:01'",
        "belongs to 2 hosts ('r220a', 'twin')",
        "host 'lost', option profile 'almalinux99'",
        "is no profile (there are almalinux9)",
        "host 'typo', option mac 'zz:54:00:00:00:03'",
        "must be a MAC address such as",
        "host 'typo', option adress",
        "did you mean 'address'?",
    ] {
        assert!(said.out.contains(part), "no {part:?} in:\n{}", said.out);
    }
    for disabled in ["r220a", "twin", "lost", "typo"] {
        assert_says(
            &tree.run(&["arm", disabled]),
            1,
            &[&format!("host '{disabled}' cannot be used"), "line"],
        );
    }
    assert_eq!(tree.run(&["arm", "fine"]).code, 0);
}

#[test]
fn a_template_with_a_hole_refuses_the_arm_and_names_the_hole() {
    let tree = Tree::new(Some(&GOOD.replace("almalinux.ks", "mine.ks"))).with_service();
    assert_says(
        &tree.run(&["arm", "r220a"]),
        1,
        &["there is no template 'mine.ks'"],
    );
    tree.root.write(
        "www/kickstand/answers/mine.ks",
        "text\n{% include 'claim.ks' %}\nx {{ var.colour }}\n",
    );
    let parts = [
        "r220a is not armed, its installation would fail",
        "mine.ks, line 3",
        "var.colour is not set",
        "list var 'colour=…'",
    ];
    assert_says(&tree.run(&["arm", "r220a"]), 1, &parts);
    assert_says(
        &tree.run(&["render", "r220a"]),
        1,
        &["var.colour is not set"],
    );
    tree.root.write(
        "www/kickstand/answers/mine.ks",
        "text\n{% include 'claim.ks' %}\n",
    );
    let parts = [
        "r220a is not armed, its answer file has errors: line ",
        "[no-disk-plan]",
        "`kickstand check r220a` shows them, --force arms it all the same",
    ];
    assert_says(&tree.run(&["arm", "r220a"]), 1, &parts);
    let forced = tree.run(&["arm", "r220a", "--force"]);
    assert_eq!(forced.code, 0, "{forced:?}");
    assert!(
        forced
            .out
            .contains("note: armed although its answer file has errors: line "),
        "{forced:?}"
    );
}

#[test]
fn unknown_hosts_are_named_and_the_others_are_done() {
    let tree = Tree::new(Some(GOOD)).with_service();
    let said = tree.run(&["arm", "nobody", "r220a"]);
    assert_says(&said, 1, &["there is no host 'nobody' (hosts: r220a)"]);
    assert!(
        said.out.contains("r220a is armed for 2 h")
            && said.out.contains("WIPES /dev/disk/by-path/"),
        "{said:?}"
    );
    assert_eq!(
        tree.run(&["disarm", "ztphostname"]).out,
        "r220a is disarmed\n",
        "by its host name"
    );
    assert_says(
        &tree.run(&["disarm", "r220a"]),
        1,
        &["r220a: this host is not armed"],
    );
    assert_says(
        &tree.run(&["arm", "r220a", "--window", "5"]),
        1,
        &["window must be 60 to 604800 seconds"],
    );
    assert_says(
        &tree.run(&["explain", "nonsense"]),
        1,
        &["'nonsense' is no host and not a MAC address"],
    );
    assert_says(
        &tree.run(&["render", "r220a", "nonsense"]),
        1,
        &["answer, ipxe or args"],
    );
    assert_says(
        &tree.run(&["forget", "52:54:00:00:00:09"]),
        1,
        &["is not among the unknown machines"],
    );
    assert_says(
        &tree.run(&["adopt", "b8:ca:3a:00:00:01", "x", "almalinux9"]),
        1,
        &["is a card of host 'r220a' already"],
    );
    assert_says(
        &tree.run(&["adopt", "52:54:00:00:00:09", "x", "nope"]),
        1,
        &["there is no profile 'nope' (there are: almalinux9)"],
    );
}

#[test]
fn an_empty_router_says_what_to_do_first() {
    let tree =
        Tree::new(Some("config kickstand 'main'\n\toption interface 'lan'\n")).with_service();
    let said = tree.run(&["status"]);
    assert!(said.out.starts_with("No hosts yet."), "{said:?}");
    assert_says(
        &tree.run(&["arm", "web1"]),
        1,
        &["there is no host 'web1', and no other"],
    );
}

#[test]
fn a_reader_that_has_enough_is_no_fault() {
    let tree = Tree::new(Some(GOOD)).with_service();
    let root = tree.root.path().display();
    let line = format!(
        "'{}' --root '{root}' render r220a | head -n 1",
        env!("CARGO_BIN_EXE_kickstand")
    );
    let output = Command::new("sh")
        .args(["-c", &line])
        .output()
        .expect("sh runs");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}

#[test]
fn json_is_json_everywhere() {
    let tree = Tree::new(Some(GOOD)).with_service();
    for arguments in [
        &["status", "--json"][..],
        &["status", "r220a", "--json"],
        &["--json", "explain", "r220a"],
        &["render", "r220a", "ipxe", "--json"],
        &["arm", "r220a", "--json"],
        &["disarm", "r220a", "--json"],
    ] {
        let said = tree.run(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
        let parsed: serde_json::Value = serde_json::from_str(&said.out)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", said.out));
        assert!(parsed.is_object());
    }
}

#[test]
fn the_configuration_that_comes_with_kickstand_has_no_fault() {
    let shipped =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("files/kickstand/etc/config/kickstand");
    let text = std::fs::read_to_string(shipped).expect("it is in the repository");
    let tree = Tree::new(Some(&text)).with_service();
    let said = tree.run(&["status"]);
    assert!(!said.out.contains("Faults"), "{said:?}");
    // Its examples, with the hash sign taken away, have none either, but for what they leave out.
    let examples = text
        .replace("\n#config", "\nconfig")
        .replace("\n#\t", "\n\t")
        .replace("$6$…", "$6$salt$hash")
        .replace("AAAA… you", "AAAA you");
    tree.root.write("etc/config/kickstand", examples);
    let said = tree.run(&["status"]);
    assert!(
        said.out.contains("r220a") && !said.out.contains("Faults"),
        "{said:?}"
    );
}

#[test]
fn a_second_service_ends_at_once_and_leaves_the_first_alone() {
    let publish = "option hostname 'ztphostname'\n\toption publish '1'";
    let config = GOOD.replace("option hostname 'ztphostname'", publish);
    let tree = Tree::new(Some(&config)).with_service();
    assert_eq!(tree.run(&["arm", "r220a"]).code, 0);
    let published = tree
        .root
        .join("var/run/kickstand/published/kickstart-b8:ca:3a:00:00:01.cfg");
    let state =
        || std::fs::read(tree.root.join("etc/kickstand/state.json")).expect("it was written");
    let before = state();
    assert_says(&tree.serve(), 1, &["kickstand is running already"]);
    assert!(
        published.exists() && state() == before,
        "nothing was touched"
    );
    assert!(tree.run(&["status"]).out.contains("armed"));
}
