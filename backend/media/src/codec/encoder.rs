//! From samples to payloads.

use super::{AUDIO_MAX_MS, CodecError, Coding, RATES, coding::samples_in};
use crate::{g711::Law, resample::Resampler};
use std::fmt;

/// Turns samples, one channel, at the rate that was said, into the payloads of one stream. Nothing is allocated after the first packets.
pub struct Encoder {
    coding: Coding,
    inner: Inner,
    sample_rate: u32,
    resampler: Option<Resampler>,
    raw: Vec<i16>,
}

enum Inner {
    G711(Law),
    #[cfg(feature = "g722")]
    G722(Box<audio_codec::g722::G722Encoder>),
    #[cfg(feature = "g729")]
    G729(Box<g729_sys::Encoder>),
    #[cfg(feature = "opus")]
    Opus(Box<super::opus::Encoder>),
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoder({}, {} Hz)", self.coding.name(), self.sample_rate)
    }
}

impl Encoder {
    /// An encoder that takes samples at this rate, one of [`RATES`]; `None` for another, or where the codec is not built in.
    #[must_use]
    pub fn new(coding: Coding, sample_rate: u32) -> Option<Self> {
        RATES.contains(&sample_rate).then_some(())?;
        let inner = match coding {
            Coding::Pcmu => Inner::G711(Law::Mu),
            Coding::Pcma => Inner::G711(Law::A),
            #[cfg(feature = "g722")]
            Coding::G722 => Inner::G722(Box::default()),
            #[cfg(feature = "g729")]
            Coding::G729 => Inner::G729(Box::new(g729_sys::Encoder::new(false))),
            #[cfg(feature = "opus")]
            Coding::Opus => Inner::Opus(super::opus::Encoder::new(sample_rate)?),
            #[cfg(not(all(feature = "g722", feature = "g729", feature = "opus")))]
            _ => return None,
        };
        let native = if coding == Coding::Opus { sample_rate } else { coding.sample_rate() };
        let raw = Vec::with_capacity(samples_in(AUDIO_MAX_MS, native));
        Some(Self { coding, inner, sample_rate, resampler: Resampler::new(sample_rate, native), raw })
    }

    /// What it encodes to.
    #[must_use]
    pub const fn coding(&self) -> Coding {
        self.coding
    }

    /// The rate of the samples that it takes, Hz.
    #[must_use]
    pub const fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// How many samples a packet of so many milliseconds takes.
    #[must_use]
    pub const fn samples_in(&self, millis: u32) -> usize {
        samples_in(millis as usize, self.sample_rate)
    }

    /// The most bits a second that the far end takes, as its `maxaveragebitrate` says; of Opus alone.
    pub fn limit_bitrate(&mut self, bits: u32) {
        #[cfg(feature = "opus")]
        if let Inner::Opus(encoder) = &mut self.inner {
            encoder.limit_bitrate(bits);
        }
        let _ = bits;
    }

    /// Appends the payload of these samples to `out`: 10, 20, 30, 40 or 60 ms of them, for Opus not 30.
    ///
    /// # Errors
    /// `CodecError`; nothing is appended then.
    pub fn encode(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
        if samples.is_empty() || !samples.len().is_multiple_of(samples_in(10, self.sample_rate)) {
            return Err(CodecError::Fraction);
        }
        if samples.len() > samples_in(AUDIO_MAX_MS, self.sample_rate) {
            return Err(CodecError::TooLong);
        }
        let samples = match &mut self.resampler {
            Some(resampler) => {
                self.raw.clear();
                resampler.process(samples, &mut self.raw);
                &self.raw[..]
            }
            None => samples,
        };
        match &mut self.inner {
            Inner::G711(law) => law.encode_into(samples, out),
            #[cfg(feature = "g722")]
            Inner::G722(encoder) => {
                let before = out.len();
                out.resize(before + samples.len() / 2, 0);
                let made = audio_codec::Encoder::encode_into(&mut **encoder, samples, &mut out[before..]);
                out.truncate(before + *made.as_ref().unwrap_or(&0));
                made.map_err(|_| CodecError::Malformed)?;
            }
            #[cfg(feature = "g729")]
            Inner::G729(encoder) => {
                let mut frame = [0; g729_sys::VOICE_FRAME_BYTES];
                for samples in samples.as_chunks::<{ g729_sys::FRAME_SAMPLES }>().0 {
                    let length = usize::from(encoder.encode_into(samples, &mut frame));
                    out.extend_from_slice(&frame[..length.min(frame.len())]);
                }
            }
            #[cfg(feature = "opus")]
            Inner::Opus(encoder) => encoder.encode(samples, out)?,
        }
        Ok(())
    }
}
