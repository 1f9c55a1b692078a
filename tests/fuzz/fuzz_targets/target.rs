//! Any HTTP target: what is decoded of its path cannot leave a folder, and its query is bounded.
#![no_main]

use kickstand::core::target::{Query, path_names};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|target: &str| {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if let Some(names) = path_names(path) {
        for name in &names {
            assert!(!name.is_empty() && name != "." && name != "..", "{names:?}");
            assert!(!name.contains(['/', '\\', '\0', '\n']), "{names:?}");
        }
        // Decoded once: as many names as there are slashes.
        assert!(names.len() <= path.matches('/').count(), "{names:?}");
    }
    let read = Query::parse(query);
    for part in query.split('&').take(8) {
        let name = part.split('=').next().unwrap_or_default();
        if let Some(value) = read.get(name) {
            assert!(value.len() <= 3 * query.len(), "{value}");
        }
    }
});
