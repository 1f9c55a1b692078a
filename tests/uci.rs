//! Our reader of UCI against the real command: same files accepted, same content read.
//!
//! The command is libuci as crate libuci-sys 1.0.5 ships it, of 2021. What OpenWrt has shipped since 23.05 differs from it
//! in two points, and there the reader follows the newer one:
//!
//! - an option that is set again keeps its place (2021: moves to the end of its section);
//! - options below the third opening of a named section are read (2021: the file is refused).
//!
//! `UCI_COMMAND=/path/of/uci cargo test --test uci` compares with another build. Which of the two it is, the test finds out.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use kickstand::core::uci::{Document, Value, parse};
use kickstand_lab::parts;
use kickstand_lab::process::{Running, wait_until};
use kickstand_lab::scratch::Scratch;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

mod uci_support;
use uci_support::exported::{self, Package};
use uci_support::files;

/// Files that one run of the command reads.
const BATCH: usize = 1000;

/// Batches of each kind of file. Chosen for about ten seconds in an unoptimized build.
const BATCHES: usize = 4;

/// Far more than a batch takes, on any machine.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn lines_of_statements() {
    compare(files::written());
}

#[test]
fn lines_of_statements_with_some_bytes_changed() {
    compare(files::damaged());
}

#[test]
fn nothing_but_difficult_bytes() {
    compare(files::difficult());
}

/// Compares all that a strategy makes. Fails with the smallest file that shows a difference.
fn compare(strategy: impl Strategy<Value = Vec<u8>>) {
    let reference = Reference::new();
    let mut runner = TestRunner::deterministic();
    let mut accepted = 0;
    for _ in 0..BATCHES {
        let mut trees: Vec<_> = (0..BATCH)
            .map(|_| strategy.new_tree(&mut runner).expect("nothing is filtered"))
            .collect();
        let files: Vec<_> = trees.iter().map(ValueTree::current).collect();
        let verdicts = reference.read(&files);
        accepted += verdicts.iter().flatten().count();
        for ((tree, file), theirs) in trees.iter_mut().zip(&files).zip(verdicts) {
            if reference.difference(file, theirs).is_some() {
                panic!("{}", smallest(&reference, tree));
            }
        }
    }
    // A comparison of refusals alone would prove little.
    assert!(
        accepted * 20 > BATCHES * BATCH,
        "only {accepted} files were accepted"
    );
}

/// Lets proptest shrink a file for as long as there is a difference, and describes what is left.
fn smallest(reference: &Reference, tree: &mut impl ValueTree<Value = Vec<u8>>) -> String {
    let look = |file: Vec<u8>| {
        let theirs = reference.read(std::slice::from_ref(&file)).remove(0);
        let difference = reference.difference(&file, theirs)?;
        Some(format!(
            "{:?}\n{difference}",
            String::from_utf8_lossy(&file)
        ))
    };
    let mut found = look(tree.current()).expect("it was there a moment ago");
    while tree.simplify() {
        match look(tree.current()) {
            Some(smaller) => found = smaller,
            None if tree.complicate() => {}
            None => break,
        }
    }
    found
}

/// The real command and how it behaves.
struct Reference {
    command: PathBuf,
    /// Whether it is older than what OpenWrt ships since 23.05.
    is_old: bool,
}

impl Reference {
    fn new() -> Self {
        let mut reference = Reference {
            command: parts::uci(),
            is_old: false,
        };
        let third = b"config s n\nconfig s n\nconfig s n\noption a b\n".to_vec();
        reference.is_old = reference.read(&[third])[0].is_none();
        reference
    }

    /// What the command makes of each file; `None` where it refuses.
    fn read(&self, files: &[Vec<u8>]) -> Vec<Option<Package>> {
        let scratch = Scratch::new("uci");
        let names: Vec<_> = (0..files.len())
            .map(|index| format!("f{index:04}"))
            .collect();
        for (name, file) in names.iter().zip(files) {
            scratch.write(&format!("config/{name}"), file);
        }
        let named = exported::read(&self.export(&scratch, "-n", None));
        let unnamed = exported::read(&self.export(&scratch, "-N", None));
        let mut packages = exported::join(named, unnamed);
        names.iter().map(|name| packages.remove(name)).collect()
    }

    /// Output of `uci export`.
    fn export(&self, scratch: &Scratch, names: &str, package: Option<&str>) -> Vec<u8> {
        let (out, staged) = (scratch.join("out"), scratch.join("staged"));
        let mut command = Command::new(&self.command);
        command.args([names, "-c"]).arg(scratch.join("config"));
        command.arg("-t").arg(staged).arg("export").args(package);
        command
            .stdout(create(&out))
            .stderr(create(&scratch.join("err")));
        let mut running = Running::start(command.stdin(Stdio::null()));
        assert!(
            wait_until(LIMIT, || running.has_ended()),
            "{command:?} does not end"
        );
        let status = running.child().wait().expect("it has ended");
        assert!(status.code().is_some(), "{command:?}: {status}");
        fs::read(out).expect("it was just written")
    }

    /// Why a file is refused, in the command's own words.
    fn complaint(&self, file: &[u8]) -> String {
        let scratch = Scratch::new("uci");
        scratch.write("config/one", file);
        self.export(&scratch, "-n", Some("one"));
        fs::read_to_string(scratch.join("err")).expect("it was just written")
    }

    /// What differs between us and them, in words.
    fn difference(&self, file: &[u8], theirs: Option<Package>) -> Option<String> {
        match (parse(file), theirs) {
            (Err(_), None) => None,
            (Err(ours), Some(theirs)) => Some(format!("only we refuse: {ours}\n{theirs:#?}")),
            (Ok(ours), None) => {
                let complaint = self.complaint(file);
                // We refuse an option before the first section too: so this is the third opening of a section.
                let known = self.is_old && complaint.contains("before the first section");
                (!known).then(|| format!("only uci refuses: {complaint}\n{ours:#?}"))
            }
            (Ok(ours), Some(mut theirs)) => {
                let mut ours = package(&ours);
                if self.is_old {
                    exported::sort_options(&mut ours);
                    exported::sort_options(&mut theirs);
                }
                (ours != theirs).then(|| format!("ours: {ours:#?}\nuci: {theirs:#?}"))
            }
        }
    }
}

fn create(path: &Path) -> File {
    File::create(path).unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()))
}

/// Our document in the shape of what `uci export` tells.
fn package(document: &Document) -> Package {
    document
        .sections
        .iter()
        .map(|section| exported::Section {
            kind: section.kind.clone(),
            name: section.name.clone(),
            anonymous: section.anonymous,
            options: section
                .options
                .iter()
                .map(|option| match &option.value {
                    Value::Text(text) => (option.name.clone(), false, vec![text.clone()]),
                    Value::List(elements) => (option.name.clone(), true, elements.clone()),
                })
                .collect(),
        })
        .collect()
}

#[test]
fn the_reader_of_exports_understands_quotes_and_newlines() {
    let text = b"package a\n\nconfig it'\\''s 'n'\n\toption o 'x'\\''\n\nconfig y'\n\tlist l ''\n\tlist l 'z'\n\npackage b\n\n";
    let packages: BTreeMap<_, _> = exported::read(text);
    assert_eq!(packages["b"], []);
    assert_eq!(packages["a"][0].kind, "it's");
    assert_eq!(
        packages["a"][0].options,
        [
            ("o".into(), false, vec!["x'\n\nconfig y".into()]),
            ("l".into(), true, vec![String::new(), "z".into()])
        ]
    );
}
