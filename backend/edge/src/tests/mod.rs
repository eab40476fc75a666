//! The edge on real loopback sockets, with a business, a registrar and a relay that are fakes of these tests.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod browsers;
mod calls;
mod fakes;
mod guard;
mod large;
mod limits;
mod media;
mod originate;
mod peers;
mod register;
mod secure;
mod strangers;
mod streams;
mod traces;
mod transfer;

use crate::context::Context;
use crate::{Config, Handle, Running};
use fakes::{Business, FakeRelay, Phonebook};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest that a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(10);
/// The tenant's domain of the fake business.
const DOMAIN: &str = "t.test";
const SECRET: [u8; 32] = [7; 32];

/// A running edge with its fakes. One shard keeps the order of messages.
struct Edge {
    running: Option<Running>,
    handle: Handle,
    addr: SocketAddr,
    business: Arc<Business>,
    phones: Arc<Phonebook>,
    relay: Arc<FakeRelay>,
}

impl Edge {
    fn start() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config { shards: 1, ..Config::new(([127, 0, 0, 1], 0).into(), SECRET) };
        change(&mut config);
        let (handle, runner) = crate::new(config);
        let (business, phones, relay) = (Arc::default(), Arc::default(), Arc::default());
        let running = runner
            .start(Arc::clone(&business) as _, Arc::clone(&phones) as _, Arc::clone(&relay) as _)
            .unwrap();
        Self { addr: running.udp_addr, running: Some(running), handle, business, phones, relay }
    }
}

/// What a thread of the edge sees, without a thread.
pub(crate) fn context(change: impl FnOnce(&mut Config)) -> Context {
    let mut config = Config { shards: 1, ..Config::new(([127, 0, 0, 1], 0).into(), SECRET) };
    change(&mut config);
    let (handle, _) = Handle::new(&config);
    Context {
        control: Arc::<Business>::default(),
        registrar: Arc::<Phonebook>::default(),
        media: Arc::<FakeRelay>::default(),
        shared: Arc::clone(handle.shared()),
        mint: sip::digest::NonceMint::new(SECRET),
        hash: std::hash::RandomState::new(),
        public_host: "edge.test".to_owned(),
        limits: config.limits,
        udp: std::net::UdpSocket::bind("127.0.0.1:0").unwrap(),
        local: ([127, 0, 0, 1], 0).into(),
        streams: std::sync::mpsc::sync_channel(1).0,
        is_io_stopping: std::sync::atomic::AtomicBool::new(false),
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        drop(self.running.take());
        if !std::thread::panicking() {
            assert_eq!(self.handle.count(), 0, "a call was not ended");
            assert_eq!(self.relay.open(), 0, "a media session was not closed");
            self.business.assert_each_decided_call_ended_once();
        }
    }
}

/// Waits until there is an answer.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
