//! What a template left behind: values that nobody filled in.

use super::super::finding::Place;
use super::Check;

/// Words that stand where a value should, in capital letters.
const PLACEHOLDERS: [&str; 7] = [
    "CHANGEME",
    "CHANGE_ME",
    "CHANGE-ME",
    "REPLACEME",
    "REPLACE_ME",
    "FIXME",
    "TODO",
];

/// Templates of Jinja, ERB, Cobbler and autoconf.
const MARKS: [(&str, &str); 5] = [
    ("{{", "}}"),
    ("{%", "%}"),
    ("<%", "%>"),
    ("$SNIPPET(", ")"),
    ("@@", "@@"),
];

/// Variables that dnf fills in itself, in the URLs of repositories.
const FILLED_IN: [&str; 6] = [
    "$releasever",
    "$basearch",
    "$arch",
    "$stream",
    "$contentdir",
    "$infra",
];

impl Check<'_, '_, '_> {
    pub(super) fn marks(&mut self) {
        let mut inside = vec![false; self.lines.len() + 2];
        for section in &self.document.sections {
            let end = section.end.min(self.lines.len() + 1);
            inside[section.first..end.max(section.first)].fill(section.name != "%packages");
        }
        for (number, inside) in (1..=self.lines.len()).zip(inside.into_iter().skip(1)) {
            let line = self.lines[number - 1];
            let text = line.trim_start();
            match inside {
                _ if text.is_empty() || text.starts_with('#') => {}
                true => self.marks_of_script(number, line),
                false => self.marks_of_command(number, line),
            }
        }
    }

    fn marks_of_script(&mut self, number: usize, line: &str) {
        // A shell has braces of its own, and so have docker and Go templates: only what names a variable in Jinja's way counts.
        let jinja = line.find("{{ ").filter(|at| {
            line[at + 3..].starts_with(|c: char| c.is_ascii_lowercase())
                && line[*at..].contains(" }}")
        });
        let cobbler = line
            .find("$SNIPPET(")
            .or_else(|| line.find("@@").filter(|at| is_at_mark(&line[*at..])));
        if let Some(at) = jinja.or(cobbler) {
            let message = format_args!(
                "a template's mark was left in this script: the shell takes it as it stands"
            );
            self.warning(
                "template-mark",
                &Place::new(number, at..at + 2),
                message,
                "render the template first, or write the value",
            );
        }
    }

    fn marks_of_command(&mut self, number: usize, line: &str) {
        let mark = MARKS.iter().find_map(|(begin, end)| {
            let at = line.find(begin)?;
            let rest = &line[at + begin.len()..];
            let end = at + begin.len() + rest.find(end)? + end.len();
            let good = *begin != "@@" || is_at_mark(&line[at..]);
            good.then_some(at..end)
        });
        if let Some(bytes) = mark.or_else(|| variable(line)).or_else(|| angle(line)) {
            let message = format_args!(
                "nobody filled in {}: the installer takes it as it stands",
                &line[bytes.clone()]
            );
            self.findings.forget_line(number);
            return self.error(
                "template-mark",
                &Place::new(number, bytes),
                message,
                "render the template first, or write the value",
            );
        }
        let word = PLACEHOLDERS.iter().find_map(|word| {
            let at = line.to_ascii_uppercase().find(word)?;
            let inner = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
            let bytes = line.as_bytes();
            let alone = !inner(at.checked_sub(1).and_then(|before| bytes.get(before)))
                && !inner(bytes.get(at + word.len()));
            alone.then_some(at..at + word.len())
        });
        let comment = line.find('#').unwrap_or(line.len());
        if let Some(bytes) = word.filter(|bytes| bytes.start < comment) {
            let message = format_args!("'{}' stands where a value should", &line[bytes.clone()]);
            self.warning(
                "placeholder",
                &Place::new(number, bytes),
                message,
                "write the value",
            );
        }
    }
}

/// Whether `@@NAME@@` begins here.
fn is_at_mark(text: &str) -> bool {
    let name = text[2..].split("@@").next().unwrap_or_default();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.len() + 2 < text.len() && name.chars().all(word)
}

/// A variable of a shell, which no command of a kickstart has: `${NAME}`, `$NAME`.
fn variable(line: &str) -> Option<std::ops::Range<usize>> {
    let mut from = 0;
    while let Some(found) = line[from..].find('$') {
        let at = from + found;
        let rest = &line[at + 1..];
        if let Some(braced) = rest.strip_prefix('{') {
            let end = braced.find('}')?;
            let name = format!("${}", &braced[..end]);
            if !FILLED_IN.contains(&name.as_str()) {
                return Some(at..at + end + 3);
            }
        }
        // After a word, it is a part of a hash: $6$salt$hash.
        let begins = line[..at]
            .chars()
            .next_back()
            .is_none_or(|c| "=, \t'\"/".contains(c));
        let name: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let named = name.len() > 1
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && !rest[name.len()..].starts_with('$');
        if begins && named && !FILLED_IN.contains(&format!("${name}").as_str()) {
            return Some(at..at + 1 + name.len());
        }
        from = at + 1;
    }
    None
}

/// `<NAME>` or `<your name here>` as a whole value.
fn angle(line: &str) -> Option<std::ops::Range<usize>> {
    let comment = line.find('#').unwrap_or(line.len());
    let at = line[..comment].find('<')?;
    let end = at + line[at..].find('>')?;
    let name = &line[at + 1..end];
    let worded = |c: char| c.is_ascii_alphanumeric() || "-_ ".contains(c);
    let value = line[..at].ends_with(['=', ' ', '"', '\'', '/']);
    (value && !name.is_empty() && name.len() <= 40 && name.chars().all(worded))
        .then_some(at..end + 1)
}
