//! Our own reports: a sender's or a receiver's, who we are, and that we leave (RFC 3550 §6.1).

use super::Report;

/// The longest name that we give ourselves, bytes.
pub const CNAME_MAX: usize = 32;

/// What we have sent of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent {
    /// NTP time now, seconds in the upper half.
    pub ntp: u64,
    /// The same moment in units of the codec's clock, on the stream's own scale.
    pub timestamp: u32,
    /// Packets sent so far, wrapping.
    pub packets: u32,
    /// Their payload bytes, wrapping.
    pub bytes: u32,
}

/// A compound of our own.
#[derive(Debug, Clone, Copy)]
pub struct Own<'a> {
    /// Our source: that of the stream that we send, where we send one.
    pub ssrc: u32,
    /// Our name that lasts; cut at [`CNAME_MAX`].
    pub cname: &'a [u8],
    /// What we sent, where we did of late: else it is a receiver's report.
    pub sent: Option<Sent>,
    /// What we heard of the far end's stream.
    pub heard: Option<Report>,
    /// Whether this is the last one.
    pub leaves: bool,
}

impl Own<'_> {
    /// Appends the compound to `out`; at most 128 bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        let blocks = usize::from(self.heard.is_some());
        let kind = if self.sent.is_some() { 200 } else { 201 };
        let words = 1 + 5 * usize::from(self.sent.is_some()) + 6 * blocks;
        head(out, blocks as u8, kind, words);
        put(out, [self.ssrc]);
        if let Some(Sent { ntp, timestamp, packets, bytes }) = self.sent {
            put(out, [(ntp >> 32) as u32, ntp as u32, timestamp, packets, bytes]);
        }
        if let Some(report) = &self.heard {
            let lost = report.lost.clamp(-0x80_0000, 0x7F_FFFF) as u32 & 0xFF_FFFF;
            put(out, [report.ssrc, u32::from(report.fraction_lost) << 24 | lost]);
            put(out, [report.highest_sequence, report.jitter, report.last_sr, report.delay_since_last_sr]);
        }
        self.describe(out);
        if self.leaves {
            head(out, 1, 203, 1);
            put(out, [self.ssrc]);
        }
    }

    /// Who we are: one chunk with one item, ended by a zero and filled up to a whole word.
    fn describe(&self, out: &mut Vec<u8>) {
        let cname = &self.cname[..self.cname.len().min(CNAME_MAX)];
        let zeros = 4 - (2 + cname.len()) % 4;
        head(out, 1, 202, 1 + (2 + cname.len() + zeros) / 4);
        put(out, [self.ssrc]);
        out.extend_from_slice(&[1, cname.len() as u8]);
        out.extend_from_slice(cname);
        out.extend_from_slice(&[0; 4][..zeros]);
    }
}

fn head(out: &mut Vec<u8>, count: u8, kind: u8, words: usize) {
    out.extend_from_slice(&[0x80 | count, kind]);
    out.extend_from_slice(&(words as u16).to_be_bytes());
}

fn put<const N: usize>(out: &mut Vec<u8>, words: [u32; N]) {
    words.iter().for_each(|word| out.extend_from_slice(&word.to_be_bytes()));
}
