//! `name-addr` and `addr-spec` with parameters: From, To, Contact, Route and their kin (RFC 3261 §20.10).

use super::split::{closing_quote, cut};
use super::{HeaderError, Params};
use crate::uri::is_scheme;
use std::borrow::Cow;
use std::fmt;

/// An address with an optional name before it and parameters after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name, unquoted; `None` when it is missing or empty.
    pub display: Option<Cow<'a, str>>,
    /// The URI as it was sent, without angle brackets; `*` for the lone star of a Contact.
    pub uri: &'a str,
    /// The parameters of the header, not those of the URI.
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads one value. An unquoted display name may have characters that only quotes allow, as many phones
    /// send.
    ///
    /// # Errors
    /// When a quote or bracket stays open, the URI is empty, has spaces or no scheme, a URI without
    /// brackets has header parts (RFC 3261 §20.10), or a parameter is malformed.
    pub fn parse(value: &'a str) -> Result<Self, HeaderError> {
        let value = value.trim_ascii();
        let (display, rest) = display_name(value)?;
        let Some(bracketed) = rest.strip_prefix('<') else {
            return Self::parse_bare(rest);
        };
        let (uri, params) = cut(bracketed, b'>').ok_or(HeaderError::Malformed)?;
        check_uri(uri)?;
        Ok(Self { display, uri, params: Params::parse(params)? })
    }

    /// Without brackets all parameters belong to the header.
    fn parse_bare(value: &'a str) -> Result<Self, HeaderError> {
        let at = value.bytes().position(|byte| byte == b';').unwrap_or(value.len());
        let (uri, params) = value.split_at(at);
        let uri = uri.trim_ascii_end();
        if uri != "*" {
            check_uri(uri)?;
        }
        if uri.bytes().any(|byte| matches!(byte, b'?' | b',')) {
            return Err(HeaderError::Malformed);
        }
        Ok(Self { display: None, uri, params: Params::parse(params)? })
    }

    /// The display name of a value that was read before.
    pub(crate) fn display_of(value: &'a str) -> Option<Cow<'a, str>> {
        display_name(value.trim_ascii()).ok()?.0
    }

    /// The tag parameter.
    #[must_use]
    pub fn tag(&self) -> Option<&'a str> {
        self.param("tag").filter(|tag| !tag.is_empty())
    }

    /// The value of a parameter of the header; `""` for one without a value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params.get(name)
    }
}

impl fmt::Display for NameAddr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write!(f, "{} ", quote(display))?;
        }
        if self.uri == "*" {
            f.write_str("*")?;
        } else {
            write!(f, "<{}>", self.uri)?;
        }
        if self.params.is_empty() { Ok(()) } else { write!(f, ";{}", self.params.as_str()) }
    }
}

/// Splits the display name off; what is left starts with `<` if there are brackets.
fn display_name(value: &str) -> Result<(Option<Cow<'_, str>>, &str), HeaderError> {
    if value.starts_with('"') {
        let end = closing_quote(value).ok_or(HeaderError::Malformed)?;
        let rest = value[end + 1..].trim_ascii_start();
        if !rest.starts_with('<') {
            return Err(HeaderError::Malformed);
        }
        let name = unescape(&value[1..end]);
        return Ok(((!name.is_empty()).then_some(name), rest));
    }
    match value.bytes().position(|byte| matches!(byte, b'<' | b'"')) {
        Some(at) if value.as_bytes()[at] == b'<' => {
            let name = value[..at].trim_ascii();
            Ok(((!name.is_empty()).then_some(Cow::Borrowed(name)), &value[at..]))
        }
        _ => Ok((None, value)),
    }
}

/// A scheme and something after it, printable, without spaces or brackets.
fn check_uri(uri: &str) -> Result<(), HeaderError> {
    let (scheme, rest) = cut(uri, b':').ok_or(HeaderError::Malformed)?;
    let is_printable = rest.bytes().all(|byte| !matches!(byte, 0..=b' ' | 0x7f | b'<' | b'>' | b'"'));
    if is_scheme(scheme) && is_printable && !rest.is_empty() { Ok(()) } else { Err(HeaderError::Malformed) }
}

/// Takes the backslashes of a quoted string away.
pub(super) fn unescape(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    Cow::Owned(plain)
}

/// A text as a quoted string (RFC 3261 §25.1): quotes and backslashes escaped, control characters as
/// spaces.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(if c.is_control() { ' ' } else { c });
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_uri_and_parameters_are_told_apart() {
        let addr = NameAddr::parse(r#""a \"<b>;" <sip:a@b;lr?x=1>;tag = t1 ;x"#).expect("sound");
        assert_eq!(addr.display.as_deref(), Some("a \"<b>;"));
        assert_eq!(addr.uri, "sip:a@b;lr?x=1");
        assert_eq!((addr.tag(), addr.param("x"), addr.param("lr")), (Some("t1"), Some(""), None));
        assert_eq!(addr.to_string(), r#""a \"<b>;" <sip:a@b;lr?x=1>;tag = t1 ;x"#);
    }

    #[test]
    fn without_brackets_the_parameters_are_the_headers() {
        let addr = NameAddr::parse("sip:a@b;tag=t2").expect("sound");
        assert_eq!((addr.uri, addr.tag(), addr.display), ("sip:a@b", Some("t2"), None));
    }

    #[test]
    fn the_lone_star_and_an_unquoted_name_are_read() {
        assert_eq!(NameAddr::parse("*").map(|addr| addr.uri), Ok("*"));
        let addr = NameAddr::parse("Bell, Alexander<sip:a@b>").expect("tolerated");
        assert_eq!(addr.display.as_deref(), Some("Bell, Alexander"));
    }

    #[test]
    fn broken_addresses_are_refused() {
        let broken = [
            "",
            "\"a <sip:a@b>",
            "\"a\" sip:a@b",
            "<sip:a@b",
            "< sip:a@b >",
            "<>",
            "<a@b>",
            "<sip:>",
            "sip:a@b?c=d",
            "<sip:a@b>x",
            "<sip:a@b>;;",
            "sip:a b@c",
            "<sip:a<b@c>",
            "foo \"bar\" <sip:a@b>",
        ];
        for text in broken {
            assert_eq!(NameAddr::parse(text), Err(HeaderError::Malformed), "{text}");
        }
    }

    #[test]
    fn a_quoted_text_reads_back() {
        let quoted = format!("{} <sip:a@b>", quote("a\"\\\r\nb"));
        let addr = NameAddr::parse(&quoted).expect("sound");
        assert_eq!(addr.display.as_deref(), Some("a\"\\  b"));
    }
}
