//! RTCP compound packets (RFC 3550 §6), read as far as a relay and its statistics need them.

use thiserror::Error;

/// The most packets that one compound may hold before the rest is left unread.
pub const MAX_PACKETS: usize = 32;

/// Why some bytes are not RTCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RtcpError {
    /// Shorter than a header, or than the length in one.
    #[error("the packet ends before its length says")]
    Short,
    /// Not version 2, or not a packet type of RTCP.
    #[error("the packet is not RTCP version 2")]
    NotRtcp,
}

/// One reception report: what its sender heard of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The source that is reported on.
    pub ssrc: u32,
    /// Loss since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the beginning; negative when duplicates came.
    pub lost: i32,
    /// The highest sequence number received, with cycles in the upper half.
    pub highest_sequence: u32,
    /// Interarrival jitter in units of the codec's clock.
    pub jitter: u32,
    /// The middle of the NTP time of the last sender report heard.
    pub last_sr: u32,
    /// How long ago that was, in 1/65536 s.
    pub delay_since_last_sr: u32,
}

/// One packet of a compound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet<'a> {
    /// A sender report.
    Sender {
        /// Who sends.
        ssrc: u32,
        /// NTP time, seconds in the upper half.
        ntp: u64,
        /// The same moment in units of the codec's clock.
        timestamp: u32,
        /// Packets sent so far.
        packets: u32,
        /// Payload bytes sent so far.
        bytes: u32,
        /// What it heard of others.
        reports: Vec<Report>,
    },
    /// A receiver report.
    Receiver {
        /// Who reports.
        ssrc: u32,
        /// What it heard of others.
        reports: Vec<Report>,
    },
    /// The source leaves.
    Bye {
        /// Who leaves.
        ssrc: u32,
    },
    /// SDES, APP, feedback and what came later: type, count and body.
    Other {
        /// The packet type, 192-223.
        kind: u8,
        /// The five bits of count or subtype.
        count: u8,
        /// What follows the header.
        body: &'a [u8],
    },
}

/// Reads the packets of a compound.
///
/// # Errors
/// `NotRtcp` if a packet in it has another version or type, `Short` if a length runs past the end.
pub fn parse(mut bytes: &[u8]) -> Result<Vec<Packet<'_>>, RtcpError> {
    let mut packets = Vec::new();
    while !bytes.is_empty() && packets.len() < MAX_PACKETS {
        let (head, _) = bytes.split_at_checked(4).ok_or(RtcpError::Short)?;
        if head[0] >> 6 != 2 || !(192..=223).contains(&head[1]) {
            return Err(RtcpError::NotRtcp);
        }
        let length = 4 * (usize::from(u16::from_be_bytes([head[2], head[3]])) + 1);
        let (packet, rest) = bytes.split_at_checked(length).ok_or(RtcpError::Short)?;
        packets.push(one(head[1], head[0] & 0x1F, &packet[4..])?);
        bytes = rest;
    }
    if packets.is_empty() { Err(RtcpError::Short) } else { Ok(packets) }
}

/// Whether these bytes start as RTCP does: enough for a relay, which passes it on unread.
#[must_use]
pub fn looks_valid(bytes: &[u8]) -> bool {
    bytes.len() >= 8 && bytes[0] >> 6 == 2 && (192..=223).contains(&bytes[1])
}

fn one(kind: u8, count: u8, body: &[u8]) -> Result<Packet<'_>, RtcpError> {
    match kind {
        200 => Ok(Packet::Sender {
            ssrc: word(body, 0)?,
            ntp: u64::from(word(body, 4)?) << 32 | u64::from(word(body, 8)?),
            timestamp: word(body, 12)?,
            packets: word(body, 16)?,
            bytes: word(body, 20)?,
            reports: reports(count, &body[24..])?,
        }),
        201 => Ok(Packet::Receiver { ssrc: word(body, 0)?, reports: reports(count, &body[4..])? }),
        203 if count > 0 => Ok(Packet::Bye { ssrc: word(body, 0)? }),
        _ => Ok(Packet::Other { kind, count, body }),
    }
}

fn reports(count: u8, body: &[u8]) -> Result<Vec<Report>, RtcpError> {
    (0..usize::from(count))
        .map(|index| body.get(index * 24..).ok_or(RtcpError::Short).and_then(report))
        .collect()
}

fn report(block: &[u8]) -> Result<Report, RtcpError> {
    let loss = word(block, 4)?;
    Ok(Report {
        ssrc: word(block, 0)?,
        fraction_lost: (loss >> 24) as u8,
        lost: ((loss << 8) as i32) >> 8,
        highest_sequence: word(block, 8)?,
        jitter: word(block, 12)?,
        last_sr: word(block, 16)?,
        delay_since_last_sr: word(block, 20)?,
    })
}

fn word(bytes: &[u8], at: usize) -> Result<u32, RtcpError> {
    let four = bytes.get(at..at + 4).ok_or(RtcpError::Short)?;
    Ok(u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(kind: u8, count: u8, words: &[u32]) -> Vec<u8> {
        let mut out = vec![0x80 | count, kind, 0, words.len() as u8];
        out.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        out
    }

    #[test]
    fn a_sender_report_with_a_report_block_and_a_bye_is_read() {
        let mut bytes = packet(200, 1, &[7, 1, 2, 3, 100, 16_000, 9, 0x40FF_FFFE, 0x1_0005, 11, 12, 13]);
        bytes.extend(packet(202, 1, &[7, 0x0102_6161, 0]));
        bytes.extend(packet(203, 1, &[7]));
        let packets = parse(&bytes).unwrap();
        let Packet::Sender { ssrc, ntp, packets: sent, bytes: octets, reports, .. } = &packets[0] else {
            panic!()
        };
        assert_eq!((*ssrc, *ntp, *sent, *octets), (7, 1 << 32 | 2, 100, 16_000));
        assert_eq!(
            (reports[0].ssrc, reports[0].fraction_lost, reports[0].lost),
            (9, 0x40, -2),
            "24 bits, signed"
        );
        assert_eq!((reports[0].highest_sequence, reports[0].jitter), (0x1_0005, 11));
        assert!(matches!(packets[1], Packet::Other { kind: 202, count: 1, .. }));
        assert_eq!(packets[2], Packet::Bye { ssrc: 7 });
    }

    #[test]
    fn lengths_that_run_past_the_end_are_refused() {
        let whole = packet(201, 1, &[7, 9, 0, 0, 0, 0, 0]);
        assert!(parse(&whole).is_ok());
        assert_eq!(parse(&whole[..whole.len() - 1]), Err(RtcpError::Short));
        assert_eq!(
            parse(&packet(201, 2, &[7, 9, 0, 0, 0, 0, 0])),
            Err(RtcpError::Short),
            "two reports in one's room"
        );
        assert_eq!(parse(&packet(200, 0, &[7])), Err(RtcpError::Short));
        assert_eq!(parse(&[]), Err(RtcpError::Short));
        assert_eq!(parse(&packet(96, 0, &[7])), Err(RtcpError::NotRtcp));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..120), kind in 192u8..=223) {
            if bytes.len() > 4 {
                bytes[0] |= 0x80;
                bytes[0] &= 0xBF;
                bytes[1] = kind;
                bytes[2] = 0;
            }
            let _ = parse(&bytes);
        }
    }
}
