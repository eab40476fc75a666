//! The timer values of RFC 3261 §17 (table 4 of its appendix A).

use std::time::Duration;

/// T1, T2 and T4; every timer of the machines follows from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The round-trip estimate, the first retransmission interval. Default 500 ms.
    pub t1: Duration,
    /// The longest retransmission interval but for INVITE requests. Default 4 s.
    pub t2: Duration,
    /// How long a message may stay in the network. Default 5 s.
    pub t4: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}

impl Timing {
    /// The life of a transaction that nothing moves: 64*T1.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        self.t1.saturating_mul(64)
    }
}
