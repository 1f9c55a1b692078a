//! Any bytes as an installer's log, by datagram and by stream: bounded, fit to be shown, and the same lines however a stream is cut.
#![no_main]

use kickstand::core::syslog::{Frames, LINE_BYTES, read};
use kickstand::core::watched::Watched;
use kickstand_fuzz::disturbs;
use libfuzzer_sys::fuzz_target;

/// The lines of a stream that comes in pieces of that many bytes.
fn lines(bytes: &[u8], piece: usize) -> Vec<Vec<u8>> {
    let mut frames = Frames::default();
    let mut found = Vec::new();
    for piece in bytes.chunks(piece) {
        frames.take(piece, |line| found.push(line.to_vec()));
    }
    frames.end(|line| found.push(line.to_vec()));
    found
}

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    let whole = lines(bytes, bytes.len().max(1));
    assert_eq!(lines(bytes, usize::from(piece).max(1)), whole);
    let mut seen = Watched::default();
    for line in whole.iter().map(Vec::as_slice).chain([bytes]) {
        let Some(line) = read(line) else { continue };
        let shown = line.shown();
        assert!(shown.len() <= 2 * LINE_BYTES && !shown.contains('\n') && !disturbs(&shown), "{shown:?}");
        assert!(line.severity <= 7);
        if let Some(sentence) = seen.take(&line, 1000, true) {
            assert!(!disturbs(&sentence), "{sentence:?}");
        }
    }
    let words = seen.step_words().unwrap_or_default();
    assert!(!disturbs(&words) && !disturbs(&seen.take_log()), "{words:?}");
});
