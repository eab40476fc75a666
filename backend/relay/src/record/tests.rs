//! Recordings on a virtual clock: what is heard, where, and how each ends.

use super::*;
use crate::{
    Side,
    tap::{Agreed, Tap, Terms, tap},
};
use media::{codec::Encoder, rtp, tone};

#[derive(Default)]
struct Kept {
    stereo: Vec<i16>,
    ending: Option<Ending>,
    room: Option<usize>,
}

struct Keeper(Arc<Mutex<Kept>>);

impl Sink for Keeper {
    fn write(&mut self, stereo: &[i16]) -> io::Result<()> {
        let mut kept = self.0.lock().unwrap();
        if kept.room.is_some_and(|room| kept.stereo.len() + stereo.len() > room) {
            return Err(io::Error::other("the disk is full"));
        }
        kept.stereo.extend_from_slice(stereo);
        Ok(())
    }

    fn end(self: Box<Self>, ending: Ending) {
        self.0.lock().unwrap().ending = Some(ending);
    }
}

/// What a side says, how, and by which number.
struct Voice {
    sine: tone::Sine,
    encoder: Encoder,
    payload_type: u8,
    timestamp: u32,
}

impl Voice {
    fn new(hertz: f64, coding: Coding, payload_type: u8) -> Self {
        let (sine, encoder) = (tone::Sine::new(hertz, 8_000, 8_000), Encoder::new(coding, 8_000).unwrap());
        Self { sine, encoder, payload_type, timestamp: 0xFFFF_F000 }
    }

    /// From now on in another codec. Its clock goes on from where it is, or anew.
    fn turn(&mut self, coding: Coding, payload_type: u8, timestamp: Option<u32>) {
        (self.encoder, self.payload_type) = (Encoder::new(coding, 8_000).unwrap(), payload_type);
        self.timestamp = timestamp.unwrap_or(self.timestamp);
    }
}

/// One recording of a call.
struct Taping {
    tap: Option<Tap>,
    take: Option<Take>,
    kept: Arc<Mutex<Kept>>,
    orders: Arc<Orders>,
}

impl Taping {
    fn new(agreed: &Arc<Agreed>, start_us: u64) -> Self {
        let (tap, tapped) = tap(Arc::clone(agreed));
        let (kept, orders) = (Arc::<Mutex<Kept>>::default(), Arc::<Orders>::default());
        let sink = Box::new(Keeper(Arc::clone(&kept)));
        let take = Take::new(None, tapped, start_us, Arc::clone(&orders), sink);
        Self { tap: Some(tap), take: Some(take), kept, orders }
    }

    fn orders(&self) -> Recording {
        Recording(Arc::clone(&self.orders))
    }

    /// What was recorded of each side, and how it ended; it has.
    fn heard(&self) -> ([Vec<i16>; 2], Ending) {
        assert!(self.take.is_none(), "it is over");
        let kept = self.kept.lock().unwrap();
        let side = |side: usize| kept.stereo.iter().skip(side).step_by(2).copied().collect();
        ([side(0), side(1)], kept.ending.clone().unwrap())
    }
}

/// A call of a caller at 440 Hz in A-law and a callee at 1000 Hz in μ-law, on a virtual clock, recorded once or more.
struct Scene {
    agreed: Arc<Agreed>,
    tapings: Vec<Taping>,
    relay: Handle,
    voices: [Voice; 2],
    step: u32,
}

impl Scene {
    fn new() -> Self {
        let agreed = Arc::<Agreed>::default();
        let tapings = vec![Taping::new(&agreed, 0)];
        let relay = Handle::new(Vec::new(), "127.0.0.1".parse().unwrap(), 1, Instant::now());
        let voices = [Voice::new(440.0, Coding::Pcma, 8), Voice::new(1000.0, Coding::Pcmu, 0)];
        Self { agreed, tapings, relay, voices, step: 0 }
    }

    /// It is recorded once more, from now on.
    fn also(&mut self) -> Recording {
        let taping = Taping::new(&self.agreed, u64::from(self.step) * 20_000);
        let orders = taping.orders();
        self.tapings.push(taping);
        orders
    }

    /// The caller's payload types mean this from now on, and its telephone-events are 101.
    fn agree(&self, codings: &[(u8, Coding)], now: u64) {
        let terms = Terms { codings: codings.to_vec(), beside: [101].into_iter().collect() };
        self.agreed.say(Side::A, terms, now);
    }

    /// Both speak for so many packets, of which those that `lost` names never come.
    fn speak(&mut self, packets: u32, lost: impl Fn(u32) -> bool) {
        for _ in 0..packets {
            let now = u64::from(self.step) * 20_000;
            for side in [Side::A, Side::B] {
                let Voice { sine, encoder, payload_type, timestamp } = &mut self.voices[side.index()];
                let mut samples = [0; 160];
                sine.fill(&mut samples);
                let mut payload = Vec::new();
                encoder.encode(&samples, &mut payload).unwrap();
                let header = Header {
                    payload_type: *payload_type,
                    sequence: self.step as u16,
                    timestamp: *timestamp,
                    ssrc: 5,
                    marker: false,
                };
                *timestamp = timestamp.wrapping_add(encoder.coding().row().clock_rate / 50);
                let packet = rtp::Packet { header, csrc_count: 0, extension: None, payload: &payload };
                let taps = self.tapings.iter_mut().filter_map(|taping| taping.tap.as_mut());
                for tap in taps.filter(|_| !lost(self.step)) {
                    // It arrives a little unevenly.
                    tap.hear(side, &packet, now + u64::from(self.step % 5) * 3_000);
                }
            }
            self.step += 1;
            if self.step.is_multiple_of(3) {
                self.serve();
            }
        }
    }

    fn serve(&mut self) {
        let now = u64::from(self.step) * 20_000;
        for taping in &mut self.tapings {
            taping.take = taping.take.take().and_then(|take| take.serve(now, false, &self.relay));
        }
    }

    /// The call ends: what was recorded of each side, and how it ended.
    fn end(self) -> ([Vec<i16>; 2], Ending) {
        self.ends().remove(0)
    }

    /// The call ends: the same of each of its recordings.
    fn ends(mut self) -> Vec<([Vec<i16>; 2], Ending)> {
        self.tapings.iter_mut().for_each(|taping| taping.tap = None);
        self.serve();
        self.serve();
        self.tapings.iter().map(Taping::heard).collect()
    }
}

fn share(samples: &[i16], frequency: f64) -> f64 {
    tone::share_at(samples, frequency, 8_000)
}

#[test]
fn each_side_is_on_its_own_channel_for_as_long_as_the_call() {
    let mut scene = Scene::new();
    scene.speak(500, |_| false);
    let ([left, right], ending) = scene.end();
    assert_eq!((left.len(), right.len()), (80_000, 80_000));
    assert_eq!(ending, Ending { lasted: Duration::from_secs(10), ..Ending::default() });
    for second in 0..10 {
        let range = second * 8_000..(second + 1) * 8_000;
        assert!(share(&left[range.clone()], 440.0) > 0.95, "second {second}");
        assert!(share(&right[range], 1000.0) > 0.95, "second {second}");
    }
}

#[test]
fn what_is_lost_is_silence_of_its_own_length_and_what_follows_is_in_its_place() {
    let mut scene = Scene::new();
    scene.speak(300, |step| (100..150).contains(&step));
    let ([left, _], ending) = scene.end();
    assert_eq!(left.len(), 48_000);
    assert!(tone::level(&left[16_160..23_840]) < 1.0, "a second of silence");
    assert!(share(&left[24_000..40_000], 440.0) > 0.95);
    assert_eq!(ending.lost, 0, "the network lost it, not we");
}

#[test]
fn a_pause_is_silence_and_a_stop_ends_it_before_the_call() {
    let mut scene = Scene::new();
    let recording = scene.tapings[0].orders();
    scene.speak(99, |_| false);
    recording.pause(true);
    scene.speak(99, |_| false);
    assert!(recording.is_paused());
    recording.pause(false);
    scene.speak(99, |_| false);
    recording.stop();
    scene.serve();
    scene.speak(99, |_| false);
    let ([left, right], ending) = scene.end();
    assert_eq!(ending.lasted, Duration::from_millis(297 * 20));
    for (side, frequency) in [(&left, 440.0), (&right, 1000.0)] {
        assert!(share(&side[..15_000], frequency) > 0.95);
        assert!(tone::level(&side[17_000..31_000]) < 1.0, "nothing of the pause is kept");
        assert!(share(&side[32_500..47_000], frequency) > 0.95);
    }
}

#[test]
fn a_side_that_cannot_be_decoded_is_silence_and_is_counted_but_not_its_keys_and_its_comfort_noise() {
    let mut scene = Scene::new();
    scene.agree(&[], 0);
    for payload_type in [77, 101, 13] {
        let header = Header { payload_type, ..Header::default() };
        let packet = rtp::Packet { header, csrc_count: 0, extension: None, payload: &[1; 50] };
        scene.tapings[0].tap.as_mut().unwrap().hear(Side::A, &packet, 10);
    }
    scene.speak(50, |_| false);
    assert_eq!(scene.end().1.unreadable, 1);
}

#[test]
fn a_disk_that_takes_no_more_ends_the_recording_and_says_why() {
    let mut scene = Scene::new();
    scene.tapings[0].kept.lock().unwrap().room = Some(40_000);
    scene.speak(300, |_| false);
    let (_, ending) = scene.tapings[0].heard();
    assert_eq!(ending.failed.as_deref(), Some("the disk is full"));
    assert_eq!(ending.lasted, Duration::from_secs(2));
}

#[test]
fn a_new_source_and_a_jump_of_its_clock_are_set_by_their_arrival() {
    let mut track = Track::default();
    let header = |ssrc, timestamp| Header { ssrc, timestamp, ..Header::default() };
    assert!(track.put(Coding::Pcma, &header(1, 1_000_000), &[0x2A; 160], 100));
    assert!(track.put(Coding::Pcma, &header(1, 1_000_160), &[0x2A; 160], 300));
    assert!(track.put(Coding::Pcma, &header(2, 5), &[0x2A; 160], 1_000));
    assert!(track.put(Coding::Pcma, &header(2, 900_000_000), &[0x2A; 160], 2_000));
    let samples: Vec<i16> = track.take(3_000).collect();
    let loud: Vec<usize> = (0..3_000).filter(|&at| samples[at] != 0).collect();
    let expected: Vec<usize> = (100..420).chain(1_000..1_160).chain(2_000..2_160).collect();
    assert_eq!(loud, expected);
    assert!(track.put(Coding::Pcma, &header(2, 900_000_160), &[0x2A; 160], 2_160), "too late");
    assert!(track.take(100).all(|sample| sample == 0));
}

/// Whether a part of a side is a tone of this frequency at the level at which it was said.
fn assert_sounds(side: &[i16], [from, to]: [usize; 2], hertz: f64) {
    let part = &side[from..to];
    let decibels = 20.0 * (tone::level(part) / (8_000.0 / 2_f64.sqrt())).log10();
    assert!(decibels.abs() < 2.5, "{hertz} Hz from {from}: {decibels:.1} dB");
    assert!(share(part, hertz) > 0.75, "{hertz} Hz from {from}: {:.2}", share(part, hertz));
}

#[test]
fn a_codec_or_number_that_is_agreed_on_in_the_middle_of_a_call_goes_on_sounding_in_its_place() {
    let mut scene = Scene::new();
    scene.speak(99, |_| false);
    // The caller turns to codecs without a fixed number; the clock of the first goes on, that of the second is set anew, as is the
    // number of the last, which meant the one before.
    let turns = [
        (Coding::Opus, 96, None),
        (Coding::G722, 9, Some(77)),
        (Coding::G729, 97, Some(0x8000_0000)),
        (Coding::Opus, 97, None),
        (Coding::Pcmu, 0, None),
    ];
    for (coding, number, timestamp) in turns {
        let now = u64::from(scene.step) * 20_000;
        let meant: &[_] = if number < 96 { &[] } else { &[(number, coding)] };
        scene.agree(meant, now);
        // It is held and taken up again: what was agreed stays.
        scene.agree(meant, now + 1);
        scene.voices[0].turn(coding, number, timestamp);
        scene.speak(99, |_| false);
    }
    let ([left, right], ending) = scene.end();
    assert_eq!(ending, Ending { lasted: Duration::from_millis(6 * 1_980), ..Ending::default() });
    for turn in 0..6 {
        // A codec's first packets settle it, and its audio comes out a little late.
        let range = [turn * 15_840 + 800, (turn + 1) * 15_840 - 320];
        assert_sounds(&left, range, 440.0);
        assert_sounds(&right, [turn * 15_840, (turn + 1) * 15_840], 1000.0);
        // No longer without a sound at the seam than a packet or two.
        let seam = &left[(turn * 15_840).max(800) - 800..turn * 15_840 + 800];
        let silent = seam.iter().fold((0, 0), |(most, now), sample| {
            let now = if sample.abs() < 200 { now + 1 } else { 0 };
            (most.max(now), now)
        });
        assert!(silent.0 < 400, "turn {turn}: {} samples of silence", silent.0);
    }
}

#[test]
fn a_side_that_holds_is_silent_and_sounds_again_in_the_codec_that_it_had() {
    let mut scene = Scene::new();
    scene.agree(&[(96, Coding::Opus)], 0);
    scene.voices[0].turn(Coding::Opus, 96, None);
    scene.speak(90, |_| false);
    // Nothing comes for 1.8 s, and its clock stands still.
    let before = scene.voices[0].timestamp;
    scene.speak(90, |_| true);
    scene.agree(&[(96, Coding::Opus)], u64::from(scene.step) * 20_000);
    scene.voices[0].timestamp = before;
    scene.speak(90, |_| false);
    let ([left, _], ending) = scene.end();
    assert_eq!((ending.unreadable, ending.lost), (0, 0));
    assert_sounds(&left, [800, 14_000], 440.0);
    assert!(tone::level(&left[14_800..28_700]) < 1.0, "nothing of the hold");
    assert_sounds(&left, [30_000, 43_000], 440.0);
}

#[test]
fn of_two_recordings_of_a_call_one_pauses_and_stops_while_the_other_hears_all_of_it() {
    let mut scene = Scene::new();
    scene.speak(99, |_| false);
    let late = scene.also();
    scene.speak(99, |_| false);
    late.pause(true);
    scene.speak(99, |_| false);
    late.pause(false);
    scene.tapings[0].orders().pause(true);
    scene.speak(99, |_| false);
    scene.tapings[0].orders().pause(false);
    late.stop();
    scene.serve();
    assert!(scene.tapings[1].take.is_none() && scene.tapings[0].take.is_some(), "the one alone is over");
    scene.speak(99, |_| false);
    let [(whole, long), (part, short)] = <[_; 2]>::try_from(scene.ends()).unwrap();
    assert_eq!(long, Ending { lasted: Duration::from_millis(5 * 1_980), ..Ending::default() });
    assert_eq!(short, Ending { lasted: Duration::from_millis(3 * 1_980), ..Ending::default() });
    // In parts of 1.98 s, each without its edges.
    let part_of =
        |samples: &[i16], index: usize| samples[index * 15_840 + 960..(index + 1) * 15_840 - 480].to_vec();
    for (side, hertz) in [(0, 440.0), (1, 1000.0)] {
        for index in [0, 1, 2, 4] {
            let heard = share(&part_of(&whole[side], index), hertz);
            assert!(heard > 0.95, "{hertz} Hz, part {index} of the one: {heard:.2}");
        }
        assert!(tone::level(&part_of(&whole[side], 3)) < 1.0, "its own pause");
        for index in [0, 2] {
            let heard = share(&part_of(&part[side], index), hertz);
            assert!(heard > 0.95, "{hertz} Hz, part {index} of the other: {heard:.2}");
        }
        assert!(tone::level(&part_of(&part[side], 1)) < 1.0, "its own pause");
    }
}

#[test]
fn a_recording_whose_disk_is_full_or_whose_queue_is_ends_and_loses_nothing_of_the_other_one() {
    let mut scene = Scene::new();
    scene.also();
    scene.tapings[0].kept.lock().unwrap().room = Some(40_000);
    scene.speak(150, |_| false);
    // Nobody takes what the second hears, for longer than its queue lasts.
    let taking = scene.tapings[1].take.take();
    scene.speak(150, |_| false);
    scene.tapings[1].take = taking;
    scene.serve();
    // Where the first was is room for another one.
    scene.also();
    scene.speak(99, |_| false);
    let [(_, full), (_, slow), (_, last)] = <[_; 3]>::try_from(scene.ends()).unwrap();
    assert_eq!((full.failed.as_deref(), full.lasted), (Some("the disk is full"), Duration::from_secs(2)));
    assert_eq!((slow.failed, slow.lasted), (None, Duration::from_millis(399 * 20)));
    assert_eq!(slow.lost, 300 - crate::TAP_PACKETS_MAX as u64, "its own");
    assert_eq!(last, Ending { lasted: Duration::from_millis(1_980), ..Ending::default() });
}
