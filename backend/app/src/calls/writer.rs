//! The one writer of calls: it takes what is waiting, runs it in one transaction, and answers. What arrives meanwhile
//! is the next batch, so that many calls share one durable commit. Between two batches jobs gather for a moment
//! ([`GATHER`]), so a lone call waits for nobody; a writer that is busy lets answers wait for the ends of their calls, and
//! settlements for one another ([`super::late`]). Both spare the machine more than they cost the callers.
//!
//! New calls stand in a short queue of their own: when it is full they are refused with 503, while the calls that are
//! up go on unharmed. What a call that is up needs (its answer, extensions, end) is never refused: there are at most
//! three such jobs per call, and the calls are bounded.

use super::{
    batch::{self, Answer, Done, Work},
    late::{Ending, Late},
    table::LIVE_CALLS_MAX,
};
use crate::events;
use chrono::Utc;
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use store::Db;
use tokio::sync::{mpsc, oneshot};

/// New calls that wait for their hold; one more is refused.
pub const OPENS_MAX: usize = 2_048;
/// Jobs of calls that are up: an answer, an extension and an end for each.
const FOLLOWS_MAX: usize = 3 * LIVE_CALLS_MAX;
/// Jobs of either queue in one transaction.
pub const BATCH_MAX: usize = 1_024;
/// From so many jobs in a batch on, the writer is busy.
const BUSY: usize = 8;
/// From the start of a batch to the start of the next one, at least.
const GATHER: Duration = Duration::from_millis(20);
/// Pause after a failed batch, before what must not be lost is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// Jobs that fail by themselves, one after another, before the database is held to be the reason.
const ALONE_FAILURES_MAX: usize = 3;

/// Tries of a transaction that loses races, the first included.
const TRIES: usize = 4;

/// How often a node that carries calls writes down that it is at work. A crash loses the charge of this time, and of
/// what one transaction takes, at most.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(5);

/// Whom to tell what became of a job.
pub(super) type Reply = Box<dyn FnOnce(Answer) + Send>;

/// Something to write, and whom to tell.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) reply: Reply,
}

impl Job {
    pub(super) fn new(work: Work, reply: impl FnOnce(Answer) + Send + 'static) -> Self {
        Self { work, reply: Box::new(reply) }
    }
}

/// The way to the writer.
#[derive(Debug)]
pub(super) struct Writer {
    opens: mpsc::Sender<Job>,
    follows: mpsc::Sender<Job>,
    lost: Arc<AtomicU64>,
}

impl Writer {
    /// Starts the writer. Must be called inside a runtime; it ends when this is dropped and the queues are empty.
    pub(super) fn start(db: Db, node: String, events: Arc<events::State>) -> Self {
        let (opens, new_calls) = mpsc::channel(OPENS_MAX);
        let (follows, live_calls) = mpsc::channel(FOLLOWS_MAX);
        tokio::spawn(
            Desk { db, node, events, new_calls, live_calls, waiting: VecDeque::new(), late: Late::default() }
                .run(),
        );
        Self { opens, follows, lost: Arc::default() }
    }

    /// Queues a job of a new call, or gives it back where the queue is full.
    pub(super) fn open(&self, job: Job) -> Result<(), Box<Job>> {
        self.opens.try_send(job).map_err(|error| Box::new(error.into_inner()))
    }

    /// How full the queue of new calls is, percent.
    pub(super) fn backlog(&self) -> u8 {
        let waiting = OPENS_MAX.saturating_sub(self.opens.capacity());
        u8::try_from(waiting * 100 / OPENS_MAX).unwrap_or(u8::MAX)
    }

    /// Queues a job of a call that is up.
    pub(super) fn follow(&self, job: Job) {
        if let Err(error) = self.follows.try_send(job) {
            self.lost.fetch_add(1, Ordering::Relaxed);
            tracing::error!(%error, "a call's job was not written: the call is closed when this node starts again");
        }
    }

    /// Queues the record of a refused call; under overload it is counted instead.
    pub(super) fn note(&self, job: Job) {
        if self.opens.try_send(job).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Has the writer say every [`HEARTBEAT_EVERY`] that the node is at work, until it ends. A beat is a job like the
    /// others: a writer that writes nothing does not pretend to.
    pub(super) fn start_heartbeat(&self) {
        let writer = self.follows.downgrade();
        let started_at = Utc::now();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(HEARTBEAT_EVERY).await;
                let (written, wait) = oneshot::channel();
                let Some(writer) = writer.upgrade() else { return };
                // One beat at a time; whether it was written shows in the next one.
                let job = Job::new(Work::Beat { started_at }, move |_| {
                    // Nobody listens only where this task has ended.
                    let _ = written.send(());
                });
                if writer.try_send(job).is_ok() {
                    drop(writer);
                    let _ = wait.await;
                }
            }
        });
    }

    /// Records that were not written, since the start.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").finish_non_exhaustive()
    }
}

/// The writer at work.
struct Desk {
    db: Db,
    node: String,
    events: Arc<events::State>,
    new_calls: mpsc::Receiver<Job>,
    live_calls: mpsc::Receiver<Job>,
    /// What failed and must not be lost.
    waiting: VecDeque<Job>,
    /// What may wait.
    late: Late,
}

impl Desk {
    async fn run(mut self) {
        while let Some(jobs) = self.gather().await {
            let began = Instant::now();
            self.write(jobs).await;
            // In a transaction of their own, which new calls need not wait for.
            let settlements = self.late.take_settlements(Instant::now());
            self.write(settlements).await;
            let pause = GATHER.saturating_sub(began.elapsed());
            if self.waiting.is_empty() && !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
    }

    async fn write(&mut self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let (works, replies): (Vec<_>, Vec<_>) = jobs.into_iter().map(|job| (job.work, job.reply)).unzip();
        match write(&self.db, (&self.node, &self.events), &works, self.late.ending()).await {
            Ok(Done { answers, settled, .. }) => {
                self.late.written(&settled);
                replies.into_iter().zip(answers).for_each(|(reply, answer)| reply(answer));
            }
            Err(error) => {
                tracing::warn!(%error, jobs = works.len(), "a batch of calls failed: each is tried alone");
                // What waits goes first: somebody may need its money.
                let mut alone = self.late.take_all();
                alone.extend(works.into_iter().zip(replies).map(|(work, reply)| Job { work, reply }));
                self.one_by_one(alone).await;
            }
        }
    }

    /// One job that cannot be written must not keep others from it.
    async fn one_by_one(&mut self, jobs: Vec<Job>) {
        let mut failures = 0;
        for job in jobs {
            let written = if failures < ALONE_FAILURES_MAX {
                write(
                    &self.db,
                    (&self.node, &self.events),
                    std::slice::from_ref(&job.work),
                    &Ending::default(),
                )
                .await
                .map(|mut done| done.answers.pop())
            } else {
                Ok(None)
            };
            match written {
                Ok(Some(answer)) => {
                    failures = 0;
                    (job.reply)(answer);
                }
                failed => {
                    failures += 1;
                    if let Err(error) = failed {
                        tracing::error!(%error, "a call's job could not be written");
                    }
                    if job.work.must_be_written() {
                        self.waiting.push_back(job);
                    } else {
                        (job.reply)(Answer::Failed);
                    }
                }
            }
        }
        if !self.waiting.is_empty() {
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// What is there, at least one job where the writer is not busy; `None` when nothing will come any more.
    async fn gather(&mut self) -> Option<Vec<Job>> {
        let mut jobs: Vec<Job> = Vec::with_capacity(2 * BATCH_MAX);
        jobs.extend(self.waiting.drain(..self.waiting.len().min(BATCH_MAX)));
        take(&mut self.live_calls, &mut jobs);
        take(&mut self.new_calls, &mut jobs);
        if jobs.len() >= BUSY {
            return Some(self.late.sift(jobs, Instant::now()));
        }
        // There is time: what waited for better reasons is written now.
        jobs.append(&mut self.late.take_all());
        if jobs.is_empty() {
            tokio::select! {
                biased;
                Some(job) = self.live_calls.recv() => jobs.push(job),
                Some(job) = self.new_calls.recv() => jobs.push(job),
                else => return None,
            }
            take(&mut self.live_calls, &mut jobs);
            take(&mut self.new_calls, &mut jobs);
        }
        Some(jobs)
    }
}

fn take(queue: &mut mpsc::Receiver<Job>, jobs: &mut Vec<Job>) {
    for _ in 0..BATCH_MAX {
        let Ok(job) = queue.try_recv() else { return };
        jobs.push(job);
    }
}

/// One transaction. (Not through `Db::write`: the compiler cannot prove that its future may change threads.)
async fn write(
    db: &Db,
    around: (&str, &events::State),
    works: &[Work],
    ending: &Ending,
) -> Result<Done, store::Error> {
    for _ in 1..TRIES {
        match write_once(db, around, works, ending).await {
            Err(store::Error::Busy(_)) => {}
            done => return done,
        }
    }
    write_once(db, around, works, ending).await
}

async fn write_once(
    db: &Db,
    (node, events): (&str, &events::State),
    works: &[Work],
    ending: &Ending,
) -> Result<Done, store::Error> {
    let tx = db.begin().await?;
    let interests = events.interests();
    let done = batch::run(&tx, (node, &interests), works, ending).await?;
    tx.commit().await?;
    if done.has_news {
        events.ring();
    }
    Ok(done)
}
