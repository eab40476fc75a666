//! What the receiving end of a stream can say about it: loss and jitter (RFC 3550, appendix A).

/// A jump in sequence numbers larger than this is a new stream, not loss (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3000;
/// How far behind the highest number a late packet may be before it means a restart.
const MAX_MISORDER: u16 = 100;

/// Counts packets by their sequence numbers: expected, received, lost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sequence {
    stream: Option<Stream>,
    received: u64,
    expected_before: u64,
    received_before: u64,
}

/// What is counted of one stream, of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamCounts {
    /// Its source.
    pub ssrc: u32,
    /// The highest sequence number, with cycles in the upper half.
    pub highest: u32,
    /// Packets that should have come, by their numbers.
    pub expected: u64,
    /// Packets that did.
    pub received: u64,
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    ssrc: u32,
    first: u64,
    highest: u64,
}

impl Sequence {
    /// Takes the numbers of one packet. A new source or a large jump begins a new count beside the old.
    pub fn push(&mut self, ssrc: u32, sequence: u16) {
        self.received += 1;
        match &mut self.stream {
            Some(stream) if stream.ssrc == ssrc => {
                let ahead = sequence.wrapping_sub(stream.highest as u16);
                if ahead < MAX_DROPOUT {
                    stream.highest += u64::from(ahead);
                } else if ahead <= u16::MAX - MAX_MISORDER {
                    self.restart(ssrc, sequence);
                }
            }
            _ => self.restart(ssrc, sequence),
        }
    }

    fn restart(&mut self, ssrc: u32, sequence: u16) {
        self.expected_before = self.expected();
        self.received_before = self.received - 1;
        let first = u64::from(sequence) + (1 << 16);
        self.stream = Some(Stream { ssrc, first, highest: first });
    }

    /// Packets taken.
    #[must_use]
    pub const fn received(&self) -> u64 {
        self.received
    }

    /// Packets that should have come, by the numbers of those that did.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.expected_before + self.stream.map_or(0, |stream| stream.highest - stream.first + 1)
    }

    /// The stream that is under way; `None` before the first packet.
    #[must_use]
    pub fn stream(&self) -> Option<StreamCounts> {
        self.stream.map(|stream| StreamCounts {
            ssrc: stream.ssrc,
            highest: (stream.highest - (1 << 16)) as u32,
            expected: stream.highest - stream.first + 1,
            received: self.received - self.received_before,
        })
    }

    /// Packets that did not come; 0 when duplicates outweigh them.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }
}

/// The interarrival jitter of RFC 3550 A.8, in units of the codec's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Jitter {
    transit: Option<u32>,
    sixteenths: u32,
}

impl Jitter {
    /// Takes a packet's arrival, in units of the codec's clock from any fixed start, and its RTP timestamp. Both wrap. How much more or
    /// less time than the packet before it was on its way; `None` for the first.
    pub fn push(&mut self, arrival: u32, timestamp: u32) -> Option<u32> {
        let transit = arrival.wrapping_sub(timestamp);
        let before = self.transit.replace(transit)?;
        let distance = (transit.wrapping_sub(before) as i32).unsigned_abs();
        let grown = u64::from(self.sixteenths) + u64::from(distance);
        self.sixteenths = (grown - ((u64::from(self.sixteenths) + 8) >> 4)).min(u64::from(u32::MAX)) as u32;
        Some(distance)
    }

    /// Forgets the last packet but not the estimate: after a change of source or of timestamps.
    pub fn interrupt(&mut self) {
        self.transit = None;
    }

    /// The estimate now, in units of the codec's clock.
    #[must_use]
    pub const fn value(&self) -> u32 {
        self.sixteenths >> 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(numbers: impl IntoIterator<Item = u16>) -> (u64, u64) {
        let mut sequence = Sequence::default();
        numbers.into_iter().for_each(|number| sequence.push(1, number));
        (sequence.expected(), sequence.lost())
    }

    #[test]
    fn gaps_are_loss_and_late_packets_are_not() {
        assert_eq!(counted([10, 11, 14, 15]), (6, 2));
        assert_eq!(counted([10, 12, 11, 13]), (4, 0));
        assert_eq!(counted([10, 10, 10, 12]), (3, 0), "duplicates hide loss, as the RFC counts it");
        assert_eq!(counted([]), (0, 0));
    }

    #[test]
    fn the_count_goes_on_where_the_numbers_wrap() {
        assert_eq!(counted([65_534, 65_535, 0, 2]), (5, 1));
        assert_eq!(counted([0, 65_535, 1]), (2, 0), "one from before the first is late, not a cycle ahead");
        assert_eq!(counted((0..200_000u32).map(|number| number as u16)), (200_000, 0));
    }

    #[test]
    fn a_new_source_or_a_restart_is_not_loss() {
        let mut sequence = Sequence::default();
        for number in 0..10 {
            sequence.push(1, number);
        }
        for number in 40_000..40_010 {
            sequence.push(2, number);
        }
        for number in 5..15 {
            sequence.push(2, number);
        }
        assert_eq!((sequence.expected(), sequence.received(), sequence.lost()), (30, 30, 0));
    }

    #[test]
    fn an_even_stream_has_no_jitter_and_an_uneven_one_converges_to_its_unevenness() {
        let mut even = Jitter::default();
        let mut uneven = Jitter::default();
        for packet in 0..500u32 {
            even.push(packet * 160, (packet * 160).wrapping_sub(77));
            uneven.push(packet * 160 + (packet % 2) * 80, packet * 160);
        }
        assert_eq!(even.value(), 0);
        assert!((75..=80).contains(&uneven.value()), "{}", uneven.value());
    }

    #[test]
    fn an_interruption_is_not_counted_as_jitter() {
        let mut jitter = Jitter::default();
        jitter.push(0, 0);
        jitter.interrupt();
        jitter.push(160, 3_000_000_000);
        jitter.push(320, 3_000_000_160);
        assert_eq!(jitter.value(), 0);
    }
}
