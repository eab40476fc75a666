//! A shard: one thread, one engine, its calls. It never waits for anybody but the clock, and locks nothing.
//!
//! [`Shard::run`] is the loop: packets, orders, timers, then all datagrams out in one batch. What each packet is
//! worth is decided in `admit`; what the engine asks is answered in `outputs`; a call's life with the app is `calls`.

mod admit;
mod calls;
pub(crate) mod facts;
mod ids;
mod media;
mod originate;
mod outputs;
mod plan;
mod prove;
mod register;
mod timers;
mod traces;
mod transfer;
mod transmit;

use crate::context::{Context, Packet};
use crate::counters::Tally;
use crate::hash::NumberMap;
use crate::inbox::Command;
use crate::overload::Pace;
use crate::seam::{CallFacts, PeerCertificate};
use crate::tick::Tick;
use crate::words;
use admit::Admitted;
use calls::Call;
use ids::CallIds;
use originate::Waiting;
use sip::b2bua::{CallRef, Engine, Input, OriginRef};
use sip::transaction::Peer;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant, SystemTime};
use timers::{Due, Timers};
use traces::Traces;
use transmit::Transmit;

/// Packets taken before timers and orders have their turn.
const PACKETS_PER_TURN: u32 = 256;
/// Orders taken before packets have their turn.
const COMMANDS_PER_TURN: usize = 256;
/// Timers that are due within this time of each other are fired together: nothing of SIP is that exact, and a wake-up
/// costs more than what it does. Packets and orders wake at once.
const TIMER_GRAIN: Duration = Duration::from_millis(2);
/// The longest sleep: a word that was missed is found after it.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// One shard, with everything it owns.
pub(crate) struct Shard {
    index: u16,
    context: Arc<Context>,
    engine: Engine,
    packets: rtrb::Consumer<Packet>,
    commands: Receiver<Command>,
    calls: NumberMap<Call>,
    /// Who the request is from that the engine is just reading.
    admitted: Option<Admitted>,
    /// What the sender of the message showed over TLS that the engine is just reading.
    shown: Option<Arc<PeerCertificate>>,
    /// Requests that were accepted and are no calls yet: only within one input.
    accepting: NumberMap<CallFacts>,
    /// Requests of ours that wait for their results; the engine bounds them.
    origins: HashMap<OriginRef, Waiting>,
    origin_serial: OriginRef,
    timers: Timers,
    /// What one packet takes.
    pace: Pace,
    /// How long it lets messages gather.
    tick: Tick,
    ids: CallIds,
    transmit: Transmit,
    traces: Traces,
    drain_at: Option<Instant>,
    /// Why the peer could not be reached that the engine is just told of.
    fault: Option<Arc<str>>,
    now: Instant,
    wall: SystemTime,
}

impl Shard {
    pub(crate) fn new(
        index: u16,
        context: Arc<Context>,
        engine: Engine,
        packets: rtrb::Consumer<Packet>,
        commands: Receiver<Command>,
    ) -> Self {
        Self {
            index,
            transmit: Transmit::new(index, Arc::clone(&context)),
            traces: Traces::new(index, context.local),
            context,
            engine,
            packets,
            commands,
            calls: NumberMap::default(),
            admitted: None,
            shown: None,
            accepting: NumberMap::default(),
            origins: HashMap::new(),
            origin_serial: 0,
            timers: Timers::default(),
            pace: Pace::default(),
            tick: Tick::new(Instant::now()),
            ids: CallIds::new(),
            drain_at: None,
            fault: None,
            now: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// Runs until the edge stops; then ends what is up.
    pub(crate) fn run(mut self) {
        self.context.shared.inboxes[usize::from(self.index)].belongs_to(std::thread::current());
        while !self.context.shared.is_stopping() {
            self.now = Instant::now();
            self.wall = SystemTime::now();
            let taken = self.take_packets();
            self.take_commands();
            self.take_timers();
            self.take_drain();
            self.flush();
            self.gauge(taken);
            let rest = self.tick.rest(self.now, u32::try_from(taken).unwrap_or(u32::MAX));
            if self.packets.is_empty() && self.transmit.is_empty() {
                match rest {
                    // Who hands something over meanwhile need not wake a thread that wakes by itself.
                    Some(rest) => std::thread::sleep(rest),
                    None => std::thread::park_timeout(self.sleep()),
                }
            }
        }
        self.stop();
    }

    /// Says what this shard is at.
    fn gauge(&self, taken: usize) {
        let gauges = &self.context.shared.gauges[usize::from(self.index)];
        let (calls, queue) = (self.calls.len(), self.packets.slots());
        gauges.turn(calls, queue, self.traces.bytes(), taken, self.now.elapsed());
    }

    /// Takes what waits, up to a bound, and says how many.
    fn take_packets(&mut self) -> usize {
        let mut taken = 0;
        while taken < PACKETS_PER_TURN {
            let Ok(packet) = self.packets.pop() else { break };
            self.admit(packet);
            taken += 1;
        }
        if taken > 0 {
            self.pace.worked(taken, self.now.elapsed());
        }
        let delay = self.pace.delay(self.packets.slots());
        self.context.shared.overload.measured(self.index, delay);
        taken as usize
    }

    fn take_commands(&mut self) {
        for _ in 0..COMMANDS_PER_TURN {
            let Ok(command) = self.commands.try_recv() else { return };
            match command {
                Command::Decided { call, verdict } => self.decided(call, verdict.map(|verdict| *verdict)),
                Command::Extended { call, extension } => self.extended(call, extension),
                Command::End { call, refusal } => self.end(call, &refusal),
                Command::Originate { request, reply } => self.originate(*request, reply),
                Command::Unreachable { peer, reason } => self.unreachable(peer, reason),
                Command::Digit { call, from, digit } => self.heard_digit(call, from, digit),
                Command::MediaLost { call, media, loss } => self.media_lost(call, media, loss),
                Command::Told { word } => self.feed(Input::Told { word }),
                Command::Moved { packet } => self.admit(*packet),
                Command::Trace { call, reply } => reply.send(self.traces.read(call).map(Box::new)),
            }
        }
        // More may wait: do not sleep before they are taken.
        std::thread::current().unpark();
    }

    fn take_timers(&mut self) {
        if self.engine.poll_timeout().is_some_and(|at| at <= self.now) {
            self.engine.handle_timeout(self.now);
            self.tally().retransmissions.store(self.engine.retransmissions(), Ordering::Relaxed);
            self.drain_outputs();
        }
        while let Some((call, due)) = self.timers.pop(self.now) {
            match due {
                Due::Verdict => self.undecided(call),
                Due::OverTime => self.over_time(call),
            }
        }
        while let Some(trace) = self.traces.pop(self.now) {
            self.context.control.traced(trace);
        }
    }

    /// While draining nothing new is taken; at its end what is left is ended.
    fn take_drain(&mut self) {
        let Some(deadline) = self.context.shared.draining() else {
            self.drain_at = None;
            return;
        };
        let now = self.now;
        let wanted = now.checked_add(deadline).unwrap_or(now);
        // The time runs from the first word on; a later word may shorten it.
        let at = self.drain_at.map_or(wanted, |at| at.min(wanted));
        self.drain_at = Some(at);
        if at <= now && !self.calls.is_empty() {
            self.end_all();
        }
    }

    fn end_all(&mut self) {
        let calls: Vec<CallRef> = self.calls.keys().copied().collect();
        for call in calls {
            self.end(call, &words::refusal(words::STOPPED));
        }
    }

    /// Sends what is waiting, and tells the engine what could not be sent.
    fn flush(&mut self) {
        for peer in self.transmit.flush() {
            self.feed(Input::TransportFailed { peer });
        }
    }

    /// Nothing can be sent to a peer; a call that ends of it says why.
    fn unreachable(&mut self, peer: Peer, reason: Option<Arc<str>>) {
        self.fault = reason;
        self.feed(Input::TransportFailed { peer });
        self.fault = None;
    }

    /// Feeds the engine, and does what it wants.
    fn feed(&mut self, input: Input) {
        self.engine.handle_input(self.now, input);
        self.drain_outputs();
    }

    fn sleep(&self) -> Duration {
        let wanted = [
            self.engine.poll_timeout(),
            self.timers.next(),
            self.traces.next(),
            self.drain_at.filter(|_| !self.calls.is_empty()),
        ];
        let next = wanted.into_iter().flatten().min();
        let until = next.map_or(LONGEST_SLEEP, |at| at.saturating_duration_since(self.now));
        until.clamp(TIMER_GRAIN, LONGEST_SLEEP)
    }

    /// Every call is ended and said to be, also where the far side has not confirmed it.
    fn stop(mut self) {
        self.now = Instant::now();
        self.wall = SystemTime::now();
        self.end_all();
        self.abandon_all();
        self.flush();
        self.transmit.flush();
        for trace in self.traces.pop_all() {
            self.context.control.traced(trace);
        }
    }

    fn tally(&self) -> &Tally {
        self.context.shared.shard_tally(self.index)
    }
}
