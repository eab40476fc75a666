//! Via, RFC 3261 §20.42, with rport (RFC 3581).

use super::{HeaderError, Params, cut, is_token};
use crate::uri::split_host_port;
use crate::wire::Transport;
use std::fmt;

/// What a branch starts with when its sender follows RFC 3261 (§8.1.1.7).
const MAGIC_COOKIE: &str = "z9hG4bK";

/// One Via value: a hop that the request took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// The transport; `None` when this house does not speak it.
    pub transport: Option<Transport>,
    /// The transport as it was sent.
    pub transport_name: &'a str,
    /// The sent-by host; an IPv6 address without brackets.
    pub host: &'a str,
    /// The sent-by port, if written.
    pub port: Option<u16>,
    /// The branch parameter, cookie included.
    pub branch: Option<&'a str>,
    /// The received parameter; an IPv6 address without brackets.
    pub received: Option<&'a str>,
    /// The rport parameter: missing, asked for without a value, or filled in.
    pub rport: Option<Option<u16>>,
    /// All parameters.
    pub params: Params<'a>,
}

impl<'a> Via<'a> {
    /// Reads one value. White space is allowed around each `/` and `:` (RFC 3261 §25.1 SLASH, COLON).
    ///
    /// # Errors
    /// When it is not `SIP/version/transport sent-by` with sound parameters.
    pub fn parse(value: &'a str) -> Result<Self, HeaderError> {
        let at = value.bytes().position(|byte| byte == b';').unwrap_or(value.len());
        let (hop, params) = value.split_at(at);
        let (protocol, rest) = cut(hop, b'/').ok_or(HeaderError::Malformed)?;
        let (version, rest) = cut(rest, b'/').ok_or(HeaderError::Malformed)?;
        let rest = rest.trim_ascii_start();
        let space =
            rest.bytes().position(|byte| matches!(byte, b' ' | b'\t')).ok_or(HeaderError::Malformed)?;
        let (transport_name, sent_by) = (&rest[..space], &rest[space + 1..]);
        // The version is that of the hop: a message of another version is answered with 505 along this Via.
        let is_sip =
            protocol.trim_ascii().eq_ignore_ascii_case("SIP") && is_token(version.trim_ascii().as_bytes());
        if !is_sip || !is_token(transport_name.as_bytes()) {
            return Err(HeaderError::Malformed);
        }
        let (host, port) = split_host_port(sent_by.trim_ascii()).ok_or(HeaderError::Malformed)?;
        let params = Params::parse(params)?;
        let transport = Transport::from_name(transport_name);
        let mut via =
            Self { transport, transport_name, host, port, branch: None, received: None, rport: None, params };
        for (name, value) in params.iter() {
            via.take(name, value.unwrap_or_default())?;
        }
        Ok(via)
    }

    /// Keeps a parameter that routing needs; of a repeated one, the first.
    fn take(&mut self, name: &str, value: &'a str) -> Result<(), HeaderError> {
        let value = unwrap(value, '"', '"');
        if name.eq_ignore_ascii_case("branch") {
            self.branch = self.branch.or_else(|| non_empty(value));
        } else if name.eq_ignore_ascii_case("received") {
            self.received = self.received.or_else(|| non_empty(unwrap(value, '[', ']')));
        } else if name.eq_ignore_ascii_case("rport") && self.rport.is_none() {
            let port = if value.is_empty() { Ok(None) } else { value.parse().map(Some) };
            self.rport = Some(port.map_err(|_| HeaderError::Malformed)?);
        }
        Ok(())
    }

    /// Whether the branch alone names the transaction: it starts with the cookie of RFC 3261 §8.1.1.7 and
    /// has something after it. If not, RFC 2543 matching applies (RFC 3261 §17.2.3, RFC 4475 §3.2.1).
    #[must_use]
    pub fn has_cookie(&self) -> bool {
        self.branch.is_some_and(|branch| {
            let is_long = branch.len() > MAGIC_COOKIE.len();
            is_long
                && branch
                    .get(..MAGIC_COOKIE.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(MAGIC_COOKIE))
        })
    }

    /// The sent-by port, or the default of the transport (5060 for one unknown).
    #[must_use]
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or_else(|| self.transport.map_or(5060, Transport::default_port))
    }
}

/// Writes the value in its plain form, parameters as they were.
impl fmt::Display for Via<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SIP/2.0/{} {}",
            self.transport_name,
            crate::uri::HostPort { host: self.host, port: self.port }
        )?;
        if self.params.is_empty() { Ok(()) } else { write!(f, ";{}", self.params.as_str()) }
    }
}

const fn non_empty(text: &str) -> Option<&str> {
    if text.is_empty() { None } else { Some(text) }
}

fn unwrap(text: &str, open: char, close: char) -> &str {
    text.strip_prefix(open).and_then(|inner| inner.strip_suffix(close)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_hop_is_read() {
        let via = Via::parse("SIP/2.0/UDP pc33.example.com:5066;branch=z9hG4bK776;rport").expect("sound");
        assert_eq!(
            (via.transport, via.host, via.port),
            (Some(Transport::Udp), "pc33.example.com", Some(5066))
        );
        assert_eq!((via.branch, via.rport, via.received), (Some("z9hG4bK776"), Some(None), None));
        assert!(via.has_cookie());
        assert_eq!(via.to_string(), "SIP/2.0/UDP pc33.example.com:5066;branch=z9hG4bK776;rport");
    }

    #[test]
    fn spaces_and_ipv6_are_read() {
        let via = Via::parse(
            "SIP / 2.0\t/ tls   [2001:db8::1] : 5061 ; received=[::1];rport=99 ; branch= z9hG4bK9",
        )
        .expect("sound");
        assert_eq!((via.transport, via.host, via.port), (Some(Transport::Tls), "2001:db8::1", Some(5061)));
        assert_eq!((via.received, via.rport, via.branch), (Some("::1"), Some(Some(99)), Some("z9hG4bK9")));
        assert!(via.to_string().starts_with("SIP/2.0/tls [2001:db8::1]:5061;"));
    }

    #[test]
    fn an_unknown_transport_is_kept_and_a_bare_cookie_is_none() {
        let via = Via::parse("SIP/2.0/SCTP a.b;branch=z9hG4bK").expect("sound");
        assert_eq!((via.transport, via.transport_name), (None, "SCTP"));
        assert_eq!((via.port_or_default(), via.has_cookie()), (5060, false));
    }

    #[test]
    fn broken_hops_are_refused() {
        let broken = [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "HTTP/2.0/UDP a",
            "SIP/2.0 UDP a",
            "SIP/2.0/UDP a:b",
            "SIP/2.0/UDP a:70000",
            "SIP/2.0/UDP [::1",
            "SIP/2.0/UDP a b",
            "SIP/2.0/UDP a;;",
            "SIP/2.0/UDP a;rport=x",
        ];
        for text in broken {
            assert_eq!(Via::parse(text), Err(HeaderError::Malformed), "{text}");
        }
    }
}
