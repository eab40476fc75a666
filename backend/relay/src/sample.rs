//! What is looked at of a stream now and then, so that a packet costs a count and no more: whether there is sound in it, and how its
//! jitter goes.

use crate::counters::DirectionCounters;
use media::{
    hearing::{Look, look},
    rtp,
};

/// Every so many packets one is looked at: once a second with the usual 20 ms.
pub(crate) const EVERY: u8 = 50;
/// Bytes of what is no audio but stands for some: telephone events, signs of silence, the usual comfort noise.
const ASIDE_MAX: usize = 4;
/// Above which jitter a sample is counted, milliseconds; above the last there is no end.
const STEPS_MS: [u16; 14] = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 80, 120, 200, 500];

/// The samples of one stream.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    left: u8,
    /// How many samples of jitter were at most this step.
    steps: [u16; STEPS_MS.len() + 1],
}

impl Samples {
    /// Counts a packet; looks at it where it is its turn, and says so.
    pub(crate) fn take(
        &mut self,
        packet: &rtp::Packet<'_>,
        jitter_us: u64,
        counters: &DirectionCounters,
    ) -> bool {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                false
            }
            None => {
                self.look(packet, jitter_us, counters);
                true
            }
        }
    }

    #[cold]
    fn look(&mut self, packet: &rtp::Packet<'_>, jitter_us: u64, counters: &DirectionCounters) {
        self.left = EVERY - 1;
        if packet.payload.len() > ASIDE_MAX {
            counters.carried.set(u64::from(packet.header.payload_type) + 1);
        }
        match look(packet.header.payload_type, packet.payload) {
            Look::Sound => counters.sounding.add(1),
            Look::Quiet => counters.quiet.add(1),
            Look::Misfit => {
                counters.misfits.add(1);
                let what = packet.payload.len() << 8 | usize::from(packet.header.payload_type);
                counters.misfit_last.set(what as u64);
            }
            Look::Nothing => {}
        }
        let step = STEPS_MS.iter().position(|step| jitter_us <= u64::from(*step) * 1000);
        let place = &mut self.steps[step.unwrap_or(STEPS_MS.len())];
        *place = place.saturating_add(1);
        counters.jitters.add(1);
        counters.jitters_us.add(jitter_us);
        counters.jitter_most_us.set(counters.jitter_most_us.get().max(jitter_us));
        counters.jitter_95_us.set(self.percentile().min(counters.jitter_most_us.get()));
    }

    /// The step that 95 of 100 samples do not pass, microseconds.
    fn percentile(&self) -> u64 {
        let all: u32 = self.steps.iter().map(|count| u32::from(*count)).sum();
        let mut counted = 0;
        for (step, count) in STEPS_MS.iter().zip(&self.steps) {
            counted += u32::from(*count);
            if counted * 100 >= all * 95 {
                return u64::from(*step) * 1000;
            }
        }
        u64::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::rtp::Header;

    #[test]
    fn one_packet_of_fifty_is_looked_at_and_jitter_has_a_mean_a_most_and_a_percentile() {
        let (mut samples, counters) = (Samples::default(), DirectionCounters::default());
        let bytes = Header { payload_type: 8, ..Header::default() }.packet(&[0xD5; 160]);
        let packet = rtp::Packet::parse(&bytes).expect("a packet");
        for number in 0..5000u64 {
            let _ = samples.take(&packet, if number / 50 % 25 == 24 { 40_000 } else { 4_000 }, &counters);
        }
        assert_eq!((counters.quiet.get(), counters.sounding.get(), counters.jitters.get()), (100, 0, 100));
        assert_eq!(counters.jitters_us.get() / 100, 5_440, "96 × 4 ms and 4 × 40 ms");
        assert_eq!((counters.jitter_most_us.get(), counters.jitter_95_us.get()), (40_000, 5_000));
    }
}
