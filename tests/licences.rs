//! Where the program for routers comes from: crates of crates.io under licences that let anybody pass it on.
//!
//! Not its job: advisories, whose data are on the network (`make audit`).

use std::collections::BTreeSet;
use std::process::Command;

use kickstand_packager::cross::architectures::ARCHITECTURES;

/// Licences by their SPDX names. A new one wants a look first: at what it asks of a binary in a package.
const ALLOWED: [&str; 3] = ["Apache-2.0", "MIT", "Unicode-3.0"];

/// Name and version, and licence, of every crate that the program for routers is made with.
fn crates() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for architecture in ARCHITECTURES {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["tree", "--offline", "--locked", "--package", "kickstand"]);
        cargo.args([
            "--edges",
            "normal,build",
            "--target",
            architecture.rust_target,
        ]);
        cargo.args(["--prefix", "none", "--no-dedupe", "--format", "{p}\t{l}"]);
        let output = cargo
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let (name, licence) = line.split_once('\t').expect("the format has one");
            found.insert((name.to_owned(), licence.to_owned()));
        }
    }
    found
}

/// Whether an SPDX expression (its annex D) can be met with the licences that are allowed. `/` is an older form of OR.
fn is_met(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (met, rest) = any_of(&words);
    met && rest.is_empty()
}

fn any_of<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    let (mut met, mut rest) = all_of(words);
    while let ["OR", more @ ..] = rest {
        let (one, left) = all_of(more);
        (met, rest) = (met || one, left);
    }
    (met, rest)
}

fn all_of<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    let (mut met, mut rest) = single(words);
    while let ["AND", more @ ..] = rest {
        let (one, left) = single(more);
        (met, rest) = (met && one, left);
    }
    (met, rest)
}

fn single<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    match words {
        ["(", inner @ ..] => match any_of(inner) {
            (met, [")", rest @ ..]) => (met, rest),
            (_, rest) => (false, rest),
        },
        [name, rest @ ..] => (ALLOWED.contains(name), rest),
        [] => (false, words),
    }
}

#[test]
fn every_crate_in_the_program_has_a_licence_that_is_allowed() {
    let crates = crates();
    assert!(crates.len() > 20, "{crates:?}");
    for (name, licence) in &crates {
        assert!(is_met(licence), "{name}: '{licence}' is not in ALLOWED");
    }
}

#[test]
fn every_crate_comes_from_the_registry_or_is_ours() {
    for name in [
        "Cargo.lock",
        "tests/fuzz/Cargo.lock",
        "tests/lab/parts/Cargo.lock",
    ] {
        let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
        let lock = std::fs::read_to_string(path).expect("it is committed");
        for line in lock.lines().filter(|line| line.starts_with("source = ")) {
            let registry = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
            assert_eq!(line, registry, "{name}");
        }
    }
}

#[test]
fn an_expression_is_met_only_by_what_is_allowed() {
    for met in [
        "MIT",
        "MIT OR GPL-3.0-only",
        "GPL-2.0-only/MIT",
        "(MIT OR X) AND Unicode-3.0",
        "X AND Y OR MIT",
    ] {
        assert!(is_met(met), "{met}");
    }
    for not in [
        "",
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "MIT AND (X OR Y)",
        "(MIT",
        "MIT WITH X",
        "MIT X",
    ] {
        assert!(!is_met(not), "{not}");
    }
}
