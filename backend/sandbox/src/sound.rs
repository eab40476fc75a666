//! What a side says into a call, and what it has heard: the payloads and the counters, no socket and no
//! clock.

use std::{collections::BTreeMap, net::SocketAddr};

use media::{
    dtmf::{self, Keys},
    quality::Sequence,
    rtp::Packet,
};

/// Samples in one packet: 20 ms at 8 kHz.
pub const PACKET_SAMPLES: usize = 160;
/// Most numbered packets of one call that are told apart; later ones are counted as packets only (33
/// minutes).
pub const NUMBERED_MAX: u32 = 100_000;
/// Most source addresses that are told apart per call; packets from others are counted as [`Heard::packets`]
/// only.
pub const SOURCES_MAX: usize = 16;
/// Most DTMF digits that are kept per call.
pub const DIGITS_MAX: usize = 256;
/// How a numbered payload begins; as audio it is a click of a millisecond.
const NUMBERED_MARK: [u8; 4] = *b"DTno";

/// What a side sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sound {
    /// Nothing at all.
    #[default]
    Nothing,
    /// 440 Hz without end.
    Tone,
    /// Every packet that comes in goes out again, telephone-events too.
    Echo,
    /// Every packet that comes in from where the far side is said to hear, or from its port elsewhere (NAT), goes back to where it came
    /// from as it is, in whatever codec.
    Mirror,
    /// The tone while nothing is heard, the echo while something is.
    ToneAndEcho,
    /// So many packets whose payload carries a number, so that the far end can count what was lost; then
    /// nothing.
    Numbered(u32),
}

impl Sound {
    pub(crate) const fn echoes(self) -> bool {
        matches!(self, Self::Echo | Self::ToneAndEcho)
    }
}

/// The payload of packet `index` of the numbered sound `stream`; `filler` is the codec's silence.
#[must_use]
pub fn numbered_payload(stream: u32, index: u32, filler: u8) -> [u8; PACKET_SAMPLES] {
    let mut payload = [filler; PACKET_SAMPLES];
    payload[..4].copy_from_slice(&NUMBERED_MARK);
    payload[4..8].copy_from_slice(&stream.to_be_bytes());
    payload[8..12].copy_from_slice(&index.to_be_bytes());
    payload
}

/// The stream and index of a numbered payload; `None` for any other audio.
#[must_use]
pub fn number_of(payload: &[u8]) -> Option<(u32, u32)> {
    let &[a, b, c, d, s0, s1, s2, s3, i0, i1, i2, i3, ..] = payload else { return None };
    let marked = [a, b, c, d] == NUMBERED_MARK && payload.len() == PACKET_SAMPLES;
    marked.then(|| (u32::from_be_bytes([s0, s1, s2, s3]), u32::from_be_bytes([i0, i1, i2, i3])))
}

/// What came in on one call, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// RTP packets, telephone-events included.
    pub packets: u64,
    /// Packets missing between the sequence numbers.
    pub lost: u64,
    /// Datagrams that are no RTP (RTCP, comfort bytes, foreign protocols).
    pub not_rtp: u64,
    /// Packets by source address, at most [`SOURCES_MAX`].
    pub sources: BTreeMap<SocketAddr, u64>,
    /// Packets by payload type.
    pub payload_types: BTreeMap<u8, u64>,
    /// Distinct numbered packets of our own that came back.
    pub own_echo: u32,
    /// Distinct numbered packets of the far side.
    pub numbered: u32,
    /// DTMF digits, each key press once.
    pub digits: String,
}

/// Counts what comes in on one call.
#[derive(Debug, Default)]
pub struct Ear {
    heard: Heard,
    sequence: Sequence,
    keys: Keys,
    own: Seen,
    theirs: Seen,
}

impl Ear {
    /// Counts a packet from `source`. `stream` is the numbered sound that we send; `event_type` is the
    /// payload type of telephone-events towards us.
    pub fn push(&mut self, source: SocketAddr, packet: &Packet<'_>, stream: u32, event_type: Option<u8>) {
        let header = packet.header;
        self.heard.packets += 1;
        self.sequence.push(header.ssrc, header.sequence);
        let sources = self.heard.sources.len();
        if sources < SOURCES_MAX || self.heard.sources.contains_key(&source) {
            *self.heard.sources.entry(source).or_default() += 1;
        }
        *self.heard.payload_types.entry(header.payload_type).or_default() += 1;
        if event_type == Some(header.payload_type) {
            let event = dtmf::Event::parse(packet.payload);
            let key = event.and_then(|event| self.keys.push(header.timestamp, event));
            self.heard.digits.extend(key.filter(|_| self.heard.digits.len() < DIGITS_MAX));
        } else if let Some((from, index)) = number_of(packet.payload) {
            if from == stream {
                self.heard.own_echo += u32::from(self.own.insert(index));
            } else {
                self.heard.numbered += u32::from(self.theirs.insert(index));
            }
        }
    }

    /// Counts a datagram that is no RTP.
    pub const fn push_noise(&mut self) {
        self.heard.not_rtp += 1;
    }

    /// The counters so far.
    #[must_use]
    pub fn heard(&self) -> Heard {
        Heard { lost: self.sequence.lost(), ..self.heard.clone() }
    }
}

/// A set of numbers below [`NUMBERED_MAX`], one bit each.
#[derive(Debug, Default)]
struct Seen(Vec<u64>);

impl Seen {
    /// True when the number is new and small enough.
    fn insert(&mut self, index: u32) -> bool {
        if index >= NUMBERED_MAX {
            return false;
        }
        let (word, bit) = (index as usize / 64, 1 << (index % 64));
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use media::rtp::Header;

    fn push(ear: &mut Ear, sequence: u16, payload_type: u8, payload: &[u8]) {
        let header = Header { payload_type, sequence, timestamp: 160, ssrc: 1, marker: false };
        let bytes = header.packet(payload);
        ear.push("127.0.0.1:4000".parse().unwrap(), &Packet::parse(&bytes).unwrap(), 7, Some(101));
    }

    #[test]
    fn own_and_foreign_numbered_packets_are_told_apart_and_counted_once() {
        let mut ear = Ear::default();
        push(&mut ear, 10, 0, &numbered_payload(7, 0, 0xff));
        push(&mut ear, 11, 0, &numbered_payload(7, 0, 0xff));
        push(&mut ear, 13, 0, &numbered_payload(9, 5, 0xff));
        push(&mut ear, 14, 0, &[0xff; PACKET_SAMPLES]);
        let heard = ear.heard();
        assert_eq!((heard.packets, heard.own_echo, heard.numbered, heard.lost), (4, 1, 1, 1));
        assert_eq!(heard.payload_types, BTreeMap::from([(0, 4)]));
    }

    #[test]
    fn a_key_press_is_one_digit_however_many_packets_it_has() {
        let mut ear = Ear::default();
        for (sequence, event) in (0..).zip(dtmf::Press::new('5', 160, 4).unwrap()) {
            push(&mut ear, sequence, 101, &event.payload());
        }
        assert_eq!(ear.heard().digits, "5");
    }

    #[test]
    fn a_number_beyond_the_bound_takes_no_memory() {
        let mut ear = Ear::default();
        push(&mut ear, 1, 0, &numbered_payload(9, u32::MAX, 0xff));
        assert_eq!((ear.heard().numbered, ear.theirs.0.len()), (0, 0));
    }
}
