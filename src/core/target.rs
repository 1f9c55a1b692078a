//! HTTP request targets: path and query, decoded once and strictly.
//!
//! The forms are those of RFC 3986 (percent-encoding) and of HTML forms (`+` for a space, in queries and bodies).
//! Not its job: routes.

/// Most parameters that are looked at: iPXE sends about ten.
const MAX_PARAMETERS: usize = 32;

/// Parameters of a query or of a form body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=1&b=2`. Bytes that are not UTF-8 become U+FFFD; parameters past the bound are left out.
    pub fn parse(text: &str) -> Self {
        let parameters = text
            .split('&')
            .filter(|part| !part.is_empty())
            .take(MAX_PARAMETERS)
            .map(|part| {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                (decode_form(name), decode_form(value))
            });
        Query(parameters.collect())
    }

    /// The same with other values.
    pub fn with_values(&self, change: impl Fn(&str) -> String) -> Self {
        let parameters = self.0.iter();
        Query(
            parameters
                .map(|(name, value)| (name.clone(), change(value)))
                .collect(),
        )
    }

    /// Value of a parameter; of the first one when it is repeated.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }
}

fn decode_form(text: &str) -> String {
    String::from_utf8_lossy(&decode(text, true)).into_owned()
}

/// Percent-decoding; a `%` that no two hexadecimal digits follow stays as it is.
fn decode(text: &str, plus_is_space: bool) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        let digit = |offset: usize| {
            bytes
                .get(index + offset)
                .and_then(|&digit| char::from(digit).to_digit(16))
        };
        match (byte, digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                index += 3;
                continue;
            }
            (b'+', _, _) if plus_is_space => decoded.push(b' '),
            _ => decoded.push(byte),
        }
        index += 1;
    }
    decoded
}

/// The names of a path, decoded: `/files/a%20b` → `["files", "a b"]`.
///
/// None when a name could leave the folder it is in or end a string early: empty names, `.`, `..`, and names with a
/// slash, a backslash, a control character or bytes that are not UTF-8 in them.
pub fn path_names(path: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix('/')?;
    if rest.is_empty() {
        return Some(Vec::new());
    }
    rest.split('/')
        .map(|name| {
            let name = String::from_utf8(decode(name, false)).ok()?;
            let odd = |c: char| c == '/' || c == '\\' || c.is_control();
            (!name.is_empty() && name != "." && name != ".." && !name.contains(odd)).then_some(name)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_once() {
        let query = Query::parse("serial=a%2520b+c&empty=&flag&serial=second");
        assert_eq!(query.get("serial"), Some("a%20b c"));
        assert_eq!(query.get("empty"), Some(""));
        assert_eq!(query.get("flag"), Some(""));
        assert_eq!(query.get("missing"), None);
    }

    #[test]
    fn broken_escapes_stay_text() {
        assert_eq!(Query::parse("a=%&b=%2&c=%zz&d=%ff").get("c"), Some("%zz"));
        assert_eq!(Query::parse("a=100%").get("a"), Some("100%"));
        assert_eq!(Query::parse("d=%ff").get("d"), Some("\u{fffd}"));
    }

    #[test]
    fn no_spelling_leaves_the_folder() {
        for path in [
            "/files/../x",
            "/files/%2e%2e/x",
            "/files/.%2E/x",
            "/files//x",
            "/files/./x",
            "/files/..%2fx",
            "/files/a%5cb",
            "/files/a\\b",
            "/files/a%00b",
            "/files/%ff",
            "files/x",
            "",
        ] {
            assert_eq!(path_names(path), None, "{path}");
        }
        assert_eq!(
            path_names("/files/a%20b+c/..d"),
            Some(vec!["files".into(), "a b+c".into(), "..d".into()])
        );
        assert_eq!(path_names("/"), Some(vec![]));
    }

    #[test]
    fn everything_that_can_be_encoded_comes_back() {
        let encoded = "x=a%20b%26c%3Dd%2F%C3%A9%3F%23%25%2B";
        assert_eq!(Query::parse(encoded).get("x"), Some("a b&c=d/é?#%+"));
    }
}
