//! Offer and answer between two sides through the relay (RFC 3264): who offered, what was agreed, and the versions of our own `o=`.

use super::{Endpoint, Local, NegotiationError, Sdp, rewrite};
use std::net::IpAddr;

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
}

/// What we last wrote towards a side.
#[derive(Debug, Clone, Default)]
struct Written {
    version: u64,
    body: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
struct Offer {
    from: Side,
    remote: Option<Endpoint>,
    /// The `m=` lines that an answer must have one for one, with port 0.
    streams: Vec<Vec<u8>>,
    answered: bool,
}

impl Negotiation {
    /// A session without any offer. `session_id` goes into our `o=` lines.
    #[must_use]
    pub const fn new(session_id: u64) -> Self {
        const NONE: Written = Written { version: 0, body: None };
        Self { session_id, written: [NONE, NONE], offer: None, agreed: [None, None] }
    }

    /// Takes an offer; the description for the other side. `addr` and the ports are where the relay listens for that other side.
    ///
    /// # Errors
    /// Where the description can't be served; the state is then as before.
    pub fn offer(
        &mut self,
        from: Side,
        sdp: &[u8],
        addr: IpAddr,
        ports: (u16, u16),
    ) -> Result<Vec<u8>, NegotiationError> {
        let (body, remote) = self.rewrite(from, sdp, addr, ports)?;
        let parsed = Sdp::parse(sdp)?;
        let streams = parsed.media.iter().map(|media| {
            let mut head = Vec::new();
            media.write_head(0, &mut head);
            head
        });
        self.offer = Some(Offer { from, remote, streams: streams.collect(), answered: false });
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
        let (offered, answered) = (offer.streams.len(), Sdp::parse(sdp)?.media.len());
        if answered > offered {
            return Err(NegotiationError::Streams { offered, answered });
        }
        let (mut body, remote) = self.rewrite(from, sdp, addr, ports)?;
        body.extend(offer.streams[answered..].concat());
        let offerer = offer.remote.clone().map(|end| speak_alike(end, remote.as_ref()));
        for (side, end) in [(from, remote), (from.other(), offerer)] {
            let agreed = &mut self.agreed[side.index()];
            *agreed = end.map(|end| stay_in_place(end, agreed.as_ref()));
        }
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

    fn rewrite(
        &self,
        from: Side,
        sdp: &[u8],
        addr: IpAddr,
        (rtp_port, rtcp_port): (u16, u16),
    ) -> Result<(Vec<u8>, Option<Endpoint>), NegotiationError> {
        let version = self.written[from.other().index()].version;
        let local = Local { addr, rtp_port, rtcp_port, session_id: self.session_id, version };
        let rewritten = rewrite(sdp, &local)?;
        Ok((rewritten.body, rewritten.remote))
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

/// A far end that holds with an address of all zeros may go on sending from where it was.
fn stay_in_place(end: Endpoint, before: Option<&Endpoint>) -> Endpoint {
    match before {
        Some(before) if end.is_nowhere() => {
            let Endpoint { rtp, rtcp, private_address, .. } = *before;
            Endpoint { rtp, rtcp, private_address, ..end }
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
