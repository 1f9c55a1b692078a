//! CSV (RFC 4180) → rows. Spreadsheets write `;` between fields where the comma is for decimals: the first line tells.
//!
//! Own code: what a crate would add here is a decoder for types that are all text, and 10 KB and more of program.
//! Not its job: what a column means.

/// A line of the table: the number of the line that it begins on, from 1, and its fields.
pub type Line = (usize, Vec<String>);

/// The lines of a table. A line without any text is none. The error is the line at which a quote is opened and never closed.
pub fn lines(text: &str) -> Result<Vec<Line>, usize> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let separator = separator(text);
    let mut lines: Vec<Line> = Vec::new();
    let mut fields = Vec::new();
    let mut field = String::new();
    let (mut number, mut begins) = (1, 1);
    let mut quoted = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\n' => number += 1,
            '"' if quoted.is_some() && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
                continue;
            }
            _ => {}
        }
        match letter {
            '"' if quoted.is_some() => quoted = None,
            _ if quoted.is_some() => field.push(letter),
            '"' if field.trim().is_empty() => {
                field.clear();
                quoted = Some(number);
            }
            '\r' if letters.peek() == Some(&'\n') => {}
            '\n' => {
                fields.push(std::mem::take(&mut field));
                lines.push((begins, std::mem::take(&mut fields)));
                begins = number;
            }
            _ if letter == separator => fields.push(std::mem::take(&mut field)),
            _ => field.push(letter),
        }
    }
    if let Some(opened) = quoted {
        return Err(opened);
    }
    fields.push(field);
    lines.push((begins, fields));
    lines.retain(|(_, fields)| fields.iter().any(|field| !field.trim().is_empty()));
    Ok(lines)
}

fn separator(text: &str) -> char {
    let mut lines = text.lines();
    let head = lines
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let count = |wanted: char| head.chars().filter(|found| *found == wanted).count();
    let others = [';', '\t'].into_iter();
    let mut more = others.filter(|other| count(*other) > count(','));
    more.next().unwrap_or(',')
}

/// A line of a table, with quotes where they are needed.
pub fn line<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let quoted = fields.map(|field| {
        let plain = !field.contains(['"', ',', ';', '\t', '\n', '\r']) && field.trim() == field;
        match plain {
            true => field.to_owned(),
            false => format!("\"{}\"", field.replace('"', "\"\"")),
        }
    });
    quoted.collect::<Vec<_>>().join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_line_before_the_first_says_nothing_about_what_separates() {
        assert_eq!(separator("\n \nname;mac;profile\na,b;c;d\n"), ';');
        assert_eq!(separator("\n"), ',');
    }

    fn read(text: &str) -> Vec<Vec<String>> {
        let lines = lines(text).expect("quotes are closed");
        lines.into_iter().map(|(_, fields)| fields).collect()
    }

    #[test]
    fn fields_are_separated_by_what_the_head_uses() {
        assert_eq!(read("a,b\n1,2\n"), read("a;b\r\n1;2"));
        assert_eq!(read("a\tb\n1\t2"), read("\u{feff}a,b\n1,2\n\n , \n"));
    }

    #[test]
    fn a_quoted_field_holds_anything() {
        let text = "a,b\n\"x,\"\"y\"\"\nz\", 2\n3,4";
        let expected = (2, vec!["x,\"y\"\nz".to_owned(), " 2".to_owned()]);
        let lines = lines(text).expect("closed");
        assert_eq!(lines.get(1), Some(&expected));
        assert_eq!(lines.get(2).map(|(number, _)| *number), Some(4));
    }

    #[test]
    fn a_quote_that_stays_open_is_named() {
        assert_eq!(lines("a,b\n1,2\n\"3,4\n5,6\n"), Err(3));
    }

    #[test]
    fn what_is_written_is_read_again() {
        for fields in [["a", "b c"], [" a", "\""], ["x,y", "1;2"], ["x", "\r\n"]] {
            let text = line(["p", "q"].into_iter()) + &line(fields.into_iter());
            assert_eq!(read(&text)[1], fields);
        }
    }
}
