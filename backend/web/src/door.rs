//! What every handler may know of the server around it.

use actix_web::http::StatusCode;
use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

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
    /// Answers so far.
    pub(crate) answers: Arc<Answers>,
}

/// Counts answers by the first digit of their status, 1 to 5.
#[derive(Debug, Default)]
pub(crate) struct Answers([AtomicU64; 5]);

impl Answers {
    pub(crate) fn count(&self, status: StatusCode) {
        if let Some(counter) = self.0.get(usize::from(status.as_u16() / 100).wrapping_sub(1)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Prometheus' text format.
    pub(crate) fn text(&self) -> String {
        let mut text = "# HELP dialtone_http_answers_total HTTP answers, by the class of their status.\n# TYPE dialtone_http_answers_total counter\n".to_owned();
        for (class, counter) in (1..).zip(&self.0) {
            let count = counter.load(Ordering::Relaxed);
            let _infallible = writeln!(text, "dialtone_http_answers_total{{class=\"{class}xx\"}} {count}");
        }
        text
    }
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
    fn answers_are_counted_by_class_and_odd_statuses_do_no_harm() {
        let answers = Answers::default();
        for status in [200, 204, 404, 999] {
            answers.count(StatusCode::from_u16(status).expect("a status of three digits"));
        }
        assert!(answers.text().contains("{class=\"2xx\"} 2\n"));
        assert!(answers.text().contains("{class=\"4xx\"} 1\n"));
    }

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
