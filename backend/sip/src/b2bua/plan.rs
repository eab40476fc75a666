//! The driver's word on a call: where it goes, how each leg is treated, or why it is refused.

use std::borrow::Cow;
use std::time::Duration;

use crate::Transport;
use crate::transaction::Peer;

use super::{Credentials, Farewell, LegPolicy};

/// The statuses on which the next attempt of a plan is tried when an attempt does not say otherwise.
pub const FAILOVER_ON: [u16; 3] = [408, 503, 504];
/// What a client is told to wait after a 503 or 500 of ours, in seconds (RFC 3261 §20.33).
pub const RETRY_AFTER_SECS: u32 = 5;

/// The longest request that goes over UDP where TCP is possible, in bytes (RFC 3261 §18.1.1).
pub const DATAGRAM_MAX: usize = 1_300;

/// What is to happen to a call.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "nearly every verdict is a plan, and each is moved once")]
pub enum Verdict {
    /// Try the attempts of this plan in turn.
    Connect(Plan),
    /// Answer with this refusal.
    Refuse(Refusal),
    /// Have the caller hear something for so long ([`ANNOUNCEMENT_MAX`](super::ANNOUNCEMENT_MAX) at most), then answer with this refusal.
    Announce {
        /// The refusal.
        refusal: Refusal,
        /// How long it is heard.
        lasts: Duration,
    },
}

/// Why we, and not the far side, end or refuse a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The final status when the call is not answered yet, 300 to 699.
    pub status: u16,
    /// The Q.850 cause value, 1 to 127.
    pub q850: u8,
    /// The stable cause word; goes out as `Reason: Q.850;cause=N;text="word"`.
    pub cause: Cow<'static, str>,
    /// Seconds for Retry-After; a 503 without it says [`RETRY_AFTER_SECS`].
    pub retry_after: Option<u32>,
    /// What the far side can do about it; goes out as a Warning (RFC 3261 §20.43), cut at 200 bytes.
    pub warning: Option<Box<str>>,
}

impl Refusal {
    /// A refusal from its three parts.
    #[must_use]
    pub fn new(status: u16, q850: u8, cause: impl Into<Cow<'static, str>>) -> Self {
        Self { status, q850, cause: cause.into(), retry_after: None, warning: None }
    }
}

/// Why a session description could not be rewritten: the call is refused or ended with what is inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFailed(pub Refusal);

/// Where a call is sent, in which order, and how long it is paid for.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Tried one after the other; an empty list refuses the call with 404.
    pub attempts: Vec<Attempt>,
    /// Time since the answer that is paid for; `None` when the call needs no money.
    pub funded: Option<Duration>,
    /// How long before the paid time runs out [`Output::Extend`] is said.
    pub extend_lead: Duration,
    /// How the call ends when its money has run out.
    pub out_of_funds: Refusal,
    /// What a side hears before the call ends because the money has run out; `None` for nothing.
    pub farewell: Option<Farewell>,
    /// For how long the caller hears that the callee is busy (486, 600), where it heard nothing before; `None` for not at all.
    pub busy: Option<Duration>,
    /// How the caller's leg is treated; those of the callees say so with each attempt.
    pub caller: LegPolicy,
}

impl Plan {
    /// A plan without a limit of money.
    #[must_use]
    pub fn new(attempts: Vec<Attempt>) -> Self {
        Self {
            attempts,
            funded: None,
            extend_lead: Duration::ZERO,
            out_of_funds: Refusal::new(403, 21, "out-of-funds"),
            farewell: None,
            busy: None,
            caller: LegPolicy::default(),
        }
    }
}

/// A further part of the body of an INVITE, beside the session description (RFC 5621).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyPart {
    /// Its Content-Type.
    pub content_type: &'static str,
    /// Its Content-ID without brackets, by which a header names it (RFC 2392).
    pub content_id: String,
    /// The part itself.
    pub body: String,
}

impl BodyPart {
    /// The Content-Type and the body of an INVITE with this part and an offer (RFC 2046 §5.1). `boundary` must be one
    /// that neither contains.
    pub(super) fn beside(&self, offer: Option<&[u8]>, boundary: &str) -> (String, Vec<u8>) {
        let mut all = Vec::with_capacity(offer.map_or(0, <[u8]>::len) + self.body.len() + 512);
        if let Some(offer) = offer {
            all.extend_from_slice(
                format!("--{boundary}\r\nContent-Type: application/sdp\r\n\r\n").as_bytes(),
            );
            all.extend_from_slice(offer);
            all.extend_from_slice(b"\r\n");
        }
        let head = format!(
            "--{boundary}\r\nContent-Type: {}\r\nContent-ID: <{}>\r\nContent-Disposition: render;handling=optional\r\n\r\n",
            self.content_type, self.content_id
        );
        all.extend_from_slice(head.as_bytes());
        all.extend_from_slice(self.body.as_bytes());
        all.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        (format!("multipart/mixed;boundary=\"{boundary}\""), all)
    }
}

/// One try to reach the callee.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Where the INVITE is sent.
    pub peer: Peer,
    /// Its Request-URI.
    pub request_uri: String,
    /// The From header: a full name-addr without a tag.
    pub from: String,
    /// The To header: a full name-addr without a tag.
    pub to: String,
    /// Headers that the plan adds (identity, diversion); they replace those of the caller with the same name.
    pub headers: Vec<(String, String)>,
    /// Final statuses of this callee, 300 to 599, after which the next attempt is tried. See [`FAILOVER_ON`].
    pub failover_on: Cow<'static, [u16]>,
    /// Whether any failure but a global one (6xx) moves on to the next attempt: the bindings of one user.
    pub next_on_any_failure: bool,
    /// Whom we are to this peer, where it asks (401, 407).
    pub credentials: Option<Credentials>,
    /// What the INVITE carries beside the offer.
    pub part: Option<BodyPart>,
    /// How this leg is treated.
    pub leg: LegPolicy,
}

impl Attempt {
    /// Goes over TCP from now on, where the request is too large for a datagram; `false` where nothing changes.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let grown = self.leg.grown(self.peer, bytes);
        if let Some(peer) = grown {
            self.peer = peer;
        }
        grown.is_some()
    }

    /// Goes over UDP again, where TCP was tried in its place.
    pub(super) const fn shrink(&mut self) {
        self.peer.transport = Transport::Udp;
        self.leg.large_over_tcp = false;
    }

    /// An attempt without further headers or credentials, treated as [`LegPolicy::default`] says.
    #[must_use]
    pub fn new(
        peer: Peer,
        request_uri: impl Into<String>,
        from: impl Into<String>,
        to: impl Into<String>,
    ) -> Self {
        Self {
            peer,
            request_uri: request_uri.into(),
            from: from.into(),
            to: to.into(),
            headers: Vec::new(),
            failover_on: Cow::Borrowed(&FAILOVER_ON),
            next_on_any_failure: false,
            credentials: None,
            part: None,
            leg: LegPolicy::default(),
        }
    }
}
