//! Any bytes as /etc/config/kickstand: settings or faults come out, and every fault can be told.
#![no_main]

use kickstand::core::{settings, uci};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if let Ok(document) = uci::parse(text) {
        let settings = settings::read(&document);
        for fault in &settings.faults {
            assert!(!fault.to_string().is_empty());
        }
        for host in settings.hosts.values() {
            assert!(!host.macs.is_empty(), "a host without a card");
            assert!(settings.profiles.contains_key(&host.profile), "a host without a profile");
        }
    }
});
