//! Recording: what both sides say, side by side on one line of time, the caller left and the callee right.
//!
//! Workers hand packets over through a [tap](crate::tap) and go on; one thread decodes them and hands whole seconds to a [`Sink`].
//! A codec that is agreed on in the middle of a call is followed. A session may be recorded [twice](crate::TAPS_MAX) at a time: each
//! recording has a tap, a sink and orders of its own.
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
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError},
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
    /// Packets of audio that could not be decoded, and are silence.
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
    thread: Mutex<Option<JoinHandle<()>>>,
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
        Ok(Self { relay, queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Records a session from now on, until it ends or is stopped.
    ///
    /// # Errors
    /// `Unknown` for a session that is over, `Listened` where it is recorded as often as may be, `Full` where as many recordings wait
    /// as may, `Stopped`.
    pub fn record(&self, session: SessionId, sink: Box<dyn Sink>) -> Result<Recording, RelayError> {
        let orders = Arc::<Orders>::default();
        let tapped = self.relay.listen(session)?;
        let take = Take::new(Some(session), tapped, self.relay.now_us(), Arc::clone(&orders), sink);
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let (take, why) = match queue.as_ref().ok_or(RelayError::Stopped)?.try_send(take) {
            Ok(()) => return Ok(Recording(orders)),
            Err(TrySendError::Full(take)) => (take, RelayError::Full { limit: RECORDINGS_MAX }),
            Err(TrySendError::Disconnected(take)) => (take, RelayError::Stopped),
        };
        take.leave(&self.relay);
        Err(why)
    }

    /// Ends all recordings, and waits until their sinks have heard so; none begins any more.
    pub fn stop(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stop();
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
                take.leave(relay);
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
        start_us: u64,
        orders: Arc<Orders>,
        sink: Box<dyn Sink>,
    ) -> Self {
        let tracks = [Track::default(), Track::default()];
        let (written, unreadable, is_ending) = (0, 0, false);
        Self { session, tapped, start_us, orders, sink, tracks, written, unreadable, is_ending }
    }

    /// Takes what has come, and hands on what is whole; `None` where it is over.
    fn serve(mut self, now_us: u64, is_stopping: bool, relay: &Handle) -> Option<Self> {
        if (is_stopping || self.orders.is_stopped.load(Relaxed)) && !self.is_ending {
            self.is_ending = true;
            self.leave(relay);
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
                self.leave(relay);
                self.finish(Some(error.to_string()));
                None
            }
        }
    }

    /// Listens no more; who else records the session goes on.
    fn leave(&self, relay: &Handle) {
        // Of a session that is gone nobody hears any more.
        let _ = self.session.map(|session| relay.unlisten(session, &self.tapped));
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
            let coding = self.tapped.coding(&heard);
            if coding.is_none() && self.tapped.is_beside(&heard) {
                continue;
            }
            let track = &mut self.tracks[heard.side.index()];
            match coding {
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
        let before = self.decoder.as_ref().map(Decoder::coding);
        if before != Some(coding) {
            self.decoder = Decoder::new(coding, SAMPLE_RATE);
            // Timestamps of another clock say nothing of this one's.
            let is_of_clock = |before: Coding| before.row().clock_rate == coding.row().clock_rate;
            self.anchor = self.anchor.filter(|_| before.is_none_or(is_of_clock));
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
mod tests;
