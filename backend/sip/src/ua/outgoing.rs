//! Responses to our requests, and requests that get none.

use std::time::{Duration, Instant};

use super::{
    Agent, CallId, Event, Purpose, Sent, Timer,
    call::{Call, Stage},
    reason_of, sdp_of,
};
use crate::{
    transaction::TransactionId,
    wire::{Message, Method},
};

impl Agent {
    pub(super) fn on_response(
        &mut self,
        now: Instant,
        transaction: TransactionId,
        purpose: Purpose,
        message: &Message,
    ) {
        let status = message.status().unwrap_or_default();
        if matches!(status, 401 | 407) && self.authorize(now, transaction, purpose, message) {
            return;
        }
        if status >= 300 || (status >= 200 && !matches!(purpose, Purpose::Invite(_) | Purpose::Reinvite(_))) {
            self.sent.remove(&transaction);
        }
        match purpose {
            Purpose::Invite(call) if status < 200 => self.on_provisional(call, message),
            Purpose::Invite(call) if status < 300 => self.on_answer(now, call, transaction, message),
            Purpose::Invite(call) => self.on_refusal(call, status, reason_of(message)),
            Purpose::Reinvite(call) => self.on_reinvite_response(now, call, status, message),
            Purpose::Bye => {}
            Purpose::Register(registration) => self.on_register_response(now, registration, message),
            Purpose::Options(peer) if status >= 200 => self.event(Event::OptionsAnswered { peer, status }),
            Purpose::Options(_) => {}
        }
    }

    /// Answers a challenge once (RFC 3261 §22.2); false when that is not possible.
    fn authorize(
        &mut self,
        now: Instant,
        transaction: TransactionId,
        purpose: Purpose,
        message: &Message,
    ) -> bool {
        let (cnonce, branch) = (self.tag(), self.branch());
        let Some(sent) = self.sent.remove(&transaction) else { return false };
        let Sent { request, account: Some(account), is_authorized: false } = sent else { return false };
        let Some(mut request) = request.authorized(message, &account, &cnonce) else { return false };
        request.cseq += 1;
        request.branch = branch;
        match purpose {
            Purpose::Invite(id) | Purpose::Reinvite(id) => {
                let Some(call) = self.calls.get_mut(&id).filter(|call| !call.leaving) else { return false };
                call.dialog.cseq = request.cseq;
                self.send_invite(now, id, request, purpose, true).is_some()
            }
            Purpose::Register(id) => {
                let cseq = request.cseq;
                let is_sent = self.send(now, request, purpose, Some(account), true).is_some();
                if let Some(binding) = self.bindings.get_mut(&id) {
                    binding.cseq = cseq;
                }
                is_sent
            }
            Purpose::Bye | Purpose::Options(_) => {
                self.send(now, request, purpose, Some(account), true).is_some()
            }
        }
    }

    fn on_provisional(&mut self, id: CallId, message: &Message) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.stage == Stage::Calling) else { return };
        let Some(ours) = call.ours.as_mut().filter(|_| message.status() != Some(100)) else { return };
        match sdp_of(message).filter(|_| ours.offer.is_some()) {
            Some(_) if ours.is_early => {}
            Some(sdp) => {
                ours.is_early = true;
                self.event(Event::EarlyMedia { call: id, sdp });
            }
            None => self.event(Event::Ringing { call: id }),
        }
    }

    /// RFC 3261 §13.2.2.4.
    fn on_answer(&mut self, now: Instant, id: CallId, transaction: TransactionId, message: &Message) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.stage != Stage::Calling {
            return self.on_other_fork(now, id, message);
        }
        let Some(ours) = call.ours.as_mut().filter(|ours| ours.transaction == transaction) else { return };
        ours.is_done = true;
        let has_offered = ours.offer.is_some();
        call.dialog.confirm(message);
        let leaving = call.leaving;
        call.stage = if has_offered || leaving { Stage::Up } else { Stage::Confirming };
        if call.stage == Stage::Up {
            self.send_ack(id, None);
        }
        if leaving {
            // Our CANCEL came too late (RFC 3261 §9.1).
            return self.say_bye(now, id, None);
        }
        self.event(Event::Answered { call: id, sdp: sdp_of(message) });
    }

    /// A 2xx from a second callee of a forked INVITE: thanked and hung up.
    fn on_other_fork(&mut self, now: Instant, id: CallId, message: &Message) {
        let (ack_branch, bye_branch) = (self.branch(), self.branch());
        let Some(call) = self.calls.get(&id) else { return };
        let tag = message.to().ok().and_then(|to| to.tag());
        if tag == call.dialog.remote_tag.as_deref() {
            return;
        }
        let Some(ours) = &call.ours else { return };
        let (mut dialog, account, transaction) =
            (call.dialog.clone(), call.account.clone(), ours.transaction);
        dialog.confirm(message);
        let mut ack = dialog.request_numbered(Method::Ack, ours.cseq, ack_branch, None);
        ack.credentials.clone_from(&ours.credentials);
        let peer = self.peer(ack.peer);
        self.layer.ack(transaction, tag.unwrap_or_default(), peer, ack.to_bytes(&self.config));
        let bye = dialog.request(Method::Bye, bye_branch, None);
        // A full layer cannot say BYE; the fork finds out by its media.
        let _ = self.send(now, bye, Purpose::Bye, account, false);
    }

    fn on_refusal(&mut self, id: CallId, status: u16, reason: Option<String>) {
        let Some(call) = self.calls.get(&id) else { return };
        if call.stage == Stage::Calling {
            self.remove(id);
            self.event(Event::Failed { call: id, status, reason });
        }
    }

    /// RFC 3261 §14.1.
    fn on_reinvite_response(&mut self, now: Instant, id: CallId, status: u16, message: &Message) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some(ours) = call.ours.as_mut().filter(|ours| status >= 200 && !ours.is_done) else { return };
        match status {
            200..=299 => {
                ours.is_done = true;
                call.dialog.refresh(message);
                self.send_ack(id, None);
                self.event(Event::Reanswered { call: id, sdp: sdp_of(message) });
            }
            491 => {
                ours.is_done = true;
                call.retry = ours.offer.take();
                let wait = self.glare_wait(id);
                self.timers.set(now + wait, Timer::Glare(id));
            }
            _ => self.on_reinvite_refusal(now, id, status),
        }
    }

    fn on_reinvite_refusal(&mut self, now: Instant, id: CallId, status: u16) {
        if let Some(ours) = self.calls.get_mut(&id).and_then(|call| call.ours.as_mut()) {
            ours.is_done = true;
        }
        // RFC 3261 §12.2.1.2: the far side has no such dialog any more.
        if matches!(status, 408 | 481) {
            self.say_bye(now, id, None);
        } else {
            self.event(Event::ReofferFailed { call: id, status });
        }
    }

    /// 2.1 to 4 s for the side that made the Call-ID, below 2 s for the other, in steps of 10 ms (RFC 3261
    /// §14.1).
    fn glare_wait(&mut self, id: CallId) -> Duration {
        let random = self.token();
        let is_caller = self.calls.get(&id).is_some_and(Call::is_caller);
        let steps = if is_caller { 210 + random % 190 } else { random % 200 };
        Duration::from_millis(steps * 10)
    }

    pub(super) fn retry_reinvite(&mut self, now: Instant, id: CallId) {
        let (branch, wait) = (self.branch(), self.glare_wait(id));
        let Some(call) = self.calls.get_mut(&id).filter(|call| !call.leaving) else { return };
        if call.is_renegotiating() {
            return self.timers.set(now + wait, Timer::Glare(id));
        }
        let Some(sdp) = call.retry.take() else { return };
        let request = call.dialog.request(Method::Invite, branch, Some(sdp));
        if self.send_invite(now, id, request, Purpose::Reinvite(id), false).is_none() {
            self.on_reinvite_refusal(now, id, 503);
        }
    }

    pub(super) fn on_failure(
        &mut self,
        now: Instant,
        transaction: TransactionId,
        purpose: Option<Purpose>,
        status: u16,
    ) {
        self.sent.remove(&transaction);
        match purpose {
            Some(Purpose::Invite(id)) => {
                let was_cancelled = self.calls.get(&id).is_some_and(|call| call.leaving);
                self.on_refusal(id, if was_cancelled { 487 } else { status }, None);
            }
            Some(Purpose::Reinvite(id)) => self.on_reinvite_refusal(now, id, status),
            Some(Purpose::Register(id)) => self.on_register_failure(id, status),
            Some(Purpose::Options(peer)) => self.event(Event::OptionsAnswered { peer, status }),
            Some(Purpose::Bye) | None => {}
        }
    }
}
