//! What the reader makes of a text. Every row was checked against the real command; `tests/uci.rs` does so at random.

#![allow(clippy::unwrap_used)]

use super::{Document, Value, parse};

/// One line per section and option: `kind name`, `  option=text`, `  option=[a|b]`; `~` marks an anonymous section.
fn outline(document: &Document) -> String {
    let mut lines = Vec::new();
    for section in &document.sections {
        let mark = if section.anonymous { "~" } else { "" };
        lines.push(format!("{} {mark}{}", section.kind, section.name));
        for option in &section.options {
            lines.push(match &option.value {
                Value::Text(text) => format!(" {}={text}", option.name),
                Value::List(elements) => format!(" {}=[{}]", option.name, elements.join("|")),
            });
        }
    }
    lines.join("\n")
}

fn read(text: &str) -> String {
    match parse(text.as_bytes()) {
        Ok(document) => outline(&document),
        Err(error) => format!("refused at {error}"),
    }
}

#[test]
fn reads_what_people_write() {
    let text = "\n# comment\nconfig host 'r220a'\n\tlist mac 'b8:ca:3a:00:00:01'\n\toption profile \"alma linux\" # why\n\n\
                config host\n\toption a b\n\toption c ''\n";
    assert_eq!(
        read(text),
        "host r220a\n mac=[b8:ca:3a:00:00:01]\n profile=alma linux\nhost ~cfg02fe63\n a=b"
    );
}

#[test]
fn values() {
    for (value, expected) in [
        ("plain", "plain"),
        ("'a b'", "a b"),
        (r#"'a'"b c"d"#, "ab cd"),
        (r#"'it'\''s'"#, "it's"),
        (r#""say \"so\" \\ \n""#, r#"say "so" \ n"#),
        (r"'back\slash'", r"back\slash"),
        (r"a\ b\#c", "a b#c"),
        ("'two\nlines'", "two\nlines"),
        ("\"two\nlines\"", "two\nlines"),
        ("\"one \\\nline\"", "one line"),
        ("one\\\nword", "oneword"),
        ("one\\\r\nword", "oneword"),
        ("'a#b'", "a#b"),
        ("a#b", "a"),
        ("'a'#b", "a"),
        ("a;b", "a"),
        ("a\r", "a"),
        ("a ''", "a"),
    ] {
        let text = format!("config s n\noption o {value}\n");
        assert_eq!(read(&text), format!("s n\n o={expected}"), "{value:?}");
    }
}

#[test]
fn options_and_lists_of_one_name() {
    for (lines, expected) in [
        ("option a 1;option b 1;option a 2", " a=1"),
        ("option a '1';option b '1';option a '2'", " a=2\n b=1"),
        ("option a 1\nlist a 2\nlist b 1", " a=[1|2]\n b=[1]"),
        ("list a 1\nlist a 1\nlist a ''\nlist a", " a=[1|1||]"),
        ("list a 1\noption b 2\noption a 3", " a=3\n b=2"),
        ("option a 1\noption a ''\noption b", " a=1"),
        ("o a 1\nl b 2", " a=1\n b=[2]"),
    ] {
        let text = format!("config s n\n{lines}");
        assert_eq!(read(&text), format!("s n\n{expected}"), "{lines:?}");
    }
}

#[test]
fn sections_of_one_name() {
    for (text, expected) in [
        (
            "config s n\noption a 1\nconfig t m\nconfig s n\noption b 2\nconfig s n\noption c 3",
            "s n\n a=1\n b=2\n c=3\nt m",
        ),
        (
            "config s\nconfig s ''\nc s",
            "s ~cfg01b618\ns ~cfg02b618\ns ~cfg03b618",
        ),
        (
            "config s\noption a 1\nconfig s cfg01b618\noption b 2",
            "s ~cfg01b618\n a=1\n b=2",
        ),
        ("config s!~@ n", "s!~@ n"),
        ("package x-y\nconfig s n\np z", "s n"),
        ("", ""),
        ("\r\n \t\n#", ""),
    ] {
        assert_eq!(read(text), expected, "{text:?}");
    }
    // A hundred more: the count grows to a third digit.
    let many = parse("config s\n".repeat(256).as_bytes()).unwrap();
    assert_eq!(many.sections[255].name, "cfg100b618");
}

#[test]
fn refused() {
    for (text, line) in [
        ("config s n\noption a 'b\n\n", 2),
        ("config s n\noption a \"b", 2),
        ("option a b\n", 1),
        ("\nconfig s n m\n", 2),
        ("config s n\nconfig t n\n", 2),
        ("config\n", 1),
        ("config", 1),
        ("config ;", 1),
        ("config ''", 1),
        ("config 'a b'", 1),
        ("config s n-m", 1),
        ("config s\noption a-b c", 2),
        ("config s\noption a b c", 2),
        ("config s\noption '' c", 2),
        ("config s; option a 'b';\n", 0),
        ("config s n\noption a 'b';\n", 2),
        ("Config s n", 1),
        ("config'x' n", 1),
        ("package", 1),
        ("package a.b", 1),
        ("configs n", 1),
        ("\u{feff}config s n", 1),
    ] {
        let seen = parse(text.as_bytes()).map_or_else(|error| error.line, |_| 0);
        assert_eq!(seen, line, "{text:?}: {}", read(text));
    }
}

#[test]
fn bytes_that_are_not_text() {
    assert_eq!(
        outline(&parse(b"config s n\noption a '\xff\xc3\xa4'").unwrap()),
        "s n\n a=\u{fffd}\u{e4}"
    );
    // A NUL hides the rest of its line, with the newline.
    assert_eq!(
        read("config s n\noption a 'b\0c'\nd'\noption e f"),
        "s n\n a=bd\n e=f"
    );
    // It hides the rest of the 31 bytes that libuci's buffer takes at first, not more.
    assert_eq!(
        read("\0 this is hidden, 31 bytes are.config s n\noption a b"),
        "s n\n a=b"
    );
    assert!(parse(&b"a\0\n".repeat(40)).is_err());
}

#[test]
fn lines_are_those_of_the_file() {
    let document = parse(b"#\nconfig s n\noption a 'x\ny'\noption b c\\\nd\nlist a z\n").unwrap();
    let lines: Vec<_> = document.sections[0]
        .options
        .iter()
        .map(|option| (option.name.as_str(), option.line))
        .collect();
    assert_eq!(document.sections[0].line, 2);
    assert_eq!(lines, [("a", 7), ("b", 5)]);
}
