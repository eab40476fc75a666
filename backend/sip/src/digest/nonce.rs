//! Nonces that need no table: time, algorithm and salt in the clear, sealed with a keyed hash that covers the realm too
//! (RFC 7616 §5.4): a nonce of one tenant is no other's.

use super::Algorithm;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use subtle::ConstantTimeEq;

/// How long a nonce is good, in seconds. A later answer is asked again with `stale=true`.
pub const NONCE_LIFETIME_SECS: u64 = 300;
/// How far clocks of two nodes may differ, in seconds.
const CLOCK_SKEW_SECS: u64 = 60;
const TIME_LEN: usize = 8;
const SALT_LEN: usize = 8;
const CLEAR_LEN: usize = TIME_LEN + 1 + SALT_LEN;
const SEAL_LEN: usize = 16;

/// What a nonce turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Ours and young.
    Fresh,
    /// Ours and too old: challenge again with `stale=true`.
    Stale,
    /// Not ours.
    Forged,
}

/// Makes and checks nonces under one secret, which all nodes of an installation share.
#[derive(Clone)]
pub struct NonceMint {
    secret: [u8; 32],
}

impl NonceMint {
    /// A mint under a secret.
    #[must_use]
    pub const fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// A nonce of this second for one algorithm and realm; with another salt another one.
    #[must_use]
    pub fn mint(&self, now_unix_secs: u64, algorithm: Algorithm, realm: &str, salt: u64) -> String {
        let mut clear = [0; CLEAR_LEN];
        clear[..TIME_LEN].copy_from_slice(&now_unix_secs.to_be_bytes());
        clear[TIME_LEN] = match algorithm {
            Algorithm::Md5 => 0,
            Algorithm::Sha256 => 1,
        };
        clear[TIME_LEN + 1..].copy_from_slice(&salt.to_be_bytes());
        let mut nonce = hex::encode(clear);
        nonce += &hex::encode(self.seal(&clear, realm));
        nonce
    }

    /// Whether a nonce is ours for this realm, and young enough.
    #[must_use]
    pub fn check(&self, nonce: &str, realm: &str, now_unix_secs: u64) -> Freshness {
        let mut raw = [0; CLEAR_LEN + SEAL_LEN];
        if hex::decode_to_slice(nonce, &mut raw).is_err() {
            return Freshness::Forged;
        }
        let (clear, seal) = raw.split_at(CLEAR_LEN);
        if !bool::from(self.seal(clear, realm).ct_eq(seal)) {
            return Freshness::Forged;
        }
        let minted = clear[..TIME_LEN].iter().fold(0_u64, |time, byte| time << 8 | u64::from(*byte));
        let is_young = now_unix_secs.saturating_sub(minted) <= NONCE_LIFETIME_SECS;
        let is_past = minted <= now_unix_secs.saturating_add(CLOCK_SKEW_SECS);
        if is_young && is_past { Freshness::Fresh } else { Freshness::Stale }
    }

    fn seal(&self, clear: &[u8], realm: &str) -> [u8; SEAL_LEN] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes a key of any length");
        mac.update(b"sip-nonce");
        mac.update(clear);
        mac.update(realm.to_ascii_lowercase().as_bytes());
        let mut seal = [0; SEAL_LEN];
        seal.copy_from_slice(&mac.finalize().into_bytes()[..SEAL_LEN]);
        seal
    }
}

/// Without the secret.
impl fmt::Debug for NonceMint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonceMint").finish_non_exhaustive()
    }
}
