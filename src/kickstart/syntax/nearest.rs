//! The word that somebody probably meant.

/// Longest word that is compared, in bytes: nobody mistypes longer ones into a command.
const LONGEST: usize = 32;

/// The candidate that differs from `word` in at most a third of its letters, if any; the first of the nearest.
pub fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    if word.len() > LONGEST {
        return None;
    }
    let allowed = (word.trim_start_matches('-').len() / 3).max(1);
    candidates
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (distance(word.as_bytes(), candidate.as_bytes()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to change, add, remove or swap with their neighbour (optimal string alignment).
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in to.iter().enumerate() {
            let change = last[column] + usize::from(letter != other);
            let mut least = change.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && from[row - 1] == *other && *letter == to[column - 1] {
                least = least.min(before[column - 1] + 1);
            }
            current.push(least);
        }
        before = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let words = ["network", "timezone", "--ondisk", "--onpart"];
        let meant = |word| nearest(word, words.into_iter());
        assert_eq!(meant("netwrok"), Some("network"));
        assert_eq!(meant("timezon"), Some("timezone"));
        assert_eq!(meant("--ondisc"), Some("--ondisk"));
        assert_eq!(meant("zerombr"), None);
        assert_eq!(meant(""), None);
    }
}
