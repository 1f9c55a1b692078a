//! Given a state file that cannot be written or was lost, this is what a restart of the service believes.

use std::fs;
use std::os::unix::fs::MetadataExt;

use kickstand::core::answer::Router;
use kickstand::core::lifecycle::{Now, Phase};
use kickstand::core::state;
use kickstand::host::paths::Paths;
use kickstand::serve::engine::Engine;
use kickstand_lab::flash;
use kickstand_lab::scratch::Scratch;
use serde_json::{Value, json};

const CARD: &str = "52:54:00:00:00:01";
const PROFILE: &str =
    "config profile 'p'\n\toption kernel 'http://m/k'\n\toption answer 'claims.ks'\n";

fn tree(host: &str) -> Scratch {
    let tree = Scratch::new("flash");
    tree.write("www/kickstand/answers/claims.ks", "event=claim\n");
    commit(&tree, host);
    tree
}

fn commit(tree: &Scratch, host: &str) {
    tree.write("etc/config/kickstand", format!("{PROFILE}{host}"));
}

fn host(more: &str) -> String {
    format!("config host 'h'\n\toption profile 'p'\n\toption mac '{CARD}'\n{more}")
}

fn start(tree: &Scratch) -> Engine {
    let mut engine = Engine::new(&Paths::new(tree.path())).expect("the engine starts");
    engine.serves_at(Router {
        address: [10, 33, 1, 1].into(),
        port: 8067,
    });
    engine
}

#[test]
fn an_arm_that_was_taken_back_stays_so_when_that_could_not_be_written() {
    let tree = tree(&host(""));
    let mut engine = start(&tree);
    arm(&mut engine);
    flash::block(tree.path());
    let told = engine.call("disarm", &json!({"host": "h"}));
    assert_not_written(&told);
    assert_eq!(engine.record("h").phase, Phase::Idle);
    drop(engine);
    let engine = start(&tree);
    assert_eq!(
        engine.record("h").arm,
        None,
        "after a restart with the flash still blocked"
    );
    drop(engine);
    flash::free(tree.path());
    assert_eq!(
        start(&tree).record("h").arm,
        None,
        "after a restart with the flash freed"
    );
}

#[test]
fn an_arm_that_cannot_be_written_is_none() {
    let tree = tree(&host(""));
    let mut engine = start(&tree);
    flash::block(tree.path());
    let told = engine.call("arm", &json!({"host": "h", "force": true}));
    assert_not_written(&told);
    assert_eq!(engine.record("h").phase, Phase::Idle);
    drop(engine);
    flash::free(tree.path());
    let mut engine = start(&tree);
    assert_eq!(engine.record("h").arm, None);
    // And then it works again.
    arm(&mut engine);
}

#[test]
fn a_later_write_that_succeeds_makes_the_file_count_again() {
    let tree = tree(&host(""));
    let mut engine = start(&tree);
    flash::block(tree.path());
    engine.call("arm", &json!({"host": "h", "force": true}));
    flash::free(tree.path());
    engine.call("arm", &json!({"host": "h", "force": true}));
    drop(engine);
    assert_eq!(start(&tree).record("h").phase, Phase::Armed);
}

#[test]
fn hosts_are_not_new_because_the_state_was_lost_while_their_configuration_was_broken() {
    let once = host("\toption install 'once'\n");
    let tree = tree(&once);
    drop(start(&tree));
    fs::remove_file(tree.join("etc/kickstand/state.json")).expect("it was written");
    tree.write("etc/config/kickstand", "config host 'h\n");
    drop(start(&tree));
    let mut engine = start(&tree);
    commit(&tree, &once);
    engine.refresh();
    assert!(
        engine.record("h").note.contains("install 'once' is off"),
        "{:?}",
        engine.record("h")
    );
    drop(engine);
    assert!(
        start(&tree)
            .record("h")
            .note
            .contains("install 'once' is off")
    );
}

#[test]
fn an_arm_waits_for_a_configuration_that_is_broken_when_the_service_starts() {
    let tree = tree(&host(""));
    let mut engine = start(&tree);
    arm(&mut engine);
    drop(engine);
    tree.write("etc/config/kickstand", "config host 'h\n");
    let mut engine = start(&tree);
    assert_eq!(engine.call("status", &json!({}))["hosts"], json!([]));
    commit(&tree, &host(""));
    engine.refresh();
    assert_eq!(engine.record("h").phase, Phase::Armed);
}

const STATE: &str = "etc/kickstand/state.json";

fn state_of(tree: &Scratch) -> String {
    fs::read_to_string(tree.join(STATE)).expect("it was written")
}

/// The state could not be written, and that is told.
fn assert_not_written(told: &Value) {
    let error = told["error"].as_str();
    assert!(
        error.is_some_and(|error| error.contains("cannot write")),
        "{told}"
    );
}

fn arm(engine: &mut Engine) {
    let told = engine.call("arm", &json!({"host": "h", "force": true}));
    assert_eq!(told["host"], "h", "{told}");
}

fn disarm(engine: &mut Engine) {
    let told = engine.call("disarm", &json!({"host": "h"}));
    assert_eq!(told["error"], json!(null), "{told}");
}

#[test]
fn a_step_of_a_host_is_a_line_more() {
    let tree = tree(&host(""));
    let mut engine = start(&tree);
    let before = state_of(&tree);
    arm(&mut engine);
    disarm(&mut engine);
    let after = state_of(&tree);
    assert!(after.starts_with(&before), "{after}");
    assert_eq!(after.lines().count(), before.lines().count() + 2, "{after}");
    arm(&mut engine);
    drop(engine);
    assert_eq!(start(&tree).record("h").phase, Phase::Armed);
}

#[test]
fn the_file_is_written_whole_again_before_it_grows_without_end() {
    let tree = tree(&host(""));
    let mut engine = start(&tree);
    let longest = (0..200).map(|_| {
        arm(&mut engine);
        disarm(&mut engine);
        state_of(&tree).len()
    });
    let longest = longest.max().unwrap_or_default();
    assert!((10_000..20_000).contains(&longest), "{longest} bytes");
    arm(&mut engine);
    drop(engine);
    assert_eq!(start(&tree).record("h").phase, Phase::Armed);
}

#[test]
fn a_line_that_came_half_ends_every_arm_and_leaves_what_was_before() {
    let tree = tree(&host(""));
    let mut engine = start(&tree);
    arm(&mut engine);
    drop(engine);
    let text = state_of(&tree);
    tree.write(STATE, &text[..text.len() - 1]);
    let mut engine = start(&tree);
    assert_eq!(engine.record("h").arm, None);
    let warnings = engine.call("status", &json!({}))["warnings"].to_string();
    assert!(
        warnings.contains("damaged after its first line"),
        "{warnings}"
    );
    assert!(tree.join("etc/kickstand/state.json.damaged").exists());
    arm(&mut engine);
    drop(engine);
    assert_eq!(start(&tree).record("h").phase, Phase::Armed);
}

#[test]
fn to_a_file_that_somebody_put_in_its_place_nothing_is_added() {
    let tree = tree(&host(""));
    let mut engine = start(&tree);
    let old = state_of(&tree);
    arm(&mut engine);
    fs::remove_file(tree.join(STATE)).expect("it was written");
    tree.write(STATE, &old);
    disarm(&mut engine);
    assert_eq!(state_of(&tree).lines().count(), 1);
    drop(engine);
    let mut engine = start(&tree);
    let inode = || fs::metadata(tree.join(STATE)).expect("it is there").ino();
    let before = inode();
    arm(&mut engine);
    assert_eq!(inode(), before, "and then lines are added again");
}

#[test]
fn no_byte_of_it_can_change_and_leave_an_arm() {
    let tree = tree(&host(""));
    tree.write("proc/sys/kernel/random/boot_id", "this start\n");
    let mut engine = start(&tree);
    arm(&mut engine);
    disarm(&mut engine);
    arm(&mut engine);
    let text = state_of(&tree).into_bytes();
    let now = Now {
        router_start: "this start".to_owned(),
        uptime: 0,
        wall: None,
    };
    let written = fs::read_to_string(tree.join("var/run/kickstand/written")).expect("a number");
    let written = written.trim().parse().ok();
    let is_armed = |text: &[u8]| {
        let loaded = state::load(Some(text), written, &now);
        let armed = loaded.state.hosts["h"].live_arm(&now).is_some();
        (loaded.sound, armed)
    };
    assert_eq!(is_armed(&text), (true, true));
    for at in 0..text.len() {
        let mut text = text.clone();
        text[at] ^= 1 << (at % 8);
        let loaded = state::load(Some(&text), written, &now);
        let mut records = loaded.state.hosts.values();
        assert!(!loaded.sound, "byte {at}");
        assert!(records.all(|record| record.arm.is_none()), "byte {at}");
    }
}

/// The arm is in the file by then, and only the note in RAM that vouches for the file is missing.
#[test]
fn an_arm_that_was_refused_does_not_come_back_with_what_is_written_of_another_host() {
    let other = "config host 'g'\n\toption profile 'p'\n\toption mac '52:54:00:00:00:02'\n";
    let tree = tree(&(host("") + other));
    let mut engine = start(&tree);
    arm(&mut engine);
    disarm(&mut engine);
    let in_the_way = tree.join("var/run/kickstand/written.new");
    fs::create_dir_all(in_the_way.join("a folder")).expect("a folder can be made");
    let told = engine.call("arm", &json!({"host": "h", "force": true}));
    assert_not_written(&told);
    fs::remove_dir_all(&in_the_way).expect("it was made");
    let told = engine.call("arm", &json!({"host": "g", "force": true}));
    assert_eq!(told["error"], Value::Null, "{told}");
    drop(engine);
    let engine = start(&tree);
    assert_eq!(engine.record("h").phase, Phase::Idle);
    assert_eq!(engine.record("g").phase, Phase::Armed);
}

const KEYS: &str = "config kickstand 'main'\n\toption ssh_host_keys '1'\n";

#[test]
fn a_key_that_is_to_be_forgotten_is_forgotten_when_the_flash_takes_writes_again() {
    let tree = tree(&(host("") + KEYS));
    tree.write("proc/uptime", "1000.00 1.0\n");
    let mut engine = start(&tree);
    arm(&mut engine);
    disarm(&mut engine);
    assert!(state_of(&tree).contains("seed"));
    flash::block(tree.path());
    tree.write("proc/uptime", "1061.00 1.0\n");
    engine.refresh();
    flash::free(tree.path());
    let warnings = |engine: &mut Engine| engine.call("status", &json!({}))["warnings"].clone();
    assert_ne!(warnings(&mut engine), json!([]));
    assert!(engine.next_due().is_some_and(|due| due <= 60_000));
    tree.write("proc/uptime", "1122.00 1.0\n");
    engine.refresh();
    assert!(!state_of(&tree).contains("seed"));
    assert_eq!(warnings(&mut engine), json!([]));
    let again = engine.next_due();
    assert!(
        again.is_none_or(|due| due > 60_000),
        "{again:?}: only the window of the arm that was"
    );
}

#[test]
fn a_service_that_ends_forgets_at_once_what_is_to_be_forgotten() {
    let tree = tree(&(host("") + KEYS));
    let mut engine = start(&tree);
    arm(&mut engine);
    disarm(&mut engine);
    engine.end();
    assert!(!state_of(&tree).contains("seed"));
}

#[test]
fn the_copy_of_a_damaged_file_has_no_secrets() {
    let tree = tree(&(host("") + KEYS));
    let mut engine = start(&tree);
    arm(&mut engine);
    let token = engine
        .record("h")
        .arm
        .expect("it is armed")
        .token
        .reveal()
        .to_owned();
    drop(engine);
    let text = state_of(&tree);
    assert!(text.contains(&token) && text.contains("seed"));
    tree.write(STATE, &text[..text.len() - 1]);
    drop(start(&tree));
    let copy = fs::read_to_string(tree.join("etc/kickstand/state.json.damaged")).expect("a text");
    assert!(
        !copy.contains(&token) && copy.contains("\"seed\":\"…\""),
        "{copy}"
    );
    assert!(copy.contains("\"h\""), "{copy}");
}

#[test]
fn one_look_at_the_clock_that_fails_ends_no_arm() {
    let tree = tree(&host(""));
    tree.write("proc/uptime", "1000.00 1.0\n");
    let mut engine = start(&tree);
    arm(&mut engine);
    tree.write("proc/uptime", "");
    engine.refresh();
    tree.write("proc/uptime", "1001.00 1.0\n");
    engine.refresh();
    assert_eq!(engine.record("h").phase, Phase::Armed);
}

#[test]
fn published_files_that_could_not_be_written_are_all_written_with_the_next_change_of_one() {
    let publish = "\toption publish '1'\n";
    let two = host(publish)
        + "config host 'g'\n\toption profile 'p'\n\toption mac '52:54:00:00:00:02'\n"
        + publish;
    let tree = tree(&two);
    let mut engine = start(&tree);
    arm(&mut engine);
    let told = engine.call("arm", &json!({"host": "g", "force": true}));
    assert_eq!(told["error"], Value::Null, "{told}");
    let folder = tree.join("var/run/kickstand/published");
    let files = || fs::read_dir(&folder).map_or(0, Iterator::count);
    let open = |engine: &mut Engine| {
        let status = engine.call("status", &json!({}));
        let hosts = status["hosts"].as_array().cloned().unwrap_or_default();
        let open = hosts.iter().filter(|host| host["open"] == true).count();
        (open, status["warnings"].to_string().contains("published"))
    };
    assert_eq!((files(), open(&mut engine)), (2, (2, false)));
    // Something is in the way while the settings are read again.
    fs::remove_dir_all(&folder).expect("it is there");
    fs::write(&folder, "").expect("it can be written");
    commit(&tree, &(two + "# changed\n"));
    engine.refresh();
    assert_eq!(open(&mut engine), (0, true));
    fs::remove_file(&folder).expect("it is there");
    arm(&mut engine);
    assert_eq!((files(), open(&mut engine)), (2, (2, false)));
}
