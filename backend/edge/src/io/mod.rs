//! The socket thread: reads datagrams and connections, cuts out messages, and steers each to its shard.
//!
//! It answers by itself only what needs no shard: what cannot be read, and new calls while their shard is behind.

mod connection;
mod doors;
mod pool;
mod session;
mod steer;
mod streams;
mod websockets;

use crate::batch::{BATCH, Batch};
use crate::context::{Context, Outgoing, Packet};
use crate::counters::add;
use crate::guard::gate::Gate;
use crate::tick::Tick;
use doors::Doors;
use mio::net::{TcpListener, UdpSocket};
use mio::{Events, Interest, Poll, Token};
use sip::Transport;
use sip::transaction::Peer;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use steer::Steer;
use streams::Streams;
use websockets::WebSockets;

use bytes::Bytes;

const UDP: Token = Token(0);
const LISTENER: Token = Token(1);
/// Wakes the thread for its outbox.
pub(crate) const WAKER: Token = Token(2);
const TLS_LISTENER: Token = Token(3);
/// Connections count from here.
const FIRST_CONNECTION: usize = 16;
/// Events taken from the system at once.
const EVENTS: usize = 256;
/// Batches of datagrams read before the connections have their turn.
const BATCHES_PER_TURN: usize = 32;
/// How often connections that are silent for too long are looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// How soon a connection that waits for its shard is tried again.
const STUCK_RETRY: Duration = Duration::from_millis(2);
/// A datagram below this is a keep-alive, not a message.
const SHORTEST_MESSAGE: usize = 16;

/// The socket thread before it runs.
pub(crate) struct Io {
    context: Arc<Context>,
    poll: Poll,
    /// Only polled; it is read through the context's socket, which is the same.
    _udp: UdpSocket,
    steer: Steer,
    streams: Streams,
    websockets: WebSockets,
    outbox: Receiver<Outgoing>,
    gate: Gate,
}

/// What comes in beside datagrams.
pub(crate) struct Inlets {
    pub(crate) tcp: std::net::TcpListener,
    pub(crate) tls: Option<std::net::TcpListener>,
    /// Messages for connections.
    pub(crate) outbox: Receiver<Outgoing>,
    /// Messages from WebSockets.
    pub(crate) websockets: Receiver<(Peer, Bytes)>,
}

impl Io {
    /// Registers the sockets.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn new(
        context: Arc<Context>,
        poll: Poll,
        inlets: Inlets,
        queues: Vec<rtrb::Producer<Packet>>,
    ) -> io::Result<Self> {
        let listen = |listener: std::net::TcpListener, token| {
            let mut listener = TcpListener::from_std(listener);
            poll.registry().register(&mut listener, token, Interest::READABLE)?;
            io::Result::Ok(listener)
        };
        let tcp = listen(inlets.tcp, LISTENER)?;
        let tls = inlets.tls.map(|tls| listen(tls, TLS_LISTENER)).transpose()?;
        let mut udp = UdpSocket::from_std(context.udp.try_clone()?);
        poll.registry().register(&mut udp, UDP, Interest::READABLE)?;
        let registry = poll.registry().try_clone()?;
        let streams = Streams::new(Arc::clone(&context), registry, Doors::new(tcp, tls));
        let gate = Gate::new(Arc::clone(&context), Instant::now());
        Ok(Self {
            steer: Steer::new(Arc::clone(&context), queues),
            poll,
            _udp: udp,
            streams,
            websockets: WebSockets::new(Arc::clone(&context), inlets.websockets),
            context,
            outbox: inlets.outbox,
            gate,
        })
    }

    /// Runs until the edge stops.
    pub(crate) fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS);
        let mut batch = Batch::new();
        let (mut has_datagrams, mut has_messages) = (true, false);
        let mut sweep_at = Instant::now() + SWEEP;
        let mut tick = Tick::new(Instant::now());
        loop {
            let wait = match () {
                () if has_datagrams || has_messages || self.streams.has_work() => Duration::ZERO,
                () if self.streams.is_stuck() || self.websockets.is_stuck() => STUCK_RETRY,
                () => SWEEP,
            };
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(error = %error, "the SIP sockets cannot be polled; trying again");
                std::thread::sleep(STUCK_RETRY);
            }
            let now = Instant::now();
            for event in &events {
                match event.token() {
                    UDP => has_datagrams = true,
                    WAKER => {}
                    LISTENER | TLS_LISTENER => self.streams.accept(now, &mut self.gate),
                    Token(id) => self.streams.ready(id as u64, event, now),
                }
            }
            if has_datagrams {
                has_datagrams = self.read_datagrams(&mut batch, now);
            }
            self.streams.read(now, &mut self.steer, &mut self.gate);
            has_messages = self.websockets.read(&mut self.steer);
            self.write_outbox(now);
            if now >= sweep_at {
                self.streams.sweep(now, &mut self.gate);
                self.context.shared.guard.sweep(now);
                self.steer.age(now);
                sweep_at = now + SWEEP;
            }
            self.steer.wake_fed();
            let rest = tick.rest(now, self.steer.take_count());
            if let Some(rest) = rest.filter(|_| !has_datagrams) {
                std::thread::sleep(rest);
            }
            if self.context.is_io_stopping.load(Ordering::Relaxed) {
                self.write_outbox(now);
                return;
            }
        }
    }

    /// Reads what waits; `true` where more may wait.
    fn read_datagrams(&mut self, batch: &mut Batch, now: Instant) -> bool {
        for _ in 0..BATCHES_PER_TURN {
            let Ok(count) = batch.receive(&self.context.udp) else { return false };
            for (source, bytes) in batch.datagrams() {
                if let Some(dropped) = self.gate.refuses(source.ip(), false, now) {
                    self.gate.count(dropped);
                    continue;
                }
                if bytes.len() < SHORTEST_MESSAGE {
                    add(&self.context.shared.io_tally().keep_alives, 1);
                    continue;
                }
                let from = Peer::new(source, Transport::Udp);
                let answer = self.steer.datagram(from, Bytes::copy_from_slice(bytes));
                if let Some((to, bytes)) = answer {
                    // A refusal that does not get through is asked for again.
                    let is_sent = self.context.udp.send_to(&bytes, self.context.to_udp(to.addr)).is_ok();
                    let tally = self.context.shared.io_tally();
                    add(if is_sent { &tally.messages_out } else { &tally.dropped_out }, 1);
                }
            }
            if count < BATCH {
                return false;
            }
        }
        true
    }

    fn write_outbox(&mut self, now: Instant) {
        while let Ok(outgoing) = self.outbox.try_recv() {
            self.streams.send(now, outgoing);
        }
        self.streams.flush_queued();
    }
}
