//! The echo: a phone of the platform's own that answers every call of the edge and says what it hears, packet by packet and in whatever codec
//! was agreed. It is there whether the simulated carrier is or not. What it costs is a thread that sleeps while nobody calls.

use crate::{StartError, driver::Driver, sound::Sound};
use mio::Waker;
use sip::ua::{CallId, Event};
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Calls that are answered at one time; one more is refused with 503.
pub const ECHO_CALLS_MAX: usize = 200;
/// The longest call that is answered; the platform ends its calls before.
pub const ECHO_CALL_MAX: Duration = Duration::from_secs(360);
/// How long [`Runner::run`] stays after the last BYE, so that it can be repeated and answered.
const FAREWELL: Duration = Duration::from_millis(300);

/// Tells the running echo to stop, and where it is; cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    local: SocketAddr,
    stop: Arc<AtomicBool>,
    waker: Arc<Waker>,
}

/// The echo's loop; give it a thread of its own.
#[derive(Debug)]
pub struct Runner {
    driver: Driver,
    stop: Arc<AtomicBool>,
    edge: IpAddr,
    /// When each call ends at the latest; they come in the order of their beginning.
    ends: BTreeMap<CallId, Instant>,
}

/// Binds a free port of `ip`, so that [`Handle::local_addr`] is known at once. Calls are taken from `edge` alone.
///
/// # Errors
/// When there is no port or no poll left.
pub fn new(ip: IpAddr, edge: IpAddr) -> Result<(Handle, Runner), StartError> {
    let address = SocketAddr::new(ip, 0);
    let driver = Driver::bind(address, "echo", "Dialtone echo", ECHO_CALLS_MAX);
    let mut driver = driver.map_err(|source| StartError::Bind { address, source })?;
    driver.mirror();
    let stop = Arc::<AtomicBool>::default();
    let handle = Handle { local: driver.local_addr(), stop: Arc::clone(&stop), waker: driver.waker() };
    Ok((handle, Runner { driver, stop, edge, ends: BTreeMap::new() }))
}

impl Handle {
    /// Its SIP address over UDP.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Hangs up every call and ends [`Runner::run`].
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        // A waker fails only when the poll is gone, and then the runner is too.
        let _ = self.waker.wake();
    }
}

impl Runner {
    /// Answers calls until [`Handle::stop`]; then hangs up what is left and returns.
    pub fn run(mut self) {
        while !self.stop.load(Ordering::Acquire) {
            let until = self.ends.values().min().copied();
            if let Err(error) = self.driver.turn(until) {
                tracing::error!(%error, "the echo cannot wait for packets and stops");
                break;
            }
            while let Some(event) = self.driver.next_event() {
                self.on_event(event);
            }
            let now = Instant::now();
            let over = self.ends.extract_if(.., |_, end| *end <= now);
            for (call, _) in over.collect::<Vec<_>>() {
                self.hang_up(call);
            }
        }
        for call in std::mem::take(&mut self.ends).into_keys() {
            self.hang_up(call);
        }
        let until = Instant::now() + FAREWELL;
        while Instant::now() < until && self.driver.live_calls() > 0 && self.driver.turn(Some(until)).is_ok()
        {
            while self.driver.next_event().is_some() {}
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            // What the agent has forgotten in the meantime needs no answer.
            Event::Incoming { call, peer, .. } if peer.ip() != self.edge => {
                let _ = self.driver.refuse(call, 403, &[("Reason", "Q.850;cause=21;text=\"unknown-peer\"")]);
            }
            Event::Incoming { call, sdp, .. } => {
                if let Err(error) = self.driver.answer(call, sdp.as_ref(), Sound::Mirror) {
                    tracing::debug!(%error, "the echo could not take a call");
                    let _ = self.driver.refuse(call, 488, &[("Reason", "Q.850;cause=88;text=\"no-codec\"")]);
                    return;
                }
                self.ends.insert(call, Instant::now() + ECHO_CALL_MAX);
            }
            Event::Failed { call, .. } | Event::Cancelled { call } | Event::Ended { call, .. } => {
                self.driver.take(call);
                self.ends.remove(&call);
            }
            _ => {}
        }
    }

    fn hang_up(&mut self, call: CallId) {
        // The agent knows no such call when the far side was quicker; then it is over already.
        let _ = self.driver.hang_up(call, Some("Q.850;cause=16;text=\"normal-clearing\""));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::tester::{PACKETS, Talk, Tester, Trial};

    fn tries(edge: IpAddr, payloads: &'static [u8]) -> crate::tester::Outcome {
        let tester = Tester::bind("127.0.38.1".parse().unwrap()).unwrap();
        let (handle, runner) = new("127.0.38.2".parse().unwrap(), edge).unwrap();
        let echo = std::thread::spawn(move || runner.run());
        let trial = Trial {
            edge: handle.local_addr(),
            to: "echo".to_owned(),
            from: "+12025550100".to_owned(),
            payloads,
            talk: Talk::Whole,
            call_id: "test-echo".to_owned(),
        };
        let outcome = tester.run(&trial).unwrap();
        handle.stop();
        echo.join().unwrap();
        outcome
    }

    #[test]
    fn what_is_said_comes_back_with_its_keys_and_hold_is_taken() {
        let outcome = tries("127.0.38.1".parse().unwrap(), &[8, 0, 101]);
        assert_eq!((outcome.status, outcome.codec.as_deref()), (200, Some("PCMA")));
        let talked = outcome.talk.unwrap();
        assert_eq!((talked.returned, talked.is_key_returned), (PACKETS, true), "{talked:?}");
        assert_eq!((talked.hold, talked.resume), (Some(200), Some(200)));
    }

    #[test]
    fn codecs_that_nothing_here_speaks_are_agreed_on_all_the_same() {
        let outcome = tries("127.0.38.1".parse().unwrap(), &[111, 9]);
        assert_eq!((outcome.status, outcome.codec.as_deref()), (200, Some("opus")));
    }

    #[test]
    fn a_stranger_is_refused() {
        assert_eq!(tries("127.0.38.9".parse().unwrap(), &[0]).status, 403);
    }
}
