//! What stands in a token.

use crate::snapshot::LiveTenant;
use domain::identity::{AppUser, TokenScope};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What `scp` always says in tokens of the protocol.
const SCP: u32 = 1_792;
/// Hexadecimal digits of an access key's fingerprint.
const FINGERPRINT: usize = 16;

/// The claims. Programs of the protocol read `exp` alone; the others are as its tokens have them, but for the last two.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claims {
    /// `acs:<tenant>_<user>`.
    pub(super) skypeid: String,
    pub(super) scp: u32,
    /// When it was issued, as a text.
    pub(super) csi: String,
    /// Since when it works, seconds since 1970.
    pub(super) iat: i64,
    /// Until when it works, seconds since 1970.
    pub(super) exp: i64,
    /// The scopes, with commas between them.
    #[serde(rename = "acsScope")]
    pub(super) scopes: String,
    /// The tenant.
    #[serde(rename = "resourceId")]
    pub(super) tenant: String,
    /// The generation of the user's tokens: see [`super::revoke`].
    #[serde(rename = "gen")]
    pub(super) generation: i32,
    /// The fingerprint of the access key that it was ordered with: when that key goes, it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
}

impl Claims {
    pub(super) fn new(user: AppUser, scopes: &[TokenScope], iat: i64, exp: i64) -> Self {
        let words: Vec<_> = scopes.iter().map(|scope| scope.word()).collect();
        Self {
            skypeid: user.to_string().split_off(2),
            scp: SCP,
            csi: iat.to_string(),
            iat,
            exp,
            scopes: words.join(","),
            tenant: user.tenant.to_string(),
            generation: 0,
            key: None,
        }
    }

    /// Whose it is.
    pub(super) fn user(&self) -> Option<AppUser> {
        format!("8:{}", self.skypeid).parse().ok()
    }

    /// What it lets its bearer do.
    pub(super) fn scopes(&self) -> Vec<TokenScope> {
        self.scopes.split(',').filter_map(TokenScope::from_word).collect()
    }
}

/// What a token keeps of the access key that it was ordered with.
pub(super) fn fingerprint(secret: &[u8]) -> String {
    let mut text = hex::encode(Sha256::digest(secret));
    text.truncate(FINGERPRINT);
    text
}

/// Whether a tenant still has the access key of a fingerprint.
pub(super) fn has_key(tenant: &LiveTenant, wanted: &str) -> bool {
    tenant.keys.iter().any(|key| fingerprint(&key.secret) == wanted)
}
