//! The steps of an order inside the platform. They are one transaction: what undoes them is its rollback.

use super::{Item, Kind, Order, items, lapsed, pay, shown};
use crate::{
    App, Error,
    audit::{self, Change},
    events,
    numbers::{renew::prorates, reservations, rows},
};
use domain::{access::Scope, billing::lease_term, events::EventKind, ids::TenantId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::{
    Tx,
    leases::Lease,
    searches,
    stock::{self, Stock},
};

/// A step of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The numbers are marked as sold: only what is still held, and only all of it.
    Take,
    /// Set-up fee and first month are debited.
    Pay,
    /// The numbers become leases of the tenant, who is told.
    Deliver,
}

impl Step {
    /// All of them, in order.
    pub(super) const ALL: [Self; 3] = [Self::Take, Self::Pay, Self::Deliver];

    /// Takes the step.
    pub(super) async fn take(self, app: &App, tx: &Tx, scope: &Scope, order: &Order) -> Result<(), Error> {
        match self {
            Self::Take => take(tx, scope, order).await,
            Self::Pay => pay::pay(app, tx, scope, order).await,
            Self::Deliver => deliver(app, tx, scope, order).await,
        }
    }
}

async fn take(tx: &Tx, scope: &Scope, order: &Order) -> Result<(), Error> {
    let kind = Kind::of(order);
    let sold = stock::sell(tx, scope, order.search_id).await?;
    let moved = match kind {
        Kind::Search => {
            searches::advance(tx, scope, order.search_id, searches::HELD, searches::BOUGHT).await?
        }
        Kind::Reservation => reservations::submit(tx, scope, order.search_id).await?,
        Kind::Porting => true,
    };
    if moved && sold == items(order)?.len() as u64 { Ok(()) } else { Err(lapsed(kind)) }
}

async fn deliver(app: &App, tx: &Tx, scope: &Scope, order: &Order) -> Result<(), Error> {
    let items = items(order)?;
    let prorate = prorates(app, TenantId(order.tenant_id));
    let rows = stock::some(tx, scope, &numbers(&items)).await?;
    let rows: BTreeMap<&str, &Stock> = rows.iter().map(|row| (row.e164.as_str(), row)).collect();
    let new = |item: &Item| {
        let row = rows.get(item.number.as_str()).copied();
        row.map(|row| new_lease(order, item, row, prorate)).ok_or_else(|| lapsed(Kind::of(order)))
    };
    let leases: Vec<Lease> = items.iter().map(new).collect::<Result<_, _>>()?;
    store::leases::insert(tx, scope, leases.clone()).await.map_err(|error| match error {
        store::Error::Taken(_) => lapsed(Kind::of(order)),
        other => other.into(),
    })?;
    if Kind::of(order) == Kind::Reservation {
        reservations::complete(app, tx, scope, order.search_id).await?;
    }
    tell(app, tx, scope, order, &leases).await?;
    let change = Change {
        actor: &order.actor,
        tenant: Some(TenantId(order.tenant_id)),
        what: "number.purchase",
        target: &order.search_id.to_string(),
        before: Value::Null,
        after: shown(&items),
    };
    audit::record(app, tx, scope, change).await
}

/// One event for each number.
async fn tell(app: &App, tx: &Tx, scope: &Scope, order: &Order, leases: &[Lease]) -> Result<(), Error> {
    for lease in leases {
        let payload = json!({
            "number": lease.e164,
            "numberId": lease.id,
            "country": lease.country,
            "type": lease.number_type,
            "capabilities": { "calling": lease.calling, "sms": lease.sms },
            "assignmentType": lease.assignment,
            "monthly": rows::money(lease.monthly_micros, &lease.currency)?,
            "orderId": order.id,
            "at": lease.purchased_at,
            "paidUntil": lease.paid_until,
        });
        let said = (format!("number/{}", lease.e164), payload);
        events::raise(app, tx, scope, TenantId(order.tenant_id), EventKind::NumberPurchased, said).await?;
    }
    Ok(())
}

fn numbers(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| item.number.clone()).collect()
}

fn new_lease(order: &Order, item: &Item, row: &Stock, prorate: bool) -> Lease {
    let now = order.created_at;
    Lease {
        id: item.lease,
        tenant_id: order.tenant_id,
        e164: row.e164.clone(),
        number_type: row.number_type.clone(),
        country: row.country.clone(),
        area_code: row.area_code.clone(),
        calling: item.calling.clone(),
        sms: item.sms.clone(),
        assignment: item.assignment.clone(),
        binding_kind: "none".to_owned(),
        binding_target: None,
        monthly_micros: item.monthly_micros,
        currency: order.currency.clone(),
        purchased_at: now,
        paid_until: lease_term(now, now, item.monthly_micros, prorate).until,
        release_asked_at: None,
        released_at: None,
    }
}
