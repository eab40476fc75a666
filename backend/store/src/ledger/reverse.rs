//! An entry is taken back: by its opposite, once.

use super::{Counter, Entry, read_entry, see};
use crate::{
    Error,
    entity::{account, entry, journal},
};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    ids::{EntryId, TenantId},
    ledger::EntryKind,
    money::Money,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use std::collections::HashMap;
use uuid::Uuid;

/// An entry of a tenant that the scope sees.
///
/// # Errors
/// [`Error`] where the database fails or holds what cannot be read.
pub async fn find<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    id: EntryId,
) -> Result<Option<(TenantId, Entry)>, Error> {
    let row = entry::Entity::find_by_id(id.0).filter(entry::Column::TenantId.is_not_null()).one(on).await?;
    let Some(row) = row else { return Ok(None) };
    let tenant = TenantId(row.tenant_id.unwrap_or_default());
    if !scope.covers(tenant) {
        return Ok(None);
    }
    Ok(Some((tenant, read_entry(row)?)))
}

/// The entries that took back some of these.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn reversals<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: TenantId,
    of: Vec<EntryId>,
) -> Result<HashMap<EntryId, EntryId>, Error> {
    see(scope, tenant)?;
    if of.is_empty() {
        return Ok(HashMap::new());
    }
    let query = entry::Entity::find()
        .filter(entry::Column::ReversesId.is_in(of.into_iter().map(|id| id.0)))
        .filter(entry::Column::TenantId.eq(tenant.0))
        .select_only()
        .columns([entry::Column::ReversesId, entry::Column::Id]);
    let found: Vec<(Uuid, Uuid)> = query.into_tuple().all(on).await?;
    Ok(found.into_iter().map(|(of, by)| (EntryId(of), EntryId(by))).collect())
}

/// What journals say, by their ids.
///
/// # Errors
/// [`Error`] where the database fails.
pub(crate) async fn descriptions<C: ConnectionTrait>(
    on: &C,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, String>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let query = journal::Entity::find().filter(journal::Column::Id.is_in(ids)).select_only();
    let columns = [journal::Column::Id, journal::Column::Description];
    let found: Vec<(Uuid, String)> = query.columns(columns).into_tuple().all(on).await?;
    Ok(found.into_iter().collect())
}

/// Writes the opposite of an entry, on both sides, and moves the balance. It names the entry that it takes back, which can
/// be taken back once: the database itself watches. A balance may fall below zero by it.
///
/// # Errors
/// [`Error::Missing`] where there is no such entry in the scope, [`Error::Taken`] where it was taken back before, or what
/// the database says.
pub async fn reverse<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    id: EntryId,
    description: &str,
    at: DateTime<Utc>,
) -> Result<(TenantId, Entry), Error> {
    use account::Column;
    let Some((tenant, original)) = find(txn, scope, id).await? else { return Err(Error::Missing) };
    see(scope, tenant)?;
    let amount = original.amount.micros.saturating_neg();
    let moved = account::Entity::update_many()
        .col_expr(Column::BalanceMicros, Expr::col(Column::BalanceMicros).add(amount))
        .filter(Column::Id.eq(tenant.0))
        .exec_with_returning(txn)
        .await?;
    let balance_after = moved.first().map(|row| row.balance_micros).ok_or(Error::Missing)?;
    let kind = EntryKind::Reversal;
    let journal = Uuid::now_v7();
    journal::Entity::insert(journal::ActiveModel {
        id: Set(journal),
        key: Set(format!("reversal:{id}")),
        kind: Set(kind.word().to_owned()),
        description: Set(description.to_owned()),
        at: Set(at),
    })
    .exec_without_returning(txn)
    .await?;
    let side = |account, tenant_id, amount, balance_after| entry::ActiveModel {
        id: Set(Uuid::now_v7()),
        journal_id: Set(journal),
        account_id: Set(account),
        tenant_id: Set(tenant_id),
        at: Set(at),
        kind: Set(kind.word().to_owned()),
        amount_micros: Set(amount),
        currency: Set(original.amount.currency.code().to_owned()),
        balance_after_micros: Set(balance_after),
        call_id: Set(original.call.map(|id| id.0)),
        number_id: Set(original.number.map(|id| id.0)),
        invoice_id: Set(None),
        reverses_id: Set(Some(id.0)),
    };
    let tenants = side(tenant.0, Some(tenant.0), amount, Some(balance_after));
    let counter = Counter::of(original.kind).account(original.amount.currency);
    let written = EntryId(*tenants.id.as_ref());
    let platforms = side(counter, None, amount.saturating_neg(), None);
    entry::Entity::insert_many([tenants, platforms]).exec_without_returning(txn).await?;
    let currency = original.amount.currency;
    let reversal = Entry {
        id: written,
        at,
        kind,
        amount: Money::new(amount, currency),
        balance_after: Money::new(balance_after, currency),
        call: original.call,
        number: original.number,
        invoice: None,
        reverses: Some(id),
        journal,
    };
    Ok((tenant, reversal))
}

/// What journals say of entries, by the entries' journals. Those of calls are shared, and say nothing of one.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn texts<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: TenantId,
    of: &[Entry],
) -> Result<HashMap<Uuid, String>, Error> {
    see(scope, tenant)?;
    let ids = of.iter().filter(|entry| entry.kind != EntryKind::Usage).map(|entry| entry.journal).collect();
    descriptions(on, ids).await
}

/// What was posted for the use of calls, micro-units, by their ids: negative for debits.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn posted_for<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    calls: Vec<Uuid>,
) -> Result<HashMap<Uuid, i64>, Error> {
    if calls.is_empty() {
        return Ok(HashMap::new());
    }
    let query = entry::Entity::find()
        .filter(entry::Column::CallId.is_in(calls))
        .filter(entry::Column::Kind.eq(EntryKind::Usage.word()))
        .filter(entry::Column::TenantId.is_not_null());
    let query = crate::table::own(query, entry::Column::TenantId, scope).select_only();
    let found: Vec<(Uuid, i64)> =
        query.columns([entry::Column::CallId, entry::Column::AmountMicros]).into_tuple().all(on).await?;
    Ok(found.into_iter().collect())
}
