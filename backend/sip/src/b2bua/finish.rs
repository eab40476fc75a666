//! How calls end: every way leads through [`Call::finish`], which says so once.

use std::time::Instant;

use crate::transaction::Outgoing;
use crate::wire::{HeaderName, Message, Method};

use super::call::{Call, Stage};
use super::io::{Alarm, Io, Owner, Reason, q850_of};
use super::setup::MAX_FORWARDS;
use super::{End, Output, Refusal, Side, Summary, policy};

impl Call {
    /// We end the call, whatever its stage: both sides hear why.
    pub(super) fn end_by_us(&mut self, io: &mut Io, now: Instant, refusal: Refusal) {
        if self.stage == Stage::Over {
            return;
        }
        let reason = Reason(&refusal).to_string();
        self.cancel_callee(io, now, Some(&refusal));
        self.refuse_caller(io, now, &refusal);
        self.hang_up(io, now, Side::A, Some(&reason), None);
        self.hang_up(io, now, Side::B, Some(&reason), None);
        self.finish(io, now, End::Refused(refusal));
    }

    /// The caller gives up: by CANCEL, or by BYE before the answer. `message` is that request.
    pub(super) fn on_cancel(&mut self, io: &mut Io, now: Instant, message: &Message) {
        let Some(caller) = self.caller.take() else { return };
        io.answer(now, &caller, 487, &self.own_tag);
        let reason = message.header(HeaderName::Reason);
        if let Some(invite) = self.invite.take() {
            io.layer.cancel(now, invite, reason);
        }
        self.hang_up(io, now, Side::B, reason, None);
        self.finish(io, now, End::Cancelled);
    }

    /// One side has hung up; its BYE has been answered. A callee can do so before the caller has heard its answer.
    pub(super) fn on_bye(&mut self, io: &mut Io, now: Instant, side: Side, bye: &Message) {
        if self.stage != Stage::Answered {
            let refusal = Refusal::new(480, q850_of(bye).unwrap_or(16), "callee-failed");
            self.legs[side as usize] = None;
            self.refuse_caller(io, now, &refusal);
            return self.finish(io, now, End::Failed { status: refusal.status, q850: q850_of(bye) });
        }
        self.unconfirmed[side as usize] = None;
        self.clear(Alarm::Resend(side));
        self.legs[side as usize] = None;
        if self.referred.as_ref().is_some_and(|referred| referred.by == side) {
            return self.clear(Alarm::Session(side)); // it has left the far side to the transfer
        }
        self.hang_up(io, now, side.other(), bye.header(HeaderName::Reason), Some(bye));
        self.finish(io, now, End::Hangup { by: side, q850: q850_of(bye) });
    }

    /// One leg is gone without a BYE: the far side does not know the dialog any more.
    pub(super) fn on_leg_lost(&mut self, io: &mut Io, now: Instant, side: Side) {
        self.legs[side as usize] = None;
        self.unconfirmed[side as usize] = None;
        self.unacknowledged[side as usize] = None;
        self.hang_up(io, now, side.other(), None, None);
        self.finish(io, now, End::Hangup { by: side, q850: None });
    }

    /// Takes our INVITE back, if there is one without a final response.
    pub(super) fn cancel_callee(&mut self, io: &mut Io, now: Instant, refusal: Option<&Refusal>) {
        if let Some(invite) = self.invite.take() {
            let reason = refusal.map(|refusal| Reason(refusal).to_string());
            io.layer.cancel(now, invite, reason.as_deref());
        }
    }

    /// Answers the caller's INVITE with a refusal, if it has no final response yet.
    pub(super) fn refuse_caller(&mut self, io: &mut Io, now: Instant, refusal: &Refusal) {
        if let Some(caller) = self.caller.take() {
            io.refuse(now, &caller, refusal, &self.own_tag);
        }
    }

    /// Sends a BYE on this leg, if it is a dialog. A 2xx of the callee is acknowledged first; a caller who has not
    /// acknowledged ours yet gets the BYE after its ACK, or after 64*T1 (RFC 3261 §15).
    pub(super) fn hang_up(
        &mut self,
        io: &mut Io,
        now: Instant,
        side: Side,
        reason: Option<&str>,
        bye: Option<&Message>,
    ) {
        if self.legs[side as usize].is_none() {
            return;
        }
        self.acknowledge(io, side, None);
        if side == Side::A && self.unconfirmed[Side::A as usize].is_some() {
            self.bye_at_ack = Some(reason.map(Into::into));
            return;
        }
        self.send_bye(io, now, side, reason, bye);
    }

    fn send_bye(
        &mut self,
        io: &mut Io,
        now: Instant,
        side: Side,
        reason: Option<&str>,
        bye: Option<&Message>,
    ) {
        let branch = io.ids.branch();
        let owner = Owner::Bye(self.key);
        let Some(leg) = self.leg_mut(side) else { return };
        let number = leg.next_cseq();
        let (Some(leg), way) = (self.leg(side), self.way(io, side)) else { return };
        let peer = leg.next_hop();
        let mut writer = leg.request(&Method::Bye, number, io.hop(peer.transport, &branch), MAX_FORWARDS);
        writer = io.sign(writer, HeaderName::UserAgent);
        if let Some(bye) = bye {
            writer = policy::pass(writer, bye, way, false, |_| false);
        } else if let Some(reason) = reason {
            writer = writer.header(HeaderName::Reason, reason);
        }
        let outgoing = Outgoing { peer, method: &Method::Bye, branch: &branch, bytes: writer.finish() };
        if io.layer.request(now, outgoing, owner).is_ok() {
            self.byes += 1;
        }
    }

    /// The caller's ACK has come, or never will: now the BYE may go.
    pub(super) fn say_late_bye(&mut self, io: &mut Io, now: Instant) {
        if let Some(reason) = self.bye_at_ack.take() {
            self.send_bye(io, now, Side::A, reason.as_deref(), None);
        }
    }

    /// The one exit: says how the call ended, and lets go of all but the two dialogs.
    pub(super) fn finish(&mut self, io: &mut Io, now: Instant, end: End) {
        if self.stage == Stage::Over {
            return;
        }
        self.stage = Stage::Over;
        io.live -= 1;
        let keeps_resending = self.bye_at_ack.is_some();
        self.clear_all_but(keeps_resending.then_some(Alarm::Resend(Side::A)));
        for asked in std::mem::take(&mut self.exchanges).into_iter().filter_map(|exchange| exchange.asked) {
            io.answer(now, &asked, 487, &self.own_tag);
        }
        self.release_links(io, &end);
        self.reliable = None;
        (self.spoken, self.told) = Default::default();
        self.plan = None;
        self.trial = None;
        self.offer = None;
        self.forks = Vec::new();
        self.needs.clear();
        io.outputs.push_back(Output::Ended(Summary {
            call: self.key,
            started: self.started,
            ringing: self.ringing,
            answered: self.answered,
            ended: now,
            attempt: self.attempt,
            callee_call_id: self.callee_call_id.take().map(Into::into),
            attempts_tried: std::mem::take(&mut self.tried),
            end,
        }));
    }
}
