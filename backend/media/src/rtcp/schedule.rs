//! When the next report is due (RFC 3550 §6.2, §6.3.1 and A.7).

use std::time::Duration;

/// Seconds between reports at the least; half of it before the first.
const LEAST: f64 = 5.0;
/// Share of the bandwidth for reports that senders may use.
const SENDERS: f64 = 0.25;
/// e − 3/2: makes up for timers that are drawn anew.
const COMPENSATION: f64 = 1.218_28;

/// Who is in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Members {
    /// All, with us.
    pub all: u32,
    /// Those that send.
    pub senders: u32,
    /// Whether we are one of them.
    pub we_send: bool,
}

/// How long until the next report. `bandwidth` is what all reports of the session may use, bytes a second (5 % of the session's);
/// `average` the size of a compound with UDP and IP, bytes; `chance` is evenly drawn from 0 to 1.
#[must_use]
pub fn interval(members: Members, bandwidth: f64, average: f64, is_first: bool, chance: f64) -> Duration {
    let (all, senders) = (f64::from(members.all.max(1)), f64::from(members.senders));
    let (share, many) = match (senders <= all * SENDERS, members.we_send) {
        (true, true) => (SENDERS, senders),
        (true, false) => (1.0 - SENDERS, all - senders),
        (false, _) => (1.0, all),
    };
    let least = if is_first { LEAST / 2.0 } else { LEAST };
    let seconds = (average * many / (bandwidth.max(1.0) * share)).max(least);
    Duration::from_secs_f64(seconds * (chance.clamp(0.0, 1.0) + 0.5) / COMPENSATION)
}
