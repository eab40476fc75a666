//! The hashes of Digest (RFC 7616 §3.4.1).

use super::{Algorithm, Challenge, Credentials, Qop};
use crate::header::quote;
use crate::wire::Method;
use md5::Md5;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a client signs and with what.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The name to answer as.
    pub user: &'a str,
    /// Its password.
    pub password: &'a str,
    /// The method of the request.
    pub method: &'a Method,
    /// The Request-URI.
    pub uri: &'a str,
    /// How often the nonce was used with this request, from 1.
    pub nc: u32,
    /// A fresh random text.
    pub cnonce: &'a str,
    /// The body; hashed only where the challenge offers `auth-int` alone.
    pub body: &'a [u8],
}

/// The hash of user, realm and password, in hex: what a server stores in place of the password.
#[must_use]
pub fn ha1(algorithm: Algorithm, user: &str, realm: &str, password: &str) -> String {
    hash(algorithm, &[user.as_bytes(), realm.as_bytes(), password.as_bytes()])
}

/// Whether the credentials follow from this HA1 for this request. The comparison takes the same time
/// wherever the difference is. The caller checks user, realm, nonce, `nc` and that `uri` is the request's.
#[must_use]
pub fn verify(credentials: &Credentials, ha1: &str, method: &Method, body: &[u8]) -> bool {
    let expected = response(credentials, ha1, method, body);
    let given = credentials.response.to_ascii_lowercase();
    expected.as_bytes().ct_eq(given.as_bytes()).into()
}

/// The value of Authorization or Proxy-Authorization that answers a challenge. `auth` is chosen where it is
/// offered.
#[must_use]
pub fn answer(challenge: &Challenge, answer: &Answer<'_>) -> String {
    let secret = ha1(challenge.algorithm, answer.user, &challenge.realm, answer.password);
    answer_with_ha1(challenge, answer, &secret)
}

/// Like [`answer`], from the HA1 of the challenge's algorithm and realm instead of the password, which is not read.
#[must_use]
pub fn answer_with_ha1(challenge: &Challenge, answer: &Answer<'_>, ha1: &str) -> String {
    let qop = challenge
        .qop
        .iter()
        .copied()
        .find(|qop| *qop == Qop::Auth)
        .or_else(|| challenge.qop.first().copied());
    let credentials = Credentials {
        username: answer.user.to_owned(),
        realm: challenge.realm.clone(),
        nonce: challenge.nonce.clone(),
        uri: answer.uri.to_owned(),
        response: String::new(),
        algorithm: challenge.algorithm,
        cnonce: qop.map(|_| answer.cnonce.to_owned()),
        opaque: challenge.opaque.clone(),
        qop,
        nc: qop.map(|_| answer.nc),
    };
    let response = response(&credentials, ha1, answer.method, answer.body);
    to_header(&credentials, &response)
}

fn to_header(credentials: &Credentials, response: &str) -> String {
    let mut value = format!(
        "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\", algorithm={}",
        quote(&credentials.username),
        quote(&credentials.realm),
        quote(&credentials.nonce),
        quote(&credentials.uri),
        credentials.algorithm.as_str(),
    );
    if let (Some(qop), Some(nc), Some(cnonce)) = (credentials.qop, credentials.nc, &credentials.cnonce) {
        value += &format!(", qop={}, nc={nc:08x}, cnonce={}", qop.as_str(), quote(cnonce));
    }
    if let Some(opaque) = &credentials.opaque {
        value += &format!(", opaque={}", quote(opaque));
    }
    value
}

/// The response that the credentials should carry.
fn response(credentials: &Credentials, ha1: &str, method: &Method, body: &[u8]) -> String {
    let algorithm = credentials.algorithm;
    let (method, uri) = (method.as_str().as_bytes(), credentials.uri.as_bytes());
    let ha2 = if credentials.qop == Some(Qop::AuthInt) {
        hash(algorithm, &[method, uri, hash(algorithm, &[body]).as_bytes()])
    } else {
        hash(algorithm, &[method, uri])
    };
    let (ha1, nonce, ha2) = (ha1.as_bytes(), credentials.nonce.as_bytes(), ha2.as_bytes());
    match credentials.qop {
        None => hash(algorithm, &[ha1, nonce, ha2]),
        Some(qop) => {
            let nc = format!("{:08x}", credentials.nc.unwrap_or_default());
            let cnonce = credentials.cnonce.as_deref().unwrap_or_default().as_bytes();
            hash(algorithm, &[ha1, nonce, nc.as_bytes(), cnonce, qop.as_str().as_bytes(), ha2])
        }
    }
}

/// The hash of the parts with colons between them, in lower-case hex.
fn hash(algorithm: Algorithm, parts: &[&[u8]]) -> String {
    match algorithm {
        Algorithm::Md5 => hash_with::<Md5>(parts),
        Algorithm::Sha256 => hash_with::<Sha256>(parts),
    }
}

fn hash_with<D: Digest>(parts: &[&[u8]]) -> String {
    let mut digest = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            digest.update(b":");
        }
        digest.update(part);
    }
    hex::encode(digest.finalize())
}
