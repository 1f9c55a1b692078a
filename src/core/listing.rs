//! Which hosts a status shows, and in which order: filter, sort, one page.
//!
//! Not its job: what is shown of each host (`replies`), bytes of a reply (`serve::status`).

use super::lifecycle::Phase;
use super::mac::Mac;

/// Hosts on a page when nobody says how many: what fits a screen that scrolls a little, in some 50 KB.
pub const USUAL_LIMIT: usize = 100;
/// Most hosts on a page: a page is made and sent in one piece, and 500 usual entries have 250 KB.
pub const LARGEST_LIMIT: usize = 500;
/// Longest filter, in characters: longer than any word that is looked for, a UUID included.
const FILTER_LENGTH: usize = 64;
/// What the phase of a host is called when its section has faults.
pub const DISABLED: &str = "disabled";

/// Phases in the order of life, as hosts are sorted by them.
pub const PHASES: [&str; 8] = [
    Phase::Idle.word(),
    Phase::Armed.word(),
    Phase::Booting.word(),
    Phase::Installing.word(),
    Phase::Installed.word(),
    Phase::Failed.word(),
    Phase::Expired.word(),
    DISABLED,
];

/// What is known of a host that it can be found and sorted by.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Section name.
    pub name: &'a str,
    /// Name of the installed system.
    pub hostname: &'a str,
    /// Its cards.
    pub macs: &'a [Mac],
    /// Section name of its profile.
    pub profile: &'a str,
    /// Title of its profile.
    pub title: &'a str,
    /// One of [`PHASES`].
    pub phase: &'static str,
    /// Seconds since 1970 at which it got there.
    pub since: Option<u64>,
    /// The last thing that happened.
    pub last: &'a str,
    /// Milliseconds of the router's uptime at which it happened.
    pub last_uptime: Option<u64>,
}

/// What a caller asks for, as it words it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Matching hosts to skip.
    pub offset: Option<u64>,
    /// Most hosts on the page.
    pub limit: Option<u64>,
    /// Text that a host must have somewhere.
    pub filter: Option<String>,
    /// What to sort by, with a `-` before it for the other way round.
    pub sort: Option<String>,
    /// The phase that a host must be in.
    pub phase: Option<String>,
}

/// What is asked for, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Matching hosts to skip.
    pub offset: usize,
    /// Most hosts on the page.
    pub limit: usize,
    /// In lower case.
    filter: Option<String>,
    sort: Sort,
    descending: bool,
    phase: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Name,
    Phase,
    Since,
    Profile,
    Last,
}

impl Asked {
    /// Checks it; an error is one sentence.
    pub fn check(self) -> Result<Wanted, String> {
        let offset = usize::try_from(self.offset.unwrap_or(0))
            .map_err(|_| "offset is more than there can be hosts".to_owned())?;
        let limit = match self.limit {
            None => USUAL_LIMIT,
            Some(limit) => usize::try_from(limit)
                .ok()
                .filter(|limit| (1..=LARGEST_LIMIT).contains(limit))
                .ok_or_else(|| format!("limit must be 1 to {LARGEST_LIMIT} hosts"))?,
        };
        let filter = self.filter.filter(|filter| !filter.is_empty());
        if let Some(filter) = &filter
            && filter.chars().count() > FILTER_LENGTH
        {
            return Err(format!("filter may have {FILTER_LENGTH} characters"));
        }
        let word = self.sort.as_deref().unwrap_or("name");
        let (word, descending) = match word.strip_prefix('-') {
            Some(word) => (word, true),
            None => (word, false),
        };
        let sort = match word {
            "name" => Sort::Name,
            "phase" => Sort::Phase,
            "since" => Sort::Since,
            "profile" => Sort::Profile,
            "last" => Sort::Last,
            _ => {
                return Err(
                    "sort must be name, phase, since, profile or last, with '-' before it \
                            for the other way round"
                        .to_owned(),
                );
            }
        };
        let phase = match self.phase.as_deref() {
            None | Some("") => None,
            Some(word) => Some(
                *PHASES
                    .iter()
                    .find(|phase| **phase == word)
                    .ok_or_else(|| format!("phase must be one of {}", PHASES.join(", ")))?,
            ),
        };
        Ok(Wanted {
            offset,
            limit,
            filter: filter.map(|filter| filter.to_lowercase()),
            sort,
            descending,
            phase,
        })
    }
}

impl Wanted {
    /// How many of these hosts match, and the names of those on the page. `rows` are in the order of their names.
    pub fn page<'a>(&self, rows: impl ExactSizeIterator<Item = Row<'a>>) -> (usize, Vec<&'a str>) {
        let takes_all = self.filter.is_none() && self.phase.is_none();
        if takes_all && self.sort == Sort::Name && !self.descending {
            // What a page asks for every few seconds: the rows after it need not be made.
            let total = rows.len();
            let page = rows.skip(self.offset).take(self.limit);
            return (total, page.map(|row| row.name).collect());
        }
        let mut rows: Vec<Row<'a>> = rows.filter(|row| self.matches(row)).collect();
        self.order(&mut rows);
        let page = rows.iter().skip(self.offset).take(self.limit);
        (rows.len(), page.map(|row| row.name).collect())
    }

    fn matches(&self, row: &Row<'_>) -> bool {
        if self.phase.is_some_and(|phase| phase != row.phase) {
            return false;
        }
        let Some(filter) = &self.filter else {
            return true;
        };
        let texts = [
            row.name,
            row.hostname,
            row.profile,
            row.title,
            row.phase,
            row.last,
        ];
        texts
            .iter()
            .any(|text| text.to_lowercase().contains(filter))
            || row.macs.iter().any(|mac| mac.to_string().contains(filter))
    }

    /// The sort is stable, so that equal ones stay in the order of their names, whichever way it goes.
    fn order(&self, rows: &mut [Row<'_>]) {
        let number = |row: &Row<'_>| PHASES.iter().position(|phase| *phase == row.phase);
        rows.sort_by(|a, b| {
            let (a, b) = if self.descending { (b, a) } else { (a, b) };
            match self.sort {
                Sort::Name => a.name.cmp(b.name),
                Sort::Phase => number(a).cmp(&number(b)),
                Sort::Since => a.since.cmp(&b.since),
                Sort::Profile => a.profile.cmp(b.profile),
                Sort::Last => a.last_uptime.cmp(&b.last_uptime),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACS: [&str; 2] = ["b8:ca:3a:00:00:01", "52:54:00:00:00:0a"];

    fn rows(macs: &[Mac]) -> Vec<Row<'_>> {
        let row = |name, hostname, phase, since, last| Row {
            name,
            hostname,
            macs: &[],
            profile: "debian",
            title: "Debian Trixie",
            phase,
            since,
            last,
            last_uptime: (!last.is_empty()).then_some(last.len() as u64),
        };
        vec![
            Row {
                macs: &macs[..1],
                ..row("a", "www", "installing", Some(30), "claimed")
            },
            Row {
                macs: &macs[1..],
                profile: "alma",
                title: "AlmaLinux 9",
                ..row("b", "db", "idle", None, "")
            },
            row("c", "mail", "failed", Some(10), "no usable DISK"),
            row("d", "dns", "idle", Some(20), "ok"),
        ]
    }

    fn names(asked: Asked) -> (usize, String) {
        let macs: Vec<Mac> = MACS.iter().map(|mac| mac.parse().expect("valid")).collect();
        let wanted = asked.check().expect("valid");
        let rows = rows(&macs);
        let (total, names) = wanted.page(rows.into_iter());
        (total, names.concat())
    }

    fn sorted(sort: &str) -> String {
        let asked = Asked {
            sort: Some(sort.to_owned()),
            ..Asked::default()
        };
        names(asked).1
    }

    fn filtered(filter: &str) -> String {
        let asked = Asked {
            filter: Some(filter.to_owned()),
            ..Asked::default()
        };
        names(asked).1
    }

    #[test]
    fn a_page_is_a_part_of_what_matches_and_the_total_is_of_all_that_does() {
        let page = |offset, limit| {
            names(Asked {
                offset: Some(offset),
                limit: Some(limit),
                ..Asked::default()
            })
        };
        assert_eq!(names(Asked::default()), (4, "abcd".to_owned()));
        assert_eq!(page(0, 2), (4, "ab".to_owned()));
        assert_eq!(page(1, 2), (4, "bc".to_owned()));
        assert_eq!(page(3, 2), (4, "d".to_owned()));
        assert_eq!(page(4, 2), (4, String::new()));
        assert_eq!(page(u64::from(u32::MAX), 500), (4, String::new()));
        let idle = Asked {
            phase: Some("idle".to_owned()),
            limit: Some(1),
            ..Asked::default()
        };
        assert_eq!(names(idle), (2, "b".to_owned()));
    }

    #[test]
    fn a_filter_is_found_in_any_case_and_in_every_text() {
        for (filter, found) in [
            ("DB", "b"),
            ("mAIl", "c"),
            ("3A:00:00:01", "a"),
            ("52:54", "b"),
            ("alma", "b"),
            ("trixie", "acd"),
            ("install", "a"),
            ("disk", "c"),
            ("", "abcd"),
            ("nothing", ""),
        ] {
            assert_eq!(filtered(filter), found, "{filter}");
        }
    }

    #[test]
    fn equal_ones_stay_in_the_order_of_names_both_ways() {
        for (sort, order) in [
            ("name", "abcd"),
            ("-name", "dcba"),
            ("phase", "bdac"),
            ("-phase", "cabd"),
            ("since", "bcda"),
            ("-since", "adcb"),
            ("profile", "bacd"),
            ("-profile", "acdb"),
            ("last", "bdac"),
            ("-last", "cadb"),
        ] {
            assert_eq!(sorted(sort), order, "{sort}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_in_words() {
        let refused = |asked: Asked| asked.check().expect_err("refused");
        for limit in [0, 501, u64::MAX] {
            let asked = Asked {
                limit: Some(limit),
                ..Asked::default()
            };
            assert_eq!(refused(asked), "limit must be 1 to 500 hosts");
        }
        let word = |word: &str| Some(word.to_owned());
        let sort = Asked {
            sort: word("--name"),
            ..Asked::default()
        };
        assert!(refused(sort).starts_with("sort must be name,"));
        let phase = Asked {
            phase: word("unknown"),
            ..Asked::default()
        };
        assert!(refused(phase).starts_with("phase must be one of idle,"));
        let filter = Asked {
            filter: word(&"é".repeat(65)),
            ..Asked::default()
        };
        assert_eq!(refused(filter), "filter may have 64 characters");
    }
}
