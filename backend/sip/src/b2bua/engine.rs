//! The engine: one mutation per input, then outputs.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use crate::slab::Slab;
use crate::transaction::{Layer, Peer, TimerQueue};
use crate::wire::Message;

use super::call::Call;
use super::ids::Ids;
use super::io::{Alarm, Io, Wake};
use super::originate::Origin;
use super::requests::Pending;
use super::{CallRef, Config, Input, Output, Side};

/// All calls of one shard.
///
/// Feed it one [`Input`] with its time, or [`Engine::handle_timeout`]; then drain [`Engine::poll_output`] until it
/// is empty, and sleep at most until [`Engine::poll_timeout`].
#[derive(Debug)]
pub struct Engine {
    pub(super) io: Io,
    pub(super) calls: Slab<Call>,
    pub(super) requests: Slab<Pending>,
    pub(super) origins: Slab<Origin>,
}

impl Engine {
    /// An engine without calls.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let io = Io {
            ids: Ids::new(config.shard, config.secret),
            layer: Layer::new(config.timing, config.transactions_max, config.secret),
            timers: TimerQueue::new(),
            outputs: VecDeque::new(),
            links: VecDeque::new(),
            adopted: HashMap::new(),
            away: 0,
            live: 0,
            config,
        };
        Self { io, calls: Slab::new(), requests: Slab::new(), origins: Slab::new() }
    }

    /// Takes one input; drain [`Engine::poll_output`] after it. Words on calls and requests that are over, or never
    /// were, have no effect.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Packet { from, message } => self.on_packet(now, from, message),
            Input::TransportFailed { peer } => self.io.layer.handle_transport_failed(now, &peer),
            Input::Answer { request, reply } => self.on_answer(now, request, &reply),
            Input::Accept { request } => self.on_accept(now, request),
            Input::Verdict { call, verdict } => self.with(call, |call, io| call.on_verdict(io, now, verdict)),
            Input::Media { call, answer } => self.with(call, |call, io| call.on_media(io, now, answer)),
            Input::Funded { call, funded } => self.with(call, |call, io| call.on_funded(io, now, funded)),
            Input::Short { call, refusal } => self.with(call, |call, io| call.on_short(io, now, refusal)),
            Input::Originate(origination) => self.on_originate(now, *origination),
            Input::Digit { call, to, digit } => {
                self.with(call, |call, io| call.send_digit(io, now, to, digit));
            }
            Input::Told { word } => self.on_told(now, word),
            Input::Untold { word } => self.on_untold(now, word),
            Input::End { call, refusal } => self.with(call, |call, io| call.end_by_us(io, now, refusal)),
        }
        self.settle(now);
        self.drop_stale_alarms();
    }

    /// Fires what is due; drain [`Engine::poll_output`] after it.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.io.layer.handle_timeout(now);
        self.settle(now);
        while let Some((at, wake)) = self.io.timers.pop(now) {
            match wake {
                Wake::Request(request) => self.on_patience(now, request),
                Wake::Call(call, alarm) => self.with(call, |call, io| ring(call, io, now, alarm, at)),
            }
            self.settle(now);
        }
    }

    /// The next thing the driver must do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.io.outputs.pop_front()
    }

    /// When [`Engine::handle_timeout`] wants to be called at the latest; it may turn out that nothing was due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let times = [self.io.layer.poll_timeout(), self.io.timers.next()];
        times.into_iter().flatten().min()
    }

    /// Whether a request is a copy of one that was taken and is still remembered: its sender sent it again. Whoever judges requests
    /// before the engine sees them lets copies pass, so that what was admitted is not refused by its second copy.
    #[must_use]
    pub fn knows(&self, from: &Peer, request: &Message) -> bool {
        self.io.layer.knows(from, request)
    }

    /// How many accepted calls have not ended yet.
    #[must_use]
    pub const fn live_calls(&self) -> usize {
        self.io.live
    }

    /// The calls that have not ended yet, in no order that means anything: for a drain.
    pub fn calls(&self) -> impl Iterator<Item = CallRef> {
        self.calls.iter().filter(|(_, call)| !call.is_over()).map(|(key, _)| key)
    }

    /// How many messages were sent again because no answer came, for the metrics.
    #[must_use]
    pub const fn retransmissions(&self) -> u64 {
        self.io.layer.retransmissions()
    }

    /// How many transactions are kept, for the metrics.
    #[must_use]
    pub fn transactions(&self) -> usize {
        self.io.layer.len()
    }

    fn on_packet(&mut self, now: Instant, from: Peer, message: Message) {
        match message.check() {
            Ok(()) => self.io.layer.handle_packet(now, from, message),
            Err(fault) => self.on_malformed(from, &message, fault),
        }
    }

    /// Calls end long before their alarms would ring; what they leave behind is cleared away in bulk.
    fn drop_stale_alarms(&mut self) {
        let Self { io, calls, requests, .. } = self;
        if io.timers.is_crowded(calls.len() + requests.len()) {
            io.timers.retain(|at, wake| match wake {
                Wake::Request(request) => requests.get(*request).is_some(),
                Wake::Call(call, alarm) => calls.get(*call).is_some_and(|call| call.is_set(*alarm, at)),
            });
        }
    }

    /// Lets a call work, and lets go of it when it is done.
    pub(super) fn with(&mut self, key: CallRef, work: impl FnOnce(&mut Call, &mut Io)) {
        let Some(call) = self.calls.get_mut(key) else { return };
        work(call, &mut self.io);
        if call.is_done() {
            let is_away = call.moved.is_some_and(|place| place.shard != self.io.ids.shard());
            self.io.away -= usize::from(is_away);
            self.calls.remove(key);
        }
    }

    /// The call and the leg of a request whose tags are right but which comes from where that leg's far side never was.
    /// The driver says whether it may: tags are no secret to whoever could read one message.
    #[must_use]
    pub fn moved(&self, request: &Message, from: Peer) -> Option<(CallRef, Side)> {
        let (key, call) = self.call_of(request)?;
        let side = call.side_of(request)?;
        call.leg(side).filter(|dialog| !dialog.speaks_from(from)).map(|_| (key, side))
    }

    /// The call whose leg a request belongs to by its To tag.
    pub(super) fn call_of(&self, request: &Message) -> Option<(CallRef, &Call)> {
        let key = self.key_of(request.to_tag()?)?;
        Some((key, self.calls.get(key)?))
    }
}

fn ring(call: &mut Call, io: &mut Io, now: Instant, alarm: Alarm, at: Instant) {
    if !call.take_alarm(alarm, at) {
        return;
    }
    match alarm {
        Alarm::Patience => call.on_patience(io, now),
        Alarm::Ring => call.on_ring_timeout(io, now),
        Alarm::Resend(side) => call.on_resend(io, now, side),
        Alarm::Extend => call.on_extend(io),
        Alarm::Exhausted => call.on_exhausted(io, now),
        Alarm::Session(side) => call.on_session(io, now, side),
        Alarm::Retry(side) => call.on_retry(io, now, side),
        Alarm::Reliable => call.on_unconfirmed(io, now),
        Alarm::Stuck => call.on_stuck(io, now),
        Alarm::Announced => call.on_announced(io, now),
        Alarm::Farewell => call.on_farewell(io, now),
    }
}
