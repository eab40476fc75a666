//! Whether calls are decided on what the database holds, and if not, since when and why.

use super::Changed;
use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::access::{Actor, Permission};
use serde::Serialize;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Tenants that are named, at most.
const NAMED_MAX: usize = 20;

/// The configuration in memory is older than what was committed: the last one that could be built serves on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stale {
    /// Since when.
    pub since: DateTime<Utc>,
    /// What failed, for the operator.
    pub why: String,
    /// The tenants that are affected, by slug; empty where all of them may be.
    pub tenants: Vec<String>,
}

/// A tenant that could not be built.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) slug: String,
    pub(super) error: Error,
}

/// What the cell knows of failed refreshes.
#[derive(Debug, Default)]
pub(crate) struct State(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    stale: Option<Stale>,
    /// What the failed refreshes would have read.
    owed: Option<Changed>,
    failures: u64,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a refresh has to read: what changed, and what earlier ones failed to.
    pub(super) fn with_owed(&self, changed: Changed) -> Changed {
        match self.lock().owed {
            None => changed,
            Some(owed) if owed == changed => changed,
            Some(_) => Changed::Everything,
        }
    }

    /// A refresh is through, but for tenants that could not be built.
    pub(super) fn built(&self, broken: &[Broken], now: DateTime<Utc>) {
        let Some(first) = broken.first() else {
            let mut known = self.lock();
            *known = Known { failures: known.failures, ..Known::default() };
            return;
        };
        let why =
            format!("{} of the tenants cannot be built; the first: {}", broken.len(), cause(&first.error));
        let tenants = broken.iter().take(NAMED_MAX).map(|broken| broken.slug.clone()).collect();
        self.failed(Changed::Everything, why, tenants, now);
    }

    /// A refresh failed as a whole.
    pub(super) fn failed(&self, owed: Changed, why: String, tenants: Vec<String>, now: DateTime<Utc>) {
        tracing::error!(
            why,
            ?tenants,
            "the configuration cannot be built: calls are decided on the last one that could"
        );
        let mut known = self.lock();
        let since = known.stale.as_ref().map_or(now, |stale| stale.since);
        known.owed = Some(owed);
        known.failures = known.failures.saturating_add(1);
        known.stale = Some(Stale { since, why, tenants });
    }
}

/// An error with what caused it.
pub(super) fn cause(error: &Error) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{source}")
}

/// Whether calls are decided on older configuration than was committed. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub fn stale(app: &App, actor: &Actor) -> Result<Option<Stale>, Error> {
    actor.scope(Permission::Operate)?;
    Ok(app.cell().stale.lock().stale.clone())
}

/// For the metrics: whether the configuration is stale, and how many refreshes have failed since the start.
#[must_use]
pub fn stale_counts(app: &App) -> (bool, u64) {
    let known = app.cell().stale.lock();
    (known.stale.is_some(), known.failures)
}

/// Tries again what could not be built. Nothing is read where nothing is owed.
///
/// # Errors
/// [`Error::Internal`] where it still cannot be built.
pub async fn retry(app: &App) -> Result<(), Error> {
    let owed = app.cell().stale.lock().owed;
    match owed {
        Some(owed) => super::refresh(app, owed).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::TenantId;
    use uuid::Uuid;

    #[test]
    fn what_failed_is_read_again_with_the_next_change_and_its_time_is_that_of_the_first_failure() {
        let state = State::default();
        let tenant = |n| Changed::Tenant(TenantId(Uuid::from_u128(n)));
        let at = |seconds| DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(seconds);
        assert_eq!(state.with_owed(tenant(1)), tenant(1));
        state.failed(tenant(1), "first".into(), Vec::new(), at(1));
        state.failed(tenant(1), "second".into(), Vec::new(), at(2));
        assert_eq!(state.with_owed(tenant(1)), tenant(1));
        assert_eq!(state.with_owed(tenant(2)), Changed::Everything);
        let stale = state.lock().stale.clone();
        assert_eq!(stale.map(|stale| (stale.since, stale.why)), Some((at(1), "second".to_owned())));
        state.built(&[], at(3));
        let (stale, failures) = {
            let owed = state.lock();
            (owed.stale.clone(), owed.failures)
        };
        assert_eq!((stale, failures), (None, 2));
        assert_eq!(state.with_owed(tenant(2)), tenant(2));
    }

    #[test]
    fn tenants_that_cannot_be_built_are_named_while_the_others_go_on() {
        let state = State::default();
        let error = Error::internal(store::Error::Unreadable("trunks.srtp: unknown word".into()));
        state.built(&[Broken { slug: "acme".into(), error }], DateTime::UNIX_EPOCH);
        let stale = state.lock().stale.clone().expect("stale");
        assert_eq!(stale.tenants, ["acme"]);
        assert!(stale.why.contains("trunks.srtp"), "{}", stale.why);
    }
}
