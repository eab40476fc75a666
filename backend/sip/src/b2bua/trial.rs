//! Our INVITE to the callee: writing it, and writing it again where the callee asks who we are.

use std::time::Instant;

use bytes::Bytes;

use crate::transaction::{Outgoing, Peer};
use crate::wire::{HeaderName, Message, Method, Writer};

use super::call::Call;
use super::credentials::Challenged;
use super::io::{Io, Owner, SDP};
use super::setup::hops_left;
use super::{Attempt, Side, policy};

/// What the INVITEs of one attempt share, however often it is sent.
#[derive(Debug)]
pub(super) struct Trial {
    /// Our From tag.
    pub(super) tag: Box<str>,
    /// The number in its CSeq, which rises with each try.
    cseq: u32,
    /// The answer to the callee's challenge, once there was one; its ACK repeats it (RFC 3261 §22.1).
    pub(super) authorization: Option<(HeaderName, String)>,
}

impl Trial {
    pub(super) fn new(tag: String) -> Self {
        Self { tag: tag.into(), cseq: 1, authorization: None }
    }
}

impl Call {
    /// The attempt that is under way.
    pub(super) fn current(&self) -> Option<&Attempt> {
        self.plan.as_ref()?.attempts.get(self.attempt?)
    }

    /// Sends the INVITE of the current attempt; `false` where the transaction layer is full.
    pub(super) fn send_invite(&mut self, io: &mut Io, now: Instant) -> bool {
        let branch = io.ids.branch();
        let (Some(attempt), Some(trial), Some(caller)) = (self.current(), &self.trial, &self.caller) else {
            return false;
        };
        let Some(index) = self.attempt else { return false };
        let transport = attempt.peer.transport;
        let call_id = self.callee_call_id.as_deref().unwrap_or_default();
        let writer = Writer::request(&Method::Invite, &attempt.request_uri)
            .header_fmt(HeaderName::Via, io.hop(transport, &branch))
            .header_fmt(HeaderName::MaxForwards, hops_left(&caller.message))
            .header_fmt(HeaderName::From, format_args!("{};tag={}", attempt.from, trial.tag))
            .header(HeaderName::To, &attempt.to)
            .header(HeaderName::CallId, call_id)
            .header_fmt(HeaderName::CSeq, format_args!("{} INVITE", trial.cseq))
            .header_fmt(HeaderName::Contact, io.contact(transport, &self.contacts[Side::B as usize]));
        let bytes = invite_tail(io, writer, attempt, trial, &caller.message, self.offer.as_ref());
        let outgoing = Outgoing { peer: attempt.peer, method: &Method::Invite, branch: &branch, bytes };
        self.invite = io.layer.request(now, outgoing, Owner::Attempt(self.key, index)).ok();
        self.invite.is_some()
    }

    /// Answers the challenge of the callee, once and only where it is ours to answer: whether a new try is under way.
    pub(super) fn try_authorized(
        &mut self,
        io: &mut Io,
        now: Instant,
        from: Peer,
        response: &Message,
    ) -> bool {
        let cnonce = io.ids.loose_tag();
        let (Some(attempt), Some(trial)) = (self.current(), &self.trial) else { return false };
        let Some(own) = attempt.credentials.as_ref().filter(|_| trial.authorization.is_none()) else {
            return false;
        };
        let body = self.offer.as_deref().unwrap_or_default();
        let asked =
            Challenged { peer: attempt.peer, method: &Method::Invite, uri: &attempt.request_uri, body };
        let Some(header) = own.answer(asked, from, response, &cnonce) else { return false };
        self.try_again(io, now, |trial| trial.authorization = Some(header))
    }

    /// Sends the INVITE of the current attempt with a change; the forks of the former one are no more.
    fn try_again(&mut self, io: &mut Io, now: Instant, change: impl FnOnce(&mut Trial)) -> bool {
        let Some(trial) = &mut self.trial else { return false };
        change(trial);
        trial.cseq += 1;
        self.send_invite(io, now)
    }
}

/// The headers of the plan, those of the caller that cross, and the offer.
fn invite_tail(
    io: &Io,
    writer: Writer,
    attempt: &Attempt,
    trial: &Trial,
    caller: &Message,
    offer: Option<&Bytes>,
) -> Bytes {
    let mut writer = io.sign(writer, HeaderName::UserAgent);
    if let Some((name, value)) = &trial.authorization {
        writer = writer.header(*name, value);
    }
    for (name, value) in &attempt.headers {
        writer = writer.header(name, value);
    }
    let is_set = |name: &str| attempt.headers.iter().any(|(set, _)| set.eq_ignore_ascii_case(name));
    writer = policy::pass(writer, caller, offer.is_some(), is_set);
    if caller.header(HeaderName::Allow).is_none() && !is_set("Allow") {
        writer = writer.header(HeaderName::Allow, policy::ALLOW);
    }
    match offer {
        Some(offer) => writer.body(Some(SDP), offer).finish(),
        None => writer.finish(),
    }
}
