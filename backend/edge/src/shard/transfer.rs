//! Transfers: a REFER that the engine carries out is a call of who refers, and is decided like any other.
//!
//! Where the two calls of an attended transfer are on two shards, their engines agree by words (`sip::b2bua::Word`), which
//! go through the bounded inboxes; what still comes here for a dialog that has moved is handed on the same way.

use super::Shard;
use super::facts::{hop, with_approach};
use crate::context::Packet;
use crate::counters::add;
use crate::inbox::Command;
use crate::seam::{CallFacts, Identity, Party, Refusal};
use crate::words;
use sip::b2bua::{self, CallRef, Input, Side, Word};
use sip::transaction::Peer;
use sip::uri::Uri;
use sip::wire::Message;

/// What is kept of a call's facts, for whom one of its sides may call next.
#[derive(Debug)]
pub(super) struct Begun {
    party: Party,
    from: Option<String>,
    asserted: Option<String>,
    to: String,
}

impl Begun {
    pub(super) fn of(facts: &CallFacts) -> Self {
        let CallFacts { party, from, asserted, to, .. } = facts;
        Self { party: party.clone(), from: from.clone(), asserted: asserted.clone(), to: to.clone() }
    }
}

impl Shard {
    /// Has the app decide a transfer. Who refers pays and is shown: the caller as it called, the callee by the number
    /// that was called.
    pub(super) fn transfer(&mut self, refer: &Refer<'_>) {
        let refusal = match self.referred(refer) {
            None => words::refusal(words::NOT_ELIGIBLE),
            Some(_) if self.context.shared.draining().is_some() || !self.context.shared.take_place() => {
                add(&self.tally().overloaded, 1);
                words::refusal(words::UNAVAILABLE)
            }
            Some(facts) => return self.begin(refer.transfer, facts),
        };
        self.refuse_transfer(refer.transfer, &refusal);
    }

    /// Has the engine of another shard hear a word of ours.
    pub(super) fn tell(&mut self, shard: u16, word: Word) {
        let inbox = self.context.shared.inboxes.get(usize::from(shard));
        let untold = match inbox {
            None => Some(Command::Told { word }),
            Some(inbox) => inbox.offer(Command::Told { word }).err(),
        };
        if let Some(Command::Told { word }) = untold {
            self.engine.handle_input(self.now, Input::Untold { word });
        }
    }

    /// Hands a request on whose dialog has moved to another shard; one that finds no room there is lost, as on the wire.
    pub(super) fn hand_on(&mut self, shard: u16, packet: Packet) {
        self.received(packet.from, &packet.message);
        if usize::from(shard) < self.context.shared.inboxes.len() {
            self.context.shared.command(shard, Command::Moved { packet: Box::new(packet) });
        }
    }

    fn refuse_transfer(&mut self, call: CallRef, refusal: &Refusal) {
        let verdict = b2bua::Verdict::Refuse(words::to_engine(refusal));
        self.engine.handle_input(self.now, Input::Verdict { call, verdict });
    }

    fn referred(&mut self, refer: &Refer<'_>) -> Option<CallFacts> {
        let call = self.ids.next(self.wall);
        let begun = &self.calls.get(&refer.call)?.begun;
        let (party, from, asserted) = match refer.by {
            Side::A => (begun.party.clone(), begun.from.clone(), begun.asserted.clone()),
            Side::B => (self.party_of(refer)?, Some(begun.to.clone()), None),
        };
        let uri = Uri::parse(refer.target).ok()?;
        let number = refer.target.strip_prefix("tel:").and_then(|number| number.split(';').next());
        let to =
            uri.user_decoded().map(std::borrow::Cow::into_owned).or_else(|| number.map(str::to_owned))?;
        let sip_call_id = format!("transfer-{call:032x}");
        Some(CallFacts {
            call,
            party,
            source: hop(refer.from),
            from,
            asserted,
            to,
            to_header: None,
            sip_call_id,
            identities: Vec::new(),
            at: self.wall,
        })
    }

    /// The party of a callee: a trunk or carrier by where it is, a user by the name that we called.
    fn party_of(&self, refer: &Refer<'_>) -> Option<Party> {
        let control = &self.context.control;
        let certificate = self.shown.as_deref();
        with_approach(refer.from, refer.message, certificate, |approach| match control.identify(approach) {
            Identity::Known(party) => Some(party),
            Identity::Challenge { realm } => control.user(&realm, approach.from_user),
            Identity::Refused(_) | Identity::Stranger => None,
        })
    }
}

/// A REFER, as the engine says it.
#[derive(Debug)]
pub(super) struct Refer<'a> {
    /// The call that is referred.
    pub(super) call: CallRef,
    /// The call to the target.
    pub(super) transfer: CallRef,
    pub(super) by: Side,
    pub(super) target: &'a str,
    pub(super) from: Peer,
    pub(super) message: &'a Message,
}
