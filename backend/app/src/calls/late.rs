//! Answers that wait for the end of their call.
//!
//! A short call ends while its answer is still unwritten; its closing says when it was answered, so the answer need not be
//! written by itself. Only a busy writer lets answers wait. A crash meanwhile leaves such calls unanswered and so costs
//! their charge of that time, which is less than what a crash costs anyway: the time since the last heartbeat.

use super::{
    batch::{Answer, Work},
    writer::Job,
};
use domain::ids::CallId;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::{Duration, Instant},
};

/// The longest that an answer waits.
pub(super) const ANSWER_WAIT: Duration = Duration::from_secs(1);
/// Answers that wait; one more is written at once.
const LATE_MAX: usize = 16_384;

/// The answers that wait, by their calls.
#[derive(Debug, Default)]
pub(super) struct LateAnswers {
    jobs: HashMap<CallId, Job>,
    /// In the order of their coming. A call that is in `jobs` no more is passed over.
    order: VecDeque<(Instant, CallId)>,
}

impl LateAnswers {
    /// Takes the answers out of a batch, and gives it those that have waited long enough. An answer whose call ends is
    /// done with; an extension takes all answers before it along, so that what it says is after them.
    pub(super) fn sift(&mut self, jobs: Vec<Job>, now: Instant) -> Vec<Job> {
        let ended: HashSet<CallId> = jobs
            .iter()
            .filter_map(|job| match &job.work {
                Work::Settle(carried, _) => Some(carried.call),
                _ => None,
            })
            .collect();
        let is_in_haste = jobs.iter().any(|job| matches!(job.work, Work::Extend(_)));
        let mut batch = Vec::with_capacity(jobs.len());
        for job in jobs {
            match &job.work {
                Work::Answered { carried, .. } if ended.contains(&carried.call) => {
                    (job.reply)(Answer::Written)
                }
                Work::Answered { carried, .. } if self.order.len() < LATE_MAX => {
                    let call = carried.call;
                    self.order.push_back((now, call));
                    self.jobs.insert(call, job);
                }
                _ => batch.push(job),
            }
        }
        for call in ended {
            if let Some(job) = self.jobs.remove(&call) {
                (job.reply)(Answer::Written);
            }
        }
        self.take_due(now, is_in_haste, &mut batch);
        batch
    }

    /// All of them.
    pub(super) fn take_all(&mut self) -> Vec<Job> {
        self.order.clear();
        self.jobs.drain().map(|(_, job)| job).collect()
    }

    fn take_due(&mut self, now: Instant, all: bool, batch: &mut Vec<Job>) {
        while let Some((at, call)) = self.order.front() {
            let is_done = !self.jobs.contains_key(call);
            if !(is_done || all || now.saturating_duration_since(*at) >= ANSWER_WAIT) {
                return;
            }
            batch.extend(self.jobs.remove(call));
            self.order.pop_front();
        }
    }
}
