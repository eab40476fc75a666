//! A period of a tenant is closed: once, and for good.
//!
//! What belongs to it is settled before anything is written: its entries are those whose ids were given before a moment
//! that has passed for everybody ([`SETTLE`] ago, and after whoever held the account then let go of it). So the many
//! entries of a month are read without holding anybody up, and only the few rows of the result are written in the
//! transaction that closes. Killed before it, nothing happened; two at once, the second finds it done.

use super::{gather, issue, profile, settings};
use crate::{
    App, Error,
    audit::{self, Change},
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    ids::{PlanId, TenantId},
    rating::Tax,
};
use serde_json::{Value, json};
use store::{
    Tx,
    invoices::{Account, Period, Span, bound, scan_start},
};
use uuid::Uuid;

/// How long after its end a month is closed: what ended in it is settled by then.
const DELAY: Duration = Duration::minutes(10);
/// How old an id must be, so that no clock of another node can still give a smaller one.
const SETTLE: Duration = Duration::seconds(3);
/// Tenants that are read at a time.
const BATCH: u64 = 500;
/// Months of one tenant that one run closes at most; the next run goes on.
const MONTHS_MAX: usize = 24;

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Closed {
    /// Periods closed.
    pub periods: u64,
    /// Documents made of them.
    pub invoices: u64,
    /// Tenants whose period could not be closed; the log says why.
    pub failed: u64,
}

/// Closes every month that is over at `now`, of every tenant, each in its own zone. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn close_due(app: &App, now: DateTime<Utc>) -> Result<Closed, Error> {
    let scope = Scope::system("months of all tenants are closed");
    let (mut closed, mut after) = (Closed::default(), None);
    loop {
        let accounts = store::invoices::accounts(app.db().read(), &scope, after, BATCH).await?;
        let Some(last) = accounts.last() else { return Ok(closed) };
        after = Some(last.tenant);
        for account in accounts {
            if let Err(error) = close_months(app, &scope, &account, now, &mut closed).await {
                closed.failed += 1;
                let tenant = account.tenant.to_string();
                tracing::error!(%error, tenant.id = tenant, "a month could not be closed: it is tried again");
            }
        }
    }
}

async fn close_months(
    app: &App,
    scope: &Scope,
    account: &Account,
    now: DateTime<Utc>,
    closed: &mut Closed,
) -> Result<(), Error> {
    let starts_at = account.closed_until.unwrap_or(account.opened_at);
    // No month is shorter than this, in any zone.
    if now - starts_at < DELAY {
        return Ok(());
    }
    let zone = profile::read(app.db().read(), scope, account.tenant).await?.zone;
    let mut ends_at = zone.month_end(starts_at);
    for _ in 0..MONTHS_MAX {
        if ends_at + DELAY > now {
            break;
        }
        let made = close(app, scope, account.tenant, (ends_at, now), "system").await?;
        closed.periods += u64::from(made.is_some());
        closed.invoices += u64::from(made.flatten().is_some());
        ends_at = zone.month_end(ends_at);
    }
    Ok(())
}

/// Closes what has happened of a tenant until now, before its month is over: the last invoice of who leaves. The
/// document's id, where something was charged. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where somebody closed it at the same time.
pub async fn close_now(app: &App, actor: &Actor, tenant: TenantId) -> Result<Option<Uuid>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let missing = || Error::not_found("tenant", "there is no such tenant");
    store::ledger::account(app.db().read(), &scope, tenant).await?.ok_or_else(missing)?;
    let taken = || Error::conflict("period", "somebody else closed it at this moment: look at the invoices");
    close(app, &scope, tenant, (app.now(), app.now()), &actor.name).await?.ok_or_else(taken)
}

/// Closes a tenant's period that ends at a time, which is now or before: `None` where it was closed before, else the document's id, where one was
/// made.
async fn close(
    app: &App,
    scope: &Scope,
    tenant: TenantId,
    (ends_at, now): (DateTime<Utc>, DateTime<Utc>),
    actor: &str,
) -> Result<Option<Option<Uuid>>, Error> {
    let opened = store::ledger::account(app.db().read(), scope, tenant).await?;
    let Some(account) = opened else { return Ok(None) };
    let upto = bound(now - SETTLE);
    // Whoever gave out an id below that, holding the account, has let go of it when this gets it.
    app.db()
        .write::<_, Error, _>(async |tx| Ok(store::ledger::lock_account(tx, scope, tenant).await?))
        .await?;
    let last = store::invoices::last_period(app.db().read(), scope, tenant).await?;
    if last.as_ref().is_some_and(|last| last.ends_at >= ends_at) {
        return Ok(None);
    }
    let span = span_after(last.as_ref(), tenant, ends_at, upto);
    let starts_at = match &last {
        Some(last) => last.ends_at,
        None => store::invoices::opened_at(app.db().read(), scope, tenant).await?.unwrap_or(ends_at),
    };
    let gathered = gather::gather(app, scope, &span).await?;
    let period = Period {
        id: Uuid::now_v7(),
        tenant_id: tenant.0,
        starts_at,
        ends_at,
        scan_from: span.scan_from,
        from_id: span.from_id,
        upto,
        currency: account.currency.code().to_owned(),
        charges_micros: gathered.charges_micros,
        invoice_id: (!gathered.lines.is_empty()).then(Uuid::now_v7),
        closed_at: app.now(),
    };
    let invoice = period.invoice_id;
    let work = async |tx: &Tx| write(app, tx, scope, (&period, &gathered), actor).await;
    match app.db().write::<_, Error, _>(work).await {
        Ok(()) => Ok(Some(invoice)),
        // The database holds that a period is closed once, and that one alone begins where another ended.
        Err(Error::Conflict { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The entries that come after those of the last period.
pub(super) fn span_after(
    last: Option<&Period>,
    tenant: TenantId,
    ends_at: DateTime<Utc>,
    upto: Uuid,
) -> Span {
    let (from_id, starts_at) =
        last.map_or((Uuid::nil(), DateTime::UNIX_EPOCH), |last| (last.upto, last.ends_at));
    let scan_from = last.map_or(Uuid::nil(), |_| scan_start(starts_at, from_id));
    Span { tenant, scan_from, from_id, starts_at, ends_at: Some(ends_at), upto }
}

/// Writes a closed period and its document, which is issued at once unless the operator looks at each.
async fn write(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    (period, gathered): (&Period, &gather::Gathered),
    actor: &str,
) -> Result<(), Error> {
    let tenant = TenantId(period.tenant_id);
    store::ledger::lock_account(tx, scope, tenant).await?;
    store::invoices::insert_period(tx, scope, period.clone()).await?;
    let row = store::tenants::get(tx, scope, tenant).await?;
    let slug = row.as_ref().map(|row| row.slug.clone()).unwrap_or_default();
    let change = Change {
        actor,
        tenant: Some(tenant),
        what: "billing.close",
        target: &slug,
        before: Value::Null,
        after: json!({ "startsAt": period.starts_at, "endsAt": period.ends_at, "invoiceId": period.invoice_id }),
    };
    audit::record(app, tx, scope, change).await?;
    let Some(id) = period.invoice_id else { return Ok(()) };
    let settings = settings::read(tx).await?;
    let live = app.live();
    let plan = row.and_then(|row| live.config.plan(PlanId(row.plan_id)));
    let tax_included = plan.is_some_and(|plan| plan.tax == Tax::Inclusive);
    let draft = issue::draft(app, id, period, &settings, tax_included);
    store::invoices::insert(tx, scope, draft.clone(), &gathered.lines).await?;
    if settings.terms.review { Ok(()) } else { issue::issue(app, tx, scope, draft).await.map(drop) }
}
