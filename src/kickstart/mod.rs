//! Checks answer files before a machine is powered on: the grammar of kickstarts, and what hangs or wrecks an installation.
//!
//! Pure, as `core` is: text and a release in, findings out. Nothing here can panic or take more than linear time.
//! Not its job: rendering answer files (`core::answer`), printing findings (`cli::check`).

pub mod finding;
pub mod grammar;
pub mod release;
pub mod syntax;
pub mod words;

use finding::{Finding, Findings};
use grammar::Grammar;
use release::Release;

/// Checks a kickstart.
pub fn check(text: &str, release: Release) -> Vec<Finding> {
    let grammar = Grammar::of(release);
    let mut findings = Findings::new(text);
    syntax::read(&grammar, &mut findings);
    findings.finish()
}

/// What the installer's own parser would refuse or warn of, and nothing else.
pub fn syntax_findings(text: &str, release: Release) -> Vec<Finding> {
    let mut findings = Findings::new(text);
    syntax::read(&Grammar::of(release), &mut findings);
    findings.finish()
}
