//! What a tenant's calls have cost on this day (UTC): counted in memory, and read from the ledger where it is not, so that
//! a restart forgets nothing.

use super::State;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use domain::{access::Scope, ids::TenantId};
use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};
use store::Error;

/// Tenants with a cap that are remembered; beyond, all are read again.
const TENANTS_MAX: usize = 50_000;
/// After so long the ledger is read again: other nodes charge too.
const READ_AGAIN: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy)]
struct Day {
    date: NaiveDate,
    micros: i64,
    read_at: Instant,
}

/// What was spent today, by tenant, as far as somebody asked.
#[derive(Debug, Default)]
pub(crate) struct Spend(Mutex<HashMap<TenantId, Day>>);

impl Spend {
    /// What is known without asking anybody; `None` where the ledger has to be read.
    pub(super) fn known(&self, tenant: TenantId, at: DateTime<Utc>) -> Option<i64> {
        self.known_at(tenant, at, Instant::now())
    }

    fn known_at(&self, tenant: TenantId, at: DateTime<Utc>, now: Instant) -> Option<i64> {
        let days = State::lock(&self.0);
        let day = days.get(&tenant)?;
        let is_young = now.saturating_duration_since(day.read_at) < READ_AGAIN;
        (day.date == at.date_naive() && is_young).then_some(day.micros)
    }

    /// What was charged on this day so far.
    ///
    /// # Errors
    /// [`Error`] where the database fails.
    pub(super) async fn today<C: store::On>(
        &self,
        conn: &C,
        scope: &Scope,
        tenant: TenantId,
        at: DateTime<Utc>,
    ) -> Result<i64, Error> {
        if let Some(known) = self.known(tenant, at) {
            return Ok(known);
        }
        let date = at.date_naive();
        let midnight = date.and_time(NaiveTime::MIN).and_utc();
        let micros = store::spent::since(conn, scope, tenant, midnight).await?;
        let mut days = State::lock(&self.0);
        if days.len() >= TENANTS_MAX {
            days.clear();
        }
        days.insert(tenant, Day { date, micros, read_at: Instant::now() });
        Ok(micros)
    }

    /// A call was charged.
    pub(super) fn add(&self, tenant: TenantId, at: DateTime<Utc>, micros: i64) {
        if let Some(day) = State::lock(&self.0).get_mut(&tenant)
            && day.date == at.date_naive()
        {
            day.micros = day.micros.saturating_add(micros);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_known_until_midnight_and_for_half_a_minute() {
        let spend = Spend::default();
        let (tenant, now) = (TenantId(uuid::Uuid::from_u128(1)), Instant::now());
        let noon = DateTime::from_timestamp(1_700_049_600, 0).expect("a time");
        let tomorrow = noon + chrono::TimeDelta::hours(13);
        State::lock(&spend.0).insert(tenant, Day { date: noon.date_naive(), micros: 5, read_at: now });
        spend.add(tenant, noon, 7);
        spend.add(tenant, tomorrow, 100);
        assert_eq!(spend.known_at(tenant, noon, now), Some(12));
        assert_eq!(spend.known_at(tenant, noon, now + READ_AGAIN), None);
        assert_eq!(spend.known_at(tenant, tomorrow, now), None);
    }
}
