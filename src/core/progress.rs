//! How far an installation is, in per cent, and how long it will take: from what its installer reports, from packages that
//! are counted, and from how long earlier installations of the same profile took.
//!
//! Honest: no number without a ground for it, never 100 before the installer reported its end, never backwards.
//! Not its job: where the facts come from (`installer_log`, reports).

use serde::{Deserialize, Serialize};

use super::installer_log::Step;

/// Installations that are remembered of one profile. They are written to flash with every state: a few are enough.
const RUNS: usize = 5;
/// Most per cent of an installation that has not reported its end.
const MOST: u64 = 99;
/// Most per cent when nothing is known but packages, or the time: boot loader and scripts come after them.
const MOST_OF_A_GUESS: u64 = 95;
/// Longest installation that is learned from, in seconds: a day. One that somebody forgot tells nothing about the others.
const LONGEST: u64 = 86_400;

/// How long one installation took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Seconds from the claim to the report of its end.
    pub seconds: u32,
    /// Seconds from the claim to the beginning of each step that its log told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<(Step, u32)>,
}

/// How long installations of one profile took; the last one last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Learned {
    profile: String,
    runs: Vec<Run>,
}

/// How long installations took, by section name of their profile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Durations(Vec<Learned>);

impl Durations {
    /// Whether nothing was learned yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Installations of a profile.
    pub fn of(&self, profile: &str) -> &[Run] {
        let learned = self.0.iter().find(|learned| learned.profile == profile);
        learned.map_or(&[], |learned| &learned.runs)
    }

    /// Remembers one more, and forgets profiles that are none any more.
    pub fn learn(&mut self, profile: &str, run: Run, is_profile: impl Fn(&str) -> bool) {
        self.0.retain(|learned| is_profile(&learned.profile));
        if u64::from(run.seconds) > LONGEST {
            return;
        }
        match self.0.iter_mut().find(|learned| learned.profile == profile) {
            None => self.0.push(Learned {
                profile: profile.to_owned(),
                runs: vec![run],
            }),
            Some(Learned { runs, .. }) => {
                runs.push(run);
                let old = runs.len().saturating_sub(RUNS);
                runs.drain(..old);
            }
        }
    }
}

/// What is known of an installation that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Seconds since its claim; none when nobody knows.
    pub elapsed: Option<u64>,
    /// Per cent that its installer reported.
    pub reported: Option<u8>,
    /// What its log told last, and for how many seconds it is at that.
    pub step: Option<(Step, u64)>,
    /// Packages that are installed, of all; only when all are known.
    pub packages: Option<(u32, u32)>,
}

/// Where a number of per cent comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PercentFrom {
    /// The installer said so, with its token.
    Reported,
    /// Packages were counted in the installer's log.
    Packages,
    /// Earlier installations of the same profile took so long.
    Estimate,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Per cent and their ground; none without one.
    pub percent: Option<(u8, PercentFrom)>,
    /// Seconds until its end, if earlier installations tell.
    pub left: Option<u64>,
}

impl Progress {
    /// Never backwards: what was told before counts as long as it is more.
    #[must_use]
    pub fn not_below(mut self, told: Option<(u8, PercentFrom)>) -> Self {
        if let Some(told) = told
            && self.percent.is_none_or(|(percent, _)| percent < told.0)
        {
            self.percent = Some(told);
        }
        self
    }
}

/// How far an installation is, with what is known of it and of `earlier` ones.
pub fn progress(earlier: &[Run], seen: &Seen) -> Progress {
    let (found, left) = match typical(earlier) {
        Some(typical) => typical
            .place(seen)
            .unwrap_or((share_of_packages(seen), None)),
        None => (share_of_packages(seen), None),
    };
    let reported = seen
        .reported
        .map(|percent| (u64::from(percent).min(MOST), PercentFrom::Reported));
    let percent = match (reported, found) {
        // What is reported is a fact, and often an old one: it is the least.
        (Some(reported), Some(found)) if found.0 > reported.0 => Some(found),
        (reported, found) => reported.or(found),
    };
    Progress {
        percent: percent.and_then(|(percent, from)| Some((u8::try_from(percent).ok()?, from))),
        left,
    }
}

type Found = Option<(u64, PercentFrom)>;

/// With nothing to compare with: of a hundred packages, so many.
fn share_of_packages(seen: &Seen) -> Found {
    let (done, total) = seen.packages?;
    let percent = u64::from(done) * 100 / u64::from(total.max(1));
    Some((percent.min(MOST_OF_A_GUESS), PercentFrom::Packages))
}

/// An installation of middling length. Seconds.
struct Typical {
    whole: u64,
    /// In their order, each once.
    starts: Vec<(Step, u64)>,
}

fn typical(earlier: &[Run]) -> Option<Typical> {
    let whole = mean(earlier.iter().map(|run| run.seconds))?.max(1);
    let steps = || earlier.iter().flat_map(|run| &run.steps);
    let mut known: Vec<Step> = steps().map(|(step, _)| *step).collect();
    known.sort_unstable();
    known.dedup();
    let start = |step: Step| {
        let starts = steps().filter(|(other, _)| *other == step);
        Some((step, mean(starts.map(|(_, start)| *start))?))
    };
    Some(Typical {
        whole,
        starts: known.into_iter().filter_map(start).collect(),
    })
}

fn mean(numbers: impl Iterator<Item = u32>) -> Option<u64> {
    let (sum, count) = numbers.fold((0_u64, 0_u64), |(sum, count), number| {
        (sum + u64::from(number), count + 1)
    });
    sum.checked_div(count)
}

impl Typical {
    fn start(&self, step: Step) -> Option<u64> {
        let found = self.starts.iter().find(|(other, _)| *other == step);
        found.map(|(_, start)| *start)
    }

    /// Where in a typical installation this one is, and the seconds that are left of it. None without step and time.
    fn place(&self, seen: &Seen) -> Option<(Found, Option<u64>)> {
        let (at, from, most) = match seen.step {
            Some((step, since)) if self.start(step).is_some() => {
                let (at, from) = self.place_in(step, since, seen.packages);
                (at, from, MOST)
            }
            _ => (seen.elapsed?, PercentFrom::Estimate, MOST_OF_A_GUESS),
        };
        let at = at.min(self.whole);
        // Slower than all before: how much longer, nobody knows.
        let left = Some(self.whole - at).filter(|left| *left > 0);
        Some((Some(((at * 100 / self.whole).min(most), from)), left))
    }

    /// Seconds from the claim to where it is in a step.
    fn place_in(&self, step: Step, since: u64, packages: Option<(u32, u32)>) -> (u64, PercentFrom) {
        let start = self.start(step).unwrap_or_default();
        let later = self.starts.iter().filter(|(other, _)| *other > step);
        let end = later.map(|(_, start)| *start).min().unwrap_or(self.whole);
        let length = end.saturating_sub(start);
        match packages.filter(|_| step == Step::Packages) {
            Some((done, total)) => {
                let done = length * u64::from(done.min(total)) / u64::from(total.max(1));
                (start + done, PercentFrom::Packages)
            }
            None => (start + since.min(length), PercentFrom::Estimate),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(seconds: u32, steps: &[(Step, u32)]) -> Run {
        let steps = steps.to_vec();
        Run { seconds, steps }
    }

    /// 600 s, of which 300 s packages.
    fn earlier() -> Vec<Run> {
        let steps = [
            (Step::Storage, 10),
            (Step::Packages, 100),
            (Step::Loader, 400),
        ];
        vec![run(600, &steps), run(620, &[]), run(580, &steps)]
    }

    fn seen(elapsed: u64, step: Step, since: u64) -> Seen {
        Seen {
            elapsed: Some(elapsed),
            step: Some((step, since)),
            ..Seen::default()
        }
    }

    fn percent(earlier: &[Run], seen: &Seen) -> Option<(u8, PercentFrom)> {
        progress(earlier, seen).percent
    }

    #[test]
    fn without_a_ground_there_is_no_number() {
        let alone = progress(&[], &seen(100, Step::Storage, 5));
        assert_eq!(alone, Progress::default());
    }

    #[test]
    fn packages_that_are_counted_are_a_ground() {
        let mut counted = seen(100, Step::Packages, 50);
        counted.packages = Some((100, 400));
        assert_eq!(percent(&[], &counted), Some((25, PercentFrom::Packages)));
        assert_eq!(progress(&[], &counted).left, None);
        counted.packages = Some((400, 400));
        assert_eq!(percent(&[], &counted), Some((95, PercentFrom::Packages)));
        // Among earlier installations: a quarter of the 300 s after the first 100 s.
        counted.packages = Some((100, 400));
        let placed = progress(&earlier(), &counted);
        assert_eq!(placed.percent, Some((29, PercentFrom::Packages)));
        assert_eq!(placed.left, Some(425));
    }

    #[test]
    fn earlier_installations_are_a_ground_with_steps_and_without() {
        let placed = |seen: Seen| {
            let placed = progress(&earlier(), &seen);
            (placed.percent.map(|(percent, _)| percent), placed.left)
        };
        assert_eq!(placed(seen(55, Step::Storage, 45)), (Some(9), Some(545)));
        // A step that takes longer than ever does not run into the next one.
        assert_eq!(placed(seen(900, Step::Storage, 890)), (Some(16), Some(500)));
        // Of a step that was never timed, only the time is known.
        assert_eq!(placed(seen(300, Step::Download, 5)), (Some(50), Some(300)));
        let untold = Seen {
            elapsed: Some(150),
            ..Seen::default()
        };
        assert_eq!(placed(untold), (Some(25), Some(450)));
        let late = Seen {
            elapsed: Some(5000),
            ..Seen::default()
        };
        assert_eq!(placed(late), (Some(95), None));
        assert_eq!(placed(seen(5000, Step::Loader, 4000)), (Some(99), None));
        assert_eq!(placed(Seen::default()), (None, None));
    }

    #[test]
    fn what_is_reported_is_the_least() {
        let mut now = seen(300, Step::Packages, 150);
        now.reported = Some(30);
        assert_eq!(percent(&earlier(), &now), Some((41, PercentFrom::Estimate)));
        now.reported = Some(60);
        assert_eq!(percent(&earlier(), &now), Some((60, PercentFrom::Reported)));
        now.reported = Some(100);
        assert_eq!(percent(&[], &now), Some((99, PercentFrom::Reported)));
    }

    #[test]
    fn the_last_installations_of_a_profile_are_kept() {
        let mut durations = Durations::default();
        for seconds in 0..10 {
            durations.learn("a", run(seconds, &[]), |_| true);
        }
        durations.learn("b", run(7, &[]), |_| true);
        durations.learn("b", run(100_000, &[]), |_| true);
        let kept: Vec<u32> = durations.of("a").iter().map(|run| run.seconds).collect();
        assert_eq!(kept, [5, 6, 7, 8, 9]);
        assert_eq!(durations.of("b").len(), 1);
        durations.learn("b", run(8, &[]), |name| name == "b");
        assert!(durations.of("a").is_empty());
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Storage),
            Just(Step::Download),
            Just(Step::Packages),
            Just(Step::Done)
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_known_it_is_below_a_hundred_and_never_goes_back(
            lengths in proptest::collection::vec((any::<u32>(), proptest::collection::vec((any_step(), any::<u32>()), 0..4)), 0..4),
            moments in proptest::collection::vec((any::<Option<u64>>(), any_step(), any::<u64>(), any::<Option<u8>>(), any::<Option<(u32, u32)>>()), 1..8),
        ) {
            let earlier: Vec<Run> = lengths.into_iter().map(|(seconds, steps)| Run { seconds, steps }).collect();
            let mut told = None;
            for (elapsed, step, since, reported, packages) in moments {
                let seen = Seen { elapsed, reported, step: Some((step, since)), packages };
                let now = progress(&earlier, &seen).not_below(told).percent;
                prop_assert!(now.is_none_or(|(percent, _)| percent < 100));
                prop_assert!(now.map(|told| told.0) >= told.map(|told: (u8, PercentFrom)| told.0));
                told = now;
            }
        }
    }
}
