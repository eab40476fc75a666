//! What a message is worth before the engine sees it.
//!
//! Strangers, first tries without a password, unknown methods and new calls while there is no place are answered
//! here without leaving anything behind. What a stranger gets: 403 without a word for an INVITE, 404 for a REGISTER,
//! silence for the rest; the protocol's own 400, 405 and 501 go to everybody.

use super::Shard;
use super::facts::{hop, with_approach};
use super::prove::{Proof, bearer, challenges, prove, token_challenge};
use crate::context::Packet;
use crate::counters::add;
use crate::guard::scanners::is_scanner;
use crate::guard::{Offence, PROVEN_FOR};
use crate::seam::{Identity, Party, PartyKind, PeerCertificate};
use crate::stateless::{Refused, answer};
use crate::words;
use sip::Method;
use sip::b2bua::{Input, Side};
use sip::transaction::Peer;
use sip::wire::Message;
use std::sync::Arc;
use std::time::Duration;

/// The methods that are served, for Allow (RFC 3261 §20.5).
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, REFER, INFO, REGISTER";

/// How long an address is not banned after a registration from it: as long as any registration lasts.
const REGISTERED_FOR: Duration = Duration::from_secs(3_600);

/// Who a request outside a dialog is from.
#[derive(Debug)]
pub(super) enum Admitted {
    /// A call or a question from a party.
    Party(Party),
    /// A question from somebody who names a tenant's domain.
    Asker,
    /// A registration of a user that proved its name.
    User {
        /// The tenant's domain.
        realm: Arc<str>,
        /// The digest username.
        username: String,
    },
}

impl Shard {
    /// Weighs a message, and hands it to the engine or answers it.
    pub(super) fn admit(&mut self, packet: Packet) {
        if let Some(shard) = self.engine.elsewhere(&packet.from, &packet.message) {
            return self.hand_on(shard, packet);
        }
        let Packet { from, message, certificate } = packet;
        if message.is_request() {
            self.tally().request(&message.method());
        }
        if let Err(fault) = message.check() {
            add(&self.tally().parse_errors, 1);
            self.context.offend(from, Offence::Malformed, self.now);
            if let Some(status) = message.answer_to(fault) {
                self.refuse(from, &message, &Refused::new(status).because(fault.to_string()));
            }
            return;
        }
        // A copy of what was admitted is the transaction's business: judged again, it could be refused.
        if is_approach(&message) && !self.engine.knows(&from, &message) {
            let judged = self.judge(from, &message, certificate.as_deref());
            self.approached(from, &message, judged.as_ref());
            match judged {
                Ok(admitted) => self.admitted = Some(admitted),
                Err(Some(refused)) => return self.refuse(from, &message, &refused),
                Err(None) => return,
            }
        } else if message.is_request() && self.is_spoofed(from, &message, certificate.as_deref()) {
            return add(&self.tally().spoofed, 1);
        } else {
            self.received(from, &message);
        }
        self.shown = certificate;
        self.feed(Input::Packet { from, message });
        (self.admitted, self.shown) = (None, None);
    }

    pub(super) fn refuse(&mut self, from: Peer, message: &Message, refused: &Refused<'_>) {
        if let Some((peer, bytes)) = answer(message, from, &self.context.hash, refused) {
            self.send(peer, bytes);
        }
    }

    /// Whether a request names a dialog from elsewhere than its far side, and is not of a party that may: for the caller's
    /// leg the caller, for the callee's another host of its plan or a carrier. It is met with silence.
    fn is_spoofed(&self, from: Peer, message: &Message, certificate: Option<&PeerCertificate>) -> bool {
        let Some((call, side)) = self.engine.moved(message, from) else { return false };
        let Some(call) = self.calls.get(&call) else { return true };
        if side == Side::B && call.places.iter().any(|place| place.hop.address.ip() == from.addr.ip()) {
            return false;
        }
        let identity =
            with_approach(from, message, certificate, |approach| self.context.control.identify(approach));
        match (identity, side) {
            (Identity::Known(party), Side::A) => (party.kind, party.id) != call.caller,
            (Identity::Known(party), Side::B) => party.kind != PartyKind::Carrier,
            _ => true,
        }
    }

    /// Keeps the INVITE of a party. One that is refused is kept where the refusal says more than a stranger is told: the
    /// challenge that a phone answers with its next INVITE, the cause of ours.
    fn approached(
        &mut self,
        from: Peer,
        message: &Message,
        judged: Result<&Admitted, &Option<Refused<'static>>>,
    ) {
        let is_party = match judged {
            Ok(admitted) => matches!(admitted, Admitted::Party(_)),
            Err(refused) => refused.as_ref().is_some_and(|refused| !refused.headers.is_empty()),
        };
        if !is_party || message.method() != Method::Invite {
            return;
        }
        if let Some(call_id) = message.call_id() {
            self.traces.approached(call_id, self.now, self.wall);
            self.received(from, message);
        }
    }

    pub(super) fn received(&mut self, from: Peer, message: &Message) {
        if let Some(call_id) = message.call_id() {
            self.traces.received(call_id, hop(from), message.bytes(), self.now, self.wall);
        }
    }

    /// Who sent a request outside a dialog; an error is the answer that it gets, or silence.
    fn judge(
        &self,
        from: Peer,
        message: &Message,
        certificate: Option<&PeerCertificate>,
    ) -> Result<Admitted, Option<Refused<'static>>> {
        let method = message.method();
        match method {
            Method::Invite | Method::Register | Method::Options => {}
            Method::Bye | Method::Prack | Method::Update | Method::Info => {
                return Err(Some(Refused::new(481)));
            }
            Method::Other(_) => return Err(Some(Refused::new(501).with("Allow", ALLOW))),
            _ => return Err(Some(Refused::new(405).with("Allow", ALLOW))),
        }
        let identity =
            with_approach(from, message, certificate, |approach| self.context.control.identify(approach));
        if !matches!(identity, Identity::Known(_)) {
            self.suspect(from, message)?;
        }
        match identity {
            Identity::Stranger => Err(self.stranger(from, &method)),
            Identity::Refused(refusal) => Err(Some(words::refused(&refusal))),
            // Trunks and carriers are where the operator says they are; they do not register.
            Identity::Known(_) if method == Method::Register => Err(Some(Refused::new(404))),
            Identity::Known(party) => self.known(from, &method, party),
            Identity::Challenge { .. } if method == Method::Options => Ok(Admitted::Asker),
            Identity::Challenge { realm } => self.challenged(from, message, realm),
        }
    }

    /// A scanner hears nothing, and soon is not heard either. Whoever proved a name from its address is none.
    fn suspect(&self, from: Peer, message: &Message) -> Result<(), Option<Refused<'static>>> {
        let shared = &self.context.shared;
        if !is_scanner(message) || shared.guard.is_proven(from.addr.ip(), self.now) {
            return Ok(());
        }
        add(&self.tally().scanners, 1);
        self.context.offend(from, Offence::Scanner, self.now);
        Err(None)
    }

    fn stranger(&self, from: Peer, method: &Method) -> Option<Refused<'static>> {
        add(&self.tally().strangers, 1);
        let (offence, answer) = match method {
            Method::Invite => (Offence::Stranger, Some(Refused::new(403))),
            Method::Register => (Offence::Stranger, Some(Refused::new(404))),
            _ => (Offence::Unproven, None),
        };
        self.context.offend(from, offence, self.now);
        answer
    }

    /// Over a connection nobody forges an address: whoever is known there is not banned.
    fn known(&self, from: Peer, method: &Method, party: Party) -> Result<Admitted, Option<Refused<'static>>> {
        if from.transport.is_reliable() {
            self.context.shared.guard.prove(from.addr.ip(), PROVEN_FOR, self.now);
        }
        self.with_place(method, Admitted::Party(party))
    }

    fn challenged(
        &self,
        from: Peer,
        message: &Message,
        realm: Arc<str>,
    ) -> Result<Admitted, Option<Refused<'static>>> {
        let is_register = message.method() == Method::Register;
        if let Some(token) = bearer(from, message) {
            return self.shown_token(from, message, realm, token);
        }
        match prove(&self.context, from, message, &realm, self.wall) {
            Proof::Ask { stale } => {
                add(&self.tally().challenges, 1);
                if !stale {
                    self.context.asked(from, message, self.now);
                }
                let (status, header) =
                    if is_register { (401, "WWW-Authenticate") } else { (407, "Proxy-Authenticate") };
                let challenges = challenges(&self.context, message, &realm, stale, self.wall);
                let refused = Refused::new(status);
                let challenges = challenges.into_iter().chain(token_challenge(from, &realm, false));
                Err(Some(challenges.fold(refused, |refused, value| refused.with(header, value))))
            }
            Proof::Wrong => {
                add(&self.tally().wrong_credentials, 1);
                self.context.offend(from, Offence::WrongCredentials, self.now);
                Err(Some(Refused::new(403)))
            }
            Proof::User(username) if is_register => {
                self.context.shared.guard.prove(from.addr.ip(), REGISTERED_FOR, self.now);
                Ok(Admitted::User { realm, username })
            }
            Proof::User(username) => match self.context.control.user(&realm, &username) {
                Some(party) => {
                    self.context.shared.guard.prove(from.addr.ip(), PROVEN_FOR, self.now);
                    self.with_place(&message.method(), Admitted::Party(party))
                }
                None => Err(Some(Refused::new(403))),
            },
        }
    }

    /// A phone that shows a token instead of answering a challenge (RFC 8898).
    fn shown_token(
        &self,
        from: Peer,
        message: &Message,
        realm: Arc<str>,
        token: &str,
    ) -> Result<Admitted, Option<Refused<'static>>> {
        let Some(holder) = self.context.control.bearer(&realm, token) else {
            add(&self.tally().wrong_credentials, 1);
            self.context.offend(from, Offence::WrongCredentials, self.now);
            let refused = Refused::new(401);
            let challenge = token_challenge(from, &realm, true);
            return Err(Some(
                challenge.into_iter().fold(refused, |refused, value| refused.with("WWW-Authenticate", value)),
            ));
        };
        if message.method() == Method::Register {
            self.context.shared.guard.prove(from.addr.ip(), REGISTERED_FOR, self.now);
            return Ok(Admitted::User { realm, username: holder.party.name.to_string() });
        }
        if !holder.may_call {
            return Err(Some(
                Refused::new(403).because("this token lets its bearer be called, and not call"),
            ));
        }
        self.context.shared.guard.prove(from.addr.ip(), PROVEN_FOR, self.now);
        self.with_place(&message.method(), Admitted::Party(holder.party))
    }

    /// New calls need a place, and the edge not to be draining.
    fn with_place(&self, method: &Method, admitted: Admitted) -> Result<Admitted, Option<Refused<'static>>> {
        let shared = &self.context.shared;
        if *method == Method::Invite && (shared.draining().is_some() || !shared.has_place()) {
            add(&self.tally().overloaded, 1);
            return Err(Some(words::overloaded(self.context.limits.retry_after_seconds)));
        }
        Ok(admitted)
    }
}

/// Whether a request stands outside a dialog. ACK, CANCEL and what claims a dialog of ours is the engine's.
fn is_approach(message: &Message) -> bool {
    let method = message.method();
    let is_outside = method == Method::Register || (message.to_tag().is_none() && message.to().is_ok());
    message.is_request() && !matches!(method, Method::Ack | Method::Cancel) && is_outside
}
