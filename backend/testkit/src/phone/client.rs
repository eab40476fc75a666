//! The test's end of the phone's thread: orders go in, notes of what happened come out.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::SocketAddr,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use sandbox::driver::{Driver, Wire};
use sip::{ua::CallId, wire::Message};

use super::{Event, Heard, PhoneError, station::Station};

/// The user part of its Contact.
const USER: &str = "phone";
const USER_AGENT: &str = "Dialtone test phone";
/// Most calls of one phone.
const CALLS_MAX: usize = 1_000;
/// Most orders that wait for the thread.
const ORDERS_MAX: usize = 64;

pub(super) type Order = Box<dyn FnOnce(&mut Station) + Send>;

/// What the thread writes and the test reads.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) log: Vec<(Option<CallId>, Event)>,
    pub(super) incoming: VecDeque<CallId>,
    pub(super) invites: HashMap<CallId, Message>,
    /// The counters of calls whose audio is over.
    pub(super) finished: HashMap<CallId, (Heard, u64)>,
    pub(super) has_ended: bool,
}

#[derive(Debug, Default)]
pub(super) struct Board {
    notes: Mutex<Notes>,
    changed: Condvar,
}

impl Board {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self, change: impl FnOnce(&mut Notes)) {
        change(&mut self.notes());
        self.changed.notify_all();
    }
}

/// The test's end of the thread; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Client {
    orders: SyncSender<Order>,
    waker: Arc<mio::Waker>,
    board: Arc<Board>,
}

/// The client that owns the thread.
#[derive(Debug)]
pub(super) struct Line {
    client: Client,
    local: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl std::ops::Deref for Line {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Line {
    pub(super) fn start(address: SocketAddr) -> io::Result<Self> {
        Self::drive(Driver::bind(address, USER, USER_AGENT, CALLS_MAX)?)
    }

    pub(super) fn over(wire: Box<dyn Wire>, contact_host: Option<&str>) -> io::Result<Self> {
        Self::drive(Driver::over(wire, contact_host, USER, USER_AGENT, CALLS_MAX)?)
    }

    fn drive(driver: Driver) -> io::Result<Self> {
        let (local, waker) = (driver.local_addr(), driver.waker());
        let (orders, receiver) = sync_channel(ORDERS_MAX);
        let board = Arc::new(Board::default());
        let station = Station::new(driver, board.clone());
        let thread = std::thread::Builder::new().name(format!("phone {local}"));
        let thread = Some(thread.spawn(move || station.run(&receiver))?);
        Ok(Self { client: Client { orders, waker, board }, local, thread })
    }

    pub(super) const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = self.ask(|station| station.stop = true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Client {
    /// Runs something on the thread and waits for what it gives.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Station) -> T + Send + 'static,
    ) -> Result<T, PhoneError> {
        let (sender, answer) = sync_channel(1);
        let order: Order = Box::new(move |station| {
            let _ = sender.send(question(station));
        });
        self.orders.send(order).map_err(|_| PhoneError::Gone)?;
        let _ = self.waker.wake();
        answer.recv().map_err(|_| PhoneError::Gone)
    }

    pub(super) fn log_length(&self) -> usize {
        self.board.notes().log.len()
    }

    /// The events of a call, or all.
    pub(super) fn events(&self, call: Option<CallId>) -> Vec<Event> {
        let notes = self.board.notes();
        let of_call = notes.log.iter().filter(|(other, _)| call.is_none() || *other == call);
        of_call.map(|(_, event)| event.clone()).collect()
    }

    /// Waits for the first event of a call (or of none), from this place in the log on; also says the place
    /// after it.
    pub(super) fn wait(
        &self,
        call: Option<CallId>,
        from: usize,
        what: &str,
        patience: Duration,
        is_it: impl Fn(&Event) -> bool,
    ) -> Result<(usize, Event), PhoneError> {
        let until = Instant::now() + patience;
        let mut notes = self.board.notes();
        loop {
            let later = notes.log.iter().enumerate().skip(from);
            let found = later.filter(|(_, (other, _))| *other == call).find(|(_, (_, event))| is_it(event));
            if let Some((place, (_, event))) = found {
                return Ok((place + 1, event.clone()));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || notes.has_ended {
                drop(notes);
                let seen = self.events(call);
                return Err(PhoneError::Deadline { what: what.to_owned(), waited: patience, seen });
            }
            notes = self.board.changed.wait_timeout(notes, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(super) fn take_incoming(&self, until: Instant, waited: Duration) -> Result<CallId, PhoneError> {
        let mut notes = self.board.notes();
        loop {
            if let Some(call) = notes.incoming.pop_front() {
                return Ok(call);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || notes.has_ended {
                drop(notes);
                let what = "an incoming call".to_owned();
                return Err(PhoneError::Deadline { what, waited, seen: self.events(None) });
            }
            notes = self.board.changed.wait_timeout(notes, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(super) fn invite(&self, call: CallId) -> Option<Message> {
        self.board.notes().invites.get(&call).cloned()
    }

    /// What came in on a call and how many packets went out, also after its end.
    pub(super) fn counters(&self, call: CallId) -> Result<(Heard, u64), PhoneError> {
        let live =
            self.ask(move |station| station.driver.line(call).map(|line| (line.heard(), line.sent())))?;
        Ok(live.or_else(|| self.board.notes().finished.get(&call).cloned()).unwrap_or_default())
    }
}
