//! What protection reads of a packet's head.

use super::SrtpError;

/// Bytes of an RTCP packet that stay readable.
pub(super) const RTCP_CLEAR: usize = 8;
/// The bit before an SRTCP index: the packet is encrypted.
pub(super) const ENCRYPTED: u32 = 1 << 31;

/// The head of an RTP packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// Where the payload begins: after contributing sources and extension.
    pub(super) bytes: usize,
    pub(super) sequence: u16,
    pub(super) source: u32,
}

impl Head {
    pub(super) fn read(packet: &[u8]) -> Result<Self, SrtpError> {
        let fixed: &[u8; 12] = packet.first_chunk().ok_or(SrtpError::Malformed)?;
        if fixed[0] >> 6 != 2 {
            return Err(SrtpError::Malformed);
        }
        let mut bytes = 12 + usize::from(fixed[0] & 0x0F) * 4;
        if fixed[0] & 0x10 != 0 {
            let words = packet.get(bytes + 2..bytes + 4).ok_or(SrtpError::Malformed)?;
            bytes += 4 + usize::from(u16::from_be_bytes([words[0], words[1]])) * 4;
        }
        if bytes > packet.len() {
            return Err(SrtpError::Malformed);
        }
        let sequence = u16::from_be_bytes([fixed[2], fixed[3]]);
        Ok(Self { bytes, sequence, source: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]) })
    }
}

/// The source of an RTCP packet.
pub(super) fn rtcp_source(packet: &[u8]) -> Result<u32, SrtpError> {
    let head: &[u8; RTCP_CLEAR] = packet.first_chunk().ok_or(SrtpError::Malformed)?;
    if head[0] >> 6 != 2 {
        return Err(SrtpError::Malformed);
    }
    Ok(u32::from_be_bytes([head[4], head[5], head[6], head[7]]))
}
