//! The service under attack and under faults: nothing wrongly granted, nothing lost, no crash. `make hostile` tries more.

use kickstand_lab::hostile::{heading, line, run};

/// What the service may have in RAM whatever is done to it, in KiB: stated in SECURITY.md. The test's own build is larger than the
/// router's, and both stay below.
const MOST_MEMORY: u64 = 32 * 1024;

#[test]
fn nothing_is_granted_lost_or_crashed() {
    println!("{}", heading());
    let rows = run(env!("CARGO_BIN_EXE_kickstand"), 1, |row| {
        println!("{}", line(row))
    });
    for row in rows {
        assert!(row.is_clean(), "{row:?}");
        assert!(row.peak <= MOST_MEMORY, "{row:?}");
    }
}
