//! A fake peer for tests: a SIP phone in this process, with real sockets, real RTP and a blocking API.
//!
//! It is no product code and rings nobody. It runs the same driver as the sandbox PSTN, so what it says on
//! the wire is a second opinion about neither; for that the tests use SIPp and baresip. What it is good for
//! is counting: its tone is made of numbered packets, so both ends of a call know exactly what was lost,
//! doubled or came from elsewhere.
//!
//! Give each phone a loopback address of its own (`127.x.y.z`), as [`Phone::bind`] asks.

mod call;
mod client;
mod station;
mod wire;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

pub use call::Call;
pub use sandbox::sound::{Heard, Sound};

use self::{
    client::Line,
    wire::{Kind, Streams},
};
use crate::tls::Tls;
use sandbox::driver::Wire as _;

/// How long a blocking call waits at most when it is given no deadline of its own.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The fake phone. Dropping it hangs up its calls and ends its thread; its binding stays until it expires, as
/// when a phone loses its power.
#[derive(Debug)]
pub struct Phone {
    line: Line,
}

impl Phone {
    /// A phone at this address, `127.0.0.20:0` say: any free port of an address of its own.
    ///
    /// # Errors
    /// When the text is no address, or the address is taken.
    pub fn bind(address: &str) -> Result<Self, PhoneError> {
        Ok(Self { line: Line::start(parse(address)?)? })
    }

    /// A phone or an SBC that speaks SIP over TLS, in both directions. `name` stands in its Contact, with the port; an
    /// empty one is its address. The edge is called at its TLS address.
    ///
    /// # Errors
    /// When the text is no address, or the address is taken.
    pub fn over_tls(address: &str, name: &str, tls: &Tls) -> Result<Self, PhoneError> {
        let wire = Streams::new(parse(address)?, Kind::Tls(tls.clone()))?;
        let contact = (!name.is_empty()).then(|| format!("{name}:{}", wire.local_addr().port()));
        Ok(Self { line: Line::over(Box::new(wire), contact.as_deref())? })
    }

    /// A phone in a browser: SIP over a WebSocket to `/sip/ws` at this address of the HTTP port, under TLS where `tls` is
    /// given. Whatever it sends goes there.
    ///
    /// # Errors
    /// When the text is no address.
    pub fn over_websocket(address: &str, server: SocketAddr, tls: Option<&Tls>) -> Result<Self, PhoneError> {
        let wire = Streams::new(parse(address)?, Kind::Web { server, tls: tls.cloned() })?;
        Ok(Self { line: Line::over(Box::new(wire), Some("df7jal23ls0d.invalid"))? })
    }

    /// Its SIP address.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.line.local_addr()
    }

    /// Registers over the edge with digest, and keeps the binding alive. Returns the lifetime that was
    /// granted.
    ///
    /// # Errors
    /// [`PhoneError::Refused`] with the registrar's status.
    pub fn register(&self, account: &Account, expires: Duration) -> Result<Duration, PhoneError> {
        let registration = sip::ua::Registration {
            registrar: account.edge,
            domain: account.domain.clone(),
            account: sip::ua::Account {
                username: account.username.clone(),
                password: account.password.clone(),
            },
            expires,
        };
        let from = self.line.log_length();
        self.line.ask(move |station| station.register(registration))??;
        let happened = self.line.wait(None, from, "the registrar's answer", PATIENCE, |event| {
            matches!(event, Event::Registered(_) | Event::RegisterFailed(_))
        });
        match happened?.1 {
            Event::Registered(expires) => Ok(expires),
            Event::RegisterFailed(status) => Err(PhoneError::Refused(status)),
            other => Err(PhoneError::State(format!("{other:?} is no registrar's answer"))),
        }
    }

    /// Takes the binding back.
    ///
    /// # Errors
    /// When there is none, or the registrar does not agree in time.
    pub fn unregister(&self) -> Result<(), PhoneError> {
        let from = self.line.log_length();
        self.line.ask(|station| station.unregister())??;
        let is_gone = |event: &Event| matches!(event, Event::Unregistered);
        self.line.wait(None, from, "the end of the binding", PATIENCE, is_gone).map(|_| ())
    }

    /// What happens to calls that come in from now on.
    ///
    /// # Errors
    /// When the phone's thread is gone.
    pub fn answering(&self, answering: Answering) -> Result<(), PhoneError> {
        self.line.ask(move |station| station.answering = answering)
    }

    /// Places a call and returns at once; see [`Call::wait_answered`].
    ///
    /// # Errors
    /// When no socket is left or there are too many calls.
    pub fn call(&self, dial: &Dial) -> Result<Call, PhoneError> {
        let dial = dial.to_driver();
        let id = self.line.ask(move |station| station.call(dial))??;
        Ok(Call::new(self.line.client(), id))
    }

    /// The next call that came in and was not taken yet, however the phone answers it.
    ///
    /// # Errors
    /// When none comes in time.
    pub fn wait_incoming(&self, deadline: Duration) -> Result<Call, PhoneError> {
        let id = self.line.take_incoming(Instant::now() + deadline, deadline)?;
        Ok(Call::new(self.line.client(), id))
    }

    /// Sends OPTIONS and returns the final status, 408 when none came.
    ///
    /// # Errors
    /// When not even 408 came in time.
    pub fn options(&self, peer: SocketAddr, uri: &str) -> Result<u16, PhoneError> {
        let from = self.line.log_length();
        let uri = uri.to_owned();
        self.line.ask(move |station| station.options(peer, &uri))??;
        let patience = Duration::from_secs(40);
        let is_answer = |event: &Event| matches!(event, Event::OptionsAnswered(_));
        match self.line.wait(None, from, "an answer to OPTIONS", patience, is_answer)?.1 {
            Event::OptionsAnswered(status) => Ok(status),
            other => Err(PhoneError::State(format!("{other:?} is no answer to OPTIONS"))),
        }
    }

    /// Every event so far, those of calls included.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.line.events(None)
    }
}

fn parse(address: &str) -> Result<SocketAddr, PhoneError> {
    address.parse().map_err(|_| PhoneError::State(format!("{address} is no address and port")))
}

/// A wire over TLS for a driver of one's own, such as the load tool's.
///
/// # Errors
/// Where the address is taken.
pub fn wire_over_tls(address: SocketAddr, tls: &Tls) -> Result<Box<dyn sandbox::driver::Wire>, PhoneError> {
    Ok(Box::new(Streams::new(address, Kind::Tls(tls.clone()))?))
}

/// A SIP account, as `POST /api/v1/sipUsers` hands it out.
#[derive(Debug, Clone)]
pub struct Account {
    /// The edge's SIP address: registrar and outbound proxy.
    pub edge: SocketAddr,
    /// The tenant's SIP domain, which is the realm too.
    pub domain: String,
    /// The digest username, and the user part of the address of record.
    pub username: String,
    /// The password in clear.
    pub password: String,
}

/// Whom to call, and as whom.
#[derive(Debug, Clone)]
pub struct Dial {
    /// Where the INVITE is sent.
    pub edge: SocketAddr,
    /// The Request-URI, `sip:+4684650040@acme.localhost` say; To is the same.
    pub to: String,
    /// The From URI.
    pub from: String,
    /// Username and password for a challenge.
    pub credentials: Option<(String, String)>,
    /// Further headers of the INVITE.
    pub headers: Vec<(String, String)>,
    /// Whether the INVITE carries the offer; if not, the answer is in the ACK.
    pub offer: bool,
}

impl Dial {
    /// A call by a stranger, or by a trunk that is known by its address.
    #[must_use]
    pub fn new(edge: SocketAddr, to: &str, from: &str) -> Self {
        let (to, from) = (to.to_owned(), from.to_owned());
        Self { edge, to, from, credentials: None, headers: Vec::new(), offer: true }
    }

    /// A call by a SIP user to a number or to another user of its domain; `from` is the user part of From.
    #[must_use]
    pub fn by_user(account: &Account, to: &str, from: &str) -> Self {
        let domain = &account.domain;
        let credentials = Some((account.username.clone(), account.password.clone()));
        let (to, from) = (format!("sip:{to}@{domain}"), format!("sip:{from}@{domain}"));
        Self { edge: account.edge, to, from, credentials, headers: Vec::new(), offer: true }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without an offer: the callee makes it.
    #[must_use]
    pub const fn without_offer(mut self) -> Self {
        self.offer = false;
        self
    }

    fn to_driver(&self) -> sandbox::driver::Dial {
        let account = self.credentials.clone();
        sandbox::driver::Dial {
            peer: self.edge,
            to: self.to.clone(),
            from: self.from.clone(),
            headers: self.headers.clone(),
            account: account.map(|(username, password)| sip::ua::Account { username, password }),
            call_id: None,
            offer: self.offer,
        }
    }
}

/// What the phone does with a call that comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answering {
    /// Says nothing of its own: the test takes the call with [`Phone::wait_incoming`] and decides.
    #[default]
    Manual,
    /// Rings so long (zero: not at all), then answers and plays.
    Answer {
        /// The time from 180 to 200.
        ring: Duration,
        /// What is played from the answer on.
        sound: Sound,
    },
    /// Answers the INVITE with this final status, 300-699.
    Refuse(u16),
    /// Rings until it is cancelled.
    Ring,
    /// 183 with audio, then the answer.
    EarlyMedia {
        /// The time from 183 to 200.
        early: Duration,
        /// What is played from the 183 on.
        sound: Sound,
        /// What is played from the answer on.
        then: Sound,
    },
    /// No reply at all.
    Ignore,
}

/// Something that happened to a call or to the registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The registrar took the binding for so long.
    Registered(Duration),
    /// The registrar refused with this status; 408 when it said nothing.
    RegisterFailed(u16),
    /// The binding is taken back.
    Unregistered,
    /// The final status of an OPTIONS of ours.
    OptionsAnswered(u16),
    /// A call came in.
    Incoming,
    /// The far side rings.
    Ringing,
    /// The far side sends audio before its answer.
    EarlyMedia,
    /// The call is answered, by whichever side.
    Answered,
    /// The ACK of our answer arrived.
    Confirmed,
    /// The far side sent a new offer, which was answered.
    Reoffered {
        /// Whether we may still send; false when the far side holds us.
        may_send: bool,
    },
    /// Our new offer was accepted.
    Reanswered,
    /// Our new offer was refused with this status; the call goes on as before.
    ReofferFailed(u16),
    /// The call never came to be: the final status, and the Reason header if there was one.
    Failed {
        /// 300-699; 408 when nothing came.
        status: u16,
        /// The Reason header as sent.
        reason: Option<String>,
    },
    /// The caller gave up before our answer.
    Cancelled,
    /// The numbered tone, or the keys, are sent to the last packet.
    Said,
    /// The call is over after an answer.
    Ended {
        /// True when we hung up.
        by_us: bool,
        /// The Reason header of the far side's BYE.
        reason: Option<String>,
    },
}

/// Why a blocking call gave up.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// A socket could not be had.
    #[error("the phone has no socket")]
    Io(#[from] std::io::Error),
    /// What was waited for did not happen; the text lists what did.
    #[error("waited {waited:?} for {what}; what happened: {seen:?}")]
    Deadline {
        /// What was waited for.
        what: String,
        /// How long.
        waited: Duration,
        /// The events so far.
        seen: Vec<Event>,
    },
    /// The registrar refused.
    #[error("the registrar refused with {0}")]
    Refused(u16),
    /// The driver refuses.
    #[error("the phone cannot do this now: {0}")]
    Driver(#[from] sandbox::driver::DriveError),
    /// The user agent cannot do this now (no such call, or not in this state).
    #[error("the phone cannot do this now: {0}")]
    State(String),
    /// The phone's thread is gone.
    #[error("the phone's thread is gone")]
    Gone,
}
