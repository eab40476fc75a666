//! SRTP and SRTCP (RFC 3711) with AES in counter mode (also RFC 6188) and AES-GCM (RFC 7714), in place and without allocation per packet.
//!
//! A [`Sender`] encrypts what goes out under one master key, a [`Receiver`] checks and decrypts what comes in under another: a stream
//! between two sides has one of each at either end. Nothing that a packet says is believed before its tag was verified.

mod derive;
mod packet;
mod receiver;
mod seal;
mod sender;
mod suite;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
mod window;

pub use receiver::{PREVIOUS_PACKETS_MAX, Receiver};
pub use sender::Sender;
pub use suite::{KEYING_MAX, Master, Suite};

use thiserror::Error;

/// The most bytes that protection adds to a packet: the tag of AES-GCM and the index of SRTCP.
pub const OVERHEAD_MAX: usize = 20;
/// Sources (SSRCs) that one key serves; packets of further ones are refused. Forgetting one to make room would let its packets be
/// replayed.
pub const SOURCES_MAX: usize = 64;

/// Why a packet was not protected or not taken. None of these ends anything: the packet is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SrtpError {
    /// It is too short for its own header and tag, or not RTP at all.
    #[error("the packet is no SRTP packet")]
    Malformed,
    /// Its tag is not that of its content under this key: forged, damaged, or of another key.
    #[error("the packet's authentication tag is wrong")]
    Forged,
    /// It was there before, or is older than the window of 128 packets.
    #[error("the packet was there before, or is too old")]
    Replayed,
    /// There are as many sources as one key serves.
    #[error("more than {SOURCES_MAX} sources under one key")]
    Sources,
    /// The buffer has no room for tag and index.
    #[error("the buffer has no room for the packet's tag")]
    NoRoom,
    /// The key has protected as many packets as it may (RFC 3711 §9.2).
    #[error("the key has protected as many packets as it may")]
    Exhausted,
}
