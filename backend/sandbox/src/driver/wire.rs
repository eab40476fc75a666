//! How the SIP of one party travels: datagrams here; a connection of whatever kind for those who bring it.

use std::{fmt::Debug, io, net::SocketAddr, ops::Range};

use bytes::Bytes;
use mio::{Interest, Registry, Token, net::UdpSocket};
use sip::Transport;

/// The longest SIP datagram.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// The tokens that a wire may register its sockets under.
pub const TOKENS: Range<usize> = 1..1_024;

/// What comes out of a wire.
#[derive(Debug)]
pub enum Received {
    /// A whole message, and who sent it.
    Message(SocketAddr, Bytes),
    /// Nothing can be sent to this address.
    Unreachable(SocketAddr),
}

/// Carries whole messages. Nothing of it waits.
pub trait Wire: Debug + Send {
    /// What Via says.
    fn transport(&self) -> Transport;

    /// The address of the party.
    fn local_addr(&self) -> SocketAddr;

    /// Registers what there is to be watched, under [`TOKENS`], and keeps the registry for what comes later.
    ///
    /// # Errors
    /// What the system says.
    fn open(&mut self, registry: Registry) -> io::Result<()>;

    /// Sends a message, or queues it until it can be sent.
    ///
    /// # Errors
    /// When nothing can be sent to this address.
    fn send(&mut self, to: SocketAddr, bytes: &[u8]) -> io::Result<()>;

    /// The next message; `None` where no more waits. Also takes what was queued further.
    fn receive(&mut self) -> Option<Received>;
}

/// One socket of UDP.
#[derive(Debug)]
pub(super) struct Udp {
    socket: UdpSocket,
    local: SocketAddr,
    buffer: Vec<u8>,
}

impl Udp {
    pub(super) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        let local = socket.local_addr()?;
        Ok(Self { socket, local, buffer: vec![0; DATAGRAM_BYTES_MAX] })
    }
}

impl Wire for Udp {
    fn transport(&self) -> Transport {
        Transport::Udp
    }

    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn open(&mut self, registry: Registry) -> io::Result<()> {
        registry.register(&mut self.socket, Token(TOKENS.start), Interest::READABLE)
    }

    fn send(&mut self, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        match self.socket.send_to(bytes, to) {
            // A full buffer is a lost datagram: the transaction sends again.
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }

    fn receive(&mut self) -> Option<Received> {
        let (length, from) = self.socket.recv_from(&mut self.buffer).ok()?;
        Some(Received::Message(from, Bytes::copy_from_slice(&self.buffer[..length])))
    }
}
