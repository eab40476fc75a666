//! The loop under the simulated PSTN, the test phone and the load tool: one UDP socket for SIP, one for the
//! RTP of each call, a packet time of 20 ms, and nothing else. It has no thread of its own and decides
//! nothing: its owner calls [`Driver::turn`] again and again, and takes [`Driver::next_event`] in between.

mod negotiate;
mod turn;
mod wire;

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use media::sdp::{Direction, SdpError};
use mio::{Events, Interest, Poll, Token, Waker};
use sip::ua::{self, Account, Agent, CallId, Event, Refused};
pub use wire::{Received, TOKENS, Wire};

use crate::{
    line::Line,
    session::{self, Session},
    sound::Sound,
};

/// The time between two packets of one call.
pub const PACKET_TIME: Duration = Duration::from_millis(20);
/// Most socket events of one turn.
const EVENTS_MAX: usize = 256;
const WAKER: Token = Token(0);
const FIRST_LINE: usize = TOKENS.end;

/// Why the driver does not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// No socket for the call's audio.
    #[error("no socket for the audio")]
    Io(#[from] io::Error),
    /// The agent refuses.
    #[error(transparent)]
    Agent(#[from] Refused),
    /// The far side's description cannot be answered.
    #[error("the far side's session description cannot be answered: {0}")]
    Sdp(#[from] SdpError),
}

/// A call to place.
#[derive(Debug, Clone)]
pub struct Dial {
    /// Where the INVITE is sent.
    pub peer: SocketAddr,
    /// The Request-URI, and To.
    pub to: String,
    /// The From URI.
    pub from: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// For a challenge.
    pub account: Option<Account>,
    /// The Call-ID; `None` makes one.
    pub call_id: Option<String>,
    /// Whether the INVITE carries our offer; if not, the callee makes one.
    pub offer: bool,
}

/// Sockets, agent and audio of one simulated party.
#[derive(Debug)]
pub struct Driver {
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    wire: Box<dyn Wire>,
    local: SocketAddr,
    agent: Agent,
    calls: HashMap<CallId, Media>,
    tokens: HashMap<Token, CallId>,
    next_token: usize,
    /// Sockets that had more to read than one turn takes.
    unread: Vec<Token>,
    next_tick: Instant,
    inbox: VecDeque<Event>,
    payloads: &'static [u8],
    mirrors: bool,
}

/// The audio of one call, and the offer that waits for our answer.
#[derive(Debug)]
struct Media {
    line: Line,
    session: Session,
    token: Token,
    /// Our answer to the INVITE, which 183 and 200 both carry.
    answer: Option<Bytes>,
}

impl Driver {
    /// Binds the SIP socket; RTP will be bound on the same IP, on free ports. `user` is the user part of
    /// Contact.
    ///
    /// # Errors
    /// When the address is taken or the system gives no poll.
    pub fn bind(address: SocketAddr, user: &str, user_agent: &str, calls_max: usize) -> io::Result<Self> {
        Self::over(Box::new(wire::Udp::bind(address)?), None, user, user_agent, calls_max)
    }

    /// The same over another wire; `contact_host` stands in Contact in the place of the wire's address.
    ///
    /// # Errors
    /// When the system gives no poll.
    pub fn over(
        mut wire: Box<dyn Wire>,
        contact_host: Option<&str>,
        user: &str,
        user_agent: &str,
        calls_max: usize,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        wire.open(poll.registry().try_clone()?)?;
        let local = wire.local_addr();
        let mut config = ua::Config::udp(local, user, user_agent, random_bytes(), calls_max);
        config.transport = wire.transport();
        if let Some(host) = contact_host {
            config.contact_host = host.to_owned();
        }
        let agent = Agent::new(config);
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            waker,
            wire,
            local,
            agent,
            calls: HashMap::new(),
            tokens: HashMap::new(),
            next_token: FIRST_LINE,
            unread: Vec::new(),
            next_tick: Instant::now(),
            inbox: VecDeque::new(),
            payloads: session::PAYLOADS,
            mirrors: false,
        })
    }

    /// From now on new calls offer and take these codecs, by the payload types of `media::codec`. Only PCMU and
    /// PCMA are spoken; others are agreed on and stay silent.
    pub const fn speak(&mut self, payloads: &'static [u8]) {
        self.payloads = payloads;
    }

    /// From now on new calls take every codec that is known by name, for [`Sound::Mirror`].
    pub const fn mirror(&mut self) {
        self.mirrors = true;
    }

    /// The SIP address.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Ends a [`Driver::turn`] from another thread.
    #[must_use]
    pub fn waker(&self) -> Arc<Waker> {
        self.waker.clone()
    }

    /// How many calls there are, ringing ones included.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.agent.live_calls()
    }

    /// The audio of a call; `None` before the first session description of ours.
    pub fn line(&mut self, call: CallId) -> Option<&mut Line> {
        self.calls.get_mut(&call).map(|media| &mut media.line)
    }

    /// The same, to look at.
    #[must_use]
    pub fn audio(&self, call: CallId) -> Option<&Line> {
        self.calls.get(&call).map(|media| &media.line)
    }

    /// Takes the audio of a call away, which closes its socket when dropped. To be called after the call's
    /// last event.
    pub fn take(&mut self, call: CallId) -> Option<Line> {
        let mut media = self.calls.remove(&call)?;
        self.tokens.remove(&media.token);
        self.unread.retain(|token| *token != media.token);
        // The socket goes away with the line, registered or not.
        let _ = self.poll.registry().deregister(media.line.socket());
        Some(media.line)
    }

    /// What happened, in order. Session descriptions are dealt with already.
    pub fn next_event(&mut self) -> Option<Event> {
        self.inbox.pop_front()
    }

    /// Registers, once and then before each expiry.
    ///
    /// # Errors
    /// When the agent has too many bindings.
    pub fn register(&mut self, registration: ua::Registration) -> Result<ua::RegistrationId, DriveError> {
        self.told(|agent, now| agent.register(now, registration))
    }

    /// Takes a binding back.
    ///
    /// # Errors
    /// When there is no such binding.
    pub fn unregister(&mut self, registration: ua::RegistrationId) -> Result<(), DriveError> {
        self.told(|agent, now| agent.unregister(now, registration))
    }

    /// Asks a peer whether it is there.
    ///
    /// # Errors
    /// When the agent has too many requests under way.
    pub fn options(&mut self, peer: SocketAddr, uri: &str) -> Result<(), DriveError> {
        self.told(|agent, now| agent.options(now, peer, uri))
    }

    /// Places a call.
    ///
    /// # Errors
    /// When there are too many calls, or no socket is left.
    pub fn call(&mut self, dial: Dial) -> Result<CallId, DriveError> {
        let mut media = self.open()?;
        let sdp = dial.offer.then(|| media.session.offer(Direction::SendRecv));
        let invite = ua::Invite {
            peer: dial.peer,
            request_uri: dial.to.clone(),
            from: dial.from,
            to: dial.to,
            sdp,
            headers: dial.headers,
            account: dial.account,
            call_id: dial.call_id,
        };
        let call = self.agent.call(Instant::now(), invite)?;
        self.adopt(call, media);
        self.drain();
        Ok(call)
    }

    /// Says 180.
    ///
    /// # Errors
    /// When the call does not wait for our word.
    pub fn ring(&mut self, call: CallId) -> Result<(), DriveError> {
        self.told(|agent, now| agent.ring(now, call))
    }

    /// Says 183, and plays before the answer.
    ///
    /// # Errors
    /// When the call does not wait for our word, or its offer cannot be answered.
    pub fn progress(&mut self, call: CallId, offer: Option<&Bytes>, sound: Sound) -> Result<(), DriveError> {
        let sdp = self.describe(call, offer)?;
        self.told(|agent, now| agent.progress(now, call, &sdp))?;
        self.play(call, sound);
        Ok(())
    }

    /// Answers and plays. `offer` is that of [`Event::Incoming`]; without one our 200 makes the offer.
    ///
    /// # Errors
    /// When the call does not wait for our word, or its offer cannot be answered.
    pub fn answer(&mut self, call: CallId, offer: Option<&Bytes>, sound: Sound) -> Result<(), DriveError> {
        let sdp = self.describe(call, offer)?;
        self.told(|agent, now| agent.answer(now, call, &sdp))?;
        self.play(call, sound);
        Ok(())
    }

    /// Refuses with a final status and further headers; no event follows.
    ///
    /// # Errors
    /// When the call does not wait for our word.
    pub fn refuse(&mut self, call: CallId, status: u16, headers: &[(&str, &str)]) -> Result<(), DriveError> {
        self.take(call);
        self.told(|agent, now| agent.refuse(now, call, status, headers))
    }

    /// Never answers this call; no event follows.
    ///
    /// # Errors
    /// When the call does not wait for our word.
    pub fn ignore(&mut self, call: CallId) -> Result<(), DriveError> {
        self.told(|agent, now| agent.ignore(now, call))
    }

    /// Ends the call, whatever it is doing. A last event follows, but not for a call that waited for our
    /// word.
    ///
    /// # Errors
    /// When there is no such call.
    pub fn hang_up(&mut self, call: CallId, reason: Option<&str>) -> Result<(), DriveError> {
        self.told(|agent, now| agent.hang_up(now, call, reason))
    }

    /// Offers another direction: `SendOnly` holds, `SendRecv` resumes.
    ///
    /// # Errors
    /// When the call is not up or an offer is under way.
    pub fn reinvite(&mut self, call: CallId, direction: Direction) -> Result<(), DriveError> {
        let media = self.calls.get_mut(&call).ok_or(Refused::Unknown)?;
        let sdp = media.session.offer(direction);
        self.told(|agent, now| agent.reinvite(now, call, sdp))
    }

    /// Runs one verb of the agent and sends what it wants sent.
    fn told<T>(
        &mut self,
        verb: impl FnOnce(&mut Agent, Instant) -> Result<T, Refused>,
    ) -> Result<T, DriveError> {
        let outcome = verb(&mut self.agent, Instant::now());
        self.drain();
        Ok(outcome?)
    }

    fn play(&mut self, call: CallId, sound: Sound) {
        if let Some(line) = self.line(call) {
            line.play(sound);
        }
    }

    fn open(&mut self) -> io::Result<Media> {
        let mut line = Line::open(self.local.ip())?;
        let token = Token(self.next_token);
        self.next_token += 1;
        self.poll.registry().register(line.socket(), token, Interest::READABLE)?;
        let session = match self.mirrors {
            true => Session::mirroring(line.local_addr()),
            false => Session::with_payloads(line.local_addr(), self.payloads),
        };
        Ok(Media { line, session, token, answer: None })
    }

    fn adopt(&mut self, call: CallId, media: Media) {
        if self.calls.is_empty() {
            self.next_tick = Instant::now() + PACKET_TIME;
        }
        self.tokens.insert(media.token, call);
        self.calls.insert(call, media);
    }
}

/// Randomness from the standard library's hasher seeds; good for telling agents apart, not for keys.
fn random_bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&RandomState::new().hash_one(0).to_le_bytes());
    bytes[8..].copy_from_slice(&RandomState::new().hash_one(1).to_le_bytes());
    bytes
}
