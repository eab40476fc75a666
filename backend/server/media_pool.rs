//! The seam between edge and relay: neighbours that are strangers meet here.

use app::App;
use bytes::Bytes;
use edge::seam::{
    Digit, DigitListener, DirectionStats, Encryption, LossListener, MediaError, MediaId, MediaLoss,
    MediaPool, MediaRules, MediaStats, Prompt, Reported, SdpKind, Side, Tape,
};
use relay::{Bridge, BridgeError, BridgeStats, Recorder, Recording, RelayError, SessionId, Sink};
use std::{
    any::Any,
    sync::Arc,
    time::{Duration, Instant},
};

/// [`Bridge`] in the edge's words.
pub(crate) struct Pool(Bridge, Arc<Recorder>);

impl Pool {
    pub(crate) fn new(relay: relay::Handle, recorder: Arc<Recorder>) -> Self {
        Self(Bridge::new(relay), recorder)
    }
}

/// [`Recording`] in the edge's words.
#[derive(Debug)]
struct Reel(Recording);

impl Tape for Reel {
    fn pause(&self, is_paused: bool) {
        self.0.pause(is_paused);
    }

    fn stop(&self) {
        self.0.stop();
    }
}

impl MediaPool for Pool {
    fn open(&self) -> Result<MediaId, MediaError> {
        self.0.open().map_err(error)
    }

    fn update(&self, id: MediaId, from: Side, kind: SdpKind, sdp: &[u8]) -> Result<Bytes, MediaError> {
        let from = side(from);
        let kind = match kind {
            SdpKind::Offer => relay::Kind::Offer,
            SdpKind::Answer => relay::Kind::Answer,
        };
        self.0.update(id, from, kind, sdp).map(Bytes::from).map_err(error)
    }

    fn encrypt(&self, id: MediaId, sides: [Encryption; 2]) {
        self.0.encrypt(
            id,
            sides.map(|side| match side {
                Encryption::Off => relay::Encryption::Off,
                Encryption::Accepted => relay::Encryption::Accepted,
                Encryption::Offered => relay::Encryption::Offered,
                Encryption::Required => relay::Encryption::Required,
            }),
        );
    }

    fn govern(&self, id: MediaId, sides: [MediaRules; 2], listener: LossListener) {
        let shorter = |a: Option<Duration>, b: Option<Duration>| a.into_iter().chain(b).min();
        let [a, b] = sides;
        let say = move |loss| {
            listener(match loss {
                relay::Loss::NeverBegan => MediaLoss::NeverBegan,
                relay::Loss::Ceased => MediaLoss::Ceased,
                relay::Loss::WorkerDied => MediaLoss::WorkerDied,
            });
        };
        let rules = relay::Rules {
            learning: [a.learning, b.learning],
            initial: shorter(a.initial_timeout, b.initial_timeout),
            running: shorter(a.timeout, b.timeout),
            listener: relay::LossListener(Arc::new(say)),
        };
        self.0.govern(id, rules);
        self.0.tones(id, [a.tones, b.tones]);
        self.0.allow(id, [a, b].map(|side| codings(&side)));
    }

    fn convert(&self, id: MediaId, info: Option<(Side, DigitListener)>) {
        let info = info.map(|(info, listener)| {
            let say = move |digit: relay::Digit| listener(Digit { key: digit.key, millis: digit.millis });
            (side(info), relay::Listener(Arc::new(say)))
        });
        self.0.convert(id, info);
    }

    fn press(&self, id: MediaId, digit: Digit) -> bool {
        self.0.press(id, relay::Digit { key: digit.key, millis: digit.millis })
    }

    fn announce(&self, id: MediaId, offer: &[u8]) -> Result<Bytes, MediaError> {
        if self.0.relay().is_scarce() {
            return Err(MediaError::NoPorts);
        }
        self.0.announce(id, offer).map(Bytes::from).map_err(error)
    }

    fn play(&self, id: MediaId, to: Side, prompt: &Prompt, lasts: Duration) -> bool {
        let clip = prompt.audio.downcast_ref::<relay::Clip>();
        clip.is_some_and(|clip| self.0.play(id, side(to), clip, lasts).is_some())
    }

    fn hush(&self, id: MediaId, to: Side) {
        self.0.hush(id, side(to));
    }

    fn record(&self, id: MediaId, into: Box<dyn Any + Send>) -> Result<Arc<dyn Tape>, MediaError> {
        let unknown = |_| MediaError::NotRecorded("what it is recorded into is not known here".to_owned());
        let sink = into.downcast::<Box<dyn Sink>>().map_err(unknown)?;
        match self.1.record(SessionId(id), *sink) {
            Ok(recording) => Ok(Arc::new(Reel(recording))),
            Err(RelayError::Unknown) => Err(MediaError::Gone),
            Err(why) => Err(MediaError::NotRecorded(why.to_string())),
        }
    }

    fn join(&self, id: MediaId) {
        self.0.join(id);
    }

    fn stats(&self, id: MediaId) -> Option<MediaStats> {
        self.0.stats(id).ok().map(stats)
    }

    fn close(&self, id: MediaId) -> Option<MediaStats> {
        self.0.close(id).ok().map(stats)
    }
}

/// How often the relay is read.
const READ_EVERY: Duration = Duration::from_secs(1);

/// Reads how full the relay is and whether its workers live, and hands that to the app, for as long as the program runs.
pub(crate) async fn watch(relay: relay::Handle, app: App) {
    let mut every = tokio::time::interval(READ_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let reading = app::pool::Reading {
            sessions: relay.active() as u64,
            capacity: relay.capacity() as u64,
            is_scarce: relay.is_scarce(),
            deaths: relay.deaths(),
        };
        if let Err(error) = app::pool::read(&app, reading).await {
            tracing::warn!(%error, "what the media relay is at could not be told: it is tried again");
        }
    }
}

/// The codecs of a leg's list; names that the relay does not know are none.
fn codings(rules: &MediaRules) -> Vec<relay::Coding> {
    rules.codecs.iter().flatten().filter_map(|name| relay::Coding::of_name(name)).collect()
}

const fn side(side: Side) -> relay::Side {
    match side {
        Side::A => relay::Side::A,
        Side::B => relay::Side::B,
    }
}

fn error(error: BridgeError) -> MediaError {
    match error {
        BridgeError::Relay(RelayError::Unknown) => MediaError::Gone,
        BridgeError::Relay(_) => MediaError::NoPorts,
        BridgeError::Sdp(why) => MediaError::BadSdp(why.to_string()),
    }
}

fn stats(stats: BridgeStats) -> MediaStats {
    MediaStats {
        from_a: direction(&stats.from_a, stats.opened),
        from_b: direction(&stats.from_b, stats.opened),
    }
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

fn direction(stats: &relay::DirectionStats, opened: Instant) -> DirectionStats {
    DirectionStats {
        packets: stats.packets,
        bytes: stats.bytes,
        lost: stats.lost,
        foreign: stats.foreign,
        unauthentic: stats.unauthentic + stats.replayed,
        is_encrypted: stats.is_encrypted,
        jitter_us: micros(stats.jitter),
        jitter_mean_us: micros(stats.jitter_mean),
        jitter_p95_us: micros(stats.jitter_p95),
        jitter_max_us: micros(stats.jitter_max),
        wrong_codec: stats.wrong_codec,
        round_trip_us: stats.round_trip.map(micros),
        round_trip_max_us: stats.round_trip_max.map(micros),
        mos: stats.mos,
        reported: stats.heard.map(|heard| Reported {
            lost: heard.lost,
            of: heard.of,
            jitter_us: micros(heard.jitter),
            mos: heard.mos,
            said_mos: heard.said_mos,
        }),
        codec: stats.codec.clone(),
        verdict: stats.verdict.word().to_owned(),
        explanation: stats.verdict.to_string(),
        first_after: stats.first.map(|first| first.saturating_duration_since(opened)),
    }
}
