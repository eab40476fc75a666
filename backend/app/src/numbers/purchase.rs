//! A tenant buys what a search holds.

use super::{
    Operation, SearchRequest,
    renew::{month_after, month_number},
    rows,
};
use crate::{
    App, Error,
    audit::{self, Change},
    eligibility, events,
    snapshot::{Changed, load, refresh},
};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    ids::{LeaseId, TenantId},
    ledger::EntryKind,
    money::Money,
};
use serde_json::Value;
use std::collections::BTreeSet;
use store::{
    Tx,
    leases::Lease,
    ledger::{Cover, Posting},
    searches::{self, Search},
    stock::{self, Stock},
};
use uuid::Uuid;

/// Buys all numbers of a search: leases, order and the debit of the first month are one transaction. Asked again, it
/// answers the same operation.
///
/// # Errors
/// [`Error::NotFound`], [`Error::PaymentRequired`] with what is missing, [`Error::Conflict`] where the hold has lapsed.
pub async fn purchase(app: &App, actor: &Actor, search: Uuid) -> Result<Operation, Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let tenant = rows::active(app, scope.tenant())?;
    let buyer = Buyer { app, scope: &scope, tenant, name: &actor.name };
    let bought = app.db().write::<_, Error, _>(async |tx| buyer.buy(tx, search).await).await?;
    refresh(app, Changed::Tenant(tenant)).await?;
    Ok(bought)
}

struct Buyer<'a> {
    app: &'a App,
    scope: &'a Scope,
    tenant: TenantId,
    name: &'a str,
}

impl Buyer<'_> {
    async fn buy(&self, tx: &Tx, id: Uuid) -> Result<Operation, Error> {
        let scope = self.scope;
        let search = searches::lock(tx, scope, id).await?.ok_or_else(|| rows::no_search(id))?;
        let operation = format!("purchase_{id}");
        if search.state == searches::BOUGHT {
            let known = searches::operation(tx, scope, &operation).await?;
            return known.map_or_else(|| Err(lapsed()), rows::operation);
        }
        let numbers = self.take(tx, &search).await?;
        let countries: BTreeSet<&str> = numbers.iter().map(|number| number.country.as_str()).collect();
        for country in countries {
            eligibility::check_numbers(self.app, scope, country).await?;
        }
        let leases = self.lease(tx, &search, &numbers).await?;
        self.order(tx, &search, &leases).await?;
        self.pay(tx, &leases).await?;
        let done = rows::Done {
            id: operation,
            kind: "purchase",
            resource: None,
            error: None,
            tenant: self.tenant,
            at: self.app.now(),
            tx,
        };
        rows::done(scope, done).await
    }

    /// Marks the numbers as sold: only what the search still holds, and only all of it.
    async fn take(&self, tx: &Tx, search: &Search) -> Result<Vec<Stock>, Error> {
        let wanted: Vec<String> = load::read("number_searches.numbers", search.numbers.clone())?;
        let held = stock::held_by(tx, self.scope, search.id).await?;
        let is_live = search.state == searches::HELD && search.expires_at > self.app.now();
        if !is_live || held.is_empty() || held.len() != wanted.len() {
            return Err(lapsed());
        }
        let sold = stock::sell(tx, self.scope, search.id).await?;
        let moved = searches::advance(tx, self.scope, search.id, searches::HELD, searches::BOUGHT).await?;
        if sold == held.len() as u64 && moved { Ok(held) } else { Err(lapsed()) }
    }

    async fn lease(&self, tx: &Tx, search: &Search, numbers: &[Stock]) -> Result<Vec<Lease>, Error> {
        let request: SearchRequest = load::read("number_searches.request", search.request.clone())?;
        let now = self.app.now();
        let leases: Vec<Lease> = numbers.iter().map(|row| self.new_lease(row, &request, now)).collect();
        store::leases::insert(tx, self.scope, leases.clone()).await.map_err(|error| match error {
            store::Error::Taken(_) => lapsed(),
            other => other.into(),
        })?;
        Ok(leases)
    }

    fn new_lease(&self, row: &Stock, request: &SearchRequest, now: DateTime<Utc>) -> Lease {
        Lease {
            id: Uuid::now_v7(),
            tenant_id: self.tenant.0,
            e164: row.e164.clone(),
            number_type: row.number_type.clone(),
            country: row.country.clone(),
            area_code: row.area_code.clone(),
            calling: request.capabilities.calling.word().to_owned(),
            sms: request.capabilities.sms.word().to_owned(),
            assignment: request.assignment_type.word().to_owned(),
            binding_kind: "none".to_owned(),
            binding_target: None,
            monthly_micros: row.monthly_micros,
            currency: row.currency.clone(),
            purchased_at: now,
            paid_until: month_after(now, now),
            release_asked_at: None,
            released_at: None,
        }
    }

    async fn order(&self, tx: &Tx, search: &Search, leases: &[Lease]) -> Result<(), Error> {
        let item = |lease: &Lease| serde_json::json!({ "number": lease.e164, "lease": lease.id, "amountMicros": lease.monthly_micros });
        let items: Value = leases.iter().map(item).collect();
        let order = searches::Order {
            id: Uuid::now_v7(),
            tenant_id: self.tenant.0,
            search_id: search.id,
            items: items.clone(),
            amount_micros: leases.iter().map(|lease| lease.monthly_micros).sum(),
            currency: search.currency.clone(),
            created_at: self.app.now(),
        };
        searches::insert_order(tx, self.scope, order).await?;
        let change = Change {
            actor: self.name,
            tenant: Some(self.tenant),
            what: "number.purchase",
            target: &search.id.to_string(),
            before: Value::Null,
            after: items,
        };
        audit::record(self.app, tx, self.scope, change).await
    }

    /// Debits the first month of each number. No set-up fee is taken, so none is posted.
    async fn pay(&self, tx: &Tx, leases: &[Lease]) -> Result<(), Error> {
        let account =
            store::ledger::lock_account(tx, self.scope, self.tenant).await?.ok_or_else(rows::no_tenant)?;
        let total: i64 = leases.iter().map(|lease| lease.monthly_micros).sum();
        let missing = total.saturating_sub(account.available_micros());
        if total > 0 && missing > 0 {
            return Err(too_dear(Money::new(missing, account.currency)));
        }
        for lease in leases.iter().filter(|lease| lease.monthly_micros > 0) {
            let posting = month(lease, lease.purchased_at, self.app.now())?;
            events::post(self.app, tx, self.scope, self.tenant, &posting).await.map_err(
                |error| match error {
                    store::Error::Funds { missing_micros } => {
                        too_dear(Money::new(missing_micros, account.currency))
                    }
                    store::Error::Missing => Error::conflict(
                        "searchId",
                        format!(
                            "these numbers cost {}, and the account is in {}",
                            lease.currency, account.currency
                        ),
                    ),
                    other => other.into(),
                },
            )?;
        }
        Ok(())
    }
}

/// The debit of a month of a lease that begins at `from`.
pub(super) fn month(lease: &Lease, from: DateTime<Utc>, at: DateTime<Utc>) -> Result<Posting, Error> {
    let price = rows::money(lease.monthly_micros, &lease.currency)?;
    Ok(Posting {
        kind: EntryKind::Lease,
        amount: Money::new(-price.micros, price.currency),
        cover: Cover::Available,
        key: format!("lease:{}:{}", lease.id, month_number(lease.purchased_at, from)),
        description: format!("a month of {} from {}", lease.e164, from.format("%Y-%m-%d")),
        at,
        call: None,
        number: Some(LeaseId(lease.id)),
        invoice: None,
    })
}

fn too_dear(missing: Money) -> Error {
    Error::PaymentRequired {
        message: format!("{missing} is missing: top up the balance, then buy again"),
        missing,
    }
}

fn lapsed() -> Error {
    Error::conflict(
        "searchId",
        "this search holds no numbers any more: search again, and buy within 16 minutes",
    )
}
