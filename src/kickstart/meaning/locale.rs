//! Time zone, language, keyboard.

use super::super::names;
use super::{Check, at};

impl Check<'_, '_, '_> {
    pub(super) fn locale(&mut self) {
        let named = self
            .document
            .all(&["timezone", "lang", "keyboard"])
            .next()
            .is_some();
        if self.installs_an_image() && !named {
            return;
        }
        self.zone();
        self.language();
        self.keyboard();
    }

    fn zone(&mut self) {
        let Some(command) = self.document.last("timezone") else {
            let message = "there is no timezone: Anaconda waits for somebody to choose one";
            return self.missing(
                "no-timezone",
                &["timezone"],
                message,
                "add timezone UTC --utc",
            );
        };
        let Some(zone) = command.givens.value("timezone") else {
            return;
        };
        if !names::is_zone(zone) {
            let message = format_args!(
                "there is no time zone {zone}: Anaconda takes America/New_York instead"
            );
            let help = match names::nearest_zone(zone) {
                Some(near) => format!("did you mean {near}?"),
                None => "write one that `timedatectl list-timezones` shows".to_owned(),
            };
            self.warning("unknown-timezone", &at(command, "timezone"), message, &help);
        }
    }

    fn language(&mut self) {
        let Some(command) = self.document.last("lang") else {
            if !self.may_be_included(&["lang"]) {
                let place = self.findings.last_line();
                let message = "there is no lang: the graphical installer asks for it, the others take en_US.UTF-8";
                self.warning(
                    "no-language",
                    &place,
                    format_args!("{message}"),
                    "add lang en_US.UTF-8",
                );
            }
            return;
        };
        let given = [
            ("lang", command.givens.list("lang")),
            ("--addsupport", command.givens.list("--addsupport")),
        ];
        for (name, languages) in given {
            for language in languages {
                if !names::is_language(language) {
                    let message = format_args!(
                        "there is no language {language}: the system speaks English instead"
                    );
                    let help = "write a language, a territory and UTF-8, as in de_DE.UTF-8";
                    self.warning("unknown-language", &at(command, name), message, help);
                }
            }
        }
    }

    fn keyboard(&mut self) {
        let Some(command) = self.document.last("keyboard") else {
            if !self.may_be_included(&["keyboard"]) {
                let place = self.findings.last_line();
                let message =
                    "there is no keyboard: the graphical installer asks for it, the others take us";
                self.warning(
                    "no-keyboard",
                    &place,
                    format_args!("{message}"),
                    "add keyboard --xlayouts=us",
                );
            }
            return;
        };
        for layout in command.givens.list("--xlayouts") {
            if !names::is_layout(layout) {
                let message = format_args!(
                    "X has no keyboard layout {layout}: the us layout is taken instead"
                );
                self.warning(
                    "unknown-keyboard",
                    &at(command, "--xlayouts"),
                    message,
                    "write a layout such as us, de or 'cz (qwerty)'",
                );
            }
        }
        for name in ["--vckeymap", "kbd"] {
            if let Some(keymap) = command
                .givens
                .value(name)
                .filter(|keymap| !names::is_keymap(keymap))
            {
                let message = format_args!("there is no keymap {keymap}: the console keeps us");
                self.warning(
                    "unknown-keyboard",
                    &at(command, name),
                    message,
                    "write one that `localectl list-keymaps` shows, such as us or de",
                );
            }
        }
    }
}
