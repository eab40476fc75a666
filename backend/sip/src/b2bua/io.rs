//! What every call needs of its engine: identifiers, transactions, alarms and the way out.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Instant;

use bytes::Bytes;

use crate::Transport;
use crate::dialog::Hop;
use crate::transaction::{Layer, Peer, TimerQueue, TransactionId, reply};
use crate::wire::{HeaderName, Message, Value, Writer, reason_phrase};

use super::ids::Ids;
use super::link::Link;
use super::{CallRef, Config, MediaNeed, Output, RETRY_AFTER_SECS, Refusal, RequestRef, Side};

/// The longest text of a Warning of ours, bytes.
const WARNING_MAX: usize = 200;

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// A request outside any dialog, from a stranger so far.
    Request(RequestRef),
    /// The caller's INVITE.
    Caller(CallRef),
    /// Our INVITE to the callee: the call and the index of the attempt.
    Attempt(CallRef, usize),
    /// A request that is passed on in the dialog, on either leg: the call and the exchange's number.
    Exchange(CallRef, u32),
    /// Our BYE.
    Bye(CallRef),
    /// Our question whether a leg of this call is still there.
    Probe(CallRef),
    /// A request of our own outside any call.
    Origin(u64),
    /// Nobody waits for it.
    Nobody,
}

/// What the engine wakes up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    Request(RequestRef),
    Call(CallRef, Alarm),
}

/// The alarms of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alarm {
    /// The driver has not said what is to happen.
    Patience,
    /// Nobody has answered.
    Ring,
    /// The 2xx that was sent to this side is to be sent again, or given up.
    Resend(Side),
    /// The paid time is about to run out.
    Extend,
    /// The paid time has run out.
    Exhausted,
    /// Half the session interval of this side has passed, or all of it.
    Session(Side),
    /// A request of ours to this side may be tried again.
    Retry(Side),
    /// A reliable response to the caller is to be sent again.
    Reliable,
    /// A re-INVITE has waited too long.
    Stuck,
    /// The announcement before a refusal is over.
    Announced,
    /// A side is to hear that the money is about to run out.
    Farewell,
}

impl Alarm {
    /// How many there are.
    pub(super) const COUNT: usize = 14;

    pub(super) const fn index(self) -> usize {
        match self {
            Self::Patience => 0,
            Self::Ring => 1,
            Self::Resend(Side::A) => 2,
            Self::Resend(Side::B) => 3,
            Self::Extend => 4,
            Self::Exhausted => 5,
            Self::Session(Side::A) => 6,
            Self::Session(Side::B) => 7,
            Self::Retry(Side::A) => 8,
            Self::Retry(Side::B) => 9,
            Self::Reliable => 10,
            Self::Stuck => 11,
            Self::Announced => 12,
            Self::Farewell => 13,
        }
    }
}

/// Everything of the engine but its calls.
#[derive(Debug)]
pub(super) struct Io {
    pub(super) config: Config,
    pub(super) ids: Ids,
    pub(super) layer: Layer<Owner>,
    pub(super) timers: TimerQueue<Wake>,
    pub(super) outputs: VecDeque<Output>,
    /// What calls have said to each other.
    pub(super) links: VecDeque<Link>,
    /// The tags of dialogs that came from other shards, and the calls that have them.
    pub(super) adopted: HashMap<Box<str>, CallRef>,
    /// Calls whose leg is with another shard.
    pub(super) away: usize,
    /// Calls whose end has not been said yet.
    pub(super) live: usize,
}

impl Io {
    /// Via of a request of ours.
    pub(super) fn hop<'a>(&'a self, transport: Transport, branch: &'a str) -> Hop<'a> {
        Hop { sent_by: self.config.host(transport), transport, branch }
    }

    /// Contact of ours on a transport.
    pub(super) fn contact<'a>(&'a self, transport: Transport, user: &'a str) -> Contact<'a> {
        Contact { user, host: self.config.host(transport), transport }
    }

    /// Writes User-Agent or Server.
    pub(super) fn sign(&self, writer: Writer, name: HeaderName) -> Writer {
        let agent = &self.config.user_agent;
        if agent.is_empty() { writer } else { writer.header(name, agent) }
    }

    pub(super) fn media(&mut self, call: CallRef, need: MediaNeed) {
        self.outputs.push_back(Output::Media { call, need });
    }

    /// Begins a response of ours.
    pub(super) fn reply(&self, asked: &Asked, status: u16, reason: &str, tag: &str) -> Writer {
        let reason = if reason.is_empty() { reason_phrase(status) } else { reason };
        self.sign(reply(&asked.message, &asked.from, status, reason, tag), HeaderName::Server)
    }

    pub(super) fn send_reply(&mut self, now: Instant, asked: &Asked, status: u16, writer: Writer) {
        self.layer.respond(now, asked.transaction, status, writer.finish());
    }

    /// Answers with a bare status, the standard phrase, and Retry-After where that helps.
    pub(super) fn answer(&mut self, now: Instant, asked: &Asked, status: u16, tag: &str) {
        let mut writer = self.reply(asked, status, "", tag);
        if matches!(status, 500 | 503) {
            writer = writer.header_fmt(HeaderName::RetryAfter, RETRY_AFTER_SECS);
        }
        self.send_reply(now, asked, status, writer);
    }

    /// Answers with a refusal and its Reason (RFC 3326).
    pub(super) fn refuse(&mut self, now: Instant, asked: &Asked, refusal: &Refusal, tag: &str) {
        let mut writer = self.reply(asked, refusal.status, "", tag);
        writer = writer.header_fmt(HeaderName::Reason, Reason(refusal));
        let usual = (refusal.status == 503).then_some(RETRY_AFTER_SECS);
        if let Some(seconds) = refusal.retry_after.or(usual) {
            writer = writer.header_fmt(HeaderName::RetryAfter, seconds);
        }
        if let Some(text) = &refusal.warning {
            let host = self.config.host(asked.from.transport);
            let text =
                crate::header::quote(text.get(..text.floor_char_boundary(WARNING_MAX)).unwrap_or_default());
            writer = writer.header_fmt(HeaderName::Warning, format_args!("399 {host} {text}"));
        }
        self.send_reply(now, asked, refusal.status, writer);
    }
}

/// A request that we have to answer.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) transaction: TransactionId,
    pub(super) from: Peer,
    pub(super) message: Message,
}

/// A Contact of ours: it names the shard, the call's leg and nothing of the other leg.
#[derive(Debug)]
pub(super) struct Contact<'a> {
    user: &'a str,
    host: &'a str,
    transport: Transport,
}

impl Contact<'_> {
    /// Writes it as the value of its header.
    pub(super) fn write<'v>(&self, value: Value<'v>) -> Value<'v> {
        let value = value.text("<sip:").text(self.user).text("@").text(self.host);
        value.text(match self.transport {
            Transport::Udp => ">",
            Transport::Tcp => ";transport=tcp>",
            Transport::Tls => ";transport=tls>",
            Transport::Ws | Transport::Wss => ";transport=ws>",
        })
    }
}

/// The Reason header of a refusal (RFC 3326).
#[derive(Debug)]
pub(super) struct Reason<'a>(pub(super) &'a Refusal);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Q.850;cause={};text={}", self.0.q850, crate::header::quote(&self.0.cause))
    }
}

/// The body of a message when it is a session description.
pub(super) fn sdp_of(message: &Message) -> Option<Bytes> {
    let body = message.body();
    let content_type = message.header(HeaderName::ContentType)?;
    let media_type = content_type.split(';').next().unwrap_or_default().trim_ascii_end();
    if !body.is_empty() && media_type.eq_ignore_ascii_case(SDP) { Some(body) } else { None }
}

/// The media type of session descriptions.
pub(super) const SDP: &str = "application/sdp";

/// The Q.850 cause of a message's Reason header.
pub(super) fn q850_of(message: &Message) -> Option<u8> {
    message.values(HeaderName::Reason).find_map(|value| crate::header::Reason::parse(value).ok()?.q850())
}
