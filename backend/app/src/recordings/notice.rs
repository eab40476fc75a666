//! The tone that says that a call is recorded.

use edge::seam::Prompt;
use media::{
    clip::{Clip, SAMPLE_RATE},
    tone::Sine,
};
use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

/// Its frequency, as ITU-T E.180 has it for recording.
const FREQUENCY_HZ: f64 = 1_400.0;
/// How long it is heard.
const LASTS: Duration = Duration::from_millis(400);
/// How loud it is: some 15 dB below the loudest.
const AMPLITUDE: i16 = 6_000;

static TONE: LazyLock<Prompt> = LazyLock::new(|| {
    let mut samples = vec![0; LASTS.as_millis() as usize * SAMPLE_RATE as usize / 1_000];
    Sine::new(FREQUENCY_HZ, SAMPLE_RATE, AMPLITUDE).fill(&mut samples);
    Prompt { audio: Arc::new(Clip::new(samples)), lasts: LASTS }
});

/// The tone.
pub(super) fn tone() -> &'static Prompt {
    &TONE
}
