//! Recording: what both sides say, side by side on one line of time, the caller left and the callee right.
//!
//! Workers hand packets over through a [tap](crate::tap) and go on; one thread decodes them and hands whole seconds to a [`Sink`].
//! What is missing is silence: a packet that was lost or did not fit, a pause, a codec that we can't decode. So a moment of the
//! recording is the same moment of the call.

use crate::{Handle, RelayError, SessionId, tap::Tapped};
use media::{
    clip::SAMPLE_RATE,
    codec::{Coding, Decoder},
    rtp::Header,
};
use std::{
    fmt, io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Recordings at a time, in all; more are refused.
pub const RECORDINGS_MAX: usize = 2_000;
/// How often packets are taken: the queue of a tap holds two and a half seconds of them.
const ROUND: Duration = Duration::from_millis(50);
/// How long late packets are waited for, samples: half a second.
const DELAY: u64 = SAMPLE_RATE as u64 / 2;
/// Samples of each side that are handed over at a time: a second.
const BLOCK: u64 = SAMPLE_RATE as u64;
/// How far a stream's own time may be from that of its arrival before it is set anew, samples.
const DRIFT_MAX: u64 = SAMPLE_RATE as u64 * 3 / 10;

/// Where a recording goes. Called on the recorder's thread, which serves others, too: it writes to a disk and waits for nothing else.
pub trait Sink: Send {
    /// Takes samples of both sides in turn, the caller first, [`SAMPLE_RATE`] of each a second.
    ///
    /// # Errors
    /// Where they can't be kept: the recording ends.
    fn write(&mut self, stereo: &[i16]) -> io::Result<()>;
    /// The recording is over.
    fn end(self: Box<Self>, ending: Ending);
}

/// How a recording ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ending {
    /// How long it is.
    pub lasted: Duration,
    /// Packets that did not fit, and are silence.
    pub lost: u64,
    /// Packets that could not be decoded, and are silence.
    pub unreadable: u64,
    /// Why it could not go on, where it ended before the call.
    pub failed: Option<String>,
}

/// A recording that goes on. Dropping it changes nothing.
#[derive(Debug, Clone)]
pub struct Recording(Arc<Orders>);

#[derive(Debug, Default)]
struct Orders {
    is_paused: AtomicBool,
    is_stopped: AtomicBool,
}

impl Recording {
    /// What is said from now on is silence, or is heard again.
    pub fn pause(&self, is_paused: bool) {
        self.0.is_paused.store(is_paused, Relaxed);
    }

    /// Whether it is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.0.is_paused.load(Relaxed)
    }

    /// Ends it; its sink hears so in a moment.
    pub fn stop(&self) {
        self.0.is_stopped.store(true, Relaxed);
    }
}

/// The thread that records. Dropping it ends all recordings.
#[derive(Debug)]
pub struct Recorder {
    relay: Handle,
    queue: Mutex<Option<SyncSender<Take>>>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Starts the thread.
    ///
    /// # Errors
    /// Where it can't be had.
    pub fn start(relay: Handle) -> io::Result<Self> {
        let (sender, receiver) = mpsc::sync_channel(RECORDINGS_MAX);
        let own = relay.clone();
        let thread =
            thread::Builder::new().name("recorder".to_owned()).spawn(move || run(&receiver, &own))?;
        Ok(Self { relay, queue: Mutex::new(Some(sender)), thread: Some(thread) })
    }

    /// Records a session from now on, until it ends or is stopped.
    ///
    /// # Errors
    /// `Unknown` for a session that is over, `Full` where as many recordings wait as may, `Stopped`.
    pub fn record(&self, session: SessionId, sink: Box<dyn Sink>) -> Result<Recording, RelayError> {
        let codecs = self.relay.codecs(session)?;
        let orders = Arc::<Orders>::default();
        let tapped = self.relay.listen(session)?;
        let take = Take::new(Some(session), tapped, codecs, self.relay.now_us(), Arc::clone(&orders), sink);
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = queue.as_ref().ok_or(RelayError::Stopped)?.try_send(take);
        sent.map_err(|_| RelayError::Full { limit: RECORDINGS_MAX })?;
        Ok(Recording(orders))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(queue: &Receiver<Take>, relay: &Handle) {
    let mut takes: Vec<Take> = Vec::new();
    let mut next = Instant::now();
    loop {
        let is_stopping = match queue.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(take) if takes.len() < RECORDINGS_MAX => {
                takes.push(take);
                false
            }
            Ok(take) => {
                take.over(relay.now_us(), Some("as many calls are recorded as may be at a time".to_owned()));
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        };
        if Instant::now() < next && !is_stopping {
            continue;
        }
        next = Instant::now() + ROUND;
        let now = relay.now_us();
        let served = std::mem::take(&mut takes).into_iter();
        takes = served.filter_map(|take| take.serve(now, is_stopping, relay)).collect();
        if is_stopping {
            return;
        }
    }
}

/// A recording, as its thread holds it.
struct Take {
    session: Option<SessionId>,
    tapped: Tapped,
    /// What payload types mean that are not fixed.
    codecs: Vec<(u8, Coding)>,
    start_us: u64,
    orders: Arc<Orders>,
    sink: Box<dyn Sink>,
    tracks: [Track; 2],
    /// Samples of each side that were handed over.
    written: u64,
    unreadable: u64,
    is_ending: bool,
}

impl fmt::Debug for Take {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Take({:?}, {})", self.session, self.written)
    }
}

impl Take {
    fn new(
        session: Option<SessionId>,
        tapped: Tapped,
        codecs: Vec<(u8, Coding)>,
        start_us: u64,
        orders: Arc<Orders>,
        sink: Box<dyn Sink>,
    ) -> Self {
        let tracks = [Track::default(), Track::default()];
        let (written, unreadable, is_ending) = (0, 0, false);
        Self { session, tapped, codecs, start_us, orders, sink, tracks, written, unreadable, is_ending }
    }

    /// Takes what has come, and hands on what is whole; `None` where it is over.
    fn serve(mut self, now_us: u64, is_stopping: bool, relay: &Handle) -> Option<Self> {
        if (is_stopping || self.orders.is_stopped.load(Relaxed)) && !self.is_ending {
            self.is_ending = true;
            // Of a session that is gone nobody hears any more.
            let _ = self.session.map(|session| relay.unlisten(session));
        }
        let is_over = self.tapped.is_over() || self.is_ending;
        self.listen();
        if is_over {
            self.over(now_us, None);
            return None;
        }
        match self.hand_on(self.position(now_us).saturating_sub(DELAY), false) {
            Ok(()) => Some(self),
            Err(error) => {
                let _ = self.session.map(|session| relay.unlisten(session));
                self.finish(Some(error.to_string()));
                None
            }
        }
    }

    /// Writes what is left, and says that it is over.
    fn over(mut self, now_us: u64, failed: Option<String>) {
        let failed =
            failed.or_else(|| self.hand_on(self.position(now_us), true).err().map(|e| e.to_string()));
        self.finish(failed);
    }

    fn finish(self, failed: Option<String>) {
        let lasted = Duration::from_micros(self.written * 1_000_000 / u64::from(SAMPLE_RATE));
        let (lost, unreadable) = (self.tapped.lost(), self.unreadable);
        self.sink.end(Ending { lasted, lost, unreadable, failed });
    }

    /// The sample of a time.
    const fn position(&self, at_us: u64) -> u64 {
        at_us.saturating_sub(self.start_us) * SAMPLE_RATE as u64 / 1_000_000
    }

    fn listen(&mut self) {
        let is_paused = self.orders.is_paused.load(Relaxed);
        while let Some(heard) = self.tapped.hear() {
            if is_paused {
                continue;
            }
            let arrival = self.position(heard.at_us);
            let track = &mut self.tracks[heard.side.index()];
            match coding_of(&self.codecs, heard.header.payload_type) {
                Some(coding) if track.put(coding, &heard.header, heard.payload(), arrival) => {}
                _ => self.unreadable += 1,
            }
        }
    }

    /// Hands on what lies before a sample: whole blocks, at the end the rest, too.
    fn hand_on(&mut self, until: u64, is_end: bool) -> io::Result<()> {
        let mut stereo = Vec::new();
        while self.written < until {
            let count = (until - self.written).min(BLOCK);
            if count < BLOCK && !is_end {
                break;
            }
            let [left, right] = &mut self.tracks;
            let (left, right) = (left.take(count), right.take(count));
            stereo.clear();
            stereo.extend(left.zip(right).flat_map(|(left, right)| [left, right]));
            self.sink.write(&stereo)?;
            self.written += count;
        }
        Ok(())
    }
}

fn coding_of(codecs: &[(u8, Coding)], payload: u8) -> Option<Coding> {
    let known = codecs.iter().find(|(known, _)| *known == payload).map(|(_, coding)| *coding);
    known.or_else(|| Coding::of_name(media::codec::by_fixed_payload(payload)?.name))
}

/// What one side says, on the line of time.
#[derive(Debug, Default)]
struct Track {
    decoder: Option<Decoder>,
    /// A moment of the stream: its source, its timestamp, and the sample where that is.
    anchor: Option<(u32, u32, u64)>,
    /// What is not handed on yet, and the sample where it begins.
    samples: std::collections::VecDeque<i16>,
    base: u64,
}

impl Track {
    /// Puts a packet in its place; `false` where it can't be decoded.
    fn put(&mut self, coding: Coding, header: &Header, payload: &[u8], arrival: u64) -> bool {
        if self.decoder.as_ref().is_none_or(|decoder| decoder.coding() != coding) {
            self.decoder = Decoder::new(coding, SAMPLE_RATE);
        }
        let Some(decoder) = &mut self.decoder else { return false };
        let mut samples = Vec::new();
        if decoder.decode(payload, &mut samples).is_err() {
            return false;
        }
        let clock = i64::from(coding.row().clock_rate.max(1));
        let by_stream =
            self.anchor.filter(|(ssrc, ..)| *ssrc == header.ssrc).and_then(|(_, timestamp, place)| {
                let passed = i64::from(header.timestamp.wrapping_sub(timestamp) as i32);
                place.checked_add_signed(passed * i64::from(SAMPLE_RATE) / clock)
            });
        let place = by_stream.filter(|place| place.abs_diff(arrival) <= DRIFT_MAX).unwrap_or(arrival);
        self.anchor = Some((header.ssrc, header.timestamp, place));
        let late = self.base.saturating_sub(place) as usize;
        let from = place.saturating_sub(self.base) as usize;
        let kept = samples.get(late..).unwrap_or_default();
        if self.samples.len() < from + kept.len() {
            self.samples.resize(from + kept.len(), 0);
        }
        for (index, sample) in kept.iter().enumerate() {
            self.samples[from + index] = *sample;
        }
        true
    }

    /// The next samples; what is missing is silence.
    fn take(&mut self, count: u64) -> impl Iterator<Item = i16> {
        self.base += count;
        let known = self.samples.len().min(count as usize);
        let silence = std::iter::repeat_n(0, count as usize - known);
        self.samples.drain(..known).chain(silence)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
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
}
