//! Given a state file that cannot be written or was lost, this is what a restart of the service believes.

use std::fs;

use kickstand::core::answer::Router;
use kickstand::core::lifecycle::Phase;
use kickstand::host::paths::Paths;
use kickstand::serve::engine::Engine;
use kickstand_lab::scratch::Scratch;
use serde_json::json;

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

/// Makes every write of the state fail, for root too: what it writes beside the file is a folder with something in it.
fn block_flash(tree: &Scratch) {
    tree.write("etc/kickstand/state.json.new/in the way", "");
}

fn free_flash(tree: &Scratch) {
    fs::remove_dir_all(tree.join("etc/kickstand/state.json.new")).expect("it was blocked");
}

#[test]
fn an_arm_that_was_taken_back_stays_so_when_that_could_not_be_written() {
    let tree = tree(&host(""));
    let mut engine = start(&tree);
    assert_eq!(
        engine.call("arm", &json!({"host": "h", "force": true}))["host"],
        "h"
    );
    block_flash(&tree);
    let told = engine.call("disarm", &json!({"host": "h"}));
    assert!(
        told["error"]
            .as_str()
            .is_some_and(|error| error.contains("cannot write")),
        "{told}"
    );
    assert_eq!(engine.record("h").phase, Phase::Idle);
    drop(engine);
    let engine = start(&tree);
    assert_eq!(
        engine.record("h").arm,
        None,
        "after a restart with the flash still blocked"
    );
    drop(engine);
    free_flash(&tree);
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
    block_flash(&tree);
    let told = engine.call("arm", &json!({"host": "h", "force": true}));
    assert!(
        told["error"]
            .as_str()
            .is_some_and(|error| error.contains("cannot write")),
        "{told}"
    );
    assert_eq!(engine.record("h").phase, Phase::Idle);
    drop(engine);
    free_flash(&tree);
    let mut engine = start(&tree);
    assert_eq!(engine.record("h").arm, None);
    assert_eq!(
        engine.call("arm", &json!({"host": "h", "force": true}))["host"],
        "h",
        "and then it works again"
    );
}

#[test]
fn a_later_write_that_succeeds_makes_the_file_count_again() {
    let tree = tree(&host(""));
    let mut engine = start(&tree);
    block_flash(&tree);
    engine.call("arm", &json!({"host": "h", "force": true}));
    free_flash(&tree);
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
    assert_eq!(
        engine.call("arm", &json!({"host": "h", "force": true}))["host"],
        "h"
    );
    drop(engine);
    tree.write("etc/config/kickstand", "config host 'h\n");
    let mut engine = start(&tree);
    assert_eq!(engine.call("status", &json!({}))["hosts"], json!([]));
    commit(&tree, &host(""));
    engine.refresh();
    assert_eq!(engine.record("h").phase, Phase::Armed);
}
