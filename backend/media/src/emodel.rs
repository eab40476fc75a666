//! How a call sounds, by the E-model: a transmission rating R from loss, delay and codec, and the mean opinion score (MOS) that goes with it.
//!
//! # One scale for all codecs
//! The narrowband model (ITU-T G.107) ends at R = 93.2; those of wideband (G.107.1) and of fullband speech (G.107.2) go on from there to
//! 129 and 148: they extend the scale and leave what narrowband codecs have on it (G.711's impairment on the wideband one is the difference,
//! 35.8; a wideband one's on the fullband one is 19 more). So ratings of all three can be compared. Each Recommendation has its own way from R to
//! MOS, though, which gives its own best case 4.5: a clean G.711 call is 4.41 by G.107 and 3.8 or less by the others, and scores by different
//! ones must be neither averaged nor held against one limit. Whoever looks for a bad carrier does both. All scores are therefore MOS-CQE by G.107
//! annex B, which the limits of G.109 belong to and carriers know, with its rule that R from 100 on is 4.5. A wideband call is
//! better than a narrowband one can be, and some loss leaves it as good: that is what the models say.
//!
//! # What is counted
//! R = best − Id − Ie,eff with all defaults of the Recommendations, and
//! Ie,eff = Ie + (most − Ie) · loss / (loss + Bpl); `most` is 95 (G.107, G.107.1) or 132 (G.107.2). Loss is taken to be random (BurstR = 1). Id is the usual
//! short form of G.107's, 0.024 a millisecond and 0.11 more from 177.3 on, times 1.29 or 1.48 as G.107.1 and G.107.2 have it. The delay is half the
//! round trip, what the codec gathers before it sends, and a jitter buffer of twice the jitter or one packet.

use std::time::Duration;

/// From this delay on, milliseconds, a talk becomes difficult.
const KNEE_MS: f64 = 177.3;
/// The least that a jitter buffer holds: one packet.
const BUFFER_LEAST: Duration = Duration::from_millis(20);
/// The best rating that there is.
const R_MAX: f64 = 148.0;

/// How much of speech a codec carries: which Recommendation its figures belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band {
    /// 300 to 3,400 Hz: G.107.
    Narrow,
    /// 50 to 7,000 Hz: G.107.1.
    Wide,
    /// 20 to 20,000 Hz: G.107.2.
    Full,
}

impl Band {
    /// The rating of a call without any impairment.
    const fn best(self) -> f64 {
        match self {
            Self::Narrow => 93.2,
            Self::Wide => 129.0,
            Self::Full => R_MAX,
        }
    }

    /// What the loss of everything takes.
    const fn most(self) -> f64 {
        match self {
            Self::Narrow | Self::Wide => 95.0,
            Self::Full => 132.0,
        }
    }

    /// How many times what delay takes of a narrowband call it takes here.
    const fn delay_weight(self) -> f64 {
        match self {
            Self::Narrow => 1.0,
            Self::Wide => 1.29,
            Self::Full => 1.48,
        }
    }
}

/// What a codec takes from a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Impairment {
    /// The encoding's name of `a=rtpmap`.
    pub name: &'static str,
    /// On which scale the next two are.
    pub band: Band,
    /// Equipment impairment without loss, Ie.
    pub ie: f64,
    /// Robustness against loss, Bpl.
    pub bpl: f64,
    /// What it gathers before it sends, milliseconds: a packet of 20 ms and what it looks ahead.
    pub delay_ms: f64,
}

const fn row(name: &'static str, band: Band, ie: f64, bpl: f64, delay_ms: f64) -> Impairment {
    Impairment { name, band, ie, bpl, delay_ms }
}

/// Narrowband: G.113 (02/2001) appendix I: G.711 with its loss concealment, G.729 A with voice detection, G.723.1 at 6.3 kbit/s, GSM EFR, which AMR at
/// 12.2 kbit/s is.
///
/// G.722: 13 is quoted from G.113 (11/2007) appendix IV for 64 kbit/s, but without a second source, and without any robustness against loss. So it
/// stands with the less favourable pair that the same appendix (09/2024, tables IV.3 and IV.4) has for the wideband codec beside it, AMR-WB at
/// 12.65 kbit/s; its 4.3 is also the default of G.107 and the least that it permits.
///
/// Opus: no ITU-T figures exist. Those of its superwideband mode were measured by rate and published with their code (2021): Ie 10.7 to 23.7 and Bpl
/// 9.8 to 11.8 from 22 kbit/s on, near EVS at 24.4 kbit/s in G.113 appendix V (7.2 and 11.4). The rate is not known here: it stands with the
/// least favourable of them, 22 kbit/s at a constant rate.
///
/// AMR-WB and EVS have none: they change their rate within a call, and with it Ie between 1 and 56.
const TABLE: [Impairment; 8] = [
    row("PCMU", Band::Narrow, 0.0, 25.1, 20.0),
    row("PCMA", Band::Narrow, 0.0, 25.1, 20.0),
    row("G722", Band::Wide, 20.0, 4.3, 21.5),
    row("opus", Band::Full, 23.4, 10.0, 26.5),
    row("G729", Band::Narrow, 11.0, 19.0, 25.0),
    row("G723", Band::Narrow, 15.0, 16.1, 37.5),
    row("GSM-EFR", Band::Narrow, 5.0, 10.0, 20.0),
    row("AMR", Band::Narrow, 5.0, 10.0, 25.0),
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
    /// The transmission rating, 0 to 93.2 for narrowband codecs, to 129 for wideband and 148 for fullband ones.
    pub r: f64,
    /// The mean opinion score, 1 to 4.5; narrowband codecs reach 4.41.
    pub mos: f64,
}

impl Rating {
    /// The score in hundredths, 100 to 450.
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
    let delay_ms = (way.round_trip / 2 + buffer).as_secs_f64() * 1000.0 + codec.delay_ms;
    let delayed = codec.band.delay_weight() * delay_impairment(delay_ms);
    let r = (codec.band.best() - delayed - equipment_impairment(codec, way.loss)).clamp(0.0, R_MAX);
    Rating { r, mos: mos(r) }
}

/// What a delay from mouth to ear takes of a narrowband call, Id.
fn delay_impairment(ms: f64) -> f64 {
    0.024 * ms + 0.11 * (ms - KNEE_MS).max(0.0)
}

/// What the codec takes where this share of packets is lost, Ie,eff.
fn equipment_impairment(codec: &Impairment, loss: f64) -> f64 {
    let percent = loss.clamp(0.0, 1.0) * 100.0;
    codec.ie + (codec.band.most() - codec.ie) * percent / (percent + codec.bpl)
}

/// The score of a rating (G.107 annex B).
fn mos(r: f64) -> f64 {
    let r = r.clamp(0.0, 100.0);
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn way(percent: f64, round_trip_ms: u64, jitter_ms: u64) -> Way {
        Way {
            loss: percent / 100.0,
            round_trip: Duration::from_millis(round_trip_ms),
            jitter: Duration::from_millis(jitter_ms),
        }
    }

    fn rated(codec: &str, percent: f64, round_trip_ms: u64, jitter_ms: u64) -> (f64, f64) {
        let Rating { r, mos } = rate(impairment(codec).unwrap(), &way(percent, round_trip_ms, jitter_ms));
        (thousandths(r), thousandths(mos))
    }

    fn thousandths(figure: f64) -> f64 {
        (figure * 1000.0).round() / 1000.0
    }

    #[test]
    fn scores_are_those_that_the_recommendation_lists() {
        // G.107 annex B, table B.1; the default rating; and its rule above 100.
        for (r, score) in [
            (90.0, 4.34),
            (80.0, 4.03),
            (70.0, 3.60),
            (60.0, 3.10),
            (50.0, 2.58),
            (93.2, 4.41),
            (100.0, 4.5),
            (129.0, 4.5),
            (0.0, 1.0),
        ] {
            // The table was rounded by hand: 80 is 4.024.
            assert!((mos(r) - score).abs() < 0.01, "{r}: {}", mos(r));
        }
    }

    #[test]
    fn impairments_are_those_of_published_examples() {
        let on = |band, ie, bpl, percent: f64| {
            thousandths(equipment_impairment(&row("", band, ie, bpl, 0.0), percent / 100.0))
        };
        // G.107: G.729 A with voice detection at 2 %: 11 + 84 × 2 / 21.
        assert_eq!(on(Band::Narrow, 11.0, 19.0, 2.0), 19.0);
        // G.107.1: AMR-WB at 12.65 kbit/s and 2 %: 20 + 75 × 2 / 6.3.
        assert_eq!(on(Band::Wide, 20.0, 4.3, 2.0), 43.81);
        // G.107.2 with Ie 10.2 and the default Bpl at 1 %: 10.2 + 121.8 / 5.3.
        assert_eq!(on(Band::Full, 10.2, 4.3, 1.0), 33.181);
        // G.113: what G.711 lacks on the wideband scale, and a wideband codec on the fullband one.
        assert_eq!(thousandths(Band::Wide.best() - Band::Narrow.best()), 35.8);
        assert_eq!(Band::Full.best() - Band::Wide.best(), 19.0);
    }

    #[test]
    fn ratings_are_those_that_were_computed_by_hand() {
        for (codec, percent, round_trip, jitter, r, score) in [
            // 40 ms: Id = 0.96.
            ("PCMA", 0.0, 0, 0, 92.24, 4.39),
            // And 95 × 1 / (1 + 25.1) = 3.640.
            ("pcmu", 1.0, 0, 0, 88.6, 4.303),
            // 150 + 40 + 25 ms: 5.16 + 0.11 × 37.7; 11 + 84 × 2 / 21 = 19.
            ("G729", 2.0, 300, 20, 64.893, 3.349),
            // Half is lost: 95 × 50 / 75.1 = 63.249.
            ("PCMA", 50.0, 0, 10, 28.991, 1.568),
            // 41.5 ms: 1.29 × 0.996 = 1.285; 129 − 20.
            ("G722", 0.0, 0, 0, 107.715, 4.5),
            // 20 + 75 × 3 / 7.3 = 50.822.
            ("G722", 3.0, 0, 0, 76.893, 3.901),
            // 46.5 ms: 1.48 × 1.116 = 1.652; 148 − 23.4.
            ("opus", 0.0, 0, 0, 122.948, 4.5),
            // 23.4 + 108.6 × 10 / 20 = 77.7.
            ("opus", 10.0, 0, 0, 68.648, 3.533),
            // 200 + 20 + 26.5 ms: 1.48 × (5.916 + 0.11 × 69.2) = 20.021.
            ("opus", 5.0, 400, 10, 68.379, 3.52),
        ] {
            assert_eq!(
                rated(codec, percent, round_trip, jitter),
                (r, score),
                "{codec} {percent} {round_trip}"
            );
        }
    }

    #[test]
    fn more_of_speech_is_better_until_loss_takes_it() {
        let at = |percent: f64| ["opus", "G722", "PCMA", "G729"].map(|codec| rated(codec, percent, 100, 5).0);
        assert!(at(0.0).is_sorted_by(|better, worse| better > worse), "{:?}", at(0.0));
        // G.722 with a percent of loss is as good as G.711 without any; without concealment it bears less from then on.
        assert!(at(1.0)[1] > at(0.0)[2] && at(4.0)[1] < at(4.0)[2], "{:?} {:?}", at(1.0), at(4.0));
        // Opus bears the most.
        assert!((1..=10).all(|percent| at(percent.into())[0] > at(percent.into())[1]));
    }

    #[test]
    fn a_score_is_never_outside_its_scale_nor_better_for_more_loss_or_delay_or_jitter() {
        assert_eq!(rated("G729", 100.0, 4000, 500), (0.0, 1.0));
        for codec in &TABLE {
            for step in 0..60u32 {
                let rated = |loss: u32, trip: u32, jitter: u32| {
                    rate(codec, &way(f64::from(loss) / 2.0, u64::from(trip) * 20, u64::from(jitter) * 4))
                };
                let here = rated(step, step, step);
                for worse in
                    [rated(step + 1, step, step), rated(step, step + 1, step), rated(step, step, step + 1)]
                {
                    assert!(worse.mos <= here.mos && worse.r <= here.r, "{} {step}: {worse:?}", codec.name);
                    assert!(worse.r < here.r || here.r == 0.0 || step < 3, "{} {step}", codec.name);
                }
                assert!((0.0..=codec.band.best()).contains(&here.r));
                assert!((100..=450).contains(&here.mos_hundredths()));
                assert!(codec.band != Band::Narrow || here.mos_hundredths() <= 441);
            }
        }
        assert!(impairment("speex").is_none() && impairment("OPUS").is_some());
    }
}
