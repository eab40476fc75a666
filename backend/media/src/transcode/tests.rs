//! One direction of audio, packet by packet.

use super::*;
use crate::{
    dtmf::Press,
    tone::{Sine, level, share_at},
};
use proptest::prelude::*;

fn voice(coding: Coding) -> Voice {
    let payload = coding.row().payload;
    let events = Events { payload: 101, heard: 101, clock_rate: coding.row().clock_rate };
    Voice {
        coding,
        payload,
        heard: vec![(payload, coding)],
        millis: 20,
        bitrate: None,
        events: Some(events),
        comfort: None,
    }
}

/// A speaker of a tone.
struct Speaker {
    encoder: Encoder,
    sine: Sine,
    header: rtp::Header,
    millis: u32,
}

impl Speaker {
    fn new(voice: &Voice, frequency: f64) -> Self {
        let rate = voice.coding.sample_rate();
        let header = rtp::Header {
            payload_type: voice.payload,
            sequence: 65_530,
            timestamp: 77,
            ssrc: 5,
            marker: false,
        };
        let encoder = Encoder::new(voice.coding, rate).unwrap();
        Self { encoder, sine: Sine::new(frequency, rate, 8_000), header, millis: voice.millis }
    }

    fn packet(&mut self) -> Vec<u8> {
        let mut samples = vec![0; self.encoder.samples_in(self.millis)];
        self.sine.fill(&mut samples);
        let mut payload = Vec::new();
        self.encoder.encode(&samples, &mut payload).unwrap();
        let packet = self.header.packet(&payload);
        self.skip();
        self.header.sequence = self.header.sequence.wrapping_add(1);
        packet
    }

    fn skip(&mut self) {
        let units = self.millis * self.encoder.coding().row().clock_rate / 1000;
        self.header.timestamp = self.header.timestamp.wrapping_add(units);
    }
}

fn pass(transcoder: &mut Transcoder, packet: &[u8]) -> (Outcome, Vec<Vec<u8>>) {
    let mut out = Vec::new();
    let parsed = rtp::Packet::parse(packet).unwrap();
    let outcome = transcoder.pass(&parsed, &mut |packet| out.push(packet.to_vec()));
    (outcome, out)
}

fn header(packet: &[u8]) -> rtp::Header {
    rtp::Packet::parse(packet).unwrap().header
}

fn decoded(coding: Coding, packets: &[Vec<u8>]) -> Vec<i16> {
    let (mut decoder, mut out) = (Decoder::new(coding, 8_000).unwrap(), Vec::new());
    for packet in packets {
        decoder.decode(rtp::Packet::parse(packet).unwrap().payload, &mut out).unwrap();
    }
    out
}

#[test]
fn every_pair_keeps_tone_level_numbers_and_time_also_with_other_packet_times() {
    for from in Coding::ALL {
        for to in Coding::ALL {
            for (before, after) in [(20, 20), (10, 60), (60, 20), (30, 40)] {
                let (mut from, mut to) = (voice(from), voice(to));
                (from.millis, to.millis) = (from.coding.packet_time(before), to.coding.packet_time(after));
                let mut transcoder = Transcoder::new(&from, &to).unwrap();
                let mut speaker = Speaker::new(&from, 1_000.0);
                let mut sent = Vec::new();
                for _ in 0..1_200 / from.millis {
                    let (outcome, out) = pass(&mut transcoder, &speaker.packet());
                    assert_eq!(outcome, Outcome::Taken);
                    sent.extend(out);
                }
                let what =
                    format!("{:?} to {:?}, {} to {} ms", from.coding, to.coding, from.millis, to.millis);
                assert_eq!(sent.len(), (1_200 / to.millis) as usize, "{what}");
                let step = to.millis * to.coding.row().clock_rate / 1000;
                for (place, packet) in (0_u32..).zip(&sent) {
                    let known = header(packet);
                    let expected = rtp::Header {
                        marker: place == 0,
                        payload_type: to.payload,
                        sequence: 65_530_u16.wrapping_add(place as u16),
                        timestamp: 77 + place * step,
                        ssrc: 5,
                    };
                    assert_eq!(known, expected, "{what}");
                }
                let heard = decoded(to.coding, &sent).split_off(4_000);
                let decibels = 20.0 * (level(&heard) / (8_000.0 / 2_f64.sqrt())).log10();
                assert!(decibels.abs() < 2.5, "{what}: {decibels:.1} dB");
                assert!(share_at(&heard, 1_000.0, 8_000) > 0.75, "{what}");
            }
        }
    }
}

#[test]
fn a_lost_packet_is_concealed_and_a_late_one_and_a_foreign_one_are_dropped() {
    let mut transcoder = Transcoder::new(&voice(Coding::Pcmu), &voice(Coding::G722)).unwrap();
    let mut speaker = Speaker::new(&voice(Coding::Pcmu), 1_000.0);
    let packets: Vec<_> = (0..10).map(|_| speaker.packet()).collect();
    let mut sent = Vec::new();
    for place in [0, 1, 2, 4, 5] {
        sent.extend(pass(&mut transcoder, &packets[place]).1);
    }
    assert_eq!(sent.len(), 6, "the fourth is made up");
    let numbers: Vec<_> = sent.iter().map(|packet| header(packet).sequence).collect();
    assert_eq!(numbers, [65_530, 65_531, 65_532, 65_533, 65_534, 65_535]);
    assert!(level(&decoded(Coding::G722, &sent)[3 * 160 + 40..4 * 160]) > 2_000.0);
    for place in [3, 5] {
        assert_eq!(pass(&mut transcoder, &packets[place]), (Outcome::Late, vec![]));
    }
    let foreign = rtp::Header { payload_type: 3, sequence: 9, ..header(&packets[6]) }.packet(&[0; 33]);
    assert_eq!(pass(&mut transcoder, &foreign), (Outcome::Foreign, vec![]));
    assert_eq!(pass(&mut transcoder, &packets[6]).0, Outcome::Taken, "a foreign one moves no number");
}

#[test]
fn a_pause_stays_a_pause_with_a_marker_after_it_and_another_source_goes_on() {
    let (pcma, opus) = (voice(Coding::Pcma), voice(Coding::Opus));
    let mut transcoder = Transcoder::new(&pcma, &opus).unwrap();
    let mut speaker = Speaker::new(&pcma, 1_000.0);
    let first = pass(&mut transcoder, &speaker.packet()).1;
    (0..49).for_each(|_| speaker.skip());
    let second = pass(&mut transcoder, &speaker.packet()).1;
    let (first, second) = (header(&first[0]), header(&second[0]));
    assert_eq!((second.sequence.wrapping_sub(first.sequence), second.marker), (1, true));
    assert_eq!(second.timestamp.wrapping_sub(first.timestamp), 50 * 960);
    speaker.header = rtp::Header { ssrc: 6, sequence: 3, timestamp: 99, ..speaker.header };
    let third = header(&pass(&mut transcoder, &speaker.packet()).1[0]);
    assert_eq!((third.ssrc, third.marker, third.sequence.wrapping_sub(second.sequence)), (6, true, 1));
}

#[test]
fn events_go_over_with_the_clock_and_payload_type_of_the_other_side() {
    let mut opus = voice(Coding::Opus);
    opus.events = Some(Events { payload: 110, heard: 110, clock_rate: 48_000 });
    let pcmu = voice(Coding::Pcmu);
    for (from, to, steps) in [(&opus, &pcmu, (960, 160)), (&pcmu, &opus, (160, 960))] {
        let mut transcoder = Transcoder::new(from, to).unwrap();
        let mut speaker = Speaker::new(from, 1_000.0);
        let mut sent = pass(&mut transcoder, &speaker.packet()).1;
        let began = speaker.header.timestamp;
        let (heard, given) = (from.events.unwrap().heard, to.events.unwrap().payload);
        for event in Press::new('8', steps.0, 10).unwrap() {
            let packet = rtp::Header { payload_type: heard, timestamp: began, ..speaker.header };
            sent.extend(pass(&mut transcoder, &packet.packet(&event.payload())).1);
            speaker.header.sequence = speaker.header.sequence.wrapping_add(1);
        }
        (0..12).for_each(|_| speaker.skip());
        sent.extend(pass(&mut transcoder, &speaker.packet()).1);
        let events: Vec<_> = sent[1..sent.len() - 1]
            .iter()
            .map(|packet| (header(packet), Event::parse(&packet[12..]).unwrap()))
            .collect();
        assert_eq!(events.len(), 12);
        let at = header(&sent[0]).timestamp.wrapping_add(u32::from(steps.1));
        for (place, (header, event)) in (1_u16..).zip(&events) {
            assert_eq!((header.payload_type, header.timestamp, header.marker), (given, at, place == 1));
            assert_eq!((event.key(), event.duration), (Some('8'), steps.1 * place.min(10)));
        }
        let last = header(sent.last().unwrap());
        assert_eq!(last.timestamp, at.wrapping_add(12 * u32::from(steps.1)));
        let numbers: Vec<_> = sent.iter().map(|packet| header(packet).sequence).collect();
        assert!(numbers.windows(2).all(|two| two[1] == two[0].wrapping_add(1)));
    }
}

#[test]
fn a_press_longer_than_one_segment_of_the_other_clock_is_one_press() {
    let mut opus = voice(Coding::Opus);
    opus.events = Some(Events { payload: 110, heard: 110, clock_rate: 48_000 });
    let mut transcoder = Transcoder::new(&voice(Coding::Pcmu), &opus).unwrap();
    let mut last = None;
    for (place, event) in (0_u16..).zip(Press::new('1', 160, 100).unwrap()) {
        let packet =
            rtp::Header { payload_type: 101, sequence: place, timestamp: 1_000, ssrc: 1, marker: place == 0 };
        let out = pass(&mut transcoder, &packet.packet(&event.payload())).1;
        last = Some((header(&out[0]).timestamp, Event::parse(&out[0][12..]).unwrap()));
    }
    let (timestamp, event) = last.unwrap();
    assert_eq!(u32::from(event.duration) + (timestamp - 1_000), 2_000 * 48);
    assert_eq!((timestamp - 1_000, event.end), (0xFFFF, true));
}

#[test]
fn events_are_tones_for_a_side_without_them() {
    let mut deaf = voice(Coding::Pcma);
    deaf.events = None;
    for from in [voice(Coding::Opus), voice(Coding::Pcmu), voice(Coding::Pcma)] {
        let mut transcoder = Transcoder::new(&from, &deaf).unwrap();
        let step = (from.events.unwrap().clock_rate / 50) as u16;
        let mut sent = Vec::new();
        let mut number = 0;
        for (key, at) in [('7', 0), ('7', 40), ('#', 80)] {
            for event in Press::new(key, step, 5).unwrap() {
                let timestamp = at * u32::from(step);
                let header =
                    rtp::Header { payload_type: 101, sequence: number, timestamp, ssrc: 1, marker: false };
                sent.extend(pass(&mut transcoder, &header.packet(&event.payload())).1);
                number += 1;
            }
            let silence = rtp::Header {
                payload_type: from.payload,
                sequence: number,
                timestamp: (at + 5) * u32::from(step),
                ssrc: 1,
                marker: false,
            };
            let mut payload = Vec::new();
            let samples = vec![0; from.coding.sample_rate() as usize / 50 * 3];
            Encoder::new(from.coding, from.coding.sample_rate())
                .unwrap()
                .encode(&samples, &mut payload)
                .unwrap();
            sent.extend(pass(&mut transcoder, &silence.packet(&payload)).1);
            number += 1;
        }
        let mut detector = crate::inband::Detector::default();
        let samples = [decoded(Coding::Pcma, &sent), vec![0; 800]].concat();
        let heard: String =
            samples.chunks(160).filter_map(|part| detector.push(part)).map(|heard| heard.key).collect();
        assert_eq!(heard, "77#", "from {:?}", from.coding);
        assert!(sent.iter().all(|packet| header(packet).payload_type == 8));
    }
}

#[test]
fn comfort_noise_is_passed_to_who_has_it_and_made_for_who_has_not() {
    let (mut from, mut to) = (voice(Coding::Pcmu), voice(Coding::G722));
    (from.comfort, to.comfort) = (Some(13), Some(13));
    let quiet =
        rtp::Header { payload_type: 13, sequence: 65_531, timestamp: 77 + 160, ssrc: 5, marker: false }
            .packet(&[40]);
    let mut transcoder = Transcoder::new(&from, &to).unwrap();
    let mut speaker = Speaker::new(&from, 1_000.0);
    let _ = pass(&mut transcoder, &speaker.packet());
    let passed = pass(&mut transcoder, &quiet).1;
    assert_eq!((passed.len(), header(&passed[0]).payload_type, &passed[0][12..]), (1, 13, &[40][..]));
    let to = Voice { comfort: None, ..voice(Coding::Pcma) };
    let mut transcoder = Transcoder::new(&from, &to).unwrap();
    let mut speaker = Speaker::new(&from, 1_000.0);
    let _ = pass(&mut transcoder, &speaker.packet());
    let made = pass(&mut transcoder, &quiet).1;
    assert_eq!((made.len(), header(&made[0]).payload_type), (1, 8));
    let loudness = level(&decoded(Coding::Pcma, &made));
    assert!((100.0..700.0).contains(&loudness), "-40 dBov is 328: {loudness}");
}

#[test]
fn tones_are_heard_as_keys_and_not_passed_on_and_keys_are_passed_on_as_tones() {
    for (from, to) in [(Coding::Pcma, Coding::Pcma), (Coding::G722, Coding::Opus)] {
        let (from, to) = (voice(from), voice(to));
        let mut speaking = Transcoder::new(&from, &to).unwrap();
        let mut hearing = Transcoder::new(&to, &from).unwrap();
        hearing.detect();
        assert!(speaking.press('5', 100) && speaking.press('#', 10) && !speaking.press('x', 100));
        let mut speaker = Speaker::new(&from, 300.0);
        let (mut keys, mut passed) = (Vec::new(), Vec::new());
        for _ in 0..40 {
            for packet in pass(&mut speaking, &speaker.packet()).1 {
                passed.extend(pass(&mut hearing, &packet).1);
                keys.extend(hearing.heard());
            }
        }
        let heard: String = keys.iter().map(|heard| heard.key).collect();
        assert_eq!(heard, "5#", "{keys:?}");
        assert!(keys[0].millis.abs_diff(100) < 26 && keys[1].millis.abs_diff(60) < 26, "{keys:?}");
        let mut again = crate::inband::Detector::default();
        assert_eq!(again.push(&decoded(from.coding, &passed)), None, "who hears the key hears no tone");
        assert!((0..100).filter(|_| speaking.press('1', 50)).count() == TONES_MAX);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_packets_make_it_panic_and_each_one_makes_few(
        packets in proptest::collection::vec((0_u8..5, any::<u16>(), any::<u32>(), proptest::collection::vec(any::<u8>(), 0..300)), 1..40),
        pair in 0_usize..25,
    ) {
        let (from, to) = (Coding::ALL[pair / 5], Coding::ALL[pair % 5]);
        let mut from = voice(from);
        from.comfort = Some(13);
        let mut transcoder = Transcoder::new(&from, &Voice { events: None, ..voice(to) }).unwrap();
        for (kind, sequence, timestamp, payload) in packets {
            let payload_type = match kind { 0 | 1 => from.payload, 2 => 101, 3 => 13, _ => 50 };
            let near = kind % 2 == 0;
            let last = transcoder.last.map_or((sequence, timestamp), |(_, number, due)| (number.wrapping_add(1 + sequence % 4), due));
            let (sequence, timestamp) = if near { last } else { (sequence, timestamp) };
            let packet = rtp::Header { marker: false, payload_type, sequence, timestamp, ssrc: 5 }.packet(&payload);
            let (_, out) = pass(&mut transcoder, &packet);
            prop_assert!(out.len() <= 120, "{}", out.len());
            prop_assert!(transcoder.waiting.len() <= transcoder.frame);
        }
    }
}
