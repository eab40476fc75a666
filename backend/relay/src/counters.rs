//! Counters that one worker writes and anyone reads, without a lock.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
};

/// A number with a single writer: no locked instruction is needed to add to it.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, amount: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(amount), Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// What is counted of what one side sends.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct DirectionCounters {
    pub(crate) packets: Counter,
    pub(crate) bytes: Counter,
    pub(crate) lost: Counter,
    pub(crate) jitter_us: Counter,
    /// Microseconds since the relay was made, plus one; 0 for never.
    pub(crate) first_us: Counter,
    pub(crate) last_us: Counter,
    pub(crate) rtcp: Counter,
    pub(crate) held: Counter,
    pub(crate) malformed: Counter,
    pub(crate) unsent: Counter,
    pub(crate) unauthentic: Counter,
    pub(crate) replayed: Counter,
    pub(crate) foreign: Counter,
    /// The payload type of the last sample that held audio, plus one; 0 for none.
    pub(crate) carried: Counter,
    /// Packets with a payload type that was not agreed on, and the last of them.
    pub(crate) wrong: Counter,
    pub(crate) wrong_last: Counter,
    /// Samples without sound, with sound, and of a length that does not fit; the last such length and payload type.
    pub(crate) quiet: Counter,
    pub(crate) sounding: Counter,
    pub(crate) misfits: Counter,
    pub(crate) misfit_last: Counter,
    /// Samples of jitter: how many, their sum, their most, and what 95 of 100 do not pass.
    pub(crate) jitters: Counter,
    pub(crate) jitters_us: Counter,
    pub(crate) jitter_most_us: Counter,
    pub(crate) jitter_95_us: Counter,
    /// Reports that went to this side.
    pub(crate) told: Counter,
    /// What this side says of what it hears: lost, of how many, jitter, score in tenths (0 for none).
    pub(crate) said_lost: Counter,
    pub(crate) said_of: Counter,
    pub(crate) said_jitter_us: Counter,
    pub(crate) said_mos: Counter,
    /// Round trips to this side: how many, their sum, their most.
    pub(crate) trips: Counter,
    pub(crate) trips_us: Counter,
    pub(crate) trip_most_us: Counter,
    foreign_high: Counter,
    foreign_low: Counter,
    foreign_port: Counter,
}

impl DirectionCounters {
    fn clear(&self) {
        let Self {
            packets, bytes, lost, jitter_us, first_us, last_us, rtcp, held, malformed, unsent, ..
        } = self;
        let Self { unauthentic, replayed, foreign, wrong, wrong_last, quiet, sounding, misfits, .. } = self;
        let Self { misfit_last, jitters, jitters_us, jitter_most_us, jitter_95_us, told, said_lost, .. } =
            self;
        let Self { said_of, said_jitter_us, said_mos, trips, trips_us, trip_most_us, .. } = self;
        let Self { foreign_high, foreign_low, foreign_port, carried, .. } = self;
        let all = [
            &[packets, bytes, lost, jitter_us, first_us, last_us, rtcp, held, malformed, unsent][..],
            &[unauthentic, replayed, foreign, wrong, wrong_last, quiet, sounding, misfits],
            &[misfit_last, jitters, jitters_us, jitter_most_us, jitter_95_us, told, said_lost],
            &[said_of, said_jitter_us, said_mos, trips, trips_us, trip_most_us],
            &[foreign_high, foreign_low, foreign_port, carried],
        ];
        all.into_iter().flatten().for_each(|counter| counter.set(0));
    }

    /// Counts a packet from elsewhere and remembers where the first one came from.
    pub(crate) fn count_foreign(&self, from: SocketAddr) {
        if self.foreign.get() == 0 {
            let bits = match from.ip() {
                IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
                IpAddr::V6(v6) => v6.to_bits(),
            };
            self.foreign_high.set((bits >> 64) as u64);
            self.foreign_low.set(bits as u64);
            self.foreign_port.set(u64::from(from.port()));
        }
        self.foreign.add(1);
    }

    /// Where the first packet from elsewhere came from.
    pub(crate) fn foreign_from(&self) -> Option<SocketAddr> {
        if self.foreign.get() == 0 {
            return None;
        }
        let bits = u128::from(self.foreign_high.get()) << 64 | u128::from(self.foreign_low.get());
        Some(SocketAddr::new(Ipv6Addr::from_bits(bits).to_canonical(), self.foreign_port.get() as u16))
    }
}

/// The counters of one session's place. The worker clears them when it takes up a session, and says by the generation whose they are.
#[derive(Debug, Default)]
pub(crate) struct SessionCounters {
    generation: AtomicU32,
    pub(crate) from: [DirectionCounters; 2],
}

impl SessionCounters {
    pub(crate) fn begin(&self, generation: u32) {
        self.from.iter().for_each(DirectionCounters::clear);
        self.generation.store(generation, std::sync::atomic::Ordering::Release);
    }

    /// The counters, if they are this session's by now; else nothing was counted yet.
    pub(crate) fn of(&self, generation: u32) -> Option<&[DirectionCounters; 2]> {
        (self.generation.load(std::sync::atomic::Ordering::Acquire) == generation).then_some(&self.from)
    }
}
