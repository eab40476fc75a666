//! The load generator: caller and callee in one thread, on the project's own parser, over any wire.
//!
//! It keeps to RFC 3261 as far as load needs it: INVITE and BYE are sent again on a lossy wire (timers A and E), a 200 is
//! sent again until its ACK, a 200 that comes again is acknowledged again, and the Record-Routes of a proxy are kept.

mod callee;
mod caller;

use crate::{
    cpu,
    link::{Keys, Wire},
};
use callee::Callee;
use caller::Caller;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// First pause before a message is sent again (RFC 3261 §17.1.1.1).
pub(crate) const T1: Duration = Duration::from_millis(500);
/// After this long without an answer a request has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(32);
/// How long the generator rests when nothing is to do.
const REST: Duration = Duration::from_micros(300);

/// What is called, and how.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) wire: Wire,
    /// Where the caller is, where it calls, and where the callee is.
    pub(crate) caller: SocketAddr,
    pub(crate) target: SocketAddr,
    pub(crate) callee: SocketAddr,
    pub(crate) keys: Option<Keys>,
    /// The caller id, and the host of its From and Contact.
    pub(crate) number: String,
    pub(crate) host: String,
    pub(crate) dialled: String,
    /// Calls per second, how many, and how long each is held.
    pub(crate) rate: u32,
    pub(crate) calls: u32,
    pub(crate) ring: Duration,
    pub(crate) hold: Duration,
    /// Whether calls carry SDP, and so take media ports.
    pub(crate) has_media: bool,
}

/// What became of the calls.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counts {
    pub(crate) started: u64,
    /// Answered, talked and ended by us.
    pub(crate) completed: u64,
    /// Refused with 503, before they rang.
    pub(crate) refused: u64,
    /// Those of them that said when to try again.
    pub(crate) with_retry_after: u64,
    /// Refused otherwise.
    pub(crate) failed: u64,
    /// Admitted (they rang or were answered), and then went wrong.
    pub(crate) broken: u64,
    /// Nobody answered at all.
    pub(crate) silent: u64,
    pub(crate) retransmissions: u64,
    /// From INVITE to 200, less the time that it rang, microseconds.
    pub(crate) setup_us: Vec<u32>,
    /// The statuses of what failed or broke, the first few.
    pub(crate) statuses: Vec<u16>,
}

impl Counts {
    /// Microseconds that this share of the calls took at most.
    pub(crate) fn percentile(&self, share: f64) -> u32 {
        let mut sorted = self.setup_us.clone();
        sorted.sort_unstable();
        let place = (sorted.len() as f64 * share) as usize;
        sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// Both ends at work.
pub(crate) struct Generator {
    caller: Caller,
    callee: Callee,
    load: Load,
    began: Instant,
    cpu: Duration,
}

impl Generator {
    /// Opens the callee's end, so that it can be called and connected to.
    pub(crate) fn new(load: Load) -> std::io::Result<Self> {
        let callee = Callee::new(&load)?;
        let caller = Caller::new(&load)?;
        Ok(Self { caller, callee, load, began: Instant::now(), cpu: cpu::own() })
    }

    /// Runs until this many calls are up and stay up.
    pub(crate) fn run_until_up(&mut self, live: u64, deadline: Duration) -> bool {
        let end = Instant::now() + deadline;
        self.restart();
        while self.caller.up() < live && Instant::now() < end {
            self.turn();
        }
        self.caller.up() >= live
    }

    /// Runs until all calls are over.
    pub(crate) fn run(&mut self) {
        self.restart();
        while !self.caller.is_done() {
            self.turn();
        }
        // What is sent again by the far ends is answered for a moment longer.
        self.linger(Duration::from_millis(200));
    }

    /// Answers what comes, and lets calls end that are due, without starting any.
    pub(crate) fn linger(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.turn();
        }
    }

    /// What was counted, and CPU time of this thread.
    pub(crate) fn counts(&self) -> (Counts, Duration) {
        let mut counts = self.caller.counts.clone();
        counts.retransmissions += self.callee.retransmissions;
        (counts, cpu::own().saturating_sub(self.cpu))
    }

    /// Has further calls made, beside those that are up.
    pub(crate) fn go_on(&mut self, rate: u32, calls: u32, hold: Duration) {
        self.load.rate = rate;
        self.caller.go_on(calls, hold);
        self.callee.retransmissions = 0;
        self.cpu = cpu::own();
    }

    fn restart(&mut self) {
        self.began = Instant::now();
        self.caller.mark();
    }

    fn turn(&mut self) {
        let now = Instant::now();
        let due = now.saturating_duration_since(self.began).as_secs_f64() * f64::from(self.load.rate);
        let is_started = self.caller.start(due as u64, now);
        let has_heard = self.caller.turn(now);
        let has_answered = self.callee.turn(now);
        if !(is_started || has_heard || has_answered) {
            std::thread::sleep(REST);
        }
    }
}
