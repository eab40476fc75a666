//! The money's time: asking for more before it runs out, and ending the call when it has.

use std::time::{Duration, Instant};

use super::call::{Call, Stage};
use super::io::{Alarm, Io};
use super::{Output, Refusal};

/// Extensions are asked for at most this often, whatever the plan says.
const EXTEND_INTERVAL_MIN: Duration = Duration::from_secs(1);
/// How often an extension that was not to be had is asked for again at most, spread over the time ahead of the end.
const ASKS_AGAIN: u32 = 4;

impl Call {
    /// The call has been answered: the paid time starts.
    pub(super) fn start_funds(&mut self, io: &mut Io, now: Instant) {
        let Some(plan) = &mut self.plan else { return };
        // What is left of the plan is its money.
        plan.attempts = Vec::new();
        if let Some(funded) = plan.funded {
            let lead = plan.extend_lead;
            self.run_until(io, now, now + funded, lead, now);
        }
    }

    /// The driver says how long the call may last in all. `None` leaves the end where it is, and it is asked again before that.
    pub(super) fn on_funded(&mut self, io: &mut Io, now: Instant, funded: Option<Duration>) {
        let Some(funded) = funded else { return self.ask_again(io, now) };
        let Some(answered) = self.answered else { return };
        let Some(lead) = self.plan.as_ref().map(|plan| plan.extend_lead) else { return };
        if self.stage == Stage::Answered {
            self.run_until(io, now, answered + funded, lead, now + EXTEND_INTERVAL_MIN);
        }
    }

    /// The driver says that the call cannot last longer, and with which cause it ends where that stays so.
    pub(super) fn on_short(&mut self, io: &mut Io, now: Instant, refusal: Refusal) {
        if let Some(plan) = &mut self.plan {
            plan.out_of_funds = refusal;
        }
        self.ask_again(io, now);
    }

    /// Money may come while the call lasts: asks a few times more before its end.
    fn ask_again(&mut self, io: &mut Io, now: Instant) {
        let Some(lead) = self.plan.as_ref().map(|plan| plan.extend_lead) else { return };
        let at = now + EXTEND_INTERVAL_MIN.max(lead / ASKS_AGAIN);
        if self.stage == Stage::Answered && self.alarm_at(Alarm::Exhausted).is_some_and(|end| at < end) {
            self.set(io, Alarm::Extend, at);
        }
    }

    fn run_until(&mut self, io: &mut Io, now: Instant, end: Instant, lead: Duration, earliest: Instant) {
        self.set(io, Alarm::Exhausted, end.max(now));
        self.set_farewell(io, now, end.max(now));
        let ask_at = end.checked_sub(lead).unwrap_or(now).max(earliest);
        if ask_at < end {
            self.set(io, Alarm::Extend, ask_at);
        } else {
            self.clear(Alarm::Extend);
        }
    }

    pub(super) fn on_extend(&mut self, io: &mut Io) {
        if self.stage == Stage::Answered {
            io.outputs.push_back(Output::Extend { call: self.key });
        }
    }

    pub(super) fn on_exhausted(&mut self, io: &mut Io, now: Instant) {
        let refusal = self.plan.as_ref().map(|plan| plan.out_of_funds.clone());
        self.end_by_us(io, now, refusal.unwrap_or_else(|| Refusal::new(403, 21, "out-of-funds")));
    }
}
