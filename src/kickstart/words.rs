//! Splits a kickstart line into words, as Python's `shlex.split(line, comments=True)` does, which Anaconda uses.
//!
//! Two kinds of quotes, backslashes, and comments that begin anywhere outside of quotes. Not its job: what words mean.

use std::ops::Range;

/// One word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What it says, without quotes.
    pub text: String,
    /// Where it stands in the line, with its quotes.
    pub bytes: Range<usize>,
}

/// Why a line cannot be split. Each is fatal to Anaconda's parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitError {
    /// A quote at that byte is not closed on its line.
    Quote(usize),
    /// The line ends after a backslash.
    Backslash(usize),
}

/// What shlex takes for white space.
pub fn blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Splits a line. With `comments`, `#` outside of quotes ends it, even within a word.
pub fn split(line: &str, comments: bool) -> Result<Vec<Word>, SplitError> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut characters = line.char_indices();
    while let Some((at, c)) = characters.next() {
        if blank(c) {
            words.extend(word.take());
            continue;
        }
        if c == '#' && comments {
            break;
        }
        let current = word.get_or_insert_with(|| Word {
            text: String::new(),
            bytes: at..at,
        });
        match c {
            '\\' => match characters.next() {
                Some((_, escaped)) => current.text.push(escaped),
                None => return Err(SplitError::Backslash(at)),
            },
            '\'' | '"' => {
                quoted(c, &mut characters, &mut current.text).map_err(|()| SplitError::Quote(at))?
            }
            c => current.text.push(c),
        }
        current.bytes.end = characters.offset();
    }
    words.extend(word);
    Ok(words)
}

/// Reads up to the closing quote.
fn quoted(
    quote: char,
    characters: &mut std::str::CharIndices<'_>,
    text: &mut String,
) -> Result<(), ()> {
    while let Some((_, c)) = characters.next() {
        match c {
            c if c == quote => return Ok(()),
            // Within double quotes, a backslash is special only before a quote and before itself.
            '\\' if quote == '"' => match characters.next() {
                Some((_, next @ ('"' | '\\'))) => text.push(next),
                Some((_, next)) => text.extend(['\\', next]),
                None => return Err(()),
            },
            c => text.push(c),
        }
    }
    Err(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        let words = split(line, true).expect("a good line");
        words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_those_of_shlex() {
        assert_eq!(texts("a  b\tc\r"), ["a", "b", "c"]);
        assert_eq!(texts(r#"a"b c"'d e'f"#), ["ab cd ef"]);
        assert_eq!(texts(r#""\a\"\\" \x '\'"#), [r#"\a"\"#, "x", r"\"]);
        assert_eq!(texts("a#b c"), ["a"]);
        assert_eq!(texts("'#' \"\" # no"), ["#", ""]);
    }

    #[test]
    fn what_is_not_closed_is_named() {
        assert_eq!(split("a 'b", true), Err(SplitError::Quote(2)));
        assert_eq!(split("a \"b\\", true), Err(SplitError::Quote(2)));
        assert_eq!(split("ab \\", true), Err(SplitError::Backslash(3)));
    }

    #[test]
    fn a_word_knows_where_it_stands() {
        let words = split("é --x='y z' w", true).expect("a good line");
        assert_eq!(words[1].bytes, 3..12);
        assert_eq!(words[2].bytes, 13..14);
    }
}
