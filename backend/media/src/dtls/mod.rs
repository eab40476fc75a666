//! What DTLS-SRTP (RFC 5763, RFC 5764) needs beside a DTLS connection: whose packet arrived on a shared port, what descriptions say of
//! certificate and role, and the keys of SRTP from what the connection exports.
//!
//! The connection itself is not here, and no description of ours offers one: who offers keys by DTLS alone is refused.

mod demux;
mod fingerprint;
mod keys;
mod setup;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests;

pub use demux::Arrival;
pub use fingerprint::{FINGERPRINTS_MAX, Fingerprint, FingerprintError, Hash};
pub use keys::{EXPORTER_LABEL, MATERIAL_MAX, Profile, Role, USE_SRTP_PROFILES_MAX, UseSrtp};
pub use setup::Setup;
