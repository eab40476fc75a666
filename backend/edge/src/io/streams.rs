//! All connections: accepted, opened on demand, read in turns, closed when they fail.

use super::connection::{Connection, Waiting};
use super::steer::{Fate, Steer};
use super::{FIRST_CONNECTION, Token};
use crate::context::{Context, Outgoing};
use crate::counters::add;
use crate::guard::gate::Gate;
use crate::inbox::Command;
use bytes::Bytes;
use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry};
use sip::Transport;
use sip::stream::Frame;
use sip::transaction::Peer;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// Read at once from one connection.
const CHUNK: usize = 16 * 1024;
/// Chunks read from one connection before the others have their turn.
const CHUNKS_PER_TURN: usize = 4;
/// Connections accepted in one turn.
const ACCEPTS_PER_TURN: usize = 64;
/// The answer to a keep-alive, RFC 5626 §3.5.1.
const PONG: &[u8] = b"\r\n";

/// The connections by their id, which is never used twice.
pub(super) struct Streams {
    context: Arc<Context>,
    registry: Registry,
    listener: TcpListener,
    open: HashMap<u64, Connection>,
    by_address: HashMap<SocketAddr, u64>,
    next: u64,
    /// Connections with something to read.
    readable: Vec<u64>,
    /// Connections that wait for a full shard.
    stuck: Vec<u64>,
    may_accept: bool,
    room: Vec<u8>,
}

impl Streams {
    pub(super) fn new(context: Arc<Context>, registry: Registry, listener: TcpListener) -> Self {
        Self {
            context,
            registry,
            listener,
            open: HashMap::new(),
            by_address: HashMap::new(),
            next: FIRST_CONNECTION as u64,
            readable: Vec::new(),
            stuck: Vec::new(),
            may_accept: false,
            room: vec![0; CHUNK],
        }
    }

    /// Whether there is something to do without a further event.
    pub(super) const fn has_work(&self) -> bool {
        !self.readable.is_empty() || self.may_accept
    }

    /// Whether a connection waits for a full shard.
    pub(super) const fn is_stuck(&self) -> bool {
        !self.stuck.is_empty()
    }

    /// Takes new connections.
    pub(super) fn accept(&mut self, now: Instant, gate: &mut Gate) {
        self.may_accept = true;
        for _ in 0..ACCEPTS_PER_TURN {
            match self.listener.accept() {
                Ok((stream, addr)) => {
                    let tally = self.context.shared.io_tally();
                    if let Some(dropped) = gate.refuses(addr.ip(), true, now) {
                        gate.count(dropped);
                    } else if self.open.len() >= self.context.limits.tcp_connections_max {
                        add(&tally.connections_refused, 1);
                    } else {
                        add(&tally.connections, 1);
                        self.admit(Connection::new(stream, addr, true, now));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Nothing waits, or no file is free: the next event or turn of the sweep tries again.
                Err(_) => {
                    self.may_accept = false;
                    return;
                }
            }
        }
    }

    fn admit(&mut self, mut connection: Connection) -> Option<u64> {
        let id = self.next << 1 | u64::from(!connection.is_established);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.registry.register(&mut connection.stream, Token(usize::try_from(id).ok()?), interest).ok()?;
        // Messages are whole when they are written, so waiting for more only delays them.
        let _ = connection.stream.set_nodelay(true);
        self.next += 1;
        self.by_address.insert(connection.addr, id);
        self.open.insert(id, connection);
        Some(id)
    }

    /// Takes an event of a connection.
    pub(super) fn ready(&mut self, id: u64, event: &Event) {
        let Some(connection) = self.open.get_mut(&id) else { return };
        if event.is_writable() {
            if !connection.is_established {
                let is_sound = matches!(connection.stream.take_error(), Ok(None));
                connection.is_established = is_sound && connection.stream.peer_addr().is_ok();
            }
            if connection.is_established {
                self.flush(id);
            }
        }
        let Some(connection) = self.open.get_mut(&id) else { return };
        if event.is_error() && !connection.is_established {
            self.close(id);
        } else if (event.is_readable() || event.is_read_closed()) && !connection.is_readable {
            connection.is_readable = true;
            self.readable.push(id);
        }
    }

    /// Reads every connection that has something, a bounded piece each.
    pub(super) fn read(&mut self, now: Instant, steer: &mut Steer, gate: &mut Gate) {
        if self.may_accept {
            self.accept(now, gate);
        }
        let mut room = std::mem::take(&mut self.room);
        for id in std::mem::take(&mut self.stuck).into_iter().chain(std::mem::take(&mut self.readable)) {
            if self.read_one(id, now, &mut room, steer).is_err() {
                self.close(id);
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
            if !connection.is_readable || !connection.fill(room, now)? {
                connection.is_readable = false;
                return Ok(());
            }
        }
        self.take_frames(id, now, steer)?;
        self.readable.push(id);
        Ok(())
    }

    /// Steers the whole messages of a connection, until one finds its shard full.
    fn take_frames(&mut self, id: u64, now: Instant, steer: &mut Steer) -> io::Result<()> {
        loop {
            let Some(connection) = self.open.get_mut(&id) else { return Ok(()) };
            let from = Peer { addr: connection.addr, transport: Transport::Tcp, flow: Some(id) };
            let fate = if let Some(packet) = connection.stuck.take() {
                steer.packet(*packet)
            } else {
                let frame =
                    connection.framer.next().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
                let Some(frame) = frame else { return Ok(()) };
                connection.has_spoken = true;
                connection.since = now;
                match frame {
                    Frame::Message(bytes) => steer.bytes(from, None, bytes),
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
                    connection.stuck = Some(packet);
                    return Ok(());
                }
            }
        }
    }

    /// Sends over the connection that is named, or one to that address, opened where there is none.
    pub(super) fn send(&mut self, now: Instant, outgoing: Outgoing) {
        let Outgoing { shard, peer, bytes } = outgoing;
        let waiting = Waiting { shard, peer, bytes };
        let known = match peer.flow {
            Some(flow) if self.open.contains_key(&flow) => Some(flow),
            // A connection that the peer opened cannot be opened from here: it would end at its NAT.
            Some(flow) if !is_ours(flow) => return self.failed(&waiting),
            _ => self.by_address.get(&peer.addr).copied(),
        };
        let Some(id) = known.or_else(|| self.connect(peer, now)) else {
            return self.failed(&waiting);
        };
        let Some(connection) = self.open.get_mut(&id) else { return self.failed(&waiting) };
        if !connection.queue(waiting, self.context.limits.tcp_backlog_bytes) {
            add(&self.context.shared.io_tally().dropped_out, 1);
            self.close(id);
        } else if connection.is_established {
            self.flush(id);
        }
    }

    /// Opens a connection.
    fn connect(&mut self, peer: Peer, now: Instant) -> Option<u64> {
        let is_possible =
            peer.transport == Transport::Tcp && self.open.len() < self.context.limits.tcp_connections_max;
        let stream = is_possible.then(|| TcpStream::connect(peer.addr).ok()).flatten()?;
        self.admit(Connection::new(stream, peer.addr, false, now))
    }

    fn flush(&mut self, id: u64) {
        let Some(connection) = self.open.get_mut(&id) else { return };
        match connection.flush() {
            Ok(whole) => add(&self.context.shared.io_tally().messages_out, whole),
            Err(_) => self.close(id),
        }
    }

    /// Closes a connection, and tells who waited for it.
    fn close(&mut self, id: u64) {
        let Some(mut connection) = self.open.remove(&id) else { return };
        // Dropping the stream closes it even where the system has forgotten it.
        let _ = self.registry.deregister(&mut connection.stream);
        if self.by_address.get(&connection.addr) == Some(&id) {
            self.by_address.remove(&connection.addr);
        }
        for waiting in connection.out.drain(..) {
            self.failed(&waiting);
        }
    }

    fn failed(&self, waiting: &Waiting) {
        add(&self.context.shared.io_tally().dropped_out, 1);
        if let Some(shard) = waiting.shard {
            self.context.shared.command(shard, Command::Unreachable { peer: waiting.peer, reason: None });
        }
    }

    /// Closes what has been silent for too long.
    pub(super) fn sweep(&mut self, now: Instant, gate: &mut Gate) {
        let overdue: Vec<u64> = self
            .open
            .iter()
            .filter(|(_, connection)| connection.is_overdue(now))
            .map(|(id, _)| *id)
            .collect();
        for id in overdue {
            self.close(id);
        }
        self.accept(now, gate);
    }
}

/// Whether we opened a connection ourselves: its id says so, also when the connection is gone.
const fn is_ours(id: u64) -> bool {
    id & 1 == 1
}
