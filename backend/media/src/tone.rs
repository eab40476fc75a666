//! Tones: a sine to send, and how much of a tone some samples hold.

use std::f64::consts::TAU;

/// An endless sine of one frequency.
#[derive(Debug, Clone)]
pub struct Sine {
    phase: f64,
    step: f64,
    amplitude: f64,
}

impl Sine {
    /// A sine of `frequency` Hz at `sample_rate` Hz, swinging between plus and minus `amplitude`.
    #[must_use]
    pub fn new(frequency: f64, sample_rate: u32, amplitude: i16) -> Self {
        let step = TAU * frequency / f64::from(sample_rate.max(1));
        Self { phase: 0.0, step, amplitude: f64::from(amplitude) }
    }

    /// The next sample.
    pub fn sample(&mut self) -> i16 {
        let sample = (self.phase.sin() * self.amplitude) as i16;
        self.phase = (self.phase + self.step) % TAU;
        sample
    }

    /// Fills `out` with the next samples.
    pub fn fill(&mut self, out: &mut [i16]) {
        out.fill_with(|| self.sample());
    }
}

/// How much of the power of `samples` lies at `frequency` Hz: 0 for none, near 1 for that tone alone (Goertzel).
///
/// Give it at least 20 ms. Fewer than two samples, or silence, hold nothing of any tone.
#[must_use]
pub fn share_at(samples: &[i16], frequency: f64, sample_rate: u32) -> f64 {
    let total: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    if samples.len() < 2 || total < 1.0 {
        return 0.0;
    }
    let step = TAU * frequency / f64::from(sample_rate.max(1));
    let turn = 2.0 * step.cos();
    let (mut last, mut before) = (0.0, 0.0);
    for &sample in samples {
        (last, before) = (f64::from(sample) + turn * last - before, last);
    }
    let power = last * last + before * before - turn * last * before;
    (2.0 * power / (total * samples.len() as f64)).clamp(0.0, 1.0)
}

/// The root mean square of the samples: 0 for silence, about 0.7 of a sine's amplitude.
#[must_use]
pub fn level(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    let total: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    (total / samples.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_found_at_its_frequency_and_nowhere_else() {
        let mut samples = [0i16; 800];
        Sine::new(440.0, 8000, 8000).fill(&mut samples);
        assert!(share_at(&samples, 440.0, 8000) > 0.95);
        assert!(share_at(&samples, 1000.0, 8000) < 0.05);
        assert!((level(&samples) - 8000.0 / 2f64.sqrt()).abs() < 60.0);
    }

    #[test]
    fn the_sine_goes_on_where_the_last_block_ended() {
        let (mut whole, mut halves) = ([0i16; 320], [0i16; 320]);
        Sine::new(425.0, 8000, 10_000).fill(&mut whole);
        let mut sine = Sine::new(425.0, 8000, 10_000);
        sine.fill(&mut halves[..160]);
        sine.fill(&mut halves[160..]);
        assert_eq!(whole, halves);
    }

    #[test]
    fn silence_holds_no_tone() {
        assert!(share_at(&[0; 160], 440.0, 8000) < f64::EPSILON);
        assert!(share_at(&[], 440.0, 8000) < f64::EPSILON && level(&[]) < f64::EPSILON);
    }
}
