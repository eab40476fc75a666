//! A tenant gives a number back.

use super::{Operation, orders, renew, rows};
use crate::{
    App, Error,
    audit::{self, Change},
    events,
};
use domain::{
    access::{Actor, Permission, Scope},
    billing::lease_rest,
    events::EventKind,
    ids::TenantId,
    phone::E164,
};
use serde_json::{Value, json};
use store::{Tx, leases::Lease};

/// Gives a number back: it stays the tenant's until it is no longer paid for; where its plan charges by the day, that is to
/// the end of the day, and the rest of the month is given back. Asked again, it answers as the first time.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn release(app: &App, actor: &Actor, number: E164) -> Result<Operation, Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let tenant = scope.tenant().ok_or_else(rows::no_tenant)?;
    let e164 = number.to_string();
    app.db()
        .write::<_, Error, _>(async |tx| {
            let mut row =
                store::leases::get(tx, &scope, &e164).await?.ok_or_else(|| rows::no_number(number))?;
            let id = format!("release_{}", row.id);
            if row.release_asked_at.is_some()
                && let Some(known) = store::searches::operation(tx, &scope, &id).await?
            {
                return rows::operation(known);
            }
            let now = app.now();
            row.release_asked_at = Some(now);
            give_back(app, tx, &scope, &mut row).await?;
            let after = json!({ "releasedFrom": row.paid_until });
            tell(app, tx, &scope, &row, "requested").await?;
            store::leases::update(tx, &scope, row).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "number.release",
                target: &e164,
                before: Value::Null,
                after,
            };
            audit::record(app, tx, &scope, change).await?;
            let done = rows::Done {
                id,
                kind: "releasePhoneNumber",
                resource: None,
                error: None,
                tenant,
                at: now,
                tx,
            };
            rows::done(&scope, done).await
        })
        .await
}

/// Gives back what is left of a month that was paid by the day.
async fn give_back(app: &App, tx: &Tx, scope: &Scope, lease: &mut Lease) -> Result<(), Error> {
    let tenant = TenantId(lease.tenant_id);
    let rest = lease_rest(lease.paid_until, app.now(), lease.monthly_micros);
    let Some(rest) = rest.filter(|_| renew::prorates(app, tenant)) else { return Ok(()) };
    if rest.micros > 0 {
        let posting = orders::rest(lease, rest, app.now())?;
        events::post(app, tx, scope, tenant, &posting).await?;
    }
    lease.paid_until = rest.until;
    Ok(())
}

/// The event that a number goes back: `requested` by the tenant, or `unpaid`. There is one for each lease.
pub(crate) async fn tell(app: &App, tx: &Tx, scope: &Scope, lease: &Lease, why: &str) -> Result<(), Error> {
    let payload = json!({
        "number": lease.e164,
        "numberId": lease.id,
        "country": lease.country,
        "type": lease.number_type,
        "reason": why,
        "at": app.now(),
        "endsAt": lease.paid_until,
    });
    let said = (format!("number/{}", lease.e164), payload);
    let tenant = TenantId(lease.tenant_id);
    Ok(events::raise(app, tx, scope, tenant, EventKind::NumberReleased, said).await?)
}
