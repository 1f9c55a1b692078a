//! pykickstart, asked by a driver in Python, and tables of docs/kickstart-check.md that tests hold.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use kickstand_lab::parts;

const DRIVER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/kickstart_support/pykickstart_driver.py"
);
const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kickstart-check.md");

/// What the driver writes in a mode, given a text on its input.
pub fn driver(mode: &str, releases: &[&str], input: &str) -> String {
    let mut driver = Command::new(parts::ksvalidator().with_file_name("python"))
        .arg(DRIVER)
        .arg(mode)
        .args(releases)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut pipe = driver.stdin.take().expect("a pipe");
    let input = input.to_owned();
    // Beside reading: both pipes would fill up otherwise.
    let writer = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let output = driver.wait_with_output().expect("Python ends");
    writer
        .join()
        .expect("the writer ends")
        .expect("Python reads");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("JSON is UTF-8")
}

/// Holds that the docs have this table between their marks. With KICKSTAND_WRITE_DOCS set, puts it there.
pub fn hold_table(name: &str, table: &str) {
    let docs = fs::read_to_string(DOCS).expect("the docs are there");
    let (begin, end) = (
        format!("<!-- {name} -->\n"),
        format!("<!-- end of {name} -->"),
    );
    let (before, rest) = docs
        .split_once(&begin)
        .expect("the table's begin is marked");
    let (current, after) = rest.split_once(&end).expect("the table's end is marked");
    if std::env::var_os("KICKSTAND_WRITE_DOCS").is_some() {
        fs::write(DOCS, format!("{before}{begin}{table}{end}{after}"))
            .expect("the docs can be written");
        return;
    }
    assert_eq!(
        current, table,
        "docs/kickstart-check.md is old: run this test with KICKSTAND_WRITE_DOCS=1"
    );
}
