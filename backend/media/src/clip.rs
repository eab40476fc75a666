//! Audio that is made ready once and played many times: samples, and their frames of 20 ms in each codec that was asked for.

use crate::codec::{Coding, Encoder};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Samples per second of a clip.
pub const SAMPLE_RATE: u32 = 8_000;
/// The longest clip, seconds; what is longer is cut off. With at most [`CODECS_MAX`] encodings it bounds what one clip keeps.
pub const SECONDS_MAX: u32 = 60;
/// The most codecs in which the frames of one clip are kept; one more is not played.
pub const CODECS_MAX: usize = 5;
/// Samples in a frame: 20 ms.
pub const FRAME_SAMPLES: usize = 160;
/// How long a frame lasts.
pub const FRAME_TIME: Duration = Duration::from_millis(20);

/// The frames of a clip in one codec, as they go into packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Where each frame ends.
    ends: Vec<u32>,
    step: u32,
}

impl Frames {
    /// Frames of 20 ms, each by itself; `step` is what one adds to the RTP timestamp.
    #[must_use]
    pub fn new<'f>(frames: impl IntoIterator<Item = &'f [u8]>, step: u32) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for frame in frames {
            bytes.extend_from_slice(frame);
            ends.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        }
        Self { bytes, ends, step }
    }

    /// The payload of a frame; `None` beyond the last.
    #[must_use]
    pub fn frame(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)? as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.bytes.get(start..end)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// What one frame adds to the RTP timestamp.
    #[must_use]
    pub const fn step(&self) -> u32 {
        self.step
    }
}

/// A clip: mono, [`SAMPLE_RATE`] samples a second. To be shared in an `Arc`.
#[derive(Debug, Default)]
pub struct Clip {
    samples: Vec<i16>,
    made: Mutex<Vec<(&'static str, Arc<Frames>)>>,
}

impl Clip {
    /// A clip of these samples; the last frame is filled up with silence.
    #[must_use]
    pub fn new(mut samples: Vec<i16>) -> Self {
        samples.truncate((SECONDS_MAX * SAMPLE_RATE) as usize);
        samples.resize(samples.len().next_multiple_of(FRAME_SAMPLES), 0);
        Self { samples, made: Mutex::default() }
    }

    /// How long it lasts.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        Duration::from_micros(self.samples.len() as u64 * 1_000_000 / SAMPLE_RATE as u64)
    }

    /// Its samples.
    #[must_use]
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// Its frames in the codec of this name, encoded the first time; `None` where we can't encode that.
    #[must_use]
    pub fn frames(&self, codec: &str) -> Option<Arc<Frames>> {
        let codec = crate::codec::by_name(codec)?.name;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, frames)) = made.iter().find(|(name, _)| *name == codec) {
            return Some(Arc::clone(frames));
        }
        if made.len() == CODECS_MAX {
            return None;
        }
        let frames = Arc::new(encode(codec, &self.samples)?);
        made.push((codec, Arc::clone(&frames)));
        Some(frames)
    }
}

fn encode(codec: &str, samples: &[i16]) -> Option<Frames> {
    let coding = Coding::of_name(codec)?;
    let mut encoder = Encoder::new(coding, SAMPLE_RATE)?;
    let mut frames = Vec::with_capacity(samples.len() / FRAME_SAMPLES);
    for samples in samples.chunks_exact(FRAME_SAMPLES) {
        let mut payload = Vec::new();
        encoder.encode(samples, &mut payload).ok()?;
        frames.push(payload);
    }
    Some(Frames::new(frames.iter().map(Vec::as_slice), coding.row().clock_rate / 50))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_clip_is_encoded_once_for_each_codec_in_frames_of_20_ms() {
        let clip = Clip::new(vec![1000; 8_010]);
        assert_eq!(clip.duration(), Duration::from_millis(1_020));
        let frames = clip.frames("pcma").unwrap();
        assert_eq!((frames.len(), frames.step()), (51, 160));
        assert_eq!(frames.frame(0).unwrap(), [0xFA; 160]);
        assert_eq!(frames.frame(50).unwrap()[10..], [0xD5; 150], "filled up with silence");
        assert_eq!(frames.frame(51), None);
        assert!(Arc::ptr_eq(&frames, &clip.frames("PCMA").unwrap()));
        assert!(clip.frames("speex").is_none());
        for coding in Coding::ALL.into_iter().filter(|coding| coding.is_built()).take(CODECS_MAX) {
            let frames = clip.frames(coding.name()).unwrap();
            assert_eq!((frames.len(), frames.step()), (51, coding.row().clock_rate / 50), "{coding:?}");
            assert!((0..51).all(|index| frames.frame(index).is_some_and(|frame| !frame.is_empty())));
        }
    }

    #[test]
    fn what_is_longer_than_a_clip_may_be_is_cut_off() {
        let clip = Clip::new(vec![0; 8_000 * 61]);
        assert_eq!(clip.duration(), Duration::from_secs(u64::from(SECONDS_MAX)));
    }
}
