//! `a=fingerprint` (RFC 8122): by which hash the certificate of a side is known. The hash itself is made where certificates are.

use crate::sdp::Media;
use std::{fmt, str};
use thiserror::Error;

/// Lines of one section that are looked at; of more the first ones count.
pub const FINGERPRINTS_MAX: usize = 16;
/// Bytes of the longest hash.
const BYTES_MAX: usize = 64;
/// The most that an error repeats of what it met.
const QUOTE_MAX: usize = 40;

/// The functions by which a certificate may be known, the strongest first. MD5 and MD2 must not be used (RFC 8122 §5), and SHA-1 is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hash {
    /// SHA-512.
    Sha512,
    /// SHA-384.
    Sha384,
    /// SHA-256, which every implementation has.
    Sha256,
    /// SHA-224.
    Sha224,
}

impl Hash {
    /// All of them, the strongest first.
    pub const ALL: [Self; 4] = [Self::Sha512, Self::Sha384, Self::Sha256, Self::Sha224];

    /// The name that descriptions use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha512 => "sha-512",
            Self::Sha384 => "sha-384",
            Self::Sha256 => "sha-256",
            Self::Sha224 => "sha-224",
        }
    }

    /// Bytes of its result.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Sha512 => 64,
            Self::Sha384 => 48,
            Self::Sha256 => 32,
            Self::Sha224 => 28,
        }
    }

    /// The function of this name, in any case.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.name().eq_ignore_ascii_case(name))
    }
}

/// Why a line can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FingerprintError {
    /// There is none.
    #[error("it has no a=fingerprint line")]
    Missing,
    /// It does not look like `a=fingerprint:<function> <hex>:<hex>:…`.
    #[error("an a=fingerprint line is malformed")]
    Malformed,
    /// The function is not one of ours.
    #[error("a certificate that is known by {0} is not believed: use sha-256")]
    Function(String),
    /// There are more or fewer bytes than the function makes.
    #[error("the a=fingerprint line does not have the length of {0}")]
    Length(&'static str),
}

/// The hash of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    hash: Hash,
    bytes: [u8; BYTES_MAX],
}

impl Fingerprint {
    /// The fingerprint with this result of this function; `None` where the function makes more or fewer bytes.
    #[must_use]
    pub fn new(hash: Hash, digest: &[u8]) -> Option<Self> {
        let mut bytes = [0; BYTES_MAX];
        bytes.get_mut(..digest.len()).filter(|_| digest.len() == hash.bytes())?.copy_from_slice(digest);
        Some(Self { hash, bytes })
    }

    /// The function.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// Its result.
    #[must_use]
    pub fn digest(&self) -> &[u8] {
        &self.bytes[..self.hash.bytes()]
    }

    /// Reads the value of an `a=fingerprint` line.
    ///
    /// # Errors
    /// What can't be read, and functions that are not believed.
    pub fn parse(value: &[u8]) -> Result<Self, FingerprintError> {
        let mut words =
            str::from_utf8(value).map_err(|_| FingerprintError::Malformed)?.split_ascii_whitespace();
        let (Some(name), Some(hex), None) = (words.next(), words.next(), words.next()) else {
            return Err(FingerprintError::Malformed);
        };
        let hash = Hash::of(name)
            .ok_or_else(|| FingerprintError::Function(name.chars().take(QUOTE_MAX).collect()))?;
        let (mut bytes, mut count) = ([0; BYTES_MAX], 0);
        for pair in hex.split(':') {
            let byte = byte_of(pair.as_bytes()).ok_or(FingerprintError::Malformed)?;
            let place = bytes.get_mut(count).ok_or_else(|| FingerprintError::Length(hash.name()))?;
            (*place, count) = (byte, count + 1);
        }
        Self::new(hash, &bytes[..count]).ok_or_else(|| FingerprintError::Length(hash.name()))
    }

    /// The fingerprints of a section under the strongest function that it has of ours: the certificate must have one of them (RFC 8122 §5).
    ///
    /// # Errors
    /// What was wrong with the first line where none can be used.
    pub fn of(media: &Media<'_>) -> Result<Vec<Self>, FingerprintError> {
        let (mut found, mut wrong) = (Vec::new(), None);
        for value in media.attributes("fingerprint").take(FINGERPRINTS_MAX) {
            match Self::parse(value) {
                Ok(fingerprint) => found.push(fingerprint),
                Err(error) => drop(wrong.get_or_insert(error)),
            }
        }
        let strongest = found.iter().map(Self::hash).min();
        found.retain(|fingerprint| Some(fingerprint.hash) == strongest);
        if found.is_empty() { Err(wrong.unwrap_or(FingerprintError::Missing)) } else { Ok(found) }
    }
}

/// A byte in two digits; letters are written large and read either way.
fn byte_of(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let [high, low] = *pair else { return None };
    Some(digit(high)? << 4 | digit(low)?)
}

/// The line.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a=fingerprint:{}", self.hash.name())?;
        for (index, byte) in self.digest().iter().enumerate() {
            write!(f, "{}{byte:02X}", if index == 0 { ' ' } else { ':' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}
