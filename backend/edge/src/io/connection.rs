//! One connection, plain or under TLS: its bytes in, cut into frames, and its bytes out, bounded.

use super::session::Session;
use crate::context::Packet;
use crate::seam::PeerCertificate;
use bytes::{Buf, Bytes};
use mio::net::TcpStream;
use sip::Transport;
use sip::stream::Framer;
use sip::transaction::Peer;
use std::collections::VecDeque;
use std::io::{self, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection that was opened and not yet established is given up after this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A stranger who connects and says nothing whole is cut off after this.
const SILENT_TIMEOUT: Duration = Duration::from_secs(30);
/// A message that has begun must be whole after this, however slowly its bytes trickle.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(30);
/// A connection without a byte for this long is closed: longer than any registration lasts.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3_900);
/// How long the answer to a keep-alive may take (RFC 5626 §4.4.1).
const PONG_TIMEOUT: Duration = Duration::from_secs(10);
/// Senders that are told when a connection breaks before the peer has said anything.
const UNHEARD_MAX: usize = 64;
/// Messages that are written with one call.
const BURST: usize = 64;
/// Bytes that are not kept waiting for the end of a turn.
const BURST_BYTES: usize = 64 * 1024;
/// A keep-alive, RFC 5626 §3.5.1.
const PING: &[u8] = b"\r\n\r\n";
/// The answer to a keep-alive.
pub(super) const PONG: &[u8] = b"\r\n";

/// A message that waits for the connection to take it.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Who is told when it cannot be sent.
    pub(super) shard: Option<u16>,
    pub(super) peer: Peer,
    pub(super) bytes: Bytes,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The system connects.
    Connecting,
    /// TLS shakes hands.
    Shaking,
    /// Messages go both ways.
    Open,
}

/// A connection, accepted or opened by us.
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) session: Option<Box<Session>>,
    pub(super) addr: SocketAddr,
    /// What its messages are said to have come over: its own id, or the destination that it was opened for.
    pub(super) flow: u64,
    /// What the peer showed over TLS.
    pub(super) certificate: Option<Arc<PeerCertificate>>,
    /// Where the peer says that it listens, and its name, once it has sent a request that its certificate covers.
    pub(super) home: Option<(SocketAddr, Box<str>)>,
    pub(super) framer: Framer,
    /// A message whose shard was full: nothing more is read until it has found its place.
    pub(super) stuck: Option<Box<Packet>>,
    pub(super) out: VecDeque<Waiting>,
    out_bytes: usize,
    pub(super) phase: Phase,
    /// Whether a whole message or keep-alive has come.
    pub(super) has_spoken: bool,
    /// Whether the system may have more to read.
    pub(super) is_readable: bool,
    /// Whether something was queued in this turn, to be written at its end.
    pub(super) is_queued: bool,
    /// When it came into its phase.
    came: Instant,
    /// When something was last read or queued.
    since: Instant,
    /// When a message or keep-alive of the peer's, or a message of ours, last passed.
    used: Instant,
    /// When the message began that is not whole yet.
    pub(super) begun: Option<Instant>,
    /// Senders of what went out while the peer has said nothing.
    unheard: Vec<(u16, Peer)>,
    pinged: Option<Instant>,
    answers_pings: bool,
}

impl Connection {
    pub(super) fn new(
        stream: TcpStream,
        addr: SocketAddr,
        session: Option<Session>,
        phase: Phase,
        now: Instant,
    ) -> Self {
        Self {
            stream,
            session: session.map(Box::new),
            addr,
            flow: 0,
            certificate: None,
            home: None,
            framer: Framer::new(),
            stuck: None,
            out: VecDeque::new(),
            out_bytes: 0,
            phase,
            has_spoken: false,
            is_readable: false,
            is_queued: false,
            came: now,
            since: now,
            used: now,
            begun: None,
            unheard: Vec::new(),
            pinged: None,
            answers_pings: false,
        }
    }

    /// Enters a phase.
    pub(super) const fn enter(&mut self, phase: Phase, now: Instant) {
        self.phase = phase;
        self.came = now;
    }

    pub(super) const fn transport(&self) -> Transport {
        if self.session.is_some() { Transport::Tls } else { Transport::Tcp }
    }

    /// Whom its messages are from.
    pub(super) const fn peer(&self) -> Peer {
        Peer { addr: self.addr, transport: self.transport(), flow: Some(self.flow) }
    }

    /// A message or keep-alive of the peer's has come whole.
    pub(super) const fn heard(&mut self, now: Instant) {
        self.has_spoken = true;
        self.used = now;
    }

    /// Queues a message; `false` where the backlog would pass `bound` bytes.
    pub(super) fn queue(&mut self, waiting: Waiting, bound: usize, now: Instant) -> bool {
        if self.out_bytes + waiting.bytes.len() > bound {
            return false;
        }
        if let Some(shard) = waiting.shard.filter(|_| !self.has_spoken && self.unheard.len() < UNHEARD_MAX) {
            self.unheard.push((shard, waiting.peer));
        }
        (self.since, self.used) = (now, now);
        self.out_bytes += waiting.bytes.len();
        self.out.push_back(waiting);
        true
    }

    /// Who waits for what was sent, each once: senders of what has not gone out, and of what the peer has not heard, such
    /// as one that says late that it does not want our certificate.
    pub(super) fn senders(&self) -> Vec<(u16, Peer)> {
        let waiting = self.out.iter().filter_map(|waiting| Some((waiting.shard?, waiting.peer)));
        waiting.chain(self.unheard.iter().copied()).fold(Vec::new(), |mut senders, sender| {
            if !senders.contains(&sender) {
                senders.push(sender);
            }
            senders
        })
    }

    /// Writes what the system takes; gives the number of messages that went out whole.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(super) fn flush(&mut self) -> io::Result<u64> {
        let mut whole = 0;
        loop {
            if let Some(session) = &mut self.session
                && !session.flush(&mut self.stream)?
            {
                return Ok(whole);
            }
            if self.phase != Phase::Open || self.out.is_empty() {
                return Ok(whole);
            }
            let burst: Vec<IoSlice<'_>> =
                self.out.iter().take(BURST).map(|waiting| IoSlice::new(&waiting.bytes)).collect();
            let written = match &mut self.session {
                Some(session) => session.write(&burst),
                None => self.stream.write_vectored(&burst),
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => whole += self.wrote(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(whole),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether so much waits that it is better written now than at the end of the turn.
    pub(super) fn has_burst(&self) -> bool {
        self.out.len() >= BURST || self.out_bytes >= BURST_BYTES
    }

    /// So many bytes of what waits are on their way; gives the number of messages that are whole with them.
    fn wrote(&mut self, mut bytes: usize) -> u64 {
        self.out_bytes -= bytes;
        let mut whole = 0;
        while let Some(waiting) = self.out.front_mut() {
            let taken = bytes.min(waiting.bytes.len());
            waiting.bytes.advance(taken);
            bytes -= taken;
            if !waiting.bytes.is_empty() {
                break;
            }
            self.out.pop_front();
            whole += 1;
        }
        whole
    }

    /// Reads once into the framer; `false` where nothing waits.
    ///
    /// # Errors
    /// When the connection is closed or broken.
    pub(super) fn fill(&mut self, room: &mut [u8], now: Instant) -> io::Result<bool> {
        let read = match &mut self.session {
            Some(session) => session.read(&mut self.stream, room),
            None => self.stream.read(room),
        };
        match read {
            Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the peer closed it")),
            Ok(read) => {
                self.since = now;
                self.take(&room[..read]);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.unheard.clear();
        // Between messages, a lone line end is the answer to our keep-alive.
        let is_pong = self.pinged.is_some() && self.framer.pending() == 0 && bytes == PONG;
        if self.pinged.take().is_some() && is_pong {
            self.answers_pings = true;
            return;
        }
        self.framer.push(bytes);
    }

    /// Sends a keep-alive where it is time for one; `false` where the last one was not answered by a peer that answers
    /// them. To be called for connections that we opened (RFC 5626 §3.5.1).
    pub(super) fn keep_alive(&mut self, now: Instant, every: Duration) -> bool {
        let waited = self.pinged.map(|pinged| now.saturating_duration_since(pinged));
        if waited.is_some_and(|waited| waited >= PONG_TIMEOUT) && self.answers_pings {
            return false;
        }
        let is_quiet = self.out.is_empty() && now.saturating_duration_since(self.since) >= every;
        if self.phase == Phase::Open && is_quiet && waited.is_none_or(|waited| waited >= every) {
            let peer = self.peer();
            self.out_bytes += PING.len();
            self.out.push_back(Waiting { shard: None, peer, bytes: Bytes::from_static(PING) });
            self.pinged = Some(now);
        }
        true
    }

    /// Why it has been useless for too long.
    pub(super) fn overdue(&self, now: Instant, shaking: Duration) -> Option<&'static str> {
        if let Some(begun) = self.begun
            && now.saturating_duration_since(begun) >= MESSAGE_TIMEOUT
        {
            return Some("a message did not become whole in time");
        }
        let (from, bound, reason) = match (self.phase, self.has_spoken || !self.out.is_empty()) {
            (Phase::Connecting, _) => (self.came, CONNECT_TIMEOUT, "no connection in time"),
            (Phase::Shaking, _) => (self.came, shaking, "no TLS handshake in time"),
            (Phase::Open, false) => (self.came, SILENT_TIMEOUT, "nothing was said"),
            (Phase::Open, true) => (self.used, IDLE_TIMEOUT, "idle"),
        };
        (now.saturating_duration_since(from) >= bound).then_some(reason)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_trickles_is_given_up_however_much_was_said_before() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let now = Instant::now();
        let mut connection = Connection::new(TcpStream::connect(addr).unwrap(), addr, None, Phase::Open, now);
        let (later, shaking) = (now + MESSAGE_TIMEOUT, Duration::from_secs(10));
        assert_eq!(connection.overdue(later, shaking), Some("nothing was said"));
        connection.heard(now);
        assert_eq!(connection.overdue(later, shaking), None);
        connection.begun = Some(now);
        assert_eq!(connection.overdue(later, shaking), Some("a message did not become whole in time"));
        connection.begun = None;
        assert_eq!(connection.overdue(now + IDLE_TIMEOUT, shaking), Some("idle"));
    }
}
