//! Our INVITE to the callee: writing it, and writing it again where the callee asks who we are.

use std::time::Instant;

use crate::transaction::{Outgoing, Peer};
use crate::uri::Uri;
use crate::wire::{HeaderName, Message, Method, Writer};

use super::call::Call;
use super::credentials::Challenged;
use super::io::{Io, Owner, SDP};
use super::setup::hops_left;
use super::{Attempt, Redirect, Reliability, Side, policy, session};

/// What the INVITEs of one attempt share, however often it is sent.
#[derive(Debug)]
pub(super) struct Trial {
    /// Our From tag.
    pub(super) tag: Box<str>,
    /// The number in its CSeq, which rises with each try.
    cseq: u32,
    /// The answer to the callee's challenge, once there was one; its ACK repeats it (RFC 3261 §22.1).
    pub(super) authorization: Option<(HeaderName, String)>,
    /// The Min-SE that the callee wants (RFC 4028 §7.3).
    min_session: u32,
    /// Where the callee's redirection leads.
    uri: Option<Box<str>>,
    /// Whether it goes over TCP in place of UDP, because it is large and the leg takes that.
    pub(super) has_grown: bool,
}

impl Trial {
    pub(super) fn new(tag: String) -> Self {
        Self { tag: tag.into(), cseq: 1, authorization: None, min_session: 0, uri: None, has_grown: false }
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
        let uri = trial.uri.as_deref().unwrap_or(&attempt.request_uri);
        let writer = Writer::request(&Method::Invite, uri)
            .header_of(HeaderName::Via, |value| io.hop(transport, &branch).write(value))
            .header_of(HeaderName::MaxForwards, |value| value.number(hops_left(&caller.message)))
            .header_of(HeaderName::From, |value| value.text(&attempt.from).text(";tag=").text(&trial.tag))
            .header(HeaderName::To, &attempt.to)
            .header(HeaderName::CallId, call_id)
            .header_of(HeaderName::CSeq, |value| value.number(trial.cseq).text(" INVITE"))
            .header_of(HeaderName::Contact, |value| {
                io.contact(transport, &self.contacts[Side::B as usize]).write(value)
            });
        let writer = invite_tail(io, writer, attempt, trial, &caller.message, self.offer.is_some());
        let is_set = |name: &str| {
            let is_own = name.eq_ignore_ascii_case("Supported");
            is_own || attempt.headers.iter().any(|(set, _)| set.eq_ignore_ascii_case(name))
        };
        let way = self.way(io, Side::B);
        let writer = policy::pass(writer, &caller.message, way, self.offer.is_some(), is_set);
        let bytes = match (self.parts(), &self.offer) {
            (Some((content_type, body)), _) => writer.body(Some(&content_type), body).finish(),
            (None, Some(offer)) => writer.body(Some(SDP), offer).finish(),
            (None, None) => writer.finish(),
        };
        let (peer, length) = (attempt.peer, bytes.len());
        let attempt = self.plan.as_mut().and_then(|plan| plan.attempts.get_mut(index));
        if attempt.is_some_and(|attempt| attempt.grow(length)) {
            if let Some(trial) = &mut self.trial {
                trial.has_grown = true;
            }
            return self.send_invite(io, now);
        }
        let outgoing = Outgoing { peer, method: &Method::Invite, branch: &branch, bytes };
        self.invite = io.layer.request(now, outgoing, Owner::Attempt(self.key, index)).ok();
        self.invite.is_some()
    }

    /// The body of an INVITE that carries more than the offer.
    fn parts(&self) -> Option<(String, Vec<u8>)> {
        let part = self.current()?.part.as_ref()?;
        // Our tag is drawn, so that nobody can have written it into a body.
        let boundary = format!("part-{}", self.trial.as_ref()?.tag);
        Some(part.beside(self.offer.as_deref(), &boundary))
    }

    /// Whether a failure of the callee is mended by another try of the same attempt, which is under way then.
    pub(super) fn tries_again(&mut self, io: &mut Io, now: Instant, from: Peer, response: &Message) -> bool {
        match response.status() {
            Some(401 | 407) => self.try_authorized(io, now, from, response),
            Some(422) => self.try_longer(io, now, response),
            Some(301 | 302 | 305) => self.try_redirected(io, now, response),
            _ => false,
        }
    }

    /// The callee finds our session interval too short: once with its least (RFC 4028 §7.3).
    fn try_longer(&mut self, io: &mut Io, now: Instant, response: &Message) -> bool {
        let Some(min) = session::min_of(response) else { return false };
        let is_first = self.trial.as_ref().is_some_and(|trial| trial.min_session == 0);
        is_first && min > 0 && self.try_again(io, now, |trial| trial.min_session = min)
    }

    /// The callee sends us on: once, and only to another user of the same host.
    fn try_redirected(&mut self, io: &mut Io, now: Instant, response: &Message) -> bool {
        let (Some(attempt), Some(trial)) = (self.current(), &self.trial) else { return false };
        if attempt.leg.redirect != Redirect::SameHost || trial.uri.is_some() {
            return false;
        }
        let Ok(Some(contact)) = response.contact() else { return false };
        let (Ok(target), Ok(before)) = (Uri::parse(contact.uri), Uri::parse(&attempt.request_uri)) else {
            return false;
        };
        let is_same_host = target.host.eq_ignore_ascii_case(before.host)
            || target.host.parse() == Ok(attempt.peer.addr.ip());
        let uri: Box<str> = contact.uri.into();
        is_same_host && self.try_again(io, now, |trial| trial.uri = Some(uri))
    }

    /// Answers the challenge of the callee, once and only where it is ours to answer.
    fn try_authorized(&mut self, io: &mut Io, now: Instant, from: Peer, response: &Message) -> bool {
        let cnonce = io.ids.loose_tag();
        let (Some(attempt), Some(trial)) = (self.current(), &self.trial) else { return false };
        let Some(own) = attempt.credentials.as_ref().filter(|_| trial.authorization.is_none()) else {
            return false;
        };
        let parts = self.parts();
        let body = match &parts {
            Some((_, body)) => body.as_slice(),
            None => self.offer.as_deref().unwrap_or_default(),
        };
        let uri = trial.uri.as_deref().unwrap_or(&attempt.request_uri);
        let asked = Challenged { peer: attempt.peer, method: &Method::Invite, uri, body };
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

/// The headers of the plan and our own; those of the caller that cross and the offer come after them.
fn invite_tail(
    io: &Io,
    writer: Writer,
    attempt: &Attempt,
    trial: &Trial,
    caller: &Message,
    has_offer: bool,
) -> Writer {
    let mut writer = io.sign(writer, HeaderName::UserAgent);
    if let Some((name, value)) = &trial.authorization {
        writer = writer.header(*name, value);
    }
    for (name, value) in &attempt.headers {
        writer = writer.header(name, value);
    }
    let is_set = |name: &str| attempt.headers.iter().any(|(set, _)| set.eq_ignore_ascii_case(name));
    if !is_set("Supported") {
        // Without an offer of ours the answer would have to go into a PRACK: then responses are not reliable.
        let is_reliable = has_offer && attempt.leg.reliability != Reliability::Off;
        let own = if is_reliable { policy::SUPPORTED } else { "timer, replaces" };
        writer = policy::supported(writer, own, caller);
    }
    if caller.header(HeaderName::Allow).is_none() && !is_set("Allow") {
        writer = writer.header(HeaderName::Allow, policy::ALLOW);
    }
    session::propose(writer, &attempt.leg, trial.min_session)
}
