//! From payloads to samples.

use super::{AUDIO_MAX_MS, CodecError, Coding, RATES, coding::samples_in};
use crate::{g711::Law, resample::Resampler};
use std::fmt;
#[cfg(feature = "g729")]
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Turns the payloads of one stream into samples, one channel, at the rate that is asked for.
///
/// Nothing is allocated after the first packets, and no payload makes it panic.
pub struct Decoder {
    coding: Coding,
    inner: Inner,
    sample_rate: u32,
    resampler: Option<Resampler>,
    /// What the codec gave, before it is resampled.
    raw: Vec<i16>,
    /// The last samples, from which the loss of the next is concealed.
    tail: Tail,
}

enum Inner {
    G711(Law),
    #[cfg(feature = "g722")]
    G722(Box<audio_codec::g722::G722Decoder>),
    #[cfg(feature = "g729")]
    G729(Box<g729_sys::Decoder>),
    #[cfg(feature = "opus")]
    Opus(Box<super::opus::Decoder>),
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoder({}, {} Hz)", self.coding.name(), self.sample_rate)
    }
}

impl Decoder {
    /// A decoder that gives samples at this rate, one of [`RATES`]; `None` for another, or where the codec is not built in.
    #[must_use]
    pub fn new(coding: Coding, sample_rate: u32) -> Option<Self> {
        RATES.contains(&sample_rate).then_some(())?;
        let inner = match coding {
            Coding::Pcmu => Inner::G711(Law::Mu),
            Coding::Pcma => Inner::G711(Law::A),
            #[cfg(feature = "g722")]
            Coding::G722 => Inner::G722(Box::default()),
            #[cfg(feature = "g729")]
            Coding::G729 => Inner::G729(Box::default()),
            #[cfg(feature = "opus")]
            Coding::Opus => Inner::Opus(super::opus::Decoder::new(sample_rate)?),
            #[cfg(not(all(feature = "g722", feature = "g729", feature = "opus")))]
            _ => return None,
        };
        let native = if coding == Coding::Opus { sample_rate } else { coding.sample_rate() };
        let raw = Vec::with_capacity(samples_in(AUDIO_MAX_MS, native));
        let resampler = Resampler::new(native, sample_rate);
        Some(Self { coding, inner, sample_rate, resampler, raw, tail: Tail::default() })
    }

    /// What it decodes.
    #[must_use]
    pub const fn coding(&self) -> Coding {
        self.coding
    }

    /// The rate of its samples, Hz.
    #[must_use]
    pub const fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Appends the samples of a payload to `out`; how many. An empty payload has none.
    ///
    /// # Errors
    /// `CodecError`; nothing is appended then.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<usize, CodecError> {
        self.raw.clear();
        if payload.is_empty() {
            return Ok(0);
        }
        let longest = samples_in(AUDIO_MAX_MS, self.coding.sample_rate());
        match &mut self.inner {
            Inner::G711(_) if payload.len() > longest => return Err(CodecError::TooLong),
            Inner::G711(law) => law.decode_into(payload, &mut self.raw),
            #[cfg(feature = "g722")]
            Inner::G722(decoder) => {
                let length = payload.len() * 2;
                if length > longest {
                    return Err(CodecError::TooLong);
                }
                self.raw.resize(length, 0);
                let made = decoder.decode_frame_into(payload, &mut self.raw);
                self.raw.truncate(made.map_err(|_| CodecError::Malformed)?);
            }
            #[cfg(feature = "g729")]
            Inner::G729(decoder) => g729(decoder, payload, &mut self.raw)?,
            #[cfg(feature = "opus")]
            Inner::Opus(decoder) => decoder.decode(payload, &mut self.raw)?,
        }
        self.tail.keep(&self.raw);
        Ok(self.hand_over(out))
    }

    /// Appends samples in place of so many milliseconds that were lost, at most [`AUDIO_MAX_MS`]; how many. What was heard last
    /// goes on and fades.
    pub fn conceal(&mut self, millis: usize, out: &mut Vec<i16>) -> usize {
        self.raw.clear();
        let millis = millis.min(AUDIO_MAX_MS) / 10 * 10;
        match &mut self.inner {
            #[cfg(feature = "g729")]
            Inner::G729(decoder) => (0..millis / 10).for_each(|_| {
                let frame = guarded(decoder, |decoder| decoder.decode(&[], true, false, false));
                self.raw.extend_from_slice(&frame.unwrap_or([0; g729_sys::FRAME_SAMPLES]));
            }),
            #[cfg(feature = "opus")]
            Inner::Opus(decoder) => decoder.conceal(millis, &mut self.raw),
            _ => self.tail.go_on(samples_in(millis, self.coding.sample_rate()), &mut self.raw),
        }
        self.hand_over(out)
    }

    fn hand_over(&mut self, out: &mut Vec<i16>) -> usize {
        let before = out.len();
        match &mut self.resampler {
            Some(resampler) => resampler.process(&self.raw, out),
            None => out.extend_from_slice(&self.raw),
        }
        out.len() - before
    }
}

/// Ten milliseconds at the highest rate of a codec that conceals nothing by itself.
const TAIL: usize = 160;
/// The share that each repetition keeps of the level of the one before.
const FADE: f32 = 0.7;

/// The end of what was heard.
#[derive(Debug)]
struct Tail {
    samples: [i16; TAIL],
    length: usize,
    gain: f32,
}

impl Default for Tail {
    fn default() -> Self {
        Self { samples: [0; TAIL], length: 0, gain: 1.0 }
    }
}

impl Tail {
    fn keep(&mut self, heard: &[i16]) {
        let last = &heard[heard.len().saturating_sub(TAIL)..];
        self.length = last.len();
        self.samples[..last.len()].copy_from_slice(last);
        self.gain = 1.0;
    }

    fn go_on(&mut self, count: usize, out: &mut Vec<i16>) {
        let mut left = count;
        while left > 0 {
            self.gain *= FADE;
            let step = left.min(self.length.max(1));
            let known = &self.samples[..self.length];
            let gain = self.gain;
            out.extend(known.iter().take(step).map(|&sample| (f32::from(sample) * gain) as i16));
            out.extend(std::iter::repeat_n(0, step - step.min(known.len())));
            left -= step;
        }
    }
}

/// Frames of 10 bytes, and a last one of 2 bytes where it describes silence (RFC 3551 §4.5.6).
#[cfg(feature = "g729")]
fn g729(decoder: &mut Box<g729_sys::Decoder>, payload: &[u8], out: &mut Vec<i16>) -> Result<(), CodecError> {
    let (frames, rest) = payload.as_chunks::<{ g729_sys::VOICE_FRAME_BYTES }>();
    if !matches!(rest.len(), 0 | 2) {
        return Err(CodecError::Fraction);
    }
    if (frames.len() + 1) * 10 > AUDIO_MAX_MS {
        return Err(CodecError::TooLong);
    }
    for frame in frames {
        let made = guarded(decoder, |decoder| decoder.decode(frame, false, false, false));
        out.extend_from_slice(&made.ok_or(CodecError::Malformed)?);
    }
    if !rest.is_empty() {
        let made = guarded(decoder, |decoder| decoder.decode(rest, false, true, false));
        out.extend_from_slice(&made.ok_or(CodecError::Malformed)?);
    }
    Ok(())
}

/// What the decoder makes; where it breaks off, nothing, and it begins anew.
#[cfg(feature = "g729")]
fn guarded<T>(
    decoder: &mut Box<g729_sys::Decoder>,
    make: impl FnOnce(&mut g729_sys::Decoder) -> T,
) -> Option<T> {
    let made = catch_unwind(AssertUnwindSafe(|| make(decoder))).ok();
    if made.is_none() {
        **decoder = g729_sys::Decoder::new();
    }
    made
}
