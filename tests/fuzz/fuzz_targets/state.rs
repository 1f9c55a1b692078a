//! Any bytes as the state file: what was not written by kickstand arms nobody.
#![no_main]

use kickstand::core::lifecycle::Now;
use kickstand::core::state;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let now = Now {
        uptime: 1_000_000,
        wall: Some(1_800_000_000),
        router_start: "the start after the one that wrote it".to_owned(),
    };
    let loaded = state::load(Some(text), None, &now);
    for (name, record) in &loaded.state.hosts {
        assert!(record.live_arm(&now).is_none(), "{name} is armed");
    }
});
