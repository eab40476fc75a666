//! Opus, at the rate of who uses it: it resamples by itself.

use super::{AUDIO_MAX_MS, CodecError, coding::samples_in};
use opus_rs::{Application, OpusDecoder, OpusEncoder};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The longest payload of one frame, bytes (RFC 6716 §3.2.1), and what the head of a packet adds.
const PAYLOAD_MAX: usize = 1276;
/// How hard it tries, 0 to 10: speech gains little above this.
const COMPLEXITY: i32 = 3;

pub(super) struct Decoder {
    inner: OpusDecoder,
    sample_rate: u32,
    floats: Vec<f32>,
}

impl Decoder {
    pub(super) fn new(sample_rate: u32) -> Option<Box<Self>> {
        let inner = OpusDecoder::new(i32::try_from(sample_rate).ok()?, 1).ok()?;
        let floats = vec![0.0; samples_in(AUDIO_MAX_MS, sample_rate)];
        Some(Box::new(Self { inner, sample_rate, floats }))
    }

    pub(super) fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), CodecError> {
        let length = self.floats.len();
        self.run(payload, length, out)
    }

    pub(super) fn conceal(&mut self, millis: usize, out: &mut Vec<i16>) {
        let wanted = samples_in(millis, self.sample_rate);
        if self.run(&[], wanted, out).is_err() {
            out.resize(out.len() + wanted, 0);
        }
    }

    fn run(&mut self, payload: &[u8], length: usize, out: &mut Vec<i16>) -> Result<(), CodecError> {
        let Self { inner, floats, sample_rate } = self;
        let made = catch_unwind(AssertUnwindSafe(|| inner.decode(payload, length, &mut floats[..length])));
        let Ok(made) = made else {
            if let Ok(fresh) = OpusDecoder::new(*sample_rate as i32, 1) {
                *inner = fresh;
            }
            return Err(CodecError::Malformed);
        };
        let count = made.map_err(|_| CodecError::Malformed)?;
        let made = floats.get(..count).ok_or(CodecError::Malformed)?;
        // Converting saturates, and makes silence of what is no number.
        out.extend(made.iter().map(|&sample| (sample * 32_768.0) as i16));
        Ok(())
    }
}

pub(super) struct Encoder {
    inner: OpusEncoder,
}

impl Encoder {
    pub(super) fn new(sample_rate: u32) -> Option<Box<Self>> {
        let rate = i32::try_from(sample_rate).ok()?;
        let mut inner = OpusEncoder::new(rate, 1, Application::Voip).ok()?;
        inner.bitrate_bps = match sample_rate {
            8_000 => 16_000,
            16_000 => 24_000,
            _ => 32_000,
        };
        inner.complexity = COMPLEXITY;
        inner.use_cbr = false;
        Some(Box::new(Self { inner }))
    }

    pub(super) fn limit_bitrate(&mut self, bits: u32) {
        let bits = i32::try_from(bits.max(6_000)).unwrap_or(i32::MAX);
        self.inner.bitrate_bps = self.inner.bitrate_bps.min(bits);
    }

    pub(super) fn encode(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
        let before = out.len();
        out.resize(before + PAYLOAD_MAX, 0);
        let made = catch_unwind(AssertUnwindSafe(|| {
            self.inner.encode_i16(samples, samples.len(), &mut out[before..])
        }));
        let made =
            made.map_err(|_| CodecError::Malformed).and_then(|made| made.map_err(|_| CodecError::Fraction));
        out.truncate(before + *made.as_ref().unwrap_or(&0));
        made.map(drop)
    }
}
