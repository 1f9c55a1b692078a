//! Quoting: what a value may hold where it lands, and how it is written there.
//!
//! - a kickstart line is split by Python's `shlex.split(line, comments=True)` (pykickstart's parser);
//! - a shell word by POSIX sh;
//! - a preseed value is the rest of the line (debconf-set-selections(1));
//! - YAML takes JSON strings;
//! - an iPXE line is split at white space, without any quotes, and `${` expands a setting.

use super::Place;
use crate::core::settings::AnswerKind;

/// Characters that mean nothing special in any of the places.
fn inert(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_@%+=:,./^-".contains(c)
}

const ONE_LINE: &str = "a value must be one line without control characters";

/// Whether a value may stand where it is without quoting. If not, says why.
pub fn plain(place: Place, text: &str) -> Result<(), &'static str> {
    if text.chars().any(char::is_control) {
        return Err(ONE_LINE);
    }
    match place {
        Place::Answer(AnswerKind::Preseed) => Ok(()),
        Place::Ipxe if text.contains("${") => {
            Err("a value must not hold '${': iPXE would expand it")
        }
        Place::Ipxe if text.contains(char::is_whitespace) => {
            Err("a value must not hold blanks: iPXE would split it")
        }
        Place::Ipxe => Ok(()),
        Place::Answer(_) if !text.is_empty() && text.chars().all(inert) => Ok(()),
        Place::Answer(AnswerKind::Kickstart) => Err(
            "the value holds characters that need quoting: write {{ … | quote }}, or {{ … | shell }} in a script",
        ),
        Place::Answer(AnswerKind::Autoinstall) => {
            Err("the value holds characters that need quoting: write {{ … | yaml }}")
        }
        Place::Answer(AnswerKind::Script) => {
            Err("the value holds characters that need quoting: write {{ … | shell }}")
        }
    }
}

/// A value quoted for its place.
pub fn quote(place: Place, text: &str) -> Result<String, &'static str> {
    if text.chars().any(char::is_control) {
        return Err(ONE_LINE);
    }
    match place {
        Place::Answer(AnswerKind::Kickstart) => Ok(kickstart(text)),
        Place::Answer(AnswerKind::Autoinstall) => Ok(json(text)),
        Place::Answer(AnswerKind::Script) => Ok(shell(text)),
        Place::Answer(AnswerKind::Preseed) | Place::Ipxe => {
            plain(place, text).map(|()| text.to_owned())
        }
    }
}

/// One word of a kickstart line.
fn kickstart(text: &str) -> String {
    // `$`, `~` and `*` mean nothing to shlex; a hash with `$` reads better bare.
    if !text.is_empty() && text.chars().all(|c| inert(c) || "$~*".contains(c)) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// One word of a POSIX shell.
pub fn shell(text: &str) -> String {
    if !text.is_empty() && text.chars().all(inert) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A JSON string, which is a YAML string too.
pub fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KICKSTART: Place = Place::Answer(AnswerKind::Kickstart);

    #[test]
    fn a_kickstart_word_survives_shlex() {
        assert_eq!(kickstart("$6$salt$hash./"), "$6$salt$hash./");
        assert_eq!(
            kickstart("ssh-ed25519 AAAA a@b"),
            "\"ssh-ed25519 AAAA a@b\""
        );
        assert_eq!(kickstart("a\"b\\c"), "\"a\\\"b\\\\c\"");
        assert_eq!(kickstart("a#b"), "\"a#b\"");
        assert_eq!(kickstart(""), "\"\"");
    }

    #[test]
    fn a_shell_word_stays_one_word() {
        assert_eq!(shell("it's $(reboot)"), "'it'\\''s $(reboot)'");
        assert_eq!(shell("/dev/sda"), "/dev/sda");
    }

    #[test]
    fn nothing_unquoted_can_begin_another_command() {
        for text in ["a b", "a;b", "$(x)", "a\"b", "a'b", "#", "{{", ""] {
            assert!(plain(KICKSTART, text).is_err(), "{text:?}");
        }
        for text in ["a\nb", "a\rb", "a\u{0}b", "a\u{1b}b"] {
            for place in [KICKSTART, Place::Answer(AnswerKind::Preseed), Place::Ipxe] {
                assert!(plain(place, text).is_err(), "{text:?}");
                assert!(quote(place, text).is_err(), "{text:?}");
            }
        }
        assert!(plain(Place::Ipxe, "a ${mac}").is_err());
        assert!(plain(Place::Ipxe, "${mac}").is_err());
        assert_eq!(plain(KICKSTART, "enp1s0f0,eno1"), Ok(()));
    }
}
