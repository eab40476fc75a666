//! The layer: all transactions of one user, their table and their timers.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::Transport;
use crate::hash::{HashedMap, Key};
use crate::slab::Slab;
use crate::wire::{Message, Method};

use super::entry::{Cancel, Entry};
use super::machine::{Action, Event, Kind, State, Step, Timer};
use super::{
    Failure, Full, Outgoing, Output, Peer, TimerQueue, Timing, TransactionId, client_invite, client_other,
    derive, key,
};

/// The most 2xx of one INVITE (forks) whose ACKs are kept.
const ACKS_MAX: usize = 8;

/// All transactions of one user. One call changes it, then drain [`Layer::poll_output`].
#[derive(Debug)]
pub struct Layer<C> {
    pub(super) timing: Timing,
    pub(super) max: usize,
    pub(super) hash_key: Key,
    pub(super) entries: Slab<Entry<C>>,
    pub(super) table: HashedMap<TransactionId>,
    pub(super) merged: HashedMap<TransactionId>,
    /// Client transactions without a final response, by whom they wait for.
    waiting: BTreeSet<(SocketAddr, Transport, TransactionId)>,
    timers: TimerQueue<(TransactionId, Timer)>,
    repeats: u64,
    pub(super) outputs: VecDeque<Output<C>>,
}

impl<C: Copy> Layer<C> {
    /// A layer without transactions. `secret` keys its tables against strangers who choose branches;
    /// `max` bounds them, see [`TRANSACTIONS_MAX`](super::TRANSACTIONS_MAX).
    #[must_use]
    pub fn new(timing: Timing, max: usize, secret: [u8; 16]) -> Self {
        Self {
            timing,
            max,
            hash_key: Key::new(secret),
            entries: Slab::new(),
            table: HashedMap::default(),
            merged: HashedMap::default(),
            waiting: BTreeSet::new(),
            timers: TimerQueue::new(),
            repeats: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Sends a request in a new client transaction, with something of the user's attached.
    ///
    /// # Errors
    /// When the layer is full; nothing is sent then.
    pub fn request(
        &mut self,
        now: Instant,
        outgoing: Outgoing<'_>,
        context: C,
    ) -> Result<TransactionId, Full> {
        self.begin_client(now, outgoing, Some(context))
    }

    fn begin_client(
        &mut self,
        now: Instant,
        request: Outgoing<'_>,
        context: Option<C>,
    ) -> Result<TransactionId, Full> {
        if self.entries.len() >= self.max {
            return Err(Full);
        }
        let (kind, begin) = match request.method {
            Method::Invite => (Kind::ClientInvite, client_invite::BEGIN),
            _ => (Kind::ClientOther, client_other::BEGIN),
        };
        let key = key::client(self.hash_key, request.branch, request.method);
        let mut entry = Entry::new(kind, request.peer, key, request.bytes);
        entry.context = context;
        let id = TransactionId(self.entries.insert(entry));
        self.table.insert(key, id);
        self.waiting.insert((request.peer.addr, request.peer.transport, id));
        self.perform(now, id, begin, None);
        Ok(id)
    }

    /// Cancels an INVITE of ours: at once after its first provisional response, else when that comes. Without
    /// effect once there is a final response. `reason` is the value of a Reason header (RFC 3326).
    pub fn cancel(&mut self, now: Instant, invite: TransactionId, reason: Option<&str>) {
        let Some(entry) = self.entries.get_mut(invite.0) else { return };
        if entry.kind != Kind::ClientInvite || !matches!(entry.cancel, Cancel::No) {
            return;
        }
        entry.cancel = Cancel::Wanted(reason.map(Into::into));
        if entry.state == State::Proceeding {
            self.send_cancel(now, invite);
        }
    }

    /// Sends the CANCEL that was wanted. Nobody waits for its response; a peer that answers neither it nor the
    /// INVITE is given up on after 64*T1.
    fn send_cancel(&mut self, now: Instant, invite: TransactionId) {
        let Some(entry) = self.entries.get_mut(invite.0) else { return };
        let Cancel::Wanted(reason) = &mut entry.cancel else { return };
        let reason = reason.take();
        entry.cancel = Cancel::Sent;
        let peer = entry.peer;
        let Ok(message) = Message::parse(entry.message.clone()) else { return };
        let bytes = derive::cancel(&message, reason.as_deref());
        let branch = message.top_via().ok().and_then(|via| via.branch).unwrap_or_default();
        let request = Outgoing { peer, method: &Method::Cancel, branch, bytes };
        // A full layer cannot cancel; the INVITE is given up on all the same.
        let _ = self.begin_client(now, request, None);
        self.start(now, invite, Timer::GiveUp, None);
    }

    /// Sends the ACK of a 2xx, and again whenever that 2xx is repeated; `to_tag` tells forks apart.
    pub fn ack(&mut self, invite: TransactionId, to_tag: &str, peer: Peer, bytes: Bytes) {
        let tag = self.hash_key.of(&[to_tag.as_bytes()]);
        if let Some(entry) = self.entries.get_mut(invite.0)
            && entry.acks.len() < ACKS_MAX
        {
            entry.acks.reserve_exact(1);
            entry.acks.push((tag, peer, bytes.clone()));
        }
        self.outputs.push_back(Output::Transmit { peer, bytes });
    }

    /// Sends a response to a request; also the 2xx of an INVITE again, while its ACK is awaited.
    pub fn respond(&mut self, now: Instant, transaction: TransactionId, status: u16, bytes: Bytes) {
        let Some(entry) = self.entries.get_mut(transaction.0) else { return };
        let event = match status {
            100..=199 => Event::SendProvisional,
            200..=299 => Event::SendSuccess,
            _ => Event::SendFailure,
        };
        let takes =
            entry.state.is_waiting() || (entry.state == State::Accepted && event == Event::SendSuccess);
        if entry.kind.is_client() || !takes {
            return;
        }
        self.repeats += u64::from(entry.state == State::Accepted);
        entry.message = bytes;
        entry.is_challenged = matches!(status, 401 | 407);
        self.step(now, transaction, event, None);
    }

    /// Attaches something to a server transaction; it comes back with a CANCEL or a failure.
    pub fn attach(&mut self, transaction: TransactionId, context: C) {
        if let Some(entry) = self.entries.get_mut(transaction.0) {
            entry.context = Some(context);
        }
    }

    /// Drops a transaction without another word: that of an INVITE that its user never answers.
    pub fn forget(&mut self, transaction: TransactionId) {
        self.remove(transaction);
    }

    /// Nothing can be sent to this peer: its client transactions fail.
    pub fn handle_transport_failed(&mut self, now: Instant, peer: &Peer) {
        let first = (peer.addr, peer.transport, TransactionId(0));
        let last = (peer.addr, peer.transport, TransactionId(u64::MAX));
        let failed: Vec<TransactionId> = self.waiting.range(first..=last).map(|(_, _, id)| *id).collect();
        for id in failed {
            if self.entries.get(id.0).is_some_and(|entry| peer.flow.is_none() || entry.peer.flow == peer.flow)
            {
                self.step(now, id, Event::Broken, None);
            }
        }
    }

    /// Fires the timers that are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, (id, timer))) = self.timers.pop(now) {
            if self.entries.get(id.0).is_some_and(|entry| entry.is_running(timer, at)) {
                self.repeats += u64::from(timer.is_retransmission());
                self.step(now, id, Event::Fired(timer), None);
            }
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output<C>> {
        self.outputs.pop_front()
    }

    /// When [`Layer::handle_timeout`] wants to be called; it may turn out that nothing was due then.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// How many messages were sent again because no answer came, since the layer was made: for the metrics.
    #[must_use]
    pub const fn retransmissions(&self) -> u64 {
        self.repeats
    }

    /// How many transactions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no transaction.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Looks the event up in the machine's table and does what it says.
    pub(super) fn step(
        &mut self,
        now: Instant,
        id: TransactionId,
        event: Event,
        message: Option<(Peer, &Message)>,
    ) {
        let Some(entry) = self.entries.get(id.0) else { return };
        let step = entry.kind.step(entry.state, event);
        self.perform(now, id, step, message);
    }

    pub(super) fn perform(
        &mut self,
        now: Instant,
        id: TransactionId,
        step: Step,
        message: Option<(Peer, &Message)>,
    ) {
        let (state, actions) = step;
        self.enter(id, state);
        for action in actions {
            self.act(now, id, *action, message);
        }
        match state {
            State::Terminated => self.remove(id),
            State::Proceeding => self.send_cancel(now, id),
            State::Accepted => self.let_go(id),
            _ => {}
        }
    }

    /// Drops the 2xx of an INVITE server transaction, which its user alone sends again (RFC 6026 §8.1).
    fn let_go(&mut self, id: TransactionId) {
        if let Some(entry) = self.entries.get_mut(id.0)
            && entry.kind == Kind::ServerInvite
        {
            entry.message = Bytes::new();
        }
    }

    /// Changes the state, and keeps the index of those that wait for a final response.
    fn enter(&mut self, id: TransactionId, state: State) {
        let Some(entry) = self.entries.get_mut(id.0) else { return };
        let was_waiting = entry.state.is_waiting();
        entry.state = state;
        if entry.kind.is_client() && was_waiting && !state.is_waiting() {
            let place = (entry.peer.addr, entry.peer.transport, id);
            self.waiting.remove(&place);
        }
        let is_spent = match entry.kind {
            Kind::ClientInvite => state == State::Accepted,
            Kind::ClientOther => state == State::Completed,
            Kind::ServerInvite | Kind::ServerOther => false,
        };
        if is_spent {
            entry.message = Bytes::new();
        }
    }

    fn act(&mut self, now: Instant, id: TransactionId, action: Action, message: Option<(Peer, &Message)>) {
        match action {
            Action::Transmit => self.transmit(id),
            Action::Deliver => self.deliver(id, message),
            Action::Reack => self.reack(id, message),
            Action::Acknowledge => self.acknowledge(id, message),
            Action::Stop => self.stop(id),
            Action::Start(timer) => self.start(now, id, timer, None),
            Action::Again(timer) => self.again(now, id, timer),
            Action::Slow => self.slow(id),
            Action::Report(failure) => self.report(id, failure),
        }
    }

    fn transmit(&mut self, id: TransactionId) {
        if let Some(entry) = self.entries.get(id.0).filter(|entry| !entry.message.is_empty()) {
            self.outputs.push_back(Output::Transmit { peer: entry.peer, bytes: entry.message.clone() });
        }
    }

    /// Hands a response, or an ACK of a 2xx, to the user. New requests are handed over where they begin.
    fn deliver(&mut self, id: TransactionId, message: Option<(Peer, &Message)>) {
        let (Some(entry), Some((from, message))) = (self.entries.get(id.0), message) else { return };
        let message = message.clone();
        if message.is_request() {
            self.outputs.push_back(Output::Ack { from, message });
        } else if let Some(context) = entry.context {
            self.outputs.push_back(Output::Response { transaction: id, context, from, message });
        }
    }

    fn reack(&mut self, id: TransactionId, message: Option<(Peer, &Message)>) {
        let (Some(entry), Some((_, response))) = (self.entries.get(id.0), message) else { return };
        let tag = response.to_tag().unwrap_or_default();
        let tag = self.hash_key.of(&[tag.as_bytes()]);
        match entry.acks.iter().find(|(other, ..)| *other == tag) {
            Some((_, peer, bytes)) => {
                self.outputs.push_back(Output::Transmit { peer: *peer, bytes: bytes.clone() });
            }
            None => self.deliver(id, message),
        }
    }

    fn acknowledge(&mut self, id: TransactionId, message: Option<(Peer, &Message)>) {
        let (Some(entry), Some((_, response))) = (self.entries.get_mut(id.0), message) else { return };
        let Ok(invite) = Message::parse(entry.message.clone()) else { return };
        entry.message = derive::ack_of_failure(&invite, response);
        self.transmit(id);
    }

    fn report(&mut self, id: TransactionId, failure: Failure) {
        let Some(entry) = self.entries.get(id.0) else { return };
        if entry.context.is_some() {
            self.outputs.push_back(Output::Failed { transaction: id, context: entry.context, failure });
        }
    }

    fn stop(&mut self, id: TransactionId) {
        if let Some(entry) = self.entries.get_mut(id.0) {
            entry.retransmission = None;
            entry.deadline = None;
        }
    }

    /// Starts a timer, with its own duration unless another is given. One of no duration fires at once.
    fn start(&mut self, now: Instant, id: TransactionId, timer: Timer, duration: Option<Duration>) {
        let Some(entry) = self.entries.get_mut(id.0) else { return };
        let is_reliable = entry.peer.transport.is_reliable();
        let Some(duration) = duration.or_else(|| timer.duration(&self.timing, is_reliable)) else { return };
        if duration.is_zero() {
            return self.step(now, id, Event::Fired(timer), None);
        }
        let at = now + duration;
        if timer.is_retransmission() {
            entry.interval = duration;
            entry.retransmission = Some((timer, at));
        } else {
            entry.deadline = Some((timer, at));
        }
        self.timers.set(at, (id, timer));
        if self.timers.is_crowded(self.entries.len()) {
            let entries = &self.entries;
            self.timers.retain(|at, (id, timer)| {
                entries.get(id.0).is_some_and(|entry| entry.is_running(*timer, at))
            });
        }
    }

    fn again(&mut self, now: Instant, id: TransactionId, timer: Timer) {
        let Some(entry) = self.entries.get(id.0) else { return };
        let doubled = entry.interval.saturating_mul(2);
        let next = if timer == Timer::A { doubled } else { doubled.min(self.timing.t2) };
        self.start(now, id, timer, Some(next));
    }

    fn slow(&mut self, id: TransactionId) {
        if let Some(entry) = self.entries.get_mut(id.0) {
            entry.interval = self.timing.t2;
        }
    }

    fn remove(&mut self, id: TransactionId) {
        let Some(entry) = self.entries.remove(id.0) else { return };
        if self.table.get(&entry.key) == Some(&id) {
            self.table.remove(&entry.key);
        }
        if let Some(key) = entry.merge_key.filter(|key| self.merged.get(key) == Some(&id)) {
            self.merged.remove(&key);
        }
    }
}
