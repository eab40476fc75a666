//! Commands the other way: what the app asks of a running edge. Nothing here blocks.

use crate::context::without_port;
use crate::counters::{Counters, Tally, add};
use crate::destinations::Destinations;
use crate::gauges::{Gauges, ShardReading};
use crate::guard::replay::Replays;
use crate::guard::{Ban, Guard};
use crate::inbox::{Command, Inbox};
use crate::overload::Overload;
use crate::seam::PeerCertificate;
use crate::seam::{
    CallId, Hop, MediaError, MediaId, MediaPool, MediaStats, Originated, Origination, Prompt, Refusal, Reply,
    Side, Tape, Trace,
};
use crate::tls::{Credentials, InspectError, Inspection};
use crate::websocket::{Sink, WebSocket, WebSockets};
use crate::{Config, Limits};
use arc_swap::ArcSwap;
use bytes::Bytes;
use sip::b2bua::CallRef;
use sip::transaction::Peer;
use std::any::Any;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

/// Commands for one shard beyond two for each of its calls.
const INBOX_SPARE: usize = 1_024;
/// Not draining.
const NOT_DRAINING: u64 = u64::MAX;

/// A handle on the edge, before and while it runs. Clones are the same edge.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

/// A call that is up or being set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveCall {
    /// The call.
    pub call: CallId,
    /// When its INVITE arrived.
    pub started_at: SystemTime,
    /// When it was answered.
    pub answered_at: Option<SystemTime>,
    /// Where each leg's peer is; of the callee's leg, once it was answered.
    pub peers: [Option<Hop>; 2],
    /// What the media relay has counted so far, where media was set up.
    pub media: Option<MediaStats>,
}

/// What all threads of the edge and all handles share: nothing of it is locked.
pub(crate) struct Shared {
    pub(crate) inboxes: Vec<Inbox>,
    pub(crate) live: papaya::HashMap<CallId, Arc<Live>>,
    /// One for the socket thread, then one per shard.
    tallies: Vec<Tally>,
    pub(crate) gauges: Vec<Gauges>,
    calls: AtomicUsize,
    calls_max: usize,
    drain_millis: AtomicU64,
    /// Requests of ours go to the shards in turn.
    origin_turn: AtomicUsize,
    is_stopping: AtomicBool,
    pub(crate) media: OnceLock<Arc<dyn MediaPool>>,
    pub(crate) io_waker: OnceLock<mio::Waker>,
    pub(crate) websockets: WebSockets,
    pub(crate) destinations: Arc<Destinations>,
    /// What is shown and believed over TLS; `None` where TLS is not spoken.
    pub(crate) tls: Option<ArcSwap<Credentials>>,
    /// Who misbehaves.
    pub(crate) guard: Guard,
    /// Which answers to challenges were used.
    pub(crate) replays: Replays,
    /// How pressed the shards are.
    pub(crate) overload: Overload,
}

/// The receiving ends of what others tell a running edge.
#[derive(Debug)]
pub(crate) struct Inlets {
    /// One for each shard.
    pub(crate) commands: Vec<Receiver<Command>>,
    /// Messages from WebSockets.
    pub(crate) websockets: Receiver<(Peer, Bytes)>,
}

/// A call in the table of live calls; written by its shard alone.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) shard: u16,
    pub(crate) call: CallRef,
    pub(crate) started_at: SystemTime,
    pub(crate) answered_at: OnceLock<SystemTime>,
    pub(crate) caller: Hop,
    pub(crate) callee: OnceLock<Hop>,
    pub(crate) media: OnceLock<MediaId>,
}

impl Handle {
    pub(crate) fn new(config: &Config) -> (Self, Inlets) {
        let Limits { calls_max, .. } = config.limits;
        let shards = usize::from(config.shard_count());
        // Calls spread unevenly by chance, so each inbox has room for all of them: a verdict must find its way in.
        let (inboxes, receivers) = (0..shards).map(|_| Inbox::new(calls_max * 2 + INBOX_SPARE)).unzip();
        let (websockets, messages) = sync_channel(config.limits.websocket_queue_messages);
        let shared = Shared {
            inboxes,
            live: papaya::HashMap::new(),
            tallies: (0..=shards).map(|_| Tally::default()).collect(),
            gauges: (0..shards).map(|_| Gauges::default()).collect(),
            calls: AtomicUsize::new(0),
            calls_max,
            drain_millis: AtomicU64::new(NOT_DRAINING),
            origin_turn: AtomicUsize::new(0),
            is_stopping: AtomicBool::new(false),
            media: OnceLock::new(),
            io_waker: OnceLock::new(),
            websockets: WebSockets::new(config.limits.websockets_max, websockets),
            destinations: Arc::default(),
            tls: config.tls.as_ref().map(|tls| ArcSwap::from_pointee(tls.credentials.clone())),
            guard: Guard::new(config.guard.clone(), Instant::now()),
            replays: Replays::new(),
            overload: Overload::new(shards),
        };
        (Self { shared: Arc::new(shared) }, Inlets { commands: receivers, websockets: messages })
    }

    /// The calls that are up or being set up, in no order.
    #[must_use]
    pub fn live(&self) -> Vec<LiveCall> {
        let table = self.shared.live.pin();
        table.iter().map(|(call, live)| self.shared.view(*call, live)).collect()
    }

    /// One call that is up or being set up.
    #[must_use]
    pub fn live_call(&self, call: CallId) -> Option<LiveCall> {
        self.shared.live.pin().get(&call).map(|live| self.shared.view(call, live))
    }

    /// How many calls are up or being set up.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.calls.load(Ordering::Relaxed)
    }

    /// Ends a call with this refusal: its status before the answer, its cause in the Reason of a BYE after. `false`
    /// where there is no such call, or its shard cannot take the order now. The end comes through
    /// [`ended`](crate::seam::CallControl::ended).
    #[must_use]
    pub fn end(&self, call: CallId, refusal: Refusal) -> bool {
        let table = self.shared.live.pin();
        let Some(live) = table.get(&call) else { return false };
        let order = Command::End { call: live.call, refusal: Box::new(refusal) };
        self.shared.inboxes[usize::from(live.shard)].push(order)
    }

    /// Records what both sides of a call say from now on, until it ends or the tape is stopped. Its shard is not asked: the media
    /// relay is, as for the figures of a live call.
    ///
    /// # Errors
    /// [`MediaError::Gone`] where there is no such call or it has no media, [`MediaError::NotRecorded`].
    pub fn record(&self, call: CallId, into: Box<dyn Any + Send>) -> Result<Arc<dyn Tape>, MediaError> {
        let (pool, id) = self.shared.media_of(call).ok_or(MediaError::Gone)?;
        pool.record(id, into)
    }

    /// Plays something to a side of a call for so long, in place of what the other one says; `false` where it can't be.
    #[must_use]
    pub fn play(&self, call: CallId, to: Side, prompt: &Prompt, lasts: Duration) -> bool {
        self.shared.media_of(call).is_some_and(|(pool, id)| pool.play(id, to, prompt, lasts))
    }

    /// How many shards there are: 0 to this minus one are their names.
    #[must_use]
    pub fn shards(&self) -> u16 {
        u16::try_from(self.shared.inboxes.len()).unwrap_or(u16::MAX)
    }

    /// Asks a shard for the trace of a call that is up or ended some seconds ago, as far as it is by now. It answers
    /// `None` where it has none, and where it cannot take the question.
    pub fn trace(&self, shard: u16, call: CallId, reply: Reply<Option<Box<Trace>>>) {
        if let Some(inbox) = self.shared.inboxes.get(usize::from(shard)) {
            // A question that is not taken is dropped, which answers it.
            let _ = inbox.push(Command::Trace { call, reply });
        }
    }

    /// Sends a request of ours outside any call, such as OPTIONS or REGISTER. The reply comes from a shard and must not
    /// block; it is answered `None` where the shard could not take the request, or stops before there is a result.
    /// One Call-ID always goes through the same shard.
    pub fn originate(&self, request: Origination, reply: Reply<Originated>) {
        let inboxes = &self.shared.inboxes;
        let place = match &request.call_id {
            Some(call_id) => call_id
                .bytes()
                .fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte))),
            None => self.shared.origin_turn.fetch_add(1, Ordering::Relaxed),
        };
        let order = Command::Originate { request: Box::new(request), reply };
        // A full inbox drops the order, and its reply says so.
        let _ = inboxes[place % inboxes.len()].push(order);
    }

    /// From now on new calls get 503 with Retry-After, and what is still up after `deadline` is ended. Returns at
    /// once: [`Handle::count`] says when all calls are over. Of several words the shortest deadline stands.
    pub fn drain(&self, deadline: Duration) {
        let millis = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX).min(NOT_DRAINING - 1);
        self.shared.drain_millis.fetch_min(millis, Ordering::Relaxed);
        self.shared.wake_all();
    }

    /// Takes a drain back: new calls are taken again. What was ended stays so.
    pub fn resume(&self) {
        self.shared.drain_millis.store(NOT_DRAINING, Ordering::Relaxed);
        self.shared.wake_all();
    }

    /// Whether new calls are refused because of a drain.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.draining().is_some()
    }

    /// What each shard is at, in their order.
    #[must_use]
    pub fn readings(&self) -> Vec<ShardReading> {
        let reading = |(shard, gauges): (u16, &Gauges)| {
            gauges.read(self.shared.shard_tally(shard).messages_out.load(Ordering::Relaxed))
        };
        (0..).zip(&self.shared.gauges).map(reading).collect()
    }

    /// From now on new connections over TLS are shown these credentials, and judged by these roots; connections that
    /// are open stay as they are. Without effect where TLS is not spoken.
    pub fn reload(&self, credentials: Credentials) {
        if let Some(current) = &self.shared.tls {
            current.store(Arc::new(credentials));
        }
    }

    /// Takes the connection of a phone that speaks SIP over WebSocket (RFC 7118), with the way back to it; `None` where
    /// there are as many as are allowed. `secure` says that it came over TLS.
    #[must_use]
    pub fn websocket(&self, peer: SocketAddr, secure: bool, sink: Sink) -> Option<WebSocket> {
        WebSocket::open(&self.shared, peer, secure, sink)
    }

    /// The certificate that was shown last at a hop over TLS to us who asked for this host; `None` where there was no
    /// handshake that ended well.
    #[must_use]
    pub fn certificate_of(&self, hop: Hop, host: &str) -> Option<Arc<PeerCertificate>> {
        let destinations = &self.shared.destinations;
        destinations.get(destinations.flow(hop.address, without_port(host)))?.shown.load_full()
    }

    /// Shakes hands over TLS with somebody else's server, as the edge would, and says what it showed: for finding out
    /// what is wrong with it. Blocks for some seconds.
    ///
    /// # Errors
    /// [`InspectError`] where nothing could be seen.
    pub fn inspect(&self, address: SocketAddr, name: &str) -> Result<Inspection, InspectError> {
        let tls = self.shared.tls.as_ref().ok_or(InspectError::NotSpoken)?;
        tls.load().inspect(address, name)
    }

    /// When the certificate that we show expires; `None` where TLS is not spoken.
    #[must_use]
    pub fn certificate_expires_at(&self) -> Option<SystemTime> {
        self.shared.tls.as_ref().map(|tls| tls.load().expires_at())
    }

    /// All counters.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.counters()
    }

    /// The addresses that are not heard at this moment, the newest ban first.
    #[must_use]
    pub fn bans(&self) -> Vec<Ban> {
        self.shared.guard.bans(Instant::now(), SystemTime::now())
    }

    /// How many addresses are banned, and of how many an offence is remembered: gauges.
    #[must_use]
    pub fn ban_sizes(&self) -> (usize, usize) {
        self.shared.guard.sizes(Instant::now())
    }

    /// Of each shard, how long a message that arrives now waits for it, and whether its new calls are refused: gauges.
    #[must_use]
    pub fn delays(&self) -> Vec<(Duration, bool)> {
        self.shared.overload.delays()
    }

    /// Lifts the ban of an address, and forgets what it did; `false` where nothing was remembered of it.
    #[must_use]
    pub fn clear_ban(&self, address: IpAddr) -> bool {
        self.shared.guard.clear(address)
    }

    /// Lifts all bans, and forgets all offences. Says of how many addresses something was remembered.
    #[must_use]
    pub fn clear_bans(&self) -> usize {
        self.shared.guard.clear_all()
    }

    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("calls", &self.count()).finish_non_exhaustive()
    }
}

impl Shared {
    /// The media session of a live call, and who has it.
    fn media_of(&self, call: CallId) -> Option<(&Arc<dyn MediaPool>, MediaId)> {
        let id = *self.live.pin().get(&call)?.media.get()?;
        Some((self.media.get()?, id))
    }

    fn view(&self, call: CallId, live: &Live) -> LiveCall {
        let media = live.media.get().and_then(|id| self.media.get()?.stats(*id));
        let (answered_at, callee) = (live.answered_at.get().copied(), live.callee.get().copied());
        LiveCall { call, started_at: live.started_at, answered_at, peers: [Some(live.caller), callee], media }
    }

    /// All counters.
    pub(crate) fn counters(&self) -> Counters {
        Counters::read(&self.tallies, self.calls.load(Ordering::Relaxed) as u64)
    }

    /// The counters of the socket thread.
    pub(crate) fn io_tally(&self) -> &Tally {
        &self.tallies[0]
    }

    /// The counters of a shard.
    pub(crate) fn shard_tally(&self, shard: u16) -> &Tally {
        &self.tallies[usize::from(shard) + 1]
    }

    /// How long the calls that are up may still last, when no new ones are taken.
    pub(crate) fn draining(&self) -> Option<Duration> {
        match self.drain_millis.load(Ordering::Relaxed) {
            NOT_DRAINING => None,
            millis => Some(Duration::from_millis(millis)),
        }
    }

    /// Whether a call more would find a place.
    pub(crate) fn has_place(&self) -> bool {
        self.calls.load(Ordering::Relaxed) < self.calls_max
    }

    /// Takes a place among the calls; `false` where there is none.
    pub(crate) fn take_place(&self) -> bool {
        let take = |calls| (calls < self.calls_max).then_some(calls + 1);
        self.calls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Gives a place back.
    pub(crate) fn give_place(&self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }

    /// Hands a command to a shard, and counts it where the shard cannot take it.
    pub(crate) fn command(&self, shard: u16, command: Command) {
        if !self.inboxes[usize::from(shard)].push(command) {
            add(&self.shard_tally(shard).dropped_commands, 1);
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Has every thread end.
    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
        self.wake_all();
    }

    fn wake_all(&self) {
        self.inboxes.iter().for_each(Inbox::wake);
        self.wake_io();
    }

    /// Wakes the socket thread.
    pub(crate) fn wake_io(&self) {
        if let Some(waker) = self.io_waker.get() {
            // It fails only where the counter behind it is full, and then the thread is awake already.
            let _ = waker.wake();
        }
    }
}
