//! Secrets at rest: XChaCha20-Poly1305 under a key that the server keeps outside of the database. What a secret
//! belongs to (tenant, table, column, row) is authenticated with it, so that no row's secret works in another row.

use crate::Error;
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// Bytes of the key.
pub const KEY_BYTES: usize = 32;
/// Bytes of the nonce, which stands before each sealed text.
const NONCE_BYTES: usize = 24;

/// Bytes that are wiped when they are dropped.
pub type Secret = Zeroizing<Vec<u8>>;

/// Seals and opens. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<XChaCha20Poly1305>);

/// What a secret belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The tenant, or `platform`.
    pub tenant: &'a str,
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// The row.
    pub id: &'a str,
}

impl Place<'_> {
    /// Each part with its length before it: no two places give the same bytes.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128);
        for part in [self.tenant, self.table, self.column, self.id] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// A sealed text does not open: another key, another place, or changed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret in the database does not open: was the key file of the data directory replaced?")]
pub struct DoesNotOpen;

impl Vault {
    /// A vault under a key.
    #[must_use]
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(Arc::new(XChaCha20Poly1305::new(key.into())))
    }

    /// Encrypts; each time under another nonce.
    #[must_use]
    pub fn seal(&self, place: Place<'_>, secret: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: secret, aad: &place.bytes() };
        let sealed = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .expect("only texts beyond 256 GiB cannot be encrypted, and ours are keys and hashes");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Decrypts.
    ///
    /// # Errors
    /// [`DoesNotOpen`].
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret, DoesNotOpen> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(DoesNotOpen)?;
        let payload = Payload { msg: text, aad: &place.bytes() };
        self.0.decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| DoesNotOpen)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

impl From<DoesNotOpen> for Error {
    fn from(error: DoesNotOpen) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place { tenant: "t", table: "access_keys", column: "secret", id: "1" };

    #[test]
    fn a_secret_opens_in_its_own_place_and_in_no_other() {
        let vault = Vault::new(&[7; KEY_BYTES]);
        let sealed = vault.seal(PLACE, b"secret");
        assert_eq!(vault.open(PLACE, &sealed).map(|s| s.to_vec()), Ok(b"secret".to_vec()));
        assert_eq!(vault.open(Place { id: "2", ..PLACE }, &sealed).err(), Some(DoesNotOpen));
        assert_eq!(
            vault.open(Place { tenant: "ta", table: "ccess_keys", ..PLACE }, &sealed).err(),
            Some(DoesNotOpen)
        );
        assert_eq!(Vault::new(&[8; KEY_BYTES]).open(PLACE, &sealed).err(), Some(DoesNotOpen));
    }

    #[test]
    fn the_same_secret_is_never_sealed_to_the_same_bytes_and_changed_bytes_do_not_open() {
        let vault = Vault::new(&[7; KEY_BYTES]);
        let mut sealed = vault.seal(PLACE, b"secret");
        assert_ne!(sealed, vault.seal(PLACE, b"secret"));
        for index in 0..sealed.len() {
            sealed[index] ^= 1;
            assert_eq!(vault.open(PLACE, &sealed).err(), Some(DoesNotOpen), "byte {index}");
            sealed[index] ^= 1;
        }
        assert_eq!(vault.open(PLACE, b"").err(), Some(DoesNotOpen));
    }
}
