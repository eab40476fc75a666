//! The block of VoIP metrics of an extended report (RFC 3611 §4.7): what the far end's jitter buffer made of our stream.

/// Type and length of the block, in words after its first.
const KIND: u8 = 7;
const WORDS: usize = 8;
/// What stands where a figure is not known.
const UNKNOWN: u8 = 127;

/// What a far end says of a stream that it hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoipMetrics {
    /// The source that is reported on.
    pub ssrc: u32,
    /// Packets lost on the way since the beginning, in 1/256.
    pub loss_rate: u8,
    /// Packets that came too late for the jitter buffer, in 1/256.
    pub discard_rate: u8,
    /// The round trip that it measured, milliseconds; 0 where it has not.
    pub round_trip_ms: u16,
    /// The delay of its own end, milliseconds.
    pub end_system_delay_ms: u16,
    /// Its transmission rating, 0-100, where it says one.
    pub r_factor: Option<u8>,
    /// Its opinion score for listening, in tenths from 10 to 50, where it says one.
    pub mos_listening: Option<u8>,
    /// Its opinion score for talking, in tenths from 10 to 50, where it says one.
    pub mos_conversation: Option<u8>,
    /// What its jitter buffer holds usually, milliseconds.
    pub buffer_ms: u16,
}

impl VoipMetrics {
    /// Finds the block among those of an extended report.
    pub(super) fn find(mut blocks: &[u8]) -> Option<Self> {
        loop {
            let (head, rest) = blocks.split_at_checked(4)?;
            let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let (body, rest) = rest.split_at_checked(4 * words)?;
            if head[0] == KIND && words == WORDS {
                return Self::read(body);
            }
            blocks = rest;
        }
    }

    fn read(body: &[u8]) -> Option<Self> {
        let short = |at: usize| Some(u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?]));
        let said = |at: usize| Some(body.get(at).copied().filter(|figure| *figure != UNKNOWN));
        Some(Self {
            ssrc: super::word(body, 0).ok()?,
            loss_rate: *body.get(4)?,
            discard_rate: *body.get(5)?,
            round_trip_ms: short(12)?,
            end_system_delay_ms: short(14)?,
            r_factor: said(20)?.filter(|factor| *factor <= 100),
            mos_listening: said(22)?.filter(|score| (10..=50).contains(score)),
            mos_conversation: said(23)?.filter(|score| (10..=50).contains(score)),
            buffer_ms: short(26)?,
        })
    }
}
