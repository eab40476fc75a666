//! WWW-Authenticate and Proxy-Authenticate (RFC 3261 §20.44, RFC 7616 §3.3).

use super::fields::Fields;
use super::{Algorithm, DigestError};
use crate::header::quote;

/// What the response protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Qop {
    /// Method and URI.
    Auth,
    /// Method, URI and body.
    AuthInt,
}

impl Qop {
    /// The name in a header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Auth, Self::AuthInt].into_iter().find(|qop| qop.as_str().eq_ignore_ascii_case(name))
    }
}

/// A question for credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The realm, which is part of the hash.
    pub realm: String,
    /// The nonce, which the answer must repeat.
    pub nonce: String,
    /// The hash; MD5 when the header does not say (RFC 2617).
    pub algorithm: Algorithm,
    /// The qualities that are offered, in their order; empty for the bare form of RFC 2069.
    pub qop: Vec<Qop>,
    /// Whether the last answer was right but its nonce too old.
    pub stale: bool,
    /// A text to be returned unchanged.
    pub opaque: Option<String>,
}

impl Challenge {
    /// A challenge as this house asks it: qop `auth`, no opaque.
    #[must_use]
    pub fn new(realm: impl Into<String>, nonce: impl Into<String>, algorithm: Algorithm) -> Self {
        Self {
            realm: realm.into(),
            nonce: nonce.into(),
            algorithm,
            qop: vec![Qop::Auth],
            stale: false,
            opaque: None,
        }
    }

    /// The value of the header.
    #[must_use]
    pub fn to_header(&self) -> String {
        let algorithm = self.algorithm.as_str();
        let mut value = format!(
            "Digest realm={}, nonce={}, algorithm={algorithm}",
            quote(&self.realm),
            quote(&self.nonce)
        );
        if !self.qop.is_empty() {
            let names: Vec<_> = self.qop.iter().map(|qop| qop.as_str()).collect();
            value += &format!(", qop=\"{}\"", names.join(","));
        }
        if self.stale {
            value += ", stale=true";
        }
        if let Some(opaque) = &self.opaque {
            value += &format!(", opaque={}", quote(opaque));
        }
        value
    }

    /// Reads one challenge. Unknown qop names are skipped as long as a known one is left.
    ///
    /// # Errors
    /// When it is no Digest challenge, lacks realm or nonce, or offers only what this house does not
    /// compute. The client then tries the next header line (RFC 8760 §2.4).
    pub fn parse(value: &str) -> Result<Self, DigestError> {
        let mut fields = Fields::parse(value)?;
        let algorithm = match fields.get("algorithm") {
            None => Algorithm::Md5,
            Some(name) => Algorithm::from_name(name).ok_or(DigestError::Algorithm)?,
        };
        let qop = match fields.get("qop") {
            None => Vec::new(),
            Some(list) => list.split(',').filter_map(|name| Qop::from_name(name.trim_ascii())).collect(),
        };
        if qop.is_empty() && fields.get("qop").is_some() {
            return Err(DigestError::Qop);
        }
        Ok(Self {
            realm: fields.need("realm")?,
            nonce: fields.need("nonce")?,
            algorithm,
            qop,
            stale: fields.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
            opaque: fields.take("opaque"),
        })
    }
}
