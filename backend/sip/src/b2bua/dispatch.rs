//! What the transaction layer says, and whom it concerns.

use std::time::Instant;

use crate::dialog::Dialog;
use crate::transaction::{self, Outgoing, Peer, TransactionId};
use crate::wire::{HeaderName, Message, Method};

use super::call::Stage;
use super::engine::Engine;
use super::io::{Asked, Owner, SDP};
use super::policy;
use super::setup::{Failed, MAX_FORWARDS};
use super::{Output, Side};

impl Engine {
    /// Works off everything that the transaction layer has to say.
    pub(super) fn settle(&mut self, now: Instant) {
        while let Some(output) = self.io.layer.poll_output() {
            self.dispatch(now, output);
        }
        if !self.io.links.is_empty() {
            self.settle_links(now);
        }
    }

    fn dispatch(&mut self, now: Instant, output: transaction::Output<Owner>) {
        use transaction::Output as Out;
        match output {
            Out::Transmit { peer, bytes } => self.io.outputs.push_back(Output::Transmit { peer, bytes }),
            Out::Request { transaction, from, message, is_merged } => {
                let asked = Asked { transaction, from, message };
                if is_merged { self.answer(now, &asked, 482) } else { self.on_new_request(now, asked) }
            }
            Out::Cancel { transaction, context, from, message, .. } => {
                self.on_cancel(now, &Asked { transaction, from, message }, context);
            }
            Out::Ack { message, .. } => self.on_ack(now, &message),
            Out::Response { transaction, context, from, message } => {
                self.on_response(now, transaction, context, from, &message);
            }
            Out::Failed { context, failure, .. } => match context {
                Some(Owner::Attempt(call, index)) => self.with(call, |call, io| {
                    call.on_attempt_failed(io, now, index, &Failed::Nothing(failure));
                }),
                Some(Owner::Exchange(call, number)) => {
                    self.with(call, |call, io| call.on_exchange_failed(io, now, number, failure));
                }
                Some(Owner::Bye(call)) => self.with(call, |call, _| call.byes -= 1),
                Some(Owner::Probe(call)) => {
                    self.with(call, |call, io| call.on_probed(io, now, Err(failure)));
                }
                Some(Owner::Origin(key)) => self.on_originated(key, Err(failure)),
                Some(Owner::Request(_) | Owner::Caller(_) | Owner::Nobody) | None => {}
            },
        }
    }

    pub(super) fn answer(&mut self, now: Instant, asked: &Asked, status: u16) {
        let tag = self.io.ids.loose_tag();
        self.io.answer(now, asked, status, &tag);
    }

    fn on_new_request(&mut self, now: Instant, asked: Asked) {
        let has_tag = asked.message.to_tag().is_some();
        if has_tag && asked.message.method() != Method::Register {
            self.on_in_dialog(now, asked);
        } else {
            self.on_request(now, asked);
        }
    }

    /// A request that claims to belong to a dialog (RFC 3261 §12.2.2).
    fn on_in_dialog(&mut self, now: Instant, asked: Asked) {
        let Some((key, call)) = self.call_of(&asked.message) else { return self.answer(now, &asked, 481) };
        let Some(side) = call.side_of(&asked.message) else {
            return self.on_early_request(now, key, asked);
        };
        let is_over = call.is_over();
        let method = asked.message.method();
        self.with(key, |call, io| {
            let Some(leg) = call.leg_mut(side) else { return };
            if !leg.take(&asked.message, asked.from) {
                return io.answer(now, &asked, 500, "");
            }
            match method {
                Method::Bye => {
                    io.answer(now, &asked, 200, "");
                    if is_over { call.bye_at_ack = None } else { call.on_bye(io, now, side, &asked.message) }
                }
                _ if is_over => io.answer(now, &asked, 481, ""),
                Method::Options => {
                    let writer = io.reply(&asked, 200, "", "");
                    let writer =
                        writer.header(HeaderName::Allow, policy::ALLOW).header(HeaderName::Accept, SDP);
                    io.send_reply(now, &asked, 200, writer);
                }
                Method::Prack if side == Side::A => call.on_prack(io, now, asked),
                Method::Prack => io.answer(now, &asked, 481, ""),
                Method::Register | Method::Publish | Method::Other(_) => {
                    let writer = io.reply(&asked, 501, "", "").header(HeaderName::Allow, policy::ALLOW);
                    io.send_reply(now, &asked, 501, writer);
                }
                _ => call.on_ask(io, now, side, asked, None),
            }
        });
    }

    /// A CANCEL is always answered at once; what it does depends on what its INVITE has become (RFC 3261 §9.2).
    fn on_cancel(&mut self, now: Instant, asked: &Asked, invite: Option<Owner>) {
        let Some(owner) = invite else { return self.answer(now, asked, 481) };
        self.answer(now, asked, 200);
        match owner {
            Owner::Request(request) => self.on_request_cancelled(now, request),
            Owner::Caller(call) => self.with(call, |call, io| call.on_cancel(io, now, &asked.message)),
            Owner::Exchange(call, number) => {
                self.with(call, |call, io| call.on_exchange_cancelled(io, now, number));
            }
            Owner::Attempt(..) | Owner::Bye(_) | Owner::Probe(_) | Owner::Origin(_) | Owner::Nobody => {}
        }
    }

    fn on_ack(&mut self, now: Instant, ack: &Message) {
        let Some((key, call)) = self.call_of(ack) else { return };
        if let Some(side) = call.side_of(ack) {
            self.with(key, |call, io| call.on_ack(io, now, side, ack));
        }
    }

    fn on_response(&mut self, now: Instant, id: TransactionId, owner: Owner, from: Peer, response: &Message) {
        let status = response.status().unwrap_or_default();
        let mut is_owned = false;
        match owner {
            Owner::Attempt(call, index) => self.with(call, |call, io| {
                is_owned = call.on_response(io, now, index, id, from, response);
            }),
            Owner::Exchange(call, number) => self.with(call, |call, io| {
                is_owned = call.on_exchange_response(io, now, number, id, response);
            }),
            Owner::Bye(call) if status >= 200 => self.with(call, |call, _| call.byes -= 1),
            Owner::Origin(key) => self.on_origin_response(now, key, from, response),
            Owner::Probe(call) if status >= 200 => {
                self.with(call, |call, io| call.on_probed(io, now, Ok(status)));
            }
            Owner::Bye(_) | Owner::Probe(_) | Owner::Request(_) | Owner::Caller(_) | Owner::Nobody => {}
        }
        let is_orphan = !is_owned && matches!(owner, Owner::Attempt(..) | Owner::Exchange(..));
        if is_orphan && (200..300).contains(&status) && response.method() == Method::Invite {
            self.release(now, id, from, response);
        }
    }

    /// A 2xx that nobody waits for (it crossed our CANCEL, or another fork was quicker): ACK and BYE
    /// (RFC 3261 §13.2.2.4, §9.1).
    fn release(&mut self, now: Instant, invite: TransactionId, from: Peer, response: &Message) {
        let Some(mut dialog) = Dialog::asking(response, from) else { return };
        let io = &mut self.io;
        let ack_branch = io.ids.branch();
        let (peer, cseq) = (dialog.next_hop(), dialog.local_cseq());
        let ack =
            dialog.request(&Method::Ack, cseq, io.hop(peer.transport, &ack_branch), MAX_FORWARDS).finish();
        io.layer.ack(invite, dialog.remote_tag(), peer, ack);
        self.say_bye(now, &mut dialog);
    }

    /// Sends a BYE that nobody waits for.
    pub(super) fn say_bye(&mut self, now: Instant, dialog: &mut Dialog) {
        let io = &mut self.io;
        let (bye_branch, peer) = (io.ids.branch(), dialog.next_hop());
        let number = dialog.next_cseq();
        let writer = dialog.request(&Method::Bye, number, io.hop(peer.transport, &bye_branch), MAX_FORWARDS);
        let bytes = io.sign(writer, HeaderName::UserAgent).finish();
        let outgoing = Outgoing { peer, method: &Method::Bye, branch: &bye_branch, bytes };
        // A full layer sends no BYE; the callee gives up by itself when no media comes.
        let _ = io.layer.request(now, outgoing, Owner::Nobody);
    }
}

impl super::call::Call {
    /// Whether its end has been said.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }
}
