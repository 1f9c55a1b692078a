//! Tokens: the secret by which an installer shows that it was started under an arm.
//!
//! Not its job: randomness; sixteen random bytes are an argument.

use std::fmt;

use serde::{Deserialize, Serialize};

/// 128 random bits, in hexadecimal. Never shown in logs: [`fmt::Debug`] hides it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Token(String);

/// Bytes of randomness in a token: too many to guess within any window.
pub const TOKEN_BYTES: usize = 16;

impl Token {
    /// The token made of these random bytes.
    pub fn new(random: [u8; TOKEN_BYTES]) -> Self {
        Token(random.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// As it stands in URLs. For answers to the machine that it is for, and for nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Compares without stopping at the first difference, so that time tells nothing about the token.
    pub fn matches(&self, presented: &str) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), presented.as_bytes());
        ours.len() == theirs.len()
            && ours
                .iter()
                .zip(theirs)
                .fold(0, |difference, (a, b)| difference | (a ^ b))
                == 0
    }
}

impl Token {
    /// The text without this token: whole anywhere, or a part of it where the text was cut. Installers log the kernel's command
    /// line, which has it.
    pub fn hide_in(&self, text: &str) -> String {
        hide(&self.0, text)
    }
}

/// Stands where a secret stood.
const HIDDEN: &str = "…";
/// Shortest part of a secret, in bytes, that is looked for where a text was cut: fewer are there by chance.
const SHORTEST_PART: usize = 8;

/// The text without that secret, as [`Token::hide_in`].
pub fn hide(secret: &str, text: &str) -> String {
    if secret.len() < SHORTEST_PART {
        return text.to_owned();
    }
    let mut text = text.replace(secret, HIDDEN);
    let longer = (SHORTEST_PART..secret.len()).rev();
    let parts = longer
        .filter_map(|length| Some((secret.get(..length)?, secret.get(secret.len() - length..)?)));
    let (mut at_end, mut at_begin) = (None, None);
    for (first, last) in parts {
        at_end = at_end.or_else(|| text.strip_suffix(first).map(str::len));
        at_begin = at_begin.or_else(|| text.strip_prefix(last).map(|rest| text.len() - rest.len()));
    }
    if let Some(end) = at_end {
        text.replace_range(end.., HIDDEN);
    }
    if let Some(begin) = at_begin.filter(|begin| text.is_char_boundary(*begin)) {
        text.replace_range(..begin, HIDDEN);
    }
    text
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for Token {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_matches() {
        let token = Token::new([0xab; TOKEN_BYTES]);
        let text = "ab".repeat(TOKEN_BYTES);
        assert!(token.matches(&text));
        assert!(!token.matches(""));
        assert!(!token.matches(&text[..31]));
        assert!(!token.matches(&text.replacen('a', "b", 1)));
    }

    #[test]
    fn a_text_shows_neither_the_token_nor_what_a_cut_left_of_it() {
        let token = Token::new([
            1, 35, 69, 103, 137, 171, 205, 239, 16, 50, 84, 118, 152, 186, 220, 254,
        ]);
        let hex = token.reveal();
        for (text, shown) in [
            (format!("ks={hex}&a {hex}"), "ks=…&a …".to_owned()),
            (format!("ks={}", &hex[..20]), "ks=…".to_owned()),
            (format!("{} b", &hex[20..]), "… b".to_owned()),
            (hex[..31].to_owned(), "…".to_owned()),
            (hex[1..].to_owned(), "…".to_owned()),
            (format!("é {}", &hex[..7]), format!("é {}", &hex[..7])),
            (format!("{}x", &hex[..31]), format!("{}x", &hex[..31])),
            (String::new(), String::new()),
        ] {
            assert_eq!(token.hide_in(&text), shown, "{text}");
        }
        assert_eq!(hide("", "text"), "text");
        // A secret that repeats itself, found at both ends at once.
        let periodic = "ab".repeat(TOKEN_BYTES);
        for length in 0..periodic.len() {
            assert!(hide(&periodic, &periodic[length..]).len() <= HIDDEN.len() + SHORTEST_PART);
        }
    }

    #[test]
    fn a_log_line_does_not_show_it() {
        assert!(!format!("{:?}", Token::new([0xab; TOKEN_BYTES])).contains("ab"));
    }
}
