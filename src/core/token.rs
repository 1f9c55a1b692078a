//! Tokens: the secret by which an installer shows that it was started under an arm.
//!
//! Not its job: randomness; sixteen random bytes are an argument.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::secrets::without;

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
        without(&self.0, text)
    }
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
    fn a_log_line_does_not_show_it() {
        assert!(!format!("{:?}", Token::new([0xab; TOKEN_BYTES])).contains("ab"));
    }
}
