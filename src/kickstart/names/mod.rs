//! Names that only a list can tell good from bad: time zones, languages, keyboards.
//!
//! The whole lists are in the binary: together they are under 5 KB compressed, and a check of the form alone would
//! pass `Europe/Berln`. Not its job: saying what happens with a wrong one (`meaning`).

use super::syntax::nearest;

const ZONES: &str = include_str!("zones.txt");
const LANGUAGES: &str = include_str!("languages.txt");
const KEYBOARDS: &str = include_str!("keyboards.txt");

fn lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().filter(|line| !line.starts_with('#'))
}

/// Zones of an area; of none with an empty one.
fn zones(area: &str) -> impl Iterator<Item = &'static str> {
    let of_area = |line: &&'static str| line.split(':').next() == Some(area);
    let line = lines(ZONES).find(of_area).unwrap_or_default();
    line.split_once(':')
        .map_or("", |(_, names)| names)
        .split_whitespace()
}

/// Whether tzdata has that zone.
pub fn is_zone(name: &str) -> bool {
    let (area, place) = name.split_once('/').unwrap_or(("", name));
    zones(area).any(|zone| zone == place)
}

/// The zone that was probably meant.
pub fn nearest_zone(name: &str) -> Option<String> {
    let areas: Vec<&str> = lines(ZONES)
        .filter_map(|line| line.split(':').next())
        .collect();
    let (area, place) = name.split_once('/').unwrap_or(("", name));
    let area = areas
        .iter()
        .find(|known| known.eq_ignore_ascii_case(area))
        .copied();
    let area = area.or_else(|| nearest(name.split('/').next()?, areas.iter().copied()))?;
    let place = place.replace(' ', "_");
    let known = zones(area).find(|zone| zone.eq_ignore_ascii_case(&place));
    let zone = known.or_else(|| nearest(&place, zones(area)))?;
    Some(match area {
        "" => zone.to_owned(),
        area => format!("{area}/{zone}"),
    })
}

/// Whether glibc has that language and territory: `en_US`, `en_US.UTF-8`, `sr_RS@latin`.
pub fn is_language(name: &str) -> bool {
    let plain = name.split(['.', '@']).next().unwrap_or_default();
    if matches!(plain, "C" | "POSIX") {
        return true;
    }
    let languages = || lines(LANGUAGES).filter_map(|line| line.split_once(' '));
    let Some((language, territory)) = plain.split_once('_') else {
        // A language alone gets the territory where most people speak it.
        return languages().any(|(known, _)| known == plain);
    };
    let mut territories = languages().filter(|(known, _)| *known == language);
    territories.any(|(_, known)| {
        known
            .split_whitespace()
            .any(|known| known.split('@').next() == Some(territory))
    })
}

/// Whether X has that layout: `us`, `cz (qwerty)`.
pub fn is_layout(name: &str) -> bool {
    let layout = name.split(['(', ' ']).next().unwrap_or_default();
    let known = lines(KEYBOARDS).next().unwrap_or_default();
    known.split_whitespace().any(|known| known == layout)
}

/// Whether a console keymap may be called so: `us`, `de-nodeadkeys`, `sv-latin1`.
pub fn is_keymap(name: &str) -> bool {
    let base = name.split(['-', '_', '.']).next().unwrap_or_default();
    let list = lines(KEYBOARDS).flat_map(str::split_whitespace);
    // Keymaps of kbd that are called by a language instead of a layout.
    let languages = [
        "sv", "cs", "da", "et", "sl", "uk", "sg", "la", "ko", "jp106",
    ];
    list.chain(languages).any(|known| {
        let numbered = base
            .strip_prefix(known)
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
        known == name || numbered
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_those_of_tzdata() {
        for zone in [
            "UTC",
            "Europe/Berlin",
            "America/Argentina/Buenos_Aires",
            "Etc/GMT+5",
            "US/Pacific",
        ] {
            assert!(is_zone(zone), "{zone}");
        }
        for zone in [
            "Mars/Olympus",
            "Europe",
            "europe/berlin",
            "Europe/",
            "",
            "#",
            "Berlin",
        ] {
            assert!(!is_zone(zone), "{zone}");
        }
        assert_eq!(
            nearest_zone("Europe/Berln").as_deref(),
            Some("Europe/Berlin")
        );
        assert_eq!(
            nearest_zone("america/los angeles").as_deref(),
            Some("America/Los_Angeles")
        );
        assert_eq!(nearest_zone("Mars/Olympus"), None);
    }

    #[test]
    fn languages_and_keyboards_are_known() {
        for language in ["en_US.UTF-8", "de_DE", "sr_RS@latin", "C.UTF-8", "en"] {
            assert!(is_language(language), "{language}");
        }
        for language in ["english", "xx_YY.UTF-8", "en_us.UTF-8", ""] {
            assert!(!is_language(language), "{language}");
        }
        assert!(is_layout("cz (qwerty)") && is_layout("us") && !is_layout("qwerty"));
        for keymap in [
            "us",
            "de-nodeadkeys",
            "sv-latin1",
            "uk",
            "dvorak",
            "jp106",
            "fr-oss",
        ] {
            assert!(is_keymap(keymap), "{keymap}");
        }
        assert!(!is_keymap("klingon") && !is_keymap(""));
    }
}
