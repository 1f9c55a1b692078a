//! Any query of a machine that boots: its facts are short lines, the same after a way through JSON, and none of their words becomes
//! a command of a script.
#![no_main]

use kickstand::core::ipxe;
use kickstand::core::machine::Machine;
use kickstand::core::settings::Leave;
use kickstand::core::target::Query;
use kickstand_fuzz::{ROUTER, disturbs, not_a_script};
use libfuzzer_sys::fuzz_target;

/// Longest fact, in characters.
const LONGEST: usize = 64;

fuzz_target!(|query: &str| {
    let Ok(machine) = Machine::from_query(&Query::parse(query)) else {
        return;
    };
    let facts = [&machine.uuid, &machine.serial, &machine.manufacturer, &machine.product];
    for fact in facts {
        assert!(fact.chars().count() <= LONGEST && !fact.contains('\n') && !disturbs(fact), "{fact:?}");
    }
    let text = serde_json::to_string(&machine).expect("a machine is JSON");
    assert_eq!(serde_json::from_str::<Machine>(&text).expect("it is read again"), machine);
    // What a script says of a machine is its facts, in a sentence.
    let why = format!("{} {} {}", machine.serial, machine.manufacturer, machine.product);
    for script in [
        ipxe::local(Leave::Exit, &why, &machine, ROUTER),
        ipxe::wait(&why, ROUTER),
        ipxe::refuse(&why),
    ] {
        assert_eq!(not_a_script(&script), None, "{script}");
        assert!(!script.contains("${") || !why.contains("${") || !script.contains(&why), "{script}");
    }
});
