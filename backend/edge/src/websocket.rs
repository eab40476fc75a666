//! Phones in browsers: SIP over WebSocket (RFC 7118). The HTTP port speaks WebSocket, and hands whole messages over
//! here; they are steered as all others are. What goes back is put into the connection's own queue.

use crate::context::canonical;
use crate::counters::add;
use crate::handle::Shared;
use bytes::Bytes;
use sip::Transport;
use sip::transaction::Peer;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};

/// Puts a message into the queue of a connection; `false` where it is full or gone.
pub type Sink = Box<dyn Fn(Bytes) -> bool + Send + Sync>;

/// Set in the flow of a WebSocket, and in that of nothing else.
const IS_WEBSOCKET: u64 = 1 << 62;

/// All connections, for all threads.
pub(crate) struct WebSockets {
    open: papaya::HashMap<u64, Sink>,
    next: AtomicU64,
    max: usize,
    inbox: SyncSender<(Peer, Bytes)>,
}

/// A connection of a phone. Dropping it takes it out of the table: nothing more reaches the phone.
pub struct WebSocket {
    peer: Peer,
    flow: u64,
    shared: Arc<Shared>,
}

impl WebSockets {
    pub(crate) fn new(max: usize, inbox: SyncSender<(Peer, Bytes)>) -> Self {
        Self { open: papaya::HashMap::new(), next: AtomicU64::new(1), max, inbox }
    }

    /// Ends all connections.
    pub(crate) fn close(&self) {
        self.open.pin().clear();
    }

    /// Sends to a phone; `false` where its queue is full or it is gone.
    pub(crate) fn send(&self, flow: Option<u64>, bytes: Bytes) -> bool {
        let open = self.open.pin();
        flow.and_then(|flow| open.get(&flow)).is_some_and(|sink| sink(bytes))
    }
}

impl WebSocket {
    /// Takes a connection; `None` where there are as many as are allowed.
    pub(crate) fn open(shared: &Arc<Shared>, addr: SocketAddr, secure: bool, sink: Sink) -> Option<Self> {
        let all = &shared.websockets;
        if all.open.pin().len() >= all.max || shared.is_stopping() {
            add(&shared.io_tally().connections_refused, 1);
            return None;
        }
        add(&shared.io_tally().websockets, 1);
        let flow = all.next.fetch_add(1, Ordering::Relaxed) | IS_WEBSOCKET;
        all.open.pin().insert(flow, sink);
        let transport = if secure { Transport::Wss } else { Transport::Ws };
        let peer = Peer { addr: canonical(addr), transport, flow: Some(flow) };
        Some(Self { peer, flow, shared: Arc::clone(shared) })
    }

    /// Takes a message from the phone: the content of one frame (RFC 7118 §5).
    ///
    /// # Errors
    /// The message itself, where the edge is behind: wait a little and try again, and read nothing in between.
    pub fn receive(&self, message: Bytes) -> Result<(), Bytes> {
        let sent = self.shared.websockets.inbox.try_send((self.peer, message));
        self.shared.wake_io();
        match sent {
            // Without a thread that listens there is nobody to wait for.
            Ok(()) | Err(TrySendError::Disconnected(_)) => Ok(()),
            Err(TrySendError::Full((_, message))) => Err(message),
        }
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        self.shared.websockets.open.pin().remove(&self.flow);
    }
}

impl std::fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebSocket").field("peer", &self.peer).finish_non_exhaustive()
    }
}
