//! How a peer (a tenant's trunk, a carrier) is doing: OPTIONS both ways, and its certificate.
//!
//! [`Watch`] is the whole machine: it is fed what happened and when, and says what changed. Three rules: a peer never heard
//! from is unknown, and is tried; only missed answers demote one, after so many in a row as its policy says while it
//! sends nothing itself; the next word from it brings it back.

pub use crate::config::Health;

use crate::config::OptionsPing;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Days before the end of a certificate at which it becomes a warning, and a louder one.
pub const EXPIRY_DAYS: [i64; 3] = [30, 14, 3];

/// Why a peer is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// Nothing came from it yet.
    NeverHeard,
    /// It answers our OPTIONS.
    Answers,
    /// It sends OPTIONS; ours were not due yet.
    Sends,
    /// It sends OPTIONS, and does not answer ours.
    SendsOnly,
    /// It missed one answer or two.
    MissesPings,
    /// It missed its last answers, and sends nothing.
    NoRecentPings,
    /// It answers our OPTIONS with a server failure (5xx).
    Refuses,
    /// Its certificate ends within 30 days.
    CertificateExpiring,
    /// Its certificate ends within 14 days.
    CertificateExpiringSoon,
    /// Its certificate ends within 3 days.
    CertificateExpiringNow,
    /// Its certificate has ended.
    CertificateExpired,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It answered OPTIONS with this SIP status.
    Answered(u16),
    /// It did not answer, or could not be reached.
    Missed,
    /// A request of its own arrived.
    Heard,
    /// It showed a certificate that ends then.
    Certificate(DateTime<Utc>),
    /// Time went by.
    Looked,
}

/// A state, why, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// How it is doing.
    pub health: Health,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// A state gave way to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
}

/// How the OPTIONS between us and the peer are going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PingStatus {
    /// There were none yet.
    Unknown,
    /// They are answered, or arrive.
    Ok,
    /// None were answered and none arrived for as many intervals as its policy allows.
    Expired,
    /// They are answered by a failure, or not answered while the peer's own arrive.
    Error,
}

/// How the peer's certificate is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TlsStatus {
    /// None was seen.
    Unknown,
    /// It holds.
    Ok,
    /// It ends within 30 days.
    CertExpiring,
    /// It has ended.
    CertExpired,
}

/// What is known of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    state: State,
    policy: OptionsPing,
    missed: u32,
    answered: Option<(DateTime<Utc>, u16)>,
    heard: Option<DateTime<Utc>>,
    certificate: Option<DateTime<Utc>>,
    /// Whether nothing happened since a restart: the state of before stands.
    is_restored: bool,
}

impl Watch {
    /// A peer that nothing is known of.
    #[must_use]
    pub const fn new(now: DateTime<Utc>, policy: OptionsPing) -> Self {
        let state = State { health: Health::Unknown, reason: Reason::NeverHeard, since: now };
        Self { state, policy, missed: 0, answered: None, heard: None, certificate: None, is_restored: false }
    }

    /// A peer as it was before a restart: what it last said and what its certificate is. What was offline stays so until
    /// it is heard; what was not starts with no answer missed.
    #[must_use]
    pub const fn restored(
        state: State,
        policy: OptionsPing,
        heard: Option<DateTime<Utc>>,
        certificate: Option<DateTime<Utc>>,
    ) -> Self {
        let missed = if matches!(state.health, Health::Offline) { policy.demote_after } else { 0 };
        Self { state, policy, missed, answered: None, heard, certificate, is_restored: true }
    }

    /// Takes in what happened, and says what it changed.
    pub fn on(&mut self, now: DateTime<Utc>, event: Event) -> Option<Change> {
        match event {
            Event::Answered(status) => {
                self.answered = Some((now, status));
                self.missed = 0;
            }
            Event::Missed => self.missed = self.missed.saturating_add(1),
            Event::Heard => self.heard = Some(now),
            Event::Certificate(until) => self.certificate = Some(until),
            Event::Looked if self.is_restored => return None,
            Event::Looked => {}
        }
        self.is_restored = false;
        let (health, reason) = self.judge(now);
        if (health, reason) == (self.state.health, self.state.reason) {
            return None;
        }
        // A state keeps its time where only the reason changes.
        let since = if health == self.state.health { self.state.since } else { now };
        let from = std::mem::replace(&mut self.state, State { health, reason, since });
        Some(Change { from, to: self.state })
    }

    /// The rules as a table, first match wins.
    fn judge(&self, now: DateTime<Utc>) -> (Health, Reason) {
        let is_sending = self.is_sending(now);
        let is_known =
            self.answered.is_some() || self.heard.is_some() || self.state.health != Health::Unknown;
        let refuses = self.answered.is_some_and(|(_, status)| (500..600).contains(&status));
        let expiry = self.expiry(now);
        match () {
            () if !is_known => (Health::Unknown, Reason::NeverHeard),
            () if self.missed >= self.policy.demote_after && !is_sending => {
                (Health::Offline, Reason::NoRecentPings)
            }
            () if expiry == Some(Reason::CertificateExpired) => (Health::Warning, Reason::CertificateExpired),
            () if self.missed >= self.policy.demote_after => (Health::Warning, Reason::SendsOnly),
            () if self.missed > 0 && !is_sending => (Health::Warning, Reason::MissesPings),
            () if refuses => (Health::Warning, Reason::Refuses),
            () => match expiry {
                Some(reason) => (Health::Warning, reason),
                None if self.answered.is_none() && is_sending => (Health::Online, Reason::Sends),
                None => (Health::Online, Reason::Answers),
            },
        }
    }

    /// Whether something of its own arrived within the last intervals.
    fn is_sending(&self, now: DateTime<Utc>) -> bool {
        let seconds = self.policy.interval_seconds.saturating_mul(self.policy.demote_after);
        let span = TimeDelta::seconds(i64::from(seconds));
        self.heard.is_some_and(|at| now - at <= span)
    }

    fn expiry(&self, now: DateTime<Utc>) -> Option<Reason> {
        let left = self.certificate? - now;
        let [first, second, last] = EXPIRY_DAYS.map(TimeDelta::days);
        match left {
            left if left <= TimeDelta::zero() => Some(Reason::CertificateExpired),
            left if left <= last => Some(Reason::CertificateExpiringNow),
            left if left <= second => Some(Reason::CertificateExpiringSoon),
            left if left <= first => Some(Reason::CertificateExpiring),
            _ => None,
        }
    }

    /// Goes by another policy from now on.
    pub const fn follow(&mut self, policy: OptionsPing) {
        self.policy = policy;
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Answers in a row that it missed.
    #[must_use]
    pub const fn missed(&self) -> u32 {
        self.missed
    }

    /// When it last answered, and with what.
    #[must_use]
    pub const fn answered(&self) -> Option<(DateTime<Utc>, u16)> {
        self.answered
    }

    /// When something of its own last arrived.
    #[must_use]
    pub const fn heard(&self) -> Option<DateTime<Utc>> {
        self.heard
    }

    /// When its certificate ends, where one was seen.
    #[must_use]
    pub const fn certificate(&self) -> Option<DateTime<Utc>> {
        self.certificate
    }

    /// When anything last came from it.
    #[must_use]
    pub fn last_word(&self) -> Option<DateTime<Utc>> {
        self.answered.map(|(at, _)| at).max(self.heard)
    }

    /// How the OPTIONS are going.
    #[must_use]
    pub const fn ping(&self) -> PingStatus {
        match (self.state.health, self.state.reason) {
            (Health::Unknown, _) => PingStatus::Unknown,
            (Health::Offline, _) => PingStatus::Expired,
            (_, Reason::Refuses | Reason::SendsOnly) => PingStatus::Error,
            _ => PingStatus::Ok,
        }
    }

    /// How its certificate is doing.
    #[must_use]
    pub fn tls(&self, now: DateTime<Utc>) -> TlsStatus {
        match (self.certificate, self.expiry(now)) {
            (None, _) => TlsStatus::Unknown,
            (_, None) => TlsStatus::Ok,
            (_, Some(Reason::CertificateExpired)) => TlsStatus::CertExpired,
            _ => TlsStatus::CertExpiring,
        }
    }
}

impl Reason {
    /// The reason as a sentence with its remedy.
    #[must_use]
    pub const fn explain(self) -> &'static str {
        match self {
            Self::NeverHeard => {
                "nothing was heard from it yet: calls are tried; have it send OPTIONS, and check its address"
            }
            Self::Answers => "it answers our OPTIONS",
            Self::Sends => "its OPTIONS arrive",
            Self::SendsOnly => {
                "its OPTIONS arrive, but it does not answer ours: check its address and port here, and its firewall"
            }
            Self::MissesPings => "it missed our last OPTIONS: if it goes on, it gets no calls",
            Self::NoRecentPings => {
                "it missed too many OPTIONS in a row and sends none: it gets no calls until it is heard again; check that it runs and is reachable"
            }
            Self::Refuses => "it answers our OPTIONS with a server failure: see its own log",
            Self::CertificateExpiring => {
                "its TLS certificate ends within 30 days: renew it, and close old connections"
            }
            Self::CertificateExpiringSoon => {
                "its TLS certificate ends within 14 days: renew it, and close old connections"
            }
            Self::CertificateExpiringNow => {
                "its TLS certificate ends within 3 days: renew it now, and close old connections"
            }
            Self::CertificateExpired => "its TLS certificate has ended: renew it, and close old connections",
        }
    }
}

#[cfg(test)]
mod tests;
