//! Tests of the stand-in installer's shell functions that need no machine: the grammar of kickstarts.
//!
//! Not their job: disks and networks. Those are seen in a whole installation.

use std::process::Command;

use crate::process::run;

/// What a line of shell prints that can use the functions of kickstart.sh.
fn shell(line: &str) -> String {
    let functions = include_str!("../installer/kickstart.sh");
    run(Command::new("sh").args(["-c", &format!("{functions}\n{line}")])).expect("sh runs")
}

#[test]
fn words_keep_dollars_and_quoted_blanks() {
    let line = r#"user --name=kenneth --password=$6$co/r$fN.x/ --gecos="Ken \"K\" N" 'a b'# x"#;
    let printed = shell(&format!(
        "cat <<'END' | words\n{}\nEND",
        line.replace("# x", " # a comment")
    ));
    let expected = [
        "user",
        "--name=kenneth",
        "--password=$6$co/r$fN.x/",
        "--gecos=Ken \"K\" N",
        "a b",
    ];
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_quote_that_does_not_close_is_a_fault() {
    assert_eq!(
        shell("echo 'lang \"en_US' | words >/dev/null || echo fault"),
        "fault\n"
    );
}

#[test]
fn options_are_found_in_both_forms() {
    let printed = shell(
        "option log --erroronfail --log=/tmp/a; option log --log /tmp/b; option log --logs=/c || echo none",
    );
    assert_eq!(printed, "/tmp/a\n/tmp/b\nnone\n");
    assert_eq!(
        shell("has grow --grower || echo no; has grow --grow && echo yes"),
        "no\nyes\n"
    );
}
