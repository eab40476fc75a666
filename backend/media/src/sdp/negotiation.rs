//! Offer and answer between two sides through the relay (RFC 3264): who offered, what was agreed, and the versions of our own `o=`.

use super::{
    Crypto, Encryption, Endpoint, Keying, Kind, Local, NegotiationError, Sdp, SdpError,
    exchange::{self, Settled, Widened, widen},
    payloads::Spoken,
    rewrite::rewrite_section,
    shield::{self, Coat, Profile},
};
use crate::{codec::Coding, srtp::Master, transcode::Voice};
use std::{fmt, net::IpAddr};

/// One of the two sides of a call: `A` called, `B` was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The caller's side.
    A,
    /// The callee's side.
    B,
}

impl Side {
    /// The opposite side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// 0 for `A`, 1 for `B`.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }
}

/// The state of one session.
///
/// An offer changes nothing by itself: the ends of both sides change when it is answered, so a refused re-INVITE leaves the call as it
/// was. A second offer replaces an unanswered one, and a second answer (of another fork, or repeated) the first: the last wins.
#[derive(Debug, Clone)]
pub struct Negotiation {
    session_id: u64,
    written: [Written; 2],
    offer: Option<Offer>,
    agreed: [Option<Endpoint>; 2],
    encryption: [Encryption; 2],
    /// Whether a side's audio was last agreed on as `RTP/SAVP`.
    is_secure: [bool; 2],
    /// Whether the callee is found: from then on its keys stay.
    is_settled: bool,
    /// The codecs that each side may use and is offered; empty for those of the other side.
    codecs: [Vec<Coding>; 2],
    /// How the sides, A and B, are spoken to, where they do not share a codec.
    voices: Option<Box<[Voice; 2]>>,
    /// What each side said of how it is spoken to, last.
    plain: [Option<Voice>; 2],
}

/// What we last wrote towards a side.
#[derive(Clone, Default)]
struct Written {
    version: u64,
    body: Option<Vec<u8>>,
}

/// A description holds keys, so it is not shown.
impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Written({})", self.version)
    }
}

#[derive(Debug, Clone)]
struct Offer {
    from: Side,
    remote: Option<Endpoint>,
    /// The `m=` lines that an answer must have one for one, with port 0.
    streams: Vec<Vec<u8>>,
    answered: bool,
    /// The transport of the audio, which the answer repeats.
    proto: Option<String>,
    /// The key of the offer that we took, and ours in the answer to it.
    taken: Option<(Crypto, Crypto)>,
    /// How the audio was offered to the other side.
    coat: Coat,
    /// How its codecs were changed.
    widened: Option<Widened>,
}

impl Negotiation {
    /// A session without any offer. `session_id` goes into our `o=` lines.
    #[must_use]
    pub const fn new(session_id: u64) -> Self {
        const NONE: Written = Written { version: 0, body: None };
        Self {
            session_id,
            written: [NONE, NONE],
            offer: None,
            agreed: [None, None],
            encryption: [Encryption::Accepted; 2],
            is_secure: [false; 2],
            is_settled: false,
            codecs: [Vec::new(), Vec::new()],
            voices: None,
            plain: [None, None],
        }
    }

    /// Says whether the media of each side is encrypted, from the next description on.
    pub const fn encrypt(&mut self, encryption: [Encryption; 2]) {
        self.encryption = encryption;
    }

    /// Whether the media of each side is encrypted, as was said last.
    #[must_use]
    pub const fn encryption(&self) -> [Encryption; 2] {
        self.encryption
    }

    /// Says which codecs each side, A and B, may use and is offered, from the next description on; an empty list is what the other
    /// side has. Where the answer is none of the offer's, both are spoken to in their own.
    pub fn allow(&mut self, codecs: [Vec<Coding>; 2]) {
        self.codecs = codecs;
    }

    /// How the sides, A and B, would be spoken to in the codec that they share: for who must hear what passes. `None` where they
    /// share none that we know.
    #[must_use]
    pub fn plain_voices(&self) -> Option<[Voice; 2]> {
        let [Some(a), Some(b)] = &self.agreed else { return None };
        let voice = |end: &Endpoint, side: Side| {
            let mut voice = self.plain[side.index()].clone()?;
            (voice.coding, voice.payload) = (Coding::of_name(&end.codec)?, end.payload?);
            voice.heard.push((voice.payload, voice.coding));
            voice.coding.is_built().then_some(voice)
        };
        Some([voice(a, Side::A)?, voice(b, Side::B)?])
    }

    /// How the sides, A and B, are spoken to and speak, where what was agreed on last differs; `None` where packets pass as they are.
    #[must_use]
    pub fn voices(&self) -> Option<&[Voice; 2]> {
        self.voices.as_deref()
    }

    /// Says that the callee is found. Before, each offer to it has new keys: it may be somebody else's turn.
    pub const fn settle(&mut self) {
        self.is_settled = true;
    }

    /// Takes an offer; the description for the other side. `addr` and the ports are where the relay listens for that other side;
    /// `random` fills the keys that are needed.
    ///
    /// # Errors
    /// Where the description can't be served; the state is then as before.
    pub fn offer(
        &mut self,
        from: Side,
        sdp: &[u8],
        addr: IpAddr,
        ports: (u16, u16),
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Vec<u8>, NegotiationError> {
        let (sdp, to) = (Sdp::parse(sdp)?, from.other());
        let chosen = shield::choose(&sdp, self.encryption[from.index()], |_| true)?;
        let proto = chosen.as_ref().map(|chosen| sdp.media[chosen.index].proto.to_owned());
        let taken = chosen.as_ref().and_then(|chosen| chosen.theirs.clone());
        let taken = taken.map(|theirs| {
            let kept = self.in_force(from).map(|keys| keys.send.clone());
            let kept = kept.filter(|kept| kept.suite() == theirs.master.suite());
            let master = kept.unwrap_or_else(|| Master::fresh(theirs.master.suite(), random));
            let ours = Crypto { tag: theirs.tag, master };
            (theirs, ours)
        });
        let policy = self.encryption[to.index()];
        let in_force = self.in_force(to).map(|keys| (keys, self.is_secure[to.index()]));
        let coat = shield::offer_to(policy, in_force, proto.as_deref().unwrap_or_default(), random);
        let chosen = chosen.map(|chosen| chosen.index);
        let is_fax = chosen.is_some_and(|index| sdp.media[index].is_fax());
        if is_fax && policy == Encryption::Required {
            return Err(SdpError::PlainFax.into());
        }
        let coat = if is_fax { Coat::default() } else { coat };
        // Reports are ours on each leg; but who does not know of mux is not asked for it.
        let coat = Coat { rtcp_mux: chosen.is_some_and(|index| sdp.media[index].rtcp_mux()), ..coat };
        let local = self.local(to, addr, ports);
        let mut rewritten = rewrite_section(&sdp, chosen, &local, &coat)?;
        let [offerer, asked] = [from, to].map(|side| &self.codecs[side.index()][..]);
        let audio = chosen.filter(|&index| sdp.media[index].kind == Kind::Audio);
        let plain = audio.and_then(|index| exchange::plain(&sdp.media[index]));
        let widened = audio.map(|index| widen(&sdp.media[index], offerer, asked)).transpose()?.flatten();
        let widened = match (widened, chosen) {
            (Some((section, widened)), Some(index)) => {
                let mut dressed = sdp.clone();
                section.dress(&mut dressed.media[index]);
                rewritten.body = rewrite_section(&dressed, chosen, &local, &coat)?.body;
                Some(widened)
            }
            _ => None,
        };
        let streams = sdp.media.iter().map(|media| {
            let mut head = Vec::new();
            media.write_head(0, &mut head);
            head
        });
        let (streams, remote, body) = (streams.collect(), rewritten.remote, rewritten.body);
        self.plain[from.index()] = plain;
        self.offer = Some(Offer { from, remote, streams, answered: false, proto, taken, coat, widened });
        Ok(self.versioned(from.other(), body))
    }

    /// Takes an answer; the description for the side that offered. Both sides' ends are agreed from now on.
    ///
    /// Streams that the answer leaves out are answered with port 0.
    ///
    /// # Errors
    /// `NoOffer`, `Streams` for more of them than were offered, or where the description can't be served; the state is then as before.
    pub fn answer(
        &mut self,
        from: Side,
        sdp: &[u8],
        addr: IpAddr,
        ports: (u16, u16),
    ) -> Result<Vec<u8>, NegotiationError> {
        let offer = self
            .offer
            .as_ref()
            .filter(|offer| offer.from == from.other())
            .ok_or(NegotiationError::NoOffer)?;
        let sdp = Sdp::parse(sdp)?;
        let (offered, answered) = (offer.streams.len(), sdp.media.len());
        if answered > offered {
            return Err(NegotiationError::Streams { offered, answered });
        }
        let lines = &offer.coat.lines;
        let policy = if lines.is_empty() { Encryption::Off } else { self.encryption[from.index()] };
        let is_ours = |line: &Crypto| lines.iter().any(|ours| ours.is_answered_by(line));
        let chosen = shield::choose(&sdp, policy, is_ours)?;
        let theirs = chosen.as_ref().and_then(|chosen| chosen.theirs.clone());
        let answerer = theirs.and_then(|theirs| {
            let ours = lines.iter().find(|ours| ours.is_answered_by(&theirs))?;
            Some(Keying { send: ours.master.clone(), receive: theirs.master })
        });
        let keys = offer.taken.as_ref();
        let coat = Coat {
            proto: offer.proto.clone(),
            lines: keys.map(|(_, ours)| ours.clone()).into_iter().collect(),
            rtcp_mux: offer.remote.as_ref().is_some_and(|remote| remote.rtcp_mux),
        };
        let asker =
            keys.map(|(theirs, ours)| Keying { send: ours.master.clone(), receive: theirs.master.clone() });
        let local = self.local(from.other(), addr, ports);
        let index = chosen.map(|chosen| chosen.index);
        let mut rewritten = rewrite_section(&sdp, index, &local, &coat)?;
        let audio = index.filter(|&index| sdp.media[index].kind == Kind::Audio);
        let plain = audio.and_then(|index| exchange::plain(&sdp.media[index]));
        let settled = offer.widened.as_ref().zip(audio);
        let settled = settled.map(|(widened, index)| widened.settle(&sdp.media[index])).transpose()?;
        let mut voices = None;
        if let (Some(Settled { section, voices: apart }), Some(index)) = (settled, index) {
            let mut dressed = sdp.clone();
            section.dress(&mut dressed.media[index]);
            rewritten.body = rewrite_section(&dressed, Some(index), &local, &coat)?.body;
            voices = apart;
        }
        let (mut body, remote) = (rewritten.body, rewritten.remote);
        body.extend(offer.streams[answered..].concat());
        let (of_offerer, of_answerer) = (Spoken::of_body(&body), Spoken::answered(self.written(from), &sdp));
        let remote = remote.map(|end| {
            let rtcp_mux = end.rtcp_mux && offer.coat.rtcp_mux;
            let Spoken { payloads, codings, beside } = of_answerer;
            Endpoint { keys: answerer, payloads, codings, beside, rtcp_mux, ..end }.muxed()
        });
        let offerer = offer.remote.clone().map(|end| {
            let Spoken { payloads, codings, beside } = of_offerer;
            let end = Endpoint { keys: asker, payloads, codings, beside, ..end }.muxed();
            speak_alike(end, remote.as_ref())
        });
        let offerer = offerer.map(|end| match &voices {
            Some([voice, _]) => speak_as(end, voice),
            None => end,
        });
        let secure = |proto: &Option<String>| proto.as_deref().map(Profile::of) == Some(Profile::Secure);
        let is_secure = [(from, secure(&offer.coat.proto)), (from.other(), secure(&offer.proto))];
        for (side, is_secure) in is_secure {
            self.is_secure[side.index()] = is_secure;
        }
        for (side, end) in [(from, remote), (from.other(), offerer)] {
            let agreed = &mut self.agreed[side.index()];
            *agreed = end.map(|end| stay_in_place(end, agreed.as_ref()));
        }
        self.plain[from.index()] = plain;
        self.voices = voices.map(|[offerer, answerer]| {
            Box::new(if from == Side::A { [answerer, offerer] } else { [offerer, answerer] })
        });
        if let Some(offer) = &mut self.offer {
            offer.answered = true;
        }
        Ok(self.versioned(from.other(), body))
    }

    /// A side's end as last agreed. One that holds with an address of all zeros keeps the address that it had before.
    #[must_use]
    pub const fn agreed(&self, side: Side) -> Option<&Endpoint> {
        self.agreed[side.index()].as_ref()
    }

    /// Who has offered without an answer yet.
    #[must_use]
    pub fn outstanding(&self) -> Option<Side> {
        self.offer.as_ref().filter(|offer| !offer.answered).map(|offer| offer.from)
    }

    /// The keys that a side has already and keeps.
    fn in_force(&self, side: Side) -> Option<&Keying> {
        let stays = side == Side::A || self.is_settled;
        self.agreed(side).filter(|_| stays)?.keys.as_ref()
    }

    /// What was last written towards a side.
    fn written(&self, towards: Side) -> &[u8] {
        self.written[towards.index()].body.as_deref().unwrap_or_default()
    }

    fn local(&self, towards: Side, addr: IpAddr, (rtp_port, rtcp_port): (u16, u16)) -> Local {
        let version = self.written[towards.index()].version;
        Local { addr, rtp_port, rtcp_port, session_id: self.session_id, version }
    }

    /// The body with the version it must carry: the last one's if nothing changed, else one more.
    fn versioned(&mut self, towards: Side, body: Vec<u8>) -> Vec<u8> {
        let written = &mut self.written[towards.index()];
        if written.body.as_ref() == Some(&body) {
            return body;
        }
        let body = match &written.body {
            None => body,
            Some(_) => {
                let (before, after) = (written.version, written.version + 1);
                written.version = after;
                replace_version(&body, self.session_id, before, after)
            }
        };
        written.body = Some(body.clone());
        body
    }
}

/// The offerer lists what it could speak; what it will speak is what the answer names first.
fn speak_alike(offerer: Endpoint, answerer: Option<&Endpoint>) -> Endpoint {
    match answerer {
        Some(Endpoint { payload, codec, clock_rate, .. }) => {
            Endpoint { payload: *payload, codec: codec.clone(), clock_rate: *clock_rate, ..offerer }
        }
        None => offerer,
    }
}

impl Endpoint {
    /// With RTCP where it is by now.
    fn muxed(self) -> Self {
        let rtcp = if self.rtcp_mux { self.rtp } else { self.rtcp };
        Self { rtcp, ..self }
    }
}

/// The offerer where it is spoken to in another codec than the answerer.
fn speak_as(end: Endpoint, voice: &Voice) -> Endpoint {
    let row = voice.coding.row();
    Endpoint { payload: Some(voice.payload), codec: row.name.to_owned(), clock_rate: row.clock_rate, ..end }
}

/// A far end that holds with an address of all zeros may go on sending from where it was.
fn stay_in_place(end: Endpoint, before: Option<&Endpoint>) -> Endpoint {
    match before {
        Some(before) if end.is_nowhere() => {
            let Endpoint { rtp, rtcp, private_address, .. } = *before;
            Endpoint { rtp, rtcp, private_address, ..end }.muxed()
        }
        _ => end,
    }
}

/// Our own `o=` line is written before anything of theirs, so its first appearance is ours.
fn replace_version(body: &[u8], session_id: u64, before: u64, after: u64) -> Vec<u8> {
    let old = format!("\r\no=- {session_id} {before} ");
    let new = format!("\r\no=- {session_id} {after} ");
    match body.windows(old.len()).position(|window| window == old.as_bytes()) {
        Some(at) => [&body[..at], new.as_bytes(), &body[at + old.len()..]].concat(),
        None => body.to_vec(),
    }
}
