//! What is kept in memory: the keys, and what was revoked while tokens of before may still be about.

use super::{ring::Ring, token::Claims};
use crate::Error;
use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Header};
use std::sync::Arc;
use uuid::Uuid;

/// The generation that a deleted user's tokens would need: there is none.
const GONE: i32 = i32::MAX;

/// A user whose tokens were revoked.
#[derive(Debug, Clone, Copy)]
struct Revoked {
    /// Tokens of a generation below this one are void.
    generation: i32,
    at: DateTime<Utc>,
}

/// Keys and revocations of this node. It is bounded by what was revoked within a day: what is older is swept.
#[derive(Default)]
pub(crate) struct State {
    ring: ArcSwap<Ring>,
    revoked: papaya::HashMap<Uuid, Revoked>,
}

impl State {
    pub(super) fn ring(&self) -> Arc<Ring> {
        self.ring.load_full()
    }

    pub(super) fn set_ring(&self, ring: Ring) {
        self.ring.store(Arc::new(ring));
    }

    /// A signed token.
    pub(super) fn sign(&self, claims: &Claims) -> Result<String, Error> {
        let ring = self.ring();
        let key = ring.signing().ok_or_else(|| Error::internal("there is no key to sign tokens with"))?;
        let header = Header { kid: Some(key.id.to_string()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &key.private).map_err(Error::internal)
    }

    pub(super) fn revoked(&self, user: Uuid, generation: i32, at: DateTime<Utc>) {
        self.revoked.pin().insert(user, Revoked { generation, at });
    }

    pub(super) fn gone(&self, user: Uuid, at: DateTime<Utc>) {
        self.revoked(user, GONE, at);
    }

    /// Whether tokens of this generation still work.
    pub(super) fn is_good(&self, user: Uuid, generation: i32) -> bool {
        self.revoked.pin().get(&user).is_none_or(|revoked| generation >= revoked.generation)
    }

    /// Forgets what was revoked before a time.
    pub(super) fn forget(&self, before: DateTime<Utc>) {
        self.revoked.pin().retain(|_, revoked| revoked.at >= before);
    }
}
