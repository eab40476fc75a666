//! Comfort noise (RFC 3389): how loud the background is while nobody speaks.

/// The quietest level that a payload can say, minus dBov.
const QUIETEST: u8 = 127;
/// The level of a sine that just does not clip, as a root mean square: 0 dBov.
const LOUDEST: f32 = 32_768.0;

/// White noise of a level that was said. The spectrum that a payload may describe beside it is left out: over a telephone nobody
/// tells it apart.
#[derive(Debug, Clone)]
pub struct Noise {
    amplitude: f32,
    seed: u32,
}

impl Noise {
    /// No noise yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { amplitude: 0.0, seed: 0x2545_F491 }
    }

    /// Takes the level of a payload; an empty one is the quietest.
    pub fn set(&mut self, payload: &[u8]) {
        let level = payload.first().map_or(QUIETEST, |byte| byte & 0x7F);
        // What is spread evenly has a peak of √3 times its root mean square.
        self.amplitude = if level >= QUIETEST {
            0.0
        } else {
            (LOUDEST * 10_f32.powf(-f32::from(level) / 20.0) * 3_f32.sqrt()).min(32_767.0)
        };
    }

    /// Appends so many samples.
    pub fn fill(&mut self, count: usize, out: &mut Vec<i16>) {
        for _ in 0..count {
            self.seed ^= self.seed << 13;
            self.seed ^= self.seed >> 17;
            self.seed ^= self.seed << 5;
            out.push((self.seed as i32 as f32 / 2_147_483_648.0 * self.amplitude) as i16);
        }
    }
}

impl Default for Noise {
    fn default() -> Self {
        Self::new()
    }
}

/// The payload for background of this root mean square: its level alone.
#[must_use]
pub fn payload(level: f64) -> [u8; 1] {
    let below = -20.0 * (level / f64::from(LOUDEST)).max(1e-7).log10();
    [(below.round() as u8).min(QUIETEST)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::level;

    #[test]
    fn the_noise_is_as_loud_as_the_payload_says() {
        for said in [20, 40, 60] {
            let (mut noise, mut out) = (Noise::new(), Vec::new());
            noise.set(&[said, 1, 2, 3]);
            noise.fill(8_000, &mut out);
            assert_eq!(payload(level(&out)), [said]);
        }
    }

    #[test]
    fn without_a_level_or_with_the_least_there_is_silence() {
        let (mut noise, mut out) = (Noise::new(), Vec::new());
        noise.set(&[]);
        noise.fill(10, &mut out);
        noise.set(&[127]);
        noise.fill(10, &mut out);
        assert_eq!(out, [0; 20]);
        assert_eq!(payload(0.0), [127]);
    }
}
