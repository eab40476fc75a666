//! What is kept of one call, and the small questions about it.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use crate::Transport;
use crate::dialog::Dialog;
use crate::transaction::{Peer, TransactionId};
use crate::wire::Message;

use super::across::Place;
use super::announce::Announcing;
use super::exchange::{Budget, Exchange};
use super::io::{Alarm, Asked, Io, Wake};
use super::link::Guest;
use super::policy::Way;
use super::reliable::Reliable;
use super::session::Session;
use super::transfer::Referred;
use super::trial::Trial;
use super::{CallRef, LegPolicy, Plan, Side};

/// The most early dialogs that are told apart at once; of more, the first are forgotten.
pub(super) const FORKS_MAX: usize = 16;
/// The most requests in flight inside one call.
pub(super) const EXCHANGES_MAX: usize = 8;
/// The most session descriptions of one call that wait for the media plane before early ones are dropped.
pub(super) const NEEDS_MAX: usize = 16;

/// How far a call has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The driver has not said what is to happen.
    Deciding,
    /// The caller hears why its call will be refused.
    Announcing,
    /// The caller's offer is being rewritten.
    Offering,
    /// An attempt is under way.
    Calling,
    /// The callee has answered, the caller does not know it yet.
    Answering,
    /// Both know.
    Answered,
    /// Ended; what is left are our BYEs and the caller's ACK.
    Over,
}

/// One call: two legs and what goes on between them. Its verbs are in the files beside this one.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) key: CallRef,
    pub(super) stage: Stage,
    pub(super) started: Instant,
    pub(super) ringing: Option<Instant>,
    pub(super) answered: Option<Instant>,
    /// The caller's INVITE, until its final response.
    pub(super) caller: Option<Box<Asked>>,
    /// Our tag towards the caller in responses that no fork of the callee stands behind.
    pub(super) own_tag: Box<str>,
    pub(super) contacts: [Box<str>; 2],
    pub(super) plan: Option<Box<Plan>>,
    /// Index of the attempt tried last.
    pub(super) attempt: Option<usize>,
    pub(super) tried: Vec<(usize, u16)>,
    /// Call-ID of that attempt.
    pub(super) callee_call_id: Option<Box<str>>,
    /// Our INVITE of that attempt, until its final response.
    pub(super) invite: Option<TransactionId>,
    /// What the INVITEs of that attempt share, until its final failure.
    pub(super) trial: Option<Box<Trial>>,
    /// The caller's offer as the callee is to see it; `None` when the caller offered nothing.
    pub(super) offer: Option<Bytes>,
    pub(super) had_ringing: bool,
    pub(super) had_early_media: bool,
    pub(super) forks: Vec<Fork>,
    pub(super) legs: [Option<Dialog>; 2],
    /// What the caller hears before it is refused.
    pub(super) announcing: Option<Box<Announcing>>,
    /// Whether a side hears that the money has run out.
    pub(super) is_leaving: bool,
    /// How each leg is treated.
    pub(super) policies: [LegPolicy; 2],
    /// The session timer of each leg.
    pub(super) sessions: [Session; 2],
    /// The description that each side sent last, and the one that it was told last.
    pub(super) spoken: [Option<Bytes>; 2],
    pub(super) told: [Option<Bytes>; 2],
    /// What each side may still ask.
    pub(super) budgets: [Budget; 2],
    /// Our reliable responses to the caller.
    pub(super) reliable: Option<Box<Reliable>>,
    /// The sides that are to hear a new offer, whatever else a refresh would be.
    pub(super) reoffers: [bool; 2],
    /// The transfer that one of the sides asked for, until it is through.
    pub(super) referred: Option<Box<Referred>>,
    /// The call that this one is the transfer of, until it is answered.
    pub(super) link: Option<CallRef>,
    /// Where the leg went that a transfer took; this call has no legs then.
    pub(super) moved: Option<Place>,
    /// The calls whose legs are here.
    pub(super) guests: Vec<Guest>,
    /// The 2xx of ours on each leg that wait for their ACK.
    pub(super) unconfirmed: [Option<Box<Unconfirmed>>; 2],
    /// The 2xx on each leg that we have to acknowledge when the other leg's ACK has come (delayed offer).
    pub(super) unacknowledged: [Option<Unacknowledged>; 2],
    pub(super) needs: VecDeque<Need>,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) exchange_serial: u32,
    /// The BYE for a leg whose ACK has not come (RFC 3261 §15): the value of its Reason.
    pub(super) bye_at_ack: Option<Option<Box<str>>>,
    /// Our BYEs without a final response.
    pub(super) byes: u8,
    alarms: [Option<Instant>; Alarm::COUNT],
}

/// An early dialog of the callee, and the tag that stands for it towards the caller.
#[derive(Debug)]
pub(super) struct Fork {
    pub(super) attempt: usize,
    pub(super) remote_tag: Box<str>,
    pub(super) tag: Box<str>,
    /// The description that it sent last, and what became of it.
    pub(super) sdp: Option<(Bytes, Bytes)>,
    /// The RSeq that was confirmed last (RFC 3262).
    pub(super) rseq: Option<u32>,
    /// Its latest provisional response, where it serves UPDATE.
    pub(super) heard: Option<(Peer, Message)>,
    /// Both ends of the early dialog, once requests go through it.
    pub(super) ends: [Option<Box<Dialog>>; 2],
}

/// A 2xx that is repeated until its ACK comes (RFC 3261 §13.3.1.4).
#[derive(Debug)]
pub(super) struct Unconfirmed {
    pub(super) transaction: TransactionId,
    pub(super) bytes: Bytes,
    pub(super) status: u16,
    /// The number of the INVITE, which is that of its ACK.
    pub(super) cseq: u32,
    pub(super) interval: std::time::Duration,
    pub(super) give_up_at: Instant,
}

impl Unconfirmed {
    /// The 2xx to a request, as it was sent just now.
    pub(super) fn new(io: &Io, now: Instant, asked: &Asked, status: u16, bytes: Bytes) -> Self {
        Self {
            transaction: asked.transaction,
            bytes,
            status,
            cseq: asked.message.cseq().map_or(0, |(number, _)| number),
            interval: io.config.timing.t1,
            give_up_at: now + io.config.timing.patience(),
        }
    }
}

/// A 2xx with an offer; its ACK brings the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unacknowledged {
    pub(super) invite: TransactionId,
    pub(super) cseq: u32,
}

/// What goes on when the media plane has rewritten a description; in the order of asking.
#[derive(Debug)]
pub(super) enum Need {
    /// An answer of our own to the caller's offer, for an announcement.
    Announce,
    /// The caller's first offer, as this attempt is to see it.
    Offer { index: usize },
    /// In a provisional response of this attempt.
    Early { attempt: usize, response: Message },
    /// In the callee's 2xx to the first INVITE.
    Answer { response: Message },
    /// In a PRACK; the answer comes with the next.
    PrackOffer,
    /// The callee's latest description, as the answer to a PRACK.
    PrackAnswer { asked: Box<Asked> },
    /// In the ACK of this side.
    Ack { side: Side },
    /// In a request inside the dialog.
    Ask { exchange: u32 },
    /// In the response to one.
    Respond { exchange: u32, response: Message },
    /// The description of the other side, for one that is new in the call.
    Reoffer { to: Side },
    /// In the response to a refresh of ours: the media plane learns it, nobody else does.
    Learn { from: Side },
}

impl Call {
    /// A call that has just been accepted.
    pub(super) fn new(io: &mut Io, now: Instant, key: CallRef, caller: Asked) -> Self {
        Self {
            key,
            stage: Stage::Deciding,
            started: now,
            ringing: None,
            answered: None,
            caller: Some(Box::new(caller)),
            own_tag: io.ids.tag(key).into(),
            contacts: [io.ids.contact_user().into(), io.ids.contact_user().into()],
            plan: None,
            attempt: None,
            tried: Vec::new(),
            callee_call_id: None,
            invite: None,
            trial: None,
            offer: None,
            had_ringing: false,
            had_early_media: false,
            announcing: None,
            is_leaving: false,
            forks: Vec::new(),
            legs: [None, None],
            policies: Default::default(),
            sessions: Default::default(),
            spoken: [None, None],
            told: [None, None],
            budgets: Default::default(),
            reliable: None,
            reoffers: [false; 2],
            referred: None,
            link: None,
            moved: None,
            guests: Vec::new(),
            unconfirmed: [None, None],
            unacknowledged: [None, None],
            needs: VecDeque::new(),
            exchanges: Vec::new(),
            exchange_serial: 0,
            bye_at_ack: None,
            byes: 0,
            alarms: [None; Alarm::COUNT],
        }
    }

    /// Whether nothing of the call is left to do.
    pub(super) const fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Over) && self.byes == 0 && self.bye_at_ack.is_none()
    }

    pub(super) fn leg(&self, side: Side) -> Option<&Dialog> {
        self.legs[side as usize].as_ref()
    }

    pub(super) fn leg_mut(&mut self, side: Side) -> Option<&mut Dialog> {
        self.legs[side as usize].as_mut()
    }

    /// The leg whose dialog a request belongs to.
    pub(super) fn side_of(&self, request: &Message) -> Option<Side> {
        [Side::A, Side::B].into_iter().find(|side| self.leg(*side).is_some_and(|leg| leg.is_of(request)))
    }

    /// How a message crosses towards this side.
    pub(super) fn way<'a>(&'a self, io: &'a Io, to: Side) -> Way<'a> {
        let transport = match (self.leg(to), &self.caller) {
            (Some(leg), _) => leg.peer().transport,
            (None, Some(caller)) if to == Side::A => caller.from.transport,
            _ => self.current().map_or(Transport::Udp, |attempt| attempt.peer.transport),
        };
        let host = io.config.host(transport);
        Way { from: &self.policies[to.other() as usize], to: &self.policies[to as usize], host }
    }

    /// Sets an alarm; one that was set before does not ring.
    pub(super) fn set(&mut self, io: &mut Io, alarm: Alarm, at: Instant) {
        self.alarms[alarm.index()] = Some(at);
        io.timers.set(at, Wake::Call(self.key, alarm));
    }

    /// When an alarm is due; `None` where it is not set.
    pub(super) const fn alarm_at(&self, alarm: Alarm) -> Option<Instant> {
        self.alarms[alarm.index()]
    }

    pub(super) const fn clear(&mut self, alarm: Alarm) {
        self.alarms[alarm.index()] = None;
    }

    /// Clears every alarm but one.
    pub(super) fn clear_all_but(&mut self, kept: Option<Alarm>) {
        for (index, alarm) in self.alarms.iter_mut().enumerate() {
            if kept.is_none_or(|kept| kept.index() != index) {
                *alarm = None;
            }
        }
    }

    /// When an alarm rings, where it is set.
    pub(super) const fn alarm(&self, alarm: Alarm) -> Option<Instant> {
        self.alarms[alarm.index()]
    }

    /// Whether this alarm, due at this time, is still set; it is not afterwards.
    pub(super) fn take_alarm(&mut self, alarm: Alarm, at: Instant) -> bool {
        let is_set = self.is_set(alarm, at);
        if is_set {
            self.clear(alarm);
        }
        is_set
    }

    pub(super) fn is_set(&self, alarm: Alarm, at: Instant) -> bool {
        self.alarms[alarm.index()] == Some(at)
    }

    /// Whether an offer is on its way somewhere in the call, so that another one would cross it (RFC 3261 §14).
    pub(super) fn is_negotiating(&self) -> bool {
        self.exchanges.iter().any(|exchange| exchange.passes_invite || exchange.has_offer)
            || self.unconfirmed.iter().any(Option::is_some)
            || self.unacknowledged.iter().any(Option::is_some)
    }
}
