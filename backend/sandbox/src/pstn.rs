//! The carrier's loop: gives each call the behaviour of its number, and places the calls it is told to.

use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, Ipv4Addr, UdpSocket},
    sync::{Arc, atomic::Ordering, mpsc::Receiver},
    time::{Duration, Instant},
};

use bytes::Bytes;
use sip::{
    ua::{CallId, Event},
    uri::Uri,
};

use crate::{
    CALLS_MAX, Config, Handle, PLACED_CALL_MAX, StartError,
    behaviour::{Behaviour, EMERGENCY_CAUSE, RING, TALK},
    driver::{Dial, DriveError, Driver},
    handle::{Order, Shared},
    sound::Sound,
};

/// The longest that an answered call lasts; nobody tries the sandbox for longer.
pub const CALL_MAX: Duration = Duration::from_secs(4 * 3600);
/// The longest that a number rings that nobody answers; whoever calls has given up before.
pub const RING_MAX: Duration = Duration::from_secs(180);
/// How long [`Runner::run`] stays after the last BYE, so that it can be repeated and answered.
const FAREWELL: Duration = Duration::from_millis(300);

/// The carrier's loop; give it a thread of its own.
#[derive(Debug)]
pub struct Runner {
    driver: Driver,
    orders: Receiver<Order>,
    shared: Arc<Shared>,
    config: Config,
    calls: HashMap<CallId, Call>,
    due: BTreeSet<(Instant, CallId)>,
}

/// A call and what happens to it next.
#[derive(Debug)]
struct Call {
    offer: Option<Bytes>,
    next: Next,
    at: Instant,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    Answer(Sound),
    HangUp,
    GiveUp,
}

pub(crate) fn new(config: Config) -> Result<(Handle, Runner), StartError> {
    let bound = Driver::bind(config.bind, "pstn", "Dialtone sandbox PSTN", CALLS_MAX);
    let driver = bound.map_err(|source| StartError::Bind { address: config.bind, source })?;
    let (handle, orders, shared) = Handle::new(driver.local_addr(), driver.waker());
    Ok((handle, Runner { driver, orders, shared, config, calls: HashMap::new(), due: BTreeSet::new() }))
}

impl Runner {
    /// Answers and places calls until [`Handle::stop`]; then hangs up what is left and returns.
    pub fn run(mut self) {
        while !self.shared.stop.load(Ordering::Acquire) {
            let until = self.due.first().map(|(at, _)| *at);
            if let Err(error) = self.driver.turn(until) {
                tracing::error!(%error, "the sandbox PSTN cannot wait for packets and stops");
                break;
            }
            self.step();
        }
        self.shared.stop.store(true, Ordering::Release);
        self.say_goodbye();
    }

    fn step(&mut self) {
        while let Some(event) = self.driver.next_event() {
            self.on_event(event);
        }
        while let Ok(order) = self.orders.try_recv() {
            self.place(order);
        }
        let now = Instant::now();
        while let Some((at, call)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, call));
            self.on_time(call);
        }
        self.shared.live.store(self.driver.live_calls(), Ordering::Relaxed);
    }

    fn say_goodbye(&mut self) {
        let calls: Vec<CallId> = self.calls.keys().copied().collect();
        for call in calls {
            self.hang_up(call);
        }
        let until = Instant::now() + FAREWELL;
        while Instant::now() < until && self.driver.turn(Some(until)).is_ok() {
            while self.driver.next_event().is_some() {}
        }
        self.shared.live.store(0, Ordering::Relaxed);
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Incoming { call, peer, message, sdp } => {
                let dialled = message.request_uri().map(user_of).unwrap_or_default();
                if let Err(error) = self.take(call, peer.ip(), &dialled, sdp) {
                    tracing::debug!(%error, "the sandbox PSTN could not take a call");
                    let reason = "Q.850;cause=88;text=\"no-codec\"";
                    if self.driver.refuse(call, 488, &[("Reason", reason)]).is_err() {
                        self.hang_up(call);
                    }
                }
            }
            Event::Answered { call, .. } => {
                if let Some(line) = self.driver.line(call) {
                    line.play(Sound::ToneAndEcho);
                }
                self.plan(call, PLACED_CALL_MAX, Next::HangUp, None);
            }
            Event::Failed { call, .. } | Event::Cancelled { call } | Event::Ended { call, .. } => {
                self.forget(call)
            }
            _ => {}
        }
    }

    /// Begins what the number asks for.
    fn take(
        &mut self,
        call: CallId,
        caller: IpAddr,
        dialled: &str,
        offer: Option<Bytes>,
    ) -> Result<(), DriveError> {
        if caller != self.config.edge.ip() {
            return self.refuse(call, 403, 21, "unknown-peer");
        }
        match Behaviour::of(dialled) {
            Behaviour::Echo => {
                self.driver.ring(call)?;
                self.plan(call, RING, Next::Answer(Sound::Echo), offer);
                Ok(())
            }
            Behaviour::Tone => self.answer(call, offer.as_ref(), Sound::Tone, TALK),
            Behaviour::Busy => self.refuse(call, 486, 17, "busy"),
            Behaviour::NoAnswer => {
                self.driver.ring(call)?;
                self.plan(call, RING_MAX, Next::GiveUp, offer);
                Ok(())
            }
            Behaviour::Unavailable => self.refuse(call, 503, 41, "temporary-failure"),
            Behaviour::Declines => self.refuse(call, 603, 21, "declined"),
            Behaviour::EarlyMedia => {
                self.driver.progress(call, offer.as_ref(), Sound::Tone)?;
                self.plan(call, RING, Next::Answer(Sound::Echo), offer);
                Ok(())
            }
            Behaviour::Silent => self.answer(call, offer.as_ref(), Sound::Nothing, CALL_MAX),
            Behaviour::StrayMedia => {
                self.answer(call, offer.as_ref(), Sound::Nothing, CALL_MAX)?;
                self.stray(call)
            }
            Behaviour::NeverReplies => self.driver.ignore(call),
            Behaviour::Emergency => self.refuse(call, 404, 3, EMERGENCY_CAUSE),
            Behaviour::NotANumber => self.refuse(call, 404, 1, "number-not-found"),
        }
    }

    fn answer(
        &mut self,
        call: CallId,
        offer: Option<&Bytes>,
        sound: Sound,
        length: Duration,
    ) -> Result<(), DriveError> {
        self.driver.answer(call, offer, sound)?;
        self.plan(call, length, Next::HangUp, None);
        Ok(())
    }

    fn refuse(&mut self, call: CallId, status: u16, q850: u8, cause: &str) -> Result<(), DriveError> {
        let reason = format!("Q.850;cause={q850};text=\"{cause}\"");
        self.driver.refuse(call, status, &[("Reason", &reason)])
    }

    /// Plays a tone from an address that our SDP does not name.
    fn stray(&mut self, call: CallId) -> Result<(), DriveError> {
        let home = self.driver.local_addr().ip();
        let elsewhere = self.config.stray_ip.unwrap_or_else(|| neighbour(home));
        let socket = UdpSocket::bind((elsewhere, 0)).or_else(|_| UdpSocket::bind((home, 0)))?;
        socket.set_nonblocking(true)?;
        if let Some(line) = self.driver.line(call) {
            line.stray_over(socket);
            line.play(Sound::Tone);
        }
        Ok(())
    }

    fn place(&mut self, order: Order) {
        let (edge, own) = (self.config.edge, self.driver.local_addr());
        let dial = Dial {
            peer: edge,
            to: format!("sip:{}@{edge}", order.to),
            from: format!("sip:{}@{own}", order.from),
            headers: Vec::new(),
            account: None,
            call_id: Some(order.sip_call_id),
            offer: true,
        };
        match self.driver.call(dial) {
            Ok(call) => self.plan(call, RING_MAX, Next::HangUp, None),
            Err(error) => tracing::warn!(%error, "the sandbox PSTN could not place a call"),
        }
    }

    /// What happens to the call in so long; replaces what was planned before.
    fn plan(&mut self, call: CallId, wait: Duration, next: Next, offer: Option<Bytes>) {
        let at = Instant::now() + wait;
        if let Some(before) = self.calls.insert(call, Call { offer, next, at }) {
            self.due.remove(&(before.at, call));
        }
        self.due.insert((at, call));
    }

    fn on_time(&mut self, id: CallId) {
        let Some(call) = self.calls.remove(&id) else { return };
        match call.next {
            Next::Answer(sound) => {
                if self.answer(id, call.offer.as_ref(), sound, CALL_MAX).is_err() {
                    let _ = self.driver.refuse(id, 488, &[]);
                }
            }
            Next::HangUp => self.hang_up(id),
            Next::GiveUp => {
                let _ = self.refuse(id, 480, 19, "no-answer");
            }
        }
    }

    fn hang_up(&mut self, call: CallId) {
        // The agent knows no such call when the far side was quicker; then it is over already.
        let _ = self.driver.hang_up(call, Some("Q.850;cause=16;text=\"normal-clearing\""));
    }

    fn forget(&mut self, call: CallId) {
        self.driver.take(call);
        if let Some(planned) = self.calls.remove(&call) {
            self.due.remove(&(planned.at, call));
        }
    }
}

/// The user part of a Request-URI, its escapes resolved.
fn user_of(uri: &str) -> String {
    Uri::parse(uri).ok().and_then(|uri| uri.user_decoded().map(|user| user.into_owned())).unwrap_or_default()
}

/// The next IP address: on Linux every address in 127.0.0.0/8 can be bound.
fn neighbour(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits().wrapping_add(1))),
        IpAddr::V6(_) => ip,
    }
}
