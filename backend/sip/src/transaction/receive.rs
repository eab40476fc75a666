//! What arrives: each message finds its transaction, or begins one.

use std::time::Instant;

use crate::wire::{HeaderName, Message, Method, reason_phrase};

use super::entry::Entry;
use super::machine::{Event, Kind, State};
use super::{Layer, Output, Peer, TransactionId, key, reply, server_invite, server_other};

/// What a full layer tells a client to wait, in seconds.
const RETRY_AFTER_SECS: u32 = 5;

impl<C: Copy> Layer<C> {
    /// Takes one message that has passed [`Message::check`]. What belongs nowhere is dropped.
    pub fn handle_packet(&mut self, now: Instant, from: Peer, message: Message) {
        if message.is_request() {
            self.take_request(now, from, message)
        } else {
            self.take_response(now, from, &message)
        }
    }

    /// Whether a request is a copy of one that has its transaction, from where that came from: it was sent again, and needs no
    /// second judgement.
    #[must_use]
    pub fn knows(&self, from: &Peer, request: &Message) -> bool {
        let Ok(via) = request.top_via() else { return false };
        let known = self.table.get(&key::server(self.hash_key, request, &via, &request.method()));
        let known = known.and_then(|id| self.entries.get(id.0));
        known.is_some_and(|entry| entry.peer.addr == reply::reply_to(from, &via).addr)
    }

    /// RFC 3261 §17.1.3 and §18.1.2.
    fn take_response(&mut self, now: Instant, from: Peer, message: &Message) {
        let (Ok(via), Some(status)) = (message.top_via(), message.status()) else { return };
        let Some(branch) = via.branch else { return };
        if message.values(HeaderName::Via).nth(1).is_some() {
            return;
        }
        let event = match status {
            100..=199 => Event::Provisional,
            200..=299 => Event::Success,
            _ => Event::Failure,
        };
        let place = key::client(self.hash_key, branch, &message.method());
        if let Some(id) = self.table.get(&place).copied() {
            self.step(now, id, event, Some((from, message)));
        }
    }

    /// RFC 3261 §17.2.3.
    fn take_request(&mut self, now: Instant, from: Peer, message: Message) {
        let Ok(via) = message.top_via() else { return };
        let method = message.method();
        let place = key::server(self.hash_key, &message, &via, &method);
        let known = self.table.get(&place).copied();
        match (method, known) {
            (Method::Ack, Some(id)) => self.step(now, id, Event::Ack, Some((from, &message))),
            (Method::Ack, None) => self.take_loose_ack(now, from, message),
            (_, Some(id)) => self.step(now, id, Event::Repeat, None),
            (method, None) => {
                let peer = reply::reply_to(&from, &via);
                // The place of the INVITE that it would cancel.
                let is_cancel = method == Method::Cancel;
                let invite = is_cancel.then(|| key::server(self.hash_key, &message, &via, &Method::Invite));
                self.begin_server(now, from, message, &method, Places { own: place, invite, peer });
            }
        }
    }

    /// An ACK of no transaction: that of a 2xx. Some senders give that of a failure a branch of its own, too.
    fn take_loose_ack(&mut self, now: Instant, from: Peer, message: Message) {
        let place = key::merged(self.hash_key, &message, &Method::Invite);
        let refused = self.merged.get(&place).copied().filter(|id| {
            let entry = self.entries.get(id.0);
            entry.is_some_and(|entry| matches!(entry.state, State::Completed | State::Confirmed))
        });
        match refused {
            Some(id) => self.step(now, id, Event::Ack, Some((from, &message))),
            None => self.outputs.push_back(Output::Ack { from, message }),
        }
    }

    /// The INVITE that a CANCEL means: by its branch, or for senders that give it one of its own by all the rest.
    fn invite_of(&self, cancel: &Message, place: u128) -> Option<TransactionId> {
        let loose = || self.merged.get(&key::merged(self.hash_key, cancel, &Method::Invite));
        self.table.get(&place).or_else(loose).copied()
    }

    fn begin_server(&mut self, now: Instant, from: Peer, message: Message, method: &Method, places: Places) {
        if self.entries.len() >= self.max {
            return self.refuse(from, places.peer, &message);
        }
        let has_tag = message.to_tag().is_some();
        let merge_key = (*method != Method::Cancel).then(|| key::merged(self.hash_key, &message, method));
        let rival = merge_key.and_then(|key| self.entries.get(self.merged.get(&key)?.0));
        let is_merged = !has_tag && rival.is_some_and(|rival| !rival.is_challenged);
        let (kind, begin) = match method {
            Method::Invite => (Kind::ServerInvite, server_invite::BEGIN),
            _ => (Kind::ServerOther, server_other::BEGIN),
        };
        let mut entry = Entry::new(kind, places.peer, places.own, bytes::Bytes::new());
        entry.merge_key = merge_key.filter(|_| !is_merged);
        let claim = entry.merge_key;
        let transaction = TransactionId(self.entries.insert(entry));
        self.table.insert(places.own, transaction);
        if let Some(key) = claim {
            self.merged.insert(key, transaction);
        }
        self.perform(now, transaction, begin, None);
        if let Some(place) = places.invite {
            // Whoever may cancel is where the INVITE came from (RFC 3261 §9.2, §26.1.4): the branch alone proves nothing.
            let is_same =
                |id: &TransactionId| self.entries.get(id.0).is_some_and(|entry| entry.peer.is_at(&from));
            let invite = self.invite_of(&message, place).filter(is_same);
            let context = invite.and_then(|id| self.entries.get(id.0)?.context);
            self.outputs.push_back(Output::Cancel { transaction, invite, context, from, message });
        } else {
            self.outputs.push_back(Output::Request { transaction, from, message, is_merged });
        }
    }

    /// A full layer refuses without keeping anything.
    fn refuse(&mut self, from: Peer, peer: Peer, message: &Message) {
        let writer = reply(message, &from, 503, reason_phrase(503), "full");
        let bytes = writer.header_fmt("Retry-After", RETRY_AFTER_SECS).finish();
        self.outputs.push_back(Output::Transmit { peer, bytes });
    }
}

/// Where a new request belongs.
struct Places {
    /// Its own key.
    own: u128,
    /// The key of the INVITE that it cancels, of a CANCEL.
    invite: Option<u128>,
    /// Where its responses go.
    peer: Peer,
}
