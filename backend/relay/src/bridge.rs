//! The relay in words of session descriptions: one call, an offer here, an answer there.

use crate::{
    Clip, Coding, Conversion, Digit, Direction, Encryption, Handle, Listener, PLAY_MAX, Playback, RelayError,
    Rules, SessionId, SessionStats, Side, Tones,
};
use media::{
    sdp::{
        Negotiation, NegotiationError, Sdp, events_clock_of, events_of, simple_answer, with_events,
        without_payload,
    },
    transcode::{Events, Voice},
};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use thiserror::Error;

/// Whether a description asks or answers (RFC 3264).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It asks.
    Offer,
    /// It answers the other side's offer.
    Answer,
}

/// Why a call's media can't be served.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BridgeError {
    /// The relay's own reason: no ports, or the session is gone.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// The description's: it can't be relayed, or does not fit.
    #[error(transparent)]
    Sdp(#[from] NegotiationError),
}

/// The figures of a call's media.
pub type BridgeStats = SessionStats;

/// The payload types of [`media::codec::TABLE`] that can be played, and telephone-events beside them.
const PLAYABLE: &[u8] = &[0, 8, 9, 18, 111, 101];
/// Parts of the table of sessions, so that threads seldom wait for one another.
const PARTS: usize = 16;

/// What is known of one call.
#[derive(Debug)]
struct Talk {
    negotiation: Negotiation,
    digits: Option<Box<Keypad>>,
    /// Whether digits are made and found as tones.
    has_tones: bool,
}

/// One side does its digits as INFO, or as tones in its audio: the other one's telephone-events are converted.
#[derive(Debug)]
struct Keypad {
    info: Side,
    /// Who hears what becomes INFO; nobody where the side does tones.
    listener: Option<Listener>,
    /// Who offered last, the payload type of telephone-events in that offer, and whether we put them in.
    offered: Option<(Side, Option<u8>, bool)>,
    /// The payload types that are agreed with the other side: of its events, and of ours.
    agreed: Option<(u8, u8)>,
    /// The clock of that side's telephone-events, Hz, as it said last.
    clock_rate: Option<u32>,
}

impl Keypad {
    /// Puts telephone-events into what the side without them says.
    fn prepare(&mut self, from: Side, kind: Kind, sdp: &[u8]) -> Option<Vec<u8>> {
        if from != self.info {
            self.clock_rate = events_clock_of(sdp);
        }
        match (kind, from == self.info) {
            (Kind::Offer, true) => {
                let made = with_events(sdp, None);
                let payload = made.as_ref().map_or_else(|| events_of(sdp), |(_, payload)| Some(*payload));
                self.offered = Some((from, payload, made.is_some()));
                made.map(|(sdp, _)| sdp)
            }
            (Kind::Offer, false) => {
                self.offered = Some((from, events_of(sdp), false));
                None
            }
            (Kind::Answer, true) => {
                let offered = self.offered.and_then(|(_, payload, _)| payload);
                let made = offered.and_then(|payload| with_events(sdp, Some(payload)));
                let told = made.as_ref().map_or_else(|| events_of(sdp), |(_, payload)| Some(*payload));
                self.agreed = told.zip(offered);
                made.map(|(sdp, _)| sdp)
            }
            (Kind::Answer, false) => {
                let (payload, is_ours) =
                    self.offered.map_or((None, false), |(_, payload, ours)| (payload, ours));
                let answered = events_of(sdp);
                self.agreed = payload.zip(answered);
                answered.filter(|_| is_ours).map(|answered| without_payload(sdp, answered))
            }
        }
    }
}

/// A relay that speaks session descriptions. To be shared by reference or in an `Arc`.
#[derive(Debug)]
pub struct Bridge {
    relay: Handle,
    parts: [Mutex<HashMap<u64, Talk>>; PARTS],
}

impl Bridge {
    /// A bridge over this relay.
    #[must_use]
    pub fn new(relay: Handle) -> Self {
        Self { relay, parts: Default::default() }
    }

    /// The relay beneath.
    #[must_use]
    pub const fn relay(&self) -> &Handle {
        &self.relay
    }

    fn part(&self, id: u64) -> MutexGuard<'_, HashMap<u64, Talk>> {
        self.parts[(id % PARTS as u64) as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes ports for both sides of a call.
    ///
    /// # Errors
    /// `RelayError::{Full, NoPorts, Stopped}`.
    pub fn open(&self) -> Result<u64, BridgeError> {
        let SessionId(id) = self.relay.open()?;
        self.part(id).insert(id, Talk { negotiation: Negotiation::new(id), digits: None, has_tones: false });
        Ok(id)
    }

    /// Takes a description that came from a side; gives the one that goes to the other side.
    ///
    /// Audio flows as soon as an offer is answered, be it in a 183. A re-offer changes nothing until it is answered; of several
    /// answers the last holds.
    ///
    /// # Errors
    /// Where the description can't be served or does not fit, or the session is gone; all is then as before.
    pub fn update(&self, id: u64, from: Side, kind: Kind, sdp: &[u8]) -> Result<Vec<u8>, BridgeError> {
        let (address, rtp, rtcp) = self.relay.local(SessionId(id), from.other())?;
        let mut part = self.part(id);
        let Talk { negotiation, digits, has_tones } = part.get_mut(&id).ok_or(RelayError::Unknown)?;
        let prepared = digits.as_mut().and_then(|digits| digits.prepare(from, kind, sdp));
        let sdp = prepared.as_deref().unwrap_or(sdp);
        if kind == Kind::Offer {
            return Ok(negotiation.offer(from, sdp, address, (rtp, rtcp), &mut |key| rand::fill(key))?);
        }
        let body = negotiation.answer(from, sdp, address, (rtp, rtcp))?;
        if let Some(digits) = digits {
            self.relay.convert(SessionId(id), conversion(digits, negotiation))?;
        }
        let (voices, tones) = spoken(digits.as_deref(), negotiation);
        *has_tones = tones.is_some();
        self.relay.transcode(SessionId(id), voices.as_ref(), tones)?;
        for side in [Side::A, Side::B] {
            self.relay.set_remote(SessionId(id), side, negotiation.agreed(side))?;
        }
        Ok(body)
    }

    /// Answers an offer of side A in place of a side B that will never be there, so that something can be played to it: with the
    /// codecs of the offer that we can encode.
    ///
    /// # Errors
    /// Where the offer can't be served, or holds no codec that we can encode, or the session is gone.
    pub fn announce(&self, id: u64, offer: &[u8]) -> Result<Vec<u8>, BridgeError> {
        let beyond = self.relay.local(SessionId(id), Side::B)?;
        let (address, rtp, rtcp) = self.relay.local(SessionId(id), Side::A)?;
        let mut part = self.part(id);
        let Talk { negotiation, .. } = part.get_mut(&id).ok_or(RelayError::Unknown)?;
        let [own, _] = negotiation.encryption();
        negotiation.encrypt([own, Encryption::Off]);
        let asked =
            negotiation.offer(Side::A, offer, beyond.0, (beyond.1, beyond.2), &mut |key| rand::fill(key))?;
        let asked = Sdp::parse(&asked).map_err(NegotiationError::from)?;
        let answer = simple_answer(&asked, beyond.0, beyond.1, PLAYABLE, Direction::SendRecv);
        let answer = answer.map_err(NegotiationError::from)?;
        let body = negotiation.answer(Side::B, answer.as_bytes(), address, (rtp, rtcp))?;
        // Nobody is there: what A says goes nowhere.
        self.relay.set_remote(SessionId(id), Side::B, None)?;
        self.relay.set_remote(SessionId(id), Side::A, negotiation.agreed(Side::A))?;
        Ok(body)
    }

    /// Says whether the media of each side, A and B, is encrypted, from the next description on. A session that is gone is no matter.
    pub fn encrypt(&self, id: u64, encryption: [Encryption; 2]) {
        if let Some(talk) = self.part(id).get_mut(&id) {
            talk.negotiation.encrypt(encryption);
        }
    }

    /// Says which codecs each side, A and B, may use and is offered, from the next description on; an empty list is what the other
    /// side has. A session that is gone is no matter.
    pub fn allow(&self, id: u64, codecs: [Vec<Coding>; 2]) {
        if let Some(talk) = self.part(id).get_mut(&id) {
            talk.negotiation.allow(codecs);
        }
    }

    /// Says what holds for a call's media, and who hears of its loss. A session that is gone is no matter.
    pub fn govern(&self, id: u64, rules: Rules) {
        let _ = self.relay.govern(SessionId(id), rules);
    }

    /// Says which side does its digits as INFO while the other one has telephone-events, and who hears those; `None` where both
    /// do them alike. It counts from the next description on. A session that is gone is no matter.
    pub fn convert(&self, id: u64, info: Option<(Side, Listener)>) {
        let mut part = self.part(id);
        let Some(talk) = part.get_mut(&id) else { return };
        match (info, &mut talk.digits) {
            (Some((info, _)), Some(digits)) if digits.info == info && digits.listener.is_some() => {}
            (Some((info, listener)), digits) => {
                let listener = Some(listener);
                *digits =
                    Some(Box::new(Keypad { info, listener, offered: None, agreed: None, clock_rate: None }));
            }
            (None, digits) if digits.as_ref().is_some_and(|digits| digits.listener.is_some()) => {
                *digits = None;
                let _ = self.relay.convert(SessionId(id), None);
            }
            (None, _) => {}
        }
    }

    /// Says which sides, A and B, do their digits as tones in their audio: towards a side that does not they are telephone-events,
    /// and its events are tones for them. It counts from the next description on. A session that is gone is no matter.
    pub fn tones(&self, id: u64, sides: [bool; 2]) {
        let mut part = self.part(id);
        let Some(talk) = part.get_mut(&id) else { return };
        let info = match sides {
            [true, false] => Some(Side::A),
            [false, true] => Some(Side::B),
            _ => None,
        };
        match (info, &mut talk.digits) {
            (_, Some(digits)) if digits.listener.is_some() || Some(digits.info) == info => {}
            (Some(info), digits) => {
                let keypad = Keypad { info, listener: None, offered: None, agreed: None, clock_rate: None };
                *digits = Some(Box::new(keypad));
            }
            (None, digits) => {
                if digits.take().is_some() {
                    let _ = self.relay.convert(SessionId(id), None);
                }
            }
        }
    }

    /// Presses a key towards the side that has telephone-events; `false` where it has agreed to none.
    pub fn press(&self, id: u64, digit: Digit) -> bool {
        let part = self.part(id);
        let is_agreed = part.get(&id).is_some_and(|talk| {
            talk.has_tones || talk.digits.as_ref().is_some_and(|digits| digits.agreed.is_some())
        });
        is_agreed && self.relay.press(SessionId(id), digit).is_ok()
    }

    /// Plays a clip to a side, repeated or cut so that it lasts as long as is said; how long it will last. `None` where the side has
    /// agreed to no codec that we can encode, or the session is gone.
    pub fn play(&self, id: u64, side: Side, clip: &Clip, lasts: Duration) -> Option<Duration> {
        let part = self.part(id);
        let agreed = part.get(&id)?.negotiation.agreed(side)?;
        let (frames, payload) = (clip.frames(&agreed.codec)?, agreed.payload?);
        let lasts = lasts.min(PLAY_MAX);
        let playback = Playback { frames, payload, lasts };
        self.relay.play(SessionId(id), side, Some(playback)).ok().map(|()| lasts)
    }

    /// Plays nothing to a side any more. A session that is gone is no matter.
    pub fn hush(&self, id: u64, side: Side) {
        let _ = self.relay.play(SessionId(id), side, None);
    }

    /// Notes that the call is answered. A session that is gone is no matter.
    pub fn join(&self, id: u64) {
        if let Some(talk) = self.part(id).get_mut(&id) {
            talk.negotiation.settle();
        }
        let _ = self.relay.join(SessionId(id));
    }

    /// The figures so far.
    ///
    /// # Errors
    /// `RelayError::Unknown`.
    pub fn stats(&self, id: u64) -> Result<BridgeStats, BridgeError> {
        Ok(self.relay.stats(SessionId(id))?)
    }

    /// Ends the media of a call; its ports rest from now.
    ///
    /// # Errors
    /// `RelayError::Unknown`, also when it was closed already.
    pub fn close(&self, id: u64) -> Result<BridgeStats, BridgeError> {
        self.part(id).remove(&id);
        Ok(self.relay.close(SessionId(id))?)
    }
}

/// How the sides of a call are spoken to, where packets do not pass as they are: they share no codec, or one of them has no
/// telephone-events and its audio holds the digits.
fn spoken(digits: Option<&Keypad>, negotiation: &Negotiation) -> (Option<[Voice; 2]>, Option<Tones>) {
    let apart = negotiation.voices().cloned();
    let tones = digits.and_then(|digits| match (&digits.listener, digits.agreed) {
        (None, Some(_)) => Some(Tones { side: digits.info, listener: None }),
        (Some(listener), None) => Some(Tones { side: digits.info.other(), listener: Some(listener.clone()) }),
        _ => None,
    });
    let Some(tones) = tones else { return (apart, None) };
    let Some(mut voices) = apart.clone().or_else(|| negotiation.plain_voices()) else { return (None, None) };
    let voice = &mut voices[tones.side.index()];
    // Low bit rates garble tones: they are looked for where they come through.
    if !matches!(voice.coding, Coding::Pcmu | Coding::Pcma | Coding::G722) {
        return (apart, None);
    }
    voice.events = None;
    if let Some((heard, payload)) = digits.and_then(|digits| digits.agreed) {
        // What was agreed about them is known here alone: descriptions are given on without.
        let clock_rate = clock_of(digits, negotiation);
        voices[tones.side.other().index()].events = Some(Events { payload, heard, clock_rate });
    }
    (Some(voices), Some(tones))
}

/// How the digits of a call are converted, where the side that has telephone-events agreed to them.
fn conversion(digits: &Keypad, negotiation: &Negotiation) -> Option<Conversion> {
    let (from, to) = digits.agreed?;
    let clock_rate = clock_of(Some(digits), negotiation);
    let events = digits.info.other();
    Some(Conversion { events, from, to, clock_rate, listener: digits.listener.clone() })
}

/// The clock of the telephone-events of the side that has them, Hz: as it said, else that of its audio.
fn clock_of(digits: Option<&Keypad>, negotiation: &Negotiation) -> u32 {
    let of_audio = |digits: &Keypad| Some(negotiation.agreed(digits.info.other())?.clock_rate);
    digits.and_then(|digits| digits.clock_rate.or_else(|| of_audio(digits))).unwrap_or(8000)
}
