//! Whose packet arrived on a port that several protocols share, by its first byte (RFC 7983 §7) and, of RTP, its second (RFC 5761 §4).

use crate::rtp;

/// The word that every message of STUN has since RFC 5389, behind its type and length.
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
/// Bytes of a STUN header.
const STUN_HEADER_BYTES: usize = 20;

/// The protocol of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// STUN (RFC 8489): first byte 0-3.
    Stun,
    /// ZRTP (RFC 6189): 16-19.
    Zrtp,
    /// DTLS (RFC 6347): 20-63.
    Dtls,
    /// A channel of TURN (RFC 8656): 64-79.
    Turn,
    /// RTP or SRTP: 128-191.
    Rtp,
    /// RTCP or SRTCP: 128-191, and then 192-223.
    Rtcp,
}

impl Arrival {
    /// The protocol of a packet; `None` for what is to be dropped: nothing, or a first byte that no protocol has.
    ///
    /// It looks at two bytes alone: what it says is where the packet goes, not that the packet is whole.
    #[must_use]
    pub fn of(packet: &[u8]) -> Option<Self> {
        Some(match packet.first()? {
            0..=3 => Self::Stun,
            16..=19 => Self::Zrtp,
            20..=63 => Self::Dtls,
            64..=79 => Self::Turn,
            128..=191 if rtp::is_rtcp(packet) => Self::Rtcp,
            128..=191 => Self::Rtp,
            _ => return None,
        })
    }

    /// Whether a packet can be a message of STUN: of a type, with the cookie, and as long as its header says (RFC 8489 §5).
    #[must_use]
    pub fn is_stun(packet: &[u8]) -> bool {
        let Some(&[kind, _, high, low, ref cookie @ ..]) = packet.first_chunk::<8>() else { return false };
        let length = usize::from(u16::from_be_bytes([high, low]));
        kind <= 3
            && *cookie == STUN_COOKIE
            && length.is_multiple_of(4)
            && packet.len() == STUN_HEADER_BYTES + length
    }
}
