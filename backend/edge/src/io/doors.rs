//! The listeners of connections: plain and TLS.

use mio::net::{TcpListener, TcpStream};
use sip::Transport;
use std::io;
use std::net::SocketAddr;

/// One listener.
struct Door {
    listener: TcpListener,
    transport: Transport,
    /// Whether connections may wait.
    may_wait: bool,
}

/// All listeners.
pub(super) struct Doors(Vec<Door>);

impl Doors {
    pub(super) fn new(tcp: TcpListener, tls: Option<TcpListener>) -> Self {
        let door = |listener, transport| Door { listener, transport, may_wait: false };
        let tls = tls.map(|listener| door(listener, Transport::Tls));
        Self(std::iter::once(door(tcp, Transport::Tcp)).chain(tls).collect())
    }

    /// Connections may wait at all of them.
    pub(super) fn look(&mut self) {
        for door in &mut self.0 {
            door.may_wait = true;
        }
    }

    /// Whether connections may wait somewhere.
    pub(super) fn may_wait(&self) -> bool {
        self.0.iter().any(|door| door.may_wait)
    }

    /// The next connection.
    pub(super) fn accept(&mut self) -> Option<(TcpStream, SocketAddr, Transport)> {
        for door in self.0.iter_mut().filter(|door| door.may_wait) {
            match door.listener.accept() {
                Ok((stream, addr)) => {
                    let addr = SocketAddr::new(addr.ip().to_canonical(), addr.port());
                    return Some((stream, addr, door.transport));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Nothing waits, or no file is free: the next event or turn of the sweep tries again.
                Err(_) => door.may_wait = false,
            }
        }
        None
    }
}
