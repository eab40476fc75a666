//! The handle: what other threads ask of the relay. Every call is quick; none waits for a packet.

use crate::{Conversion, Digit, Endpoint, Playback, Rules, SessionStats, Side, Tapped, Tones, control::Link};
use media::transcode::Voice;
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};
use thiserror::Error;
use tracing::{info, warn};

/// The share of sessions in use from which it is warned, percent, and below which there is room again.
const SCARCE_FROM: usize = 80;
const SCARCE_UNTIL: usize = 70;

/// A session of the relay. Its number is never used again while the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

impl SessionId {
    const fn new(worker: usize, slot: u32, generation: u32) -> Self {
        Self((generation as u64) << 32 | (worker as u64 & 0xFF) << 24 | (slot as u64 & 0xFF_FFFF))
    }

    const fn parts(self) -> (usize, u32, u32) {
        ((self.0 >> 24 & 0xFF) as usize, (self.0 & 0xFF_FFFF) as u32, (self.0 >> 32) as u32)
    }
}

/// Why the relay can't do what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RelayError {
    /// The bound on sessions is reached.
    #[error("the media relay has {limit} calls, its limit")]
    Full {
        /// The bound.
        limit: usize,
    },
    /// All ports are taken, or rest after use.
    #[error(
        "no media port is free: {active} calls use them and {resting} pairs rest after use; widen DIALTONE_MEDIA__PORTS"
    )]
    NoPorts {
        /// Sessions that are open.
        active: usize,
        /// Pairs that rest.
        resting: usize,
    },
    /// The worker has as much to transcode as it can.
    #[error("the media relay transcodes as many calls as it can: let the sides share a codec")]
    Transcoding,
    /// As many listen to the session as may.
    #[error("{limit} listen to this media session already, and no more may")]
    Listened {
        /// How many may.
        limit: usize,
    },
    /// No such session, or it is closed.
    #[error("there is no such media session any more")]
    Unknown,
    /// The relay does not run, or has been shut down.
    #[error("the media relay does not run")]
    Stopped,
}

/// The relay, from outside. Clones are the same relay.
#[derive(Debug, Clone)]
pub struct Handle(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    links: Vec<Link>,
    public: IpAddr,
    /// The zero of the workers' clock.
    origin: Instant,
    sessions_max: usize,
    active: AtomicUsize,
    /// Whether it was said that places are nearly used up.
    is_scarce: AtomicBool,
    /// How often a worker has died.
    deaths: Arc<AtomicU64>,
}

impl Handle {
    pub(crate) fn new(links: Vec<Link>, public: IpAddr, sessions_max: usize, origin: Instant) -> Self {
        Self(Arc::new(Shared {
            links,
            public,
            origin,
            sessions_max,
            active: AtomicUsize::new(0),
            is_scarce: AtomicBool::new(false),
            deaths: Arc::default(),
        }))
    }

    fn link(&self, session: SessionId) -> Result<(&Link, u32, u32), RelayError> {
        let (worker, slot, generation) = session.parts();
        Ok((self.0.links.get(worker).ok_or(RelayError::Unknown)?, slot, generation))
    }

    /// Takes a pair of ports for each side, both on the worker that has the fewest sessions.
    ///
    /// # Errors
    /// `Full`, `NoPorts`, `Stopped`.
    pub fn open(&self) -> Result<SessionId, RelayError> {
        let limit = self.0.sessions_max;
        let below = |active: usize| (active < limit).then_some(active + 1);
        if self.0.active.fetch_update(Relaxed, Relaxed, below).is_err() {
            return Err(RelayError::Full { limit });
        }
        let opened = self.open_somewhere();
        if opened.is_err() {
            self.0.active.fetch_sub(1, Relaxed);
        }
        self.look_at_room();
        opened
    }

    /// Warns where sessions are nearly used up, once until there is room again.
    fn look_at_room(&self) {
        let (active, capacity) = (self.active(), self.capacity());
        let share = active * 100 / capacity.max(1);
        if share >= SCARCE_FROM && !self.0.is_scarce.swap(true, Relaxed) {
            warn!(
                active,
                capacity, "media ports are nearly used up: widen DIALTONE_MEDIA__PORTS, or calls get 503"
            );
        } else if share < SCARCE_UNTIL && self.0.is_scarce.swap(false, Relaxed) {
            info!(active, capacity, "there are enough media ports again");
        }
    }

    /// Whether so many sessions are open that ports are nearly used up: from 80 % on, until less than 70 % are.
    #[must_use]
    pub fn is_scarce(&self) -> bool {
        self.0.is_scarce.load(Relaxed)
    }

    /// How often a worker has died and was replaced since the start.
    #[must_use]
    pub fn deaths(&self) -> u64 {
        self.0.deaths.load(Relaxed)
    }

    /// Where the workers' threads count that.
    pub(crate) fn count_of_deaths(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.0.deaths)
    }

    fn open_somewhere(&self) -> Result<SessionId, RelayError> {
        let (links, now) = (&self.0.links, Instant::now());
        let least = (0..links.len()).min_by_key(|&worker| links[worker].active()).unwrap_or(0);
        for worker in (0..links.len()).map(|step| (least + step) % links.len()) {
            if let Some((slot, generation)) = links[worker].open(now)? {
                return Ok(SessionId::new(worker, slot, generation));
            }
        }
        let resting = links.iter().map(Link::free_pairs).sum();
        Err(RelayError::NoPorts { active: self.active().saturating_sub(1), resting })
    }

    /// The public address, the RTP port and the RTCP port where a side's far end must send to.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn local(&self, session: SessionId, side: Side) -> Result<(IpAddr, u16, u16), RelayError> {
        let (link, slot, generation) = self.link(session)?;
        let address = link.local(slot, generation, side)?;
        Ok((address.ip(), address.port(), address.port() + 1))
    }

    /// Says where a side's far end is and which way it lets audio flow; `None` for a far end that wants none. Packets are relayed from
    /// when both sides' ends are known, answered or not.
    ///
    /// # Errors
    /// `Unknown`, `Stopped`.
    pub fn set_remote(
        &self,
        session: SessionId,
        side: Side,
        remote: Option<&Endpoint>,
    ) -> Result<(), RelayError> {
        let (link, slot, generation) = self.link(session)?;
        link.set_remote(slot, generation, side, remote)
    }

    /// Says what holds for a session's media, and who hears of its loss.
    ///
    /// # Errors
    /// `Unknown`, `Stopped`.
    pub fn govern(&self, session: SessionId, rules: Rules) -> Result<(), RelayError> {
        let (link, slot, generation) = self.link(session)?;
        link.govern(slot, generation, rules)
    }

    /// Has the digits of one side converted from now on; `None` ends that.
    ///
    /// # Errors
    /// `Unknown`, `Stopped`.
    pub fn convert(&self, session: SessionId, plan: Option<Conversion>) -> Result<(), RelayError> {
        let (link, slot, generation) = self.link(session)?;
        link.convert(slot, generation, plan)
    }

    /// Has the audio between the sides, A and B, transcoded from now on; `None` ends that. `tones` says where digits are in it.
    ///
    /// # Errors
    /// `Unknown`, `Stopped`; `Transcoding` where the worker has as much of it as it can do, all being as before then.
    pub fn transcode(
        &self,
        session: SessionId,
        voices: Option<&[Voice; 2]>,
        tones: Option<Tones>,
    ) -> Result<(), RelayError> {
        let (link, slot, generation) = self.link(session)?;
        link.transcode(slot, generation, voices, tones)
    }

    /// Presses a key towards the side that has telephone-events, after those that were pressed before. Without a conversion
    /// nothing happens; of more than [`KEYS_MAX`](crate::KEYS_MAX) that wait the newest are dropped.
    ///
    /// # Errors
    /// `Unknown`, `Stopped`.
    pub fn press(&self, session: SessionId, digit: Digit) -> Result<(), RelayError> {
        let (link, slot, generation) = self.link(session)?;
        link.press(slot, generation, digit)
    }

    /// Plays something to a side in place of what the other one says; `None` ends that. A side that is not known yet hears nothing
    /// of it, and one that holds neither.
    ///
    /// # Errors
    /// `Unknown`, `Stopped`.
    pub fn play(&self, session: SessionId, side: Side, playback: Option<Playback>) -> Result<(), RelayError> {
        let (link, slot, generation) = self.link(session)?;
        link.play(slot, generation, side, playback)
    }

    /// Listens to what both sides say from now on, beside who else does: [`TAPS_MAX`](crate::TAPS_MAX) at most.
    ///
    /// # Errors
    /// `Unknown`, `Stopped`, `Listened`.
    pub fn listen(&self, session: SessionId) -> Result<Tapped, RelayError> {
        let (link, slot, generation) = self.link(session)?;
        link.listen(slot, generation)
    }

    /// The time of the workers' clock, microseconds.
    pub(crate) fn now_us(&self) -> u64 {
        self.0.origin.elapsed().as_micros() as u64
    }

    /// Has one that listens to a session hear nothing any more; others go on.
    ///
    /// # Errors
    /// `Unknown`, `Stopped`.
    pub fn unlisten(&self, session: SessionId, who: &Tapped) -> Result<(), RelayError> {
        let (link, slot, generation) = self.link(session)?;
        link.unlisten(slot, generation, who)
    }

    /// Notes that the call is answered; the first time counts.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn join(&self, session: SessionId) -> Result<(), RelayError> {
        let (link, slot, generation) = self.link(session)?;
        link.join(slot, generation)
    }

    /// The figures so far.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn stats(&self, session: SessionId) -> Result<SessionStats, RelayError> {
        let (link, slot, generation) = self.link(session)?;
        link.stats(slot, generation)
    }

    /// Ends a session; its ports rest from now. The figures are the last ones.
    ///
    /// # Errors
    /// `Unknown`, also for a session that was closed already.
    pub fn close(&self, session: SessionId) -> Result<SessionStats, RelayError> {
        let (link, slot, generation) = self.link(session)?;
        let stats = link.close(slot, generation)?;
        self.0.active.fetch_sub(1, Relaxed);
        self.look_at_room();
        Ok(stats)
    }

    /// Sessions that are open.
    #[must_use]
    pub fn active(&self) -> usize {
        self.0.active.load(Relaxed)
    }

    /// Sessions that the ports and the bound allow at a time.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.links.iter().map(Link::capacity).sum::<usize>().min(self.0.sessions_max)
    }

    /// The address that descriptions name.
    #[must_use]
    pub fn public(&self) -> IpAddr {
        self.0.public
    }

    /// Stops the workers; sessions that are open fall silent.
    pub fn shutdown(&self) {
        self.0.links.iter().for_each(Link::stop);
    }
}
