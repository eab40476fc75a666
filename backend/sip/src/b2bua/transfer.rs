//! Transfers that we carry out (RFC 3515, RFC 5589): who refers stays in its call until the target has answered; the
//! far side then goes on with the target.
//!
//! A blind transfer is a call of its own, which the driver decides, records and pays like any other; its caller is the
//! far side of the call that was referred. Once it is answered, that far side's dialog moves into it, and the first
//! call lives on without legs until the transfer ends, so that both are recorded with their true length. With Replaces
//! two answered calls of the same party become one in the same way, also where they are on two shards (`across.rs`).

use std::time::Instant;

use bytes::Bytes;

use crate::header::NameAddr;
use crate::transaction::{Outgoing, TransactionId};
use crate::uri::Uri;
use crate::wire::{HeaderName, Message, Method, Writer, reason_phrase};

use super::across::Place;
use super::call::{Call, Stage};
use super::engine::Engine;
use super::io::{Asked, Io, Owner, SDP};
use super::link::{Guest, Link, MovedEnd, Said};
use super::setup::{MAX_FORWARDS, hops_left};
use super::{CallRef, Output, Refusal, Side, Transfer, replaces};

/// How long who referred is told of the progress, at most, in seconds; the ring timeout comes first.
const SUBSCRIPTION_SECS: u32 = 180;

/// A transfer on its way, as the call knows it that was referred.
#[derive(Debug)]
pub(super) struct Referred {
    /// Who referred.
    pub(super) by: Side,
    /// The call to the target.
    pub(super) call: CallRef,
    /// The CSeq of the REFER, which names its subscription (RFC 3515 §2.4.6).
    cseq: u32,
    /// Whether who referred wants to hear of it (RFC 4488).
    is_told: bool,
}

impl Call {
    /// A REFER on a leg of an answered call, which we carry out or refuse.
    pub(super) fn on_refer(&mut self, io: &mut Io, now: Instant, side: Side, asked: Asked) {
        let target = asked.message.header(HeaderName::ReferTo).and_then(|value| NameAddr::parse(value).ok());
        let is_refused = self.policies[side as usize].transfer == Transfer::Refuse;
        let is_busy = self.referred.is_some() || self.leg(side.other()).is_none();
        match target {
            _ if is_refused => io.answer(now, &asked, 403, ""),
            None => io.answer(now, &asked, 400, ""),
            Some(_) if is_busy => io.answer(now, &asked, 491, ""),
            Some(_) => io.links.push_back(Link {
                call: self.key,
                said: Said::Referred { by: side, asked: Box::new(asked) },
            }),
        }
    }

    /// Tells who referred how far the transfer is (RFC 3515 §2.4.5). A final status ends the subscription.
    pub(super) fn notify(&mut self, io: &mut Io, now: Instant, status: u16) {
        let Some(referred) = self.referred.as_ref().filter(|referred| referred.is_told) else { return };
        let (by, cseq) = (referred.by, referred.cseq);
        let branch = io.ids.branch();
        let contact = self.contacts[by as usize].clone();
        let Some(leg) = self.leg_mut(by) else { return };
        let (number, peer) = (leg.next_cseq(), leg.next_hop());
        let writer = leg
            .request(&Method::Notify, number, io.hop(peer.transport, &branch), MAX_FORWARDS)
            .header_of(HeaderName::Contact, |value| io.contact(peer.transport, &contact).write(value))
            .header_fmt(HeaderName::Event, format_args!("refer;id={cseq}"));
        let writer = if status < 200 {
            let state = format_args!("active;expires={SUBSCRIPTION_SECS}");
            writer.header_fmt(HeaderName::SubscriptionState, state)
        } else {
            writer.header(HeaderName::SubscriptionState, "terminated;reason=noresource")
        };
        let fragment = format!("SIP/2.0 {status} {}\r\n", reason_phrase(status));
        let writer = io.sign(writer, HeaderName::UserAgent);
        let bytes = writer.body(Some("message/sipfrag;version=2.0"), fragment).finish();
        let outgoing = Outgoing { peer, method: &Method::Notify, branch: &branch, bytes };
        // A full layer tells nothing; the BYE or the call that goes on says it as well.
        let _ = io.layer.request(now, outgoing, Owner::Nobody);
    }

    /// The transfer has failed: the call goes on as it was, or ends where who referred has left.
    pub(super) fn on_transfer_failed(&mut self, io: &mut Io, now: Instant, status: u16) {
        let Some(by) = self.referred.as_ref().map(|referred| referred.by) else { return };
        self.notify(io, now, status);
        self.referred = None;
        if self.leg(by).is_none() && self.stage == Stage::Answered {
            self.end_by_us(io, now, Refusal::new(480, 31, "callee-failed"));
        }
    }
}

impl Engine {
    /// Begins the transfer that a REFER asks for.
    pub(super) fn on_referred(&mut self, now: Instant, key: CallRef, by: Side, asked: &Asked) {
        let Some(value) = asked.message.header(HeaderName::ReferTo) else { return };
        let Ok(target) = NameAddr::parse(value) else { return };
        let wanted = Uri::parse(target.uri).ok().and_then(|uri| {
            uri.header_values()
                .find(|(name, _)| name.eq_ignore_ascii_case("Replaces"))
                .map(|(_, value)| value)
        });
        let cseq = asked.message.cseq().map_or(0, |(number, _)| number);
        let is_told = asked.message.extension("Refer-Sub").is_none_or(|sub| sub.trim() != "false");
        let mut writer = self.io.reply(asked, 202, "", "");
        if !is_told {
            writer = writer.header("Refer-Sub", "false");
        }
        self.io.send_reply(now, asked, 202, writer);
        let Some(call) = self.calls.get_mut(key) else { return };
        call.referred = Some(Box::new(Referred { by, call: key, cseq, is_told }));
        call.notify(&mut self.io, now, 100);
        match wanted {
            Some(wanted) => self.join_both(now, key, by, &wanted),
            None => self.call_target(now, key, by, asked, target.uri),
        }
    }

    /// A blind transfer: a new call, for the driver to decide.
    fn call_target(&mut self, now: Instant, key: CallRef, by: Side, asked: &Asked, target: &str) {
        if self.calls.len() >= self.io.config.calls_max {
            return self.with(key, |call, io| call.on_transfer_failed(io, now, 503));
        }
        let stays = by.other();
        let uri = target.split('?').next().unwrap_or(target);
        let Some(call) = self.calls.get(key) else { return };
        let Some(leg) = call.leg(stays) else { return };
        let (peer, remote) = (leg.peer(), leg.remote());
        let Some(message) = as_invite(uri, remote, &asked.message, call.spoken[stays as usize].as_ref())
        else {
            return self.with(key, |call, io| call.on_transfer_failed(io, now, 488));
        };
        // Its caller hears no responses: their transaction is none.
        let caller = Asked { transaction: TransactionId(u64::MAX), from: peer, message };
        let transfer = self.calls.next_key();
        let mut made = Call::new(&mut self.io, now, transfer, caller);
        made.link = Some(key);
        self.calls.insert(made);
        self.io.live += 1;
        if let Some(referred) = self.calls.get_mut(key).and_then(|call| call.referred.as_mut()) {
            referred.call = transfer;
        }
        self.with(transfer, |call, io| call.wait_for_driver(io, now));
        self.io.outputs.push_back(Output::Transfer {
            call: key,
            transfer,
            by,
            target: uri.to_owned(),
            from: asked.from,
            message: asked.message.clone(),
        });
    }

    /// An attended transfer: the far sides of two answered calls of who refers become one call.
    fn join_both(&mut self, now: Instant, key: CallRef, by: Side, wanted: &str) {
        if self.seek(key, wanted) {
            return;
        }
        let found = self.find_replaced(wanted).filter(|(other, ..)| *other != key);
        let Some((other, side)) = found else {
            return self.with(key, |call, io| call.on_transfer_failed(io, now, 481));
        };
        if let Some(referred) = self.calls.get_mut(key).and_then(|call| call.referred.as_mut()) {
            referred.call = other;
        }
        let shard = self.io.ids.shard();
        let Some(end) = self.leave(now, key, by, Place { shard, call: other }) else { return };
        let home = Place { shard, call: key };
        self.take_place(now, other, side, end, Guest { home, stays: by.other(), seat: side, tag: None });
    }

    /// The end of another call takes the place of a side of this one, which is hung up.
    pub(super) fn take_place(&mut self, now: Instant, key: CallRef, side: Side, end: MovedEnd, guest: Guest) {
        self.with(key, |call, io| {
            call.hang_up(io, now, side, None, None);
            call.settle_in(io, now, side, end);
            call.guests.push(guest);
            call.reoffer_from(io, side.other());
        });
    }

    /// The answered call and its side that a Replaces value names (RFC 3891 §3).
    pub(super) fn find_replaced(&self, value: &str) -> Option<(CallRef, Side)> {
        let wanted = replaces::Replaces::parse(value)?;
        let key = self.key_of(wanted.to_tag)?;
        let call = self.calls.get(key).filter(|call| call.stage == Stage::Answered)?;
        let is_it = |side: &Side| {
            call.leg(*side).is_some_and(|leg| {
                leg.call_id() == wanted.call_id
                    && leg.local_tag() == wanted.to_tag
                    && leg.remote_tag() == wanted.from_tag
            })
        };
        [Side::A, Side::B].into_iter().find(is_it).map(|side| (key, side))
    }
}

/// The request for the target, as if the side that stays had called it: with the description that it sent last.
fn as_invite(uri: &str, remote: &str, refer: &Message, sdp: Option<&Bytes>) -> Option<Message> {
    let from = remote.split(";tag=").next().unwrap_or(remote);
    let mut writer = Writer::request(&Method::Invite, uri)
        .header(HeaderName::Via, "SIP/2.0/UDP transfer.invalid;branch=z9hG4bKtransfer")
        .header_fmt(HeaderName::MaxForwards, hops_left(refer))
        .header_fmt(HeaderName::From, format_args!("{from};tag=transfer"))
        .header_fmt(HeaderName::To, format_args!("<{uri}>"))
        .header(HeaderName::CallId, "transfer")
        .header(HeaderName::CSeq, "1 INVITE")
        .header(HeaderName::Contact, "<sip:transfer.invalid>");
    for name in [HeaderName::ReferredBy, HeaderName::Subject] {
        if let Some(value) = refer.header(name) {
            writer = writer.header(name, value);
        }
    }
    Message::parse(writer.body(Some(SDP), sdp?).finish()).ok()
}
