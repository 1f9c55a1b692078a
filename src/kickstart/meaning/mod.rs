//! What a kickstart that can be read will do: what stops an unattended installation, and what wrecks the machine.
//!
//! Facts are from Anaconda's sources (pyanaconda, 2026-08) and the kickstart documentation; where they say that Anaconda
//! goes on with something else than was meant, it is a warning. What a file that is included may bring is not missed.
//! Not its job: syntax (`super::syntax`).

use std::fmt;

use super::finding::{Findings, Place};
use super::release::Release;
use super::syntax::{Command, Document};
use crate::core::hardware::Hardware;

mod accounts;
mod disks;
mod ending;
mod hardware;
mod locale;
mod marks;
mod network;
mod packages;
mod plan;
mod scripts;
mod source;

/// What is known besides the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Surroundings<'h> {
    /// Whether the installer's command line names a source (`inst.repo`); none when it is not known.
    pub source_given: Option<bool>,
    /// Whether the machine has UEFI; none when it is not known.
    pub uefi: Option<bool>,
    /// What the machine has, when it was discovered.
    pub hardware: Option<&'h Hardware>,
}

/// A kickstart, and where findings go.
struct Check<'d, 'f, 't> {
    document: &'d Document,
    release: Release,
    surroundings: Surroundings<'d>,
    findings: &'f mut Findings<'t>,
    lines: Vec<&'t str>,
}

/// Checks what a kickstart means.
pub fn check<'d>(
    document: &'d Document,
    release: Release,
    surroundings: Surroundings<'d>,
    findings: &mut Findings<'_>,
) {
    let lines = findings.lines().to_vec();
    let mut check = Check {
        document,
        release,
        surroundings,
        findings,
        lines,
    };
    check.source();
    check.packages();
    check.accounts();
    check.disks();
    check.network();
    check.locale();
    check.scripts();
    check.includes();
    check.ending();
    check.marks();
    check.hardware();
}

impl<'t> Check<'_, '_, 't> {
    /// The lines of a section.
    fn body(&self, first: usize, end: usize) -> &[&'t str] {
        let end = (end - 1).min(self.lines.len());
        self.lines.get(first - 1..end).unwrap_or_default()
    }
}

impl Check<'_, '_, '_> {
    /// Whether a command that is missing may come from a file that is included: one that nobody can look into, or one
    /// that a %pre writes, when that names the command.
    fn may_be_included(&self, names: &[&str]) -> bool {
        let outside = |include: &&super::syntax::Include| include.section.is_none();
        self.document
            .includes
            .iter()
            .filter(outside)
            .take(scripts::MOST_INCLUDES)
            .any(|include| {
                let mut writers = self.document.sections.iter().filter(|section| {
                    let body = self.body(section.first, section.end);
                    section.name == "%pre" && body.iter().any(|line| line.contains(&include.path))
                });
                let mut written = writers.by_ref().peekable();
                written.peek().is_none()
                    || written.any(|section| {
                        let body = self.body(section.first, section.end);
                        body.iter().any(|line| {
                            line.split(|c: char| !c.is_alphanumeric())
                                .any(|word| names.contains(&word))
                        })
                    })
            })
    }

    /// Whether a whole system is copied, which may have its accounts and its settings already.
    fn installs_an_image(&self) -> bool {
        self.document
            .all(&["liveimg", "ostreesetup", "ostreecontainer", "bootc"])
            .next()
            .is_some()
    }

    /// Says that something is missing: at the end of the file, as there is no better place.
    fn missing(&mut self, code: &str, names: &[&str], message: &str, help: &str) {
        if !self.may_be_included(names) {
            let place = self.findings.last_line();
            self.findings
                .error(code, &place, format_args!("{message}"), help);
        }
    }

    /// Lines of all scripts of that kind that hold a word.
    fn scripts_mention(&self, kinds: &[&str], words: &[&str]) -> bool {
        let of_kind = |section: &&super::syntax::Section| kinds.contains(&section.name);
        self.document
            .sections
            .iter()
            .filter(of_kind)
            .any(|section| {
                let body = self.body(section.first, section.end);
                body.iter()
                    .any(|line| words.iter().any(|word| line.contains(word)))
            })
    }

    fn error(&mut self, code: &str, place: &Place, message: fmt::Arguments<'_>, help: &str) {
        self.findings.error(code, place, message, help);
    }

    fn warning(&mut self, code: &str, place: &Place, message: fmt::Arguments<'_>, help: &str) {
        self.findings.warning(code, place, message, help);
    }

    fn note(&mut self, code: &str, place: &Place, message: fmt::Arguments<'_>, help: &str) {
        self.findings.note(code, place, message, help);
    }
}

/// The place of an option's value in a command, as a value of its own.
fn at(command: &Command, name: &str) -> Place {
    command.at(name).clone()
}
