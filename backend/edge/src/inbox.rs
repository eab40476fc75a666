//! The way into a shard from other threads than the one that reads the sockets: bounded, never blocking.

use crate::context::Packet;
use crate::seam::{
    CallId, Digit, Extension, MediaId, MediaLoss, Originated, Origination, Refusal, Reply, Side, Trace,
    Verdict,
};
use sip::b2bua::{CallRef, Word};
use sip::transaction::Peer;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;

/// What others tell a shard.
#[derive(Debug)]
pub(crate) enum Command {
    /// The app decided, or let the question fall.
    Decided { call: CallRef, verdict: Option<Box<Verdict>> },
    /// The app extended the hold, or could not.
    Extended { call: CallRef, extension: Option<Extension> },
    /// End this call.
    End { call: CallRef, refusal: Box<Refusal> },
    /// Send this request of ours.
    Originate { request: Box<Origination>, reply: Reply<Originated> },
    /// Nothing could be sent to this peer.
    Unreachable { peer: Peer, reason: Option<Arc<str>> },
    /// The media relay heard a key that a side pressed; the other side is to hear it as INFO.
    Digit { call: CallRef, from: Side, digit: Digit },
    /// The media relay has lost the media of this call's session.
    MediaLost { call: CallRef, media: MediaId, loss: MediaLoss },
    /// What the engine of another shard says to this one's.
    Told { word: Word },
    /// A request whose dialog has moved here; it came to the shard whose number its tag carries.
    Moved { packet: Box<Packet> },
    /// Read the trace of this call.
    Trace { call: CallId, reply: Reply<Option<Box<Trace>>> },
}

/// The sending end.
#[derive(Debug)]
pub(crate) struct Inbox {
    sender: SyncSender<Command>,
    thread: OnceLock<Thread>,
}

impl Inbox {
    /// An inbox that holds `bound` commands, and its receiving end.
    pub(crate) fn new(bound: usize) -> (Self, Receiver<Command>) {
        let (sender, receiver) = sync_channel(bound);
        (Self { sender, thread: OnceLock::new() }, receiver)
    }

    /// Names the thread that is woken. Said once, by that thread's start.
    pub(crate) fn belongs_to(&self, thread: Thread) {
        // A second name would be a second start of one runner, which consumes itself.
        let _ = self.thread.set(thread);
    }

    /// Hands a command over and wakes the shard; `false` where the inbox is full or the shard is gone.
    pub(crate) fn push(&self, command: Command) -> bool {
        self.offer(command).is_ok()
    }

    /// The same; gives the command back where it was not taken.
    pub(crate) fn offer(&self, command: Command) -> Result<(), Command> {
        let taken = self.sender.try_send(command);
        self.wake();
        taken.map_err(|error| match error {
            TrySendError::Full(command) | TrySendError::Disconnected(command) => command,
        })
    }

    /// Wakes the shard. Cheap when it is awake.
    pub(crate) fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}
