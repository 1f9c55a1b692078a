//! debian-installer's log.
//!
//! Sources: main-menu's main-menu.c ("Menu item '%s' selected", with the name of the udeb), the udebs' names in the Debian
//! archive, debootstrap's messages, apt-get's summary and dpkg's "Setting up" as `in-target` passes them on.

use super::{Fact, Step, number};
use crate::core::syslog::Line;

/// Menu items that begin a step, by the name of their udeb.
const ITEMS: [(&str, Step); 8] = [
    ("network-preseed", Step::Prepare),
    ("partman-base", Step::Storage),
    ("bootstrap-base", Step::Base),
    ("live-installer", Step::Base),
    ("apt-setup-udeb", Step::Packages),
    ("pkgsel", Step::Packages),
    ("grub-installer", Step::Loader),
    ("finish-install", Step::Scripts),
];

pub fn fact(line: &Line) -> Option<Fact> {
    match line.tag.as_str() {
        "main-menu" => {
            let (_, item) = line.text.split_once("Menu item '")?;
            let name = item.strip_suffix("' selected")?;
            let (_, step) = ITEMS.iter().find(|(known, _)| *known == name)?;
            Some(Fact::Begins(*step))
        }
        "in-target" => in_target(&line.text),
        _ => None,
    }
}

/// apt-get's `2 upgraded, 5 newly installed, 0 to remove …`, and dpkg's `Setting up openssh-server (1:9.2p1-2) ...`
fn in_target(text: &str) -> Option<Fact> {
    if let Some(package) = text.strip_prefix("Setting up ") {
        return package.contains(" (").then_some(Fact::Installed);
    }
    let (upgraded, rest) = text.split_once(" upgraded, ")?;
    rest.contains(" newly installed, ").then_some(())?;
    let count = number(upgraded)?.checked_add(number(rest)?)?;
    (count > 0).then_some(Fact::More(count))
}
