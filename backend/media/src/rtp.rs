//! RTP packets (RFC 3550 §5.1): reading with every length checked, and building.

use thiserror::Error;

/// Bytes of the header before contributing sources and extension.
pub const HEADER_BYTES: usize = 12;

/// Why some bytes are not an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RtpError {
    /// Shorter than its own header says.
    #[error("the packet ends before its header does")]
    Short,
    /// Not version 2: STUN, DTLS or noise.
    #[error("the packet is not RTP version 2")]
    Version,
    /// The padding count is zero or longer than the payload.
    #[error("the packet's padding is longer than its payload")]
    Padding,
}

/// The fixed part of a header, as one builds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    /// The marker bit: the first packet of a talk spurt or of an event.
    pub marker: bool,
    /// The payload type, 0-127.
    pub payload_type: u8,
    /// The sequence number, wrapping.
    pub sequence: u16,
    /// The timestamp in units of the codec's clock, wrapping.
    pub timestamp: u32,
    /// The synchronisation source.
    pub ssrc: u32,
}

impl Header {
    /// Appends the header and the payload to `out`: version 2, no padding, no extension, no contributing sources.
    pub fn write(&self, payload: &[u8], out: &mut Vec<u8>) {
        out.reserve(HEADER_BYTES + payload.len());
        out.push(0x80);
        out.push(u8::from(self.marker) << 7 | self.payload_type & 0x7F);
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(payload);
    }

    /// The packet of this header and payload.
    #[must_use]
    pub fn packet(&self, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(payload, &mut out);
        out
    }
}

/// A packet as it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The fixed header.
    pub header: Header,
    /// How many contributing sources are listed, 0-15.
    pub csrc_count: u8,
    /// The profile word and the data of the header extension.
    pub extension: Option<(u16, &'a [u8])>,
    /// What it carries, without padding.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a packet.
    ///
    /// # Errors
    /// `Version` for what is not RTP, `Short` and `Padding` where a length inside runs past the end.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RtpError> {
        let (fixed, rest) = bytes.split_at_checked(HEADER_BYTES).ok_or(RtpError::Short)?;
        if fixed[0] >> 6 != 2 {
            return Err(RtpError::Version);
        }
        let csrc_count = fixed[0] & 0x0F;
        let rest = rest.get(usize::from(csrc_count) * 4..).ok_or(RtpError::Short)?;
        let (extension, rest) = if fixed[0] & 0x10 != 0 { split_extension(rest)? } else { (None, rest) };
        let payload = if fixed[0] & 0x20 != 0 { without_padding(rest)? } else { rest };
        let header = Header {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7F,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        };
        Ok(Self { header, csrc_count, extension, payload })
    }
}

type Extension<'a> = Option<(u16, &'a [u8])>;

fn split_extension(rest: &[u8]) -> Result<(Extension<'_>, &[u8]), RtpError> {
    let (head, rest) = rest.split_at_checked(4).ok_or(RtpError::Short)?;
    let profile = u16::from_be_bytes([head[0], head[1]]);
    let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let (data, rest) = rest.split_at_checked(words * 4).ok_or(RtpError::Short)?;
    Ok((Some((profile, data)), rest))
}

fn without_padding(rest: &[u8]) -> Result<&[u8], RtpError> {
    let padding = usize::from(*rest.last().ok_or(RtpError::Padding)?);
    if padding == 0 || padding > rest.len() {
        return Err(RtpError::Padding);
    }
    Ok(&rest[..rest.len() - padding])
}

/// Whether these bytes, arriving on a port for RTP, are RTCP (RFC 5761 §4: a second byte of 192-223).
#[must_use]
pub fn is_rtcp(bytes: &[u8]) -> bool {
    bytes.len() >= 2 && bytes[0] >> 6 == 2 && (192..=223).contains(&bytes[1])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_built_is_read_back() {
        let header = Header {
            marker: true,
            payload_type: 101,
            sequence: 65_535,
            timestamp: u32::MAX,
            ssrc: 0xDEAD_BEEF,
        };
        let bytes = header.packet(b"abc");
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!((packet.header, packet.payload, packet.extension), (header, &b"abc"[..], None));
    }

    #[test]
    fn csrcs_extension_and_padding_are_taken_off_the_payload() {
        let mut bytes = vec![0x80 | 0x20 | 0x10 | 0x01, 0, 0, 7, 0, 0, 0, 160, 0, 0, 0, 9];
        bytes.extend([1, 1, 1, 1]);
        bytes.extend([0xBE, 0xDE, 0, 1, 9, 9, 9, 9]);
        bytes.extend(*b"hello\0\0\x03");
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.csrc_count, 1);
        assert_eq!(packet.extension, Some((0xBEDE, &[9, 9, 9, 9][..])));
        assert_eq!(packet.payload, b"hello");
    }

    #[test]
    fn lengths_that_run_past_the_end_are_refused() {
        let whole = Header::default().packet(&[]);
        assert_eq!(Packet::parse(&whole[..11]), Err(RtpError::Short));
        let edit = |first: u8, tail: &[u8]| [&[first], &whole[1..], tail].concat();
        assert_eq!(Packet::parse(&edit(0x8F, &[0; 59])), Err(RtpError::Short), "15 sources need 60 bytes");
        assert_eq!(Packet::parse(&edit(0x90, &[0, 0, 0])), Err(RtpError::Short), "half an extension head");
        assert_eq!(Packet::parse(&edit(0x90, &[0, 0, 255, 255, 1])), Err(RtpError::Short));
        assert_eq!(Packet::parse(&edit(0xA0, &[])), Err(RtpError::Padding), "padding of an empty payload");
        assert_eq!(Packet::parse(&edit(0xA0, &[1, 0])), Err(RtpError::Padding), "a padding of none");
        assert_eq!(Packet::parse(&edit(0xA0, &[1, 3])), Err(RtpError::Padding));
        assert_eq!(Packet::parse(&edit(0x00, &[])), Err(RtpError::Version), "STUN starts with two zero bits");
    }

    #[test]
    fn rtcp_on_the_rtp_port_is_told_apart() {
        assert!(is_rtcp(&[0x80, 200, 0, 6]));
        assert!(!is_rtcp(&Header { payload_type: 8, marker: true, ..Header::default() }.packet(&[])));
        assert!(!is_rtcp(&[0x80]));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), first in 0x80u8..=0xBF) {
            let mut bytes = bytes;
            if let Some(byte) = bytes.first_mut() {
                *byte = first;
            }
            if let Ok(packet) = Packet::parse(&bytes) {
                prop_assert!(packet.payload.len() + HEADER_BYTES <= bytes.len());
            }
        }
    }
}
