//! What is kept of a call for those who ask later what happened: its messages and its media, in order.
//!
//! The messages of a call lie one after the other in its log (`trace/log.rs`), so that those of the wire are free at once; nothing
//! is formatted before somebody looks.

mod log;

use crate::seam::{CallId, Hop, SdpKind, Side};
use bytes::Bytes;
use log::Log;
use std::{
    collections::VecDeque,
    net::SocketAddr,
    time::{Duration, SystemTime},
};

/// Entries of a call that are kept from its beginning.
pub const TRACE_FIRST_MAX: usize = 96;
/// Entries of a call that are kept from its end; what lies between is dropped, the oldest first, and counted.
pub const TRACE_LAST_MAX: usize = 96;
/// Bytes of messages that are kept from the beginning of a call, and as many from its end.
pub const TRACE_CALL_BYTES_MAX: usize = 128 * 1024;
/// What an entry costs beside its bytes, as it is counted.
pub(crate) const ENTRY_BYTES: usize = 128;

/// Which dialog a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TraceLeg {
    /// The caller's.
    Caller,
    /// One with a callee: which of the places that were tried, from 0 on, and which attempt of the plan that was.
    Callee {
        /// The place, in the order of trying.
        place: u8,
        /// The attempt of the app's plan.
        attempt: u8,
    },
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceEntry {
    /// When.
    pub at: SystemTime,
    /// What.
    pub event: TraceEvent,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceEvent {
    /// A message went over the wire.
    Message {
        /// The dialog.
        leg: TraceLeg,
        /// Whether it came to us.
        is_received: bool,
        /// The far end.
        peer: Hop,
        /// The message as it was on the wire.
        bytes: Bytes,
    },
    /// The app decided.
    Decided {
        /// Whether the call is connected; else it is refused.
        connects: bool,
    },
    /// A request went over UDP that is too large for a datagram (RFC 3261 §18.1.1): its peer takes no TCP.
    LargeOverUdp {
        /// Its length.
        bytes: u32,
    },
    /// Ports for media were taken.
    MediaOpened,
    /// A session description was rewritten for the other side.
    Described {
        /// Who sent it.
        from: Side,
        /// Whether it offers or answers.
        kind: SdpKind,
    },
    /// Media could not be set up.
    MediaFailed {
        /// Why, as a sentence.
        why: String,
    },
    /// Something was played to a side, in place of what the other one says.
    Played {
        /// Who heard it.
        to: Side,
        /// For how long, seconds.
        seconds: u16,
    },
    /// The callee rings.
    Ringing,
    /// The callee sends media before it answers.
    EarlyMedia,
    /// The callee's answer was handed to the caller.
    Answered {
        /// The attempt of the plan.
        attempt: u8,
    },
    /// The first packet of a side was relayed.
    FirstPacket {
        /// Whose.
        from: Side,
    },
    /// What became of a side's media.
    Heard {
        /// Whose.
        from: Side,
        /// The verdict word.
        verdict: String,
        /// The verdict as a sentence.
        explanation: String,
        /// Packets relayed.
        packets: u64,
    },
    /// The call is over.
    Ended {
        /// Our cause word, where we ended it.
        cause: Option<String>,
    },
}

/// The record of one call's messages and media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The call.
    pub call: CallId,
    /// When the first of it came.
    pub started_at: SystemTime,
    /// Whether the call was answered.
    pub is_answered: bool,
    /// Whether it is over.
    pub is_ended: bool,
    /// Where we listened.
    pub local: SocketAddr,
    /// The beginning.
    pub first: Vec<TraceEntry>,
    /// So many entries between beginning and end were not kept.
    pub dropped: u32,
    /// The end; empty where the beginning had room for all.
    pub last: Vec<TraceEntry>,
}

impl Trace {
    /// What it holds, bytes: messages, and something for each entry.
    #[must_use]
    pub fn size(&self) -> usize {
        self.entries().map(size).sum()
    }

    /// All entries in order.
    pub fn entries(&self) -> impl Iterator<Item = &TraceEntry> {
        self.first.iter().chain(&self.last)
    }
}

/// What an entry is counted as.
pub(crate) fn size(entry: &TraceEntry) -> usize {
    match &entry.event {
        TraceEvent::Message { bytes, .. } => ENTRY_BYTES + bytes.len(),
        _ => ENTRY_BYTES,
    }
}

/// What happened at a time, before it is kept.
#[derive(Debug)]
pub(crate) enum Happened<'a> {
    /// A message went over the wire.
    Message { leg: TraceLeg, is_received: bool, peer: Hop, bytes: &'a [u8] },
    /// Anything else.
    Event(TraceEvent),
}

impl Happened<'_> {
    /// What it is counted as.
    const fn size(&self) -> usize {
        match self {
            Self::Message { bytes, .. } => ENTRY_BYTES + bytes.len(),
            Self::Event(_) => ENTRY_BYTES,
        }
    }

    fn into_event(self) -> TraceEvent {
        match self {
            Self::Message { leg, is_received, peer, bytes } => {
                TraceEvent::Message { leg, is_received, peer, bytes: Bytes::copy_from_slice(bytes) }
            }
            Self::Event(event) => event,
        }
    }
}

/// The bounded list of what happened: the first entries stay, the last ones push out those in the middle.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    first: Log,
    last: VecDeque<TraceEntry>,
    first_bytes: usize,
    last_bytes: usize,
    dropped: u32,
}

impl Ring {
    /// Takes what happened; gives by how many bytes the ring has grown, which may be less than nothing.
    pub(crate) fn push(&mut self, at: SystemTime, happened: Happened<'_>) -> isize {
        let before = self.bytes();
        let cost = happened.size();
        let has_room = self.first.len() < TRACE_FIRST_MAX && self.first_bytes + cost <= TRACE_CALL_BYTES_MAX;
        if self.last.is_empty() && has_room {
            self.first_bytes += cost;
            self.first.push(at, happened);
        } else {
            self.last_bytes += cost;
            self.last.push_back(TraceEntry { at, event: happened.into_event() });
            while self.last.len() > TRACE_LAST_MAX
                || (self.last_bytes > TRACE_CALL_BYTES_MAX && self.last.len() > 1)
            {
                let Some(old) = self.last.pop_front() else { break };
                self.last_bytes -= size(&old);
                self.dropped = self.dropped.saturating_add(1);
            }
        }
        self.bytes() as isize - before as isize
    }

    /// Counts an entry that was not taken at all.
    pub(crate) fn skip(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    /// What it holds.
    pub(crate) const fn bytes(&self) -> usize {
        self.first_bytes + self.last_bytes
    }

    /// The beginning, the count of what is missing, and the end.
    pub(crate) fn take(self) -> (Vec<TraceEntry>, u32, Vec<TraceEntry>) {
        (self.first.entries(), self.dropped, self.last.into())
    }

    /// The same, of a ring that goes on.
    pub(crate) fn read(&self) -> (Vec<TraceEntry>, u32, Vec<TraceEntry>) {
        (self.first.entries(), self.dropped, self.last.iter().cloned().collect())
    }
}

/// How long after the end of a call its late messages are still waited for; begun anew by each of them.
pub const TRACE_LINGER: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use sip::Transport;

    fn push(ring: &mut Ring, text: impl AsRef<[u8]>) -> isize {
        let peer = Hop { address: ([127, 0, 0, 1], 5060).into(), transport: Transport::Udp };
        let (leg, bytes) = (TraceLeg::Caller, text.as_ref());
        ring.push(SystemTime::UNIX_EPOCH, Happened::Message { leg, is_received: true, peer, bytes })
    }

    fn texts(entries: &[TraceEntry]) -> Vec<String> {
        let text = |entry: &TraceEntry| match &entry.event {
            TraceEvent::Message { bytes, .. } => String::from_utf8_lossy(bytes).into_owned(),
            other => format!("{other:?}"),
        };
        entries.iter().map(text).collect()
    }

    #[test]
    fn the_first_and_the_last_messages_stay_and_the_oldest_of_the_middle_are_counted() {
        let mut ring = Ring::default();
        let total = TRACE_FIRST_MAX + TRACE_LAST_MAX + 10;
        let grown: isize = (0..total).map(|at| push(&mut ring, at.to_string())).sum();
        assert_eq!(grown, ring.bytes() as isize);
        let (first, dropped, last) = ring.take();
        assert_eq!((first.len(), dropped, last.len()), (TRACE_FIRST_MAX, 10, TRACE_LAST_MAX));
        assert_eq!(texts(&first)[0], "0");
        assert_eq!(texts(&last)[0], (TRACE_FIRST_MAX + 10).to_string());
        assert_eq!(texts(&last)[TRACE_LAST_MAX - 1], (total - 1).to_string());
    }

    #[test]
    fn big_messages_are_bounded_by_their_bytes_and_the_latest_is_always_there() {
        let mut ring = Ring::default();
        for at in 0..40_u8 {
            push(&mut ring, vec![b'a' + at % 26; 60_000]);
            assert!(ring.bytes() <= 2 * TRACE_CALL_BYTES_MAX);
        }
        let (first, dropped, last) = ring.take();
        assert_eq!(first.len() + last.len() + dropped as usize, 40);
        assert_eq!(texts(&last).last().map(|text| &text[..1]), Some("n"));
    }
}
