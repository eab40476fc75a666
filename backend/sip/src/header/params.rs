//! `;name=value` parameters, of headers and of URIs (RFC 3261 §25.1 `generic-param`, `uri-parameters`).

use super::split::{closing_quote, find_outside, is_token_byte};
use super::{HeaderError, is_token};

/// Parameters as they were sent, read when asked for. White space around `;` and `=` is allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params<'a>(&'a str);

impl<'a> Params<'a> {
    /// Reads what follows a value: nothing, or `;name[=value]` any number of times.
    ///
    /// # Errors
    /// When a name is no token, or a value has spaces or an open quote. An empty value is tolerated.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Ok(Self(text));
        }
        let params = Self(text.strip_prefix(';').ok_or(HeaderError::Malformed)?);
        if let Some(is_sound) = is_plain_and_sound(params.0.as_bytes()) {
            return if is_sound { Ok(params) } else { Err(HeaderError::Malformed) };
        }
        let is_sound =
            |(name, value): (&str, Option<&str>)| is_token(name.as_bytes()) && value.is_none_or(is_value);
        if !params.is_empty() && params.iter().all(is_sound) {
            Ok(params)
        } else {
            Err(HeaderError::Malformed)
        }
    }

    /// The parameters of a URI, whose characters were checked already; `text` starts after the first `;`.
    pub(crate) const fn of_uri(text: &'a str) -> Self {
        Self(text)
    }

    /// Names and values in their order. A value in quotes comes with them.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> + use<'a> {
        let mut rest = Some(self.0).filter(|text| !text.is_empty());
        std::iter::from_fn(move || {
            let text = rest?;
            let (piece, after) = match find_outside(text, b';') {
                Some(end) => (&text[..end], Some(&text[end + 1..])),
                None => (text, None),
            };
            rest = after;
            Some(match piece.bytes().position(|byte| byte == b'=') {
                Some(at) => (piece[..at].trim_ascii(), Some(piece[at + 1..].trim_ascii())),
                None => (piece.trim_ascii(), None),
            })
        })
    }

    /// The value of the first parameter of this name, in any case, without its quotes (escapes inside
    /// stay). A parameter without a value gives `""`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        let value = value.unwrap_or_default();
        Some(value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value))
    }

    /// Whether a parameter of this name is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
    }

    /// The text after the first `;`, as it was sent.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// Whether there is no parameter.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads parameters without quotes, brackets and white space, as nearly all are, in one pass: whether they are sound.
/// `None` where there is such a byte.
fn is_plain_and_sound(text: &[u8]) -> Option<bool> {
    let (mut is_value, mut has_name, mut is_sound) = (false, false, true);
    for byte in text {
        match byte {
            b'"' | b'<' | b'>' | 0..=b' ' | 0x7f => return None,
            b';' => {
                is_sound &= has_name;
                (is_value, has_name) = (false, false);
            }
            _ if is_value => {}
            b'=' => is_value = true,
            byte => {
                is_sound &= is_token_byte(*byte);
                has_name = true;
            }
        }
    }
    Some(is_sound && has_name)
}

/// Nothing, a token, a host, or a quoted string that closes at its end.
fn is_value(value: &str) -> bool {
    if value.starts_with('"') {
        return closing_quote(value) == Some(value.len() - 1);
    }
    !value.bytes().any(|byte| matches!(byte, b'"' | b'<' | b'>' | 0..=b' ' | 0x7f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_quotes_and_flags_are_read() {
        let params = Params::parse(r#" ; branch = z9hG4bK1 ;lr; +sip.instance="<urn:uuid:1;2>" ;q=0.5"#)
            .expect("sound");
        assert_eq!(params.get("Branch"), Some("z9hG4bK1"));
        assert_eq!(params.get("lr"), Some(""));
        assert_eq!(params.get("+sip.instance"), Some("<urn:uuid:1;2>"));
        assert!(params.has("q") && !params.has("r"));
        assert_eq!(params.iter().count(), 4);
    }

    #[test]
    fn empty_and_broken_parameters_are_refused() {
        assert!(Params::parse("").expect("none").iter().next().is_none());
        for text in
            [";", ";;a", ";a;", ";a=b;", ";=b", ";a=\"b", "a=b", ";a b=c", ";a=b c", ";\u{e4}=b", ";a:b"]
        {
            assert_eq!(Params::parse(text), Err(HeaderError::Malformed), "{text}");
        }
    }
}
