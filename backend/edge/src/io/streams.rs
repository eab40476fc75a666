//! All connections: accepted, opened on demand, read in turns, closed when they fail.

use super::connection::{Connection, PONG, Phase, Waiting};
use super::doors::Doors;
use super::pool::{Pool, Way};
use super::session::Session;
use super::steer::{Fate, Steer};
use super::{FIRST_CONNECTION, Token};
use crate::context::{Context, Outgoing};
use crate::counters::add;
use crate::guard::gate::Gate;
use crate::inbox::Command;
use bytes::Bytes;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry};
use sip::Transport;
use sip::stream::Frame;
use sip::transaction::Peer;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

/// Read at once from one connection.
const CHUNK: usize = 16 * 1024;
/// Chunks read from one connection before the others have their turn.
const CHUNKS_PER_TURN: usize = 4;
/// Connections accepted in one turn.
const ACCEPTS_PER_TURN: usize = 64;

/// The connections by their id, which is never used twice.
pub(super) struct Streams {
    pub(super) context: Arc<Context>,
    registry: Registry,
    doors: Doors,
    pub(super) open: HashMap<u64, Connection>,
    pub(super) pool: Pool,
    /// Accepted ones that shake hands, the oldest first.
    shaking: BTreeSet<u64>,
    next: u64,
    /// Connections with something to read.
    readable: Vec<u64>,
    /// Connections that wait for a full shard.
    stuck: Vec<u64>,
    /// Connections with something queued in this turn.
    queued: Vec<u64>,
    room: Vec<u8>,
}

impl Streams {
    pub(super) fn new(context: Arc<Context>, registry: Registry, doors: Doors) -> Self {
        Self {
            pool: Pool::new(Arc::clone(&context.shared.destinations)),
            context,
            registry,
            doors,
            open: HashMap::new(),
            shaking: BTreeSet::new(),
            next: FIRST_CONNECTION as u64,
            readable: Vec::new(),
            stuck: Vec::new(),
            queued: Vec::new(),
            room: vec![0; CHUNK],
        }
    }

    /// Whether there is something to do without a further event.
    pub(super) fn has_work(&self) -> bool {
        !self.readable.is_empty() || self.doors.may_wait()
    }

    /// Whether a connection waits for a full shard.
    pub(super) const fn is_stuck(&self) -> bool {
        !self.stuck.is_empty()
    }

    /// Takes new connections.
    pub(super) fn accept(&mut self, now: Instant, gate: &mut Gate) {
        self.doors.look();
        self.accept_more(now, gate);
    }

    fn accept_more(&mut self, now: Instant, gate: &mut Gate) {
        for _ in 0..ACCEPTS_PER_TURN {
            let Some((stream, addr, transport)) = self.doors.accept() else { return };
            if let Some(dropped) = gate.refuses(addr.ip(), true, now) {
                gate.count(dropped);
                continue;
            }
            let tally = self.context.shared.io_tally();
            if self.open.len() >= self.context.limits.tcp_connections_max {
                add(&tally.connections_refused, 1);
                continue;
            }
            add(&tally.connections, 1);
            if transport == Transport::Tcp {
                self.admit(Connection::new(stream, addr, None, Phase::Open, now), None);
            } else {
                self.welcome(stream, addr, now);
            }
        }
    }

    /// Begins the handshake of a caller. Where too many are under way, the oldest gives way: an honest peer is done
    /// within a moment.
    fn welcome(&mut self, stream: TcpStream, addr: SocketAddr, now: Instant) {
        let credentials = self.context.shared.tls.as_ref().map(arc_swap::ArcSwap::load);
        let Some(Ok(session)) = credentials.map(|credentials| Session::accept(&credentials)) else { return };
        if self.shaking.len() >= self.context.limits.tls_handshakes_max
            && let Some(oldest) = self.shaking.first().copied()
        {
            self.close(oldest, "others came after it");
        }
        self.admit(Connection::new(stream, addr, Some(session), Phase::Shaking, now), None);
    }

    /// Takes a connection into the table. One that we opened under TLS has a destination.
    pub(super) fn admit(&mut self, mut connection: Connection, destination: Option<u64>) -> Option<u64> {
        let is_ours = connection.phase == Phase::Connecting;
        let id = self.next << 1 | u64::from(is_ours);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.registry.register(&mut connection.stream, Token(usize::try_from(id).ok()?), interest).ok()?;
        // Messages are whole when they are written, so waiting for more only delays them.
        let _ = connection.stream.set_nodelay(true);
        self.next += 1;
        connection.flow = destination.unwrap_or(id);
        self.pool.enter(id, &connection);
        if connection.phase == Phase::Shaking {
            self.shaking.insert(id);
        }
        self.open.insert(id, connection);
        Some(id)
    }

    /// Takes an event of a connection.
    pub(super) fn ready(&mut self, id: u64, event: &Event, now: Instant) {
        let Some(connection) = self.open.get_mut(&id) else { return };
        if event.is_writable() {
            if connection.phase == Phase::Connecting {
                let is_sound = matches!(connection.stream.take_error(), Ok(None));
                if is_sound && connection.stream.peer_addr().is_ok() {
                    let is_plain = connection.session.is_none();
                    connection.enter(if is_plain { Phase::Open } else { Phase::Shaking }, now);
                }
            }
            if connection.phase != Phase::Connecting {
                self.flush(id);
            }
        }
        let Some(connection) = self.open.get_mut(&id) else { return };
        if event.is_error() && connection.phase == Phase::Connecting {
            let error = connection.stream.take_error().ok().flatten();
            self.close(id, &error.map_or_else(|| "no connection".to_owned(), |error| error.to_string()));
        } else if (event.is_readable() || event.is_read_closed()) && !connection.is_readable {
            connection.is_readable = true;
            self.readable.push(id);
        }
    }

    /// Reads every connection that has something, a bounded piece each.
    pub(super) fn read(&mut self, now: Instant, steer: &mut Steer, gate: &mut Gate) {
        self.accept_more(now, gate);
        let mut room = std::mem::take(&mut self.room);
        for id in std::mem::take(&mut self.stuck).into_iter().chain(std::mem::take(&mut self.readable)) {
            if let Err(error) = self.read_one(id, now, &mut room, steer) {
                self.close(id, &error.to_string());
            }
        }
        self.room = room;
    }

    fn read_one(&mut self, id: u64, now: Instant, room: &mut [u8], steer: &mut Steer) -> io::Result<()> {
        for _ in 0..CHUNKS_PER_TURN {
            self.take_frames(id, now, steer)?;
            let Some(connection) = self.open.get_mut(&id) else { return Ok(()) };
            if connection.stuck.is_some() {
                if !self.stuck.contains(&id) {
                    self.stuck.push(id);
                }
                return Ok(());
            }
            if !connection.is_readable {
                return Ok(());
            }
            let filled = connection.fill(room, now);
            // Also where nothing was said to us, the handshake may have ended.
            self.shake(id, now);
            if !filled? {
                if let Some(connection) = self.open.get_mut(&id) {
                    connection.is_readable = false;
                }
                return Ok(());
            }
        }
        self.take_frames(id, now, steer)?;
        self.readable.push(id);
        Ok(())
    }

    /// Opens a connection whose handshake is over.
    fn shake(&mut self, id: u64, now: Instant) {
        let Some(connection) = self.open.get_mut(&id) else { return };
        let Some(session) = connection.session.as_ref().filter(|session| !session.is_handshaking()) else {
            return;
        };
        if connection.phase != Phase::Shaking {
            return;
        }
        let tally = self.context.shared.io_tally();
        add(&tally.tls_handshakes, 1);
        let certificate = session.certificate();
        if let Some(fault) = certificate.as_ref().and_then(|certificate| certificate.fault()) {
            add(&tally.tls_unverified, 1);
            tracing::info!(peer = %connection.addr, fault, "a certificate is not believed, and counts as none");
        }
        connection.certificate = certificate.map(Arc::new);
        if let Some(destination) = self.context.shared.destinations.get(connection.flow) {
            destination.shown.store(connection.certificate.clone());
        }
        connection.enter(Phase::Open, now);
        self.shaking.remove(&id);
        self.flush(id);
    }

    /// Steers the whole messages of a connection, until one finds its shard full.
    fn take_frames(&mut self, id: u64, now: Instant, steer: &mut Steer) -> io::Result<()> {
        loop {
            let Some(connection) = self.open.get_mut(&id) else { return Ok(()) };
            let from = connection.peer();
            let fate = if let Some(packet) = connection.stuck.take() {
                steer.packet(*packet)
            } else {
                let frame = connection.framer.next();
                let frame = frame.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                let Some(frame) = frame else {
                    let has_begun = connection.framer.pending() > 0;
                    connection.begun = has_begun.then(|| connection.begun.unwrap_or(now));
                    return Ok(());
                };
                connection.heard(now);
                connection.begun = None;
                match frame {
                    Frame::Message(bytes) => {
                        if connection.certificate.is_some() && connection.home.is_none() {
                            self.introduce(id, &bytes);
                        }
                        let certificate =
                            self.open.get(&id).and_then(|connection| connection.certificate.clone());
                        steer.bytes(from, certificate.as_ref(), bytes)
                    }
                    Frame::Ping => {
                        add(&self.context.shared.io_tally().keep_alives, 1);
                        Fate::Answered((from, Bytes::from_static(PONG)))
                    }
                }
            };
            match fate {
                Fate::Done => {}
                Fate::Answered((peer, bytes)) => self.send(now, Outgoing { shard: None, peer, bytes }),
                Fate::Full(packet) => {
                    if let Some(connection) = self.open.get_mut(&id) {
                        connection.stuck = Some(packet);
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Learns from a request's Via where a peer with a certificate listens, and whether it offers this connection for
    /// what goes there (RFC 5923 §8.1).
    fn introduce(&mut self, id: u64, bytes: &Bytes) {
        let Ok(message) = sip::wire::Message::parse(bytes.clone()) else { return };
        let Some(connection) = self.open.get_mut(&id) else { return };
        let Some(via) = message.top_via().ok().filter(|_| message.is_request()) else { return };
        if connection.certificate.as_ref().is_some_and(|certificate| certificate.covers(via.host)) {
            let place = SocketAddr::new(connection.addr.ip(), via.port_or_default());
            connection.home = Some((place, via.host.into()));
            if via.params.get("alias").is_some() {
                self.pool.offer(id, place);
            }
        }
    }

    /// Sends over the connection that is named, or one to that place, opened where there is none.
    pub(super) fn send(&mut self, now: Instant, outgoing: Outgoing) {
        let Outgoing { shard, peer, bytes } = outgoing;
        let waiting = Waiting { shard, peer, bytes };
        let id = match self.pool.way(peer, &self.open) {
            Way::Over(id) => Ok(id),
            Way::Open(to) => self.connect(to, now),
            Way::Closed => Err("its connection is closed".to_owned()),
        };
        let id = match id {
            Ok(id) => id,
            Err(reason) => return self.failed(waiting.shard, waiting.peer, &reason),
        };
        let Some(connection) = self.open.get_mut(&id) else {
            return self.failed(waiting.shard, waiting.peer, "its connection is closed");
        };
        let (shard, peer) = (waiting.shard, waiting.peer);
        if !connection.queue(waiting, self.context.limits.tcp_backlog_bytes, now) {
            self.failed(shard, peer, "too much waits for it");
            self.close(id, "too much waits for it");
        } else if connection.phase == Phase::Open && connection.has_burst() {
            self.flush(id);
        } else if connection.phase == Phase::Open && !connection.is_queued {
            connection.is_queued = true;
            self.queued.push(id);
        }
    }

    /// Writes what was queued in this turn: the messages of a burst leave together.
    pub(super) fn flush_queued(&mut self) {
        for id in std::mem::take(&mut self.queued) {
            if let Some(connection) = self.open.get_mut(&id) {
                connection.is_queued = false;
                self.flush(id);
            }
        }
    }

    /// Opens a connection; an error says why there is none.
    fn connect(&mut self, peer: Peer, now: Instant) -> Result<u64, String> {
        if self.open.len() >= self.context.limits.tcp_connections_max {
            return Err("there are as many connections as are allowed".to_owned());
        }
        let session = match peer.transport {
            Transport::Tcp => None,
            Transport::Tls => Some(self.session(peer).map_err(|error| error.to_string())?),
            other => return Err(format!("{other} connections are opened by the peer")),
        };
        let stream = connect_from(self.context.local.ip(), peer.addr).map_err(|error| error.to_string())?;
        let destination = peer.flow.filter(|_| session.is_some());
        let connection = Connection::new(stream, peer.addr, session, Phase::Connecting, now);
        self.admit(connection, destination).ok_or_else(|| "no more connections can be watched".to_owned())
    }

    fn session(&self, peer: Peer) -> io::Result<Session> {
        let credentials = self.context.shared.tls.as_ref().map(arc_swap::ArcSwap::load);
        let credentials = credentials.ok_or_else(|| io::Error::other("TLS is not spoken here"))?;
        let destination = peer.flow.and_then(|flow| self.context.shared.destinations.get(flow));
        let destination =
            destination.ok_or_else(|| io::Error::other("nobody said whose certificate it must be"))?;
        Session::connect(&credentials, &destination.name)
    }

    fn flush(&mut self, id: u64) {
        let Some(connection) = self.open.get_mut(&id) else { return };
        match connection.flush() {
            Ok(whole) => add(&self.context.shared.io_tally().messages_out, whole),
            Err(error) => self.close(id, &error.to_string()),
        }
    }

    /// Closes a connection, and tells who waited for it.
    fn close(&mut self, id: u64, reason: &str) {
        let Some(mut connection) = self.open.remove(&id) else { return };
        self.pool.leave(id, &connection);
        self.shaking.remove(&id);
        if connection.session.is_some() && connection.phase != Phase::Open {
            add(&self.context.shared.io_tally().tls_failures, 1);
            tracing::info!(peer = %connection.addr, reason, "a TLS handshake failed");
        }
        if let Some(session) = &mut connection.session {
            session.close(&mut connection.stream);
        }
        // Dropping the stream closes it even where the system has forgotten it.
        let _ = self.registry.deregister(&mut connection.stream);
        add(&self.context.shared.io_tally().dropped_out, connection.out.len() as u64);
        for (shard, peer) in connection.senders() {
            self.tell(shard, peer, reason);
        }
    }

    fn failed(&self, shard: Option<u16>, peer: Peer, reason: &str) {
        add(&self.context.shared.io_tally().dropped_out, 1);
        if let Some(shard) = shard {
            self.tell(shard, peer, reason);
        }
    }

    fn tell(&self, shard: u16, peer: Peer, reason: &str) {
        let destination = peer.flow.and_then(|flow| self.context.shared.destinations.get(flow));
        let reason = match destination {
            Some(to) => format!("{} to {} at {}: {reason}", peer.transport, to.name, peer.addr),
            None => format!("{} to {}: {reason}", peer.transport, peer.addr),
        };
        self.context.shared.command(shard, Command::Unreachable { peer, reason: Some(reason.into()) });
    }

    /// Closes what has been silent for too long, and keeps alive what we opened.
    pub(super) fn sweep(&mut self, now: Instant, gate: &mut Gate) {
        let limits = &self.context.limits;
        let (shaking, every) = (limits.tls_handshake_timeout, limits.keep_alive);
        let mut overdue: Vec<(u64, &'static str)> = Vec::new();
        let mut quiet: Vec<u64> = Vec::new();
        for (id, connection) in &mut self.open {
            if let Some(reason) = connection.overdue(now, shaking) {
                overdue.push((*id, reason));
            } else if id & 1 == 1 {
                match connection.keep_alive(now, every) {
                    true => quiet.push(*id),
                    false => overdue.push((*id, "a keep-alive was not answered")),
                }
            }
        }
        for (id, reason) in overdue {
            self.close(id, reason);
        }
        for id in quiet {
            self.flush(id);
        }
        self.accept(now, gate);
    }
}

/// Begins to connect from where we listen, so that peers who know us by our address know us; without waiting.
fn connect_from(local: IpAddr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    let leads_there = local.is_ipv4() == to.is_ipv4() && (!local.is_loopback() || to.ip().is_loopback());
    if leads_there && !local.is_unspecified() {
        socket.bind(&SocketAddr::new(local, 0).into())?;
    }
    match socket.connect(&to.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}
