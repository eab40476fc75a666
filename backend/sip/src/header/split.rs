//! Cutting values apart where quotes and angle brackets allow it (RFC 3261 §7.3.1, §25.1).

/// Whether the bytes are a token: one or more of the characters that RFC 3261 §25.1 names.
#[must_use]
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is_token_byte(*byte))
}

const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
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

/// The first separator outside quoted strings and angle brackets.
pub(super) fn find_outside(text: &str, separator: u8) -> Option<usize> {
    let mut is_quoted = false;
    let mut is_bracketed = false;
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' if !is_bracketed => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b'<' => is_bracketed = true,
            b'>' => is_bracketed = false,
            byte if byte == separator && !is_bracketed => return Some(at),
            _ => {}
        }
    }
    None
}

/// Where the quoted string that opens `text` ends: the index of its closing quote.
pub(super) fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(at),
            _ => {}
        }
    }
    None
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
