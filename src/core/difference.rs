//! Two texts → how the second differs from the first, line by line, as diff(1) writes it with `-u`.
//!
//! Own code: a crate for it costs more program than these lines. For texts of some hundred lines. Not its job: where they come from.

/// Lines around a change that are shown too.
const CONTEXT: usize = 3;
/// Changed lines of either text that are compared one by one, squared: beyond, all are taken as changed. 1,000 lines of each take 2 MB.
const MOST_COMPARED: usize = 1000 * 1000;

/// One line of both, of the first, or of the second text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// The difference; empty when there is none. `names` are those of the texts.
pub fn unified(before: &str, after: &str, names: (&str, &str)) -> String {
    let lines = compare(
        &before.lines().collect::<Vec<_>>(),
        &after.lines().collect::<Vec<_>>(),
    );
    let is_change = |line: &Line<'_>| !matches!(line, Line::Same(_));
    let changes: Vec<usize> = (0..lines.len())
        .filter(|at| is_change(&lines[*at]))
        .collect();
    let mut hunks: Vec<(usize, usize)> = Vec::new();
    for at in changes {
        let (begin, end) = (
            at.saturating_sub(CONTEXT),
            (at + CONTEXT + 1).min(lines.len()),
        );
        match hunks.last_mut() {
            Some((_, last)) if *last >= begin => *last = end,
            _ => hunks.push((begin, end)),
        }
    }
    if hunks.is_empty() {
        return String::new();
    }
    let mut text = format!("--- {}\n+++ {}\n", names.0, names.1);
    for (begin, end) in hunks {
        hunk(&lines, begin, end, &mut text);
    }
    text
}

fn hunk(lines: &[Line<'_>], begin: usize, end: usize, text: &mut String) {
    let old = |line: &&Line<'_>| !matches!(line, Line::New(_));
    let new = |line: &&Line<'_>| !matches!(line, Line::Gone(_));
    let (before, inside) = (&lines[..begin], &lines[begin..end]);
    let range = |first: usize, count: usize| match count {
        0 => format!("{first},0"),
        1 => format!("{}", first + 1),
        count => format!("{},{count}", first + 1),
    };
    text.push_str(&format!(
        "@@ -{} +{} @@\n",
        range(
            before.iter().filter(old).count(),
            inside.iter().filter(old).count()
        ),
        range(
            before.iter().filter(new).count(),
            inside.iter().filter(new).count()
        ),
    ));
    for line in inside {
        let (sign, words) = match line {
            Line::Same(words) => (' ', words),
            Line::Gone(words) => ('-', words),
            Line::New(words) => ('+', words),
        };
        text.push(sign);
        text.push_str(words);
        text.push('\n');
    }
}

/// The lines of both in one order: those that begin and end alike, and between them the longest that both have in common.
fn compare<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<Line<'a>> {
    let alike = |pairs: &mut dyn Iterator<Item = (&&'a str, &&'a str)>| {
        pairs.take_while(|(one, other)| one == other).count()
    };
    let head = alike(&mut before.iter().zip(after));
    let (before_rest, after_rest) = (&before[head..], &after[head..]);
    let tail = alike(&mut before_rest.iter().rev().zip(after_rest.iter().rev()));
    let old = &before_rest[..before_rest.len() - tail];
    let new = &after_rest[..after_rest.len() - tail];
    let mut lines: Vec<Line<'a>> = before[..head].iter().map(|line| Line::Same(line)).collect();
    if old.len() * new.len() > MOST_COMPARED {
        lines.extend(old.iter().map(|line| Line::Gone(line)));
        lines.extend(new.iter().map(|line| Line::New(line)));
    } else {
        middle(old, new, &mut lines);
    }
    let tail = &before_rest[before_rest.len() - tail..];
    lines.extend(tail.iter().map(|line| Line::Same(line)));
    lines
}

/// The longest common subsequence, by the usual table: `longest[i][j]` is that of `old[i..]` and `new[j..]`.
fn middle<'a>(old: &[&'a str], new: &[&'a str], lines: &mut Vec<Line<'a>>) {
    let width = new.len() + 1;
    let mut longest = vec![0_u16; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i * width + j] = match old[i] == new[j] {
                true => longest[(i + 1) * width + j + 1] + 1,
                false => longest[(i + 1) * width + j].max(longest[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || (i < old.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1])
        {
            lines.push(Line::Gone(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_changed_line_stands_between_its_neighbours() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = before.replace("5\n", "five\nand\n").replace("9\n", "");
        assert_eq!(
            unified(before, &after, ("served", "now")),
            "--- served\n+++ now\n@@ -2,8 +2,8 @@\n 2\n 3\n 4\n-5\n+five\n+and\n 6\n 7\n 8\n-9\n"
        );
        assert_eq!(unified(before, before, ("a", "b")), "");
        assert_eq!(
            unified("", "x\n", ("a", "b")),
            "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n"
        );
    }

    /// patch(1), as far as it is needed: what the second text must be.
    fn patched(before: &str, patch: &str) -> String {
        let old: Vec<&str> = before.lines().collect();
        let mut result = Vec::new();
        let mut at = 0;
        for line in patch.lines().skip(2) {
            let Some((sign, words)) = line.split_at_checked(1) else {
                continue;
            };
            match sign {
                "@" => {
                    let begin = words.split(['-', ',', ' ']).nth(2).expect("a number");
                    let (begin, none): (usize, _) =
                        (begin.parse().expect("a number"), words.contains(",0 +"));
                    let begin = if none { begin } else { begin - 1 };
                    result.extend(&old[at..begin]);
                    at = begin;
                }
                "+" => result.push(words),
                sign => {
                    assert_eq!(old[at], words);
                    result.extend((sign == " ").then_some(words));
                    at += 1;
                }
            }
        }
        result.extend(&old[at..]);
        result.iter().map(|line| format!("{line}\n")).collect()
    }

    proptest! {
        #[test]
        fn the_difference_makes_the_second_of_the_first(
            before in proptest::collection::vec("[abc]", 0..40),
            after in proptest::collection::vec("[abc]", 0..40),
        ) {
            let text = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            let (before, after) = (text(&before), text(&after));
            let difference = unified(&before, &after, ("a", "b"));
            prop_assert_eq!(patched(&before, &difference), after);
        }
    }
}
