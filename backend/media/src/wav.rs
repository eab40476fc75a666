//! WAV files: read into the samples of a clip, and written as recordings are handed out.

use crate::{clip::SAMPLE_RATE, g711::Law};
use std::f64::consts::PI;
use thiserror::Error;

/// Sample rates that are read, Hz.
pub const RATES: std::ops::RangeInclusive<u32> = 8_000..=48_000;
/// Bytes of the header that [`header`] writes.
pub const HEADER_BYTES: usize = 44;
/// Zero crossings of the filter on each side when the sample rate is changed.
const FILTER_HALF: f64 = 12.0;
/// What remains of the band below half of the sample rate.
const PASS_BAND: f64 = 0.92;

/// Why some bytes are no WAV file that can be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WavError {
    /// No RIFF/WAVE at the beginning, or its parts run past its end.
    #[error("this is no whole WAV file: export it again as WAV")]
    Malformed,
    /// Neither linear PCM of 16 bits nor G.711.
    #[error(
        "the WAV file's encoding (format {format}, {bits} bits) can't be played: export it as PCM with 16 bits"
    )]
    Encoding {
        /// The format word.
        format: u16,
        /// Bits of a sample.
        bits: u16,
    },
    /// More than two channels, or none.
    #[error("the WAV file has {0} channels: export it as mono or stereo")]
    Channels(u16),
    /// A rate that is not served.
    #[error("the WAV file has {0} samples a second: export it with 8,000 to 48,000")]
    Rate(u32),
    /// Nothing in it.
    #[error("the WAV file holds no sound")]
    Empty,
    /// Longer than is allowed.
    #[error("the WAV file is longer than {0} seconds: shorten it")]
    TooLong(u32),
}

/// How the samples of a file are written.
#[derive(Debug, Clone, Copy)]
struct Format {
    encoding: Encoding,
    channels: u16,
    rate: u32,
}

#[derive(Debug, Clone, Copy)]
enum Encoding {
    Linear,
    Companded(Law),
}

/// Reads a file into mono samples at [`SAMPLE_RATE`]; of stereo the middle.
///
/// # Errors
/// Where it can't be read or played, or lasts longer than `seconds_max`.
pub fn read(bytes: &[u8], seconds_max: u32) -> Result<Vec<i16>, WavError> {
    let body = bytes.strip_prefix(b"RIFF").and_then(|rest| rest.get(4..)).ok_or(WavError::Malformed)?;
    let mut rest = body.strip_prefix(b"WAVE").ok_or(WavError::Malformed)?;
    let mut format = None;
    while let Some((head, after)) = rest.split_at_checked(8) {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        // Writers that stream leave the length of the data open.
        let length = if &head[..4] == b"data" { length.min(after.len()) } else { length };
        let (chunk, after) = after.split_at_checked(length).ok_or(WavError::Malformed)?;
        match &head[..4] {
            b"fmt " => format = Some(format_of(chunk)?),
            b"data" => return samples(chunk, format.ok_or(WavError::Malformed)?, seconds_max),
            _ => {}
        }
        rest = after.get(length % 2..).unwrap_or_default();
    }
    Err(WavError::Malformed)
}

fn format_of(chunk: &[u8]) -> Result<Format, WavError> {
    let word = |at: usize| chunk.get(at..at + 2).map(|two| u16::from_le_bytes([two[0], two[1]]));
    let (format, channels, bits) = (word(0), word(2), word(14));
    let (Some(format), Some(channels), Some(bits)) = (format, channels, bits) else {
        return Err(WavError::Malformed);
    };
    let rate = u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]);
    // The extensible form says the true format in the first word of its identifier.
    let format = if format == 0xFFFE { word(24).ok_or(WavError::Malformed)? } else { format };
    let encoding = match (format, bits) {
        (1, 16) => Encoding::Linear,
        (6, 8) => Encoding::Companded(Law::A),
        (7, 8) => Encoding::Companded(Law::Mu),
        _ => return Err(WavError::Encoding { format, bits }),
    };
    if !(1..=2).contains(&channels) {
        return Err(WavError::Channels(channels));
    }
    if !RATES.contains(&rate) {
        return Err(WavError::Rate(rate));
    }
    Ok(Format { encoding, channels, rate })
}

fn samples(data: &[u8], format: Format, seconds_max: u32) -> Result<Vec<i16>, WavError> {
    let channels = usize::from(format.channels);
    let width = if matches!(format.encoding, Encoding::Linear) { 2 } else { 1 };
    let frames = data.len() / (width * channels);
    if frames == 0 {
        return Err(WavError::Empty);
    }
    if frames as u64 > u64::from(seconds_max) * u64::from(format.rate) {
        return Err(WavError::TooLong(seconds_max));
    }
    let one = |sample: &[u8]| match format.encoding {
        Encoding::Linear => i16::from_le_bytes([sample[0], sample[1]]),
        Encoding::Companded(law) => law.decode(sample[0]),
    };
    let mono: Vec<i16> = data
        .chunks_exact(width * channels)
        .map(|frame| {
            let sum: i32 = frame.chunks_exact(width).map(|sample| i32::from(one(sample))).sum();
            (sum / i32::from(format.channels)) as i16
        })
        .collect();
    Ok(if format.rate == SAMPLE_RATE { mono } else { resampled(&mono, format.rate) })
}

/// The samples at [`SAMPLE_RATE`], by a windowed sinc whose band ends below 4 kHz. For files, not for streams.
fn resampled(samples: &[i16], rate: u32) -> Vec<i16> {
    let step = f64::from(rate) / f64::from(SAMPLE_RATE);
    let cutoff = PASS_BAND / step.max(1.0);
    let half = FILTER_HALF / cutoff;
    let wanted = (samples.len() as f64 / step) as usize;
    (0..wanted)
        .map(|index| {
            let centre = index as f64 * step;
            let first = (centre - half).ceil().max(0.0) as usize;
            let last = ((centre + half) as usize).min(samples.len() - 1);
            let sum: f64 = (first..=last)
                .map(|place| {
                    let distance = place as f64 - centre;
                    let window = 0.5 + 0.5 * (PI * distance / half).cos();
                    f64::from(samples[place]) * sinc(cutoff * distance) * cutoff * window
                })
                .sum();
            sum.round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
        })
        .collect()
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The header of a file of linear PCM with 16 bits whose samples are so many bytes.
#[must_use]
pub fn header(channels: u16, rate: u32, data_bytes: u32) -> [u8; HEADER_BYTES] {
    let mut out = [0; HEADER_BYTES];
    let block = channels * 2;
    let parts: [&[u8]; 13] = [
        b"RIFF",
        &data_bytes.saturating_add(HEADER_BYTES as u32 - 8).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16u32.to_le_bytes(),
        &1u16.to_le_bytes(),
        &channels.to_le_bytes(),
        &rate.to_le_bytes(),
        &(rate * u32::from(block)).to_le_bytes(),
        &block.to_le_bytes(),
        &16u16.to_le_bytes(),
        b"data",
        &data_bytes.to_le_bytes(),
    ];
    let mut at = 0;
    for part in parts {
        out[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    out
}

/// A whole file of linear PCM with 16 bits.
#[must_use]
pub fn write(channels: u16, rate: u32, samples: &[i16]) -> Vec<u8> {
    let mut out = header(channels, rate, u32::try_from(samples.len() * 2).unwrap_or(u32::MAX)).to_vec();
    out.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    out
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::tone::{Sine, level, share_at};
    use proptest::prelude::*;

    fn tone(rate: u32, channels: u16, frequency: f64) -> Vec<u8> {
        let mut mono = vec![0; rate as usize];
        Sine::new(frequency, rate, 8_000).fill(&mut mono);
        let all: Vec<i16> =
            mono.iter().flat_map(|&sample| std::iter::repeat_n(sample, usize::from(channels))).collect();
        write(channels, rate, &all)
    }

    #[test]
    fn a_tone_keeps_its_frequency_level_and_length_from_every_rate() {
        for rate in [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] {
            for channels in [1, 2] {
                let samples = read(&tone(rate, channels, 1_000.0), 2).unwrap();
                assert!(samples.len().abs_diff(8_000) <= 1, "{rate}: {}", samples.len());
                let middle = &samples[200..7_800];
                assert!(share_at(middle, 1_000.0, 8_000) > 0.99, "{rate}");
                assert!((level(middle) - 8_000.0 / 2f64.sqrt()).abs() < 120.0, "{rate}: {}", level(middle));
            }
        }
    }

    #[test]
    fn what_is_above_the_telephones_band_does_not_come_back_below_it() {
        for rate in [16_000, 44_100, 48_000] {
            let samples = read(&tone(rate, 1, 6_000.0), 2).unwrap();
            assert!(level(&samples[200..7_800]) < 60.0, "{rate}: {}", level(&samples[200..7_800]));
        }
    }

    #[test]
    fn what_cannot_be_played_says_why() {
        let good = tone(8_000, 1, 440.0);
        let edit = |at: usize, bytes: &[u8]| {
            let mut edited = good.clone();
            edited[at..at + bytes.len()].copy_from_slice(bytes);
            edited
        };
        assert_eq!(read(b"ID3", 5), Err(WavError::Malformed));
        assert_eq!(read(&good[..40], 5), Err(WavError::Malformed));
        assert_eq!(read(&good[..44], 5), Err(WavError::Empty));
        assert_eq!(read(&edit(20, &[3, 0]), 5), Err(WavError::Encoding { format: 3, bits: 16 }));
        assert_eq!(read(&edit(22, &[6, 0]), 5), Err(WavError::Channels(6)));
        assert_eq!(read(&edit(24, &96_000u32.to_le_bytes()), 5), Err(WavError::Rate(96_000)));
        assert_eq!(read(&good, 0), Err(WavError::TooLong(0)));
        assert_eq!(
            read(&edit(4, &[0xFF; 4]), 5).map(|samples| samples.len()),
            Ok(8_000),
            "a streamed length"
        );
    }

    #[test]
    fn g711_and_unknown_chunks_are_read() {
        let mut file = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
        file.extend([6, 0, 1, 0]);
        file.extend(8_000u32.to_le_bytes());
        file.extend(8_000u32.to_le_bytes());
        file.extend([1, 0, 8, 0]);
        file.extend(b"data\x02\0\0\0\xFA\xD5");
        assert_eq!(read(&file, 1), Ok(vec![1008, 8]));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(tail in proptest::collection::vec(any::<u8>(), 0..120), at in 0usize..60) {
            let mut file = write(2, 16_000, &[5; 40]);
            let at = at.min(file.len());
            file.splice(at.., tail);
            let _ = read(&file, 1);
        }
    }
}
