//! Percent-encoding (RFC 3986 §2.1), as far as the signature check needs it.

use std::fmt::Write as _;

/// Decodes every well-formed `%XX`; anything else stays as it is.
pub(crate) fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(nibble(*high) << 4 | nibble(*low));
                rest = after;
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    out
}

/// Decodes each segment of a path, and quotes all but unreserved characters (RFC 3986 §2.3) again.
pub(crate) fn requote_segments(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            out.push('/');
        }
        for byte in decode(segment.as_bytes()) {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                let _infallible = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_no_escape_stays_as_it_is() {
        assert_eq!(decode(b"%2B1%4z%"), b"+1%4z%");
        assert_eq!(decode(b"a%e2%82%ACb"), "a€b".as_bytes());
    }

    #[test]
    fn segments_are_quoted_in_full_and_slashes_kept() {
        assert_eq!(requote_segments("/calls/4:%2B1425/:add"), "/calls/4%3A%2B1425/%3Aadd");
        assert_eq!(requote_segments("//a//"), "//a//");
    }
}
