//! What may wait: answers for the end of their call, and settlements for one another.
//!
//! A short call ends while its answer is still unwritten; its closing says when it was answered, so the answer need not be
//! written by itself. Nobody waits for a settlement either, so that many of them share a transaction. Only a busy writer
//! lets them wait. What is held for a call that waits may be another call's: before one is refused for money, the settlements
//! of its payer are written ([`Ending::of`]).
//!
//! A crash meanwhile leaves such calls unanswered and so costs their charge: of the last [`ANSWER_WAIT`] and [`SETTLE_WAIT`],
//! which is less than what a crash costs anyway, the time since the last heartbeat.

use super::{
    batch::{Answer, Work},
    table::Carried,
    writer::{Job, Reply},
};
use domain::ids::{CallId, TenantId};
use edge::seam::CallSummary;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::{Duration, Instant},
};

/// The longest that an answer waits.
pub(super) const ANSWER_WAIT: Duration = Duration::from_secs(1);
/// Answers that wait; one more is written at once.
const LATE_MAX: usize = 16_384;
/// The longest that a settlement waits.
pub(super) const SETTLE_WAIT: Duration = Duration::from_millis(250);
/// Settlements of one transaction; from so many on they wait no longer.
pub(super) const SETTLES_MAX: usize = 512;
/// Settlements that wait; one more is written at once.
const ENDING_MAX: usize = 4 * SETTLES_MAX;

/// Calls that are over and whose settlement waits: a call once.
#[derive(Default)]
pub(super) struct Ending {
    works: VecDeque<Work>,
    calls: HashSet<CallId>,
}

impl Ending {
    /// Whether a call is over, though its settlement waits.
    pub(super) fn has(&self, call: CallId) -> bool {
        self.calls.contains(&call)
    }

    /// Takes a settlement in. A call that is there already is over already.
    fn push(&mut self, since: Instant, job: Job, replies: &mut VecDeque<(Instant, Reply)>) {
        match &job.work {
            Work::Settle(carried, _) if self.calls.insert(carried.call) => {
                self.works.push_back(job.work);
                replies.push_back((since, job.reply));
            }
            _ => (job.reply)(Answer::Written),
        }
    }

    /// The settlements that free money of a tenant.
    pub(super) fn of(&self, payer: TenantId) -> impl Iterator<Item = (&Carried, &CallSummary)> {
        self.works.iter().filter_map(move |work| match work {
            Work::Settle(carried, summary) if carried.payer == payer => {
                Some((carried.as_ref(), summary.as_ref()))
            }
            _ => None,
        })
    }
}

/// What waits.
#[derive(Default)]
pub(super) struct Late {
    answers: HashMap<CallId, Job>,
    /// The answers in the order of their coming. A call that is in `answers` no more is passed over.
    order: VecDeque<(Instant, CallId)>,
    ending: Ending,
    /// Since when each settlement waits, and whom it tells, in the order of `ending`.
    replies: VecDeque<(Instant, Reply)>,
}

impl Late {
    /// Takes what may wait out of a batch, and gives it the answers that have waited long enough. An answer whose call ends
    /// is done with; an extension takes all answers before it along, so that what it says is after them.
    pub(super) fn sift(&mut self, jobs: Vec<Job>, now: Instant) -> Vec<Job> {
        let is_in_haste = jobs.iter().any(|job| matches!(job.work, Work::Extend { .. }));
        let mut batch = Vec::with_capacity(jobs.len());
        let mut over = Vec::new();
        for job in jobs {
            match &job.work {
                Work::Answered { carried, .. } if self.order.len() < LATE_MAX => {
                    let call = carried.call;
                    self.order.push_back((now, call));
                    self.answers.insert(call, job);
                }
                Work::Settle(carried, _) => {
                    over.push(carried.call);
                    if self.replies.len() < ENDING_MAX {
                        self.ending.push(now, job, &mut self.replies);
                    } else {
                        batch.push(job);
                    }
                }
                _ => batch.push(job),
            }
        }
        for call in over {
            if let Some(job) = self.answers.remove(&call) {
                (job.reply)(Answer::Written);
            }
        }
        self.take_due(now, is_in_haste, &mut batch);
        batch
    }

    /// What is over, for whoever looks for money.
    pub(super) const fn ending(&self) -> &Ending {
        &self.ending
    }

    /// Settlements that have waited long enough, or are many.
    pub(super) fn take_settlements(&mut self, now: Instant) -> Vec<Job> {
        let is_due = self.replies.len() >= SETTLES_MAX
            || self.replies.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) >= SETTLE_WAIT);
        let many = if is_due { self.replies.len().min(SETTLES_MAX) } else { 0 };
        self.take_first(many)
    }

    fn take_first(&mut self, many: usize) -> Vec<Job> {
        let jobs = self.ending.works.drain(..many).zip(self.replies.drain(..many));
        let jobs: Vec<Job> = jobs.map(|(work, (_, reply))| Job { work, reply }).collect();
        for job in &jobs {
            if let Work::Settle(carried, _) = &job.work {
                self.ending.calls.remove(&carried.call);
            }
        }
        jobs
    }

    /// The settlements of some calls were written.
    pub(super) fn written(&mut self, calls: &HashSet<CallId>) {
        if calls.is_empty() {
            return;
        }
        let (works, replies) = (std::mem::take(&mut self.ending).works, std::mem::take(&mut self.replies));
        for (work, (since, reply)) in works.into_iter().zip(replies) {
            match &work {
                Work::Settle(carried, _) if calls.contains(&carried.call) => reply(Answer::Written),
                _ => self.ending.push(since, Job { work, reply }, &mut self.replies),
            }
        }
    }

    /// All of it.
    pub(super) fn take_all(&mut self) -> Vec<Job> {
        self.order.clear();
        let mut all: Vec<Job> = self.answers.drain().map(|(_, job)| job).collect();
        all.extend(self.take_first(self.replies.len()));
        all
    }

    fn take_due(&mut self, now: Instant, all: bool, batch: &mut Vec<Job>) {
        while let Some((at, call)) = self.order.front() {
            let is_done = !self.answers.contains_key(call);
            if !(is_done || all || now.saturating_duration_since(*at) >= ANSWER_WAIT) {
                return;
            }
            batch.extend(self.answers.remove(call));
            self.order.pop_front();
        }
    }
}
