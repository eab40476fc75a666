//! One connection: its bytes in, cut into frames, and its bytes out, bounded.

use crate::context::Packet;
use bytes::{Buf, Bytes};
use mio::net::TcpStream;
use sip::stream::Framer;
use sip::transaction::Peer;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A connection that was opened and not yet established is given up after this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A stranger who connects and says nothing whole is cut off after this.
const SILENT_TIMEOUT: Duration = Duration::from_secs(30);
/// A connection without a byte for this long is closed: longer than any registration lasts.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3_900);

/// A message that waits for the connection to take it.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Who is told when it cannot be sent.
    pub(super) shard: Option<u16>,
    pub(super) peer: Peer,
    pub(super) bytes: Bytes,
}

/// A TCP connection, accepted or opened by us.
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) addr: SocketAddr,
    pub(super) framer: Framer,
    /// A message whose shard was full: nothing more is read until it has found its place.
    pub(super) stuck: Option<Box<Packet>>,
    pub(super) out: VecDeque<Waiting>,
    out_bytes: usize,
    pub(super) is_established: bool,
    /// Whether a whole message or keep-alive has come.
    pub(super) has_spoken: bool,
    /// Whether the system may have more to read.
    pub(super) is_readable: bool,
    pub(super) since: Instant,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, addr: SocketAddr, is_established: bool, now: Instant) -> Self {
        Self {
            stream,
            addr,
            framer: Framer::new(),
            stuck: None,
            out: VecDeque::new(),
            out_bytes: 0,
            is_established,
            has_spoken: false,
            is_readable: false,
            since: now,
        }
    }

    /// Queues a message; `false` where the backlog would pass `bound` bytes.
    pub(super) fn queue(&mut self, waiting: Waiting, bound: usize) -> bool {
        if self.out_bytes + waiting.bytes.len() > bound {
            return false;
        }
        self.out_bytes += waiting.bytes.len();
        self.out.push_back(waiting);
        true
    }

    /// Writes what the system takes; gives the number of messages that went out whole.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(super) fn flush(&mut self) -> io::Result<u64> {
        let mut whole = 0;
        while let Some(waiting) = self.out.front_mut() {
            match self.stream.write(&waiting.bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    waiting.bytes.advance(written);
                    self.out_bytes -= written;
                    if waiting.bytes.is_empty() {
                        self.out.pop_front();
                        whole += 1;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(whole)
    }

    /// Reads once into the framer; `false` where nothing waits.
    ///
    /// # Errors
    /// When the connection is closed or broken.
    pub(super) fn fill(&mut self, room: &mut [u8], now: Instant) -> io::Result<bool> {
        match self.stream.read(room) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                if self.has_spoken {
                    self.since = now;
                }
                self.framer.push(&room[..read]);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Whether it has been useless for too long.
    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        let bound = match (self.is_established, self.has_spoken || !self.out.is_empty()) {
            (false, _) => CONNECT_TIMEOUT,
            (true, false) => SILENT_TIMEOUT,
            (true, true) => IDLE_TIMEOUT,
        };
        now.saturating_duration_since(self.since) >= bound
    }
}
