//! What is wanted of a UCI document → the smallest list of changes → the document as it will be.
//!
//! Not its job: what is wanted (`core::dnsmasq`, `core::import`), how changes are written ([`super::wording`]), running `uci`.

use super::{Document, Section, Setting, Value};

/// What a document is to hold. Sections of other people are not part of it and stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// All sections of ours, in the order in which they must stand; any other section of ours goes.
    pub sections: Vec<Section>,
    /// Options in other people's sections that get a value, or none.
    pub options: Vec<WantedOption>,
    /// Sections of other people in which the options are to stand in this order again.
    pub orders: Vec<(String, Vec<String>)>,
}

/// One option in somebody else's section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedOption {
    /// Name of the section, which exists.
    pub section: String,
    /// Name of the option.
    pub option: String,
    /// Its value; none when it is to go.
    pub value: Option<Value>,
}

/// One step from what is to what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A section that is not there yet; it goes to the end.
    Create(Section),
    /// A section that must move to the end, perhaps with other options.
    Recreate {
        /// As it is.
        before: Section,
        /// As it will be.
        after: Section,
    },
    /// A section that goes.
    Delete(Section),
    /// An option that gets another value.
    Set {
        /// Name of its section.
        section: String,
        /// Name of the option.
        option: String,
        /// As it is; none when it is not there.
        before: Option<Value>,
        /// As it will be.
        after: Value,
    },
    /// An option that goes.
    Unset {
        /// Name of its section.
        section: String,
        /// Name of the option.
        option: String,
        /// As it is.
        before: Value,
    },
    /// An option that keeps its value and moves to the end of its section.
    Again {
        /// Name of its section.
        section: String,
        /// Name of the option.
        option: String,
        /// Its value.
        value: Value,
    },
}

/// The changes that lead from the document to the target. `is_ours` tells our sections by their name.
pub fn changes(
    document: &Document,
    target: &Target,
    is_ours: impl Fn(&Section) -> bool,
) -> Vec<Change> {
    let mut list = option_changes(document, target);
    let ours: Vec<&Section> = document
        .sections
        .iter()
        .filter(|section| is_ours(section))
        .collect();
    let (kept, gone): (Vec<&Section>, Vec<&Section>) = ours.into_iter().partition(|section| {
        let same = |wanted: &&Section| wanted.name == section.name;
        target.sections.iter().any(|wanted| same(&wanted))
    });
    list.extend(gone.into_iter().cloned().map(Change::Delete));

    // New sections land at the end, so everything that must follow one has to move there too.
    let in_place = kept
        .iter()
        .zip(&target.sections)
        .take_while(|(is, wanted)| is.name == wanted.name && is.kind == wanted.kind)
        .count();
    for (index, wanted) in target.sections.iter().enumerate() {
        let present = kept.iter().find(|section| section.name == wanted.name);
        match present {
            None => list.push(Change::Create(wanted.clone())),
            Some(section) if index < in_place => list.extend(differences(section, wanted)),
            Some(section) => list.push(Change::Recreate {
                before: (*section).clone(),
                after: wanted.clone(),
            }),
        }
    }
    list
}

/// The changes that make a section hold what another one of its name holds.
pub fn differences(is: &Section, wanted: &Section) -> Vec<Change> {
    let gone = is
        .options
        .iter()
        .filter(|option| wanted.option(&option.name).is_none())
        .map(|option| Change::Unset {
            section: is.name.clone(),
            option: option.name.clone(),
            before: option.value.clone(),
        });
    let set = wanted
        .options
        .iter()
        .filter(|option| is.option(&option.name) != Some(&option.value))
        .map(|option| Change::Set {
            section: is.name.clone(),
            option: option.name.clone(),
            before: is.option(&option.name).cloned(),
            after: option.value.clone(),
        });
    gone.chain(set).collect()
}

fn option_changes(document: &Document, target: &Target) -> Vec<Change> {
    let mut list = Vec::new();
    for wanted in &target.options {
        let before = document
            .section(&wanted.section)
            .and_then(|section| section.option(&wanted.option));
        if before == wanted.value.as_ref() {
            continue;
        }
        let (section, option) = (wanted.section.clone(), wanted.option.clone());
        match (&wanted.value, before) {
            (Some(after), before) => list.push(Change::Set {
                section,
                option,
                before: before.cloned(),
                after: after.clone(),
            }),
            (None, Some(before)) => list.push(Change::Unset {
                section,
                option,
                before: before.clone(),
            }),
            (None, None) => {}
        }
    }
    for (section, order) in &target.orders {
        if let Some(section) = document.section(section) {
            restore_order(section, order, &mut list);
        }
    }
    list
}

/// Appends what it takes that the section's options stand in `order` again, those that it does not name last.
///
/// libuci before 23.05 moves an option that gets another value to the end of its section; later ones keep its place.
/// Deleting it first gives the end in both, so that is how everything from the first difference on, or from the first such
/// option on, is put in order.
fn restore_order(section: &Section, order: &[String], list: &mut Vec<Change>) {
    let mut result = section.clone();
    for change in list.iter() {
        apply_option(&mut result, change);
    }
    let rank = |name: &str| order.iter().position(|known| known == name);
    let mut wanted: Vec<&Setting> = result.options.iter().collect();
    wanted.sort_by_key(|option| rank(&option.name).unwrap_or(usize::MAX));
    let last = result.options.last().map(|option| option.name.as_str());
    let may_move = |name: &str| {
        let set = |change: &Change| matches!(change, Change::Set { option, before: Some(_), .. } if option == name);
        !order.is_empty() && Some(name) != last && list.iter().any(set)
    };
    let right = wanted
        .iter()
        .zip(&result.options)
        .take_while(|(wanted, is)| wanted.name == is.name && !may_move(&is.name))
        .count();
    let again: Vec<Change> = wanted[right..]
        .iter()
        .map(|option| Change::Again {
            section: section.name.clone(),
            option: option.name.clone(),
            value: option.value.clone(),
        })
        .collect();
    list.extend(again);
}

/// The document as it will be: what `uci` must show when all changes are staged.
pub fn applied(document: &Document, changes: &[Change]) -> Document {
    let mut result = document.clone();
    for change in changes {
        match change {
            Change::Create(section) => result.sections.push(section.clone()),
            Change::Recreate { before, after } => {
                result
                    .sections
                    .retain(|section| section.name != before.name);
                result.sections.push(after.clone());
            }
            Change::Delete(gone) => result.sections.retain(|section| section.name != gone.name),
            Change::Set { section, .. }
            | Change::Unset { section, .. }
            | Change::Again { section, .. } => {
                let found = |candidate: &&mut Section| candidate.name == *section;
                if let Some(section) = result.sections.iter_mut().find(found) {
                    apply_option(section, change);
                }
            }
        }
    }
    result
}

fn apply_option(section: &mut Section, change: &Change) {
    let (name, option, value) = match change {
        Change::Set {
            section,
            option,
            after,
            ..
        } => (section, option, Some(after)),
        Change::Unset {
            section, option, ..
        } => (section, option, None),
        Change::Again {
            section,
            option,
            value,
        } => (section, option, Some(value)),
        Change::Create(_) | Change::Recreate { .. } | Change::Delete(_) => return,
    };
    if *name != section.name {
        return;
    }
    let present = section.options.iter().position(|is| is.name == *option);
    match (value, present) {
        (Some(value), Some(index)) if !matches!(change, Change::Again { .. }) => {
            section.options[index].value = value.clone();
        }
        (Some(value), present) => {
            if let Some(index) = present {
                section.options.remove(index);
            }
            section.options.push(Setting {
                name: option.clone(),
                value: value.clone(),
                line: 0,
            });
        }
        (None, Some(index)) => {
            section.options.remove(index);
        }
        (None, None) => {}
    }
}

/// Whether two documents mean the same: the same sections in the same order with the same options in any order.
/// Names that libuci made up do not count, nor do lines.
pub fn same_meaning(one: &Document, other: &Document) -> bool {
    let same = |(a, b): (&Section, &Section)| {
        a.kind == b.kind
            && a.anonymous == b.anonymous
            && (a.anonymous || a.name == b.name)
            && a.options.len() == b.options.len()
            && a.options
                .iter()
                .all(|option| b.option(&option.name) == Some(&option.value))
    };
    one.sections.len() == other.sections.len() && one.sections.iter().zip(&other.sections).all(same)
}
