//! Cutting values apart where quotes and angle brackets allow it (RFC 3261 §7.3.1, §25.1).

/// Which bytes a token may have.
static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~');
        byte += 1;
    }
    table
};

/// Whether the bytes are a token: one or more of the characters that RFC 3261 §25.1 names.
#[must_use]
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| TOKEN[usize::from(*byte)])
}

/// Whether a token may have this byte.
pub(super) const fn is_token_byte(byte: u8) -> bool {
    TOKEN[byte as usize]
}

/// What stands before and after the first such byte, which is an ASCII one. Most texts here are too short for a vector
/// search to pay.
pub(crate) fn cut(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == separator)?;
    Some((&text[..at], &text[at + 1..]))
}

/// The values of a comma list, trimmed, empty ones left out.
pub fn split_comma(value: &str) -> impl Iterator<Item = &str> {
    split_outside(value, b',').map(str::trim_ascii).filter(|item| !item.is_empty())
}

/// Splits at a separator that stands outside quoted strings and angle brackets. Empty pieces are kept.
pub fn split_outside(value: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        match find_outside(text, separator) {
            Some(at) => {
                rest = Some(&text[at + 1..]);
                Some(&text[..at])
            }
            None => rest.take(),
        }
    })
}

/// The first separator outside quoted strings and angle brackets. What stays open reaches to the end.
pub(super) fn find_outside(text: &str, separator: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    // Nearly every list has but one value.
    memchr::memchr(separator, bytes)?;
    let mut at = 0;
    loop {
        at += memchr::memchr3(separator, b'"', b'<', &bytes[at..])?;
        at += match bytes[at] {
            b'"' => closing_quote(&text[at..])? + 1,
            b'<' => memchr::memchr(b'>', &bytes[at..])? + 1,
            _ => return Some(at),
        };
    }
}

/// Where the quoted string that opens `text` ends: the index of its closing quote.
pub(super) fn closing_quote(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2; // a backslash and what it escapes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_quotes_or_brackets_does_not_separate() {
        let value = r#""a, \"b" <sip:x@y?a=1,2>;p="q,r" , <sip:z@y>,, sip:w@y"#;
        let items: Vec<_> = split_comma(value).collect();
        assert_eq!(items, [r#""a, \"b" <sip:x@y?a=1,2>;p="q,r""#, "<sip:z@y>", "sip:w@y"]);
    }

    #[test]
    fn an_open_quote_takes_the_rest() {
        assert_eq!(split_comma(r#"a, "b, c"#).collect::<Vec<_>>(), ["a", "\"b, c"]);
        assert_eq!(closing_quote("\"abc"), None);
        assert_eq!(closing_quote(r#""a\"b" c"#), Some(5));
    }

    #[test]
    fn a_token_has_neither_spaces_nor_separators() {
        assert!(is_token(b"!interesting-Method0123456789_*+`.%indeed'~"));
        assert!(!is_token(b"") && !is_token(b"a b") && !is_token(b"a:b") && !is_token(b"\xc3\xa9"));
    }
}
