//! RTCP compound packets (RFC 3550 §6, RFC 3611): reading without allocation, writing our own, and when to send them.

mod extended;
mod reception;
mod schedule;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
mod write;

pub use extended::VoipMetrics;
pub use reception::{HeardSender, Reception, ntp_after, round_trip};
pub use schedule::{Members, interval};
pub use write::{CNAME_MAX, Own, Sent};

use thiserror::Error;

/// The most packets that one compound may hold before the rest is left unread.
pub const MAX_PACKETS: usize = 32;
/// Bytes of a report block.
const BLOCK: usize = 24;

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

/// The report blocks of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reports<'a>(&'a [u8]);

impl Iterator for Reports<'_> {
    type Item = Report;

    fn next(&mut self) -> Option<Report> {
        let (block, rest) = self.0.split_at_checked(BLOCK)?;
        self.0 = rest;
        report(block).ok()
    }
}

/// One packet of a compound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        reports: Reports<'a>,
    },
    /// A receiver report.
    Receiver {
        /// Who reports.
        ssrc: u32,
        /// What it heard of others.
        reports: Reports<'a>,
    },
    /// What a source says of itself: the first chunk.
    Description {
        /// Whom it describes.
        ssrc: u32,
        /// Its name that lasts (CNAME), not necessarily UTF-8.
        cname: Option<&'a [u8]>,
    },
    /// The source leaves.
    Bye {
        /// Who leaves.
        ssrc: u32,
    },
    /// An extended report (RFC 3611): its block of VoIP metrics, where it has one.
    Extended {
        /// Who reports.
        ssrc: u32,
        /// The metrics.
        voip: Option<VoipMetrics>,
    },
    /// APP, feedback and what came later: type, count and body.
    Other {
        /// The packet type, 192-223.
        kind: u8,
        /// The five bits of count or subtype.
        count: u8,
        /// What follows the header.
        body: &'a [u8],
    },
}

/// The packets of a compound whose lengths were all checked.
#[derive(Debug, Clone, Copy)]
pub struct Packets<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (packet, rest) = first(self.rest).ok()?;
        self.rest = rest;
        Some(packet)
    }
}

/// Reads a compound, also a reduced-size one (RFC 5506): of at most [`MAX_PACKETS`] packets, the rest is left unread.
///
/// # Errors
/// `NotRtcp` if a packet in it has another version or type, `Short` if a length runs past the end.
pub fn parse(bytes: &[u8]) -> Result<Packets<'_>, RtcpError> {
    let (mut rest, mut left) = (bytes, 0);
    while !rest.is_empty() && left < MAX_PACKETS {
        (_, rest) = first(rest)?;
        left += 1;
    }
    if left == 0 { Err(RtcpError::Short) } else { Ok(Packets { rest: bytes, left }) }
}

fn first(bytes: &[u8]) -> Result<(Packet<'_>, &[u8]), RtcpError> {
    let (head, _) = bytes.split_at_checked(4).ok_or(RtcpError::Short)?;
    if head[0] >> 6 != 2 || !(192..=223).contains(&head[1]) {
        return Err(RtcpError::NotRtcp);
    }
    let length = 4 * (usize::from(u16::from_be_bytes([head[2], head[3]])) + 1);
    let (packet, rest) = bytes.split_at_checked(length).ok_or(RtcpError::Short)?;
    Ok((one(head[1], head[0] & 0x1F, &packet[4..])?, rest))
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
        202 if count > 0 => Ok(Packet::Description { ssrc: word(body, 0)?, cname: cname(&body[4..]) }),
        203 if count > 0 => Ok(Packet::Bye { ssrc: word(body, 0)? }),
        207 => Ok(Packet::Extended { ssrc: word(body, 0)?, voip: VoipMetrics::find(&body[4..]) }),
        _ => Ok(Packet::Other { kind, count, body }),
    }
}

fn reports(count: u8, body: &[u8]) -> Result<Reports<'_>, RtcpError> {
    body.get(..usize::from(count) * BLOCK).map(Reports).ok_or(RtcpError::Short)
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

/// The CNAME among the items of a chunk, which end with a zero.
fn cname(mut items: &[u8]) -> Option<&[u8]> {
    loop {
        let (&[kind, length], rest) = items.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(usize::from(length))?;
        match kind {
            0 => return None,
            1 => return Some(text),
            _ => items = rest,
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Result<u32, RtcpError> {
    let four = bytes.get(at..at + 4).ok_or(RtcpError::Short)?;
    Ok(u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
}
