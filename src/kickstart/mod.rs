//! Checks answer files before a machine is powered on: the grammar of kickstarts, and what hangs or wrecks an installation.
//!
//! Pure, as `core` is: text and a release in, findings out. Nothing here can panic or take more than linear time.
//! Not its job: rendering answer files (`core::answer`), printing findings (`cli::check`).

pub mod autoinstall;
pub mod finding;
pub mod grammar;
pub mod guess;
pub mod meaning;
pub mod names;
pub mod preseed;
pub use crate::core::release;
pub mod shell;
pub mod syntax;
pub mod words;

use crate::core::settings::AnswerKind;
use finding::{Finding, Findings};
use grammar::Grammar;
use meaning::Surroundings;
use release::Release;

/// Checks a kickstart.
pub fn check(text: &str, release: Release, surroundings: Surroundings<'_>) -> Vec<Finding> {
    let mut findings = Findings::new(text);
    let document = syntax::read(&Grammar::of(release), &mut findings);
    if !findings.is_full() {
        meaning::check(&document, release, surroundings, &mut findings);
    }
    findings.finish()
}

/// Checks an answer file of any kind. A script of the user's own is not looked at.
pub fn check_answer(
    kind: AnswerKind,
    text: &str,
    release: Release,
    surroundings: Surroundings<'_>,
) -> Vec<Finding> {
    match kind {
        AnswerKind::Kickstart => check(text, release, surroundings),
        AnswerKind::Preseed => preseed::check(text),
        AnswerKind::Autoinstall => autoinstall::check(text),
        AnswerKind::Script => Vec::new(),
    }
}

/// What the installer's own parser would refuse or warn of, and nothing else.
pub fn syntax_findings(text: &str, grammar: &Grammar) -> Vec<Finding> {
    let mut findings = Findings::new(text);
    syntax::read(grammar, &mut findings);
    findings.finish()
}
