//! What is watched of a session: whether its media goes on, and whether its worker lives.

use crate::Side;
use std::{fmt, sync::Arc, time::Duration};

/// Why a session has no media any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Nothing at all came from either side since the answer, for as long as is allowed.
    NeverBegan,
    /// Nothing at all came from either side for as long as is allowed, after something had come.
    Ceased,
    /// The worker of the session has died; it is replaced, but the session is not.
    WorkerDied,
}

/// Whom a loss is told, once, on the relay's thread: it must not block.
#[derive(Clone)]
pub struct LossListener(pub Arc<dyn Fn(Loss) + Send + Sync>);

impl fmt::Debug for LossListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LossListener")
    }
}

/// What holds for a session's media beside its descriptions.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Of which sides another source than the described one may be learned, A and B.
    pub learning: [bool; 2],
    /// How long after the answer the first packet of either side may take; `None` for ever.
    pub initial: Option<Duration>,
    /// How long both sides may be silent after that, but on hold; `None` for ever.
    pub running: Option<Duration>,
    /// Who hears of a loss.
    pub listener: LossListener,
}

impl Rules {
    pub(crate) const fn learns(&self, side: Side) -> bool {
        self.learning[side.index()]
    }
}

/// The watch over a session, on its worker.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) rules: Rules,
    /// When the call was answered, microseconds of the relay.
    joined_us: Option<u64>,
    /// Until when silence does not count: a hold that was seen, or rules that are new.
    quiet_until_us: u64,
    is_told: bool,
}

impl Watch {
    pub(crate) const fn new(rules: Rules, joined_us: Option<u64>, now: u64) -> Self {
        Self { rules, joined_us, quiet_until_us: now, is_told: false }
    }

    pub(crate) fn join(&mut self, now: u64) {
        self.joined_us.get_or_insert(now);
    }

    pub(crate) const fn joined_us(&self) -> Option<u64> {
        self.joined_us
    }

    /// Whether time can run out at all.
    pub(crate) const fn is_timed(&self) -> bool {
        self.rules.initial.is_some() || self.rules.running.is_some()
    }

    /// Looks at the session: when something was heard last (0 for never), and whether it is on hold. The loss, once.
    pub(crate) fn look(&mut self, heard_us: u64, is_held: bool, now: u64) -> Option<Loss> {
        let joined = self.joined_us.filter(|_| !self.is_told)?;
        if is_held {
            self.quiet_until_us = now;
            return None;
        }
        let (allowed, loss) = match heard_us {
            0 => (self.rules.initial?, Loss::NeverBegan),
            _ => (self.rules.running?, Loss::Ceased),
        };
        let since = joined.max(heard_us).max(self.quiet_until_us);
        self.is_told = u128::from(now.saturating_sub(since)) >= allowed.as_micros();
        self.is_told.then_some(loss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000;

    fn watch() -> Watch {
        let (initial, running) = (Some(Duration::from_secs(10)), Some(Duration::from_secs(30)));
        let listener = LossListener(Arc::new(|_| {}));
        Watch::new(Rules { learning: [false; 2], initial, running, listener }, None, 0)
    }

    #[test]
    fn time_runs_from_the_answer_and_what_was_heard_last_and_not_on_hold() {
        let mut never = watch();
        assert_eq!(never.look(0, false, 100 * S), None, "not answered");
        never.join(100 * S);
        assert_eq!(never.look(0, false, 109 * S), None);
        assert_eq!(never.look(0, false, 110 * S), Some(Loss::NeverBegan));
        assert_eq!(never.look(0, false, 111 * S), None, "it is told once");

        let mut ceased = watch();
        ceased.join(S);
        assert_eq!(ceased.look(20 * S, false, 49 * S), None);
        assert_eq!(ceased.look(20 * S, true, 70 * S), None, "on hold");
        assert_eq!(ceased.look(20 * S, false, 99 * S), None, "it counts from the end of the hold");
        assert_eq!(ceased.look(20 * S, false, 100 * S), Some(Loss::Ceased));
    }

    #[test]
    fn without_a_limit_silence_is_no_loss() {
        let mut watch = watch();
        (watch.rules.initial, watch.rules.running) = (None, None);
        watch.join(1);
        assert!(!watch.is_timed());
        assert_eq!((watch.look(0, false, 9_999 * S), watch.look(1, false, 9_999 * S)), (None, None));
    }
}
