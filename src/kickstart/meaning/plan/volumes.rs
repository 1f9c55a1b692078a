//! Members of RAID and of volume groups, and what fits into them.
//!
//! Not its job: partitions and mount points (`plan`).

use super::super::super::finding::Place;
use super::super::super::syntax::{Command, Index};
use super::super::{Check, at};
use super::point;

/// What the volumes of a group take.
struct Group {
    /// MiB that it has, when that is known.
    room: Option<i64>,
    percent: i64,
    taken: i64,
}

/// Least members of a raid level.
const MEMBERS: [(&str, usize); 6] = [("0", 2), ("1", 2), ("4", 3), ("5", 3), ("6", 4), ("10", 2)];

/// Members and partitions that are looked at for the room in a group: more are in no machine, and each pair costs.
const MOST_MEMBERS: usize = 16;

const MOST_PARTS: usize = 64;

impl<'d> Check<'d, '_, '_> {
    /// Partitions that arrays and groups are made of.
    pub(super) fn members(&mut self) {
        let document = self.document;
        let included = self.may_be_included(&["part", "partition", "raid"]);
        let mut used = Index::new();
        let mut defined = Index::new();
        for command in document.all(&["part", "raid"]) {
            defined.insert(point(command), 0);
        }
        let users = [
            ("raid", "partitions"),
            ("volgroup", "partitions"),
            ("btrfs", "devices"),
            ("stratispool", "blockdevs"),
        ];
        for (name, argument) in users {
            for command in document
                .commands
                .iter()
                .filter(|command| command.name == name)
            {
                let rest = command.givens.all("name").skip(1);
                let members: Vec<_> = command.givens.all(argument).chain(rest).collect();
                for member in &members {
                    used.insert(member.value.as_str(), 0);
                    let made = ["raid.", "pv.", "btrfs.", "stratis."]
                        .iter()
                        .any(|prefix| member.value.starts_with(prefix));
                    if made && !defined.contains_key(member.value.as_str()) && !included {
                        let message = format_args!(
                            "there is no part {}: the installation stops",
                            member.value
                        );
                        self.error(
                            "unknown-member",
                            &member.value_place,
                            message,
                            "add the part, or mend the name",
                        );
                    }
                }
                if name == "raid" {
                    self.raid(command, members.len());
                }
            }
        }
        for command in document.all(&["part"]) {
            let name = point(command);
            let member = ["raid.", "pv."]
                .iter()
                .any(|prefix| name.starts_with(prefix));
            if member && !used.contains_key(name) && document.includes.is_empty() {
                let message = format_args!("nothing is made of {name}: its room is lost");
                self.warning(
                    "unused-member",
                    &at(command, "mntpoint"),
                    message,
                    "use it in raid or volgroup, or remove it",
                );
            }
        }
    }

    pub(super) fn raid(&mut self, command: &Command, members: usize) {
        let level = command
            .givens
            .value("--level")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let level = level.strip_prefix("raid").unwrap_or(&level);
        let spares = usize::try_from(command.givens.number("--spares").unwrap_or(0)).unwrap_or(0);
        let least = MEMBERS
            .iter()
            .find(|(name, _)| *name == level)
            .map(|(_, least)| least + spares);
        if let Some(least) = least.filter(|least| members > 0 && members < *least) {
            let message = format_args!(
                "raid {level} wants {least} members with its spares, and has {members}: the installation stops"
            );
            self.error(
                "too-few-members",
                &at(command, "--level"),
                message,
                "add members, or choose another level",
            );
        }
    }

    pub(super) fn volumes(&mut self) {
        let document = self.document;
        // The number of a group is its place in these lists.
        let mut index = Index::new();
        let mut groups: Vec<Group> = Vec::new();
        let mut pools = Index::new();
        for command in document.all(&["volgroup"]) {
            if let Some(name) = command.givens.all("name").next() {
                index.insert(&name.value, groups.len());
                groups.push(Group {
                    room: self.room(command),
                    percent: 0,
                    taken: 0,
                });
            }
        }
        let included = self.may_be_included(&["volgroup", "logvol"]);
        for command in document.all(&["logvol"]) {
            let givens = &command.givens;
            let group = givens.value("--vgname").unwrap_or_default();
            if !index.contains_key(group)
                && !givens.has("--useexisting")
                && !givens.has("--noformat")
                && !included
            {
                let message = format_args!("there is no volgroup {group}: the installation stops");
                self.error(
                    "unknown-group",
                    &at(command, "--vgname"),
                    message,
                    &format!("add volgroup {group} pv.01, or mend the name"),
                );
            }
            let name = givens.value("--name").unwrap_or_default();
            if givens.has("--thinpool") {
                pools.insert(name, 0);
            }
            if let Some(pool) = givens
                .value("--poolname")
                .filter(|pool| givens.has("--thin") && !pools.contains_key(pool) && !included)
            {
                let message = format_args!(
                    "there is no thin pool {pool} before this line: the installation stops"
                );
                self.error(
                    "unknown-pool",
                    &at(command, "--poolname"),
                    message,
                    "write its logvol --thinpool first",
                );
            }
            // What is thin takes its room from its pool.
            if givens.has("--thin") {
                continue;
            }
            let Some(sums) = index.get(group).and_then(|number| groups.get_mut(*number)) else {
                continue;
            };
            sums.percent = sums
                .percent
                .saturating_add(givens.number("--percent").unwrap_or(0));
            sums.taken = sums
                .taken
                .saturating_add(givens.number("--size").unwrap_or(0).max(0));
            let Group {
                room,
                percent,
                taken,
            } = *sums;
            if percent > 100 && givens.has("--percent") {
                let message = format_args!(
                    "the volumes of {group} take {percent} per cent of it: the installation stops"
                );
                self.error(
                    "does-not-fit",
                    &at(command, "--percent"),
                    message,
                    "make them 100 or less together",
                );
            }
            if let Some(room) = room.filter(|room| taken > *room) {
                let message = format_args!(
                    "the volumes of {group} take {taken} MiB, and its partitions have {room}: the installation stops"
                );
                self.error(
                    "does-not-fit",
                    &at(command, "--size"),
                    message,
                    "make them smaller, or the partitions larger",
                );
            }
        }
    }

    /// MiB in a group, when all its partitions have a fixed size.
    pub(super) fn room(&self, group: &Command) -> Option<i64> {
        let members = group
            .givens
            .all("partitions")
            .chain(group.givens.all("name").skip(1));
        let mut room: i64 = 0;
        for member in members.take(MOST_MEMBERS) {
            let part = self
                .document
                .all(&["part"])
                .take(MOST_PARTS)
                .find(|command| point(command) == member.value)?;
            let fixed = !part.givens.has("--grow") && !part.givens.has("--onpart");
            room = room.saturating_add(
                part.givens
                    .number("--maxsize")
                    .filter(|_| !fixed)
                    .or_else(|| part.givens.number("--size").filter(|_| fixed))?,
            );
        }
        (room > 0).then_some(room)
    }

    pub(super) fn passphrases(&mut self) {
        let encrypted = self
            .document
            .all(&["autopart", "part", "logvol", "raid"])
            .find(|command| command.givens.has("--encrypted"));
        let Some(command) = encrypted else { return };
        // One that is given somewhere is taken for all.
        let given = self
            .document
            .commands
            .iter()
            .any(|command| command.givens.has("--passphrase"));
        if !given {
            let place: Place = Self::option_place(command, "--encrypted");
            let message =
                format_args!("there is no --passphrase: the installer asks a person for it");
            self.error("no-passphrase", &place, message, "add --passphrase=…");
        }
    }
}
