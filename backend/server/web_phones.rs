//! Joins the HTTP port's WebSockets with the edge: phones in browsers.

use bytes::Bytes;
use std::net::SocketAddr;
use web::{Back, SipSocket, SipSockets};

/// Hands connections over to the edge.
pub(crate) struct Sockets(edge::Handle);

impl Sockets {
    /// To this edge.
    pub(crate) const fn new(edge: edge::Handle) -> Self {
        Self(edge)
    }
}

impl SipSockets for Sockets {
    fn open(&self, peer: SocketAddr, secure: bool, back: Back) -> Option<Box<dyn SipSocket>> {
        let socket = self.0.websocket(peer, secure, Box::new(move |message| back.send(message)))?;
        Some(Box::new(Socket(socket)))
    }
}

struct Socket(edge::WebSocket);

impl SipSocket for Socket {
    fn receive(&self, message: Bytes) -> Result<(), Bytes> {
        self.0.receive(message)
    }
}
