//! Holds that the core is pure: nothing below src/core imports a shell, a clock, a file, a socket or a thread.
//!
//! A look at the text, not at types: it catches what somebody writes without thinking, which is how purity is lost.

use std::fs;
use std::path::{Path, PathBuf};

/// What may not be named in the core. Addresses of `std::net` are plain values; its sockets are not.
const FORBIDDEN: [&str; 20] = [
    "crate::host",
    "crate::serve",
    "crate::cli",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::io",
    "std::time",
    "std::os",
    "Instant::now",
    "SystemTime",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "tokio",
    "hyper",
    "getrandom",
    "log::",
    "println!",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src/core is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The lines of code that name something forbidden. Comments may speak of anything; `use super::super::…` may not lead out.
fn offences(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("a source file");
    let code = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.filter(|(_, line)| FORBIDDEN.iter().any(|name| line.contains(name)))
        .map(|(index, line)| format!("{}:{}: {}", path.display(), index + 1, line.trim()))
        .collect()
}

#[test]
fn the_core_imports_no_shell() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/core"),
        &mut files,
    );
    assert!(
        files.len() > 20,
        "src/core has more files than {}",
        files.len()
    );
    let offences: Vec<String> = files.iter().flat_map(|path| offences(path)).collect();
    assert!(
        offences.is_empty(),
        "the core is not pure:\n{}",
        offences.join("\n")
    );
}

#[test]
fn one_file_names_hyper() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    let names: Vec<String> = files
        .iter()
        .filter(|path| {
            fs::read_to_string(path)
                .expect("a source file")
                .contains("hyper::")
        })
        .map(|path| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(names, ["http.rs"]);
}
