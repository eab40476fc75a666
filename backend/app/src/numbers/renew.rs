//! Leases go on for another month, or end.

use super::{orders::month, release::tell};
use crate::{
    App, Error,
    audit::{self, Change},
    events,
    inventory::{self, ensure_sandbox_stock},
    snapshot::{Changed, refresh},
};
use chrono::{DateTime, Duration, Months, Utc};
use domain::{access::Scope, billing::lease_term, ids::TenantId};
use serde_json::Value;
use std::collections::BTreeSet;
use store::{Tx, leases::Lease};

/// Leases that are read at a time.
const BATCH: u64 = 200;
/// Days that a lease goes on when it could not be paid for.
const GRACE_DAYS: i64 = 7;

/// What one round of renewals did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Renewed {
    /// Leases charged for another month.
    pub charged: u64,
    /// Leases that ended because they were given back.
    pub ended: u64,
    /// Leases that ended because they were not paid for.
    pub lapsed: u64,
    /// Leases that could not be paid for, and go on for the days of grace.
    pub unpaid: u64,
}

/// Charges a month for every lease that is no longer paid for, and ends those that were given back, or have not been
/// paid for over the days of grace. Each lease is a transaction of its own; for the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn renew(app: &App) -> Result<Renewed, Error> {
    renew_at(app, app.now()).await
}

/// [`renew`] as of a time.
pub(crate) async fn renew_at(app: &App, now: DateTime<Utc>) -> Result<Renewed, Error> {
    let scope = Scope::system("leases of all tenants are renewed");
    let mut renewed = Renewed::default();
    let mut ended_of = BTreeSet::new();
    loop {
        // What could not be paid for stays due: it is passed over, so that the others get their turn.
        let due = store::leases::due(app.db().read(), &scope, now, renewed.unpaid, BATCH).await?;
        if due.is_empty() {
            break;
        }
        for lease in due {
            match renew_one(app, &scope, &lease, now).await? {
                Turn::Charged => renewed.charged += 1,
                Turn::Unpaid => renewed.unpaid += 1,
                turn @ (Turn::Ended | Turn::Lapsed) => {
                    ended_of.insert(TenantId(lease.tenant_id));
                    renewed.ended += u64::from(matches!(turn, Turn::Ended));
                    renewed.lapsed += u64::from(matches!(turn, Turn::Lapsed));
                }
            }
        }
    }
    if !ended_of.is_empty() {
        // Fictional numbers are not for sale while the sandbox is off.
        ensure_sandbox_stock(app).await?;
    }
    for tenant in ended_of {
        refresh(app, Changed::Tenant(tenant)).await?;
    }
    Ok(renewed)
}

enum Turn {
    Charged,
    Unpaid,
    Ended,
    Lapsed,
}

async fn renew_one(app: &App, scope: &Scope, lease: &Lease, now: DateTime<Utc>) -> Result<Turn, Error> {
    if lease.release_asked_at.is_some() {
        app.db().write::<_, Error, _>(async |tx| end(app, tx, scope, lease, now).await).await?;
        return Ok(Turn::Ended);
    }
    match app.db().write::<_, Error, _>(async |tx| charge(app, tx, scope, lease, now).await).await? {
        true => Ok(Turn::Charged),
        false if now < lease.paid_until + Duration::days(GRACE_DAYS) => Ok(Turn::Unpaid),
        false => {
            app.db().write::<_, Error, _>(async |tx| end(app, tx, scope, lease, now).await).await?;
            Ok(Turn::Lapsed)
        }
    }
}

/// Debits a month and moves the lease on by it; `false` where the balance does not cover it.
async fn charge(app: &App, tx: &Tx, scope: &Scope, lease: &Lease, now: DateTime<Utc>) -> Result<bool, Error> {
    let tenant = TenantId(lease.tenant_id);
    let from = lease.paid_until;
    let term = lease_term(lease.purchased_at, from, lease.monthly_micros, prorates(app, tenant));
    if term.micros > 0 {
        let posting = month(lease, from, term.micros, now)?;
        match events::post(app, tx, scope, tenant, &posting).await {
            Ok(_) => {}
            Err(store::Error::Funds { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    store::leases::update(tx, scope, Lease { paid_until: term.until, ..lease.clone() }).await?;
    Ok(true)
}

/// Ends a lease: its number is for sale again.
async fn end(app: &App, tx: &Tx, scope: &Scope, lease: &Lease, now: DateTime<Utc>) -> Result<(), Error> {
    store::leases::update(tx, scope, Lease { released_at: Some(now), ..lease.clone() }).await?;
    if lease.release_asked_at.is_none() {
        tell(app, tx, scope, lease, "unpaid").await?;
    }
    inventory::take_back(app, tx, scope, lease, now).await?;
    let change = Change {
        actor: "system",
        tenant: Some(TenantId(lease.tenant_id)),
        what: "number.end",
        target: &lease.e164,
        before: Value::Null,
        after: Value::Null,
    };
    audit::record(app, tx, scope, change).await
}

/// Whether the plan of a tenant charges numbers by the day, to the end of the calendar month.
pub(super) fn prorates(app: &App, tenant: TenantId) -> bool {
    let live = app.live();
    let plan = live.config.tenant(tenant).and_then(|piece| live.config.plan(piece.piece.value.plan));
    plan.is_some_and(|plan| plan.prorate)
}

/// Which month of a purchase begins at a time; the first is 0.
pub(super) fn month_number(purchased: DateTime<Utc>, begins: DateTime<Utc>) -> usize {
    days(purchased).take_while(|day| *day < begins).count()
}

/// The days on which the months of a purchase begin.
fn days(purchased: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    (0..).map_while(move |n| purchased.checked_add_months(Months::new(n)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn months_of_a_number_bought_on_the_31st_are_counted_from_the_last_days_of_short_ones() {
        let day = |month, day| {
            Utc.with_ymd_and_hms(2027, month, day, 9, 30, 0).single().expect("a day of that year")
        };
        let bought = day(1, 31);
        assert_eq!([bought, day(2, 28), day(3, 31)].map(|begins| month_number(bought, begins)), [0, 1, 2]);
    }
}
