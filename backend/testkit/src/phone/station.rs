//! The phone's thread: it owns the driver, runs what the test asks for in between, and writes down what
//! happens.

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    sync::{Arc, mpsc::Receiver},
    time::{Duration, Instant},
};

use bytes::Bytes;
use sandbox::driver::{Dial, DriveError, Driver};
use sip::ua::{self, CallId, EndedBy, Registration, RegistrationId};

use super::{
    Answering, Event, Sound,
    client::{Board, Order},
};

/// Most events that are written down; later ones are lost.
const LOG_MAX: usize = 100_000;
/// How long the thread stays after the last BYE, so that it can be repeated and answered.
const FAREWELL: Duration = Duration::from_millis(200);

/// What the thread owns.
#[derive(Debug)]
pub(super) struct Station {
    pub(super) driver: Driver,
    pub(super) answering: Answering,
    pub(super) stop: bool,
    board: Arc<Board>,
    /// The offers of calls that wait for our word.
    offers: HashMap<CallId, Option<Bytes>>,
    /// Answers to be given by themselves.
    due: Vec<(Instant, CallId, Sound)>,
    /// Calls with something still to be said.
    saying: BTreeSet<CallId>,
    live: BTreeSet<CallId>,
    registration: Option<RegistrationId>,
}

impl Station {
    pub(super) fn new(driver: Driver, board: Arc<Board>) -> Self {
        Self {
            driver,
            answering: Answering::default(),
            stop: false,
            board,
            offers: HashMap::new(),
            due: Vec::new(),
            saying: BTreeSet::new(),
            live: BTreeSet::new(),
            registration: None,
        }
    }

    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        while !self.stop {
            let until = self.due.iter().map(|(at, ..)| *at).min();
            if self.driver.turn(until).is_err() {
                break;
            }
            self.step();
            while let Ok(order) = orders.try_recv() {
                order(&mut self);
            }
            self.step();
        }
        for call in std::mem::take(&mut self.live) {
            let _ = self.driver.hang_up(call, None);
        }
        let until = Instant::now() + FAREWELL;
        while Instant::now() < until && self.driver.live_calls() > 0 && self.driver.turn(Some(until)).is_ok()
        {
            self.step();
        }
        self.board.write(|notes| notes.has_ended = true);
    }

    fn step(&mut self) {
        while let Some(event) = self.driver.next_event() {
            self.on_event(event);
        }
        let now = Instant::now();
        let (due, later) = self.due.drain(..).partition(|(at, ..)| *at <= now);
        self.due = later;
        let due: Vec<(Instant, CallId, Sound)> = due;
        for (_, call, sound) in due {
            self.try_answer(call, sound);
        }
        let said: Vec<CallId> = self.saying.iter().copied().filter(|call| !self.is_saying(*call)).collect();
        for call in said {
            self.saying.remove(&call);
            self.note(Some(call), Event::Said);
        }
    }

    fn is_saying(&self, call: CallId) -> bool {
        self.driver.audio(call).is_some_and(sandbox::line::Line::is_busy)
    }

    fn note(&self, call: Option<CallId>, event: Event) {
        self.board.write(|notes| {
            if notes.log.len() < LOG_MAX {
                notes.log.push((call, event));
            }
        });
    }

    fn on_event(&mut self, event: ua::Event) {
        use ua::Event as From;
        match event {
            From::Registered { expires, .. } => self.note(None, Event::Registered(expires)),
            From::RegisterFailed { status, .. } => self.note(None, Event::RegisterFailed(status)),
            From::Unregistered { .. } => self.note(None, Event::Unregistered),
            From::OptionsAnswered { status, .. } => self.note(None, Event::OptionsAnswered(status)),
            From::Incoming { call, message, sdp, .. } => {
                self.live.insert(call);
                self.offers.insert(call, sdp);
                self.note(Some(call), Event::Incoming);
                self.begin(call);
                self.board.write(|notes| {
                    notes.invites.insert(call, *message);
                    notes.incoming.push_back(call);
                });
            }
            From::Ringing { call } => self.note(Some(call), Event::Ringing),
            From::EarlyMedia { call, .. } => self.note(Some(call), Event::EarlyMedia),
            From::Answered { call, .. } => self.note(Some(call), Event::Answered),
            From::Confirmed { call, .. } => self.note(Some(call), Event::Confirmed),
            From::Reoffer { call, .. } => {
                let may_send = self
                    .driver
                    .audio(call)
                    .and_then(sandbox::line::Line::talk)
                    .is_some_and(|talk| talk.may_send);
                self.note(Some(call), Event::Reoffered { may_send });
            }
            From::Reanswered { call, .. } => self.note(Some(call), Event::Reanswered),
            From::ReofferFailed { call, status } => self.note(Some(call), Event::ReofferFailed(status)),
            From::Failed { call, status, reason } => self.close(call, Event::Failed { status, reason }),
            From::Cancelled { call } => self.close(call, Event::Cancelled),
            From::Ended { call, by, reason } => {
                self.close(call, Event::Ended { by_us: by == EndedBy::Us, reason })
            }
        }
    }

    /// Does what the phone does by itself with a new call.
    fn begin(&mut self, call: CallId) {
        match self.answering {
            Answering::Manual => {}
            Answering::Answer { ring: Duration::ZERO, sound } => self.try_answer(call, sound),
            Answering::Answer { ring, sound } => {
                let _ = self.driver.ring(call);
                self.due.push((Instant::now() + ring, call, sound));
            }
            Answering::Refuse(status) => {
                let _ = self.refuse(call, status);
            }
            Answering::Ring => {
                let _ = self.driver.ring(call);
            }
            Answering::EarlyMedia { early, sound, then } => {
                if self.progress(call, sound).is_ok() {
                    self.due.push((Instant::now() + early, call, then));
                }
            }
            Answering::Ignore => {
                let _ = self.driver.ignore(call);
            }
        }
    }

    /// The last event of a call; its counters stay readable.
    fn close(&mut self, call: CallId, event: Event) {
        self.live.remove(&call);
        self.saying.remove(&call);
        self.offers.remove(&call);
        self.due.retain(|(_, other, _)| *other != call);
        if let Some(line) = self.driver.take(call) {
            self.board.write(|notes| {
                notes.finished.insert(call, (line.heard(), line.sent()));
            });
        }
        self.note(Some(call), event);
    }

    fn try_answer(&mut self, call: CallId, sound: Sound) {
        if self.answer(call, sound).is_err() {
            let _ = self.refuse(call, 488);
        }
    }

    pub(super) fn answer(&mut self, call: CallId, sound: Sound) -> Result<(), DriveError> {
        let offer = self.offers.get(&call).cloned().flatten();
        self.driver.answer(call, offer.as_ref(), sound)?;
        self.note(Some(call), Event::Answered);
        self.watch(call);
        Ok(())
    }

    pub(super) fn progress(&mut self, call: CallId, sound: Sound) -> Result<(), DriveError> {
        let offer = self.offers.get(&call).cloned().flatten();
        self.driver.progress(call, offer.as_ref(), sound)?;
        self.watch(call);
        Ok(())
    }

    pub(super) fn refuse(&mut self, call: CallId, status: u16) -> Result<(), DriveError> {
        self.driver.refuse(call, status, &[])?;
        self.close(call, Event::Failed { status, reason: None });
        Ok(())
    }

    pub(super) fn call(&mut self, dial: Dial) -> Result<CallId, DriveError> {
        let call = self.driver.call(dial)?;
        self.live.insert(call);
        Ok(call)
    }

    /// Plays from now on; false when the call has no audio yet.
    pub(super) fn play(&mut self, call: CallId, sound: Sound) -> bool {
        let Some(line) = self.driver.line(call) else { return false };
        line.play(sound);
        self.watch(call);
        true
    }

    /// Presses keys; false when that cannot be.
    pub(super) fn press(&mut self, call: CallId, keys: &str) -> bool {
        let is_taken = self.driver.line(call).is_some_and(|line| line.press(keys));
        self.watch(call);
        is_taken
    }

    fn watch(&mut self, call: CallId) {
        if self.is_saying(call) {
            self.saying.insert(call);
        }
    }

    pub(super) fn register(&mut self, registration: Registration) -> Result<(), DriveError> {
        self.registration = Some(self.driver.register(registration)?);
        Ok(())
    }

    pub(super) fn unregister(&mut self) -> Result<(), DriveError> {
        let registration = self.registration.take().ok_or(ua::Refused::Unknown)?;
        self.driver.unregister(registration)
    }

    pub(super) fn options(&mut self, peer: SocketAddr, uri: &str) -> Result<(), DriveError> {
        self.driver.options(peer, uri)
    }
}
