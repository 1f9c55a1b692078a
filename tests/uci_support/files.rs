//! Files to compare with, from what people write to what nobody would.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Lines of statements that mostly make sense.
pub fn written() -> impl Strategy<Value = Vec<u8>> {
    (section_line(), vec(line(), 0..10)).prop_map(|(first, lines)| [first, lines.concat()].concat())
}

/// The same with one or two changes: a piece put in, put over, or taken out.
pub fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), 0..3_usize, difficult_piece());
    (written(), vec(change, 1..3)).prop_map(|(mut file, changes)| {
        for (at, removed, piece) in changes {
            let start = at.index(file.len() + 1);
            let end = file.len().min(start + removed);
            file.splice(start..end, piece);
        }
        file
    })
}

/// Pieces in no order at all, behind a start that gives them a chance.
pub fn difficult() -> impl Strategy<Value = Vec<u8>> {
    let start = select(vec![
        "",
        "config s\n",
        "config s n\noption a '",
        "config s n\nlist a \"",
        "config s n\noption a ",
        "config s n\noption a b\n",
    ]);
    (start, vec(difficult_piece(), 0..24))
        .prop_map(|(start, pieces)| [start.as_bytes(), &pieces.concat()].concat())
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => section_line(),
        8 => option_line(),
        1 => select(vec!["\n", " \t\n", "# 'comment\n", "\r\n", "package x-1\n", "p 'y'\n"])
            .prop_map(bytes),
    ]
}

fn section_line() -> impl Strategy<Value = Vec<u8>> {
    (
        select(vec!["config ", "config\t", " config  ", "c "]),
        select(vec!["s", "s", "s", "'s'", "t", "it's!'", "\"t~\""]),
        select(vec![
            "",
            "",
            " ''",
            " n",
            " 'n'",
            " \"m\"",
            " cfg01b618",
            " k",
            " l",
        ]),
        line_end(),
    )
        .prop_map(|(command, kind, name, end)| [command, kind, name, end].concat().into_bytes())
}

fn option_line() -> impl Strategy<Value = Vec<u8>> {
    (
        select(vec![
            "option ",
            "\toption\t",
            "list ",
            "\tlist ",
            "o ",
            "l ",
        ]),
        select(vec!["a", "b", "'a'", "\"long_name\"", "'a'\"b\"", "9"]),
        select(vec![" ", "\t", " \x0b", " \\\n", ""]),
        vec(value_piece(), 0..4),
        line_end(),
    )
        .prop_map(|(command, name, between, value, end)| {
            let value = value.concat();
            [
                command.as_bytes(),
                name.as_bytes(),
                between.as_bytes(),
                &value,
                end.as_bytes(),
            ]
            .concat()
        })
}

/// Mostly ends of lines that leave the file readable.
fn line_end() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        12 => Just("\n"),
        1 => select(vec!["\r\n", " \n", " # comment\n", "#comment\n", " ''\n", ";", " ;", "; ", "\\\n\n", ""]),
    ]
}

fn value_piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-z0-9.:/-]{1,6}".prop_map(String::into_bytes),
        4 => "'[a-z #\"\\\\;$\n\t-]{0,8}'".prop_map(String::into_bytes),
        3 => "\"[a-z #';$\n-]{0,8}\"".prop_map(String::into_bytes),
        1 => select(vec![
            r#""\"""#, r#""\\""#, "\"a\\\nb\"", "\"a\\\r\nb\"", "\"\\n\"", r"\'", r"\ ", r"\#", r"\\", "a\\\nb", "a\\\r\nb",
            "'\\\n'", "'it'\\''s'", "\u{e4}", "'\u{20ac}'", "a#b", "'a\rb'", "''", "\"\"",
        ])
        .prop_map(bytes),
        1 => select(vec![b"\xff".to_vec(), b"'\x80\xc3'".to_vec(), b"'\x01\x1b'".to_vec(), b"\x7f".to_vec()]),
        1 => (0..70_usize).prop_map(|length| b"x".repeat(length)),
    ]
}

/// What the reader treats in a way of its own, alone and with what makes it harder.
fn difficult_piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => select(vec![
            "'", "\"", "\\", "#", ";", "\n", " ", "\t", "\r", "\r\n", "\\\n", "\\\r\n", "\x0b", "\x0c", "a", "n", "''", "\"\"",
            "\noption a ", "\nlist a ", "\nconfig s", "\nconfig s n", "config ", "option ", "; option b ", "';", "-", ".",
            "p", "c x", "o a b", "l a b",
        ])
        .prop_map(bytes),
        1 => select(vec![b"\0".to_vec(), b"\0\n".to_vec(), b"\n\0".to_vec(), b"\xff".to_vec(), b"\x85".to_vec(), b"\xa0".to_vec(), b"\x1a".to_vec()]),
        1 => (20..70_usize).prop_map(|length| b"y".repeat(length)),
    ]
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}
