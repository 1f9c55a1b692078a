//! What happens when the installation is done, and what makes it wait for somebody before.

use super::{Check, at};

impl Check<'_, '_, '_> {
    pub(super) fn ending(&mut self) {
        self.reboot();
        self.first_boot();
        self.waits();
    }

    fn reboot(&mut self) {
        let mut ends = self
            .document
            .commands
            .iter()
            .filter(|command| command.name == "reboot");
        let Some(first) = ends.next() else {
            let names = ["reboot", "poweroff", "shutdown", "halt"];
            let message = "nothing says what to do at the end: the installed machine stands and waits for a key";
            return self.missing("no-reboot", &names, message, "add reboot");
        };
        let other = ends.next_back();
        let last = other.unwrap_or(first);
        let same = |name: &str| {
            if name == "shutdown" {
                "poweroff".to_owned()
            } else {
                name.to_owned()
            }
        };
        if let Some(other) = other.filter(|other| same(&other.spelled) != same(&first.spelled)) {
            let message = format_args!(
                "{} was said before: only the last one counts",
                first.spelled
            );
            self.warning(
                "contradicting-ends",
                &other.place,
                message,
                "keep one of them",
            );
        }
        if last.spelled == "halt" {
            let message = format_args!(
                "halt leaves the machine on, waiting for a key: it does not come back by itself"
            );
            self.warning("halts", &last.place, message, "write reboot, or poweroff");
        }
        if last.givens.has("--kexec") {
            let message = format_args!(
                "--kexec goes round the firmware: that the machine cannot boot from its disk shows only later"
            );
            self.note("kexec", &at(last, "--kexec"), message, "remove --kexec");
        }
    }

    fn first_boot(&mut self) {
        let Some(command) = self.document.last("firstboot") else {
            return;
        };
        let asks = command
            .givens
            .get("--enable")
            .or(command.givens.get("--reconfig"));
        let Some(asks) = asks.filter(|_| !command.givens.has("--disable")) else {
            return;
        };
        let named = |line: &&&str| {
            let line = line.trim().to_ascii_lowercase();
            [
                "gui",
                "gnome",
                "kde",
                "workstation",
                "graphical",
                "initial-setup",
            ]
            .iter()
            .any(|word| line.contains(word))
                && !line.starts_with('-')
        };
        let sections: Vec<_> = self.document.sections_of("%packages").collect();
        let installed = sections.iter().any(|section| {
            self.body(section.first, section.end)
                .iter()
                .any(|line| named(&line))
        });
        let place = asks.place.clone();
        let message =
            "a setup agent that asks questions starts at the first boot, if it is installed";
        match installed {
            true => self.warning(
                "first-boot",
                &place,
                format_args!("{message}: here it is, and the machine waits for somebody"),
                "write firstboot --disable",
            ),
            false => self.note(
                "first-boot",
                &place,
                format_args!("{message}"),
                "write firstboot --disable",
            ),
        }
    }

    fn waits(&mut self) {
        for command in &self.document.commands {
            match command.name {
                "text"
                    if command.spelled == "graphical"
                        && !command.givens.has("--non-interactive") =>
                {
                    let message =
                        format_args!("a graphical installer that meets an error waits for a click");
                    self.note(
                        "graphical",
                        &command.place,
                        message,
                        "write text or cmdline, or add --non-interactive",
                    );
                }
                "vnc" | "rdp" => {
                    let message = format_args!(
                        "{} starts a graphical installer that anybody on the network may reach, and that waits for a click when it meets an error",
                        command.spelled
                    );
                    self.warning(
                        "remote-desktop",
                        &command.place,
                        message,
                        "remove it: inst.syslog shows how the installation goes",
                    );
                }
                "rescue" => {
                    let message = format_args!(
                        "rescue starts a shell instead of the installation: nothing is installed"
                    );
                    self.error("rescue", &command.place, message, "remove it");
                }
                "mediacheck" => {
                    let message = format_args!(
                        "mediacheck tests a disc; a machine that boots from the network has none"
                    );
                    self.warning("mediacheck", &command.place, message, "remove it");
                }
                "autostep" => {
                    let message = format_args!(
                        "autostep goes through the installer's screens and stops at each one that lacks something"
                    );
                    self.warning("autostep", &command.place, message, "remove it");
                }
                _ => {}
            }
        }
    }
}
