//! From bound ports to running threads, and back.

use crate::{
    Config, Handle, Loss, StartError,
    control::{COMMANDS_MAX, Link},
    counters::SessionCounters,
    ports::Pair,
    worker::{Bell, Worker},
};
use std::{
    io,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tracing::error;

/// The most workers that a session's number can name.
const WORKERS_MAX: usize = 256;
/// Below this many cores the system places the threads better than pinning does: signalling needs the same cores.
const PIN_FROM_CORES: usize = 4;

/// A relay whose ports are bound and that does not run yet.
#[derive(Debug)]
pub struct Runner {
    handle: Handle,
    workers: Vec<Worker>,
    pairs: usize,
}

/// A running relay. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    handle: Handle,
    threads: Vec<JoinHandle<()>>,
}

impl Runner {
    /// How many even/odd pairs of ports can be used.
    #[must_use]
    pub const fn pairs(&self) -> usize {
        self.pairs
    }

    /// Starts the threads, each on a core of its own where there are enough.
    ///
    /// # Errors
    /// `System` if a thread can't be had.
    pub fn start(self) -> Result<Running, StartError> {
        let cores = core_affinity::get_core_ids().unwrap_or_default();
        let pinned = cores.len() >= PIN_FROM_CORES && self.workers.len() <= cores.len();
        let mut running = Running { handle: self.handle, threads: Vec::new() };
        for (index, worker) in self.workers.into_iter().enumerate() {
            let core = cores.get(index).copied().filter(|_| pinned);
            let deaths = running.handle.count_of_deaths();
            let thread = thread::Builder::new().name(format!("relay-{index}")).spawn(move || {
                core.map(core_affinity::set_for_current);
                work(worker, index, &deaths);
            })?;
            running.threads.push(thread);
        }
        Ok(running)
    }
}

/// Has a worker work until it is told to stop. Where its work breaks off, it begins anew without sessions, and they are told.
fn work(mut worker: Worker, index: usize, deaths: &AtomicU64) {
    loop {
        let why = match catch_unwind(AssertUnwindSafe(|| worker.run())) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it panicked".to_owned(),
        };
        deaths.fetch_add(1, Relaxed);
        match worker.revive() {
            Ok(listeners) => {
                let calls = listeners.len();
                error!(%why, worker = index, calls, "a media worker has died: its calls are ended, and it is replaced");
                for listener in listeners {
                    // One that panics, too, keeps none of the others from hearing.
                    let _ = catch_unwind(AssertUnwindSafe(|| (listener.0)(Loss::WorkerDied)));
                }
            }
            Err(error) => {
                error!(%why, %error, worker = index, "a media worker has died and can't be replaced: restart the server");
                return;
            }
        }
    }
}

impl Running {
    /// Stops the workers and waits for them.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.shutdown();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Deals the pairs out to the workers.
pub(crate) fn assemble(config: Config, bound: Vec<Pair>) -> io::Result<(Handle, Runner)> {
    let pairs = bound.len();
    let count = config.workers.clamp(1, WORKERS_MAX).min(pairs / 2);
    let mut shares: Vec<Vec<Pair>> = (0..count).map(|_| Vec::new()).collect();
    for (index, pair) in bound.into_iter().enumerate() {
        shares[index % count].push(pair);
    }
    let common = (config.public, config.port_rest, Instant::now());
    let mut links = Vec::with_capacity(count);
    let mut workers = Vec::with_capacity(count);
    for share in shares {
        let (link, worker) = one(share, common, config.tick)?;
        links.push(link);
        workers.push(worker);
    }
    let handle = Handle::new(links, config.public, config.sessions_max, common.2);
    Ok((handle.clone(), Runner { handle, workers, pairs }))
}

fn one(share: Vec<Pair>, common: (IpAddr, Duration, Instant), tick: Duration) -> io::Result<(Link, Worker)> {
    let (producer, consumer) = rtrb::RingBuffer::new(COMMANDS_MAX);
    let bell = Arc::new(Bell::new()?);
    let counters: Arc<[SessionCounters]> = (0..share.len() / 2).map(|_| SessionCounters::default()).collect();
    let pairs: Arc<[Pair]> = share.into();
    let link = Link::new(producer, Arc::clone(&bell), Arc::clone(&pairs), Arc::clone(&counters), common);
    let worker = Worker::new(consumer, bell, pairs, counters, common.2, tick)?;
    Ok((link, worker))
}
