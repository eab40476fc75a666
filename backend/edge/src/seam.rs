//! The seams: what the edge asks, in its own words. The app answers [`CallControl`] and [`Registrar`], the wiring of
//! the server answers [`MediaPool`]. Identifiers are opaque here: the edge knows no tenants, numbers or money.

pub use crate::reply::Reply;
pub use crate::tls::PeerCertificate;
pub use crate::trace::{
    TRACE_CALL_BYTES_MAX, TRACE_FIRST_MAX, TRACE_LAST_MAX, TRACE_LINGER, Trace, TraceEntry, TraceEvent,
    TraceLeg,
};
use sip::Transport;
use std::{
    borrow::Cow,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, SystemTime},
};

pub use crate::origination::{Originated, Origination};

mod media;

pub use media::{
    Digit, DigitListener, DirectionStats, LossListener, MediaError, MediaId, MediaLoss, MediaPool,
    MediaStats, Prompt, Reported, SdpKind, Tape,
};
pub use sip::b2bua::{
    BodyPart, CODECS_MAX, Credentials, DigitForm, DiversionForm, EarlyMedia, Encryption, Extensions,
    FAILOVER_ON, LegPolicy, MediaRules, OfferPolicy, Redirect, Reliability, Secret, SessionTimer, Transfer,
};

/// Identity headers of a call that are read.
pub const IDENTITIES_MAX: usize = 4;

/// A call, as the app knows it. The edge makes it (random, version 7 by the wall clock), and hands it on unread.
pub type CallId = u128;

/// Somewhere to send signalling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hop {
    /// Address and port.
    pub address: SocketAddr,
    /// The transport.
    pub transport: Transport,
}

/// What the edge saw of a request outside a dialog.
#[derive(Debug, Clone, Copy)]
pub struct Approach<'a> {
    /// Where it came from.
    pub source: Hop,
    /// `INVITE`, `REGISTER`, `OPTIONS`, …
    pub method: &'a str,
    /// Host of the Request-URI, without port.
    pub request_host: &'a str,
    /// User of the Request-URI; empty where there is none.
    pub request_user: &'a str,
    /// Host of From.
    pub from_host: &'a str,
    /// User of From.
    pub from_user: &'a str,
    /// Host of To.
    pub to_host: &'a str,
    /// Host of the first Contact, where there is one; only the first counts.
    pub contact_host: Option<&'a str>,
    /// What the peer showed over TLS, where it showed one; [`PeerCertificate::covers`] says whether a name is its own.
    pub certificate: Option<&'a PeerCertificate>,
}

/// A party that was recognised. Opaque to the edge but for its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// What it is.
    pub kind: PartyKind,
    /// Its tenant, where it has one.
    pub tenant: Option<u128>,
    /// Its trunk or carrier; 0 for a user.
    pub id: u128,
    /// Its name: username, FQDN or carrier.
    pub name: Arc<str>,
}

/// Who holds a bearer token (RFC 8898).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The user.
    pub party: Party,
    /// Whether it may begin calls; if not, it is only called.
    pub may_call: bool,
}

/// What a party is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartyKind {
    /// A SIP user, proven by digest.
    User,
    /// A tenant's trunk.
    Trunk,
    /// A carrier.
    Carrier,
    /// A test phone of the platform's own, which calls through the trunk `id`.
    Tester,
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Recognised without a challenge.
    Known(Party),
    /// A SIP user of this realm: challenge it; the digest username says who.
    Challenge {
        /// The tenant's SIP domain.
        realm: Arc<str>,
    },
    /// Recognised, and refused.
    Refused(Refusal),
    /// No service, no detail.
    Stranger,
}

/// Why the edge refuses: SIP status, Q.850 cause and the cause word, which goes into Reason as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// SIP status, 300 to 699.
    pub status: u16,
    /// Q.850 cause, 1 to 127.
    pub q850: u8,
    /// The cause word.
    pub cause: Cow<'static, str>,
    /// Seconds for Retry-After.
    pub retry_after: Option<u32>,
}

/// Digest algorithms (RFC 8760).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DigestAlgorithm {
    /// MD5.
    Md5,
    /// SHA-256.
    Sha256,
}

/// The facts of an INVITE.
#[derive(Debug, Clone)]
pub struct CallFacts {
    /// The call.
    pub call: CallId,
    /// Who calls.
    pub party: Party,
    /// Where from.
    pub source: Hop,
    /// User part of From; `None` where anonymous (RFC 3323).
    pub from: Option<String>,
    /// User part of P-Asserted-Identity of a trusted party, where there is one.
    pub asserted: Option<String>,
    /// User part of the Request-URI, unescaped.
    pub to: String,
    /// User part of To, unescaped: what was dialled where the Request-URI names our registered contact.
    pub to_header: Option<String>,
    /// Call-ID of the caller's leg.
    pub sip_call_id: String,
    /// Identity headers (RFC 8224) of a carrier's call, [`IDENTITIES_MAX`] at most; empty for anybody else's.
    pub identities: Vec<String>,
    /// When it arrived.
    pub at: SystemTime,
}

/// What the app decided.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "nearly every verdict is a plan, and each is moved once")]
pub enum Verdict {
    /// Ring these, in order.
    Connect(Plan),
    /// Refuse.
    Refuse(Refusal),
    /// Have the caller hear why, as early media, and refuse then.
    Announce(Refusal, Prompt),
}

/// Whom to ring, and for how long the money lasts.
#[derive(Debug, Clone)]
pub struct Plan {
    /// In order.
    pub attempts: Vec<Attempt>,
    /// What the hold covers, counted from the answer; `None` is unlimited.
    pub funded: Option<Duration>,
    /// How long before the end of the hold the edge asks to extend it.
    pub extend_lead: Duration,
    /// The longest the call may last, counted from the answer.
    pub max_duration: Duration,
    /// With what the call is ended when the money is gone.
    pub out_of_funds: Refusal,
    /// With what it is ended at `max_duration`.
    pub over_time: Refusal,
    /// What is heard of the call's failures.
    pub prompts: Prompts,
    /// How the caller's leg is treated.
    pub caller: LegPolicy,
}

/// What the sides of a call hear, each where it is switched on.
#[derive(Debug, Clone, Default)]
pub struct Prompts {
    /// The caller, where the callee is busy (486, 600), before it is told.
    pub busy: Option<Prompt>,
    /// A side, before the call ends because the money has run out: within the time that is paid for.
    pub out_of_funds: Option<(Side, Prompt)>,
}

/// One try.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Whom.
    pub target: Target,
    /// User part of From; `None` is anonymous.
    pub caller_id: Option<String>,
    /// Host part of From; `None` is our public host.
    pub from_host: Option<String>,
    /// User part of the Request-URI and To: a number or a name.
    pub callee: String,
    /// Final statuses of this target, 300 to 599, after which the next place is tried; see [`FAILOVER_ON`]. A callee that
    /// declined (486, 600 and above) is the end, unless this names that very status.
    pub failover_on: Cow<'static, [u16]>,
    /// Headers to add: P-Asserted-Identity and the like.
    pub headers: Vec<(String, String)>,
    /// Whom we are to this place, where it challenges us (401, 407). Answered once, and only for the realm that the
    /// credentials name or, without one, towards this place alone.
    pub credentials: Option<Credentials>,
    /// What the INVITE carries beside the offer.
    pub part: Option<BodyPart>,
    /// How this leg is treated.
    pub leg: LegPolicy,
}

/// Where a try goes.
#[derive(Debug, Clone)]
pub enum Target {
    /// The bindings of an address of record, newest first.
    Registered {
        /// `username@domain`, lower case.
        aor: String,
    },
    /// Hosts, in order; the next on 408, 503, 504 or a failed connection.
    Hosts {
        /// Host for the Request-URI: FQDN or address, with port where it is not the default. It is the name that the
        /// certificate of a hop over TLS must cover (RFC 5922).
        host: String,
        /// The addresses.
        hops: Vec<Hop>,
    },
}

/// A side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The caller: leg A.
    A,
    /// The callee: leg B.
    B,
}

/// How a call ended, before the business gives it a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Refused or ended by us.
    Ours(Refusal),
    /// The callee's final failure.
    Failed {
        /// Its SIP status.
        status: u16,
        /// Its Q.850 cause, where it said one.
        q850: Option<u8>,
    },
    /// The caller cancelled.
    Cancelled,
    /// Rang until the time-out.
    NoAnswer,
    /// Nothing could be sent, or nothing came back.
    Unreachable,
    /// Hung up after the answer.
    Hangup {
        /// Who.
        by: Side,
        /// Its Q.850 cause, where it said one.
        q850: Option<u8>,
    },
}

/// Everything about a call that is over. Made exactly once per decided call.
#[derive(Debug, Clone)]
pub struct CallSummary {
    /// The call.
    pub call: CallId,
    /// When the INVITE arrived.
    pub started_at: SystemTime,
    /// When it was answered.
    pub answered_at: Option<SystemTime>,
    /// When it ended.
    pub ended_at: SystemTime,
    /// From answer to end on the monotonic clock; zero where it was not answered.
    pub duration: Duration,
    /// Index of the last attempt of the plan that was tried.
    pub attempt: Option<usize>,
    /// How it ended.
    pub end: End,
    /// Why the last attempt could not be reached, where `end` is [`End::Unreachable`] and the transport said why: a
    /// refused connection, a certificate that does not name the host.
    pub unreachable: Option<Arc<str>>,
    /// Where each leg's peer is.
    pub peers: [Option<Hop>; 2],
    /// Call-ID of leg B, where it was tried.
    pub callee_call_id: Option<String>,
    /// What the media relay counted.
    pub media: Option<MediaStats>,
}

/// The business of calls. No method blocks: what needs the database is queued and answered through its [`Reply`].
pub trait CallControl: Send + Sync + 'static {
    /// Says who is calling, on the current snapshot.
    fn identify(&self, approach: &Approach<'_>) -> Identity;
    /// How full the queue of what the business has yet to write is, percent. From three quarters on new calls are refused
    /// with 503 before they are asked about.
    fn backlog(&self) -> u8 {
        0
    }
    /// Whether a trunk, a carrier or the sandbox is at this address, on the current snapshot: it is never banned.
    fn is_known_address(&self, ip: IpAddr) -> bool {
        let _ = ip;
        false
    }
    /// H(username:realm:password) in lower-case hexadecimal, on the current snapshot.
    fn digest_secret(&self, realm: &str, username: &str, algorithm: DigestAlgorithm) -> Option<String>;
    /// The party of a user who proved its name in a realm.
    fn user(&self, realm: &str, username: &str) -> Option<Party>;
    /// Who holds a bearer token in a realm, checked in memory (RFC 8898). `None` where it is not good.
    fn bearer(&self, realm: &str, token: &str) -> Option<Holder> {
        let _ = (realm, token);
        None
    }
    /// Decides a call, and holds its money.
    fn decide(&self, facts: CallFacts, reply: Reply<Verdict>);
    /// The call was answered by this attempt; recorded at once, so that no crash loses it.
    fn answered(&self, call: CallId, at: SystemTime, attempt: usize);
    /// Places that did not take a call, which then went on to the next one or ended: they are better tried last for a
    /// while (RFC 3263 §4.3).
    fn passed_over(&self, hops: &[Hop]) {
        let _ = hops;
    }
    /// The hold is nearly used up; answers what it covers now, or why it is not extended. The latter is asked again a few times
    /// before the end.
    fn extend(&self, call: CallId, reply: Reply<Extension>);
    /// The call is over. Said exactly once for each call that was decided.
    fn ended(&self, summary: CallSummary);
    /// Whether a trace that counts so many bytes is wanted, of a call that was answered or not: asked once, at the end of the
    /// call; [`CallControl::traced`] is not said of one that is not. Must not block.
    fn wants_trace(&self, bytes: usize, is_answered: bool) -> bool {
        let _ = (bytes, is_answered);
        true
    }
    /// The messages and media of a call that is over, some seconds after its end: late ones are among them. Said at
    /// most once for each call; must not block.
    fn traced(&self, _trace: Trace) {}
}

/// What became of a wish to hold more for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extension {
    /// The call may last so long, counted from its answer.
    Until(Duration),
    /// It may not last longer than before, and this is what its sides are told when that time is over.
    Short(Refusal),
}

/// A registration of a phone (RFC 3261 §10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The Contact URI as the phone sent it.
    pub contact: String,
    /// Where requests for it go: the source of the REGISTER, which a NAT keeps open.
    pub hop: Hop,
    /// The connection it came in on, for TCP.
    pub flow: Option<u64>,
    /// When it lapses.
    pub expires_at: SystemTime,
    /// User-Agent, shortened.
    pub user_agent: String,
    /// Call-ID and CSeq of the REGISTER, for ordering.
    pub call_id: String,
    /// See `call_id`.
    pub cseq: u32,
}

/// Where registrations live: a concurrent table, not a shard.
pub trait Registrar: Send + Sync + 'static {
    /// Replaces, adds or (where it has lapsed already) removes the binding with the same contact.
    ///
    /// # Errors
    /// [`TooManyBindings`] where the address of record has its most.
    fn bind(&self, aor: &str, binding: Binding) -> Result<(), TooManyBindings>;
    /// Removes all bindings of an address of record.
    fn clear(&self, aor: &str);
    /// The bindings that have not lapsed, newest first.
    fn lookup(&self, aor: &str, now: SystemTime) -> Vec<Binding>;
}

/// An address of record has as many bindings as are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this user has as many phones registered as are allowed")]
pub struct TooManyBindings;
