//! What decoding and encoding 20 ms of each codec costs, in microseconds: `cargo run --release -p dialtone-media --example codecs`.
//! At the codec's own rate, as between two sides of the same band, and at the telephone's with the resampling that takes. The figure is
//! the best of several rounds, since only interruptions can add to it, and beside it the worst round.

use dialtone_media::{
    codec::{Coding, Decoder, Encoder},
    inband::{DETECT_RATE, Detector},
    tone::Sine,
};
use std::{hint::black_box, time::Instant};

/// The rate of a telephone, Hz.
const TELEPHONE: u32 = 8_000;
const ROUNDS: usize = 10;
/// Frames of 20 ms in a round: ten seconds.
const FRAMES: usize = 500;

/// The best round and the worst.
struct Span(f64, f64);

impl Span {
    const NONE: Self = Self(f64::MAX, 0.0);

    fn add(&mut self, began: Instant) {
        let micros = began.elapsed().as_nanos() as f64 / 1000.0 / FRAMES as f64;
        *self = Self(self.0.min(micros), self.1.max(micros));
    }
}

#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn main() {
    println!("{:<14}{:>20}{:>20}   µs per 20 ms: best, worst of {ROUNDS} rounds", "", "decode", "encode");
    for (coding, rate) in Coding::ALL.into_iter().filter(|coding| coding.is_built()).flat_map(rates) {
        let voice = voice(rate);
        let (mut decoding, mut encoding) = (Span::NONE, Span::NONE);
        for _ in 0..ROUNDS {
            let mut encoder = Encoder::new(coding, rate).expect("it is built in");
            let mut decoder = Decoder::new(coding, rate).expect("it is built in");
            let mut payloads: Vec<Vec<u8>> = (0..FRAMES).map(|_| Vec::with_capacity(2048)).collect();
            let began = Instant::now();
            for (samples, payload) in voice.chunks(encoder.samples_in(20)).zip(&mut payloads) {
                encoder.encode(black_box(samples), payload).expect("whole frames");
            }
            encoding.add(began);
            let mut samples = Vec::with_capacity(8192);
            let began = Instant::now();
            for payload in &payloads {
                samples.clear();
                decoder.decode(black_box(payload), &mut samples).expect("what we encoded");
                black_box(&samples);
            }
            decoding.add(began);
        }
        print_row(&format!("{} {} kHz", coding.name(), rate / 1000), &[decoding, encoding]);
    }
    let (voice, mut detecting) = (voice(DETECT_RATE), Span::NONE);
    for _ in 0..ROUNDS {
        let mut detector = Detector::default();
        let began = Instant::now();
        for samples in voice.chunks(DETECT_RATE as usize / 50) {
            black_box(detector.push(black_box(samples)));
        }
        detecting.add(began);
    }
    print_row("digits", &[detecting]);
}

/// A codec with the rates at which it is used.
fn rates(coding: Coding) -> impl Iterator<Item = (Coding, u32)> {
    let own = coding.sample_rate();
    [own, TELEPHONE].into_iter().take(if own == TELEPHONE { 1 } else { 2 }).map(move |rate| (coding, rate))
}

fn print_row(name: &str, spans: &[Span]) {
    let cells: String = spans.iter().map(|Span(best, worst)| format!("{best:>11.1}{worst:>9.1}")).collect();
    println!("{name:<14}{cells}");
}

/// Something with a pitch, formants and breath in it, so that no coder finds it easier than a voice.
fn voice(rate: u32) -> Vec<i16> {
    let parts = [(140.0, 3_000), (280.0, 2_500), (720.0, 2_000), (1_260.0, 1_500), (2_440.0, 900)];
    let mut sines = parts.map(|(frequency, amplitude)| Sine::new(frequency, rate, amplitude));
    let mut random = 0x9E37_79B9_u32;
    let count = FRAMES * rate as usize / 50;
    let samples = (0..count).map(|place| {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let breath = (random >> 16) as i32 / 64 - 512;
        let sum = sines.iter_mut().map(|sine| i32::from(sine.sample())).sum::<i32>();
        // Five syllables a second.
        let swell = (place % (rate as usize / 5)) as i32 * 100 / (rate as i32 / 5);
        (sum * swell / 100 + breath) as i16
    });
    samples.collect()
}
