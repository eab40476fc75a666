//! The beginning of a call's trace, packed: its messages one after the other in one piece of memory. Most traces are dropped
//! unread, so that writing one must be cheap, and reading it need not be.

use super::{Happened, TraceEntry, TraceEvent, TraceLeg};
use crate::seam::Hop;
use bytes::Bytes;
use std::time::{Duration, SystemTime};

/// Room for the messages of a short call without a description.
const ROOM: usize = 8 * 1024;

/// Entries in their order.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The messages.
    text: Vec<u8>,
    entries: Vec<Packed>,
    /// Everybody whom a message came from or went to.
    peers: Vec<Hop>,
    /// What is no message.
    events: Vec<TraceEvent>,
    /// The time of the first entry.
    since: Option<SystemTime>,
}

/// An entry: when, in nanoseconds since the first, and what.
#[derive(Debug, Clone, Copy)]
struct Packed {
    at: i64,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// A message, by its leg, its direction, its peer's place in the list, and where its text ends.
    Message { leg: TraceLeg, is_received: bool, peer: u8, end: u32 },
    /// The next of the events.
    Event,
}

impl Log {
    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds an entry; the ring bounds their number and bytes.
    pub(super) fn push(&mut self, at: SystemTime, happened: Happened<'_>) {
        if self.entries.is_empty() {
            self.text.reserve(ROOM);
            self.entries.reserve(32);
        }
        let what = match happened {
            Happened::Message { leg, is_received, peer, bytes } => {
                self.text.extend_from_slice(bytes);
                What::Message { leg, is_received, peer: self.peer(peer), end: self.text.len() as u32 }
            }
            Happened::Event(event) => {
                self.events.push(event);
                What::Event
            }
        };
        let at = nanos(*self.since.get_or_insert(at), at);
        self.entries.push(Packed { at, what });
    }

    /// The place of a peer; a call has fewer entries than there are places.
    fn peer(&mut self, peer: Hop) -> u8 {
        let place = self.peers.iter().rposition(|known| *known == peer).unwrap_or_else(|| {
            self.peers.push(peer);
            self.peers.len() - 1
        });
        place as u8
    }

    /// The entries, unpacked.
    pub(super) fn entries(&self) -> Vec<TraceEntry> {
        let since = self.since.unwrap_or(SystemTime::UNIX_EPOCH);
        let text = Bytes::copy_from_slice(&self.text);
        let (mut begin, mut events) = (0, self.events.iter());
        let unpack = |packed: &Packed| {
            let event = match packed.what {
                What::Event => events.next()?.clone(),
                What::Message { leg, is_received, peer, end } => {
                    let bytes = text.slice(std::mem::replace(&mut begin, end as usize)..end as usize);
                    TraceEvent::Message { leg, is_received, peer: *self.peers.get(usize::from(peer))?, bytes }
                }
            };
            Some(TraceEntry { at: later(since, packed.at), event })
        };
        self.entries.iter().filter_map(unpack).collect()
    }
}

/// From one time to another, in nanoseconds.
fn nanos(since: SystemTime, at: SystemTime) -> i64 {
    let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    match at.duration_since(since) {
        Ok(after) => nanos(after),
        Err(before) => -nanos(before.duration()),
    }
}

fn later(since: SystemTime, nanos: i64) -> SystemTime {
    let distance = Duration::from_nanos(nanos.unsigned_abs());
    let there = if nanos < 0 { since.checked_sub(distance) } else { since.checked_add(distance) };
    there.unwrap_or(since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::Transport;

    #[test]
    fn what_was_put_in_comes_out_with_its_time_peer_and_leg() {
        let hop = |port: u16| Hop { address: ([127, 0, 0, 1], port).into(), transport: Transport::Tcp };
        let at = |nanos: i64| later(SystemTime::UNIX_EPOCH, 1_700_000_000_000_000_000 + nanos);
        let callee = TraceLeg::Callee { place: 3, attempt: 1 };
        let message = |leg, is_received, port, text: &str| TraceEvent::Message {
            leg,
            is_received,
            peer: hop(port),
            bytes: Bytes::copy_from_slice(text.as_bytes()),
        };
        let expected: Vec<_> = [
            (5, message(TraceLeg::Caller, true, 1, "INVITE")),
            (7, TraceEvent::Decided { connects: true }),
            (1_000_000_009, message(callee, false, 2, "INVITE again")),
            (2_000_000_000, message(callee, true, 2, "")),
            (-3, TraceEvent::Answered { attempt: 1 }),
            (3_000_000_000, message(TraceLeg::Caller, false, 1, "200")),
            (3_000_000_001, TraceEvent::Ended { cause: Some("x".to_owned()) }),
        ]
        .map(|(nanos, event)| TraceEntry { at: at(nanos), event })
        .into();
        let mut log = Log::default();
        for TraceEntry { at, event } in expected.clone() {
            match event {
                TraceEvent::Message { leg, is_received, peer, bytes } => {
                    log.push(at, Happened::Message { leg, is_received, peer, bytes: &bytes });
                }
                event => log.push(at, Happened::Event(event)),
            }
        }
        assert_eq!(log.entries(), expected);
        assert_eq!((log.len(), log.peers.len()), (7, 2));
    }
}
