//! How fast a tenant spends, and what stops it: sums of money in sliding windows, by tenant, destination and caller.
//!
//! What is counted is money as it is committed: a hold when it is taken, each extension, and what the end of a call gives
//! back. A sum over its limit makes a [`Stop`], which refuses new calls until it is over or lifted
//! ([`crate::decision`], rule `velocity`). Start reading at [`Table::spend`].

mod limits;
mod ring;
mod table;

pub use limits::{Limits, Pace, RELEASE_MINUTES, RELEASE_MINUTES_MAX};
pub use ring::Sums;
pub use table::{CALLERS_MAX, Figure, Figures, KEYS_MAX, Spent, TENANTS_MAX, Table, Trip};

use crate::{country, high_risk, phone::E164};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Stops of one tenant that are in force at once; one more of a destination or caller stops the whole tenant.
pub const STOPS_MAX: usize = 100;
/// The longest caller that a stop names, bytes.
pub const CALLER_MAX: usize = 64;
/// The destination of numbers that belong to no country and no range of the list of high-risk destinations.
pub const ELSEWHERE: &str = "elsewhere";

/// What a sum is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "camelCase")]
pub enum Subject {
    /// All that the tenant spends.
    Tenant,
    /// What it spends on one destination ([`destination`]).
    Destination(String),
    /// What one caller id of it spends.
    Caller(String),
}

impl Subject {
    /// The kind, as it is kept.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Destination(_) => "destination",
            Self::Caller(_) => "caller",
        }
    }

    /// Which destination or caller; empty for the tenant.
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            Self::Tenant => "",
            Self::Destination(value) | Self::Caller(value) => value,
        }
    }

    /// The one that is kept so; `None` for an unknown kind.
    #[must_use]
    pub fn read(kind: &str, value: &str) -> Option<Self> {
        match kind {
            "tenant" => Some(Self::Tenant),
            "destination" => Some(Self::Destination(value.to_owned())),
            "caller" => Some(Self::Caller(value.to_owned())),
            _ => None,
        }
    }

    /// For people: `calls to +881`, `calls to SE`, `calls of +46…`, `all calls`.
    #[must_use]
    pub fn says(&self) -> String {
        match self {
            Self::Tenant => "all calls".to_owned(),
            Self::Destination(at) if at.bytes().all(|b| b.is_ascii_digit()) => format!("calls to +{at}"),
            Self::Destination(at) => format!("calls to {at}"),
            Self::Caller(caller) if caller.is_empty() => "calls of anonymous callers".to_owned(),
            Self::Caller(caller) => format!("calls of {caller}"),
        }
    }
}

/// Over which time a sum goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Span {
    /// The last hour, in steps of five minutes.
    Hour,
    /// The last 24 hours, in steps of one.
    Day,
}

impl Span {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Hour, Self::Day].into_iter().find(|span| span.word() == word)
    }
}

/// New calls are refused because too much was spent too fast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stop {
    /// Which calls.
    pub of: Subject,
    /// Over which time the limit went.
    pub span: Span,
    /// What was spent in it, micro-units.
    pub spent_micros: i64,
    /// What may be, micro-units.
    pub limit_micros: i64,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; `None` is until somebody lifts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

impl Stop {
    /// Whether it refuses calls at a time.
    #[must_use]
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        self.until.is_none_or(|until| at < until)
    }

    /// Whether it is about an outbound call to this destination of this caller; of inbound calls both are `None`.
    #[must_use]
    pub fn concerns(&self, destination: Option<&str>, caller: Option<&str>) -> bool {
        match &self.of {
            Subject::Tenant => true,
            Subject::Destination(stopped) => destination == Some(stopped.as_str()),
            Subject::Caller(stopped) => caller == Some(stopped.as_str()),
        }
    }
}

/// Where a number is, for sums: its range on the list of high-risk destinations (digits), else its country
/// (ISO 3166-1 alpha-2), else [`ELSEWHERE`].
#[must_use]
pub fn destination(number: E164) -> &'static str {
    high_risk::of(number).map(|risk| risk.prefix).or_else(|| country::of(number)).unwrap_or(ELSEWHERE)
}

/// A caller id as sums name it: cut where it is too long; anonymous is empty.
#[must_use]
pub fn caller(shown: Option<&str>) -> &str {
    let shown = shown.unwrap_or_default();
    let end = (0..=CALLER_MAX.min(shown.len())).rev().find(|end| shown.is_char_boundary(*end));
    &shown[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> E164 {
        E164::parse(text).expect("a number")
    }

    #[test]
    fn a_destination_is_a_range_of_fraud_or_a_country() {
        assert_eq!(destination(number("+46701740605")), "SE");
        assert_eq!(destination(number("+881612345678")), "881");
        assert!(Subject::Destination("881".into()).says().ends_with("+881"));
    }

    #[test]
    fn a_caller_is_cut_at_a_character() {
        assert_eq!(caller(None), "");
        assert_eq!(caller(Some("+4687")), "+4687");
        let long = "ö".repeat(CALLER_MAX);
        assert_eq!(caller(Some(&long)).len(), CALLER_MAX);
        let odd = format!("x{long}");
        assert_eq!(caller(Some(&odd)).len(), CALLER_MAX - 1);
    }

    #[test]
    fn every_subject_is_read_as_it_was_kept() {
        for subject in [Subject::Tenant, Subject::Destination("SE".into()), Subject::Caller("+46".into())] {
            assert_eq!(Subject::read(subject.kind(), subject.value()), Some(subject));
        }
        assert_eq!(Subject::read("trunk", ""), None);
        assert_eq!(Span::from_word(Span::Day.word()), Some(Span::Day));
    }
}
