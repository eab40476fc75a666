//! The suites of protection, and master keys for them.

use std::fmt;
use zeroize::Zeroize;

/// The longest key and salt together, bytes: those of AES-256 in counter mode.
pub const KEYING_MAX: usize = 46;

/// How packets are protected: cipher, key length and tag (RFC 4568 §6.2, RFC 6188, RFC 7714).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// `AEAD_AES_256_GCM`.
    AeadAes256Gcm,
    /// `AEAD_AES_128_GCM`.
    AeadAes128Gcm,
    /// `AES_256_CM_HMAC_SHA1_80`.
    AesCm256Sha1Tag80,
    /// `AES_256_CM_HMAC_SHA1_32`: short tags for RTP, those of RTCP have 80 bits all the same.
    AesCm256Sha1Tag32,
    /// `AES_CM_128_HMAC_SHA1_80`, which every implementation has.
    AesCm128Sha1Tag80,
    /// `AES_CM_128_HMAC_SHA1_32`: short tags for RTP, those of RTCP have 80 bits all the same.
    AesCm128Sha1Tag32,
}

impl Suite {
    /// All of them, the strongest first.
    pub const ALL: [Self; 6] = [
        Self::AeadAes256Gcm,
        Self::AeadAes128Gcm,
        Self::AesCm256Sha1Tag80,
        Self::AesCm128Sha1Tag80,
        Self::AesCm256Sha1Tag32,
        Self::AesCm128Sha1Tag32,
    ];

    /// The name that session descriptions use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AesCm256Sha1Tag80 => "AES_256_CM_HMAC_SHA1_80",
            Self::AesCm256Sha1Tag32 => "AES_256_CM_HMAC_SHA1_32",
            Self::AesCm128Sha1Tag80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128Sha1Tag32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// The suite of this name, in any case.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))
    }

    /// Bytes of the master key.
    #[must_use]
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::AeadAes256Gcm | Self::AesCm256Sha1Tag80 | Self::AesCm256Sha1Tag32 => 32,
            Self::AeadAes128Gcm | Self::AesCm128Sha1Tag80 | Self::AesCm128Sha1Tag32 => 16,
        }
    }

    /// Bytes of the master salt.
    #[must_use]
    pub const fn salt_bytes(self) -> usize {
        if self.is_aead() { 12 } else { 14 }
    }

    /// Bytes of master key and salt together.
    #[must_use]
    pub const fn keying_bytes(self) -> usize {
        self.key_bytes() + self.salt_bytes()
    }

    /// Whether cipher and tag are one (AES-GCM).
    #[must_use]
    pub const fn is_aead(self) -> bool {
        matches!(self, Self::AeadAes128Gcm | Self::AeadAes256Gcm)
    }

    /// Bytes of the tag of an RTP packet.
    #[must_use]
    pub const fn rtp_tag_bytes(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
            Self::AesCm128Sha1Tag80 | Self::AesCm256Sha1Tag80 => 10,
            Self::AesCm128Sha1Tag32 | Self::AesCm256Sha1Tag32 => 4,
        }
    }

    /// Bytes of the tag of an RTCP packet.
    #[must_use]
    pub const fn rtcp_tag_bytes(self) -> usize {
        if self.is_aead() { 16 } else { 10 }
    }
}

/// A master key with its salt, for one direction. It is overwritten when it is dropped, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Master {
    suite: Suite,
    bytes: [u8; KEYING_MAX],
}

impl Master {
    /// A key of this suite from its key and salt, one after the other; `None` where there are more or fewer bytes than the suite has.
    #[must_use]
    pub fn new(suite: Suite, keying: &[u8]) -> Option<Self> {
        let mut bytes = [0; KEYING_MAX];
        if keying.len() != suite.keying_bytes() {
            return None;
        }
        bytes[..keying.len()].copy_from_slice(keying);
        Some(Self { suite, bytes })
    }

    /// A new key of this suite, filled by `random`.
    #[must_use]
    pub fn fresh(suite: Suite, random: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut bytes = [0; KEYING_MAX];
        random(&mut bytes[..suite.keying_bytes()]);
        Self { suite, bytes }
    }

    /// The suite.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// Key and salt, one after the other. A secret.
    #[must_use]
    pub fn keying(&self) -> &[u8] {
        &self.bytes[..self.suite.keying_bytes()]
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.bytes[..self.suite.key_bytes()]
    }

    /// The salt, filled up with zeros to 112 bits (RFC 7714 §11).
    pub(super) fn salt(&self) -> [u8; 14] {
        let mut salt = [0; 14];
        let bytes = &self.keying()[self.suite.key_bytes()..];
        salt[..bytes.len()].copy_from_slice(bytes);
        salt
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Master({})", self.suite.name())
    }
}
