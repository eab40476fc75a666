//! What the engine wants, done.

use super::Shard;
use super::admit::{ALLOW, Admitted};
use super::facts::hop;
use super::register::register;
use super::transfer::Refer;
use crate::counters::add;
use crate::words;
use bytes::Bytes;
use sip::Method;
use sip::b2bua::{Input, Output, Reply, RequestRef};
use sip::transaction::Peer;
use sip::wire::Message;

impl Shard {
    /// Does what the engine wants until it wants nothing more.
    pub(super) fn drain_outputs(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Transmit { peer, bytes } => self.send(peer, bytes),
                Output::Request { request, from, message } => self.request(request, from, message),
                Output::Accepted { request, call } => self.accepted(request, call),
                Output::Media { call, need } => self.media(call, need),
                Output::Progress { call, at, event } => self.progress(call, at, event),
                Output::Extend { call } => self.extend(call),
                Output::Transfer { call, transfer, by, target, from, message } => {
                    self.transfer(&Refer { call, transfer, by, target: &target, from, message: &message });
                }
                Output::Play { call, to, what, lasts } => self.play(call, to, what, lasts),
                Output::Hush { call, to } => self.hush(call, to),
                Output::Digit { call, from, digit } => self.press(call, from, digit),
                Output::Tell { shard, word } => self.tell(shard, word),
                Output::Originated { origin, cseq, result } => self.originated(origin, cseq, result),
                Output::Ended(summary) => self.ended(summary),
            }
        }
        // An INVITE that was accepted and became no call gives its place back.
        for _ in self.accepting.drain() {
            self.context.shared.give_place();
        }
    }

    /// Sends a message, and keeps it where it is of a call.
    pub(super) fn send(&mut self, peer: Peer, bytes: Bytes) {
        let calls = &self.calls;
        let now = (self.now, self.wall);
        self.traces.sent(hop(peer), &bytes, now, |call, tried| {
            let places = calls.get(&call)?.places.iter().enumerate().skip(tried);
            places.clone().find(|(_, place)| place.hop == hop(peer)).map(|(at, place)| (at, place.attempt))
        });
        self.transmit.send(peer, bytes);
    }

    /// Serves a request outside a dialog, whose sender is known by now.
    fn request(&mut self, request: RequestRef, from: Peer, message: Message) {
        let reply = match self.admitted.take() {
            Some(Admitted::Party(party)) if message.method() == Method::Invite => {
                return self.accept(request, from, &message, party);
            }
            Some(Admitted::Party(_) | Admitted::Asker) if message.method() == Method::Options => {
                Reply::new(200).with("Allow", ALLOW).with("Accept", "application/sdp")
            }
            Some(Admitted::User { realm, username }) => {
                let user = (&*realm, username.as_str());
                let reply = register(&*self.context.registrar, from, &message, user, self.wall);
                if reply.status == 200 {
                    add(&self.tally().registrations, 1);
                }
                reply
            }
            // Not said to anybody that we serve: the engine asks only for what was admitted a moment ago.
            _ => Reply::new(403),
        };
        self.engine.handle_input(self.now, Input::Answer { request, reply });
    }

    /// Refuses a request with one of our own words.
    pub(super) fn refuse_request(&mut self, request: RequestRef, word: (u16, u8, &'static str)) {
        let mut refusal = words::refusal(word);
        refusal.retry_after = Some(self.context.limits.retry_after_seconds);
        let refused = words::refused(&refusal);
        let reply = refused
            .headers
            .into_iter()
            .fold(Reply::new(refused.status), |reply, (name, value)| reply.with(name, value));
        self.engine.handle_input(self.now, Input::Answer { request, reply });
    }
}
