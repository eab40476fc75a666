//! The handle: how the rest of the program tells the simulated carrier what to do.

use std::{
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
};

use mio::Waker;

use crate::{CALLS_MAX, COMMANDS_MAX, CallError, Placed};

/// Tells the running carrier what to do; cheap to clone, and may be used from any thread.
#[derive(Debug, Clone)]
pub struct Handle {
    orders: SyncSender<Order>,
    waker: Arc<Waker>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) local: SocketAddr,
    pub(crate) stop: AtomicBool,
    pub(crate) live: AtomicUsize,
    placed: AtomicU64,
    seed: u64,
}

#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) sip_call_id: String,
}

impl Handle {
    /// The handle of a carrier at `local`, and the other ends of its channel and flags.
    pub(crate) fn new(local: SocketAddr, waker: Arc<Waker>) -> (Self, Receiver<Order>, Arc<Shared>) {
        let (orders, receiver) = sync_channel(COMMANDS_MAX);
        let shared = Arc::new(Shared {
            local,
            stop: AtomicBool::new(false),
            live: AtomicUsize::new(0),
            placed: AtomicU64::new(0),
            seed: RandomState::new().hash_one(local),
        });
        (Self { orders, waker, shared: shared.clone() }, receiver, shared)
    }

    /// The SIP address that the carrier really has, also where port 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.shared.local
    }

    /// Calls `to` over the edge with `from` as caller id. The carrier plays a tone and echoes what it hears,
    /// until either side hangs up or [`PLACED_CALL_MAX`](crate::PLACED_CALL_MAX) has passed since the answer.
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

    /// Hangs up every call and ends [`Runner::run`](crate::Runner::run).
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
