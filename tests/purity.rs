//! The core stays pure: given its sources, none of them names a shell or a part of the system.

use std::fs;
use std::path::{Path, PathBuf};

/// What the core must not name, with what it would be needed for.
const FORBIDDEN: [(&str, &str); 19] = [
    ("crate::host", "a shell"),
    ("crate::serve", "a shell"),
    ("crate::cli", "a shell"),
    ("std::fs", "files"),
    ("std::env", "the environment"),
    ("std::process", "processes"),
    ("std::thread", "threads"),
    ("std::os", "the system"),
    ("std::io", "input and output"),
    ("std::time", "a clock"),
    ("SystemTime", "a clock"),
    ("Instant", "a clock"),
    ("getrandom", "randomness"),
    ("tokio", "the runtime"),
    ("hyper", "HTTP"),
    ("rustix", "the system"),
    ("println!", "input and output"),
    ("eprintln!", "input and output"),
    ("log::", "the log"),
];

/// What of `std::net` is plain data.
const ADDRESSES: [&str; 4] = ["Ipv4Addr", "Ipv6Addr", "IpAddr", "AddrParseError"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// What is wrong with a source text, by line.
fn faults(text: &str) -> Vec<String> {
    // A `use` over several lines or with braces is put in one line, without blanks: std::{fs,net::Ipv4Addr}.
    let mut code = String::new();
    for line in text.lines() {
        code.push_str(line.split("//").next().unwrap_or_default());
        code.push('\n');
    }
    let mut faults = Vec::new();
    for statement in code.split(';') {
        let words = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = words
            .replace(", ", ",")
            .replace("{ ", "{")
            .replace(" }", "}");
        for path in paths(&words) {
            for (name, need) in FORBIDDEN {
                if mentions(&path, name) {
                    faults.push(format!("{path}: {need}"));
                }
            }
            if let Some((_, rest)) = path.split_once("std::net::") {
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
                if !ADDRESSES.contains(&name.as_str()) {
                    faults.push(format!("{path}: sockets"));
                }
            } else if path.ends_with("std::net") {
                faults.push(format!("{path}: sockets"));
            }
        }
    }
    faults
}

/// Whether a path has that name in it as a whole.
fn mentions(path: &str, name: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    path.match_indices(name).any(|(start, _)| {
        let before = path[..start].chars().next_back().is_some_and(inside);
        let after = path[start + name.len()..]
            .chars()
            .next()
            .is_some_and(inside);
        !before && (!after || name.ends_with(':'))
    })
}

/// A statement, and its imports with their braces resolved.
fn paths(statement: &str) -> Vec<String> {
    let groups = ["std::{", "crate::{"];
    let Some(start) = groups.iter().find_map(|group| statement.find(group)) else {
        return net_group(statement);
    };
    let open = start + statement[start..].find('{').unwrap_or_default();
    let prefix = &statement[start..open];
    let mut depth = 0;
    let mut items = vec![String::new()];
    for c in statement[open + 1..].chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(String::new());
                continue;
            }
            _ => {}
        }
        items.last_mut().expect("never empty").push(c);
    }
    items
        .iter()
        .flat_map(|item| net_group(&format!("{prefix}{item}")))
        .collect()
}

/// `std::net::{A,B}` as one path for each.
fn net_group(path: &str) -> Vec<String> {
    match path.split_once("std::net::{") {
        Some((_, rest)) => {
            let inside = rest.split('}').next().unwrap_or_default();
            inside
                .split(',')
                .filter(|name| !name.is_empty())
                .map(|name| format!("std::net::{name}"))
                .collect()
        }
        None => vec![path.to_owned()],
    }
}

#[test]
fn the_core_names_no_shell() {
    let mut files = Vec::new();
    for folder in ["src/core", "src/kickstart"] {
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut files,
        );
    }
    assert!(files.len() > 40, "{files:?}");
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("it is readable");
        wrong.extend(
            faults(&text)
                .into_iter()
                .map(|fault| format!("{}: {fault}", file.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_way_to_name_a_shell_is_seen() {
    for text in [
        "use std::fs;",
        "use std::{collections::BTreeMap, fs};",
        "use std::{\n    fmt,\n    net::TcpStream,\n};",
        "use std::net::{Ipv4Addr, UdpSocket};",
        "use std::net::TcpListener;",
        "use std::net;",
        "fn f() { std::env::var(\"x\") }",
        "use crate::{core, host};",
        "use crate::host::paths::Paths;",
        "use crate::serve::engine;",
        "let now = std::time::SystemTime::now();",
        "use std::time::Instant;",
        "use tokio::net::TcpStream;",
        "fn f() { std::thread::sleep(x) }",
    ] {
        assert!(!faults(text).is_empty(), "{text}");
    }
    for text in [
        "use std::net::{Ipv4Addr, Ipv6Addr};",
        "pub dns: Vec<std::net::IpAddr>,",
        "use std::{collections::BTreeMap, fmt};",
        "use super::host_values; // std::fs",
        "fn instance(hostname: &str) {}",
        "/// Not its job: files (`host::state_file`).",
        "use crate::core::settings::Host;",
    ] {
        assert_eq!(faults(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn one_file_names_hyper() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    let named = |path: &&PathBuf| {
        fs::read_to_string(path)
            .expect("a source file")
            .contains("hyper::")
    };
    let names: Vec<String> = files
        .iter()
        .filter(named)
        .map(|path| path.display().to_string())
        .collect();
    assert!(
        names.len() == 1 && names[0].ends_with("src/serve/http.rs"),
        "{names:?}"
    );
}
