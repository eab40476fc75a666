//! Which pages of other origins may read the answers of the identity calls (the Fetch standard's CORS protocol).
//!
//! These calls carry their credentials in a header, never in a cookie, so a page gains nothing from a visitor's
//! browser: any origin is let in unless the operator names them. Everything else is closed to scripts from elsewhere.

use actix_cors::Cors;
use actix_web::http::{
    Method,
    header::{ETAG, HeaderName, LOCATION, RETRY_AFTER},
};
use std::sync::Arc;

/// How long a browser may keep the answer of a preflight, in seconds.
const PREFLIGHT_SECONDS: usize = 3_600;
/// What a page may call: the users of an app, their tokens, and what a token is worth.
const OPEN: [&str; 5] =
    ["/identities", "/api/v1/me", "/api/v1/identities", "/.well-known/jwks.json", "/openapi.json"];
/// What a page may read of an answer besides its body.
const EXPOSED: [HeaderName; 5] = [
    ETAG,
    LOCATION,
    RETRY_AFTER,
    HeaderName::from_static("x-ms-client-request-id"),
    HeaderName::from_static("x-ms-error-code"),
];

/// The origins that are let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Every one.
    Any,
    /// These, as a browser writes them: `https://app.example`, without a slash at the end.
    These(Arc<[String]>),
}

impl Origins {
    /// Reads `*`, or origins with commas between; nothing at all lets none in.
    ///
    /// # Errors
    /// A sentence that names what is not an origin.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        origins.map(origin).collect::<Result<Vec<_>, _>>().map(|origins| Self::These(origins.into()))
    }

    fn has(&self, sent: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::These(origins) => origins.iter().any(|origin| origin.as_bytes() == sent),
        }
    }
}

fn origin(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' ']) => {
            Ok(text.to_ascii_lowercase())
        }
        _ => Err(format!(
            "{text} is not an origin: write scheme, host and port alone, as in https://app.example, or * for all"
        )),
    }
}

/// The middleware.
pub(crate) fn middleware(origins: &Origins) -> Cors {
    let origins = origins.clone();
    Cors::default()
        .allowed_origin_fn(move |origin, head| is_open(head.uri.path()) && origins.has(origin.as_bytes()))
        .allowed_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_any_header()
        .expose_headers(EXPOSED)
        .max_age(PREFLIGHT_SECONDS)
        // A request from elsewhere is answered as ever; its script just may not read the answer.
        .block_on_origin_mismatch(false)
}

fn is_open(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    OPEN.iter().any(|open| {
        path.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn identity_calls_are_open_to_pages_from_elsewhere_and_nothing_that_moves_numbers_or_money_is() {
        for path in ["/identities", "/identities/8:acs:1_2/:issueAccessToken", "/identities:x", "/api/v1/me"]
        {
            assert!(is_open(path), "{path}");
        }
        for path in ["/phoneNumbers", "/api/v1/tokens", "/api/v1/meters", "/identitiesX", "/", "/sip"] {
            assert!(!is_open(path), "{path}");
        }
    }

    #[test]
    fn origins_are_read_from_the_setting_and_what_is_none_is_named() {
        assert_eq!(Origins::read(" * ").unwrap(), Origins::Any);
        let two = Origins::read("https://App.example, http://localhost:3000").unwrap();
        assert!(two.has(b"https://app.example") && two.has(b"http://localhost:3000"));
        assert!(!two.has(b"https://app.example.evil.test"));
        assert!(!Origins::read("").unwrap().has(b"https://app.example"));
        for bad in ["app.example", "https://app.example/", "https://*.example", "ftp://x", "https://"] {
            assert!(Origins::read(bad).unwrap_err().contains(bad), "{bad}");
        }
    }
}
