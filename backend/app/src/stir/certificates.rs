//! The certificates of signers, fetched once and kept for a while. Bounded in number, size, age, and in how many are
//! fetched at once; calls that need the same one wait for one fetch.

use super::chain::{Roots, Signer};
use domain::stir::Fault;
use moka::sync::Cache;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{OnceCell, Semaphore};

/// Certificates that are kept.
pub const CERTIFICATES_MAX: u64 = 1_000;
/// Bytes of a certificate with its chain at most.
const CERTIFICATE_BYTES_MAX: usize = 16 * 1024;
/// How long a certificate is believed without being fetched again.
const KEPT_FOR: Duration = Duration::from_secs(3_600);
/// How long it is believed that one cannot be had, or is bad.
const FAILED_FOR: Duration = Duration::from_secs(30);
/// Certificates that are fetched at the same time.
const FETCHES_MAX: usize = 32;
/// How long one fetch may take.
const FETCH_WITHIN: Duration = Duration::from_secs(2);

/// One certificate, or why there is none.
type Found = Result<Arc<Signer>, Fault>;

#[derive(Debug, Default)]
struct Slot {
    found: OnceCell<(Found, Instant)>,
}

impl Slot {
    fn is_stale(&self, now: Instant) -> bool {
        let failed = self.found.get().filter(|(found, _)| found.is_err());
        failed.is_some_and(|(_, at)| now.saturating_duration_since(*at) >= FAILED_FOR)
    }
}

#[derive(Debug)]
pub(super) struct Certificates {
    slots: Cache<String, Arc<Slot>>,
    fetches: Semaphore,
}

impl Certificates {
    pub(super) fn new() -> Self {
        Self {
            slots: Cache::builder().max_capacity(CERTIFICATES_MAX).time_to_live(KEPT_FOR).build(),
            fetches: Semaphore::new(FETCHES_MAX),
        }
    }

    /// The signer whose certificate is at an address.
    ///
    /// # Errors
    /// [`Fault::NoCertificate`], [`Fault::Certificate`].
    pub(super) async fn signer(
        &self,
        https: &vendors::Https,
        roots: &Roots,
        x5u: &str,
        now_unix_seconds: i64,
    ) -> Found {
        let mut slot = self.slots.get_with_by_ref(x5u, Arc::default);
        if slot.is_stale(Instant::now()) {
            slot = Arc::default();
            self.slots.insert(x5u.to_owned(), Arc::clone(&slot));
        }
        let fetched = async || {
            let found = self.fetch(https, roots, x5u, now_unix_seconds).await.map(Arc::new);
            (found, Instant::now())
        };
        let (found, _) = slot.found.get_or_init(fetched).await;
        let signer = found.clone()?;
        signer.holds(now_unix_seconds)?;
        Ok(signer)
    }

    async fn fetch(
        &self,
        https: &vendors::Https,
        roots: &Roots,
        x5u: &str,
        now_unix_seconds: i64,
    ) -> Result<Signer, Fault> {
        let missing = |why: String| Fault::NoCertificate(why);
        let _turn = self.fetches.acquire().await.map_err(|error| missing(error.to_string()))?;
        let body = https.get(x5u, CERTIFICATE_BYTES_MAX, FETCH_WITHIN).await;
        Signer::read(&body.map_err(|error| missing(error.to_string()))?, roots, now_unix_seconds)
    }

    /// Forgets all: other roots are trusted now.
    pub(super) fn forget(&self) {
        self.slots.invalidate_all();
    }
}
