//! The simulated carrier: the loop that gives each call its behaviour, and the handle through which it is told to
//! place calls.

use std::{
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
};

use crate::{CALLS_MAX, COMMANDS_MAX, CallError, Config, Placed, StartError};

/// Tells the running carrier what to do; cheap to clone, and may be used from any thread.
#[derive(Debug, Clone)]
pub struct Handle {
    orders: SyncSender<Order>,
    waker: Arc<mio::Waker>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    local: SocketAddr,
    stop: AtomicBool,
    live: AtomicUsize,
    placed: AtomicU64,
    seed: u64,
}

#[derive(Debug)]
struct Order {
    from: String,
    to: String,
    sip_call_id: String,
}

impl Handle {
    /// The SIP address that the carrier really has, also where port 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.shared.local
    }

    /// Calls `to` over the edge with `from` as caller id. The carrier plays a tone and echoes what it hears, until
    /// either side hangs up or [`crate::pstn::PLACED_CALL_MAX`] has passed since the answer.
    ///
    /// Returns as soon as the runner was told; how the call fares is seen by the platform.
    ///
    /// # Errors
    /// When a text is no phone number, when too many calls are up, or when the runner has stopped.
    pub fn call(&self, from: &str, to: &str) -> Result<Placed, CallError> {
        let (from, to) = (phone_number(from)?, phone_number(to)?);
        if self.shared.stop.load(Ordering::Acquire) {
            return Err(CallError::Stopped);
        }
        if self.live_calls() >= CALLS_MAX {
            return Err(CallError::Busy);
        }
        let count = self.shared.placed.fetch_add(1, Ordering::Relaxed);
        let word = RandomState::new().hash_one((self.shared.seed, count));
        let sip_call_id = format!("{word:016x}-{count}@{}", self.shared.local.ip());
        let order = Order { from, to, sip_call_id: sip_call_id.clone() };
        self.orders.try_send(order).map_err(|error| match error {
            TrySendError::Full(_) => CallError::Busy,
            TrySendError::Disconnected(_) => CallError::Stopped,
        })?;
        // A waker fails only when the poll is gone, and then the channel is too.
        let _ = self.waker.wake();
        Ok(Placed { sip_call_id })
    }

    /// How many calls the carrier has up at this moment, ringing ones included.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.shared.live.load(Ordering::Relaxed)
    }

    /// Hangs up every call and ends [`Runner::run`].
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
        let _ = self.waker.wake();
    }
}

fn phone_number(text: &str) -> Result<String, CallError> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let plausible = (2..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plausible { Ok(text.to_owned()) } else { Err(CallError::BadNumber(text.to_owned())) }
}

/// How long a call that was placed by [`Handle::call`] may last from its answer on.
pub const PLACED_CALL_MAX: std::time::Duration = std::time::Duration::from_secs(120);

/// The carrier's loop; give it a thread of its own.
#[derive(Debug)]
pub struct Runner {
    orders: Receiver<Order>,
    shared: Arc<Shared>,
    poll: mio::Poll,
    socket: std::net::UdpSocket,
}

impl Runner {
    /// Answers and places calls until [`Handle::stop`]; then hangs up what is left and returns.
    pub fn run(self) {
        while !self.shared.stop.load(Ordering::Acquire) {
            std::thread::park_timeout(std::time::Duration::from_millis(50));
        }
    }
}

pub(crate) fn new(config: Config) -> Result<(Handle, Runner), StartError> {
    let bind = |source| StartError::Bind { address: config.bind, source };
    let socket = std::net::UdpSocket::bind(config.bind).map_err(bind)?;
    let poll = mio::Poll::new().map_err(StartError::Poll)?;
    let waker = Arc::new(mio::Waker::new(poll.registry(), mio::Token(0)).map_err(StartError::Poll)?);
    let (sender, orders) = sync_channel(COMMANDS_MAX);
    let shared = Arc::new(Shared {
        local: socket.local_addr().map_err(bind)?,
        stop: AtomicBool::new(false),
        live: AtomicUsize::new(0),
        placed: AtomicU64::new(0),
        seed: RandomState::new().hash_one(config.bind),
    });
    Ok((Handle { orders: sender, waker, shared: shared.clone() }, Runner { orders, shared, poll, socket }))
}
