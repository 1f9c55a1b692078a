//! Taking secrets out of a text that is kept or shown: tokens, password hashes, private keys.
//!
//! By their form, since a log may hold those of another host, or an older one; the host's own also as they are, wherever they
//! stand. Not its job: who may see what.

/// Hexadecimal digits of a token, as `core::token` writes it.
const TOKEN: usize = 32;
/// What stands where they stood.
const MARKS: [&str; 3] = ["TOKEN", "HASH", "KEY"];
/// How a private key's lines begin and end (RFC 7468, and OpenSSH's own).
const KEY: (&str, &str) = ("-----BEGIN", "-----END");

/// Shortest part of a secret, in bytes, that is looked for where a text was cut: fewer are there by chance.
const SHORTEST_PART: usize = 8;

/// The text without that token: whole anywhere, or a part of it where the text was cut.
pub fn without(token: &str, text: &str) -> String {
    let [mark, ..] = MARKS;
    if token.len() < SHORTEST_PART {
        return text.to_owned();
    }
    let mut text = text.replace(token, mark);
    let (mut end, mut begin) = (None, None);
    for length in (SHORTEST_PART..token.len()).rev() {
        let first = token.get(..length).unwrap_or(token);
        let last = token.get(token.len() - length..).unwrap_or(token);
        end = end.or_else(|| text.strip_suffix(first).map(str::len));
        begin = begin.or_else(|| text.starts_with(last).then_some(length));
    }
    if let Some(end) = end {
        text.replace_range(end.., mark);
    }
    // The text is shorter now, when both are one place.
    if let Some(begin) = begin.filter(|begin| text.is_char_boundary(*begin)) {
        text.replace_range(..begin, mark);
    }
    text
}

/// The text without them. Lines stay lines.
pub fn masked(text: &str) -> String {
    let [_, _, key] = MARKS;
    let mut result = String::with_capacity(text.len());
    let mut in_key = false;
    for line in text.split_inclusive('\n') {
        let is_private = line.contains("PRIVATE KEY");
        if in_key {
            in_key = !(is_private && line.contains(KEY.1));
            result.push_str(key);
            result.push_str(if line.ends_with('\n') { "\n" } else { "" });
            continue;
        }
        in_key = is_private && line.contains(KEY.0) && !line.contains(KEY.1);
        mask_line(line, &mut result);
    }
    result
}

fn mask_line(line: &str, result: &mut String) {
    let [token, hash, _] = MARKS;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let length = hash_at(rest);
        if length > 0 {
            result.push_str(hash);
            rest = rest.get(length..).unwrap_or("");
            continue;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let named = line.len() > rest.len() && line[..line.len() - rest.len()].ends_with("token=");
        // A line that was cut may end within one.
        let cut = (TOKEN / 2..TOKEN).contains(&digits) && digits == rest.trim_end().len();
        if digits == TOKEN || cut || named && digits > 0 {
            result.push_str(token);
        } else {
            // A whole run at once: the end of a longer one is no token.
            let taken = digits.max(c.len_utf8());
            result.push_str(rest.get(..taken).unwrap_or(""));
        }
        rest = rest.get(digits.max(c.len_utf8())..).unwrap_or("");
    }
}

/// Bytes of a hash of crypt(5) that the text begins with: `$`, one to three letters or digits, `$`, and at least eight more characters.
fn hash_at(text: &str) -> usize {
    let Some(rest) = text.strip_prefix('$') else {
        return 0;
    };
    let kind = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    if !(1..=3).contains(&kind) || rest.as_bytes().get(kind) != Some(&b'$') {
        return 0;
    }
    let of_hash = |byte: &u8| byte.is_ascii_alphanumeric() || b"./$=,+-_".contains(byte);
    let body = rest.bytes().skip(kind + 1).take_while(of_hash).count();
    if body < 8 { 0 } else { 1 + kind + 1 + body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_hashes_and_keys_go_and_everything_else_stays() {
        let token = "f5ca317d1d2098fbcf82ecb6a62ac505";
        for (text, expected) in [
            (format!("url=http://10.33.1.1:8067/ks/x?token={token}&a=1"), "url=http://10.33.1.1:8067/ks/x?token=TOKEN&a=1"),
            (format!("s=http://r/autoinstall/52:54:00:00:00:01/{token}/"), "s=http://r/autoinstall/52:54:00:00:00:01/TOKEN/"),
            ("rootpw --iscrypted $6$salt$abc/DEF.123\n".to_owned(), "rootpw --iscrypted HASH\n"),
            ("user --password=\"$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W.zEaKlOBL35rC\" x".to_owned(), "user --password=\"HASH\" x"),
            ("a\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb\nAAAA\n-----END OPENSSH PRIVATE KEY-----\nz".to_owned(), "a\n-----BEGIN OPENSSH PRIVATE KEY-----\nKEY\nKEY\nKEY\nz"),
            ("inst.ks=http://r/ks/x?token=f5ca".to_owned(), "inst.ks=http://r/ks/x?token=TOKEN"),
            ("s=http://r/autoinstall/x/f5ca317d1d2098fbcf82ecb6a62ac5\n".to_owned(), "s=http://r/autoinstall/x/TOKEN\n"),
            (format!("sha256 {token}{token} $1 ${{x}} $5 $a$b ä"), &format!("sha256 {token}{token} $1 ${{x}} $5 $a$b ä")),
        ] {
            assert_eq!(masked(&text), expected);
        }
    }

    #[test]
    fn a_hosts_own_token_goes_wherever_it_stands_and_what_a_cut_left_of_it() {
        let token = "01234567f5ca317d1d2098fbcf82ecb6";
        for (text, shown) in [
            (
                format!("ks%3d{token}0 {token}"),
                "ks%3dTOKEN0 TOKEN".to_owned(),
            ),
            (format!("ks={}", &token[..20]), "ks=TOKEN".to_owned()),
            (format!("{} b", &token[20..]), "TOKEN b".to_owned()),
            (token[..31].to_owned(), "TOKEN".to_owned()),
            (token[1..].to_owned(), "TOKEN".to_owned()),
            (format!("é {}", &token[..7]), format!("é {}", &token[..7])),
            (format!("{}x", &token[..31]), format!("{}x", &token[..31])),
            (String::new(), String::new()),
        ] {
            assert_eq!(without(token, &text), shown, "{text}");
        }
        assert_eq!(without("", "text"), "text");
        // One that repeats itself is found at both ends at once.
        let periodic = "ab".repeat(TOKEN / 2);
        for length in 0..periodic.len() {
            assert!(without(&periodic, &periodic[length..]).len() <= 2 * SHORTEST_PART);
        }
    }

    #[test]
    fn what_is_masked_stays_as_it_is() {
        let text = "x HASH TOKEN\nKEY\n";
        assert_eq!(masked(text), text);
    }
}
