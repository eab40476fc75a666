//! Messages that came over WebSockets, on their way to their shards.

use super::connection::PONG;
use super::steer::{Fate, Steer};
use crate::context::{Context, Packet};
use crate::counters::add;
use bytes::Bytes;
use sip::transaction::Peer;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// Messages taken before the others have their turn.
const MESSAGES_PER_TURN: usize = 256;

/// The receiving end of all WebSockets.
pub(super) struct WebSockets {
    context: Arc<Context>,
    inbox: Receiver<(Peer, Bytes)>,
    /// A message whose shard was full: nothing more is taken until it has found its place.
    stuck: Option<Box<Packet>>,
}

impl WebSockets {
    pub(super) const fn new(context: Arc<Context>, inbox: Receiver<(Peer, Bytes)>) -> Self {
        Self { context, inbox, stuck: None }
    }

    /// Whether a message waits for a full shard.
    pub(super) const fn is_stuck(&self) -> bool {
        self.stuck.is_some()
    }

    /// Steers what waits; `true` where more may wait.
    pub(super) fn read(&mut self, steer: &mut Steer) -> bool {
        for _ in 0..MESSAGES_PER_TURN {
            let fate = match self.stuck.take() {
                Some(packet) => steer.packet(*packet),
                None => match self.inbox.try_recv() {
                    Ok((from, bytes)) => self.message(from, bytes, steer),
                    Err(_) => return false,
                },
            };
            match fate {
                Fate::Done => {}
                Fate::Answered((peer, bytes)) => {
                    let is_sent = self.context.shared.websockets.send(peer.flow, bytes);
                    let tally = self.context.shared.io_tally();
                    add(if is_sent { &tally.messages_out } else { &tally.dropped_out }, 1);
                }
                Fate::Full(packet) => {
                    self.stuck = Some(packet);
                    return false;
                }
            }
        }
        true
    }

    /// A frame holds one message (RFC 7118 §5), or the keep-alive of RFC 5626 §3.5.1.
    fn message(&self, from: Peer, bytes: Bytes, steer: &mut Steer) -> Fate {
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            add(&self.context.shared.io_tally().keep_alives, 1);
            // A lone line end is an answer itself.
            let is_ping = bytes.len() >= 2 * PONG.len();
            return if is_ping { Fate::Answered((from, Bytes::from_static(PONG))) } else { Fate::Done };
        }
        steer.bytes(from, None, bytes)
    }
}
