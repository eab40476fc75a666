//! Digits as tones in audio (ITU-T Q.23, Q.24): made, and found.
//!
//! Speech is taken for a digit now and then, as by any detector. What was counted: 18 in ten minutes of artificial vowels without a pause,
//! harder than a talk; recordings of people were not tried. So tones are looked for only where a side has nothing better.

use crate::tone::Sine;
use std::f64::consts::TAU;

/// The frequencies of rows and columns, Hz.
const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
/// The keys by row and column.
const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// The level of each of the two tones that we make: -10 dBm0, the column 2 dB above (Q.23 with the usual pre-emphasis).
const ROW_AMPLITUDE: i16 = 7_100;
const COLUMN_AMPLITUDE: i16 = 8_900;

/// The row's and the column's frequency of a key, Hz.
#[must_use]
pub fn frequencies_of(key: char) -> Option<(f64, f64)> {
    let key = key.to_ascii_uppercase();
    KEYS.iter().enumerate().find_map(|(row, keys)| {
        let column = keys.iter().position(|&known| known == key)?;
        Some((ROWS[row], COLUMNS[column]))
    })
}

/// The two tones of a key, without an end.
#[derive(Debug, Clone)]
pub struct Pair(Sine, Sine);

impl Pair {
    /// The tones of these frequencies at this sample rate, Hz.
    #[must_use]
    pub fn new((row, column): (f64, f64), sample_rate: u32) -> Self {
        Self(Sine::new(row, sample_rate, ROW_AMPLITUDE), Sine::new(column, sample_rate, COLUMN_AMPLITUDE))
    }

    /// Appends so many samples.
    pub fn fill(&mut self, count: usize, out: &mut Vec<i16>) {
        out.extend((0..count).map(|_| self.0.sample().saturating_add(self.1.sample())));
    }
}

/// The sample rate at which tones are looked for, Hz.
pub const DETECT_RATE: u32 = 8_000;
/// Samples of one look: 12.75 ms, which tells neighbouring tones apart.
const BLOCK: usize = 102;
/// Samples from one look to the next: each sample is looked at twice.
const HOP: usize = BLOCK / 2;
/// The same, milliseconds.
const HOP_MS: f64 = HOP as f64 * 1000.0 / DETECT_RATE as f64;
/// The quietest tone that is one, as its mean square: each about -36 dBm0.
const QUIETEST: f64 = 250.0 * 250.0;
/// How much louder than the row the column may be, and the row than the column: 4 and 8 dB, with half a decibel of room.
const TWIST: f64 = 2.82;
const REVERSE_TWIST: f64 = 7.08;
/// How far the next loudest tone of a group must be below: 6 dB.
const APART: f64 = 4.0;
/// The share of all power that the two tones have: speech has more beside them.
const PURE: f64 = 0.82;
/// By how much each tone may swell or fade from one look to the next: 2 dB; what is spoken does more.
const STEADY: f64 = 1.58;
/// By how much a tone may be off its frequency, as a share (Q.24: within 1.5 % always one, beyond 3.5 % none), and by how many Hz it may
/// move from the first look on: a voice glides.
const OFF: f64 = 0.025;
const GLIDE_HZ: f64 = 12.0;
/// Looks with the same key until it is one: 32 ms; shorter than 23 ms none is (Q.24), 40 ms always.
const BEGIN: u32 = 4;
/// Looks with the same key from which it may be one: what leaked is too short for another detector.
const LIKELY: u32 = 2;
/// Looks without it until it is over: a gap of 10 ms goes on, one of 40 ms does not.
const END: u32 = 5;

/// A key that was heard, given at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// The key.
    pub key: char,
    /// How long it was, milliseconds.
    pub millis: u16,
}

/// Finds digits in audio at [`DETECT_RATE`].
#[derive(Debug, Clone, Default)]
pub struct Detector {
    /// Two looks, each half a block after the other.
    looks: [Look; 2],
    count: usize,
    which: usize,
    /// What the last looks had, how many they were, and how many came since without it.
    candidate: Option<Found>,
    same: u32,
    missing: u32,
    is_down: bool,
}

/// One block of samples.
#[derive(Debug, Clone)]
struct Look {
    tones: [Goertzel; 8],
    /// The sum of squares.
    power: f64,
}

impl Default for Look {
    fn default() -> Self {
        let tone = |place: usize| Goertzel::new(if place < 4 { ROWS[place] } else { COLUMNS[place - 4] });
        Self { tones: std::array::from_fn(tone), power: 0.0 }
    }
}

#[derive(Debug, Clone, Copy)]
struct Goertzel {
    turn: f64,
    last: f64,
    before: f64,
}

impl Goertzel {
    fn new(frequency: f64) -> Self {
        Self { turn: 2.0 * (TAU * frequency / f64::from(DETECT_RATE)).cos(), last: 0.0, before: 0.0 }
    }

    fn push(&mut self, sample: f64) {
        (self.last, self.before) = (sample + self.turn * self.last - self.before, self.last);
    }

    /// This tone in the block: how strong, and with which phase it ends; begins the next block.
    fn take(&mut self) -> Tone {
        let (last, before) = (std::mem::take(&mut self.last), std::mem::take(&mut self.before));
        let power = last * last + before * before - self.turn * last * before;
        let (cos, sin) = (self.turn / 2.0, (1.0 - self.turn * self.turn / 4.0).max(0.0).sqrt());
        Tone { power: 2.0 * power / (BLOCK * BLOCK) as f64, end: (last - before * cos, before * sin) }
    }
}

/// A tone in a block.
#[derive(Debug, Clone, Copy)]
struct Tone {
    /// Its mean square.
    power: f64,
    /// It at the end of the block, as a point that turns.
    end: (f64, f64),
}

impl Tone {
    /// By how many Hz it is off its frequency, by how far it turned since the look before.
    fn off(&self, before: &Self, frequency: f64) -> f64 {
        let ((x, y), (u, v)) = (self.end, before.end);
        let turned =
            (y * u - x * v).atan2(x * u + y * v) - TAU * frequency * HOP as f64 / f64::from(DETECT_RATE);
        let turned = turned - TAU * (turned / TAU).round();
        turned / TAU * f64::from(DETECT_RATE) / HOP as f64
    }
}

/// What a block holds, where that are the tones of a key.
#[derive(Debug, Clone, Copy)]
struct Found {
    key: char,
    frequencies: (f64, f64),
    tones: (Tone, Tone),
    /// By how many Hz they were off first, where that is known.
    off: Option<(f64, f64)>,
}

impl Found {
    /// Whether this look goes on with the one before: the same tones, as loud as they were, where they were.
    fn follows(&mut self, before: &Self) -> bool {
        let near = |now: &Tone, before: &Tone| {
            now.power < before.power * STEADY && before.power < now.power * STEADY
        };
        let (low, high) = (
            self.tones.0.off(&before.tones.0, self.frequencies.0),
            self.tones.1.off(&before.tones.1, self.frequencies.1),
        );
        self.off = before.off.or(Some((low, high)));
        let is_there = low.abs() < OFF * self.frequencies.0 && high.abs() < OFF * self.frequencies.1;
        let stays = before
            .off
            .is_none_or(|(row, column)| (row - low).abs() < GLIDE_HZ && (column - high).abs() < GLIDE_HZ);
        let is_steady = near(&self.tones.0, &before.tones.0) && near(&self.tones.1, &before.tones.1);
        self.key == before.key && is_there && stays && is_steady
    }
}

impl Detector {
    /// Takes samples; the key that was over in them. Of several, which no finger can press, the last.
    pub fn push(&mut self, samples: &[i16]) -> Option<Heard> {
        let mut heard = None;
        for &sample in samples {
            let sample = f64::from(sample);
            for look in &mut self.looks {
                look.tones.iter_mut().for_each(|tone| tone.push(sample));
                look.power += sample * sample;
            }
            self.count += 1;
            if self.count == HOP {
                self.count = 0;
                self.which = 1 - self.which;
                let look = &mut self.looks[self.which];
                let tones = std::array::from_fn(|place| look.tones[place].take());
                let found = key_in(&tones, std::mem::take(&mut look.power) / BLOCK as f64);
                heard = self.follow(found).or(heard);
            }
        }
        heard
    }

    /// Whether a key is held down: what is heard now is no speech.
    #[must_use]
    pub const fn is_down(&self) -> bool {
        self.is_down
    }

    /// Whether a key may be held down: it is known for sure a moment later.
    #[must_use]
    pub const fn is_likely(&self) -> bool {
        self.is_down || self.same >= LIKELY
    }

    fn follow(&mut self, mut found: Option<Found>) -> Option<Heard> {
        let goes_on = match (&mut found, &self.candidate) {
            // Once it is one, a disturbance does not make it another.
            (Some(found), Some(before)) if self.is_down => found.key == before.key,
            (Some(found), Some(before)) => found.follows(before),
            _ => false,
        };
        if goes_on {
            self.same += self.missing + 1;
            (self.missing, self.candidate) = (0, found);
            self.is_down = self.same >= BEGIN;
            return None;
        }
        if self.is_down {
            self.missing += 1;
            // Another key takes as many looks to be one as a gap takes to be an end.
            if self.missing < END {
                return None;
            }
        }
        let before = self.candidate.take().filter(|_| self.is_down);
        let looks = self.same;
        (self.same, self.missing, self.is_down) = (u32::from(found.is_some()), 0, false);
        self.candidate = found;
        let millis = ((f64::from(looks) + 0.5) * HOP_MS).min(f64::from(u16::MAX)) as u16;
        before.map(|before| Heard { key: before.key, millis })
    }
}

/// The key whose tones a block holds, and little else.
fn key_in(tones: &[Tone; 8], total: f64) -> Option<Found> {
    let loudest = |group: &[Tone]| {
        let place = (0..4).max_by(|&a, &b| group[a].power.total_cmp(&group[b].power))?;
        let power = group[place].power;
        let is_alone = (0..4).all(|other| other == place || group[other].power * APART < power);
        is_alone.then_some((place, power))
    };
    let (row, low) = loudest(&tones[..4])?;
    let (column, high) = loudest(&tones[4..])?;
    let is_loud = low > QUIETEST && high > QUIETEST;
    let is_even = high < low * TWIST && low < high * REVERSE_TWIST;
    (is_loud && is_even && low + high > total * PURE).then_some(Found {
        key: KEYS[row][column],
        frequencies: (ROWS[row], COLUMNS[column]),
        tones: (tones[row], tones[4 + column]),
        off: None,
    })
}

#[cfg(test)]
#[path = "inband_tests.rs"]
mod tests;
