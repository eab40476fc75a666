//! The tone that says that a call is recorded.

use domain::ids::CallId;
use edge::seam::Prompt;
use media::{
    clip::{Clip, SAMPLE_RATE},
    tone::Sine,
};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Its frequency, as ITU-T E.180 has it for recording.
const FREQUENCY_HZ: f64 = 1_400.0;
/// How long it is heard.
const LASTS: Duration = Duration::from_millis(400);
/// Recordings of both tenants of a call that begin within this share one tone.
const SAME_MOMENT: Duration = Duration::from_secs(1);
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

/// Calls whose sides have just heard the tone, by the record under which they run, and when: of a second at most.
#[derive(Debug, Default)]
pub(super) struct Tones(Mutex<HashMap<CallId, Instant>>);

impl Tones {
    /// Whether both sides of a call hear the tone, as `play` says, which must be quick. Where they heard it just now, for a recording
    /// of the other tenant, it is not played once more.
    pub(super) fn hear(&self, carried: CallId, now: Instant, play: impl FnOnce() -> bool) -> bool {
        // Held meanwhile: who begins at the same moment must know what came of it.
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.retain(|_, at| now.saturating_duration_since(*at) < SAME_MOMENT);
        if heard.contains_key(&carried) {
            return true;
        }
        let is_heard = play();
        if is_heard {
            heard.insert(carried, now);
        }
        is_heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use uuid::Uuid;

    #[test]
    fn two_recordings_that_begin_at_the_same_moment_share_a_tone_and_one_that_was_not_heard_is_tried_again() {
        let (tones, begin, played) = (Tones::default(), Instant::now(), Cell::new(0));
        let [one, other] = [1, 2].map(|id| CallId(Uuid::from_u128(id)));
        let hear = |call, millis, is_heard| {
            tones.hear(call, begin + Duration::from_millis(millis), || {
                played.set(played.get() + 1);
                is_heard
            })
        };
        assert!(!hear(one, 0, false), "it could not be played");
        assert!(hear(one, 10, true) && played.get() == 2);
        assert!(hear(one, 900, false) && played.get() == 2, "it was heard just now");
        assert!(hear(other, 900, true) && played.get() == 3, "another call");
        assert!(hear(one, 1_010, true) && played.get() == 4, "a recording of its own time");
        assert!(!hear(other, 5_000, false) && played.get() == 5);
        assert!(tones.0.lock().is_ok_and(|heard| heard.is_empty()), "what is past is forgotten");
    }
}
