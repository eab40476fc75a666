//! The words between the agent and who drives it.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;

use crate::{Transport, wire::Message};

/// Who the agent is.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address that its driver is bound to; it stands in Via and Contact.
    pub local: SocketAddr,
    /// The one transport it speaks.
    pub transport: Transport,
    /// The host of its Contact, `host` or `host:port`; usually the printed `local`.
    pub contact_host: String,
    /// The user part of its Contact, for calls that name none.
    pub user: String,
    /// User-Agent and Server.
    pub user_agent: String,
    /// The randomness behind tags, branches and Call-IDs; take fresh bytes for each agent.
    pub secret: [u8; 16],
    /// Most calls at one time; a further INVITE is refused with 503, a further
    /// [`Agent::call`](super::Agent::call) with [`Refused::Full`].
    pub calls_max: usize,
}

impl Config {
    /// An agent over UDP at `local`.
    #[must_use]
    pub fn udp(local: SocketAddr, user: &str, user_agent: &str, secret: [u8; 16], calls_max: usize) -> Self {
        Self {
            local,
            transport: Transport::Udp,
            contact_host: local.to_string(),
            user: user.to_owned(),
            user_agent: user_agent.to_owned(),
            secret,
            calls_max,
        }
    }
}

/// A call of one agent, never reused while the agent lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub(super) u64);

/// A binding of one agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistrationId(pub(super) u64);

/// What digest needs (RFC 8760).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The digest username.
    pub username: String,
    /// The password in clear.
    pub password: String,
}

/// A binding to keep at a registrar (RFC 3261 §10).
#[derive(Debug, Clone)]
pub struct Registration {
    /// Where the REGISTER is sent.
    pub registrar: SocketAddr,
    /// The domain of the address of record.
    pub domain: String,
    /// The user of the address of record and of digest.
    pub account: Account,
    /// The lifetime that is asked for, in whole seconds; refreshed before it is over.
    pub expires: Duration,
}

/// A call to place.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Where the INVITE is sent.
    pub peer: SocketAddr,
    /// The Request-URI.
    pub request_uri: String,
    /// The From URI.
    pub from: String,
    /// The To URI.
    pub to: String,
    /// The offer; `None` leaves the offer to the callee (RFC 3261 §13.2.1).
    pub sdp: Option<Bytes>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// For a challenge; without it 401 and 407 are failures.
    pub account: Option<Account>,
    /// The Call-ID; `None` makes one.
    pub call_id: Option<String>,
}

/// What the driver must do, drained until there is none.
#[derive(Debug)]
pub enum Output {
    /// Send these bytes.
    Transmit {
        /// Where to.
        to: SocketAddr,
        /// One whole message.
        bytes: Bytes,
    },
    /// Something happened.
    Event(Event),
}

/// Which side ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// This agent: its BYE was sent, or nothing answered it any more.
    Us,
    /// The far side, with BYE.
    Them,
}

/// What happened. [`Event::Failed`], [`Event::Cancelled`] and [`Event::Ended`] are the last event of their
/// call.
#[derive(Debug)]
pub enum Event {
    /// The registrar holds the binding for so long.
    Registered {
        /// Which one.
        registration: RegistrationId,
        /// The lifetime that was granted.
        expires: Duration,
    },
    /// The registrar refused, or did not answer (408). The binding is given up.
    RegisterFailed {
        /// Which one.
        registration: RegistrationId,
        /// The final status.
        status: u16,
    },
    /// The binding is taken back.
    Unregistered {
        /// Which one.
        registration: RegistrationId,
    },
    /// A call came in. Nothing was sent yet, not even 100: ring, answer, refuse or ignore it.
    Incoming {
        /// The new call.
        call: CallId,
        /// Where it came from.
        peer: SocketAddr,
        /// The whole INVITE.
        message: Box<Message>,
        /// Its offer, if it has one.
        sdp: Option<Bytes>,
    },
    /// The callee rings (180 and its like).
    Ringing {
        /// The call.
        call: CallId,
    },
    /// The callee sends audio before its answer.
    EarlyMedia {
        /// The call.
        call: CallId,
        /// The answer to our offer.
        sdp: Bytes,
    },
    /// The callee answered. When our INVITE had no offer this is one, and
    /// [`Agent::confirm`](super::Agent::confirm) must give the answer; else the ACK is sent already.
    Answered {
        /// The call.
        call: CallId,
        /// Offer or answer; `None` when it was all said in early media.
        sdp: Option<Bytes>,
    },
    /// The call never came to be.
    Failed {
        /// The call.
        call: CallId,
        /// The final status; 408 when nothing came, 487 after our CANCEL.
        status: u16,
        /// The Reason header, RFC 3326.
        reason: Option<String>,
    },
    /// The caller gave up before our answer.
    Cancelled {
        /// The call.
        call: CallId,
    },
    /// The ACK of our 2xx arrived, with the answer if our 2xx had the offer.
    Confirmed {
        /// The call.
        call: CallId,
        /// The answer.
        sdp: Option<Bytes>,
    },
    /// The far side asks for other media: [`Agent::answer`](super::Agent::answer) or
    /// [`Agent::refuse`](super::Agent::refuse) it.
    Reoffer {
        /// The call.
        call: CallId,
        /// The offer; `None` asks us for one.
        sdp: Option<Bytes>,
    },
    /// Our re-INVITE was accepted.
    Reanswered {
        /// The call.
        call: CallId,
        /// The answer.
        sdp: Option<Bytes>,
    },
    /// Our re-INVITE was refused; the call goes on as before.
    ReofferFailed {
        /// The call.
        call: CallId,
        /// The final status.
        status: u16,
    },
    /// The call is over after its answer.
    Ended {
        /// The call.
        call: CallId,
        /// Who ended it.
        by: EndedBy,
        /// The Reason header of the BYE, RFC 3326.
        reason: Option<String>,
    },
    /// The answer to [`Agent::options`](super::Agent::options); 408 when none came.
    OptionsAnswered {
        /// Who was asked.
        peer: SocketAddr,
        /// The final status.
        status: u16,
    },
}

/// Why the agent does not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// As many calls as [`Config::calls_max`] allows are up.
    #[error("as many calls are up as the agent may carry")]
    Full,
    /// There is no such call or binding (any more).
    #[error("there is no such call")]
    Unknown,
    /// The call is not in a state that allows this.
    #[error("the call is not in a state that allows this")]
    State,
}
