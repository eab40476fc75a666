//! A worker: one thread, its pairs of ports, its sessions, one loop.

mod moving;

use crate::{
    Conversion, Digit, LossListener, Rules, Side,
    batch::{Inbox, ReadySet, Wake},
    counters::SessionCounters,
    crypto::{Rekeying, Room},
    digits::Digits,
    end::End,
    pace::Pace,
    play::{Extras, Playback},
    ports::Pair,
    reporter::{Agenda, Ntp},
    session::{Session, Target},
    tap::Tap,
    transcode::Exchange,
};
use moving::{WAKE, token};
use rtrb::Consumer;
use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering, fence},
    },
    thread,
    time::{Duration, Instant},
};

/// The largest packet that is relayed, bytes; anything longer is no telephone audio.
const PACKET_MAX: usize = 2048;
/// How often a worker looks at the keys that are pressed while nothing else happens.
const PRESS_TICK: Duration = Duration::from_millis(5);
/// How often a worker looks for calls whose media has ceased.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// What a worker is told. All commands name their session by place and generation.
#[derive(Debug)]
pub(crate) enum Command {
    Open { slot: u32, generation: u32, pairs: [u32; 2] },
    Remote { slot: u32, generation: u32, side: Side, target: Option<Target> },
    Rekey { slot: u32, generation: u32, side: Side, keys: Rekeying },
    Close { slot: u32, generation: u32 },
    Govern { slot: u32, generation: u32, rules: Box<Rules> },
    Join { slot: u32, generation: u32 },
    Convert { slot: u32, generation: u32, plan: Option<Box<Conversion>> },
    Transcode { slot: u32, generation: u32, exchange: Option<Box<Exchange>> },
    Press { slot: u32, generation: u32, digit: Digit },
    Play { slot: u32, generation: u32, side: Side, playback: Option<Box<Playback>> },
    Listen { slot: u32, generation: u32, place: usize, tap: Option<Tap> },
}

/// How a worker is reached from outside.
#[derive(Debug)]
pub(crate) struct Bell {
    wake: Wake,
    waiting: AtomicBool,
    /// Not a command: the queue of a worker that got no time for a while may be full, and a stop must not be lost.
    stopping: AtomicBool,
}

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { wake: Wake::new()?, waiting: AtomicBool::new(false), stopping: AtomicBool::new(false) })
    }

    /// To be called after a command was queued: wakes the worker if it waits.
    pub(crate) fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) {
            self.wake.ring();
        }
    }

    /// Has the worker stop, once it has carried out what is queued.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.ring();
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// The state of a worker's thread.
#[derive(Debug)]
pub(crate) struct Worker {
    commands: Consumer<Command>,
    bell: Arc<Bell>,
    ready: ReadySet,
    pairs: Arc<[Pair]>,
    sessions: Vec<Option<Session>>,
    counters: Arc<[SessionCounters]>,
    origin: Instant,
    pace: Pace,
    inbox: Inbox<PACKET_MAX>,
    /// Sockets that were not emptied when they were reported, at most all of them.
    rest: Vec<u64>,
    /// Sockets of which one packet was taken and that were not emptied since, each once.
    unsure: VecDeque<u64>,
    /// Sessions with keys that are pressed.
    pressing: Vec<u32>,
    /// Sessions to which something is played, and when the next packet of it is due, microseconds of the relay.
    playing: Vec<u32>,
    next_play_us: u64,
    /// Sessions whose silence is timed, and when they are looked at next.
    timed: Vec<u32>,
    next_look: Instant,
    /// When sessions have reports to send.
    agenda: Agenda,
    /// Where packets of our own are written.
    room: Room,
}

impl Worker {
    pub(crate) fn new(
        commands: Consumer<Command>,
        bell: Arc<Bell>,
        pairs: Arc<[Pair]>,
        counters: Arc<[SessionCounters]>,
        origin: Instant,
        tick: Duration,
    ) -> io::Result<Self> {
        let ready = ReadySet::new()?;
        ready.add(&bell.wake, WAKE)?;
        let sessions: Vec<_> = counters.iter().map(|_| None).collect();
        let agenda = Agenda::new(sessions.len());
        let (pace, inbox, rest) = (Pace::new(tick, origin), Inbox::new(), Vec::new());
        let (pressing, room) = (Vec::new(), Room::new(Ntp::from_age(origin.elapsed())));
        Ok(Self {
            commands,
            bell,
            ready,
            pairs,
            sessions,
            counters,
            origin,
            pace,
            inbox,
            rest,
            unsure: VecDeque::new(),
            pressing,
            playing: Vec::new(),
            next_play_us: 0,
            timed: Vec::new(),
            next_look: origin,
            agenda,
            room,
        })
    }

    /// Works until it is told to stop.
    pub(crate) fn run(&mut self) -> io::Result<()> {
        while self.obey() {
            let mut count = match self.pace.sleep(Instant::now()) {
                Some(time) => {
                    thread::sleep(time);
                    self.ready.wait(Some(Duration::ZERO))?
                }
                None => self.wait_long()?,
            };
            let now = Instant::now();
            let micros = now.saturating_duration_since(self.origin).as_micros() as u64;
            let mut moved = self.move_rest(micros) + self.move_ready(count, micros);
            while count == self.ready.most() {
                count = self.ready.wait(Some(Duration::ZERO))?;
                moved += self.move_ready(count, micros);
            }
            self.pace.moved(moved, now);
            self.make_sure(micros);
            if !self.pressing.is_empty() {
                self.press_on();
            }
            if !self.playing.is_empty() {
                self.play_on();
            }
            if !self.timed.is_empty() && now >= self.next_look {
                self.look(now);
            }
            if self.agenda.is_due(micros) {
                self.report(micros);
            }
        }
        Ok(())
    }

    /// Waits for a packet or a command. The order matters: first it is said that we wait, then the queue is looked at once more.
    fn wait_long(&mut self) -> io::Result<usize> {
        self.bell.waiting.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let at_most = match () {
            () if !self.commands.is_empty() || self.bell.is_stopping() || !self.rest.is_empty() => {
                Some(Duration::ZERO)
            }
            () if !self.pressing.is_empty() => Some(PRESS_TICK),
            () if !self.playing.is_empty() => Some(self.until_play()),
            () if !self.timed.is_empty() => Some(LOOK_EVERY),
            () => None,
        };
        let until_report = self.agenda.wait(self.origin.elapsed().as_micros() as u64);
        let count = self.ready.wait(at_most.into_iter().chain(until_report).min());
        self.bell.waiting.store(false, Ordering::Relaxed);
        count
    }

    /// Carries out what is queued; whether to go on.
    fn obey(&mut self) -> bool {
        // Asked first: whatever was queued before the stop is seen below.
        let is_stopping = self.bell.is_stopping();
        while let Ok(command) = self.commands.pop() {
            match command {
                Command::Open { slot, generation, pairs } => self.open(slot, generation, pairs),
                Command::Remote { slot, generation, side, target } => {
                    self.retarget(slot, generation, side, target)
                }
                Command::Rekey { slot, generation, side, keys } => {
                    if let Some(session) = current(&mut self.sessions, slot, generation) {
                        keys.apply(&mut session.ends[side.index()].crypto);
                    }
                }
                Command::Govern { slot, generation, rules } => self.govern(slot, generation, *rules),
                Command::Join { slot, generation } => {
                    let now = self.origin.elapsed().as_micros() as u64;
                    let session = current(&mut self.sessions, slot, generation);
                    if let Some(watch) = session.and_then(|session| session.watch.as_mut()) {
                        watch.join(now);
                    }
                }
                Command::Convert { slot, generation, plan } => {
                    if let Some(session) = current(&mut self.sessions, slot, generation) {
                        let before = session.digits.take().map(|before| *before);
                        session.digits = plan.map(|plan| Box::new(Digits::new(*plan, before)));
                    }
                }
                Command::Transcode { slot, generation, exchange } => {
                    if let Some(session) = current(&mut self.sessions, slot, generation) {
                        session.exchange = exchange;
                    }
                }
                Command::Press { slot, generation, digit } => {
                    let session = current(&mut self.sessions, slot, generation);
                    let digits =
                        session.and_then(|session| match (&mut session.digits, &mut session.exchange) {
                            (None, Some(exchange)) => {
                                exchange.press(digit);
                                None
                            }
                            (digits, _) => digits.as_mut(),
                        });
                    if digits.is_some_and(|digits| digits.press(digit)) && !self.pressing.contains(&slot) {
                        self.pressing.push(slot);
                    }
                }
                Command::Play { slot, generation, side, playback } => {
                    self.play(slot, generation, side, playback.map(|playback| *playback));
                }
                Command::Listen { slot, generation, place, tap } => {
                    if let Some(session) = current(&mut self.sessions, slot, generation) {
                        session.extras.get_or_insert_default().taps[place] = tap;
                    }
                }
                Command::Close { slot, generation } => self.close(slot, generation),
            }
        }
        !is_stopping
    }

    fn open(&mut self, slot: u32, generation: u32, pairs: [u32; 2]) {
        self.counters[slot as usize].begin(generation);
        self.sessions[slot as usize] = Some(Session {
            generation,
            ends: pairs.map(End::new),
            live: false,
            digits: None,
            exchange: None,
            extras: None,
            watch: None,
            heard_us: 0,
        });
    }

    /// Sets a side's far end. Sockets are read from when both are known: what came before waits in the kernel, a little of it.
    fn retarget(&mut self, slot: u32, generation: u32, side: Side, target: Option<Target>) {
        let now = self.origin.elapsed().as_micros() as u64;
        let Some(session) = current(&mut self.sessions, slot, generation) else { return };
        session.retarget(side, target, &self.pairs, now);
        if session.live || session.ends.iter().any(|end| end.target.is_none()) {
            return;
        }
        session.live = true;
        if let Some(due) = session.begin_reports(now) {
            self.agenda.set(slot, due);
        }
        for side in [Side::A, Side::B] {
            let pair = &self.pairs[session.ends[side.index()].pair as usize];
            let added = self.ready.add_emptied(&pair.rtp, token(slot, side, false));
            let added = added.and_then(|()| self.ready.add_emptied(&pair.rtcp, token(slot, side, true)));
            if let Err(error) = added {
                tracing::error!(%error, "a media socket can't be watched: this call has no audio");
            }
        }
    }

    /// Sends what is due of keys that are pressed, and forgets those that are through.
    fn press_on(&mut self) {
        let now = self.origin.elapsed().as_micros() as u64;
        let Self { pressing, sessions, pairs, room, .. } = self;
        pressing.retain(|slot| {
            let Some(session) = sessions[*slot as usize].as_mut() else { return false };
            session.tick(pairs, now, room);
            session.digits.as_ref().is_some_and(|digits| digits.is_pressing())
        });
    }

    /// Plays something to a side of a session, or nothing any more.
    fn play(&mut self, slot: u32, generation: u32, side: Side, playback: Option<Playback>) {
        let now = self.origin.elapsed().as_micros() as u64;
        let Some(session) = current(&mut self.sessions, slot, generation) else { return };
        let speaker = &mut session.extras.get_or_insert_with(Box::<Extras>::default).speakers[side.index()];
        match playback {
            None => return speaker.stop(),
            Some(playback) => speaker.play(playback, now),
        }
        self.next_play_us = 0;
        if !self.playing.contains(&slot) {
            self.playing.push(slot);
        }
    }

    /// Sends what is due of what is played, and forgets the sessions to which nothing is any more.
    fn play_on(&mut self) {
        let now = self.origin.elapsed().as_micros() as u64;
        if now < self.next_play_us {
            return;
        }
        let (Self { playing, sessions, pairs, room, .. }, mut next) = (&mut *self, u64::MAX);
        playing.retain(|slot| {
            let due = sessions[*slot as usize].as_mut().and_then(|session| session.play_on(pairs, now, room));
            next = due.map_or(next, |due| next.min(due));
            due.is_some()
        });
        self.next_play_us = next;
    }

    /// How long until the next packet of what is played is due.
    fn until_play(&self) -> Duration {
        let now = self.origin.elapsed().as_micros() as u64;
        Duration::from_micros(self.next_play_us.saturating_sub(now)).min(PRESS_TICK)
    }

    fn govern(&mut self, slot: u32, generation: u32, rules: Rules) {
        let now = self.origin.elapsed().as_micros() as u64;
        let Some(session) = current(&mut self.sessions, slot, generation) else { return };
        session.govern(rules, now);
        let is_timed = session.watch.as_ref().is_some_and(|watch| watch.is_timed());
        if is_timed && !self.timed.contains(&slot) {
            self.timed.push(slot);
        }
    }

    /// Tells of calls whose media has ceased, and forgets those that are not timed any more.
    fn look(&mut self, now: Instant) {
        self.next_look = now + LOOK_EVERY;
        let micros = now.saturating_duration_since(self.origin).as_micros() as u64;
        let Self { timed, sessions, .. } = self;
        timed.retain(|slot| {
            let Some(session) = sessions[*slot as usize].as_mut() else { return false };
            if let Some(loss) = session.lost(micros)
                && let Some(watch) = &session.watch
            {
                (watch.rules.listener.0)(loss);
            }
            session.watch.as_ref().is_some_and(|watch| watch.is_timed())
        });
    }

    /// Begins anew after the thread's work broke off: without sessions, with an empty queue of readiness. Who is to be told of the
    /// sessions that are gone.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub(crate) fn revive(&mut self) -> io::Result<Vec<LossListener>> {
        self.ready = ReadySet::new()?;
        self.ready.add(&self.bell.wake, WAKE)?;
        (self.rest, self.pressing, self.timed) = (Vec::new(), Vec::new(), Vec::new());
        (self.playing, self.unsure) = (Vec::new(), VecDeque::new());
        (self.inbox, self.room) = (Inbox::new(), Room::new(self.room.ntp));
        self.agenda = Agenda::new(self.sessions.len());
        for end in self.sessions.iter_mut().flatten().flat_map(|session| &mut session.ends) {
            end.unsettle(&self.pairs[end.pair as usize]);
        }
        let gone = self.sessions.iter_mut().filter_map(Option::take);
        Ok(gone.filter_map(|session| Some(session.watch?.rules.listener)).collect())
    }

    /// Sends the reports that are due.
    fn report(&mut self, now: u64) {
        let Self { agenda, sessions, pairs, counters, room, .. } = self;
        agenda
            .run(now, |slot| sessions[slot].as_mut()?.report(pairs, &counters[slot].from, now, room, false));
    }

    fn close(&mut self, slot: u32, generation: u32) {
        let now = self.origin.elapsed().as_micros() as u64;
        let Some(session) = current(&mut self.sessions, slot, generation) else { return };
        session.report(&self.pairs, &self.counters[slot as usize].from, now, &mut self.room, true);
        self.agenda.clear(slot);
        let is_live = session.live;
        for end in session.ends.iter_mut().filter(|_| is_live) {
            let pair = &self.pairs[end.pair as usize];
            end.unsettle(pair);
            let _ = self.ready.remove(&pair.rtp).and_then(|()| self.ready.remove(&pair.rtcp));
        }
        self.sessions[slot as usize] = None;
    }
}

fn current(sessions: &mut [Option<Session>], slot: u32, generation: u32) -> Option<&mut Session> {
    sessions.get_mut(slot as usize)?.as_mut().filter(|session| session.generation == generation)
}
