//! Audio through each codec and back.

use super::*;
use crate::tone::{Sine, level, share_at};
use proptest::prelude::*;

fn through(coding: Coding, rate: u32, millis: u32, frequency: f64) -> Vec<i16> {
    let mut encoder = Encoder::new(coding, rate).unwrap();
    let mut decoder = Decoder::new(coding, rate).unwrap();
    let mut sine = Sine::new(frequency, rate, 8_000);
    let mut samples = vec![0; encoder.samples_in(millis)];
    let (mut payload, mut heard) = (Vec::new(), Vec::new());
    for _ in 0..1_200 / millis {
        sine.fill(&mut samples);
        payload.clear();
        encoder.encode(&samples, &mut payload).unwrap();
        let count = decoder.decode(&payload, &mut heard).unwrap();
        assert_eq!(count, samples.len(), "{coding:?} of {millis} ms at {rate} Hz");
    }
    heard.split_off(heard.len() / 3)
}

#[test]
fn a_tone_comes_through_each_codec_at_each_rate_and_packet_time() {
    for coding in Coding::ALL.into_iter().filter(|coding| coding.is_built()) {
        for rate in RATES {
            for millis in [10, 20, 30, 40, 60] {
                if coding.packet_time(millis) != millis {
                    continue;
                }
                let heard = through(coding, rate, millis, 1_000.0);
                let decibels = 20.0 * (level(&heard) / (8_000.0 / 2_f64.sqrt())).log10();
                let share = share_at(&heard, 1_000.0, rate);
                assert!(decibels.abs() < 2.0, "{coding:?} of {millis} ms at {rate} Hz: {decibels:.1} dB");
                assert!(share > 0.8, "{coding:?} of {millis} ms at {rate} Hz: {share:.2}");
            }
        }
    }
}

#[test]
fn wideband_codecs_carry_what_telephone_ones_cannot() {
    for (coding, carries) in [(Coding::G722, true), (Coding::Opus, true), (Coding::Pcma, false)] {
        if coding.is_built() {
            let share = share_at(&through(coding, 16_000, 20, 6_000.0), 6_000.0, 16_000);
            assert_eq!(share > 0.5, carries, "{coding:?}: {share:.2}");
        }
    }
}

#[test]
fn a_lost_packet_is_concealed_by_what_was_heard_which_fades() {
    for coding in Coding::ALL.into_iter().filter(|coding| coding.is_built()) {
        let mut encoder = Encoder::new(coding, 8_000).unwrap();
        let mut decoder = Decoder::new(coding, 8_000).unwrap();
        let mut sine = Sine::new(400.0, 8_000, 8_000);
        let (mut samples, mut payload, mut heard) = ([0; 160], Vec::new(), Vec::new());
        for _ in 0..25 {
            sine.fill(&mut samples);
            payload.clear();
            encoder.encode(&samples, &mut payload).unwrap();
            decoder.decode(&payload, &mut heard).unwrap();
        }
        heard.clear();
        assert_eq!(decoder.conceal(20, &mut heard), 160, "{coding:?}");
        assert!(level(&heard) > 500.0, "{coding:?}: {}", level(&heard));
        for _ in 0..10 {
            heard.clear();
            assert_eq!(decoder.conceal(60, &mut heard), 480, "{coding:?}");
        }
        assert!(level(&heard) < 2_000.0, "{coding:?}: {}", level(&heard));
    }
}

#[test]
fn audio_that_is_too_long_or_no_whole_frames_is_refused() {
    let mut out = Vec::new();
    let mut pcmu = Decoder::new(Coding::Pcmu, 8_000).unwrap();
    assert_eq!(pcmu.decode(&[0; 961], &mut out), Err(CodecError::TooLong));
    assert_eq!(pcmu.decode(&[], &mut out), Ok(0));
    if let Some(mut g729) = Decoder::new(Coding::G729, 8_000) {
        assert_eq!(g729.decode(&[0; 15], &mut out), Err(CodecError::Fraction));
        assert_eq!(g729.decode(&[0; 12], &mut out), Ok(160), "a frame, and one that describes silence");
    }
    let mut encoder = Encoder::new(Coding::Pcmu, 8_000).unwrap();
    assert_eq!(encoder.encode(&[0; 100], &mut Vec::new()), Err(CodecError::Fraction));
    assert!(Decoder::new(Coding::Pcmu, 44_100).is_none() && Encoder::new(Coding::Opus, 11_025).is_none());
}

#[test]
fn a_coding_is_found_by_its_name_and_does_the_packet_time_that_it_can() {
    assert_eq!((Coding::of_name("OPUS"), Coding::of_name("speex")), (Some(Coding::Opus), None));
    for coding in Coding::ALL {
        assert_eq!(coding.row().name, coding.name());
    }
    assert_eq!(Coding::Opus.packet_time(30), 20);
    assert_eq!([1, 20, 33, 50, 500].map(|wanted| Coding::G729.packet_time(wanted)), [10, 20, 30, 40, 60]);
    assert_eq!(Coding::Opus.common_rate(Coding::G722), 16_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_payloads_make_a_decoder_panic(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..20),
        rate in 0_usize..3,
    ) {
        for coding in Coding::ALL.into_iter().filter(|coding| coding.is_built()) {
            let mut decoder = Decoder::new(coding, RATES[rate]).unwrap();
            let mut out = Vec::new();
            for payload in &payloads {
                out.clear();
                let _ = decoder.decode(payload, &mut out);
                let _ = decoder.conceal(20, &mut out);
                prop_assert!(out.len() <= 48 * (AUDIO_MAX_MS + 20));
            }
        }
    }
}
