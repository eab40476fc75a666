//! Digits as tones on their way: found in what a side says, and put into what it hears.

use super::Transcoder;
use crate::{
    inband::{DETECT_RATE, Detector, Heard, Pair, frequencies_of},
    resample::Resampler,
};
use std::collections::VecDeque;

/// Keys that wait to be heard as tones; of more the newest are dropped.
pub const TONES_MAX: usize = 32;
/// The shortest tone and the pause after each, milliseconds (Q.24 asks for 40 each).
const TONE_MIN_MS: u16 = 60;
const PAUSE_MS: u16 = 60;
/// The longest tone, milliseconds.
const TONE_MAX_MS: u16 = 6_000;

/// Looks for digits.
#[derive(Debug)]
pub(super) struct Ear {
    detector: Detector,
    resampler: Option<Resampler>,
    samples: Vec<i16>,
    heard: Option<Heard>,
}

/// Keys that are heard as tones in the place of what is said.
#[derive(Debug, Default)]
pub(super) struct Keyboard {
    waiting: VecDeque<(char, u16)>,
    /// The tone that is heard, its samples that are left, and those of the pause after it.
    sounding: Option<(Pair, usize, usize)>,
    room: Vec<i16>,
}

impl Transcoder {
    /// Looks for digits in what is said from now on; what sounds like one is not passed on.
    pub fn detect(&mut self) {
        let resampler = Resampler::new(self.rate, DETECT_RATE);
        self.ear = Some(Box::new(Ear {
            detector: Detector::default(),
            resampler,
            samples: Vec::with_capacity(2048),
            heard: None,
        }));
    }

    /// The key that was over in the last packet.
    pub fn heard(&mut self) -> Option<Heard> {
        self.ear.as_mut()?.heard.take()
    }

    /// Has a key heard as its tones, as long as it is said but at least 60 ms, in place of what is said; `false` where it is no key or
    /// as many wait as may.
    pub fn press(&mut self, key: char, millis: u16) -> bool {
        let waiting = &mut self.keyboard.waiting;
        let takes = frequencies_of(key).is_some() && waiting.len() < TONES_MAX;
        if takes {
            waiting.push_back((key, millis.clamp(TONE_MIN_MS, TONE_MAX_MS)));
        }
        takes
    }

    /// What is done with digits in the samples that came last, from this one on.
    pub(super) fn touch(&mut self, from: usize) {
        let Self { ear, keyboard, waiting, rate, .. } = self;
        let fresh = &mut waiting[from..];
        if let Some(ear) = ear {
            ear.listen(fresh);
        }
        keyboard.sound(fresh, *rate);
    }
}

impl Ear {
    fn listen(&mut self, fresh: &mut [i16]) {
        let was_likely = self.detector.is_likely();
        let heard = match &mut self.resampler {
            None => self.detector.push(fresh),
            Some(resampler) => {
                self.samples.clear();
                resampler.process(fresh, &mut self.samples);
                self.detector.push(&self.samples)
            }
        };
        self.heard = heard.or(self.heard);
        if was_likely || self.detector.is_likely() {
            fresh.fill(0);
        }
    }
}

impl Keyboard {
    fn sound(&mut self, fresh: &mut [i16], rate: u32) {
        let mut at = 0;
        while at < fresh.len() {
            let Some((pair, tone, pause)) = &mut self.sounding else {
                let Some((key, millis)) = self.waiting.pop_front() else { return };
                let Some(frequencies) = frequencies_of(key) else { continue };
                let samples = |millis: u16| usize::from(millis) * rate as usize / 1000;
                self.sounding = Some((Pair::new(frequencies, rate), samples(millis), samples(PAUSE_MS)));
                continue;
            };
            let left = fresh.len() - at;
            let (count, is_tone) =
                if *tone > 0 { (left.min(*tone), true) } else { (left.min(*pause), false) };
            if is_tone {
                self.room.clear();
                pair.fill(count, &mut self.room);
                fresh[at..at + count].copy_from_slice(&self.room);
                *tone -= count;
            } else {
                fresh[at..at + count].fill(0);
                *pause -= count;
            }
            at += count;
            if *tone == 0 && *pause == 0 {
                self.sounding = None;
            }
        }
    }
}
