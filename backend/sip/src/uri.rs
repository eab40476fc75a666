//! SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966). Any other scheme is kept as it is.

use crate::header::{Params, cut, split_outside};
use std::borrow::Cow;
use std::fmt;

#[cfg(test)]
mod tests;

/// The longest URI that is read, in bytes: none is longer on a start line either.
pub const URI_MAX: usize = crate::wire::START_LINE_MAX;

/// The schemes that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// Any other; see [`Uri::as_str`].
    Other,
}

/// Why a URI cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the URI is malformed")]
pub struct UriError;

/// A URI as slices of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    /// The scheme.
    pub scheme: Scheme,
    /// The user part with its escapes, or the number of a `tel:` URI. It may hold `;` and `?`.
    pub user: Option<&'a str>,
    /// The password, which nobody should send.
    pub password: Option<&'a str>,
    /// The host; an IPv6 address without brackets; empty for `tel:` and other schemes.
    pub host: &'a str,
    /// The port, if written.
    pub port: Option<u16>,
    /// The parameters of the URI.
    pub params: Params<'a>,
    /// What follows `?`, with its escapes.
    pub headers: Option<&'a str>,
    text: &'a str,
}

impl<'a> Uri<'a> {
    /// Reads a URI without angle brackets.
    ///
    /// # Errors
    /// When it is longer than [`URI_MAX`], has no scheme, has spaces, brackets or broken escapes, or its
    /// host or port cannot be.
    pub fn parse(text: &'a str) -> Result<Self, UriError> {
        let (scheme, rest) = cut(text, b':').ok_or(UriError)?;
        let is_forbidden = |byte: u8| matches!(byte, 0..=b' ' | 0x7f | b'<' | b'>' | b'"');
        if text.len() > URI_MAX || rest.is_empty() || rest.bytes().any(is_forbidden) || !is_scheme(scheme) {
            return Err(UriError);
        }
        match scheme {
            _ if scheme.eq_ignore_ascii_case("sip") => Self::parse_sip(Scheme::Sip, text, rest),
            _ if scheme.eq_ignore_ascii_case("sips") => Self::parse_sip(Scheme::Sips, text, rest),
            _ if scheme.eq_ignore_ascii_case("tel") => Self::parse_tel(text, rest),
            _ => Ok(Self::empty(Scheme::Other, text)),
        }
    }

    const fn empty(scheme: Scheme, text: &'a str) -> Self {
        let params = Params::of_uri("");
        Self { scheme, user: None, password: None, host: "", port: None, params, headers: None, text }
    }

    fn parse_sip(scheme: Scheme, text: &'a str, rest: &'a str) -> Result<Self, UriError> {
        // The user part may hold `;` and `?`, the host part no `@`: the first `@` parts them.
        let (userinfo, host_part) = match cut(rest, b'@') {
            Some((userinfo, host_part)) => (Some(userinfo), host_part),
            None => (None, rest),
        };
        let (host_part, headers) = match cut(host_part, b'?') {
            Some((host_part, headers)) => (host_part, Some(headers)),
            None => (host_part, None),
        };
        let parts = cut(host_part, b';');
        let (host_port, params) = parts.unwrap_or((host_part, ""));
        let (user, password) = match userinfo.map(|userinfo| cut(userinfo, b':').ok_or(userinfo)) {
            None => (None, None),
            Some(Err(user)) => (Some(user), None),
            Some(Ok((user, password))) => (Some(user), Some(password)),
        };
        let (host, port) = split_host_port(host_port).ok_or(UriError)?;
        let params = uri_params(params, parts.is_some())?;
        if user.is_some_and(|user| user.is_empty() || !is_escaped_well(user))
            || !headers.is_none_or(is_escaped_well)
        {
            return Err(UriError);
        }
        Ok(Self { scheme, user, password, host, port, params, headers, text })
    }

    fn parse_tel(text: &'a str, rest: &'a str) -> Result<Self, UriError> {
        let (number, params) = rest.split_once(';').unwrap_or((rest, ""));
        let digits = number.strip_prefix('+').unwrap_or(number);
        let is_digit = |b: u8| {
            b.is_ascii_hexdigit() || matches!(b, b'*' | b'#' | b'-' | b'.' | b'(' | b')') || b == b'%'
        };
        if digits.is_empty() || !digits.bytes().all(is_digit) || !is_escaped_well(number) {
            return Err(UriError);
        }
        let params = uri_params(params, rest.contains(';'))?;
        Ok(Self { user: Some(number), params, ..Self::empty(Scheme::Tel, text) })
    }

    /// The user part with its escapes decoded. Bytes that are no UTF-8 come as the replacement character.
    #[must_use]
    pub fn user_decoded(&self) -> Option<Cow<'a, str>> {
        self.user.map(decode)
    }

    /// The value of a parameter; `""` for one without a value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params.get(name)
    }

    /// The values after `?`: names and values, decoded (RFC 3261 §19.1.1).
    pub fn header_values(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
        self.headers.into_iter().flat_map(|headers| headers.split('&')).filter(|item| !item.is_empty()).map(
            |item| {
                let (name, value) = item.split_once('=').unwrap_or((item, ""));
                (decode(name), decode(value))
            },
        )
    }

    /// The URI as it was sent.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The host and the port, if written, in the form of a URI: an IPv6 address has its brackets.
    #[must_use]
    pub const fn host_port(&self) -> HostPort<'a> {
        HostPort { host: self.host, port: self.port }
    }

    /// Whether two URIs are equal by RFC 3261 §19.1.4: scheme and host in any case, user with its escapes
    /// decoded; user, ttl, method, maddr and transport must be in both or in none, any other parameter must
    /// not differ.
    #[must_use]
    pub fn is_equal(&self, other: &Uri<'_>) -> bool {
        if matches!(self.scheme, Scheme::Tel | Scheme::Other) {
            return self.scheme == other.scheme && self.text.eq_ignore_ascii_case(other.text);
        }
        self.scheme == other.scheme
            && self.user_decoded() == other.user_decoded()
            && self.password.map(decode) == other.password.map(decode)
            && self.host.eq_ignore_ascii_case(other.host)
            && self.port == other.port
            && has_equal_params(self.params, other.params)
            && has_equal_params(other.params, self.params)
            && has_equal_headers(self, other)
            && has_equal_headers(other, self)
    }
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// A host with an optional port that prints as it stands in a URI or a Via.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPort<'a> {
    /// A name or an address; an IPv6 address without brackets.
    pub host: &'a str,
    /// The port, if written.
    pub port: Option<u16>,
}

impl fmt::Display for HostPort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(self.host)?;
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// Splits `host[:port]`, with spaces allowed around the colon as Via has them. An IPv6 address loses its
/// brackets. `None` when the host is no name or address, or the port is not 1 to 65535.
#[must_use]
pub fn split_host_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(inner) => {
            let (address, rest) = inner.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (address, rest)
        }
        None => {
            let colon = text.bytes().position(|byte| byte == b':').unwrap_or(text.len());
            let (host, rest) = text.split_at(colon);
            let host = host.trim_ascii_end();
            let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
            if host.is_empty() || !host.bytes().all(is_name) {
                return None;
            }
            (host, rest)
        }
    };
    let rest = rest.trim_ascii();
    if rest.is_empty() {
        return Some((host, None));
    }
    let digits = rest.strip_prefix(':')?.trim_ascii_start();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|port| *port != 0).map(|port| (host, Some(port)))
}

/// Decodes `%41` escapes (RFC 3261 §19.1.2).
#[must_use]
pub fn decode(text: &str) -> Cow<'_, str> {
    if !text.as_bytes().contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        match (byte, ahead.next().and_then(hex), ahead.next().and_then(hex)) {
            (b'%', Some(high), Some(low)) => {
                plain.push(high << 4 | low);
                bytes = ahead;
            }
            _ => plain.push(byte),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

/// Writes a text as a user part: what RFC 3261 §25.1 does not allow there becomes an escape.
#[must_use]
pub fn encode_user(text: &str) -> Cow<'_, str> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&b);
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    Cow::Owned(encoded)
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

pub(crate) fn is_scheme(scheme: &str) -> bool {
    scheme.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// Whether each `%` starts an escape of two hex digits.
fn is_escaped_well(text: &str) -> bool {
    !text.as_bytes().contains(&b'%')
        || text
            .split('%')
            .skip(1)
            .all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()))
}

fn uri_params(text: &str, is_present: bool) -> Result<Params<'_>, UriError> {
    let is_sound = |piece: &str| !piece.is_empty() && !piece.starts_with('=') && is_escaped_well(piece);
    if is_present && !split_outside(text, b';').all(is_sound) {
        return Err(UriError);
    }
    Ok(Params::of_uri(text))
}

/// A name stands once (RFC 3261 §19.1.1); where it stands twice, the first counts here as it does everywhere.
fn has_equal_params(one: Params<'_>, other: Params<'_>) -> bool {
    const MUST_BE_IN_BOTH: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];
    one.iter().all(|(name, _)| match other.get(name) {
        Some(value_there) => {
            decode(one.get(name).unwrap_or_default()).eq_ignore_ascii_case(&decode(value_there))
        }
        None => !MUST_BE_IN_BOTH.iter().any(|must| must.eq_ignore_ascii_case(name)),
    })
}

fn has_equal_headers(one: &Uri<'_>, other: &Uri<'_>) -> bool {
    one.header_values().all(|(name, value)| {
        other
            .header_values()
            .any(|(other_name, other_value)| name.eq_ignore_ascii_case(&other_name) && value == other_value)
    })
}
