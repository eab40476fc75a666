//! Which shard a message belongs to, and the way into its queue.

use crate::context::{Context, Packet};
use crate::counters::add;
use crate::guard::Offence;
use crate::seam::PeerCertificate;
use crate::stateless::{Refused, answer};
use crate::words;
use bytes::Bytes;
use sip::Method;
use sip::b2bua::shard_of;
use sip::transaction::Peer;
use sip::wire::{Message, ParseError};
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An answer that the socket thread sends itself.
pub(super) type Answer = (Peer, Bytes);

/// The queues of all shards.
pub(super) struct Steer {
    context: Arc<Context>,
    queues: Vec<rtrb::Producer<Packet>>,
    /// Shards that were fed in this turn.
    fed: Vec<bool>,
    /// From so few free places on, new calls are refused.
    reserve: usize,
    admitted: Admitted,
    replacing: Replacing,
    /// Messages passed on since this was last asked for.
    count: u32,
}

/// The INVITEs that were passed on lately, by a hash of what names their transactions: while their shard is behind, their
/// copies are dropped instead of refused, since a refusal would end a call that was admitted.
#[derive(Default)]
struct Admitted {
    now: HashSet<u64>,
    before: HashSet<u64>,
    turned: Option<Instant>,
}

impl Admitted {
    /// Takes one in.
    fn add(&mut self, invite: u64) {
        if self.now.len() >= ADMITTED_MAX {
            self.turn();
        }
        self.now.insert(invite);
    }

    fn contains(&self, invite: u64) -> bool {
        self.now.contains(&invite) || self.before.contains(&invite)
    }

    fn turn(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    /// Forgets what is too old to come again; says whether it was time.
    fn age(&mut self, now: Instant) -> bool {
        let turned = *self.turned.get_or_insert(now);
        let is_time = now.saturating_duration_since(turned) >= ADMITTED_LIFE;
        if is_time {
            self.turned = Some(now);
            self.turn();
        }
        is_time
    }
}

/// The shards of INVITEs that replace a dialog and so do not go by their Call-ID, by a hash of that: their CANCEL names no
/// dialog and must come to the same shard.
#[derive(Default)]
struct Replacing {
    now: HashMap<u64, usize>,
    before: HashMap<u64, usize>,
}

impl Replacing {
    fn add(&mut self, call_id: u64, shard: usize) {
        if self.now.len() >= REPLACING_MAX {
            self.turn();
        }
        self.now.insert(call_id, shard);
    }

    fn shard_of(&self, call_id: u64) -> Option<usize> {
        self.now.get(&call_id).or_else(|| self.before.get(&call_id)).copied()
    }

    fn turn(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }
}

/// INVITEs with Replaces that are remembered, twice over.
const REPLACING_MAX: usize = 4_096;
/// How long an INVITE is sent again (64 T1, RFC 3261 §17.1.1.2).
const ADMITTED_LIFE: Duration = Duration::from_secs(32);
/// INVITEs that are remembered, twice over.
const ADMITTED_MAX: usize = 65_536;

/// What became of a message.
pub(super) enum Fate {
    /// In a queue, or rightly dropped.
    Done,
    /// Answered here.
    Answered(Answer),
    /// Its shard's queue is full.
    Full(Box<Packet>),
}

impl Steer {
    pub(super) fn new(context: Arc<Context>, queues: Vec<rtrb::Producer<Packet>>) -> Self {
        let reserve = context.limits.shard_queue_messages / 4;
        Self {
            fed: vec![false; queues.len()],
            reserve,
            context,
            queues,
            admitted: Admitted::default(),
            replacing: Replacing::default(),
            count: 0,
        }
    }

    /// Forgets INVITEs that are too old to come again.
    pub(super) fn age(&mut self, now: Instant) {
        if self.admitted.age(now) {
            self.replacing.turn();
        }
    }

    /// How many messages were passed on since the last time.
    pub(super) fn take_count(&mut self) -> u32 {
        std::mem::take(&mut self.count)
    }

    /// Wakes the shards that were fed since the last time.
    pub(super) fn wake_fed(&mut self) {
        for (fed, inbox) in self.fed.iter_mut().zip(&self.context.shared.inboxes) {
            if std::mem::take(fed) {
                inbox.wake();
            }
        }
    }

    /// Takes a datagram; what finds its queue full is dropped, since UDP sends again.
    pub(super) fn datagram(&mut self, from: Peer, bytes: Bytes) -> Option<Answer> {
        match self.bytes(from, None, bytes) {
            Fate::Done => None,
            Fate::Answered(answer) => Some(answer),
            Fate::Full(_) => {
                add(&self.context.shared.io_tally().dropped_in, 1);
                None
            }
        }
    }

    /// Takes the bytes of one message, and what the peer showed over TLS.
    pub(super) fn bytes(
        &mut self,
        from: Peer,
        certificate: Option<&Arc<PeerCertificate>>,
        bytes: Bytes,
    ) -> Fate {
        match Message::read(bytes) {
            Ok(message) => {
                add(&self.context.shared.io_tally().messages_in, 1);
                self.packet(Packet { from, message, certificate: certificate.cloned() })
            }
            Err((fault, request)) => self.refuse(from, request, fault).map_or(Fate::Done, Fate::Answered),
        }
    }

    /// Puts a message into its shard's queue.
    pub(super) fn packet(&mut self, packet: Packet) -> Fate {
        let Some(shard) = self.shard(&packet.message) else {
            add(&self.context.shared.io_tally().stray_responses, 1);
            return Fate::Done;
        };
        let invite = is_new_call(&packet.message).then(|| self.transaction(&packet.message));
        let is_pressed = self.queues[shard].slots() <= self.reserve
            || self.context.shared.overload.sheds(shard, self.context.control.backlog());
        let queue = &mut self.queues[shard];
        // A copy of what was admitted is never refused, since its call goes on; it is dropped where no room is left.
        if let Some(invite) = invite.filter(|_| is_pressed) {
            if !self.admitted.contains(invite) {
                add(&self.context.shared.io_tally().overloaded, 1);
                let refused = words::overloaded(self.context.limits.retry_after_seconds);
                let answer = answer(&packet.message, packet.from, &self.context.hash, &refused);
                return answer.map_or(Fate::Done, Fate::Answered);
            }
            if queue.slots() <= self.reserve {
                add(&self.context.shared.io_tally().dropped_in, 1);
                return Fate::Done;
            }
        }
        match queue.push(packet) {
            Ok(()) => {
                self.fed[shard] = true;
                self.count += 1;
                if let Some(invite) = invite {
                    self.admitted.add(invite);
                }
                Fate::Done
            }
            Err(rtrb::PushError::Full(packet)) => Fate::Full(Box::new(packet)),
        }
    }

    /// What the copies of an INVITE have in common.
    fn transaction(&self, invite: &Message) -> u64 {
        let branch = invite.top_via().ok().and_then(|via| via.branch).unwrap_or_default();
        self.context.hash.hash_one((invite.call_id().unwrap_or_default(), branch))
    }

    /// A message with something of ours in it goes home; a new request goes by its Call-ID; a response with nothing
    /// of ours goes nowhere.
    fn shard(&mut self, message: &Message) -> Option<usize> {
        let home = shard_of(message).map(usize::from).filter(|shard| *shard < self.queues.len());
        let hash = || self.context.hash.hash_one(message.call_id().unwrap_or_default());
        match home {
            Some(home) if is_new_call(message) => {
                self.replacing.add(hash(), home);
                Some(home)
            }
            Some(home) => Some(home),
            None if !message.is_request() => None,
            None => {
                let hash = hash();
                let replacing = self.replacing.shard_of(hash);
                replacing.or_else(|| Some((hash % self.queues.len() as u64) as usize))
            }
        }
    }

    /// What cannot be read is answered where an answer is possible, with what is wrong as its reason.
    fn refuse(&self, from: Peer, request: Option<Message>, fault: ParseError) -> Option<Answer> {
        let tally = self.context.shared.io_tally();
        if fault == ParseError::Empty {
            add(&tally.keep_alives, 1);
            return None;
        }
        add(&tally.parse_errors, 1);
        self.context.offend(from, Offence::Malformed, Instant::now());
        let request = request?;
        let refused = Refused::new(request.answer_to(fault)?).because(fault.to_string());
        answer(&request, from, &self.context.hash, &refused)
    }
}

fn is_new_call(message: &Message) -> bool {
    message.is_request()
        && message.method() == Method::Invite
        && (message.to_tag().is_none() && message.to().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::context;
    use sip::Transport;

    /// Queues of four messages that nobody reads.
    fn steer() -> (Steer, rtrb::Consumer<Packet>) {
        let context = context(|config| config.limits.shard_queue_messages = 4);
        let (queue, packets) = rtrb::RingBuffer::new(4);
        (Steer::new(Arc::new(context), vec![queue]), packets)
    }

    fn request(method: &str, count: u32) -> Bytes {
        let text = format!(
            "{method} sip:1@edge.test SIP/2.0\r\nVia: SIP/2.0/UDP h;rport;branch=z9hG4bK{count}\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: c{count}\r\nCSeq: 1 {method}\r\n\r\n"
        );
        text.into()
    }

    #[test]
    fn a_shard_that_is_behind_refuses_new_calls_first_and_then_drops_what_is_sent_again() {
        let (mut steer, mut packets) = steer();
        let from = Peer::new(([127, 0, 0, 1], 9).into(), Transport::Udp);
        for count in 0..3 {
            assert!(steer.datagram(from, request("INVITE", count)).is_none());
        }
        // One free place is left: it is kept for calls that are up.
        let (to, answer) = steer.datagram(from, request("INVITE", 3)).expect("a new call is answered");
        let answer = Message::parse(answer).expect("sound");
        assert_eq!((to, answer.status(), answer.extension("Retry-After")), (from, Some(503), Some("5")));
        assert!(
            steer.datagram(from, request("INVITE", 2)).is_none(),
            "a copy of what was admitted is no new call"
        );
        assert!(steer.datagram(from, request("BYE", 4)).is_none());
        assert!(matches!(steer.bytes(from, None, request("BYE", 5)), Fate::Full(_)));
        assert!(steer.datagram(from, request("BYE", 6)).is_none());

        let seen: Vec<_> = std::iter::from_fn(|| packets.pop().ok())
            .map(|packet| packet.message.call_id().map(str::to_owned))
            .collect();
        assert_eq!(seen, ["c0", "c1", "c2", "c4"].map(|id| Some(id.to_owned())));
        let counters = steer.context.shared.counters();
        assert_eq!((counters.overloaded, counters.dropped_in), (1, 2));
    }
}
