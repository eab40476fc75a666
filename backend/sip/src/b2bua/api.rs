//! The words between the engine and its driver: what goes in, what comes out, and what is said of a call.
//!
//! The driver feeds [`Input`]s, drains [`Output`]s after each, and wakes the engine at the time it asks for.
//! Nothing here knows tenants, money or SDP: a plan says where to call, a refusal says why not, SDP is opaque.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::transaction::{Failure, Peer};
use crate::wire::Message;

use super::{Digit, MediaFailed, Origination, Played, Refusal, Verdict, Word};

/// A call of this engine: a slab key and its generation, never reused while the engine lives.
pub type CallRef = u64;

/// An out-of-dialog request that waits for the driver's word.
pub type RequestRef = u64;

/// A request of our own outside any call; its driver chooses the number, and gets it back with the result.
pub type OriginRef = u64;

/// What the driver tells the engine.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the largest is what each call brings, and each is moved once")]
pub enum Input {
    /// A parsed message arrived.
    Packet {
        /// Where it came from, and over which connection.
        from: Peer,
        /// The message itself.
        message: Message,
    },
    /// Nothing can be sent to this peer: it counts as 503 for the client transactions towards it.
    TransportFailed {
        /// The peer of the failed send or connection.
        peer: Peer,
    },
    /// The final answer to an [`Output::Request`].
    Answer {
        /// The request that is answered.
        request: RequestRef,
        /// Status, headers and body of the response.
        reply: Reply,
    },
    /// This INVITE becomes a call; the engine says [`Output::Accepted`]. The caller has had its 100 Trying.
    Accept {
        /// The INVITE.
        request: RequestRef,
    },
    /// What is to happen to an accepted call.
    Verdict {
        /// The call.
        call: CallRef,
        /// Connect it or refuse it.
        verdict: Verdict,
    },
    /// The answer to a [`MediaNeed::Rewrite`] or [`MediaNeed::Announce`]; needs of one call are answered in the order they were stated.
    Media {
        /// The call.
        call: CallRef,
        /// The rewritten session description, or why there is none.
        answer: Result<Bytes, MediaFailed>,
    },
    /// How long the call may last in all, since its answer; `None` when there is no more money.
    Funded {
        /// The call.
        call: CallRef,
        /// The total time since the answer that is paid for.
        funded: Option<Duration>,
    },
    /// There is no more to extend the call with. It ends as this says when what it has is used up, unless it is funded before.
    Short {
        /// The call.
        call: CallRef,
        /// Why: the cause that both sides hear in the Reason.
        refusal: Refusal,
    },
    /// The operator, the tenant or a drain ends the call: both sides get BYE or CANCEL, with a Reason.
    End {
        /// The call.
        call: CallRef,
        /// Status (before the answer) and cause.
        refusal: Refusal,
    },
    /// What the engine of another shard said by [`Output::Tell`].
    Told {
        /// What it said.
        word: Word,
    },
    /// The driver could not hand this word of ours over.
    Untold {
        /// What we said.
        word: Word,
    },
    /// A side pressed a key in its media, which the other side, that does digits as INFO, is to hear.
    Digit {
        /// The call.
        call: CallRef,
        /// Who is to hear it.
        to: Side,
        /// The key.
        digit: Digit,
    },
    /// Send a request of our own outside any call; [`Output::Originated`] says what came of it.
    Originate(Box<Origination>),
}

/// A response that the driver wants sent.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// Status code, 200 to 699.
    pub status: u16,
    /// Reason phrase; empty means the standard one.
    pub reason: Cow<'static, str>,
    /// Headers beyond those that every response has (Via, From, To, Call-ID, CSeq, Content-Length).
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// Content-Type of the body; unused when the body is empty.
    pub content_type: Cow<'static, str>,
    /// The body, often empty.
    pub body: Bytes,
}

impl Reply {
    /// A response with this status, the standard reason phrase, no further header and no body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Adds one header.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// What the engine wants of its driver.
#[derive(Debug)]
pub enum Output {
    /// Send these bytes.
    Transmit {
        /// Where to.
        peer: Peer,
        /// One whole message.
        bytes: Bytes,
    },
    /// A request outside any dialog (INVITE, REGISTER, OPTIONS, ...): identify it, then answer or accept it.
    Request {
        /// The handle for [`Input::Answer`] and [`Input::Accept`].
        request: RequestRef,
        /// Where it came from.
        from: Peer,
        /// The request.
        message: Message,
    },
    /// An accepted INVITE has become this call, and waits for its verdict.
    Accepted {
        /// The request of [`Input::Accept`].
        request: RequestRef,
        /// The call.
        call: CallRef,
    },
    /// Something about the session descriptions of the call.
    Media {
        /// The call.
        call: CallRef,
        /// What is needed or has happened.
        need: MediaNeed,
    },
    /// The call has got further.
    Progress {
        /// The call.
        call: CallRef,
        /// When it did.
        at: Instant,
        /// How far.
        event: Milestone,
    },
    /// The paid time runs out in [`Plan::extend_lead`]: extend it with [`Input::Funded`].
    Extend {
        /// The call.
        call: CallRef,
    },
    /// Play what the call's driver keeps for it to a side, in place of what the other side says. The driver answers nothing: the
    /// engine goes on by itself when the time is over.
    Play {
        /// The call.
        call: CallRef,
        /// Who hears it.
        to: Side,
        /// What is heard.
        what: Played,
        /// For how long.
        lasts: Duration,
    },
    /// Play nothing to a side any more.
    Hush {
        /// The call.
        call: CallRef,
        /// Who hears the other side again.
        to: Side,
    },
    /// A side of a call wants the other side to go on with somebody else (RFC 3515). That is a call of its own, which
    /// waits for its verdict, and is followed by its own [`Output::Progress`] and [`Output::Ended`].
    Transfer {
        /// The call that is referred. It goes on until the transfer is over.
        call: CallRef,
        /// The call to the target: its caller is the side that stays.
        transfer: CallRef,
        /// Who refers.
        by: Side,
        /// The URI of the target.
        target: String,
        /// Where the REFER came from.
        from: Peer,
        /// The REFER.
        message: Message,
    },
    /// Hand this to the engine of another shard as [`Input::Told`]; where that cannot be done, back as [`Input::Untold`].
    Tell {
        /// The number of that shard; one of a forged message may name none.
        shard: u16,
        /// What to say.
        word: Word,
    },
    /// A side that does digits as INFO pressed a key: press it in the media of the other one; where that has no
    /// telephone-events, back as [`Input::Digit`].
    Digit {
        /// The call.
        call: CallRef,
        /// Who pressed it.
        from: Side,
        /// The key.
        digit: Digit,
    },
    /// A request of ours is over. Said exactly once for each [`Input::Originate`].
    Originated {
        /// The number that the driver gave it.
        origin: OriginRef,
        /// The CSeq number that was used last; the next request with the same Call-ID needs a higher one.
        cseq: u32,
        /// The final response, or that there was none: a timeout counts as 408, a failed transport as 503.
        result: Result<Message, Failure>,
    },
    /// The call is over. Said exactly once for each accepted call.
    Ended(Summary),
}

/// How far a call has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Milestone {
    /// The first sign of ringing (a provisional response without a session description).
    Ringing,
    /// The first provisional response with a session description.
    EarlyMedia,
    /// The callee's 2xx has been handed to the caller.
    Answered {
        /// Index of the attempt that was answered.
        attempt: usize,
    },
}

/// What the engine wants of the media plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaNeed {
    /// Rewrite this description for the other side; the driver answers with [`Input::Media`].
    Rewrite {
        /// Who sent it.
        from: Side,
        /// Whether it offers or answers (RFC 3264).
        kind: SdpKind,
        /// The description as received.
        sdp: Bytes,
    },
    /// Answer this offer of the caller in place of a callee, who will never be there; the driver answers with [`Input::Media`].
    Announce {
        /// The offer as received.
        sdp: Bytes,
    },
    /// The latest answer has taken effect. The driver answers nothing.
    Confirmed,
    /// The latest offer was refused: the descriptions before it stay in force. The driver answers nothing.
    Abandoned,
}

/// The two sides of an offer/answer exchange (RFC 3264).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SdpKind {
    /// A proposal.
    Offer,
    /// The reply to the latest proposal.
    Answer,
}

/// The two legs of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Leg A, the caller.
    A,
    /// Leg B, the callee.
    B,
}

impl Side {
    /// The opposite leg.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The call.
    pub call: CallRef,
    /// When its INVITE was accepted.
    pub started: Instant,
    /// The first provisional response of a callee.
    pub ringing: Option<Instant>,
    /// When the callee's 2xx was handed to the caller.
    pub answered: Option<Instant>,
    /// When its fate was sealed.
    pub ended: Instant,
    /// Index of the attempt tried last; `None` when none was.
    pub attempt: Option<usize>,
    /// Call-ID of the dialog with the callee tried last.
    pub callee_call_id: Option<String>,
    /// The attempts that failed, with the status of each (408 no reply, 503 not reachable).
    pub attempts_tried: Vec<(usize, u16)>,
    /// How it ended.
    pub end: End,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// We ended it: refused, out of funds, ended by command, too many hops.
    Refused(Refusal),
    /// The callee's final status, as passed to the caller.
    Failed {
        /// The status.
        status: u16,
        /// The cause of the callee's Reason header.
        q850: Option<u8>,
    },
    /// The caller gave up before the answer.
    Cancelled,
    /// One side hung up an answered call.
    Hangup {
        /// Who did.
        by: Side,
        /// The cause of its Reason header.
        q850: Option<u8>,
    },
    /// Nobody answered within the ring timeout.
    NoAnswer,
    /// A peer could not be reached, or never confirmed the answer.
    TransportFailed,
}
