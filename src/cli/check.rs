//! `kickstand check`: what is wrong with an answer file, before a machine is powered on.
//!
//! A word that is a host's name is checked as that host would get it; any other is a file. Not its job: the checks
//! (`crate::kickstart`).

use std::io::Read;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::output::print;
use super::status::every_page;
use super::{Failure, Invocation, client};
use crate::core::replies::CheckReply;
use crate::core::settings::AnswerKind;
use crate::host::paths::Paths;
use crate::kickstart::finding::{Finding, Severity};
use crate::kickstart::meaning::Surroundings;
use crate::kickstart::release::{RELEASES, Release};
use crate::kickstart::{check_answer, guess};

/// Largest file that is checked, in bytes: the service takes no larger ones, and a router has little memory.
const LARGEST_FILE: u64 = 4 << 20;

/// Longest source line that is shown, in characters: a terminal has few more.
const LONGEST_LINE: usize = 160;

/// What is checked, and what came out.
struct Checked {
    /// As the user named it.
    name: String,
    release: Option<Release>,
    /// How the release was found, when the user did not say it.
    assumed: Option<String>,
    text: String,
    findings: Vec<Finding>,
}

/// Options of the command.
struct Options {
    release: Option<Release>,
    kind: Option<AnswerKind>,
}

pub fn run(mut invocation: Invocation) -> Result<ExitCode, Failure> {
    let release = invocation
        .arguments
        .opt_value_from_str::<_, String>("--release")?;
    let kind = invocation
        .arguments
        .opt_value_from_str::<_, String>("--kind")?;
    let options = Options {
        release: release.map(|word| parse_release(&word)).transpose()?,
        kind: kind.map(|word| parse_kind(&word)).transpose()?,
    };
    let (paths, as_json) = (invocation.paths.clone(), invocation.json);
    let mut words = Vec::new();
    while let Some(word) = invocation.arguments.opt_free_from_str::<String>()? {
        if word.starts_with('-') && word != "-" {
            return Err(Failure::Usage(format!("there is no option {word} here")));
        }
        words.push(word);
    }
    if words.is_empty() {
        let hosts = every_page(&paths)?.hosts;
        words.extend(hosts.into_iter().map(|host| host.name));
    }
    let several = words.len() > 1;
    let mut replies = Vec::new();
    let mut errors = 0;
    let mut failed = false;
    for word in &words {
        match check_word(&paths, word, &options) {
            Ok(checked) => {
                errors += checked.count(Severity::Error);
                match as_json {
                    true => replies.push(checked.json()),
                    false => print(&checked.words()),
                }
            }
            Err(Failure::Failed(why)) => {
                super::complain(1, &why);
                failed = true;
            }
            Err(other) => return Err(other),
        }
    }
    if as_json {
        let reply = match replies.len() {
            1 if !several => replies.remove(0),
            _ => Value::Array(replies),
        };
        print(&format!("{reply:#}\n"));
    }
    Ok(ExitCode::from(u8::from(errors > 0 || failed)))
}

fn parse_release(word: &str) -> Result<Release, Failure> {
    Release::parse(word).ok_or_else(|| {
        let known: Vec<&str> = RELEASES.iter().map(|release| release.name()).collect();
        Failure::Usage(format!(
            "'{word}' is no release that is known ({}; AlmaLinux9, Rocky9 and the like are RHEL9)",
            known.join(", ")
        ))
    })
}

fn parse_kind(word: &str) -> Result<AnswerKind, Failure> {
    match word {
        "kickstart" => Ok(AnswerKind::Kickstart),
        "preseed" => Ok(AnswerKind::Preseed),
        "autoinstall" => Ok(AnswerKind::Autoinstall),
        _ => Err(Failure::Usage(format!(
            "'{word}' is no kind of answer file (kickstart, preseed, autoinstall)"
        ))),
    }
}

fn check_word(paths: &Paths, word: &str, options: &Options) -> Result<Checked, Failure> {
    let is_file = word == "-"
        || word.contains('/')
        || std::path::Path::new(word).exists()
        || word.contains('.');
    if is_file {
        return check_file(word, options);
    }
    let release = options.release.map(Release::name);
    let reply: CheckReply =
        client::ask(paths, "check", &json!({ "host": word, "release": release }))?;
    Ok(Checked {
        name: reply.host,
        release: Release::parse(&reply.release),
        assumed: Some(reply.release_from),
        text: reply.text,
        findings: reply.problems.into_iter().map(Into::into).collect(),
    })
}

fn check_file(name: &str, options: &Options) -> Result<Checked, Failure> {
    let text = read(name)?;
    if text.trim().is_empty() {
        return Err(Failure::Failed(format!("{name} is empty")));
    }
    let kind = options.kind.unwrap_or_else(|| guess::kind(&text));
    let (release, assumed) = match options.release {
        Some(release) => (release, None),
        None => {
            let (release, why) = guess::release_or_default(&text);
            (release, Some(why.to_owned()))
        }
    };
    let findings = check_answer(kind, &text, release, Surroundings::default());
    let is_kickstart = kind == AnswerKind::Kickstart;
    Ok(Checked {
        name: name.to_owned(),
        release: is_kickstart.then_some(release),
        assumed: assumed.filter(|_| is_kickstart),
        text,
        findings,
    })
}

fn read(name: &str) -> Result<String, Failure> {
    let failed =
        |why: &dyn std::fmt::Display| Failure::Failed(format!("cannot read {name}: {why}"));
    let mut bytes = Vec::new();
    let read = match name {
        "-" => std::io::stdin()
            .lock()
            .take(LARGEST_FILE + 1)
            .read_to_end(&mut bytes),
        path => std::fs::File::open(path)
            .and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|error| failed(&error))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(failed(&format!(
            "it is larger than {} MiB",
            LARGEST_FILE >> 20
        )));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        failed(&format!(
            "line {line} is not UTF-8, which the installer refuses"
        ))
    })
}

impl Checked {
    fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }

    fn json(&self) -> Value {
        json!({
            "file": self.name,
            "release": self.release.map(Release::name),
            "findings": self.findings,
        })
    }

    /// As rustc shows its findings, which people know.
    fn words(&self) -> String {
        let lines: Vec<&str> = self.text.split('\n').collect();
        let shown: String = self
            .findings
            .iter()
            .map(|finding| show(&self.name, finding, &lines))
            .collect();
        shown + &self.summary()
    }

    fn summary(&self) -> String {
        let release = match (self.release, &self.assumed) {
            (Some(release), Some(why)) => format!(" (checked as {release}, {why})"),
            (Some(release), None) => format!(" (checked as {release})"),
            (None, _) => String::new(),
        };
        let count = |severity: Severity| {
            let count = self.count(severity);
            let plural = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{count} {severity}{plural}"))
        };
        let counts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
            .into_iter()
            .filter_map(count)
            .collect();
        match counts.is_empty() {
            true => format!("{}: nothing wrong was found{release}\n", self.name),
            false => format!("{}: {}{release}\n", self.name, counts.join(", ")),
        }
    }
}

fn show(name: &str, finding: &Finding, lines: &[&str]) -> String {
    let Finding {
        severity,
        code,
        line,
        column,
        message,
        help,
        ..
    } = finding;
    let gutter = " ".repeat(line.to_string().len());
    let source = lines.get(line - 1).map_or("", |line| line.trim_end());
    // A long line is shown around what is to blame.
    let start = column.saturating_sub(LONGEST_LINE / 2);
    let start = if source.chars().count() <= LONGEST_LINE {
        0
    } else {
        start
    };
    let part: String = source
        .chars()
        .skip(start)
        .take(LONGEST_LINE)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let indent = column - 1 - start.min(column - 1);
    let width = finding
        .width
        .clamp(1, LONGEST_LINE.saturating_sub(indent).max(1));
    let marks = format!("{}{}", " ".repeat(indent), "^".repeat(width));
    format!(
        "{severity}[{code}]: {message}\n{gutter}--> {name}:{line}:{column}\n{gutter} |\n{line} | {part}\n{gutter} | {marks}\n{gutter} = help: {help}\n\n"
    )
}
