//! Where the packages come from.

use std::net::IpAddr;

use super::super::syntax::Command;
use super::{Check, at};
use crate::kickstart::release::Release;

/// Commands that name a source.
const SOURCES: [&str; 10] = [
    "url",
    "nfs",
    "cdrom",
    "harddrive",
    "hmc",
    "liveimg",
    "ostreesetup",
    "ostreecontainer",
    "bootc",
    "rhsm",
];

/// Options that take the URL of packages.
const URLS: [&str; 3] = ["--url", "--baseurl", "--mirrorlist"];

impl Check<'_, '_, '_> {
    pub(super) fn source(&mut self) {
        let sources: Vec<&Command> = self.document.all(&SOURCES).collect();
        for command in self.document.all(&["url", "liveimg", "repo"]) {
            self.urls(command);
        }
        if let Some(command) = self.document.last("url") {
            self.release_of(command);
        }
        self.several(&sources);
        match sources.last() {
            None => self.no_source(),
            Some(command) if command.name == "cdrom" => {
                let message = format_args!(
                    "the packages come from a disc; a machine that boots from the network has none in it, and the installation stops"
                );
                self.warning(
                    "local-source",
                    &command.place,
                    message,
                    "add url --url=… instead",
                );
            }
            Some(command) if command.name == "harddrive" => self.on_a_disk(command),
            Some(_) => self.name_server(),
        }
    }

    fn several(&mut self, sources: &[&Command]) {
        let kinds: Vec<&&Command> = sources
            .iter()
            .filter(|command| command.name != "rhsm")
            .collect();
        if let [first, .., last] = kinds.as_slice() {
            let message = format_args!(
                "there are two sources, {} and {}: only the last one counts",
                first.spelled, last.spelled
            );
            self.warning("several-sources", &last.place, message, "keep one of them");
        }
    }

    fn no_source(&mut self) {
        let message = "nothing says where the packages come from";
        let help = "add url --url=http://MIRROR/…/BaseOS/x86_64/os/";
        match self.surroundings.source_given {
            Some(true) => {}
            Some(false) => self.missing("no-source", &SOURCES, &format!("{message}, and the kernel gets no inst.repo: the installer waits for somebody to choose"), help),
            None if self.may_be_included(&SOURCES) => {}
            None => {
                let place = self.findings.last_line();
                let message = format_args!("{message}: unless the kernel gets inst.repo, the installer waits for somebody to choose");
                self.warning("no-source", &place, message, help);
            }
        }
    }

    fn on_a_disk(&mut self, command: &Command) {
        let partition = command.givens.value("--partition").unwrap_or_default();
        let wiped = self.document.last("clearpart").is_some_and(|clearpart| {
            let mut drives = clearpart.givens.list("--drives").peekable();
            let all = clearpart.givens.has("--all");
            all && (drives.peek().is_none() || drives.any(|drive| partition.starts_with(drive)))
        });
        let message = match wiped {
            true => "the packages come from a disk that clearpart wipes",
            false => {
                "the packages come from a disk of the machine: on a new one there is nothing, and the installation stops"
            }
        };
        let message = message.to_owned();
        self.warning(
            "local-source",
            &at(command, "--partition"),
            format_args!("{message}"),
            "add url --url=… instead",
        );
    }

    fn urls(&mut self, command: &Command) {
        for option in URLS {
            let Some(url) = command.givens.value(option) else {
                continue;
            };
            // Anaconda's own forms: nfs:HOST:/PATH, hd:DISK:/PATH.
            if ["nfs:", "hd:", "file:", "cdrom"]
                .into_iter()
                .any(|form| url.starts_with(form) && !url.contains("://"))
            {
                continue;
            }
            let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
            let known = ["http", "https", "ftp", "file", "nfs", "hd"]
                .into_iter()
                .any(|known| scheme.eq_ignore_ascii_case(known));
            let host = rest.split('/').next().unwrap_or_default();
            let problem = match () {
                () if scheme.is_empty() => "has no http:// before it",
                () if !known => "begins with what no source has",
                () if scheme != "file" && host.is_empty() => "names no host",
                () if url.contains(' ') => "has a blank in it",
                () => continue,
            };
            let message = format_args!(
                "this URL {problem}: nothing can be fetched, and the installation stops"
            );
            self.error(
                "bad-url",
                &at(command, option),
                message,
                "write as in http://repo.almalinux.org/almalinux/9/BaseOS/x86_64/os/",
            );
        }
    }

    fn release_of(&mut self, command: &Command) {
        let named = URLS
            .into_iter()
            .find_map(|option| command.givens.value(option));
        if let Some(release) = named.and_then(Release::guess)
            && release != self.release
        {
            let option = URLS
                .into_iter()
                .find(|option| command.givens.has(option))
                .unwrap_or_default();
            let checked = self.release;
            let message = format_args!(
                "this is checked as a kickstart of {checked}, but the URL is one of {release}"
            );
            self.warning(
                "other-release",
                &at(command, option),
                message,
                &format!("check with --release {release}, or mend the URL"),
            );
        }
    }

    /// Names cannot be found where nothing says who knows them.
    fn name_server(&mut self) {
        let networks: Vec<&Command> = self
            .document
            .all(&["network"])
            .filter(|command| command.givens.has("--device") || command.givens.has("--bootproto"))
            .collect();
        let silent = |command: &&Command| {
            let fixed = command.givens.value("--bootproto") == Some("static");
            fixed
                && !command.givens.has("--nameserver")
                && !matches!(command.givens.value("--ipv6"), Some("auto" | "dhcp"))
        };
        let Some(first) = networks.first().filter(|_| networks.iter().all(silent)) else {
            return;
        };
        let named = self
            .document
            .all(&["url", "repo", "liveimg"])
            .find_map(|command| {
                let url = URLS
                    .into_iter()
                    .find_map(|option| command.givens.value(option))?;
                let host = url.split_once("://")?.1.split('/').next()?;
                let host = host
                    .rsplit('@')
                    .next()?
                    .trim_start_matches('[')
                    .split([':', ']'])
                    .next()?;
                (!host.is_empty() && host.parse::<IpAddr>().is_err() && !url.contains('['))
                    .then(|| host.to_owned())
            });
        if let Some(host) = named {
            let message = format_args!(
                "the network is static and has no --nameserver: unless the kernel gets nameserver=, {host} is not found, and the installed system finds no name"
            );
            self.warning(
                "no-nameserver",
                &at(first, "--bootproto"),
                message,
                "add --nameserver=ADDRESS",
            );
        }
    }
}
