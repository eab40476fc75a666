//! The doorman: how often somebody may try a password, and how many passwords are checked at a time.

use crate::Error;
use moka::sync::Cache;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Wrong passwords for one address in [`WINDOW`] before it must wait.
const TRIES_MAX: u32 = 10;
/// How long wrong passwords are remembered.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Addresses that are remembered.
const REMEMBERED_MAX: u64 = 100_000;
/// Passwords hashed at the same time: each takes 19 MiB and a core.
const HASHING_MAX: usize = 4;
/// How long somebody waits for their turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);

/// Remembers wrong passwords, and bounds the work of checking them.
#[derive(Debug)]
pub(crate) struct Doorman {
    wrong: Cache<String, Arc<AtomicU32>>,
    turns: Semaphore,
}

impl Doorman {
    pub(crate) fn new() -> Self {
        Self {
            wrong: Cache::builder().max_capacity(REMEMBERED_MAX).time_to_live(WINDOW).build(),
            turns: Semaphore::new(HASHING_MAX),
        }
    }

    /// Whether a password for this address may be tried now.
    pub(crate) fn admit(&self, email: &str) -> Result<(), Error> {
        let wrong = self.wrong.get(email).map_or(0, |count| count.load(Ordering::Relaxed));
        if wrong < TRIES_MAX {
            return Ok(());
        }
        Err(Error::TooMany {
            message: "too many wrong passwords for this address: wait a quarter of an hour".to_owned(),
            retry_after: u32::try_from(WINDOW.as_secs()).unwrap_or(u32::MAX),
        })
    }

    /// A password was wrong.
    pub(crate) fn wrong(&self, email: &str) {
        self.wrong.get_with(email.to_owned(), Arc::default).fetch_add(1, Ordering::Relaxed);
    }

    /// A password was right.
    pub(crate) fn right(&self, email: &str) {
        self.wrong.invalidate(email);
    }

    /// A turn at hashing.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, Error> {
        match tokio::time::timeout(TURN_TIMEOUT, self.turns.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Error::Unavailable { retry_after: 5 }),
        }
    }
}
