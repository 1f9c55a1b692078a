//! `%packages`: what is installed.

use super::super::finding::Place;
use super::super::syntax::Index;
use super::Check;

impl Check<'_, '_, '_> {
    pub(super) fn packages(&mut self) {
        let mut sections = self.document.sections_of("%packages").peekable();
        if sections.peek().is_none() && !self.installs_an_image() {
            if self.document.includes.is_empty() {
                let place = self.findings.last_line();
                let message = "there is no %packages: the installer takes its default, mostly a server with a graphical desktop";
                self.warning(
                    "no-packages",
                    &place,
                    format_args!("{message}"),
                    "add %packages, @^minimal-environment and %end",
                );
            }
            return;
        }
        let mut wanted = Index::new();
        let mut unwanted: Vec<(&str, Place)> = Vec::new();
        let mut environment: Option<String> = None;
        for section in sections {
            for number in section.first..section.end.min(self.lines.len() + 1) {
                let line = self.lines[number - 1];
                let text = line.split('#').next().unwrap_or_default();
                let name = text.trim();
                if name.is_empty() || name.starts_with('%') {
                    continue;
                }
                let start = text.len() - text.trim_start().len();
                let place = Place::new(number, start..start + name.len());
                self.one_name(name, &place);
                match name.strip_prefix('-') {
                    Some(name) => unwanted.push((name, place)),
                    None => {
                        if let Some(named) = name.strip_prefix("@^") {
                            let before = environment.replace(named.to_owned());
                            if before.is_some_and(|before| before != named) {
                                let message = format_args!(
                                    "there is another environment before: only the last one is installed"
                                );
                                self.warning(
                                    "several-environments",
                                    &place,
                                    message,
                                    "keep one of them",
                                );
                            }
                        }
                        wanted.insert(name, number);
                    }
                }
            }
        }
        for (name, place) in unwanted {
            if wanted.contains_key(name) {
                let message = format_args!("{name} is both wanted and left out");
                self.warning(
                    "contradicting-packages",
                    &place,
                    message,
                    "remove one of the lines",
                );
            } else if matches!(
                name,
                "kernel" | "kernel-core" | "grub2" | "systemd" | "dracut"
            ) {
                let message = format_args!("without {name} the installed system does not boot");
                self.error("needed-package", &place, message, "remove the line");
            }
        }
    }

    /// Names with globs and versions are single words; only a group's name may have blanks.
    fn one_name(&mut self, name: &str, place: &Place) {
        let plain = name.trim_start_matches('-');
        let group = plain.starts_with('@') && !plain.starts_with("@^");
        if !group && plain.contains([' ', '\t', ',', ';']) {
            let message = format_args!(
                "a line names one package: there is no package that is called this, and the installer stops for it"
            );
            self.error(
                "two-packages",
                place,
                message,
                "write each package in a line of its own",
            );
        }
    }
}
