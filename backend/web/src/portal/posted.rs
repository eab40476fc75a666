//! A form that was sent. It is taken only from our own pages: the browser says so itself where it can
//! (`Sec-Fetch-Site`, `Origin`), and the form carries the token that its page was given.

use super::{error::PageError, visit::Visit};
use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{HOST, HeaderMap, ORIGIN},
    web::Bytes,
};
use serde::de::DeserializeOwned;
use std::{future::Future, pin::Pin, time::Duration};

/// Largest form, in bytes.
pub(crate) const FORM_MAX_BYTES: usize = 64 * 1024;
/// How long a browser may take to send a form.
const FORM_TIMEOUT: Duration = Duration::from_secs(30);
/// The field with the token.
const TOKEN_FIELD: &str = "csrf";

/// A form of ours, with its fields. Fields that a page did not send are what their type says they are.
#[derive(Debug)]
pub(crate) struct Posted<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Posted<T> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visit = Visit::of(request).ok_or_else(PageError::unopened);
        let is_ours = is_from_here(request.headers(), request.uri().authority().map(|host| host.as_str()));
        let body = Bytes::from_request(request, payload);
        Box::pin(async move {
            let visit = visit?;
            let body = tokio::time::timeout(FORM_TIMEOUT, body).await;
            let body = body.map_err(|_| PageError::BadForm)?.map_err(|_| PageError::BadForm)?;
            let token = form_urlencoded::parse(&body).find(|(name, _)| name == TOKEN_FIELD);
            if !is_ours || !token.is_some_and(|(_, token)| visit.vouches(&token)) {
                return Err(PageError::StaleForm);
            }
            serde_urlencoded::from_bytes(&body).map(Self).map_err(|_| PageError::BadForm)
        })
    }
}

/// A form without fields of its own.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Nothing {}

/// Whether the browser says that the form is from this very site. A program that says nothing is told apart by the
/// token alone.
fn is_from_here(headers: &HeaderMap, authority: Option<&str>) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).or(authority);
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    matches!((origin, host), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn from_here(pairs: &[(&'static str, &'static str)]) -> bool {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        is_from_here(&pairs.iter().map(header).collect(), None)
    }

    #[test]
    fn a_form_from_another_site_is_known_by_what_the_browser_says() {
        assert!(from_here(&[("sec-fetch-site", "same-origin")]));
        assert!(!from_here(&[("sec-fetch-site", "cross-site"), ("origin", "http://a"), ("host", "a")]));
        assert!(!from_here(&[("sec-fetch-site", "same-site")]));
        assert!(from_here(&[("origin", "http://localhost:8080"), ("host", "localhost:8080")]));
        assert!(!from_here(&[("origin", "http://localhost:9090"), ("host", "localhost:8080")]));
        assert!(!from_here(&[("origin", "null"), ("host", "localhost:8080")]));
        assert!(from_here(&[("host", "localhost:8080")]));
    }
}
