//! What an order costs.

use super::{Item, Order, items};
use crate::{
    App, Error, events,
    numbers::{renew::month_number, rows},
};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    billing::LeaseTerm,
    ids::{LeaseId, TenantId},
    ledger::EntryKind,
    money::{Currency, Money},
};
use store::{
    Tx,
    leases::Lease,
    ledger::{Cover, Posting},
};

/// Debits set-up fee and first month of each number; what costs nothing is not posted.
pub(super) async fn pay(app: &App, tx: &Tx, scope: &Scope, order: &Order) -> Result<(), Error> {
    let tenant = TenantId(order.tenant_id);
    let account = store::ledger::lock_account(tx, scope, tenant).await?.ok_or_else(rows::no_tenant)?;
    let missing = order.amount_micros.saturating_sub(account.available_micros());
    if order.amount_micros > 0 && missing > 0 {
        return Err(too_dear(Money::new(missing, account.currency)));
    }
    let refused = |error| match error {
        store::Error::Funds { missing_micros } => too_dear(Money::new(missing_micros, account.currency)),
        store::Error::Missing => foreign(&order.currency, account.currency),
        other => Error::from(other),
    };
    for item in items(order)? {
        if item.setup_micros > 0 {
            let posting = setup(&item, order, app.now())?;
            events::post(app, tx, scope, tenant, &posting).await.map_err(refused)?;
        }
        if item.amount_micros > 0 {
            let posting = first_month(&item, order, app.now())?;
            events::post(app, tx, scope, tenant, &posting).await.map_err(refused)?;
        }
    }
    Ok(())
}

fn setup(item: &Item, order: &Order, at: DateTime<Utc>) -> Result<Posting, Error> {
    let fee = rows::money(item.setup_micros, &order.currency)?;
    Ok(Posting {
        kind: EntryKind::Setup,
        key: format!("setup:{}", item.lease),
        ..lease(item.lease, fee, 0, format!("set-up of {}", item.number), at)
    })
}

fn first_month(item: &Item, order: &Order, at: DateTime<Utc>) -> Result<Posting, Error> {
    let price = rows::money(item.amount_micros, &order.currency)?;
    Ok(lease(item.lease, price, 0, format!("a month of {} from {}", item.number, at.format("%Y-%m-%d")), at))
}

/// The debit of a stretch of a lease that begins at `from`, which costs so many micro-units.
pub(crate) fn month(
    row: &Lease,
    from: DateTime<Utc>,
    micros: i64,
    at: DateTime<Utc>,
) -> Result<Posting, Error> {
    let price = rows::money(micros, &row.currency)?;
    let text = format!("a month of {} from {}", row.e164, from.format("%Y-%m-%d"));
    Ok(lease(row.id, price, month_number(row.purchased_at, from), text, at))
}

/// What is given back of a month that was paid by the day, of a lease that ends earlier: once.
pub(crate) fn rest(row: &Lease, rest: LeaseTerm, at: DateTime<Utc>) -> Result<Posting, Error> {
    let price = rows::money(rest.micros.saturating_neg(), &row.currency)?;
    let text = format!("the month of {} from {} given back", row.e164, rest.until.format("%Y-%m-%d"));
    Ok(Posting { key: format!("lease:{}:rest", row.id), ..lease(row.id, price, 0, text, at) })
}

fn lease(id: uuid::Uuid, price: Money, month: usize, description: String, at: DateTime<Utc>) -> Posting {
    Posting {
        kind: EntryKind::Lease,
        amount: Money::new(-price.micros, price.currency),
        cover: Cover::Available,
        key: format!("lease:{id}:{month}"),
        description,
        at,
        call: None,
        number: Some(LeaseId(id)),
        invoice: None,
    }
}

fn foreign(cost: &str, account: Currency) -> Error {
    Error::conflict("searchId", format!("these numbers cost {cost}, and the account is in {account}"))
}

fn too_dear(missing: Money) -> Error {
    Error::PaymentRequired {
        message: format!("{missing} is missing: top up the balance, then buy again"),
        missing,
    }
}
