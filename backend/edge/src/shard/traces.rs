//! The traces of a shard's calls: every message and every turn of their media, while they are up and a little after.
//!
//! A message belongs to a trace by its Call-ID: the caller's begins with the INVITE of a known party (a challenge or a
//! refusal before the call is decided is in it too), and each Call-ID that we give a callee's leg joins when its INVITE
//! goes out, by our own tag in From, which names the call.

use crate::hash::NumberMap;
use crate::seam::{CallId, DirectionStats, Hop, MediaStats, Side, Trace, TraceEntry, TraceEvent, TraceLeg};
use crate::trace::{ENTRY_BYTES, Happened, Ring, TRACE_LINGER};
use memchr::memmem;
use sip::Transport;
use sip::b2bua::{CallRef, DATAGRAM_MAX};
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

/// Bytes that the traces of one shard hold; beyond, traces of calls that are over are handed out early, and then nothing
/// more is kept.
const SHARD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// INVITEs that are no calls yet and are remembered, of one shard.
const APPROACHES_MAX: usize = 512;
/// How long such an INVITE is remembered: as long as a phone may take to answer a challenge.
const APPROACH_LIFE: Duration = Duration::from_secs(32);
/// Call-IDs of one call that are followed: the caller's, and one for each place that is tried.
const DIALOGS_MAX: usize = 40;

type Key = u64;

/// A trace that grows.
#[derive(Debug)]
struct Recording {
    call: Option<(CallId, CallRef)>,
    started_at: SystemTime,
    is_answered: bool,
    is_ended: bool,
    dialogs: Vec<u64>,
    media_opened_at: Option<SystemTime>,
    /// When its last message came or went.
    heard: Instant,
    ring: Ring,
}

/// All traces of a shard.
#[derive(Debug)]
pub(super) struct Traces {
    shard: u16,
    hash: RandomState,
    local: SocketAddr,
    serial: Key,
    recordings: NumberMap<Recording>,
    /// By the hash of a Call-ID.
    dialogs: NumberMap<(Key, TraceLeg)>,
    calls: NumberMap<Key>,
    /// Calls that are over, in the order in which their time comes.
    leaving: VecDeque<(Instant, Key)>,
    /// INVITEs that are no calls yet, likewise.
    approaches: VecDeque<(Instant, Key)>,
    bytes: usize,
    bytes_max: usize,
}

impl Traces {
    /// Those of one shard, which listens here.
    pub(super) fn new(shard: u16, local: SocketAddr) -> Self {
        Self {
            shard,
            hash: RandomState::new(),
            local,
            serial: 0,
            recordings: NumberMap::default(),
            dialogs: NumberMap::default(),
            calls: NumberMap::default(),
            leaving: VecDeque::new(),
            approaches: VecDeque::new(),
            bytes: 0,
            bytes_max: SHARD_BYTES_MAX,
        }
    }

    /// Bytes held.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    fn dialog(&self, call_id: &[u8]) -> u64 {
        self.hash.hash_one(call_id)
    }

    /// An INVITE outside a dialog, of a party that is known by name or address: from now on its Call-ID is followed.
    pub(super) fn approached(&mut self, call_id: &str, now: Instant, wall: SystemTime) {
        let dialog = self.dialog(call_id.as_bytes());
        if self.dialogs.contains_key(&dialog) {
            return;
        }
        while self.approaches.len() >= APPROACHES_MAX {
            let Some((_, key)) = self.approaches.pop_front() else { break };
            self.forget_approach(key);
        }
        self.serial += 1;
        let recording = Recording {
            call: None,
            started_at: wall,
            is_answered: false,
            is_ended: false,
            dialogs: vec![dialog],
            media_opened_at: None,
            heard: now,
            ring: Ring::default(),
        };
        self.recordings.insert(self.serial, recording);
        self.dialogs.insert(dialog, (self.serial, TraceLeg::Caller));
        self.approaches.push_back((now + APPROACH_LIFE, self.serial));
    }

    /// An INVITE has become a call.
    pub(super) fn began(&mut self, call_id: &str, id: CallId, call: CallRef) {
        let dialog = self.dialog(call_id.as_bytes());
        let Some((key, _)) = self.dialogs.get(&dialog) else { return };
        let Some(recording) = self.recordings.get_mut(key) else { return };
        // A second call under the same Call-ID (a fork that comes back to us) stays in the trace of the first.
        if recording.call.is_none() {
            recording.call = Some((id, call));
            self.calls.insert(call, *key);
        }
    }

    /// A message came.
    pub(super) fn received(
        &mut self,
        call_id: &str,
        peer: Hop,
        bytes: &[u8],
        now: Instant,
        wall: SystemTime,
    ) {
        if let Some((key, leg)) = self.dialogs.get(&self.dialog(call_id.as_bytes())).copied() {
            self.push(key, Happened::Message { leg, is_received: true, peer, bytes }, now, wall);
        }
    }

    /// A message goes. `place` finds where a new leg of a call goes: its place and its attempt.
    pub(super) fn sent(
        &mut self,
        peer: Hop,
        bytes: &[u8],
        (now, wall): (Instant, SystemTime),
        place: impl FnOnce(CallRef, usize) -> Option<(usize, usize)>,
    ) {
        let Some(call_id) = value_of(bytes, b"\r\nCall-ID: ") else { return };
        let dialog = self.dialog(call_id);
        let known = self.dialogs.get(&dialog).copied();
        let Some((key, leg)) = known.or_else(|| self.join(dialog, bytes, place)) else { return };
        self.push(key, Happened::Message { leg, is_received: false, peer, bytes }, now, wall);
        if bytes.len() > DATAGRAM_MAX && peer.transport == Transport::Udp && !bytes.starts_with(b"SIP/2.0 ") {
            let bytes = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            self.push(key, Happened::Event(TraceEvent::LargeOverUdp { bytes }), now, wall);
        }
    }

    /// An INVITE of ours with a new Call-ID: a leg of the call that its From tag names.
    fn join(
        &mut self,
        dialog: u64,
        bytes: &[u8],
        place: impl FnOnce(CallRef, usize) -> Option<(usize, usize)>,
    ) -> Option<(Key, TraceLeg)> {
        if !bytes.starts_with(b"INVITE ") {
            return None;
        }
        let from = value_of(bytes, b"\r\nFrom: ")?;
        let tag = &from[memmem::find(from, b";tag=")? + 5..];
        let tag = tag.split(|byte| *byte == b';').next()?;
        let tag = std::str::from_utf8(tag).ok()?;
        // A dialog that came from another shard is in the trace of its first call, there.
        let call = sip::b2bua::call_of(tag).filter(|_| sip::b2bua::home_of(tag) == Some(self.shard))?;
        let key = *self.calls.get(&call)?;
        let recording = self.recordings.get_mut(&key)?;
        if recording.dialogs.len() >= DIALOGS_MAX {
            return None;
        }
        let tried = recording.dialogs.len() - 1;
        let (place, attempt) = place(call, tried).unwrap_or((tried, tried));
        let small = |number| u8::try_from(number).unwrap_or(u8::MAX);
        let leg = TraceLeg::Callee { place: small(place), attempt: small(attempt) };
        recording.dialogs.push(dialog);
        self.dialogs.insert(dialog, (key, leg));
        Some((key, leg))
    }

    /// Something other than a message happened in a call.
    pub(super) fn note(&mut self, call: CallRef, event: TraceEvent, now: Instant, wall: SystemTime) {
        let Some(key) = self.calls.get(&call).copied() else { return };
        if let Some(recording) = self.recordings.get_mut(&key) {
            match &event {
                TraceEvent::Answered { .. } => recording.is_answered = true,
                TraceEvent::MediaOpened => recording.media_opened_at = Some(wall),
                _ => {}
            }
        }
        self.push(key, Happened::Event(event), now, wall);
    }

    /// A call is over: its trace leaves when it has been quiet for a while. One of which nobody wants so many bytes, of a call
    /// that was answered or not, is dropped here: under load that is nearly every one, and memory that is free again at once
    /// is still in the processor's cache for the next call.
    pub(super) fn ended(
        &mut self,
        call: CallRef,
        cause: Option<String>,
        media: Option<&MediaStats>,
        (now, wall): (Instant, SystemTime),
        wants: impl FnOnce(usize, bool) -> bool,
    ) {
        let Some(key) = self.calls.get(&call).copied() else { return };
        let Some(recording) = self.recordings.get(&key) else { return };
        if !wants(recording.ring.bytes(), recording.is_answered) {
            self.drop_recording(key);
            return;
        }
        if let Some(media) = media {
            self.heard(key, Side::A, &media.from_a, now, wall);
            self.heard(key, Side::B, &media.from_b, now, wall);
        }
        self.push(key, Happened::Event(TraceEvent::Ended { cause }), now, wall);
        if let Some(recording) = self.recordings.get_mut(&key) {
            recording.is_ended = true;
            self.leaving.push_back((now + TRACE_LINGER, key));
        }
    }

    fn heard(&mut self, key: Key, from: Side, stats: &DirectionStats, now: Instant, wall: SystemTime) {
        if stats.verdict.is_empty() {
            return;
        }
        let opened_at = self.recordings.get(&key).and_then(|recording| recording.media_opened_at);
        if let (Some(after), Some(opened_at)) = (stats.first_after, opened_at) {
            let first = opened_at.checked_add(after).unwrap_or(wall).min(wall);
            self.push(key, Happened::Event(TraceEvent::FirstPacket { from }), now, first);
        }
        let event = TraceEvent::Heard {
            from,
            verdict: stats.verdict.clone(),
            explanation: stats.explanation.clone(),
            packets: stats.packets,
        };
        self.push(key, Happened::Event(event), now, wall);
    }

    fn push(&mut self, key: Key, happened: Happened<'_>, now: Instant, at: SystemTime) {
        let Some(recording) = self.recordings.get_mut(&key) else { return };
        recording.heard = now;
        if self.bytes >= self.bytes_max {
            return recording.ring.skip();
        }
        let grown = recording.ring.push(at, happened);
        self.bytes = self.bytes.saturating_add_signed(grown);
    }

    /// Traces whose time has come, one at a time; [`None`] when there is none more.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Trace> {
        while let Some((at, key)) = self.approaches.front().copied().filter(|(at, _)| *at <= now) {
            self.approaches.pop_front();
            debug_assert!(at <= now);
            self.forget_approach(key);
        }
        loop {
            // One entry more may be as big as a datagram.
            let is_full = self.bytes + 64 * 1024 + ENTRY_BYTES >= self.bytes_max;
            let (_, key) = self.leaving.front().copied().filter(|(at, _)| *at <= now || is_full)?;
            self.leaving.pop_front();
            let heard = self.recordings.get(&key).map(|recording| recording.heard + TRACE_LINGER);
            match heard {
                Some(quiet_at) if quiet_at > now && !is_full => self.leaving.push_back((quiet_at, key)),
                Some(_) => {
                    if let Some(trace) = self.remove(key) {
                        return Some(trace);
                    }
                }
                None => {}
            }
        }
    }

    /// When [`Traces::pop`] has something to do.
    pub(super) fn next(&self) -> Option<Instant> {
        self.leaving.front().map(|(at, _)| *at)
    }

    /// Everything that is left of calls: the edge stops, and has ended them all.
    pub(super) fn pop_all(&mut self) -> Vec<Trace> {
        let keys: Vec<Key> = self.recordings.keys().copied().collect();
        keys.into_iter().filter_map(|key| self.remove(key)).collect()
    }

    /// The trace of a call that is up, or has ended a moment ago and is wanted, as far as it is.
    pub(super) fn read(&self, id: CallId) -> Option<Trace> {
        let of_call = |recording: &&Recording| recording.call.is_some_and(|(call, _)| call == id);
        let recording = self.recordings.values().find(of_call)?;
        Some(self.trace(id, recording, recording.ring.read()))
    }

    fn trace(
        &self,
        call: CallId,
        recording: &Recording,
        (first, dropped, last): (Vec<TraceEntry>, u32, Vec<TraceEntry>),
    ) -> Trace {
        Trace {
            call,
            started_at: recording.started_at,
            is_answered: recording.is_answered,
            is_ended: recording.is_ended,
            local: self.local,
            first,
            dropped,
            last,
        }
    }

    fn remove(&mut self, key: Key) -> Option<Trace> {
        let (recording, ring) = self.drop_recording(key)?;
        let (id, _) = recording.call?;
        Some(self.trace(id, &recording, ring.take()))
    }

    /// Takes a recording out, with everything that leads to it.
    fn drop_recording(&mut self, key: Key) -> Option<(Recording, Ring)> {
        let mut recording = self.recordings.remove(&key)?;
        for dialog in &recording.dialogs {
            self.dialogs.remove(dialog);
        }
        if let Some((_, call)) = recording.call {
            self.calls.remove(&call);
        }
        let ring = std::mem::take(&mut recording.ring);
        self.bytes = self.bytes.saturating_sub(ring.bytes());
        Some((recording, ring))
    }

    fn forget_approach(&mut self, key: Key) {
        if self.recordings.get(&key).is_some_and(|recording| recording.call.is_none()) {
            self.drop_recording(key);
        }
    }
}

/// The value of a header of a message that we wrote, where the name stands as we write it.
fn value_of<'a>(bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = &bytes[memmem::find(bytes, name)? + name.len()..];
    Some(&value[..memchr::memchr(b'\r', value)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const CALL: CallRef = 7;

    fn hop(port: u16) -> Hop {
        Hop { address: ([127, 0, 0, 1], port).into(), transport: Transport::Udp }
    }

    fn invite(call_id: &str, tag: &str) -> Bytes {
        format!("INVITE sip:b@h SIP/2.0\r\nFrom: <sip:a@h>;tag={tag}\r\nTo: <sip:b@h>\r\nCall-ID: {call_id}\r\n\r\n")
            .into()
    }

    /// A tag of ours: shard, call, randomness.
    fn our_tag(call: CallRef) -> String {
        format!("{:04x}{call:016x}{:016x}", 0, 5)
    }

    struct World {
        traces: Traces,
        now: Instant,
        wall: SystemTime,
    }

    impl World {
        fn new() -> Self {
            let local = ([127, 0, 0, 1], 5060).into();
            Self { traces: Traces::new(0, local), now: Instant::now(), wall: SystemTime::UNIX_EPOCH }
        }

        fn call(&mut self, call_id: &str, id: CallId, call: CallRef) {
            self.traces.approached(call_id, self.now, self.wall);
            self.traces.received(call_id, hop(1), &invite(call_id, "x"), self.now, self.wall);
            self.traces.began(call_id, id, call);
        }

        fn send(&mut self, bytes: &Bytes) {
            self.traces.sent(hop(2), bytes, (self.now, self.wall), |_, tried| Some((tried, tried)));
        }
    }

    #[test]
    fn both_legs_of_a_call_are_found_by_their_call_ids_and_foreign_ones_are_not() {
        let mut world = World::new();
        world.call("a-leg", 42, CALL);
        world.send(&invite("b-leg", &our_tag(CALL)));
        world.send(&invite("second-try", &our_tag(CALL)));
        world.send(&invite("other-call", &our_tag(CALL + 1)));
        world.traces.received("nobody", hop(9), &invite("nobody", "y"), world.now, world.wall);
        let trace = world.traces.read(42).expect("the call is up");
        let legs: Vec<_> = trace
            .entries()
            .map(|entry| match &entry.event {
                TraceEvent::Message { leg, is_received, .. } => (*leg, *is_received),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            legs,
            [
                (TraceLeg::Caller, true),
                (TraceLeg::Callee { place: 0, attempt: 0 }, false),
                (TraceLeg::Callee { place: 1, attempt: 1 }, false),
            ]
        );
    }

    #[test]
    fn a_trace_leaves_once_it_was_quiet_for_a_while_after_the_end_and_gives_its_room_back() {
        let mut world = World::new();
        world.call("a", 1, CALL);
        world.traces.ended(CALL, None, None, (world.now, world.wall), |_, _| true);
        let end = world.now;
        world.now = end + TRACE_LINGER - Duration::from_secs(1);
        assert!(world.traces.pop(world.now).is_none());
        world.send(&invite("a", &our_tag(CALL)));
        assert!(world.traces.pop(end + TRACE_LINGER).is_none(), "a late message begins the wait anew");
        let trace = world.traces.pop(world.now + TRACE_LINGER).expect("quiet");
        assert!(trace.is_ended && !trace.is_answered);
        assert_eq!(trace.entries().count(), 3);
        assert_eq!((world.traces.bytes(), world.traces.dialogs.len(), world.traces.calls.len()), (0, 0, 0));
    }

    #[test]
    fn a_trace_that_nobody_wants_gives_its_room_back_at_the_end_of_its_call() {
        let mut world = World::new();
        world.call("a", 1, CALL);
        world.send(&invite("b", &our_tag(CALL)));
        let bytes = world.traces.bytes();
        world.traces.ended(CALL, None, None, (world.now, world.wall), |asked, is_answered| {
            assert_eq!((asked, is_answered), (bytes, false));
            false
        });
        world.send(&invite("b", &our_tag(CALL)));
        assert_eq!((world.traces.bytes(), world.traces.dialogs.len(), world.traces.calls.len()), (0, 0, 0));
        assert!(world.traces.next().is_none() && world.traces.read(1).is_none());
    }

    #[test]
    fn invites_that_never_become_calls_are_forgotten_in_time_and_never_more_than_the_bound() {
        let mut world = World::new();
        for at in 0..APPROACHES_MAX + 20 {
            let id = format!("approach-{at}");
            world.traces.approached(&id, world.now, world.wall);
            world.traces.received(&id, hop(1), &invite(&id, "x"), world.now, world.wall);
        }
        assert_eq!(world.traces.recordings.len(), APPROACHES_MAX);
        assert!(world.traces.pop(world.now + APPROACH_LIFE).is_none());
        assert_eq!(
            (world.traces.recordings.len(), world.traces.dialogs.len(), world.traces.bytes()),
            (0, 0, 0)
        );
    }

    #[test]
    fn a_full_shard_hands_out_what_is_over_early_and_then_keeps_no_more() {
        let mut world = World::new();
        world.traces.bytes_max = 200_000;
        world.call("over", 1, CALL);
        world.call("up", 2, CALL + 1);
        world.traces.ended(CALL, None, None, (world.now, world.wall), |_, _| true);
        let big = Bytes::from([invite("up", "x").as_ref(), &[b' '; 50_000]].concat());
        for _ in 0..4 {
            world.send(&big);
        }
        assert_eq!(world.traces.pop(world.now).map(|trace| trace.call), Some(1), "early");
        for _ in 0..4 {
            world.send(&big);
        }
        assert!(world.traces.bytes() <= 250_500);
        let trace = world.traces.read(2).expect("up");
        assert!(trace.dropped > 0);
        assert!(world.traces.pop(world.now).is_none(), "a call that is up stays");
    }
}
