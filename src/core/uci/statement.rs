//! Statements of a line: `package`, `config`, `option`, `list`, and what they need.
//!
//! Not its job: how sections and options are merged (that is [`super::build`]).

use super::build::Builder;
use super::words::{Reason, Words};

/// Reads all statements of the line that `words` is at.
pub(super) fn read_line(
    words: &mut Words<'_>,
    builder: &mut Builder,
    line: usize,
) -> Result<(), Reason> {
    words.skip_space();
    while let Some(command) = words.command() {
        if command.word.starts_with(b"#") {
            break;
        }
        let kind = Kind::of(&command.word)?;
        if matches!(kind, Kind::Option | Kind::List) && !builder.has_section() {
            return Err("an option or list stands before the first section");
        }
        if command.is_last {
            return Err("nothing follows the first word of this line");
        }
        match kind {
            Kind::Package => package(words)?,
            Kind::Config => config(words, builder, line)?,
            Kind::Option => {
                let (name, value) = setting(words)?;
                builder.set(name, value, line);
            }
            Kind::List => {
                let (name, value) = setting(words)?;
                builder.add(name, value, line);
            }
        }
    }
    if words.is_exhausted() {
        return Err("too many NUL bytes, or a line that is far too long");
    }
    Ok(())
}

/// What a statement does.
enum Kind {
    Package,
    Config,
    Option,
    List,
}

impl Kind {
    fn of(word: &[u8]) -> Result<Kind, Reason> {
        match word {
            b"p" | b"package" => Ok(Kind::Package),
            b"c" | b"config" => Ok(Kind::Config),
            b"o" | b"option" => Ok(Kind::Option),
            b"l" | b"list" => Ok(Kind::List),
            _ => Err("a line starts with config, option, list or #, and this one does not"),
        }
    }
}

/// `package <name>`: names the file in the output of `uci export`; a file in /etc/config keeps its own name.
fn package(words: &mut Words<'_>) -> Result<(), Reason> {
    let name = required(words)?;
    check_name(&name, b"_-")?;
    end(words)
}

/// `config <kind> [<name>]`.
fn config(words: &mut Words<'_>, builder: &mut Builder, line: usize) -> Result<(), Reason> {
    let kind = required(words)?;
    if !kind.iter().all(u8::is_ascii_graphic) {
        return Err("the type of a section has a character that is not allowed there");
    }
    let name = words.argument()?;
    check_name(&name, b"_")?;
    end(words)?;
    builder.open(text(kind), text(name), line)
}

/// `<name> [<value>]`.
fn setting(words: &mut Words<'_>) -> Result<(String, String), Reason> {
    let name = required(words)?;
    check_name(&name, b"_")?;
    let value = words.argument()?;
    end(words)?;
    Ok((text(name), text(value)))
}

fn required(words: &mut Words<'_>) -> Result<Vec<u8>, Reason> {
    let argument = words.argument()?;
    if argument.is_empty() {
        return Err("a name is missing, or empty");
    }
    Ok(argument)
}

/// Letters, digits and `others`, all in ASCII.
fn check_name(name: &[u8], others: &[u8]) -> Result<(), Reason> {
    if name
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || others.contains(byte))
    {
        Ok(())
    } else {
        Err("a name has a character other than A-Z, a-z, 0-9 and _")
    }
}

/// Nothing but an empty argument, a comment or `;` may follow.
fn end(words: &mut Words<'_>) -> Result<(), Reason> {
    if words.argument()?.is_empty() {
        Ok(())
    } else {
        Err("more words than this line can have; is a value with spaces not quoted?")
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}
