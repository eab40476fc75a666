//! Digest access authentication (RFC 3261 §22, RFC 7616, RFC 8760): MD5 and SHA-256, `auth`, `auth-int` and
//! the bare form of RFC 2617.
//!
//! Nonces carry their own time and seal ([`NonceMint`]), so a server keeps no table of what it gave out.

mod challenge;
mod compute;
mod credentials;
mod fields;
mod nonce;

#[cfg(test)]
mod tests;

pub use challenge::{Challenge, Qop};
pub use compute::{Answer, answer, answer_with_ha1, ha1, verify};
pub use credentials::Credentials;
pub use nonce::{Freshness, NONCE_LIFETIME_SECS, NonceMint};

/// The hash of a challenge. RFC 8760 prefers SHA-256; MD5 is there for phones that know nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RFC 1321, RFC 2617.
    Md5,
    /// RFC 7616, RFC 8760.
    Sha256,
}

impl Algorithm {
    /// The name in a header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// Reads a name in any case; `None` for an algorithm that this house does not compute.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Md5, Self::Sha256].into_iter().find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(name))
    }
}

/// Why a challenge or credentials cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Another scheme than Digest.
    #[error("the scheme is not Digest")]
    Scheme,
    /// The parameters cannot be read, or one stands twice.
    #[error("the digest parameters are malformed")]
    Malformed,
    /// A parameter that is needed is missing.
    #[error("the digest parameter {0} is missing")]
    Missing(&'static str),
    /// An algorithm that this house does not compute.
    #[error("the digest algorithm is unknown")]
    Algorithm,
    /// A quality of protection that this house does not compute.
    #[error("the digest qop is unknown")]
    Qop,
}
