//! Values of options: whether one is of the kind that its option wants, as pykickstart reads it.
//!
//! Not its job: which option a value belongs to (`arguments`).

use super::super::grammar::Value;
use super::given::integer;
use super::nearest::nearest;

/// Whether an option may have the value. The error is what it must be, and what to write.
pub fn check(name: &str, kind: Value, value: &str) -> Result<(), (String, String)> {
    let one_of = |words: &str| words.replace('|', ", ");
    let (wanted, help) = match kind {
        Value::Integer if integer(value).is_none() => {
            let size = name.contains("size") || name.contains("space");
            let help = match size {
                true => "write the number of MiB alone: 2048 for 2 GiB",
                false => "write digits alone",
            };
            ("a whole number".to_owned(), help.to_owned())
        }
        Value::Boolean if !is_boolean(value) => (
            "yes or no".to_owned(),
            format!("write {name}=yes or {name}=no"),
        ),
        Value::OneOf(words) if !words.split('|').any(|word| word == value) => (
            format!("one of {}", one_of(words)),
            suggestion(value, words),
        ),
        Value::AnyCase(words)
            if !words
                .split('|')
                .any(|word| word.eq_ignore_ascii_case(value)) =>
        {
            (
                format!("one of {}", one_of(words)),
                suggestion(value, words),
            )
        }
        _ => return Ok(()),
    };
    Err((wanted, help))
}

/// Whether pykickstart takes it for yes or no.
fn is_boolean(value: &str) -> bool {
    let words = ["on", "yes", "true", "1", "off", "no", "false", "0"];
    words.iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// What stands for a value in the words of a help.
pub fn example(value: Value) -> &'static str {
    match value {
        Value::Integer => "NUMBER",
        Value::List => "A,B",
        _ => "VALUE",
    }
}

fn suggestion(value: &str, words: &str) -> String {
    match nearest(value, words.split('|')) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("write {}", words.split('|').next().unwrap_or_default()),
    }
}
