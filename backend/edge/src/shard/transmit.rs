//! The way out of a shard: datagrams leave in batches on the shared socket, the rest through the socket thread.

use crate::batch::{BATCH, send};
use crate::context::{Context, Outgoing, canonical};
use crate::counters::add;
use bytes::Bytes;
use sip::Transport;
use sip::b2bua::DATAGRAM_MAX;
use sip::transaction::Peer;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// What one turn of a shard has to send.
pub(super) struct Transmit {
    shard: u16,
    context: Arc<Context>,
    datagrams: Vec<(SocketAddr, Bytes)>,
    failed: Vec<Peer>,
    has_streams: bool,
}

impl Transmit {
    pub(super) const fn new(shard: u16, context: Arc<Context>) -> Self {
        Self { shard, context, datagrams: Vec::new(), failed: Vec::new(), has_streams: false }
    }

    /// Takes one message.
    pub(super) fn send(&mut self, peer: Peer, bytes: Bytes) {
        match peer.transport {
            Transport::Udp => {
                if bytes.len() > DATAGRAM_MAX && !bytes.starts_with(b"SIP/2.0 ") {
                    add(&self.context.shared.shard_tally(self.shard).large_over_udp, 1);
                }
                self.datagrams.push((self.context.to_udp(peer.addr), bytes));
                if self.datagrams.len() >= BATCH {
                    self.send_datagrams();
                }
            }
            Transport::Tcp | Transport::Tls => {
                let outgoing = Outgoing { shard: Some(self.shard), peer, bytes };
                if self.context.streams.try_send(outgoing).is_ok() {
                    self.has_streams = true;
                } else {
                    self.fail(peer);
                }
            }
            Transport::Ws | Transport::Wss => {
                let is_sent = self.context.shared.websockets.send(peer.flow, bytes);
                if is_sent {
                    add(&self.context.shared.shard_tally(self.shard).messages_out, 1);
                } else {
                    self.fail(peer);
                }
            }
        }
    }

    /// Sends what waits; gives the peers that nothing can be sent to.
    pub(super) fn flush(&mut self) -> Vec<Peer> {
        self.send_datagrams();
        if std::mem::take(&mut self.has_streams) {
            self.context.shared.wake_io();
        }
        std::mem::take(&mut self.failed)
    }

    /// Whether nothing waits to be sent.
    pub(super) const fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }

    fn send_datagrams(&mut self) {
        let datagrams = std::mem::take(&mut self.datagrams);
        let mut rest = datagrams.as_slice();
        while !rest.is_empty() {
            let sent = send(&self.context.udp, rest);
            add(&self.context.shared.shard_tally(self.shard).messages_out, sent.count as u64);
            rest = &rest[sent.count..];
            let Some(error) = sent.error else { continue };
            if error.kind() == io::ErrorKind::Interrupted {
                continue;
            }
            // A full buffer is like a lossy wire: the transaction sends again. Anything else is the address's fault.
            let (addr, _) = rest[0];
            if error.kind() == io::ErrorKind::WouldBlock {
                add(&self.context.shared.shard_tally(self.shard).dropped_out, 1);
            } else {
                self.fail(Peer::new(canonical(addr), Transport::Udp));
            }
            rest = &rest[1..];
        }
        self.datagrams = datagrams;
        self.datagrams.clear();
    }

    fn fail(&mut self, peer: Peer) {
        add(&self.context.shared.shard_tally(self.shard).dropped_out, 1);
        self.failed.push(peer);
    }
}
