//! What every handler may know of the server around it.

use std::sync::Arc;

/// Answers whether everything serves.
pub type Ready = Arc<dyn Fn() -> bool + Send + Sync>;
/// Writes further metrics, in Prometheus' text format.
pub type Metrics = Arc<dyn Fn() -> String + Send + Sync>;

/// The door's own settings, shared by all workers.
#[derive(Clone)]
pub(crate) struct Door {
    /// Whether browsers are told to come back over TLS alone (RFC 6797): never on loopback, where other programs share
    /// the host's name.
    pub(crate) strict_transport: bool,
    pub(crate) ready: Ready,
    pub(crate) metrics: Metrics,
    /// The OpenAPI document, as it is served.
    pub(crate) openapi: Arc<str>,
    /// Which methods exist where, for 405.
    pub(crate) map: Arc<crate::openapi::RouteMap>,
}

/// The host of a URL, without scheme, port and path; an IPv6 literal keeps its brackets.
pub(crate) fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    crate::auth::hmac::without_port(authority)
}

/// Whether a host name or address means this very machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = host.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_cut_out_of_every_form_of_url() {
        for (url, host) in [
            ("http://localhost:8080", "localhost"),
            ("https://comms.example/", "comms.example"),
            ("https://[::1]:8443/x", "[::1]"),
            ("comms.example", "comms.example"),
        ] {
            assert_eq!(host_of(url), host);
        }
        assert!(is_loopback("localhost") && is_loopback("[::1]") && is_loopback("127.0.0.9"));
        assert!(!is_loopback("comms.example") && !is_loopback("10.0.0.1"));
    }
}
