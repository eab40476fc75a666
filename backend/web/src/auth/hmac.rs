//! The access-key signature of the data plane, byte by byte.
//!
//! A client signs method, path with query, date, host and the hash of the body. The official SDKs do not agree on how
//! path and host are written, so every form that one of them signs is tried; each is a keyed hash over an unambiguous
//! writing of the same request, so accepting them all is sound. Start reading at [`SignedRequest::read`].

use crate::percent;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use subtle::ConstantTimeEq as _;

/// How far the client's clock may be off, in seconds, either way.
pub(crate) const SKEW_MAX_SECONDS: i64 = 15 * 60;
/// The scheme's name in `Authorization`.
pub(crate) const SCHEME: &str = "HMAC-SHA256";
/// What is signed, and in which order.
const SIGNED_HEADERS: &str = "x-ms-date;host;x-ms-content-sha256";

/// The parts of a request that the signature covers, as they were received.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) method: &'a str,
    /// Path and query, raw.
    pub(crate) target: &'a str,
    /// The Host header, with its port.
    pub(crate) host: &'a str,
    /// The Authorization header.
    pub(crate) authorization: &'a str,
    /// The x-ms-date header.
    pub(crate) date: Option<&'a str>,
    /// The x-ms-content-sha256 header.
    pub(crate) content_hash: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// Why a signature can't even be checked, or did not hold. The sentences are for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejected {
    /// The Authorization header is not of the scheme's form.
    #[error(
        "the Authorization header must read: HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=<base64>"
    )]
    Form,
    /// No date, or not an HTTP date.
    #[error("the x-ms-date header must be the time of the request, such as: Sun, 22 Nov 2026 18:20:16 GMT")]
    Date,
    /// The date is too far off.
    #[error(
        "the x-ms-date header is more than 15 minutes off this server's clock: check the clock of the client"
    )]
    Skew,
    /// The body is not the one that was signed.
    #[error("the x-ms-content-sha256 header is not the SHA-256 of the body that arrived")]
    Body,
}

/// A request whose date and body hash are in order; its signature waits for a key.
#[derive(Debug)]
pub(crate) struct SignedRequest {
    signature: [u8; 32],
    candidates: Vec<Vec<u8>>,
}

impl SignedRequest {
    /// Checks all that needs no key, and writes down the strings that the client may have signed.
    pub(crate) fn read(parts: &Parts<'_>, now: DateTime<Utc>) -> Result<Self, Rejected> {
        let signature = parse_authorization(parts.authorization).ok_or(Rejected::Form)?;
        let date = parts.date.ok_or(Rejected::Date)?;
        let at = DateTime::parse_from_rfc2822(date).map_err(|_| Rejected::Date)?;
        if (now - at.with_timezone(&Utc)).num_seconds().abs() > SKEW_MAX_SECONDS {
            return Err(Rejected::Skew);
        }
        let hash = BASE64_STANDARD.encode(Sha256::digest(parts.body));
        if parts.content_hash.is_none_or(|sent| !bool::from(sent.as_bytes().ct_eq(hash.as_bytes()))) {
            return Err(Rejected::Body);
        }
        let mut candidates = Vec::new();
        for target in targets(parts.target) {
            for host in hosts(parts.host) {
                candidates.push(string_to_sign(parts.method, &target, date, &host, &hash));
            }
        }
        Ok(Self { signature, candidates })
    }

    /// The signature.
    pub(crate) const fn signature(&self) -> [u8; 32] {
        self.signature
    }

    /// Whether `key` made the signature, compared in constant time.
    pub(crate) fn verify(&self, key: &[u8]) -> bool {
        let Ok(keyed) = Hmac::<Sha256>::new_from_slice(key) else { return false };
        self.candidates.iter().any(|text| {
            let made = keyed.clone().chain_update(text).finalize().into_bytes();
            bool::from(made.as_slice().ct_eq(&self.signature))
        })
    }
}

fn parse_authorization(header: &str) -> Option<[u8; 32]> {
    let (scheme, rest) = header.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    let (names, signature) = rest.trim().strip_prefix("SignedHeaders=")?.split_once("&Signature=")?;
    if !names.eq_ignore_ascii_case(SIGNED_HEADERS) {
        return None;
    }
    BASE64_STANDARD.decode(signature).ok()?.try_into().ok()
}

fn string_to_sign(method: &str, target: &[u8], date: &str, host: &str, hash: &str) -> Vec<u8> {
    let mut text = Vec::with_capacity(method.len() + target.len() + date.len() + host.len() + hash.len() + 4);
    for piece in [method.as_bytes(), b"\n", target, b"\n", date.as_bytes(), b";", host.as_bytes(), b";"] {
        text.extend_from_slice(piece);
    }
    text.extend_from_slice(hash.as_bytes());
    text
}

/// The ways in which path and query are written: raw; the query as a form; the path's segments quoted in full; decoded.
fn targets(raw: &str) -> BTreeSet<Vec<u8>> {
    let (path, query) = match raw.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (raw, None),
    };
    let mut quoted = percent::requote_segments(path);
    let mut forms = BTreeSet::from([raw.as_bytes().to_vec(), percent::decode(raw.as_bytes())]);
    if let Some(query) = query {
        let pairs = form_urlencoded::parse(query.as_bytes());
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        forms.insert(format!("{path}?{form}").into_bytes());
        quoted = format!("{quoted}?{query}");
    }
    forms.insert(quoted.into_bytes());
    forms
}

/// The ways in which the host is written: as in the Host header; without its port; with the slash of the endpoint.
fn hosts(host: &str) -> BTreeSet<String> {
    BTreeSet::from([host.to_owned(), without_port(host).to_owned(), format!("{host}/")])
}

/// A Host header's value without its port. An IPv6 literal keeps its brackets.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) && (name.ends_with(']') || !name.contains(':')) => name,
        _ => host,
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
