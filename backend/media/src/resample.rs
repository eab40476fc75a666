//! Between the sample rates of telephony, which are whole multiples of one another: 8, 16 and 48 kHz.

use std::{
    f64::consts::PI,
    sync::{Arc, LazyLock},
};

/// Taps for each sample of the lower rate: the length of the filter in time.
const TAPS: usize = 24;
/// The largest factor between two rates.
const FACTOR_MAX: usize = 6;
/// The band that passes, of what the lower rate can carry.
const PASSES: f64 = 0.92;
/// The window's shape: what would alias is 70 dB down.
const BETA: f64 = 7.0;
/// Samples that are converted at a time.
const BLOCK: usize = 480;

/// The filters of the three factors, for all who use them: each phase by itself, the newest sample first.
static FILTERS: LazyLock<[Arc<[f32]>; 3]> = LazyLock::new(|| [2, 3, 6].map(filter));

/// One direction of one stream between two rates.
#[derive(Debug, Clone)]
pub struct Resampler {
    filter: Arc<[f32]>,
    factor: usize,
    is_up: bool,
    /// The newest samples of the past, oldest first.
    past: [f32; TAPS * FACTOR_MAX],
    /// Samples until the next one is given, going down.
    skip: usize,
}

impl Resampler {
    /// A resampler; `None` where nothing is to be done, or one rate is not two, three or six times the other.
    #[must_use]
    pub fn new(from: u32, to: u32) -> Option<Self> {
        let (low, high) = (from.min(to), from.max(to));
        if low == 0 || !high.is_multiple_of(low) {
            return None;
        }
        let factor = (high / low) as usize;
        let place = [2, 3, 6].iter().position(|&known| known == factor)?;
        let filter = Arc::clone(&FILTERS[place]);
        Some(Self { filter, factor, is_up: to > from, past: [0.0; TAPS * FACTOR_MAX], skip: 0 })
    }

    /// Appends these samples to `out`, at the other rate. Over any cut of a stream the count is exact.
    pub fn process(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        let reach = if self.is_up { TAPS } else { TAPS * self.factor };
        let mut window = [0.0_f32; TAPS * FACTOR_MAX + BLOCK];
        for block in samples.chunks(BLOCK) {
            window[..reach].copy_from_slice(&self.past[..reach]);
            for (place, &sample) in window[reach..].iter_mut().zip(block) {
                *place = f32::from(sample);
            }
            if self.is_up {
                self.raise(&window[..reach + block.len()], out);
            } else {
                self.lower(&window[..reach + block.len()], reach, out);
            }
            self.past[..reach].copy_from_slice(&window[block.len()..block.len() + reach]);
        }
    }

    /// Each sample becomes as many as the factor says, each by its phase of the filter.
    fn raise(&self, window: &[f32], out: &mut Vec<i16>) {
        for heard in window.windows(TAPS).skip(1) {
            for phase in self.filter.chunks_exact(TAPS) {
                out.push((dot(phase, heard) * self.factor as f32) as i16);
            }
        }
    }

    /// Of as many as the factor says one is left, of all phases.
    fn lower(&mut self, window: &[f32], reach: usize, out: &mut Vec<i16>) {
        let fresh = window.len() - reach;
        let mut at = self.skip;
        while at < fresh {
            let heard = &window[at + 1..at + 1 + reach];
            let mut sum = 0.0;
            for (phase, taps) in self.filter.chunks_exact(TAPS).enumerate() {
                // The samples of a phase are as far apart as the factor; the newest of all is of phase 0.
                let first = self.factor - 1 - phase;
                sum += taps
                    .iter()
                    .zip(heard[first..].iter().step_by(self.factor))
                    .map(|(a, b)| a * b)
                    .sum::<f32>();
            }
            out.push(sum as i16);
            at += self.factor;
        }
        self.skip = at - fresh;
    }
}

fn dot(taps: &[f32], heard: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    for (taps, heard) in taps.chunks_exact(8).zip(heard.chunks_exact(8)) {
        for lane in 0..8 {
            lanes[lane] += taps[lane] * heard[lane];
        }
    }
    lanes.iter().sum()
}

/// A windowed sinc at the higher rate, its phases one after another, each the oldest sample first; each phase sums to one part of the
/// factor, so that a steady level stays what it is.
fn filter(factor: usize) -> Arc<[f32]> {
    let length = TAPS * factor;
    let centre = (length as f64 - 1.0) / 2.0;
    let cutoff = PASSES / factor as f64;
    let tap = |place: usize| {
        let x = place as f64 - centre;
        let sinc = if x.abs() < 1e-9 { cutoff } else { (PI * cutoff * x).sin() / (PI * x) };
        let turn = 1.0 - (x / (centre + 0.5)).powi(2);
        sinc * bessel(BETA * turn.max(0.0).sqrt()) / bessel(BETA)
    };
    let mut out = Vec::with_capacity(length);
    for phase in 0..factor {
        let taps: Vec<f64> = (0..TAPS).rev().map(|step| tap(step * factor + phase)).collect();
        let sum: f64 = taps.iter().sum::<f64>() * factor as f64;
        out.extend(taps.iter().map(|tap| (tap / sum) as f32));
    }
    out.into()
}

/// The modified Bessel function of order zero.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for step in 1..=30 {
        term *= (x / 2.0 / f64::from(step)).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::tone::{Sine, level, share_at};

    fn tone(frequency: f64, rate: u32) -> Vec<i16> {
        let mut samples = vec![0; rate as usize / 2];
        Sine::new(frequency, rate, 10_000).fill(&mut samples);
        samples
    }

    fn pairs() -> impl Iterator<Item = (u32, u32)> {
        let rates = [8_000, 16_000, 48_000];
        rates.into_iter().flat_map(move |from| rates.into_iter().map(move |to| (from, to)))
    }

    #[test]
    fn a_tone_keeps_its_frequency_and_its_level_within_a_tenth_of_a_decibel() {
        for (from, to) in pairs().filter(|(from, to)| from != to) {
            for frequency in [300.0, 1_004.0, 3_000.0] {
                let mut out = Vec::new();
                Resampler::new(from, to).unwrap().process(&tone(frequency, from), &mut out);
                assert_eq!(out.len(), to as usize / 2, "{from} to {to}");
                let heard = &out[to as usize / 10..];
                let decibels = 20.0 * (level(heard) / (10_000.0 / 2_f64.sqrt())).log10();
                assert!(decibels.abs() < 0.1, "{from} to {to} at {frequency} Hz: {decibels:.2} dB");
                assert!(share_at(heard, frequency, to) > 0.99, "{from} to {to} at {frequency} Hz");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_does_not_come_back_as_another_tone() {
        for (from, to, frequency) in
            [(16_000, 8_000, 5_000.0), (48_000, 8_000, 6_000.0), (48_000, 16_000, 11_000.0)]
        {
            let mut out = Vec::new();
            Resampler::new(from, to).unwrap().process(&tone(frequency, from), &mut out);
            let decibels = 20.0 * (level(&out[400..]).max(0.1) / 7_071.0).log10();
            assert!(decibels < -55.0, "{from} to {to} at {frequency} Hz: {decibels:.0} dB");
        }
    }

    #[test]
    fn a_stream_in_pieces_is_the_stream_whole() {
        for (from, to) in pairs().filter(|(from, to)| from != to) {
            let samples = tone(700.0, from);
            let (mut whole, mut pieces) = (Vec::new(), Vec::new());
            Resampler::new(from, to).unwrap().process(&samples, &mut whole);
            let mut resampler = Resampler::new(from, to).unwrap();
            let mut rest = &samples[..];
            for size in [1, 2, 7, 80, 481, 960].into_iter().cycle() {
                let (piece, after) = rest.split_at(size.min(rest.len()));
                resampler.process(piece, &mut pieces);
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            assert!(whole == pieces, "{from} to {to}");
        }
    }

    #[test]
    fn only_whole_factors_are_served() {
        assert!(Resampler::new(8_000, 8_000).is_none() && Resampler::new(8_000, 44_100).is_none());
        assert!(Resampler::new(0, 8_000).is_none() && Resampler::new(48_000, 8_000).is_some());
    }
}
