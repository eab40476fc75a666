//! The control side of one worker: which ports and places are free, what each session was told, and the queue to the worker.

use crate::{
    Conversion, Digit, Endpoint, RelayError, Rules, SessionStats, Side,
    counters::SessionCounters,
    crypto::Rekeying,
    play::Playback,
    ports::{FreePairs, Pair, Use},
    stats::Known,
    tap::{self, Agreed, TAPS_MAX, Tapped, Terms},
    transcode::{EFFORT_MAX, Exchange, Tones, effort_of},
    worker::{Bell, Command},
};
use media::transcode::Voice;
use rtrb::Producer;
use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// Commands that may wait for one worker.
pub(crate) const COMMANDS_MAX: usize = 4096;
/// How long a full queue is waited for; a worker that lives empties it every tick.
const QUEUE_WAIT: Duration = Duration::from_millis(100);

/// A worker as the handle sees it.
#[derive(Debug)]
pub(crate) struct Link {
    state: Mutex<Control>,
    counters: Arc<[SessionCounters]>,
    active: AtomicUsize,
}

/// What is behind the link's lock, which the worker never takes.
#[derive(Debug)]
pub(crate) struct Control {
    commands: Producer<Command>,
    bell: Arc<Bell>,
    free: FreePairs,
    free_slots: Vec<u32>,
    slots: Vec<Slot>,
    /// Sessions that are over, and of which the worker could not be told yet: their places and ports are not free before that. At
    /// most as many as there are places.
    unclosed: Vec<Unclosed>,
    ports: Vec<u16>,
    pairs: Arc<[Pair]>,
    public: IpAddr,
    origin: Instant,
    /// What its transcoding costs.
    effort: u32,
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    opened: Option<Opened>,
}

#[derive(Debug)]
struct Unclosed {
    slot: u32,
    generation: u32,
    pairs: [u32; 2],
}

#[derive(Debug)]
struct Opened {
    pairs: [u32; 2],
    remotes: [Option<Endpoint>; 2],
    agreed: [bool; 2],
    live: bool,
    at: Instant,
    joined: Option<Instant>,
    /// How its sides are spoken to, where they are transcoded.
    voices: Option<Box<[Voice; 2]>>,
    /// The side whose digits are tones.
    tones: Option<Side>,
    /// Where each who listens reads what payload types mean.
    listeners: [Option<Arc<Agreed>>; TAPS_MAX],
}

impl Link {
    pub(crate) fn new(
        commands: Producer<Command>,
        bell: Arc<Bell>,
        pairs: Arc<[Pair]>,
        counters: Arc<[SessionCounters]>,
        (public, port_rest, origin): (IpAddr, Duration, Instant),
    ) -> Self {
        let slots: Vec<_> = counters.iter().map(|_| Slot::default()).collect();
        let free_slots = (0..slots.len() as u32).rev().collect();
        let free = FreePairs::new(pairs.len(), port_rest);
        let ports = pairs.iter().map(Pair::port).collect();
        let (unclosed, effort) = (Vec::new(), 0);
        let state = Control {
            commands,
            bell,
            free,
            free_slots,
            slots,
            unclosed,
            ports,
            pairs,
            public,
            origin,
            effort,
        };
        Self { state: Mutex::new(state), counters, active: AtomicUsize::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Control> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn active(&self) -> usize {
        self.active.load(Relaxed)
    }

    /// Pairs of ports that no session has, rested or not.
    pub(crate) fn free_pairs(&self) -> usize {
        self.lock().free.len()
    }

    /// Sessions that fit here.
    pub(crate) fn capacity(&self) -> usize {
        self.counters.len()
    }

    /// Takes a place and two pairs; `None` while no two have rested.
    pub(crate) fn open(&self, now: Instant) -> Result<Option<(u32, u32)>, RelayError> {
        let mut state = self.lock();
        state.close_late();
        let Some(&slot) = state.free_slots.last() else { return Ok(None) };
        let Some(pairs) = state.free.take_two(now) else { return Ok(None) };
        let generation = state.slots[slot as usize].generation.wrapping_add(1).max(1);
        if let Err(error) = state.tell(Command::Open { slot, generation, pairs }) {
            state.free.give_back(pairs, now);
            return Err(error);
        }
        pairs.iter().for_each(|&pair| state.pairs[pair as usize].hand_out());
        state.free_slots.pop();
        let place = &mut state.slots[slot as usize];
        place.generation = generation;
        place.opened = Some(Opened {
            pairs,
            remotes: [None, None],
            agreed: [false; 2],
            live: false,
            at: now,
            joined: None,
            voices: None,
            tones: None,
            listeners: Default::default(),
        });
        self.active.fetch_add(1, Relaxed);
        Ok(Some((slot, generation)))
    }

    pub(crate) fn local(&self, slot: u32, generation: u32, side: Side) -> Result<SocketAddr, RelayError> {
        let mut state = self.lock();
        let pair = state.opened(slot, generation)?.pairs[side.index()];
        Ok(SocketAddr::new(state.public, state.ports[pair as usize]))
    }

    pub(crate) fn set_remote(
        &self,
        slot: u32,
        generation: u32,
        side: Side,
        remote: Option<&Endpoint>,
    ) -> Result<(), RelayError> {
        let mut state = self.lock();
        let now = state.origin.elapsed().as_micros() as u64;
        let opened = state.opened(slot, generation)?;
        if opened.remotes[side.index()].as_ref() == remote {
            return Ok(());
        }
        let before = opened.remotes[side.index()].as_ref().and_then(|before| before.keys.as_ref());
        let keys = Rekeying::between(before, remote.and_then(|remote| remote.keys.as_ref()));
        opened.remotes[side.index()] = remote.cloned();
        opened.note_agreement();
        if let Some(remote) = remote {
            opened.listeners.iter().flatten().for_each(|listener| listener.say(side, remote.into(), now));
        }
        if !opened.live && opened.remotes.iter().all(Option::is_some) {
            opened.live = true;
            let pairs = opened.pairs;
            pairs.iter().for_each(|&pair| state.pairs[pair as usize].keep_for(Use::Live));
        }
        // The keys go first: not one packet passes without them.
        if let Some(keys) = keys {
            state.tell(Command::Rekey { slot, generation, side, keys })?;
        }
        state.tell(Command::Remote { slot, generation, side, target: remote.map(Into::into) })
    }

    /// Has digits converted from now on, or not any more.
    pub(crate) fn convert(
        &self,
        slot: u32,
        generation: u32,
        plan: Option<Conversion>,
    ) -> Result<(), RelayError> {
        let mut state = self.lock();
        state.opened(slot, generation)?;
        state.tell(Command::Convert { slot, generation, plan: plan.map(Box::new) })
    }

    pub(crate) fn govern(&self, slot: u32, generation: u32, rules: Rules) -> Result<(), RelayError> {
        let mut state = self.lock();
        state.opened(slot, generation)?;
        state.tell(Command::Govern { slot, generation, rules: Box::new(rules) })
    }

    pub(crate) fn press(&self, slot: u32, generation: u32, digit: Digit) -> Result<(), RelayError> {
        let mut state = self.lock();
        state.opened(slot, generation)?;
        state.tell(Command::Press { slot, generation, digit })
    }

    /// Has a session transcoded from now on, or not any more.
    pub(crate) fn transcode(
        &self,
        slot: u32,
        generation: u32,
        voices: Option<&[Voice; 2]>,
        tones: Option<Tones>,
    ) -> Result<(), RelayError> {
        let mut state = self.lock();
        let opened = state.opened(slot, generation)?;
        let (before, side) = (&opened.voices, tones.as_ref().map(|tones| tones.side));
        if before.as_deref() == voices && opened.tones == side {
            return Ok(());
        }
        let before = before.as_deref().map_or(0, effort_of);
        let effort = state.effort - before + voices.map_or(0, effort_of);
        if effort > EFFORT_MAX && effort > state.effort {
            return Err(RelayError::Transcoding);
        }
        let exchange = voices
            .map(|voices| Exchange::new(voices, tones.clone()).ok_or(RelayError::Transcoding))
            .transpose()?;
        state.tell(Command::Transcode { slot, generation, exchange })?;
        state.effort = effort;
        let opened = state.opened(slot, generation)?;
        (opened.voices, opened.tones) = (voices.cloned().map(Box::new), side);
        Ok(())
    }

    pub(crate) fn play(
        &self,
        slot: u32,
        generation: u32,
        side: Side,
        playback: Option<Playback>,
    ) -> Result<(), RelayError> {
        let mut state = self.lock();
        state.opened(slot, generation)?;
        state.tell(Command::Play { slot, generation, side, playback: playback.map(Box::new) })
    }

    /// Has a session listened to from now on, beside who else does.
    pub(crate) fn listen(&self, slot: u32, generation: u32) -> Result<Tapped, RelayError> {
        let mut state = self.lock();
        let Opened { remotes, listeners, .. } = state.opened(slot, generation)?;
        // Who listens holds what it reads: a place whose listener is gone without a word is free.
        let is_free = |listener: &Option<Arc<Agreed>>| {
            listener.as_ref().is_none_or(|agreed| Arc::strong_count(agreed) == 1)
        };
        let place = listeners.iter().position(is_free).ok_or(RelayError::Listened { limit: TAPS_MAX })?;
        let terms = |side: Side| remotes[side.index()].as_ref().map_or_else(Terms::default, Terms::from);
        let agreed = Arc::new(Agreed::new([terms(Side::A), terms(Side::B)]));
        let (tap, tapped) = tap::tap(Arc::clone(&agreed));
        state.tell(Command::Listen { slot, generation, place, tap: Some(tap) })?;
        state.opened(slot, generation)?.listeners[place] = Some(agreed);
        Ok(tapped)
    }

    /// Has one that listens hear nothing any more; of one that does not nothing is to be done.
    pub(crate) fn unlisten(&self, slot: u32, generation: u32, who: &Tapped) -> Result<(), RelayError> {
        let mut state = self.lock();
        let listeners = &mut state.opened(slot, generation)?.listeners;
        let is_its = |listener: &Option<Arc<Agreed>>| listener.as_ref().is_some_and(|its| who.reads(its));
        let Some(place) = listeners.iter().position(is_its) else { return Ok(()) };
        listeners[place] = None;
        state.tell(Command::Listen { slot, generation, place, tap: None })
    }

    pub(crate) fn join(&self, slot: u32, generation: u32) -> Result<(), RelayError> {
        let mut state = self.lock();
        let joined = &mut state.opened(slot, generation)?.joined;
        if joined.is_none() {
            *joined = Some(Instant::now());
            // Workers that have stopped watch nothing: the call is answered all the same.
            let _ = state.tell(Command::Join { slot, generation });
        }
        Ok(())
    }

    pub(crate) fn stats(&self, slot: u32, generation: u32) -> Result<SessionStats, RelayError> {
        self.lock().stats(slot, generation, &self.counters)
    }

    pub(crate) fn close(&self, slot: u32, generation: u32) -> Result<SessionStats, RelayError> {
        let mut state = self.lock();
        let stats = state.stats(slot, generation, &self.counters)?;
        let opened = state.opened(slot, generation)?;
        let (pairs, effort) = (opened.pairs, opened.voices.as_deref().map_or(0, effort_of));
        state.effort -= effort;
        state.slots[slot as usize].opened = None;
        self.active.fetch_sub(1, Relaxed);
        let unclosed = Unclosed { slot, generation, pairs };
        match state.tell(Command::Close { slot, generation }) {
            // A worker that gets no time still reads from these ports.
            Err(_) if !state.commands.is_abandoned() => state.unclosed.push(unclosed),
            // One that has stopped holds nothing: the session ends all the same.
            _ => state.take_back(&unclosed),
        }
        Ok(stats)
    }

    pub(crate) fn stop(&self) {
        self.lock().bell.stop();
    }
}

impl Control {
    fn opened(&mut self, slot: u32, generation: u32) -> Result<&mut Opened, RelayError> {
        let slot = self.slots.get_mut(slot as usize).filter(|slot| slot.generation == generation);
        slot.and_then(|slot| slot.opened.as_mut()).ok_or(RelayError::Unknown)
    }

    /// Tells of sessions that are over as far as the queue has room, without waiting.
    fn close_late(&mut self) {
        while let Some(Unclosed { slot, generation, .. }) = self.unclosed.last() {
            let (slot, generation) = (*slot, *generation);
            if self.commands.push(Command::Close { slot, generation }).is_err() {
                break;
            }
            self.bell.ring();
            if let Some(closed) = self.unclosed.pop() {
                self.take_back(&closed);
            }
        }
    }

    /// Frees the place and the ports of a session that its worker knows to be over.
    fn take_back(&mut self, Unclosed { slot, pairs, .. }: &Unclosed) {
        self.free_slots.push(*slot);
        pairs.iter().for_each(|&pair| self.pairs[pair as usize].keep_for(Use::Idle));
        self.free.give_back(*pairs, Instant::now());
    }

    fn tell(&mut self, mut command: Command) -> Result<(), RelayError> {
        if self.commands.is_abandoned() {
            return Err(RelayError::Stopped);
        }
        self.close_late();
        let deadline = Instant::now() + QUEUE_WAIT;
        while let Err(rtrb::PushError::Full(back)) = self.commands.push(command) {
            if Instant::now() > deadline {
                return Err(RelayError::Stopped);
            }
            command = back;
            self.bell.ring();
            thread::yield_now();
        }
        self.bell.ring();
        Ok(())
    }

    fn stats(
        &mut self,
        slot: u32,
        generation: u32,
        counters: &[SessionCounters],
    ) -> Result<SessionStats, RelayError> {
        let (public, origin) = (self.public, self.origin);
        self.opened(slot, generation)?;
        let Some(opened) = &self.slots[slot as usize].opened else { return Err(RelayError::Unknown) };
        let counted = counters[slot as usize].of(generation);
        let from = |side: Side| {
            let local = SocketAddr::new(public, self.ports[opened.pairs[side.index()] as usize]);
            let remote = opened.remotes[side.index()].as_ref();
            let known = Known { remote, local, agreed: opened.agreed[side.index()], origin };
            known.stats(counted.map(|counted| &counted[side.index()]))
        };
        Ok(SessionStats {
            from_a: from(Side::A),
            from_b: from(Side::B),
            opened: opened.at,
            joined: opened.joined,
        })
    }
}

impl Opened {
    fn note_agreement(&mut self) {
        let [Some(a), Some(b)] = &self.remotes else { return };
        self.agreed[0] |= a.direction.sends() && b.direction.receives();
        self.agreed[1] |= b.direction.sends() && a.direction.receives();
    }
}
