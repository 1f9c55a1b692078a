//! Any text as an answer file, of each kind: findings come out, at places that are in it.
#![no_main]

use kickstand::core::release::RELEASES;
use kickstand::core::settings::AnswerKind;
use kickstand::kickstart::check_answer;
use kickstand::kickstart::meaning::Surroundings;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str)| {
    let (choice, text) = input;
    let kind = match choice % 5 {
        0 => AnswerKind::Preseed,
        1 => AnswerKind::Autoinstall,
        _ => AnswerKind::Kickstart,
    };
    let release = RELEASES[usize::from(choice) % RELEASES.len()];
    let lines = text.split('\n').count();
    for finding in check_answer(kind, text, release, Surroundings::default()) {
        assert!((1..=lines.max(1)).contains(&finding.line), "{finding:?}");
        assert!(finding.column >= 1 && !finding.message.is_empty(), "{finding:?}");
    }
});
