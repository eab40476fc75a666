//! What the agent is told to do with calls.

use std::{net::SocketAddr, time::Instant};

use bytes::Bytes;

use super::{
    Agent, CallId, EndedBy, Event, Invite, Purpose, Refused, Timer,
    call::{Call, Ours, Stage, Unconfirmed},
    dialog::Dialog,
    incoming::Received,
    request::{ALLOW, Request, SDP},
};
use crate::wire::{Method, Writer};

impl Agent {
    /// Places a call.
    ///
    /// # Errors
    /// [`Refused::Full`].
    pub fn call(&mut self, now: Instant, invite: Invite) -> Result<CallId, Refused> {
        if self.calls.len() >= self.config.calls_max {
            return Err(Refused::Full);
        }
        let local_tag = self.tag();
        let call_id =
            invite.call_id.unwrap_or_else(|| format!("{:016x}@{}", self.token(), self.config.local.ip()));
        let dialog = Dialog {
            call_id,
            local: format!("<{}>;tag={local_tag}", invite.from),
            local_tag,
            remote: format!("<{}>", invite.to),
            remote_tag: None,
            target: invite.request_uri,
            routes: Vec::new(),
            peer: invite.peer,
            contact: self.contact(&self.config.user),
            cseq: 0,
            remote_cseq: None,
        };
        let mut call = Call::new(Stage::Calling, dialog, invite.account);
        let branch = self.branch();
        let mut request = call.dialog.request(Method::Invite, branch, invite.sdp);
        request.peer = invite.peer;
        request.headers = invite.headers;
        let id = self.insert(call);
        let sent = self.send_invite(now, id, request, Purpose::Invite(id), false);
        if sent.is_none() {
            self.remove(id);
            return Err(Refused::Full);
        }
        self.drain(now);
        Ok(id)
    }

    /// Sends an INVITE or re-INVITE and notes it in its call.
    pub(super) fn send_invite(
        &mut self,
        now: Instant,
        id: CallId,
        request: Request,
        purpose: Purpose,
        is_authorized: bool,
    ) -> Option<()> {
        let account = self.calls.get(&id)?.account.clone();
        let (cseq, credentials, offer) = (request.cseq, request.credentials.clone(), request.sdp.clone());
        let transaction = self.send(now, request, purpose, account, is_authorized)?;
        let call = self.calls.get_mut(&id)?;
        let ours = Ours { transaction, cseq, credentials, offer, is_early: false, is_done: false };
        if let Some(before) = call.ours.replace(ours) {
            self.sent.remove(&before.transaction);
        }
        Some(())
    }

    /// Whether the call waits for [`Agent::confirm`].
    #[must_use]
    pub fn is_confirming(&self, id: CallId) -> bool {
        self.calls.get(&id).is_some_and(|call| call.stage == Stage::Confirming)
    }

    /// Gives the answer to an offer that came in a 2xx; see [`Event::Answered`].
    ///
    /// # Errors
    /// When the call is not waiting for it.
    pub fn confirm(&mut self, now: Instant, id: CallId, sdp: Bytes) -> Result<(), Refused> {
        let call = self.calls.get_mut(&id).ok_or(Refused::Unknown)?;
        if call.stage != Stage::Confirming {
            return Err(Refused::State);
        }
        call.stage = Stage::Up;
        self.send_ack(id, Some(sdp));
        self.drain(now);
        Ok(())
    }

    /// Sends the ACK of the latest 2xx to an INVITE of ours; the layer repeats it.
    pub(super) fn send_ack(&mut self, id: CallId, sdp: Option<Bytes>) {
        let branch = self.branch();
        let Some(call) = self.calls.get(&id) else { return };
        let Some(ours) = &call.ours else { return };
        let mut ack = call.dialog.request_numbered(Method::Ack, ours.cseq, branch, sdp);
        ack.credentials.clone_from(&ours.credentials);
        let (transaction, peer) = (ours.transaction, self.peer(ack.peer));
        let to_tag = call.dialog.remote_tag.clone().unwrap_or_default();
        self.layer.ack(transaction, &to_tag, peer, ack.to_bytes(&self.config));
    }

    /// Says 180.
    ///
    /// # Errors
    /// When the call does not wait for our word.
    pub fn ring(&mut self, now: Instant, id: CallId) -> Result<(), Refused> {
        self.provisional(now, id, 180, None)
    }

    /// Says 183 with an answer: audio before the call is answered.
    ///
    /// # Errors
    /// When the call does not wait for our word.
    pub fn progress(&mut self, now: Instant, id: CallId, sdp: &Bytes) -> Result<(), Refused> {
        self.provisional(now, id, 183, Some(sdp))
    }

    fn provisional(
        &mut self,
        now: Instant,
        id: CallId,
        status: u16,
        sdp: Option<&Bytes>,
    ) -> Result<(), Refused> {
        let call = self.calls.get(&id).ok_or(Refused::Unknown)?;
        if call.stage != Stage::Deciding {
            return Err(Refused::State);
        }
        let theirs = call.theirs.as_ref().ok_or(Refused::State)?;
        let writer = self.call_response(call, &theirs.received(), status);
        let bytes = with_sdp(writer, sdp).finish();
        self.layer.respond(now, theirs.transaction, status, bytes);
        self.drain(now);
        Ok(())
    }

    fn call_response(&self, call: &Call, received: &Received, status: u16) -> Writer {
        self.response(received, status, &call.dialog.local_tag)
            .header("Contact", &call.dialog.contact)
            .header("Allow", ALLOW)
    }

    /// Answers the INVITE, re-INVITE or UPDATE that waits, with an answer to its offer, or with an offer if
    /// it had none.
    ///
    /// # Errors
    /// When nothing waits for an answer.
    pub fn answer(&mut self, now: Instant, id: CallId, sdp: &Bytes) -> Result<(), Refused> {
        let call = self.calls.get(&id).ok_or(Refused::Unknown)?;
        let theirs =
            call.theirs.as_ref().filter(|theirs| theirs.unconfirmed.is_none()).ok_or(Refused::State)?;
        if !matches!(call.stage, Stage::Deciding | Stage::Up) {
            return Err(Refused::State);
        }
        let bytes = with_sdp(self.call_response(call, &theirs.received(), 200), Some(sdp)).finish();
        let transaction = theirs.transaction;
        let is_invite = theirs.message.method() == Method::Invite;
        self.layer.respond(now, transaction, 200, bytes.clone());
        let (interval, until) = (self.timing.t1, now + self.timing.patience());
        let call = self.calls.get_mut(&id).ok_or(Refused::Unknown)?;
        call.stage = Stage::Up;
        if is_invite {
            if let Some(theirs) = &mut call.theirs {
                theirs.unconfirmed = Some(Unconfirmed { bytes, interval, until });
            }
            self.timers.set(now + interval, Timer::Repeat(id, transaction));
        } else {
            call.theirs = None;
        }
        self.drain(now);
        Ok(())
    }

    /// Refuses what waits with a final status of 300-699 and further headers. A refused call is over, without
    /// an event; after a refused re-INVITE it goes on as it was.
    ///
    /// # Errors
    /// When nothing waits for an answer.
    pub fn refuse(
        &mut self,
        now: Instant,
        id: CallId,
        status: u16,
        headers: &[(&str, &str)],
    ) -> Result<(), Refused> {
        let call = self.calls.get(&id).ok_or(Refused::Unknown)?;
        let theirs =
            call.theirs.as_ref().filter(|theirs| theirs.unconfirmed.is_none()).ok_or(Refused::State)?;
        let writer = self.response(&theirs.received(), status, &call.dialog.local_tag);
        let writer = headers.iter().fold(writer, |writer, (name, value)| writer.header(name, value));
        self.layer.respond(now, theirs.transaction, status, writer.finish());
        if call.stage == Stage::Up {
            if let Some(call) = self.calls.get_mut(&id) {
                call.theirs = None;
            }
        } else {
            self.remove(id);
        }
        self.drain(now);
        Ok(())
    }

    /// Never says a word to this INVITE, nor to its copies and its CANCEL. No event follows.
    ///
    /// # Errors
    /// When the call does not wait for our word.
    pub fn ignore(&mut self, now: Instant, id: CallId) -> Result<(), Refused> {
        let call = self.calls.get_mut(&id).ok_or(Refused::Unknown)?;
        if call.stage != Stage::Deciding {
            return Err(Refused::State);
        }
        call.stage = Stage::Ignoring;
        self.timers.set(now + self.timing.patience().saturating_mul(2), Timer::Forget(id));
        Ok(())
    }

    /// Lets go of an ignored call; its caller has given up long ago.
    pub(super) fn forget(&mut self, id: CallId) {
        if let Some(theirs) = self.remove(id).and_then(|call| call.theirs) {
            self.layer.forget(theirs.transaction);
        }
    }

    /// Ends the call, whatever it is doing: CANCEL, 480 or BYE. A last event follows, except after 480.
    ///
    /// # Errors
    /// When there is no such call.
    pub fn hang_up(&mut self, now: Instant, id: CallId, reason: Option<&str>) -> Result<(), Refused> {
        let call = self.calls.get_mut(&id).ok_or(Refused::Unknown)?;
        let has_ack = call.theirs.as_ref().is_none_or(|theirs| theirs.unconfirmed.is_none());
        match call.stage {
            Stage::Ignoring => {}
            Stage::Deciding => {
                let headers: Vec<_> = reason.map(|reason| ("Reason", reason)).into_iter().collect();
                return self.refuse(now, id, 480, &headers);
            }
            Stage::Calling => {
                call.leaving = true;
                if let Some(transaction) = call.ours.as_ref().map(|ours| ours.transaction) {
                    self.layer.cancel(now, transaction, reason);
                }
            }
            // RFC 3261 §15: the callee sends no BYE before the ACK, or before it has waited long enough for
            // it.
            Stage::Up if !has_ack => call.leaving = true,
            Stage::Confirming => {
                self.send_ack(id, None);
                self.say_bye(now, id, reason);
            }
            Stage::Up => self.say_bye(now, id, reason),
        }
        self.drain(now);
        Ok(())
    }

    /// BYE, and the last event. A request of the far side that still waits is answered first (RFC 3261
    /// §15.1.2).
    pub(super) fn say_bye(&mut self, now: Instant, id: CallId, reason: Option<&str>) {
        let branch = self.branch();
        let Some(mut call) = self.remove(id) else { return };
        if let Some(theirs) = call.theirs.take().filter(|theirs| theirs.unconfirmed.is_none()) {
            self.reply(now, &theirs.received(), 487);
        }
        let mut bye = call.dialog.request(Method::Bye, branch, None);
        bye.headers.extend(reason.map(|reason| ("Reason".to_owned(), reason.to_owned())));
        // A full layer cannot say BYE; the far side finds out by its media or its session timer.
        let _ = self.send(now, bye, Purpose::Bye, call.account, false);
        self.event(Event::Ended { call: id, by: EndedBy::Us, reason: None });
    }

    /// Asks for other media (RFC 3261 §14): hold, resume or another address. 491 is retried.
    ///
    /// # Errors
    /// When the call is not up, or when another offer is being answered.
    pub fn reinvite(&mut self, now: Instant, id: CallId, sdp: Bytes) -> Result<(), Refused> {
        let branch = self.branch();
        let call = self.calls.get_mut(&id).ok_or(Refused::Unknown)?;
        if call.stage != Stage::Up || call.is_renegotiating() || call.leaving {
            return Err(Refused::State);
        }
        call.retry = None;
        let request = call.dialog.request(Method::Invite, branch, Some(sdp));
        self.send_invite(now, id, request, Purpose::Reinvite(id), false).ok_or(Refused::Full)?;
        self.drain(now);
        Ok(())
    }

    /// Asks a peer whether it is there (RFC 3261 §11); the answer is an [`Event::OptionsAnswered`].
    ///
    /// # Errors
    /// [`Refused::Full`].
    pub fn options(&mut self, now: Instant, peer: SocketAddr, uri: &str) -> Result<(), Refused> {
        let (branch, tag) = (self.branch(), self.tag());
        let contact = self.contact(&self.config.user);
        let own = contact.trim_matches(['<', '>']);
        let request = Request {
            method: Method::Options,
            peer,
            uri: uri.to_owned(),
            from: format!("<{own}>;tag={tag}"),
            to: format!("<{uri}>"),
            call_id: format!("{:016x}@{}", self.token(), self.config.local.ip()),
            cseq: 1,
            branch,
            contact: Some(contact.clone()),
            routes: Vec::new(),
            headers: Vec::new(),
            credentials: Vec::new(),
            sdp: None,
        };
        self.send(now, request, Purpose::Options(peer), None, false).ok_or(Refused::Full)?;
        self.drain(now);
        Ok(())
    }
}

fn with_sdp(writer: Writer, sdp: Option<&Bytes>) -> Writer {
    match sdp {
        Some(sdp) => writer.body(Some(SDP), sdp),
        None => writer,
    }
}
