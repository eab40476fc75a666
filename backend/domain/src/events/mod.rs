//! What a tenant can be told of: the events, how they look on the wire, which of them a subscription wants, and when a
//! delivery that failed is tried again.
//!
//! Start reading at [`EventKind`].

mod circuit;
mod envelope;
mod filter;
mod retry;

pub use circuit::{Admission, Circuit, FAILURES_MAX, PAUSES_SECONDS};
pub use envelope::{Event, Schema};
pub use filter::{Filter, Kinds, SUBJECT_MAX};
pub use retry::{
    ATTEMPTS_MAX, Failure, LIFE_MINUTES_MAX, RETRY_AFTER_MAX_SECONDS, SCHEDULE_SECONDS, is_final, pause,
};

/// Something that happened to a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// A call arrives at a number of the tenant.
    IncomingCall,
    /// A call is put through: its callee begins to be rung.
    CallStarted,
    /// A call is answered.
    CallAnswered,
    /// A call that was put through is over, and charged.
    CallEnded,
    /// A number was bought.
    NumberPurchased,
    /// A number was given back, or ended because nobody paid for it.
    NumberReleased,
    /// A request to port numbers, in or out, came to another state.
    PortingRequestStateChanged,
    /// A trunk is heard, or is heard no more.
    TrunkHealthChanged,
    /// The balance fell below the tenant's mark.
    BalanceLow,
    /// An invoice is ready.
    InvoiceReady,
    /// Calls are stopped because too much was spent too fast.
    SpendingStopped,
    /// A country is called for the first time.
    CountryFirstCalled,
    /// A change that was scheduled was not made, as what it changes is another by now.
    ScheduledChangeRefused,
    /// An automatic top-up was refused by the payment system, or given up.
    TopUpFailed,
    /// A call begins to be recorded.
    RecordingStarted,
    /// A recording is over, and can be heard.
    RecordingReady,
    /// A recording could not begin, or broke off.
    RecordingFailed,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::IncomingCall,
        Self::CallStarted,
        Self::CallAnswered,
        Self::CallEnded,
        Self::NumberPurchased,
        Self::NumberReleased,
        Self::PortingRequestStateChanged,
        Self::TrunkHealthChanged,
        Self::BalanceLow,
        Self::InvoiceReady,
        Self::SpendingStopped,
        Self::CountryFirstCalled,
        Self::ScheduledChangeRefused,
        Self::TopUpFailed,
        Self::RecordingStarted,
        Self::RecordingReady,
        Self::RecordingFailed,
    ];

    /// What the outbox calls it: `call.ended`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::IncomingCall => "call.incoming",
            Self::CallStarted => "call.started",
            Self::CallAnswered => "call.answered",
            Self::CallEnded => "call.ended",
            Self::NumberPurchased => "number.purchased",
            Self::NumberReleased => "number.released",
            Self::PortingRequestStateChanged => "porting.changed",
            Self::TrunkHealthChanged => "trunk.health.changed",
            Self::BalanceLow => "balance.low",
            Self::InvoiceReady => "invoice.ready",
            Self::SpendingStopped => "spending.stopped",
            Self::CountryFirstCalled => "country.first",
            Self::ScheduledChangeRefused => "change.refused",
            Self::TopUpFailed => "topup.failed",
            Self::RecordingStarted => "recording.started",
            Self::RecordingReady => "recording.ready",
            Self::RecordingFailed => "recording.failed",
        }
    }

    /// Its type on the wire: the protocol's own name where it has one.
    #[must_use]
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::IncomingCall => "Microsoft.Communication.IncomingCall",
            Self::CallStarted => "Microsoft.Communication.CallStarted",
            Self::CallAnswered => "Dialtone.CallAnswered",
            Self::CallEnded => "Microsoft.Communication.CallEnded",
            Self::NumberPurchased => "Dialtone.NumberPurchased",
            Self::NumberReleased => "Dialtone.NumberReleased",
            Self::PortingRequestStateChanged => "Dialtone.PortingRequestStateChanged",
            Self::TrunkHealthChanged => "Dialtone.TrunkHealthChanged",
            Self::BalanceLow => "Dialtone.BalanceLow",
            Self::InvoiceReady => "Dialtone.InvoiceReady",
            Self::SpendingStopped => "Dialtone.SpendingStopped",
            Self::CountryFirstCalled => "Dialtone.CountryFirstCalled",
            Self::ScheduledChangeRefused => "Dialtone.ScheduledChangeRefused",
            Self::TopUpFailed => "Dialtone.TopUpFailed",
            Self::RecordingStarted => "Dialtone.RecordingStarted",
            Self::RecordingReady => "Dialtone.RecordingReady",
            Self::RecordingFailed => "Dialtone.RecordingFailed",
        }
    }

    /// What happened, one sentence.
    #[must_use]
    pub const fn explain(self) -> &'static str {
        match self {
            Self::IncomingCall => "A call arrives at one of your numbers.",
            Self::CallStarted => "A call is put through: its callee begins to be rung.",
            Self::CallAnswered => "A call is answered.",
            Self::CallEnded => "A call that was put through is over, and charged.",
            Self::NumberPurchased => "A number was bought.",
            Self::NumberReleased => "A number was given back, or ended because it was not paid for.",
            Self::PortingRequestStateChanged => {
                "A request to port numbers, in or out, came to another state."
            }
            Self::TrunkHealthChanged => "A trunk is heard again, or is heard no more.",
            Self::BalanceLow => "The balance fell below your mark.",
            Self::InvoiceReady => "An invoice is ready.",
            Self::SpendingStopped => "Too much was spent too fast: new calls are stopped.",
            Self::CountryFirstCalled => "A country is called for the first time.",
            Self::ScheduledChangeRefused => {
                "A change that was scheduled was not made: what it changes was changed since."
            }
            Self::TopUpFailed => "An automatic top-up was refused, or given up: the balance stays low.",
            Self::RecordingStarted => "A call begins to be recorded.",
            Self::RecordingReady => "A recording is over, and can be heard.",
            Self::RecordingFailed => "A recording could not begin, or broke off.",
        }
    }

    /// The one that the outbox calls so.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The one of a type, compared without case.
    #[must_use]
    pub fn from_type_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.type_name().eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_both_its_names_and_no_two_share_one() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_word(kind.word()), Some(kind));
            assert_eq!(EventKind::from_type_name(&kind.type_name().to_uppercase()), Some(kind));
        }
        assert_eq!(EventKind::from_word("mail"), None);
        assert_eq!(EventKind::from_type_name("Microsoft.Communication.ChatMessageReceived"), None);
    }
}
