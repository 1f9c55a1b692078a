//! Scripts: whether a shell can read them, and what of them waits for somebody or cannot work where it runs.

use super::super::finding::Place;
use super::super::shell;
use super::super::syntax::Section;
use super::Check;

/// Includes that are looked at: each costs a search of all scripts.
pub(super) const MOST_INCLUDES: usize = 20;

/// Programs that fetch from the network.
const FETCHERS: [&str; 8] = ["curl", "wget", "dnf", "yum", "git", "pip", "pip3", "scp"];

impl Check<'_, '_, '_> {
    pub(super) fn scripts(&mut self) {
        let document = self.document;
        for section in document
            .sections
            .iter()
            .filter(|section| is_script(section))
        {
            let carriage_return = (section.first - 1..section.end).find(|line| {
                self.lines
                    .get(*line)
                    .is_some_and(|line| line.ends_with('\r'))
            });
            let interpreter = section.givens.value("--interpreter").unwrap_or("/bin/sh");
            self.interpreter(section, interpreter);
            if let Some(line) = carriage_return {
                let place = Place::new(line + 1, 0..0);
                let message = format_args!(
                    "the lines of this {} end as Windows ends them: the shell takes the carriage returns for a part of its words, and the script fails",
                    section.name
                );
                self.error(
                    "carriage-returns",
                    &place,
                    message,
                    "save the file with Unix line ends (dos2unix)",
                );
            } else if is_shell(interpreter) {
                self.shell(section);
            }
        }
        let first = self.lines.iter().position(|line| line.ends_with('\r'));
        let scripts = document.sections.iter().any(is_script);
        if let Some(line) = first.filter(|_| !scripts) {
            let message = format_args!(
                "lines end as Windows ends them: the installer bears it, scripts and included files do not"
            );
            self.warning(
                "carriage-returns",
                &Place::new(line + 1, 0..0),
                message,
                "save the file with Unix line ends (dos2unix)",
            );
        }
    }

    fn interpreter(&mut self, section: &Section, path: &str) {
        let place = section
            .givens
            .get("--interpreter")
            .map_or(&section.place, |given| &given.value_place)
            .clone();
        if !path.starts_with('/') {
            let message = format_args!("'{path}' is no full path: the script cannot be started");
            self.error("bad-interpreter", &place, message, "write as in /bin/bash");
        } else if matches!(path, "/usr/bin/python" | "/usr/bin/python2" | "/bin/python") {
            let message =
                format_args!("{path} is not there since RHEL 8: the script cannot be started");
            self.error(
                "bad-interpreter",
                &place,
                message,
                "write /usr/libexec/platform-python or /usr/bin/python3",
            );
        }
    }

    fn shell(&mut self, section: &Section) {
        let lines: Vec<&str> = self.body(section.first, section.end).to_vec();
        let other = lines
            .first()
            .and_then(|line| line.strip_prefix("#!"))
            .is_some_and(|line| !line.contains("sh"));
        if other {
            let place = Place::new(section.first, 0..lines[0].len());
            let message = format_args!(
                "a script's first line does not choose its interpreter here: /bin/sh reads it"
            );
            self.error(
                "bad-interpreter",
                &place,
                message,
                "write --interpreter=PATH after the section's name",
            );
            return;
        }
        if let Err(fault) = shell::check(&lines, section.first) {
            let message = format_args!(
                "{}: the shell stops there, and what follows is not done",
                fault.message
            );
            self.error(
                "broken-shell",
                &fault.place,
                message,
                "mend it, and try it with `bash -n`",
            );
            return;
        }
        let mut document: Option<String> = None;
        for (index, line) in lines.iter().enumerate() {
            // What goes into a file is not run now.
            match &document {
                Some(end) if line.trim() == end => document = None,
                Some(_) => {}
                None => {
                    document = here_document(line);
                    self.line(section, section.first + index, line);
                }
            }
        }
    }

    fn line(&mut self, section: &Section, number: usize, line: &str) {
        let code = line.trim_start();
        if code.starts_with('#') {
            return;
        }
        for part in line.split([';', '|', '&', '(', '`']) {
            let mut words = part.split_whitespace().skip_while(|word| {
                matches!(
                    *word,
                    "then" | "do" | "else" | "{" | "!" | "if" | "while" | "exec" | "sudo" | "nohup"
                ) || word.contains('=') && !word.starts_with('-')
            });
            let Some(name) = words.next() else { continue };
            let rest: Vec<&str> = words.collect();
            self.call(section, number, line, name, &rest);
        }
    }

    /// One command of a script.
    fn call(&mut self, section: &Section, number: usize, line: &str, name: &str, rest: &[&str]) {
        // `name` is a part of `line`: where it is costs no search.
        let start = (name.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
        let place = Place::new(number, start..start + name.len());
        let has = |words: &[&str]| rest.iter().any(|word| words.contains(word));
        let chroot = section.name == "%post" && !section.givens.has("--nochroot");
        let bare = name.rsplit('/').next().unwrap_or(name);
        match bare {
            "reboot" | "poweroff" | "halt" | "shutdown"
                if matches!(section.name, "%post" | "%pre-install") =>
            {
                let message = format_args!(
                    "{bare} here ends the installer before it is done: the system may not boot"
                );
                self.error(
                    "reboot-in-script",
                    &place,
                    message,
                    "remove it, and write reboot as a command of the kickstart",
                );
            }
            "read"
                if rest
                    .iter()
                    .any(|word| word.starts_with('-') && word.contains('p')) =>
            {
                let message = format_args!("the script asks a person and waits for the answer");
                self.error(
                    "script-asks",
                    &place,
                    message,
                    "take the value from the kickstart",
                );
            }
            "dnf" | "yum"
                if has(&["install", "update", "upgrade", "remove", "groupinstall"])
                    && !rest.iter().any(|word| {
                        word.starts_with("--assumeyes")
                            || word.starts_with('-')
                                && !word.starts_with("--")
                                && word.contains('y')
                    }) =>
            {
                let message = format_args!(
                    "{bare} asks before it does anything: nobody answers, and nothing is done"
                );
                self.warning("asks-first", &place, message, "add -y");
            }
            "passwd" if !rest.iter().any(|word| word.starts_with('-')) => {
                let message = format_args!("passwd asks a person for the password");
                self.error(
                    "script-asks",
                    &place,
                    message,
                    "use rootpw or user, or chpasswd",
                );
            }
            "systemctl" if chroot && has(&["start", "restart", "reload", "--now"]) => {
                let message = format_args!(
                    "no service can be started here: the new system does not run yet, and systemctl does nothing"
                );
                self.warning(
                    "not-running-yet",
                    &place,
                    message,
                    "write systemctl enable, or services --enabled=…",
                );
            }
            "hostnamectl" | "timedatectl" | "localectl" | "firewall-cmd" | "nmcli" if chroot => {
                let message = format_args!(
                    "{bare} talks to a service of the new system, which does not run yet: it fails"
                );
                self.warning("not-running-yet", &place, message, "use the kickstart's own command, or a tool that writes files (firewall-offline-cmd)");
            }
            _ if FETCHERS.contains(&bare) && !rest.is_empty() => {
                self.fetches(section, &place, bare)
            }
            _ => {}
        }
    }

    /// A script that needs the network where nothing has brought it up.
    fn fetches(&mut self, section: &Section, place: &Place, name: &str) {
        let local = self
            .document
            .all(&["cdrom", "harddrive", "hmc"])
            .next()
            .is_some();
        let mut networks = self
            .document
            .all(&["network"])
            .filter(|command| command.givens.has("--device") || command.givens.has("--bootproto"));
        let activated = networks.any(|command| command.givens.has("--activate"));
        if local && !activated && section.name != "%pre" {
            let message = format_args!(
                "{name} needs the network, which nothing brings up: the packages come from a disk, and no network has --activate"
            );
            self.error(
                "no-network-yet",
                place,
                message,
                "add --activate to network",
            );
        }
    }

    pub(super) fn includes(&mut self) {
        for include in self.document.includes.iter().take(MOST_INCLUDES) {
            let path = include.path.as_str();
            let remote = path.contains("://");
            if remote
                || path.starts_with("/run/install/")
                || path.starts_with("/mnt/install/")
                || path.starts_with("/usr/share/anaconda/")
            {
                continue;
            }
            let name = path.rsplit('/').next().unwrap_or(path);
            let written = self.scripts_mention(&["%pre"], &[path])
                || self.scripts_mention(&["%pre"], &[name]) && include.section.is_none();
            if !path.starts_with('/') {
                let message = format_args!(
                    "'{path}' is looked for beside the kickstart, which came over the network: there is nothing there, and the installer stops"
                );
                self.error(
                    "missing-include",
                    &include.place,
                    message,
                    "write a URL, or the full path of a file that %pre writes",
                );
            } else if !written && include.section != Some("%pre") {
                let message = format_args!(
                    "no %pre writes {path}: it is not there when it is read, and the installer stops"
                );
                self.error(
                    "missing-include",
                    &include.place,
                    message,
                    "write it in %pre, or include a URL",
                );
            }
        }
    }
}

fn is_script(section: &Section) -> bool {
    !matches!(
        section.name,
        "%packages" | "%addon" | "%anaconda" | "%certificate"
    )
}

fn is_shell(interpreter: &str) -> bool {
    let program = interpreter.split_whitespace().next().unwrap_or_default();
    matches!(
        program.rsplit('/').next(),
        Some("sh" | "bash" | "dash" | "ksh")
    )
}

/// The word that ends the here-document which begins in that line.
fn here_document(line: &str) -> Option<String> {
    let (before, rest) = line.split_once("<<")?;
    if rest.starts_with('<') || before.trim_start().starts_with('#') {
        return None;
    }
    let word: String = rest
        .trim_start_matches(['-', ' ', '\\'])
        .chars()
        .take_while(|c| !" ;|&><)".contains(*c))
        .filter(|c| !"'\"".contains(*c))
        .collect();
    (!word.is_empty() && word.starts_with(|c: char| c.is_alphabetic() || c == '_')).then_some(word)
}
