//! The tones of telephone networks by country (ITU-T E.180 and its supplement 2): what a caller hears when it rings, is busy, is
//! congested, or cannot be reached.

use crate::clip::SAMPLE_RATE;
use std::f64::consts::TAU;

/// The tones that are known by country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// It rings at the far end.
    Ringback,
    /// The far end is busy.
    Busy,
    /// No way is free.
    Congestion,
    /// An announcement follows, or would: the call cannot be put through as it was dialled.
    SpecialInformation,
}

/// One stretch of a tone: up to two frequencies at once (Hz; none is silence), and how long, milliseconds.
type Stretch = ([u16; 2], u32);

/// The tones of one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    ringback: &'static [Stretch],
    busy: &'static [Stretch],
    congestion: &'static [Stretch],
}

/// Three rising tones of a third of a second, then a second of silence: the same everywhere.
const SPECIAL: &[Stretch] = &[([950, 0], 330), ([1400, 0], 330), ([1800, 0], 330), ([0, 0], 1000)];
/// The loudness of one frequency, as a share of full scale: some -13 dBm0.
const AMPLITUDE: f64 = 0.16;
/// How long a stretch takes to begin and to end, milliseconds, so that it does not click.
const EDGE_MS: u32 = 5;

macro_rules! plan {
    ($country:literal, $ringback:expr, $busy:expr, $congestion:expr) => {
        Plan { country: $country, ringback: &$ringback, busy: &$busy, congestion: &$congestion }
    };
}

const fn on(frequency: u16, ms: u32) -> Stretch {
    ([frequency, 0], ms)
}

const fn both(one: u16, other: u16, ms: u32) -> Stretch {
    ([one, other], ms)
}

const fn off(ms: u32) -> Stretch {
    ([0, 0], ms)
}

/// Every country whose tones are known, by its code.
pub const PLANS: &[Plan] = &[
    plan!("AT", [on(420, 1000), off(5000)], [on(420, 400), off(400)], [on(420, 200), off(200)]),
    plan!(
        "AU",
        [both(400, 450, 400), off(200), both(400, 450, 400), off(2000)],
        [on(425, 375), off(375)],
        [on(425, 375), off(375)]
    ),
    plan!("BE", [on(425, 1000), off(3000)], [on(425, 500), off(500)], [on(425, 167), off(167)]),
    plan!(
        "CA",
        [both(440, 480, 2000), off(4000)],
        [both(480, 620, 500), off(500)],
        [both(480, 620, 250), off(250)]
    ),
    plan!("CH", [on(425, 1000), off(4000)], [on(425, 500), off(500)], [on(425, 200), off(200)]),
    plan!("DE", [on(425, 1000), off(4000)], [on(425, 480), off(480)], [on(425, 240), off(240)]),
    plan!(
        "ES",
        [on(425, 1500), off(3000)],
        [on(425, 200), off(200)],
        [on(425, 200), off(200), on(425, 200), off(200), on(425, 200), off(600)]
    ),
    plan!("FI", [on(425, 1000), off(4000)], [on(425, 300), off(300)], [on(425, 200), off(200)]),
    plan!("FR", [on(440, 1500), off(3500)], [on(440, 500), off(500)], [on(440, 250), off(250)]),
    plan!(
        "GB",
        [both(400, 450, 400), off(200), both(400, 450, 400), off(2000)],
        [on(400, 375), off(375)],
        [on(400, 400), off(350), on(400, 225), off(525)]
    ),
    plan!("IT", [on(425, 1000), off(4000)], [on(425, 500), off(500)], [on(425, 200), off(200)]),
    plan!("LT", [on(425, 1000), off(4000)], [on(425, 350), off(350)], [on(425, 200), off(200)]),
    plan!("NL", [on(425, 1000), off(4000)], [on(425, 500), off(500)], [on(425, 250), off(250)]),
    plan!("NO", [on(425, 1000), off(4000)], [on(425, 500), off(500)], [on(425, 200), off(200)]),
    plan!("PL", [on(425, 1000), off(4000)], [on(425, 500), off(500)], [on(425, 500), off(500)]),
    plan!("SE", [on(425, 1000), off(5000)], [on(425, 250), off(250)], [on(425, 250), off(750)]),
    plan!(
        "US",
        [both(440, 480, 2000), off(4000)],
        [both(480, 620, 500), off(500)],
        [both(480, 620, 250), off(250)]
    ),
];

/// The tones of a country; those of Europe's recommendation (425 Hz) where they are not known.
#[must_use]
pub fn of_country(country: &str) -> &'static Plan {
    let known = |code: &str| PLANS.iter().find(|plan| plan.country.eq_ignore_ascii_case(code));
    known(country).or_else(|| known("DE")).unwrap_or(&PLANS[0])
}

impl Plan {
    const fn stretches(&self, tone: Tone) -> &'static [Stretch] {
        match tone {
            Tone::Ringback => self.ringback,
            Tone::Busy => self.busy,
            Tone::Congestion => self.congestion,
            Tone::SpecialInformation => SPECIAL,
        }
    }

    /// A tone from its beginning, for so many milliseconds, at [`SAMPLE_RATE`].
    #[must_use]
    pub fn samples(&self, tone: Tone, millis: u32) -> Vec<i16> {
        let wanted = (u64::from(millis) * u64::from(SAMPLE_RATE) / 1000) as usize;
        let mut out = Vec::with_capacity(wanted);
        for &(frequencies, ms) in self.stretches(tone).iter().cycle() {
            write_stretch(frequencies, ms, &mut out);
            if out.len() >= wanted {
                break;
            }
        }
        out.truncate(wanted);
        out
    }
}

fn write_stretch(frequencies: [u16; 2], ms: u32, out: &mut Vec<i16>) {
    let samples = ms * SAMPLE_RATE / 1000;
    let edge = f64::from((EDGE_MS * SAMPLE_RATE / 1000).max(1));
    out.extend((0..samples).map(|index| {
        let sum: f64 = frequencies
            .iter()
            .filter(|frequency| **frequency > 0)
            .map(|frequency| (TAU * f64::from(*frequency) * f64::from(index) / f64::from(SAMPLE_RATE)).sin())
            .sum();
        let gain = (f64::from(index.min(samples - index)) / edge).min(1.0);
        (sum * gain * AMPLITUDE * f64::from(i16::MAX)) as i16
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{level, share_at};

    #[test]
    fn each_country_says_busy_at_its_own_frequency_and_rhythm() {
        for plan in PLANS {
            let ([first, second], ms) = plan.busy[0];
            let samples = plan.samples(Tone::Busy, 10_000);
            assert_eq!(samples.len(), 80_000);
            let on = &samples[..(ms * 8) as usize];
            let shares: f64 = [first, second]
                .iter()
                .filter(|frequency| **frequency > 0)
                .map(|frequency| share_at(on, f64::from(*frequency), SAMPLE_RATE))
                .sum();
            assert!(shares > 0.9, "{}: {shares}", plan.country);
            let silent = &samples[(ms * 8) as usize..((ms + plan.busy[1].1) * 8) as usize];
            assert!(level(silent) < 1.0, "{}", plan.country);
        }
    }

    #[test]
    fn the_special_information_tone_rises_in_three_steps() {
        let samples = of_country("LT").samples(Tone::SpecialInformation, 1_990);
        for (step, frequency) in [950.0, 1400.0, 1800.0].into_iter().enumerate() {
            assert!(share_at(&samples[step * 2640..(step + 1) * 2640], frequency, SAMPLE_RATE) > 0.9);
        }
        assert!(level(&samples[7920..]) < 1.0);
    }

    #[test]
    fn countries_stand_once_in_order_and_an_unknown_one_has_the_usual_tones() {
        assert!(PLANS.windows(2).all(|two| two[0].country < two[1].country));
        assert_eq!(of_country("gb").country, "GB");
        assert_eq!(of_country("ZZ").country, "DE");
        assert!(of_country("US").samples(Tone::Ringback, 0).is_empty());
    }
}
