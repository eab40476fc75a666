//! Whom a message comes from or goes to.

use std::net::SocketAddr;

use crate::Transport;

/// The far end of one hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its address and port.
    pub addr: SocketAddr,
    /// The transport spoken with it.
    pub transport: Transport,
    /// The driver's id of the connection, for a reliable transport with one open.
    pub flow: Option<u64>,
}

impl Peer {
    /// Whether both are at the same address, on whatever port and over whatever transport.
    #[must_use]
    pub fn is_at(&self, other: &Self) -> bool {
        self.addr.ip().to_canonical() == other.addr.ip().to_canonical()
    }

    /// A peer without an open connection.
    #[must_use]
    pub const fn new(addr: SocketAddr, transport: Transport) -> Self {
        Self { addr, transport, flow: None }
    }
}
