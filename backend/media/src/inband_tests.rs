//! Digits in audio: what is one by Q.24, and what is none.

use super::*;
use crate::g711::Law;

fn tones(low: (f64, f64), high: (f64, f64), millis: usize) -> Vec<i16> {
    let mut row = Sine::new(low.0, DETECT_RATE, low.1 as i16);
    let mut column = Sine::new(high.0, DETECT_RATE, high.1 as i16);
    (0..millis * 8).map(|_| row.sample() + column.sample()).collect()
}

fn key(key: char, millis: usize) -> Vec<i16> {
    let (row, column) = frequencies_of(key).expect("a key");
    tones((row, 6_000.0), (column, 6_000.0), millis)
}

fn heard(samples: &[i16]) -> Vec<Heard> {
    let mut detector = Detector::default();
    let silence = [0; 800];
    [samples, &silence].concat().chunks(160).filter_map(|part| detector.push(part)).collect()
}

fn text(samples: &[i16]) -> String {
    heard(samples).iter().map(|heard| heard.key).collect()
}

#[test]
fn every_key_is_heard_once_with_its_length_through_both_laws() {
    for law in [Law::Mu, Law::A] {
        for wanted in "0123456789*#ABCD".chars() {
            for millis in [45, 100, 400] {
                let samples: Vec<i16> =
                    key(wanted, millis).iter().map(|&sample| law.decode(law.encode(sample))).collect();
                let all = heard(&samples);
                assert_eq!(all.len(), 1, "{wanted} of {millis} ms: {all:?}");
                assert_eq!(all[0].key, wanted);
                let off = i32::from(all[0].millis) - millis as i32;
                assert!(off.abs() <= 26, "{wanted} of {millis} ms was heard as {} ms", all[0].millis);
            }
        }
    }
}

#[test]
fn keys_in_a_row_are_told_apart_by_a_gap_of_forty_milliseconds_and_joined_over_one_of_ten() {
    let gap = |millis: usize| vec![0; millis * 8];
    assert_eq!(text(&[key('5', 60), gap(40), key('5', 60), gap(40), key('9', 60)].concat()), "559");
    assert_eq!(text(&[key('5', 60), gap(10), key('5', 60)].concat()), "5");
    assert_eq!(text(&[key('5', 80), key('6', 80)].concat()), "56");
}

#[test]
fn tolerances_are_those_of_q24() {
    let (row, column) = (770.0, 1_336.0);
    let pair = |low: f64, high: f64, off: f64| text(&tones((row * off, low), (column * off, high), 80));
    assert_eq!(pair(6_000.0, 6_000.0, 1.0), "5");
    for off in [0.985, 1.015] {
        assert_eq!(pair(6_000.0, 6_000.0, off), "5", "a deviation of {off} is within 1.5 %");
    }
    for off in [0.96, 1.04] {
        assert_eq!(pair(6_000.0, 6_000.0, off), "", "a deviation of {off} is beyond 3.5 %");
    }
    assert_eq!(pair(4_000.0, 6_000.0, 1.0), "5", "the column 3.5 dB above");
    assert_eq!(pair(8_000.0, 3_500.0, 1.0), "5", "the row 7 dB above");
    assert_eq!(pair(2_000.0, 8_000.0, 1.0), "", "the column 12 dB above");
    assert_eq!(pair(12_000.0, 2_000.0, 1.0), "", "the row 15 dB above");
    assert_eq!(pair(700.0, 700.0, 1.0), "5", "-29 dBm0 each");
    assert_eq!(pair(100.0, 100.0, 1.0), "", "too quiet");
    assert_eq!(text(&key('5', 20)), "", "shorter than 23 ms is none");
}

#[test]
fn tones_alone_and_with_a_third_are_none() {
    let mut third = Sine::new(1_000.0, DETECT_RATE, 5_000);
    let mixed: Vec<i16> = key('5', 200).iter().map(|&sample| sample + third.sample()).collect();
    assert_eq!(text(&mixed), "", "a third tone");
    let mut single = vec![0; 1_600];
    Sine::new(770.0, DETECT_RATE, 8_000).fill(&mut single);
    assert_eq!(text(&single), "", "one tone");
}

/// Something like a voice: a fundamental that glides, its harmonics shaped by three formants that wander, in syllables, with breath.
fn speech(seconds: usize, seed: u32) -> Vec<i16> {
    let mut random = seed;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        f64::from(random) / f64::from(u32::MAX)
    };
    let mut out = Vec::new();
    let mut phase = 0.0;
    while out.len() < seconds * 8_000 {
        let (pitch, glide) = (90.0 + 160.0 * next(), 40.0 * next() - 20.0);
        let formants = [300.0 + 600.0 * next(), 900.0 + 1_200.0 * next(), 2_300.0 + 700.0 * next()];
        let moves = [200.0 * next() - 100.0, 400.0 * next() - 200.0, 300.0 * next() - 150.0];
        let length = 800 + (1_600.0 * next()) as usize;
        for place in 0..length {
            let part = place as f64 / length as f64;
            phase += TAU * (pitch + glide * part) / 8_000.0;
            let mut sample = 0.05 * (next() - 0.5);
            for harmonic in 1..=16 {
                let frequency = (pitch + glide * part) * f64::from(harmonic);
                let near = |which: usize| {
                    1.0 / (1.0 + ((frequency - formants[which] - moves[which] * part) / 60.0).powi(2))
                };
                let weight = 0.03 + near(0) + 0.6 * near(1) + 0.25 * near(2);
                sample += weight * (phase * f64::from(harmonic)).sin();
            }
            out.push((sample * 6_000.0 * (part * std::f64::consts::PI).sin()) as i16);
        }
        out.extend(std::iter::repeat_n(0, (400.0 * next()) as usize));
    }
    out
}

#[test]
fn voices_without_a_pause_are_taken_for_a_key_twice_a_minute_at_most_and_seldom_silenced_and_noise_never() {
    let mut detector = Detector::default();
    let mut found = Vec::new();
    let (mut packets, mut silenced) = (0, 0);
    for seed in 1..=10 {
        for part in speech(60, seed * 7_919).chunks(160) {
            found.extend(detector.push(part));
            packets += 1;
            silenced += usize::from(detector.is_likely());
        }
    }
    // Vowels alone, of which some are two steady tones: far harder than what is said on a telephone, where one voice listens.
    assert!(found.len() <= 20, "talk-off: {} in {packets} packets: {found:?}", found.len());
    assert!(silenced * 200 <= packets, "{silenced} of {packets} packets of speech are silenced");
    let mut noise = crate::comfort::Noise::new();
    noise.set(&[20]);
    let mut samples = Vec::new();
    noise.fill(8_000 * 30, &mut samples);
    assert_eq!(detector.push(&samples), None);
}
