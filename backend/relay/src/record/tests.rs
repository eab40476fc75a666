//! Recordings on a virtual clock: what is heard, where, and how each ends.

use super::*;
use crate::{
    Side,
    tap::{Tap, tap},
};
use media::{g711::Law, rtp, tone};

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

/// A call of a caller at 440 Hz in A-law and a callee at 1000 Hz in μ-law, on a virtual clock.
struct Scene {
    tap: Option<Tap>,
    take: Option<Take>,
    kept: Arc<Mutex<Kept>>,
    orders: Arc<Orders>,
    relay: Handle,
    sines: [tone::Sine; 2],
    step: u32,
}

impl Scene {
    fn new() -> Self {
        let (tap, tapped) = tap();
        let (kept, orders) = (Arc::<Mutex<Kept>>::default(), Arc::<Orders>::default());
        let sink = Box::new(Keeper(Arc::clone(&kept)));
        let take = Take::new(None, tapped, Vec::new(), 0, Arc::clone(&orders), sink);
        let relay = Handle::new(Vec::new(), "127.0.0.1".parse().unwrap(), 1, Instant::now());
        let sines = [440.0, 1000.0].map(|frequency| tone::Sine::new(frequency, 8_000, 8_000));
        Self { tap: Some(tap), take: Some(take), kept, orders, relay, sines, step: 0 }
    }

    /// Both speak for so many packets, of which those that `lost` names never come.
    fn speak(&mut self, packets: u32, lost: impl Fn(u32) -> bool) {
        for _ in 0..packets {
            let now = u64::from(self.step) * 20_000;
            for (side, law, payload_type) in [(Side::A, Law::A, 8), (Side::B, Law::Mu, 0)] {
                let mut samples = [0; 160];
                self.sines[side.index()].fill(&mut samples);
                let mut payload = Vec::new();
                law.encode_into(&samples, &mut payload);
                let header = Header {
                    payload_type,
                    sequence: self.step as u16,
                    timestamp: self.step.wrapping_mul(160).wrapping_add(0xFFFF_F000),
                    ssrc: 5,
                    marker: false,
                };
                let packet = rtp::Packet { header, csrc_count: 0, extension: None, payload: &payload };
                if let Some(tap) = self.tap.as_mut().filter(|_| !lost(self.step)) {
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
        self.take = self.take.take().and_then(|take| take.serve(now, false, &self.relay));
    }

    /// The call ends: what was recorded of each side, and how it ended.
    fn end(mut self) -> ([Vec<i16>; 2], Ending) {
        self.tap = None;
        self.serve();
        self.serve();
        assert!(self.take.is_none(), "it is over");
        let kept = self.kept.lock().unwrap();
        let side = |side: usize| kept.stereo.iter().skip(side).step_by(2).copied().collect();
        ([side(0), side(1)], kept.ending.clone().unwrap())
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
    let recording = Recording(Arc::clone(&scene.orders));
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
fn a_side_that_cannot_be_decoded_is_silence_and_is_counted() {
    let mut scene = Scene::new();
    let header = Header { payload_type: 77, ..Header::default() };
    let packet = rtp::Packet { header, csrc_count: 0, extension: None, payload: &[1; 50] };
    scene.tap.as_mut().unwrap().hear(Side::A, &packet, 10);
    scene.speak(50, |_| false);
    assert_eq!(scene.end().1.unreadable, 1);
}

#[test]
fn a_disk_that_takes_no_more_ends_the_recording_and_says_why() {
    let mut scene = Scene::new();
    scene.kept.lock().unwrap().room = Some(40_000);
    scene.speak(300, |_| false);
    assert!(scene.take.is_none());
    let ending = scene.kept.lock().unwrap().ending.clone().unwrap();
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
