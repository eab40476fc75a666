//! How a call sounds, by the E-model (ITU-T G.107, simplified): a transmission rating from loss, delay and codec, and the mean
//! opinion score (MOS) that goes with it.
//!
//! All defaults of G.107 stand, so that R = 93.2 − Id − Ie,eff; Id is the usual short form of G.107's, 0.024 a millisecond and 0.11 more from 177.3 on. Loss is taken to be random (BurstR = 1). The delay is half the round
//! trip, what the codec gathers before it sends, and a jitter buffer of twice the jitter or one packet. Wideband codecs are rated on the
//! narrowband scale, which has no room for their better sound.

use std::time::Duration;

/// The rating with all defaults of G.107.
const R_DEFAULT: f64 = 93.2;
/// From this delay on, milliseconds, a talk becomes difficult.
const KNEE_MS: f64 = 177.3;
/// The least that a jitter buffer holds: one packet.
const BUFFER_LEAST: Duration = Duration::from_millis(20);

/// What a codec takes from a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Impairment {
    /// The encoding's name of `a=rtpmap`.
    pub name: &'static str,
    /// Equipment impairment without loss, Ie.
    pub ie: f64,
    /// Robustness against loss, Bpl.
    pub bpl: f64,
    /// What it gathers before it sends, milliseconds: a packet of 20 ms and what it looks ahead.
    pub delay_ms: f64,
}

/// G.113 (02/2001) appendix I where it has the codec: G.711 with its loss concealment, G.729 A with voice detection, G.723.1 at 6.3 kbit/s, GSM EFR.
/// G.722 and Opus have no values on that scale: they stand with those of G.711, Opus with its look-ahead.
const TABLE: [Impairment; 8] = [
    Impairment { name: "PCMU", ie: 0.0, bpl: 25.1, delay_ms: 20.0 },
    Impairment { name: "PCMA", ie: 0.0, bpl: 25.1, delay_ms: 20.0 },
    Impairment { name: "G722", ie: 0.0, bpl: 25.1, delay_ms: 21.5 },
    Impairment { name: "opus", ie: 0.0, bpl: 25.1, delay_ms: 26.5 },
    Impairment { name: "G729", ie: 11.0, bpl: 19.0, delay_ms: 25.0 },
    Impairment { name: "G723", ie: 15.0, bpl: 16.1, delay_ms: 37.5 },
    Impairment { name: "GSM-EFR", ie: 5.0, bpl: 10.0, delay_ms: 20.0 },
    Impairment { name: "AMR", ie: 5.0, bpl: 10.0, delay_ms: 25.0 },
];

/// The way of a stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Way {
    /// The share of packets that is lost, 0 to 1.
    pub loss: f64,
    /// From one end to the other and back.
    pub round_trip: Duration,
    /// Interarrival jitter.
    pub jitter: Duration,
}

/// How it sounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    /// The transmission rating, 0 to 93.2.
    pub r: f64,
    /// The mean opinion score, 1 to 4.41.
    pub mos: f64,
}

impl Rating {
    /// The score in hundredths, 100 to 441.
    #[must_use]
    pub fn mos_hundredths(&self) -> u16 {
        (self.mos * 100.0).round() as u16
    }
}

/// What this codec takes from a call; `None` for one that has no values.
#[must_use]
pub fn impairment(codec: &str) -> Option<&'static Impairment> {
    TABLE.iter().find(|row| row.name.eq_ignore_ascii_case(codec))
}

/// Rates a stream of this codec on its way.
#[must_use]
pub fn rate(codec: &Impairment, way: &Way) -> Rating {
    let buffer = (2 * way.jitter).max(BUFFER_LEAST);
    let delay = (way.round_trip / 2 + buffer).as_secs_f64() * 1000.0 + codec.delay_ms;
    let id = 0.024 * delay + 0.11 * (delay - KNEE_MS).max(0.0);
    let percent = way.loss.clamp(0.0, 1.0) * 100.0;
    let ie_eff = codec.ie + (95.0 - codec.ie) * percent / (percent + codec.bpl);
    let r = (R_DEFAULT - id - ie_eff).clamp(0.0, 100.0);
    Rating { r, mos: mos(r) }
}

/// The score of a rating (G.107 annex B).
fn mos(r: f64) -> f64 {
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn rated(codec: &str, percent: f64, round_trip_ms: u64, jitter_ms: u64) -> (f64, f64) {
        let way = Way {
            loss: percent / 100.0,
            round_trip: Duration::from_millis(round_trip_ms),
            jitter: Duration::from_millis(jitter_ms),
        };
        let Rating { r, mos } = rate(impairment(codec).unwrap(), &way);
        ((r * 1000.0).round() / 1000.0, (mos * 1000.0).round() / 1000.0)
    }

    #[test]
    fn ratings_are_those_that_were_computed_by_hand() {
        // 40 ms: Id = 0.96.
        assert_eq!(rated("PCMA", 0.0, 0, 0), (92.24, 4.39));
        // And 95 × 1 / (1 + 25.1) = 3.640.
        assert_eq!(rated("pcmu", 1.0, 0, 0), (88.6, 4.303));
        // 150 + 40 + 25 ms: 5.16 + 0.11 × 37.7; 11 + 84 × 2 / 21 = 19.
        assert_eq!(rated("G729", 2.0, 300, 20), (64.893, 3.349));
        // Half is lost: 95 × 50 / 75.1 = 63.249.
        assert_eq!(rated("PCMA", 50.0, 0, 10), (28.991, 1.568));
    }

    #[test]
    fn a_score_is_never_outside_its_scale_nor_better_for_more_loss_or_delay() {
        assert_eq!(rated("G729", 100.0, 4000, 500), (0.0, 1.0));
        assert_eq!(mos(100.0), 4.5);
        for row in &TABLE {
            for step in 0..50u32 {
                let score =
                    |loss: u32, trip: u32| rated(row.name, f64::from(loss), u64::from(trip) * 20, 0).1;
                assert!(score(step + 1, step) <= score(step, step));
                assert!(score(step, step + 1) <= score(step, step));
                assert!((1.0..=4.5).contains(&score(step, step)));
            }
        }
        assert!(impairment("speex").is_none());
    }
}
