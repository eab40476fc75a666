//! Who we are to those who challenge us. Our credentials go only to the realm and the peer that own them: a
//! challenge of anybody else stays unanswered, whatever it promises.

use std::fmt;

use crate::digest::{Algorithm, Answer, Challenge, answer, answer_with_ha1};
use crate::transaction::Peer;
use crate::wire::{HeaderName, Message, Method};

/// A name and a secret for one peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The digest username.
    pub username: String,
    /// What proves it.
    pub secret: Secret,
    /// The one realm that is answered. Without it any realm is, but of the request's own peer alone.
    pub realm: Option<String>,
}

/// What proves a name. Its debug form says nothing.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// A password in clear.
    Password(String),
    /// H(username:realm:password) in lower-case hexadecimal; a challenge by the other hash stays unanswered.
    Ha1 {
        /// By MD5.
        md5: Option<String>,
        /// By SHA-256.
        sha256: Option<String>,
    },
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    fn ha1(&self, algorithm: Algorithm) -> Option<&str> {
        match (self, algorithm) {
            (Self::Password(_), _) => None,
            (Self::Ha1 { md5, .. }, Algorithm::Md5) => md5.as_deref(),
            (Self::Ha1 { sha256, .. }, Algorithm::Sha256) => sha256.as_deref(),
        }
    }
}

/// A request of ours that was challenged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Challenged<'a> {
    /// Where it was sent.
    pub(super) peer: Peer,
    /// Its method.
    pub(super) method: &'a Method,
    /// Its Request-URI.
    pub(super) uri: &'a str,
    /// Its body.
    pub(super) body: &'a [u8],
}

impl Credentials {
    /// The header that answers the first challenge that is ours to answer and that we can compute (RFC 8760 §2.4).
    pub(super) fn answer(
        &self,
        request: Challenged<'_>,
        from: Peer,
        response: &Message,
        cnonce: &str,
    ) -> Option<(HeaderName, String)> {
        let (asks, answers) = match response.status()? {
            401 => (HeaderName::WwwAuthenticate, HeaderName::Authorization),
            407 => (HeaderName::ProxyAuthenticate, HeaderName::ProxyAuthorization),
            _ => return None,
        };
        let challenges = response.header_lines(asks).filter_map(|line| Challenge::parse(line).ok());
        let is_from_peer = from.addr.ip() == request.peer.addr.ip();
        let is_ours = |challenge: &Challenge| match &self.realm {
            Some(realm) => *realm == challenge.realm,
            None => is_from_peer,
        };
        let header =
            challenges.filter(is_ours).find_map(|challenge| self.header(&challenge, request, cnonce));
        header.map(|value| (answers, value))
    }

    fn header(&self, challenge: &Challenge, request: Challenged<'_>, cnonce: &str) -> Option<String> {
        let password = match &self.secret {
            Secret::Password(password) => password.as_str(),
            Secret::Ha1 { .. } => "",
        };
        let terms = Answer {
            user: &self.username,
            password,
            method: request.method,
            uri: request.uri,
            nc: 1,
            cnonce,
            body: request.body,
        };
        match &self.secret {
            Secret::Password(_) => Some(answer(challenge, &terms)),
            Secret::Ha1 { .. } => {
                Some(answer_with_ha1(challenge, &terms, self.secret.ha1(challenge.algorithm)?))
            }
        }
    }
}
