//! G.711 (ITU-T, 1988): μ-law and A-law, one byte a sample at 8000 Hz.

/// Which of the two laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// μ-law, payload type 0, silence is 0xFF.
    Mu,
    /// A-law, payload type 8, silence is 0xD5.
    A,
}

impl Law {
    /// The law of a static payload type: 0 or 8.
    #[must_use]
    pub const fn of_payload(payload: u8) -> Option<Self> {
        match payload {
            0 => Some(Self::Mu),
            8 => Some(Self::A),
            _ => None,
        }
    }

    /// The byte that decodes to silence.
    #[must_use]
    pub const fn silence(self) -> u8 {
        match self {
            Self::Mu => 0xFF,
            Self::A => 0xD5,
        }
    }

    /// One linear 16-bit sample as one byte.
    #[must_use]
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Mu => encode_mu(sample),
            Self::A => encode_a(sample),
        }
    }

    /// One byte as a linear 16-bit sample.
    #[must_use]
    pub const fn decode(self, byte: u8) -> i16 {
        match self {
            Self::Mu => MU_TO_LINEAR[byte as usize],
            Self::A => A_TO_LINEAR[byte as usize],
        }
    }

    /// Appends the samples to `out`, one byte each.
    pub fn encode_into(self, samples: &[i16], out: &mut Vec<u8>) {
        out.extend(samples.iter().map(|&sample| self.encode(sample)));
    }

    /// Appends the bytes to `out` as linear samples.
    pub fn decode_into(self, bytes: &[u8], out: &mut Vec<i16>) {
        out.extend(bytes.iter().map(|&byte| self.decode(byte)));
    }
}

/// What is added before the logarithm of μ-law is taken, in 16-bit units.
const MU_BIAS: i32 = 132;
/// The loudest magnitude that μ-law can say.
const MU_CLIP: i32 = 32_635;

const MU_TO_LINEAR: [i16; 256] = table(Law::Mu);
const A_TO_LINEAR: [i16; 256] = table(Law::A);

const fn table(law: Law) -> [i16; 256] {
    let mut out = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        out[byte] = match law {
            Law::Mu => decode_mu(byte as u8),
            Law::A => decode_a(byte as u8),
        };
        byte += 1;
    }
    out
}

const fn encode_mu(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let loud = (sample as i32).abs();
    let magnitude = if loud > MU_CLIP { MU_CLIP } else { loud } + MU_BIAS;
    let segment = 31 - magnitude.leading_zeros() - 7;
    let step = (magnitude >> (segment + 3)) & 0x0F;
    !(sign | ((segment as u8) << 4) | step as u8)
}

const fn decode_mu(byte: u8) -> i16 {
    let byte = !byte;
    let segment = (byte >> 4) & 0x07;
    let magnitude = (((((byte & 0x0F) as i32) << 3) + MU_BIAS) << segment) - MU_BIAS;
    (if byte & 0x80 != 0 { -magnitude } else { magnitude }) as i16
}

const fn encode_a(sample: i16) -> u8 {
    let (sign, magnitude) = if sample >= 0 { (0x80, sample as i32) } else { (0, -(sample as i32) - 1) };
    let code = if magnitude < 256 {
        (magnitude >> 4) as u8
    } else {
        let segment = 31 - magnitude.leading_zeros() - 7;
        ((segment as u8) << 4) | ((magnitude >> (segment + 3)) & 0x0F) as u8
    };
    (sign | code) ^ 0x55
}

const fn decode_a(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let segment = (byte >> 4) & 0x07;
    let step = ((byte & 0x0F) as i32) << 4;
    let magnitude = match segment {
        0 => step + 8,
        _ => (step + 0x108) << (segment - 1),
    };
    (if byte & 0x80 != 0 { magnitude } else { -magnitude }) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mu_law_says_the_known_values() {
        for (sample, byte) in
            [(0, 0xFF), (-1, 0x7F), (8, 0xFE), (1000, 0xCE), (-1000, 0x4E), (32_767, 0x80), (-32_768, 0x00)]
        {
            assert_eq!(Law::Mu.encode(sample), byte, "sample {sample}");
        }
        for (byte, sample) in [(0xFF, 0), (0x7F, 0), (0x80, 32_124), (0x00, -32_124), (0xFE, 8), (0xCE, 988)]
        {
            assert_eq!(Law::Mu.decode(byte), sample, "byte {byte:#x}");
        }
    }

    #[test]
    fn a_law_says_the_known_values() {
        for (sample, byte) in
            [(0, 0xD5), (-1, 0x55), (1000, 0xFA), (-1000, 0x7A), (32_767, 0xAA), (-32_768, 0x2A)]
        {
            assert_eq!(Law::A.encode(sample), byte, "sample {sample}");
        }
        for (byte, sample) in [(0xD5, 8), (0x55, -8), (0xAA, 32_256), (0x2A, -32_256), (0xFA, 1008)] {
            assert_eq!(Law::A.decode(byte), sample, "byte {byte:#x}");
        }
    }

    #[test]
    fn whole_tables_of_decoding_are_those_of_another_implementation() {
        // The sums were made with Python's `audioop` (3.12), whose tables are of another hand than these formulas.
        for (law, expected) in [(Law::Mu, 98_107_392), (Law::A, 100_139_008)] {
            let weighed = |byte: u8| (i64::from(byte) + 1) * i64::from(law.decode(byte));
            assert_eq!((0..=255).map(weighed).sum::<i64>(), expected, "{law:?}");
        }
    }

    #[test]
    fn every_byte_survives_decoding_and_encoding() {
        for law in [Law::Mu, Law::A] {
            for byte in 0..=255u8 {
                let again = law.encode(law.decode(byte));
                let both_zeros = law == Law::Mu && byte == 0x7F;
                assert_eq!(again, if both_zeros { 0xFF } else { byte }, "{law:?} {byte:#x}");
            }
        }
    }

    #[test]
    fn the_error_of_every_sample_stays_within_its_step() {
        for law in [Law::Mu, Law::A] {
            for sample in i16::MIN..=i16::MAX {
                let error = (i32::from(law.decode(law.encode(sample))) - i32::from(sample)).abs();
                let allowed = (i32::from(sample).abs() / 30).max(16) + 16;
                let clipped = i32::from(sample).abs() > MU_CLIP;
                assert!(error <= allowed || clipped && error <= 650, "{law:?} {sample}: {error}");
            }
        }
    }

    #[test]
    fn silence_is_silent_and_payload_types_name_their_law() {
        assert_eq!(Law::of_payload(0), Some(Law::Mu));
        assert_eq!(Law::of_payload(8), Some(Law::A));
        assert_eq!(Law::of_payload(9), None);
        assert!(Law::A.decode(Law::A.silence()).abs() <= 8 && Law::Mu.decode(Law::Mu.silence()) == 0);
    }
}
