//! Between two reports: what was lost since the last one, and how long a report takes there and back.

use super::Report;
use crate::quality::StreamCounts;
use std::time::Duration;

/// A round trip longer than this is a far end that counts wrongly.
const ROUND_TRIP_MAX: u32 = 10 << 16;

/// NTP time, seconds in the upper half, so many microseconds after another one.
#[must_use]
pub const fn ntp_after(ntp: u64, micros: u64) -> u64 {
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    ntp.wrapping_add(seconds << 32).wrapping_add((rest << 32) / 1_000_000)
}

/// The last sender report that was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardSender {
    /// The NTP time that it says.
    pub ntp: u64,
    /// When it came, microseconds.
    pub at_us: u64,
}

/// What the last report of ours said of a stream.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reception {
    ssrc: u32,
    expected: u64,
    received: u64,
}

impl Reception {
    /// What there is to report of a stream now; `jitter` in units of its clock.
    pub fn report(
        &mut self,
        counts: &StreamCounts,
        jitter: u32,
        heard: Option<HeardSender>,
        now_us: u64,
    ) -> Report {
        let before = if self.ssrc == counts.ssrc { (self.expected, self.received) } else { (0, 0) };
        let expected = counts.expected.saturating_sub(before.0);
        let missing = expected.saturating_sub(counts.received.saturating_sub(before.1));
        let fraction = (missing * 256).checked_div(expected).unwrap_or(0).min(255);
        *self = Self { ssrc: counts.ssrc, expected: counts.expected, received: counts.received };
        let lost = i64::try_from(counts.expected).unwrap_or(i64::MAX)
            - i64::try_from(counts.received).unwrap_or(i64::MAX);
        Report {
            ssrc: counts.ssrc,
            fraction_lost: fraction as u8,
            lost: lost.clamp(-0x80_0000, 0x7F_FFFF) as i32,
            highest_sequence: counts.highest,
            jitter,
            last_sr: heard.map_or(0, |heard| middle(heard.ntp)),
            delay_since_last_sr: heard.map_or(0, |heard| units(now_us.saturating_sub(heard.at_us))),
        }
    }
}

/// The round trip of a report that came at this NTP time: from our sender report to it, less the time that the far end had it.
/// `None` where it has heard none of ours, or counts wrongly.
#[must_use]
pub fn round_trip(now_ntp: u64, report: &Report) -> Option<Duration> {
    if report.last_sr == 0 {
        return None;
    }
    let units = middle(now_ntp).wrapping_sub(report.last_sr).wrapping_sub(report.delay_since_last_sr);
    // A little less than nothing is a far end whose clock ticks coarsely.
    let units = if units > u32::MAX - (1 << 16) { 0 } else { units };
    (units <= ROUND_TRIP_MAX).then(|| Duration::from_micros((u64::from(units) * 1_000_000) >> 16))
}

const fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

fn units(micros: u64) -> u32 {
    u32::try_from((micros << 16) / 1_000_000).unwrap_or(u32::MAX)
}
