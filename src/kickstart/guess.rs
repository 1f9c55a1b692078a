//! Which kind of answer file a text is, and for which release a kickstart was written.

use super::release::{DEFAULT, Release};
use crate::core::settings::AnswerKind;

/// Lines that are looked at: what tells them apart stands at the beginning.
const HEAD: usize = 400;

/// What a text is by its form: autoinstall and cloud-init begin with YAML, preseeds have owners, all else is a kickstart.
pub fn kind(text: &str) -> AnswerKind {
    let said = || {
        text.lines()
            .take(HEAD)
            .map(str::trim_end)
            .filter(|line| !line.is_empty())
    };
    let lines = || said().filter(|line| !line.trim_start().starts_with('#'));
    let yaml = said()
        .next()
        .is_some_and(|line| line.starts_with("#cloud-config"))
        || lines().any(|line| line == "autoinstall:");
    if yaml {
        return AnswerKind::Autoinstall;
    }
    let preseed = |line: &str| {
        let mut words = line.split_whitespace();
        let owner = words.next().is_some_and(|owner| owner != "network");
        owner
            && words
                .next()
                .is_some_and(|question| question.contains('/') && !question.starts_with(['/', '-']))
            && words.next().is_some_and(super::preseed::is_type)
    };
    match lines().any(preseed) {
        true => AnswerKind::Preseed,
        false => AnswerKind::Kickstart,
    }
}

/// The release that a kickstart speaks of: in `#version=`, which Anaconda writes itself, or in a mirror's URL.
pub fn release(text: &str) -> Option<Release> {
    let version = text
        .lines()
        .take(HEAD)
        .find_map(|line| line.trim().strip_prefix("#version="));
    version
        .and_then(|word| Release::parse(word.trim()))
        .or_else(|| {
            let source = |line: &&str| {
                ["url ", "repo ", "liveimg "]
                    .iter()
                    .any(|name| line.trim_start().starts_with(name))
            };
            text.lines()
                .filter(source)
                .take(HEAD)
                .find_map(Release::guess)
        })
}

/// The same, or the release that is taken when nothing says which; with what made it so, in words.
pub fn release_or_default(text: &str) -> (Release, &'static str) {
    match release(text) {
        Some(release) => (release, "guessed from the file"),
        None => (DEFAULT, "nothing in the file says which"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_tell_their_kind() {
        assert_eq!(
            kind("#cloud-config\nautoinstall:\n  version: 1\n"),
            AnswerKind::Autoinstall
        );
        assert_eq!(
            kind("# x\nd-i debian-installer/locale string en_US\n"),
            AnswerKind::Preseed
        );
        assert_eq!(
            kind("text\nurl --url=http://m/9\nmount /dev/sda1 /\n"),
            AnswerKind::Kickstart
        );
        assert_eq!(kind(""), AnswerKind::Kickstart);
    }

    #[test]
    fn kickstarts_tell_their_release() {
        assert_eq!(
            release("#version=RHEL8\nurl --url=http://m/almalinux/9/\n"),
            Some(Release::Rhel8)
        );
        assert_eq!(
            release("text\nurl --url=http://m/almalinux/10/\n"),
            Some(Release::Rhel10)
        );
        assert_eq!(release("# almalinux 9\ntext\n"), None);
    }
}
