//! Which traces are kept, and their way into the database: beside the writer of calls, once a second at most, and within
//! a budget of bytes, so that load does not drown the database. Above it only calls that were not answered keep theirs.

use super::codec::pack;
use crate::calls::{State, record::utc};
use domain::{access::Scope, ids::CallId};
use edge::seam::Trace;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use store::{
    Db,
    calls::{StoredTrace, insert_traces},
};
use uuid::Uuid;

/// Bytes of traces that are kept each second, unpacked, over all calls; as they count at the end of a call, before its last messages.
pub const TRACE_BYTES_PER_SECOND: u64 = 512 * 1024;
/// Bytes each second beyond these, for calls that were not answered.
pub const TRACE_BYTES_PER_SECOND_FAILED: u64 = 512 * 1024;
/// Seconds for which an unused budget is saved up.
const BURST_SECONDS: u64 = 8;
/// Traces that wait to be written; one more is not kept.
const WAITING_MAX: usize = 4_096;
/// How often those that wait are written.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// Traces of one transaction.
const BATCH_MAX: usize = 256;

/// What became of the traces of this node since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TraceCounts {
    /// Written down.
    pub kept: u64,
    /// Not kept, since there were more than the budget allows.
    pub over_budget: u64,
    /// Lost, since the database did not take them.
    pub lost: u64,
}

/// A bucket of bytes that fills with time.
#[derive(Debug)]
struct Bucket {
    per_second: u64,
    bytes: u64,
    at: Instant,
}

impl Bucket {
    const fn new(per_second: u64, at: Instant) -> Self {
        Self { per_second, bytes: per_second * BURST_SECONDS, at }
    }

    /// Takes so many bytes out, where they are in it.
    fn take(&mut self, now: Instant, bytes: u64) -> bool {
        let passed = now.saturating_duration_since(self.at);
        let gained =
            u64::try_from(passed.as_micros()).unwrap_or(u64::MAX).saturating_mul(self.per_second) / 1_000_000;
        if gained > 0 {
            // Only the time that was turned into bytes is used up.
            self.at += Duration::from_micros(gained.saturating_mul(1_000_000) / self.per_second);
            self.bytes = self.bytes.saturating_add(gained).min(self.per_second * BURST_SECONDS);
        }
        let has_room = bytes <= self.bytes;
        if has_room {
            self.bytes -= bytes;
        }
        has_room
    }
}

#[derive(Debug)]
struct Budget {
    all: Bucket,
    failed: Bucket,
}

impl Budget {
    const fn new(now: Instant) -> Self {
        Self {
            all: Bucket::new(TRACE_BYTES_PER_SECOND, now),
            failed: Bucket::new(TRACE_BYTES_PER_SECOND_FAILED, now),
        }
    }

    fn take(&mut self, now: Instant, bytes: usize, is_answered: bool) -> bool {
        let bytes = bytes as u64;
        self.all.take(now, bytes) || (!is_answered && self.failed.take(now, bytes))
    }
}

/// Takes the traces of calls that are over.
#[derive(Debug)]
pub(in crate::calls) struct Keeper {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Whether traces are kept at all.
    is_on: bool,
    budget: Mutex<Budget>,
    waiting: Mutex<HashMap<u128, Arc<Trace>>>,
    kept: AtomicU64,
    over_budget: AtomicU64,
    lost: AtomicU64,
}

impl Keeper {
    /// Starts to write what it is given. Must be called inside a runtime; the writing ends when this is dropped.
    pub(in crate::calls) fn start(db: Db, is_on: bool) -> Self {
        let shared = Arc::new(Shared {
            is_on,
            budget: Mutex::new(Budget::new(Instant::now())),
            waiting: Mutex::default(),
            kept: AtomicU64::new(0),
            over_budget: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        });
        let weak = Arc::downgrade(&shared);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(WRITE_EVERY).await;
                let Some(shared) = weak.upgrade() else { return };
                shared.write(&db).await;
            }
        });
        Self { shared }
    }

    /// Whether a trace of so many bytes is within the budget, which it uses up then; one that is not is counted.
    pub(in crate::calls) fn wants(&self, bytes: usize, is_answered: bool) -> bool {
        let shared = &self.shared;
        let is_wanted = shared.is_on && State::lock(&shared.budget).take(Instant::now(), bytes, is_answered);
        if shared.is_on && !is_wanted {
            shared.over_budget.fetch_add(1, Ordering::Relaxed);
        }
        is_wanted
    }

    /// Takes a trace that was wanted, or counts it where there is no room. Never blocks for longer than a map takes.
    pub(in crate::calls) fn take(&self, trace: Trace) {
        let shared = &self.shared;
        if !shared.is_on {
            return;
        }
        let mut waiting = State::lock(&shared.waiting);
        if waiting.len() < WAITING_MAX {
            waiting.insert(trace.call, Arc::new(trace));
        } else {
            shared.over_budget.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The trace of a call that waits to be written.
    pub(super) fn waiting(&self, call: u128) -> Option<Arc<Trace>> {
        State::lock(&self.shared.waiting).get(&call).cloned()
    }

    /// How many wait to be written.
    pub(super) fn count(&self) -> usize {
        State::lock(&self.shared.waiting).len()
    }

    pub(super) fn counts(&self) -> TraceCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Shared { kept, over_budget, lost, .. } = &*self.shared;
        TraceCounts { kept: read(kept), over_budget: read(over_budget), lost: read(lost) }
    }
}

impl Shared {
    /// Writes those that wait, a batch a time. A batch that the database does not take is lost: evidence is worth less
    /// than the records that would wait behind it.
    async fn write(&self, db: &Db) {
        loop {
            let batch: Vec<Arc<Trace>> =
                State::lock(&self.waiting).values().take(BATCH_MAX).cloned().collect();
            if batch.is_empty() {
                return;
            }
            let calls: Vec<u128> = batch.iter().map(|trace| trace.call).collect();
            let packed = tokio::task::spawn_blocking(move || batch.iter().map(|trace| row(trace)).collect());
            let count = calls.len() as u64;
            let written = match packed.await {
                Ok(rows) => insert(db, rows).await,
                Err(_) => Err(store::Error::Missing),
            };
            match written {
                Ok(()) => self.kept.fetch_add(count, Ordering::Relaxed),
                Err(error) => {
                    tracing::warn!(%error, count, "traces of calls were not written");
                    self.lost.fetch_add(count, Ordering::Relaxed)
                }
            };
            let mut waiting = State::lock(&self.waiting);
            for call in calls {
                waiting.remove(&call);
            }
        }
    }
}

fn row(trace: &Trace) -> StoredTrace {
    let at = trace.entries().last().map_or(SystemTime::UNIX_EPOCH, |entry| entry.at);
    StoredTrace { call: CallId(Uuid::from_u128(trace.call)), at: utc(at), body: pack(trace) }
}

async fn insert(db: &Db, rows: Vec<StoredTrace>) -> Result<(), store::Error> {
    let scope = Scope::system("traces of all tenants' calls are kept");
    let tx = db.begin().await?;
    insert_traces(&tx, &scope, rows).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn above_the_budget_only_calls_that_were_not_answered_keep_their_traces_until_theirs_is_used_up_too() {
        let begun = Instant::now();
        let mut budget = Budget::new(begun);
        let trace = 16 * 1024;
        let burst = (TRACE_BYTES_PER_SECOND * BURST_SECONDS) as usize / trace;
        assert_eq!((0..burst + 50).filter(|_| budget.take(begun, trace, true)).count(), burst);
        let failed = (TRACE_BYTES_PER_SECOND_FAILED * BURST_SECONDS) as usize / trace;
        assert_eq!((0..failed + 50).filter(|_| budget.take(begun, trace, false)).count(), failed);
        assert!(!budget.take(begun + SECOND / 100, trace, true));
        let a_second = (0..200).filter(|_| budget.take(begun + SECOND, trace, true)).count();
        assert_eq!(a_second, TRACE_BYTES_PER_SECOND as usize / trace);
    }

    #[test]
    fn a_bucket_that_is_asked_often_gains_no_less() {
        let begun = Instant::now();
        let mut bucket = Bucket::new(1_000, begun);
        assert!(bucket.take(begun, 8_000));
        let taken: u64 = (1..=2_000).filter(|at| bucket.take(begun + SECOND * *at / 2_000, 1)).count() as u64;
        assert!((900..=1_000).contains(&taken), "{taken}");
    }
}
